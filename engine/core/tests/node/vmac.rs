//! Virtual interfaces of one host's VRRP side, from its configuration: when they are made, missed and removed.

use std::time::Duration;

use understudy_core::net::kernel_setting::Changed;
use understudy_core::node::vrrp::{Action, Event, VrrpNode};
use understudy_core::time::Time;
use understudy_core::vrrp::instance::State;

use crate::{settings, snapshot};

struct Host {
    node: VrrpNode,
    now: Time,
}

impl Host {
    /// With eth0, and the virtual interface on it already made, as the worker does before.
    fn start(priority: u8) -> (Self, Vec<Action>) {
        let conf = format!(
            "vrrp_instance A {{\n interface eth0\n use_vmac\n virtual_router_id 51\n priority {priority}
             virtual_ipaddress {{ 10.0.0.100/24 }}\n }}"
        );
        let (settings, snapshot) = (settings(&conf).vrrp, snapshot(&["eth0", "vrrp.51"]));
        let now = Time::from_nanos(1_000_000_000_000);
        let mut out = Vec::new();
        let node = VrrpNode::start(settings, None, &snapshot, now, &mut out);
        (Self { node, now }, out)
    }

    fn handle(&mut self, event: Event<'_>) -> Vec<Action> {
        let mut out = Vec::new();
        self.node.handle(self.now, event, &mut out);
        out
    }

    fn state(&self) -> State {
        self.node.slot(0).instance.state()
    }
}

/// Those that concern interfaces and settings, in their order.
fn order(actions: &[Action]) -> Vec<String> {
    let name = |action: &Action| match action {
        Action::Interfaces(links) => {
            let names: Vec<&str> = links.iter().map(|link| link.name.as_str()).collect();
            Some(format!("interfaces {}", names.join(" ")))
        }
        Action::Tune(settings) => Some(format!("tune {}", settings.len())),
        Action::Block(_) => Some("block".into()),
        Action::Unblock(_) => Some("unblock".into()),
        Action::Released => Some("released".into()),
        _ => None,
    };
    actions.iter().filter_map(name).collect()
}

#[test]
fn a_stop_removes_everything_before_it_is_over_whatever_the_state() {
    for priority in [100, 255] {
        let (mut host, out) = Host::start(priority);
        assert!(order(&out).contains(&"block".into()), "{:?}", order(&out));
        if priority == 255 {
            host.handle(Event::Timer);
            assert_eq!(host.state(), State::Master);
        }
        let mut said = host.handle(Event::Stop);
        // A master stays until its successor has spoken, or its patience is over.
        for _ in 0..10 {
            let Some(at) = host.node.deadline().filter(|_| !said.contains(&Action::Released))
            else {
                break;
            };
            host.now = host.now.max(at);
            said.extend(host.handle(Event::Timer));
        }
        let order = order(&said);
        assert_eq!(order.last().map(String::as_str), Some("released"), "{order:?}");
        assert!(order.contains(&"interfaces ".into()), "{order:?}");
        assert!(order.contains(&"tune 0".into()), "{order:?}");
        assert!(host.node.filtered().is_empty());
    }
}

#[test]
fn one_that_is_deleted_is_a_fault_only_when_it_does_not_come_back() {
    let (mut host, _) = Host::start(255);
    host.handle(Event::Timer);
    assert_eq!(host.state(), State::Master);
    let out = host.handle(Event::LinkGone { name: "vrrp.51" });
    assert!(order(&out).contains(&"interfaces vrrp.51".into()), "{out:?}");
    assert_eq!(host.state(), State::Master);
    // The kernel tells of it in two steps.
    host.handle(Event::Link { name: "vrrp.51", up: false });
    assert_eq!(host.state(), State::Master);
    let out = host.handle(Event::Link { name: "vrrp.51", up: true });
    assert!(out.iter().any(|it| matches!(it, Action::Announce { .. })), "{out:?}");
    assert!(out.iter().any(|it| matches!(it, Action::Change(_))) || host.state() == State::Master);

    host.handle(Event::LinkGone { name: "vrrp.51" });
    assert_eq!(host.state(), State::Master);
    host.now = host.now + Duration::from_secs(2);
    host.handle(Event::Timer);
    assert_eq!(host.state(), State::Fault);
    host.handle(Event::Link { name: "vrrp.51", up: true });
    assert_eq!(host.state(), State::Backup);

    // Without its parent it is not missed, but that is.
    let out = host.handle(Event::LinkGone { name: "eth0" });
    assert_eq!(host.state(), State::Fault);
    assert!(!order(&out).iter().any(|it| it.starts_with("interfaces")), "{out:?}");
    host.handle(Event::LinkGone { name: "vrrp.51" });
    let out = host.handle(Event::Link { name: "eth0", up: true });
    assert!(order(&out).contains(&"interfaces vrrp.51".into()), "{out:?}");
}

#[test]
fn what_is_changed_is_told_to_the_next_life() {
    let (mut host, out) = Host::start(100);
    assert!(order(&out).iter().any(|it| it.starts_with("tune ")), "{out:?}");
    let changed = [Changed { path: "net/ipv4/conf/eth0/arp_ignore".into(), before: 0, ours: 1 }];
    host.handle(Event::Tuned { changed: &changed, refused: None });
    let handover = host.node.handover(host.now);
    assert_eq!(handover.settings(), changed);
    assert_eq!(handover.links().len(), 1);
}

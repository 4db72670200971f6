//! Routes and rules of one host: when they come and go, what is told of them, and in which order.

use std::net::IpAddr;

use understudy_core::net::ledger::Entry as _;
use understudy_core::net::reconcile::{Change, Present};
use understudy_core::node::settings::VrrpSettings;
use understudy_core::node::vrrp::{
    Action, Event, Item, Observations, Refusal, Reroute, Snapshot, Tables, VrrpNode,
};
use understudy_core::time::Time;
use understudy_core::vrrp::instance::State;

use crate::snapshot;

const CONF: &str = "
    static_routes { 10.20.0.0/16 dev eth1 }
    vrrp_instance A {
        interface eth0
        virtual_router_id 51
        virtual_ipaddress { 10.0.0.100/24 }
        virtual_routes { 10.1.0.0/16 via 10.0.0.9
            10.2.0.0/16 via 10.0.0.9 }
        virtual_rules { from 10.1.0.0/16 table 7 priority 5
            from 10.2.0.0/16 table 7 priority 6 }
    }";

/// A node and the kernel that does what it says.
struct Host {
    node: VrrpNode,
    now: Time,
    kernel: Tables,
}

fn settings(conf: &str) -> VrrpSettings {
    crate::settings(conf).vrrp
}

/// As a word, if it is about the kernel's network.
fn word(action: &Action) -> Option<String> {
    match action {
        Action::Change(Change::Add(it)) => Some(format!("+{}", it.ip)),
        Action::Change(Change::Remove { ip, .. }) => Some(format!("-{ip}")),
        Action::Reroute(change) => {
            let Reroute { add, item } = &**change;
            let sign = if *add { '+' } else { '-' };
            Some(match item {
                Item::Route(route) => format!("{sign}{}", route.to),
                Item::Rule(rule) => format!("{sign}{}", rule.priority),
            })
        }
        Action::ReadRouting => Some("read".into()),
        _ => None,
    }
}

fn words(actions: &[Action]) -> Vec<String> {
    actions.iter().filter_map(word).collect()
}

fn logged(actions: &[Action]) -> Vec<&str> {
    let logs = actions.iter().filter_map(|action| match action {
        Action::Log(_, text) => Some(text.as_str()),
        _ => None,
    });
    logs.collect()
}

impl Host {
    fn start(conf: &str, kernel: Tables) -> (Self, Vec<Action>) {
        let snapshot = Snapshot { routing: kernel.clone(), ..snapshot(&["eth0", "eth1"]) };
        let (now, mut out) = (Time::from_nanos(1_000_000_000_000), Vec::new());
        let node = VrrpNode::start(settings(conf), None, &snapshot, now, &mut out);
        let mut host = Self { node, now, kernel };
        host.obey(&out);
        (host, out)
    }

    /// Does what it says, and answers.
    fn obey(&mut self, actions: &[Action]) {
        for action in actions {
            let Action::Reroute(change) = action else { continue };
            let Reroute { add, item } = &**change;
            match item {
                Item::Route(it) if *add => self.kernel.routes.push(it.clone()),
                Item::Route(it) => self.kernel.routes.retain(|kernel| !it.is(kernel)),
                Item::Rule(it) if *add => self.kernel.rules.push(it.clone()),
                Item::Rule(it) => self.kernel.rules.retain(|kernel| !it.is(kernel)),
            }
        }
    }

    /// Everything that follows from an event.
    fn handle(&mut self, event: Event<'_>) -> Vec<Action> {
        let mut all = Vec::new();
        self.node.handle(self.now, event, &mut all);
        self.obey(&all);
        let mut from = 0;
        while all[from..].contains(&Action::ReadRouting) {
            from = all.len();
            let tables = self.kernel.clone();
            self.node.handle(self.now, Event::Routing(&tables), &mut all);
            let new = all[from..].to_vec();
            self.obey(&new);
        }
        all
    }

    fn until_master(&mut self) -> Vec<Action> {
        for _ in 0..20 {
            self.now = self.node.deadline().unwrap().max(self.now);
            let out = self.handle(Event::Timer);
            if self.node.slot(0).instance.state() == State::Master {
                return out;
            }
        }
        panic!("never master");
    }
}

fn master() -> Host {
    let (mut host, out) = Host::start(CONF, Tables::default());
    assert_eq!(words(&out), ["+10.20.0.0/16"]);
    let out = host.until_master();
    assert_eq!(words(&out), ["+10.0.0.100", "+10.1.0.0/16", "+10.2.0.0/16", "+5", "+6"]);
    host
}

#[test]
fn addresses_come_before_routes_before_rules_and_go_in_reverse() {
    let mut host = master();
    let out = host.handle(Event::Stop);
    let mut all = words(&out);
    while !out.contains(&Action::Released) && host.node.deadline().is_some() {
        host.now = host.node.deadline().unwrap().max(host.now);
        let out = host.handle(Event::Timer);
        all.extend(words(&out));
        if out.contains(&Action::Released) {
            break;
        }
    }
    assert_eq!(all, ["-10.20.0.0/16", "-6", "-5", "-10.2.0.0/16", "-10.1.0.0/16", "-10.0.0.100"]);
    assert!(host.kernel.routes.is_empty() && host.kernel.rules.is_empty());
}

#[test]
fn what_is_there_is_adopted_and_what_is_left_over_goes() {
    let before = master().kernel;
    let mut left = before.clone();
    left.routes.push(settings("static_routes { blackhole 10.9.0.0/16 }").static_routes.remove(0));
    let (mut host, out) = Host::start(
        &CONF.replace("interface eth0", "interface eth0\n state MASTER\n priority 255"),
        left,
    );
    assert_eq!(words(&out), ["-10.9.0.0/16", "+10.0.0.100"]);
    // A backup has none of them.
    let (_, out) = Host::start(CONF, before);
    assert_eq!(words(&out), ["-6", "-5", "-10.2.0.0/16", "-10.1.0.0/16"]);
    // A reload looks, and changes what differs.
    let mut out = Vec::new();
    let conf = CONF
        .replace("10.2.0.0/16 via 10.0.0.9", "10.3.0.0/16 via 10.0.0.9")
        .replace("interface eth0", "interface eth0\n state MASTER\n priority 255");
    host.node.reload(settings(&conf), &Observations::default(), host.now, &mut out);
    host.obey(&out);
    let mut all = words(&out);
    let tables = host.kernel.clone();
    all.extend(words(&host.handle(Event::Routing(&tables))));
    assert_eq!(all, ["-10.2.0.0/16", "read", "+10.3.0.0/16"]);
}

#[test]
fn what_somebody_deletes_is_a_repair_and_what_the_kernel_takes_is_none() {
    let mut host = master();
    for (by_somebody, repairs) in [(true, 1), (false, 1), (true, 2)] {
        let gone = Item::Route(host.kernel.routes.remove(1));
        let out = host.handle(Event::Rerouted { item: &gone, by_somebody });
        let Item::Route(route) = gone else { unreachable!() };
        assert_eq!(words(&out), ["read".to_owned(), format!("+{}", route.to)]);
        assert_eq!(host.node.repairs(), repairs);
        let told = out.iter().any(|it| matches!(it, Action::Record(_)));
        assert_eq!(told, by_somebody);
    }
    // Others' routes and rules are not looked at.
    let other = settings("static_routes { 10.99.0.0/16 dev eth0 }").static_routes.remove(0);
    assert!(
        host.handle(Event::Rerouted { item: &Item::Route(other), by_somebody: true }).is_empty()
    );
}

#[test]
fn a_route_waits_for_its_interface() {
    let mut host = master();
    host.kernel.routes.retain(|it| it.hops[0].dev.is_none());
    let out = host.handle(Event::Link { name: "eth1", up: false });
    assert_eq!(words(&out), ["read"]);
    assert_eq!(logged(&out), ["route 10.20.0.0/16 dev eth1 went with its interface or address"]);
    let out = host.handle(Event::LinkGone { name: "eth1" });
    assert_eq!(words(&out), ["read"]);
    let out = host.handle(Event::Link { name: "eth1", up: true });
    assert_eq!(words(&out), ["read", "+10.20.0.0/16"]);
    assert_eq!(host.node.repairs(), 0);
}

#[test]
fn a_refusal_is_told_once_and_tried_again() {
    let mut host = master();
    let gone = host.kernel.routes.remove(1);
    let out = host.handle(Event::Rerouted { item: &Item::Route(gone), by_somebody: true });
    let change = out.iter().find_map(|it| match it {
        Action::Reroute(change) => Some(change.as_ref().clone()),
        _ => None,
    });
    let change = change.unwrap();
    for told in [1, 0] {
        host.kernel.routes.pop();
        let why = Refusal::Other("Nexthop has invalid gateway");
        let out = host.handle(Event::NotRerouted { change: &change, why });
        assert_eq!(words(&out), [""; 0]);
        assert_eq!(logged(&out).len(), told);
        if told == 1 {
            let want = "ip route prepend 10.1.0.0/16 protocol keepalived scope global via 10.0.0.9: \
                        Nexthop has invalid gateway";
            assert_eq!(logged(&out), [want]);
        }
        let mut again = Vec::new();
        for _ in 0..50 {
            host.now = host.node.deadline().unwrap().max(host.now);
            again.extend(words(&host.handle(Event::Timer)));
            if !again.is_empty() {
                break;
            }
        }
        assert_eq!(again, ["+10.1.0.0/16"]);
    }
    // What is there already is as good as added; what is gone as good as removed.
    assert!(host.handle(Event::NotRerouted { change: &change, why: Refusal::Exists }).is_empty());
    let removal = Reroute { add: false, ..change };
    assert!(host.handle(Event::NotRerouted { change: &removal, why: Refusal::Gone }).is_empty());
}

#[test]
fn a_route_of_a_vrf_waits_for_it_and_follows_its_table() {
    let (mut host, out) =
        Host::start("static_routes { 10.20.0.0/16 dev eth1 vrf red }", Tables::default());
    assert_eq!(words(&out), [""; 0]);
    for table in [10, 20] {
        host.kernel.vrfs.insert("red".into(), table);
        host.handle(Event::Link { name: "red", up: table == 10 });
        assert_eq!(host.kernel.routes.iter().map(|it| it.table).collect::<Vec<_>>(), [table]);
    }
    // One that is there at the start is adopted.
    let conf = "static_routes { 10.20.0.0/16 dev eth1 vrf red }";
    let (_, out) = Host::start(conf, host.kernel.clone());
    assert_eq!(words(&out), [""; 0]);
    // It goes with its VRF.
    host.kernel = Tables::default();
    let out = host.handle(Event::LinkGone { name: "red" });
    assert!(host.kernel.routes.is_empty() && words(&out).contains(&"read".into()), "{out:?}");
}

#[test]
fn everything_is_compared_after_events_were_lost() {
    let mut host = master();
    host.kernel.routes.remove(1);
    host.kernel.rules.clear();
    let mut snapshot = Snapshot { routing: host.kernel.clone(), ..snapshot(&["eth0", "eth1"]) };
    let vip = Present { ip: IpAddr::from([10, 0, 0, 100]), prefix_len: 24, ours: false };
    snapshot.addresses.push(("eth0".into(), vip));
    let out = host.handle(Event::Everything(&snapshot));
    assert_eq!(words(&out), ["+10.1.0.0/16", "+5", "+6"]);
}

//! One host's VRRP side from its configuration: packets that are dropped, the sync daemon, authentication headers, and
//! adverts that are not listened to.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use understudy_core::ipvs::sync::Role;
use understudy_core::net::reconcile::Change;
use understudy_core::node::vrrp::{Action, Event, Handover, Observations, VrrpNode};
use understudy_core::time::Time;
use understudy_core::vrrp::authentication_header as ah;
use understudy_core::vrrp::envelope::Envelope;
use understudy_core::vrrp::instance::State;
use understudy_core::vrrp::packet::{self, Advert, Proof};
use understudy_core::vrrp::settings::Version;

use crate::{settings, snapshot};

const PEER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 9);
const VIP: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 100);
const KEY: [u8; 8] = *b"secret\0\0";

fn conf(global: &str, more: &str) -> String {
    format!(
        "global_defs {{\n {global}\n}}
        vrrp_instance A {{
            interface eth0
            virtual_router_id 51
            {more}
            virtual_ipaddress {{ {VIP}/24 }}
        }}"
    )
}

struct Host {
    node: VrrpNode,
    now: Time,
}

impl Host {
    fn start(conf: &str) -> (Self, Vec<Action>) {
        Self::start_with(conf, None)
    }

    fn start_with(conf: &str, handover: Option<&Handover>) -> (Self, Vec<Action>) {
        let now = Time::from_nanos(1_000_000_000_000);
        let mut out = Vec::new();
        let node =
            VrrpNode::start(settings(conf).vrrp, handover, &snapshot(&["eth0"]), now, &mut out);
        (Self { node, now }, out)
    }

    fn handle(&mut self, event: Event<'_>) -> Vec<Action> {
        let mut out = Vec::new();
        self.node.handle(self.now, event, &mut out);
        out
    }

    /// Waits for its next deadlines until it is master.
    fn until_master(&mut self) -> Vec<Action> {
        for _ in 0..20 {
            self.now = self.node.deadline().unwrap().max(self.now);
            let out = self.handle(Event::Timer);
            if self.state() == State::Master {
                return out;
            }
        }
        panic!("it is no master");
    }

    fn state(&self) -> State {
        self.node.slot(0).instance.state()
    }

    fn hear(
        &mut self,
        version: Version,
        priority: u8,
        vip: Ipv4Addr,
        sealed: Option<u32>,
    ) -> Vec<Action> {
        let interval = Duration::from_secs(1);
        let advert = Advert { version, vrid: 51, priority, interval, count: 1 };
        let proof = sealed.map_or(Proof::None, |_| Proof::Header(KEY));
        let envelope = Envelope {
            source: PEER.into(),
            destination: packet::GROUP.into(),
            ttl: 255,
            protocol: packet::PROTOCOL,
        };
        let mut bytes = Vec::new();
        packet::encode(&advert, &proof.into(), &[vip.into()], &envelope, &mut bytes);
        if let Some(sequence) = sealed {
            ah::seal(&mut bytes, 0, KEY, sequence);
        }
        self.handle(Event::Datagram { link: 0, bytes: &bytes })
    }
}

/// In the order in which they were said: what is dropped, and what changes.
fn order(actions: &[Action]) -> Vec<&'static str> {
    let name = |action: &Action| match action {
        Action::Block(_) => Some("block"),
        Action::Change(Change::Add(_)) => Some("add"),
        Action::Change(Change::Remove { .. }) => Some("remove"),
        Action::Unblock(_) => Some("unblock"),
        _ => None,
    };
    actions.iter().filter_map(name).collect()
}

fn roles(actions: &[Action]) -> Option<Vec<Role>> {
    actions.iter().rev().find_map(|action| match action {
        Action::Daemons(daemons) => Some(daemons.iter().map(|it| it.role).collect()),
        _ => None,
    })
}

#[test]
fn packets_are_dropped_before_the_address_comes_until_it_has_gone() {
    let (mut host, out) = Host::start(&conf("", "no_accept"));
    // What a former life has left.
    assert!(out.contains(&Action::Unblock(vec![])));
    assert_eq!(order(&host.until_master()), ["block", "add"]);
    host.hear(Version::V2, 0, VIP, None);
    let mut out = host.handle(Event::Stop);
    host.now = host.now + Duration::from_secs(5);
    out.extend(host.handle(Event::Timer));
    assert_eq!(order(&out), ["remove", "unblock"]);

    let (mut host, out) = Host::start(&conf("", "accept"));
    assert_eq!(order(&out), [""; 0]);
    assert_eq!(order(&host.until_master()), ["add"]);
}

#[test]
fn a_refused_table_is_tried_again_and_told_once() {
    let (mut host, _) = Host::start(&conf("", "no_accept"));
    let out = host.until_master();
    let block = out.into_iter().find(|it| matches!(it, Action::Block(_))).unwrap();
    for told in [1, 0] {
        let out = host.handle(Event::Failed { action: &block, why: "no" });
        assert_eq!(out.iter().filter(|it| matches!(it, Action::Log(..))).count(), told);
        host.now = host.now + Duration::from_secs(5);
        assert!(host.handle(Event::Timer).contains(&block));
    }
}

#[test]
fn the_sync_daemon_follows_its_instance() {
    let (mut host, out) = Host::start(&conf("lvs_sync_daemon eth1 inst A", ""));
    assert_eq!(roles(&out), Some(vec![Role::Backup]));
    assert_eq!(roles(&host.until_master()), Some(vec![Role::Master]));
    host.hear(Version::V2, 0, VIP, None);
    let daemons = host.handle(Event::Operator {
        instance: "A",
        the_move: understudy_core::vrrp::instance::Move::Yield,
    });
    // It sends until the addresses go.
    assert_eq!(roles(&daemons), None);
    host.now = host.now + Duration::from_secs(2);
    assert_eq!(roles(&host.handle(Event::Timer)), Some(vec![Role::Backup]));
    assert_eq!(roles(&host.handle(Event::Stop)), Some(vec![]));

    let (_, out) = Host::start(&conf("lvs_sync_daemon eth1", ""));
    assert_eq!(roles(&out), Some(vec![Role::Master, Role::Backup]));
}

#[test]
fn sequence_numbers_rise_beyond_what_was_heard() {
    let ah = "authentication {\n auth_type AH\n auth_pass secret\n }";
    let (mut host, _) = Host::start(&conf("", ah));
    let heard = |host: &Host| host.node.slot(0).counters.advert_rcvd;
    host.hear(Version::V2, 200, VIP, Some(70));
    host.hear(Version::V2, 200, VIP, Some(70));
    host.hear(Version::V2, 200, VIP, Some(69));
    host.hear(Version::V2, 200, VIP, None);
    assert_eq!((heard(&host), host.node.slot(0).counters.auth_failure), (1, 2));
    host.hear(Version::V2, 200, VIP, Some(71));
    assert_eq!(heard(&host), 2);
    host.until_master();
    let mut bytes = Vec::new();
    host.node.slot_mut(0).write_advert(100, packet::GROUP.into(), 255, &mut bytes);
    assert_eq!(bytes[28..32], 72u32.to_be_bytes());
    // It was started anew.
    host.hear(Version::V2, 200, VIP, Some(1));
    assert_eq!((heard(&host), host.state()), (3, State::Backup));
}

#[test]
fn a_strict_owner_listens_to_nobody() {
    for (more, listens) in [("strict_mode", false), ("", true)] {
        let (mut host, _) = Host::start(&conf("", &format!("priority 255\n {more}")));
        host.until_master();
        host.hear(Version::V2, 100, VIP, None);
        assert_eq!(host.node.slot(0).counters.advert_rcvd, u64::from(listens));
    }
}

#[test]
fn a_list_of_addresses_is_compared_once_for_each_master_if_that_is_asked() {
    let other = Ipv4Addr::new(10, 0, 0, 101);
    for (more, found) in [("skip_check_adv_addr", 1), ("", 3)] {
        let (mut host, _) = Host::start(&conf("", more));
        (0..3).for_each(|_| drop(host.hear(Version::V2, 200, other, None)));
        let counters = host.node.slot(0).counters;
        assert_eq!((counters.advert_rcvd, counters.addr_list_err), (3, found), "{more}");
    }
}

#[test]
fn interfaces_of_a_group_announce_one_after_the_other() {
    let group = "garp_group {\n garp_interval 0.5\n interfaces { eth0 eth1 }\n}\n";
    let more = "garp_master_repeat 1\n garp_master_delay 0
        virtual_ipaddress_excluded { 10.0.1.100 dev eth1 no_track }";
    let announced =
        |out: &[Action]| out.iter().filter(|it| matches!(it, Action::Announce { .. })).count();
    for (group, counts) in [("", [2, 0]), (group, [1, 1])] {
        let (mut host, _) = Host::start(&(group.to_owned() + &conf("", more)));
        let first = announced(&host.until_master());
        host.now = host.now + Duration::from_millis(500);
        assert_eq!([first, announced(&host.handle(Event::Timer))], counts, "{group}");
    }
}

#[test]
fn a_unicast_instance_announces_its_source_when_its_interface_is_back() {
    for (more, announces) in [("unicast_peer {\n 10.0.0.9\n }", true), ("", false)] {
        let (mut host, _) = Host::start(&conf("", more));
        host.until_master();
        let link = |up| Event::Link { name: "eth0", up };
        assert!(!host.handle(link(false)).contains(&Action::AnnounceSource { instance: 0 }));
        let out = host.handle(link(true));
        assert_eq!(out.contains(&Action::AnnounceSource { instance: 0 }), announces, "{more}");
    }
}

#[test]
fn an_address_that_the_kernel_refuses_does_not_hold_up_the_others() {
    let (mut host, _) = Host::start(&conf("", "virtual_ipaddress_excluded {\n 10.0.0.101/24\n }"));
    let out = host.until_master();
    let refused = out.iter().find_map(|action| match action {
        Action::Change(change @ Change::Add(address)) if address.ip != IpAddr::V4(VIP) => {
            Some(change)
        }
        _ => None,
    });
    host.handle(Event::Refused { change: refused.unwrap(), why: "no" });
    let out = host.hear(Version::V2, 200, VIP, None);
    let removes = |out: &[Action]| {
        out.iter().any(
            |it| matches!(it, Action::Change(Change::Remove { ip, .. }) if *ip == IpAddr::V4(VIP)),
        )
    };
    assert!(removes(&out));
}

#[test]
fn nobody_is_master_soon_after_the_boot() {
    // The clock begins with the boot; this host starts a thousand seconds later.
    for (delay, waits) in
        [("", 3), ("vrrp_delay_after_boot 1100", 103), ("vrrp_delay_after_boot 900", 3)]
    {
        let (mut host, _) = Host::start(&conf(delay, ""));
        let start = host.now;
        host.until_master();
        assert_eq!(host.now.since(start).as_secs(), waits, "{delay}");
    }
}

#[test]
fn a_reload_writes_the_states_again_if_that_is_asked() {
    for (global, lines) in [("", 0), ("fifo_write_vrrp_states_on_reload", 2)] {
        let group = "vrrp_sync_group G { group { A } }\n";
        let text = group.to_owned() + &conf(global, "");
        let (mut host, _) = Host::start(&text);
        host.until_master();
        let mut out = Vec::new();
        host.node.reload(settings(&text).vrrp, &Observations::default(), host.now, &mut out);
        let told: Vec<&String> = out
            .iter()
            .filter_map(|it| if let Action::Fifo(line) = it { Some(line) } else { None })
            .collect();
        assert_eq!(told.len(), lines, "{told:?}");
        if lines > 0 {
            assert_eq!(told, ["INSTANCE \"A\" MASTER 100\n", "GROUP \"G\" MASTER 0\n"]);
        }
    }
}

#[test]
fn what_a_configuration_says_of_odd_adverts_and_silence() {
    // A unicast instance without peers is in FAULT if that is asked for.
    let (host, _) = Host::start(&conf("", "unicast_src_ip 10.0.0.1\n unicast_fault_no_peer"));
    assert_eq!(host.state(), State::Fault);

    // A virtual router that is not configured is told of once.
    for (global, times) in [("", 0), ("log_unknown_vrids", 1)] {
        let (mut host, _) = Host::start(&conf(global, "").replace("id 51", "id 52"));
        let mut logged = 0;
        for _ in 0..3 {
            let out = host.hear(Version::V2, 100, VIP, None);
            let told =
                |it: &&Action| matches!(it, Action::Log(_, text) if text.contains("VRID 51"));
            logged += out.iter().filter(told).count();
        }
        assert_eq!(logged, times, "{global}");
    }
}

#[test]
fn a_master_that_was_silent_too_long_steps_back_if_that_is_asked() {
    for (more, state) in [("timer_expired_backup 200", State::Backup), ("", State::Master)] {
        let (mut host, _) = Host::start(&conf("", &format!("nopreempt\n {more}")));
        host.until_master();
        // Three intervals of a second, and the skew of priority 200: 56/256 s.
        host.now = host.now + Duration::from_millis(3200);
        host.handle(Event::Timer);
        assert_eq!(host.state(), State::Master);
        host.now = host.now + Duration::from_millis(3250);
        host.handle(Event::Timer);
        assert_eq!(host.state(), state);
    }
}

#[test]
fn a_signature_counts_once_also_in_a_successor() {
    let key = "0123456789abcdef0123456789abcdef";
    let hmac = format!("auth_hmac {{\n key 1 {key}\n active_key 1\n}}");
    let conf = conf("", &hmac);
    let utc = Duration::from_secs(1_800_000_000);
    let (mut sender, _) = Host::start(&conf);
    sender.node.set_utc(utc);
    sender.until_master();
    let mut signed = || {
        let mut bytes = Vec::new();
        let slot = sender.node.slot_mut(0);
        slot.new_advert();
        assert!(slot.write_advert(200, packet::GROUP.into(), 255, &mut bytes));
        // All copies of one advert are the same.
        let mut copy = Vec::new();
        slot.write_advert(200, packet::GROUP.into(), 255, &mut copy);
        assert_eq!(bytes, copy);
        bytes
    };
    let [first, second, third] = [signed(), signed(), signed()];
    assert!(first != second);

    let (mut host, _) = Host::start(&conf);
    host.node.set_utc(utc);
    let hear = |host: &mut Host, bytes: &[u8]| {
        host.handle(Event::Datagram { link: 0, bytes });
        let counters = host.node.slot(0).counters;
        (counters.advert_rcvd, counters.auth_ext_replay, counters.auth_ext_stale)
    };
    assert_eq!(hear(&mut host, &first), (1, 0, 0));
    assert_eq!(hear(&mut host, &first), (1, 1, 0));
    assert_eq!(hear(&mut host, &second), (2, 1, 0));
    assert_eq!(hear(&mut host, &first), (2, 2, 0));
    let handover = host.node.handover(host.now);
    let (mut next, _) = Host::start_with(&conf, Some(&handover));
    next.node.set_utc(utc);
    assert_eq!(hear(&mut next, &second), (0, 1, 0));
    assert_eq!(hear(&mut next, &third), (1, 1, 0));
    next.node.set_utc(utc + Duration::from_secs(6));
    assert_eq!(hear(&mut next, &third), (1, 1, 1));
}

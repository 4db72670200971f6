//! Many instances on one host: what happens to one is no work for the others, and nothing that comes in numbers is worked
//! out one by one.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use understudy_core::net::reconcile::{Change, Present};
use understudy_core::node::vrrp::{Action, Event, VrrpNode};
use understudy_core::time::Time;
use understudy_core::vrrp::envelope::Envelope;
use understudy_core::vrrp::instance::State;
use understudy_core::vrrp::packet::{self, Advert, Proof};
use understudy_core::vrrp::settings::Version;

use crate::{settings, snapshot};

const COUNT: u8 = 250;
const PEER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 9);

const fn vip(vrid: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 1, vrid)
}

fn host(now: Time) -> VrrpNode {
    let instances = (1..=COUNT).map(|vrid| {
        let vip = vip(vrid);
        format!(
            "vrrp_instance i{vrid} {{\n interface eth0\n virtual_router_id {vrid}\n priority 100\n\
             virtual_ipaddress {{ {vip}/32 }}\n}}\n"
        )
    });
    let settings = settings(&instances.collect::<String>()).vrrp;
    VrrpNode::start(settings, None, &snapshot(&["eth0"]), now, &mut Vec::new())
}

fn advert(vrid: u8) -> Vec<u8> {
    let interval = Duration::from_secs(1);
    let advert = Advert { version: Version::V2, vrid, priority: 200, interval, count: 1 };
    let envelope = Envelope {
        source: PEER.into(),
        destination: packet::GROUP.into(),
        ttl: 255,
        protocol: packet::PROTOCOL,
    };
    let mut bytes = Vec::new();
    packet::encode(&advert, &Proof::None.into(), &[vip(vrid).into()], &envelope, &mut bytes);
    bytes
}

fn earliest(node: &VrrpNode) -> Time {
    node.slots().iter().filter_map(|slot| slot.instance.deadline()).min().unwrap()
}

#[test]
fn adverts_leave_the_wake_up_where_it_is_until_it_comes() {
    let mut now = Time::from_nanos(1_000_000_000_000);
    let mut node = host(now);
    let mut out = Vec::new();
    let first = node.deadline().unwrap();
    assert_eq!(first, earliest(&node));
    for beat in 0..30 {
        for vrid in 1..=COUNT {
            now = now + Duration::from_millis(4);
            node.handle(now, Event::Datagram { link: 0, bytes: &advert(vrid) }, &mut out);
            let due = node.deadline().unwrap();
            assert!(due <= earliest(&node), "never too late");
            if due <= now {
                node.handle(now, Event::Timer, &mut out);
                assert!(node.deadline().unwrap() > now, "an early one is harmless");
            }
        }
        assert_eq!(out, [], "beat {beat}");
    }
    assert!(node.slots().iter().all(|slot| slot.instance.state() == State::Backup));
    assert!(node.slots().iter().all(|slot| slot.counters.advert_rcvd == 30));
}

#[test]
fn the_echo_of_our_own_addresses_is_no_news_and_a_foreign_removal_is() {
    let mut node = host(Time::from_nanos(1_000_000_000_000));
    let mut out = Vec::new();
    let mut now = Time::ZERO;
    while node.slots().iter().any(|slot| slot.instance.state() != State::Master) {
        now = node.deadline().unwrap();
        node.handle(now, Event::Timer, &mut out);
    }
    let added = out.iter().filter(|it| matches!(it, Action::Change(Change::Add(_)))).count();
    assert_eq!(added, usize::from(COUNT));
    out.clear();
    for vrid in 1..=COUNT {
        let present = Present { ip: IpAddr::V4(vip(vrid)), prefix_len: 32, ours: true };
        node.note(now, Event::AddressAdded { dev: "eth0", present }, &mut out);
    }
    node.conclude(now, &mut out);
    assert_eq!(out, []);
    for vrid in [3, 7] {
        let ip = IpAddr::V4(vip(vrid));
        node.note(now, Event::AddressRemoved { dev: "eth0", ip, prefix_len: 32 }, &mut out);
    }
    node.conclude(now, &mut out);
    let back = out.iter().filter_map(|it| match it {
        Action::Change(Change::Add(address)) => Some(address.ip),
        _ => None,
    });
    assert_eq!(back.collect::<Vec<_>>(), [IpAddr::V4(vip(3)), IpAddr::V4(vip(7))]);
}

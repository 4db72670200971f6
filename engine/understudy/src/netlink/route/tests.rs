use super::super::message::messages;
use super::*;

const NAMES: [(&str, u32); 2] = [("eth0", 7), ("eth1", 9)];

fn index_of(name: &str) -> Option<u32> {
    NAMES.iter().find(|(it, _)| *it == name).map(|(_, index)| *index)
}

fn name_of(index: u32) -> Option<String> {
    NAMES.iter().find(|(_, it)| *it == index).map(|(name, _)| (*name).to_owned())
}

fn hop(via: &str, dev: &str) -> Hop {
    let dev = (!dev.is_empty()).then(|| dev.to_owned());
    Hop { via: via.parse().ok(), dev, weight: 1, ..Hop::default() }
}

fn prefix(ip: &str, len: u8) -> Prefix {
    Prefix { ip: ip.parse().unwrap(), len }
}

fn to(ip: &str, len: u8, hops: Vec<Hop>) -> Route {
    let to = prefix(ip, len);
    Route { to, hops, ..Route::new(to.family()) }
}

#[test]
fn what_is_written_is_read() {
    let number = |number, value, locked| Metric { number, value: Value::Number(value), locked };
    let congctl = Metric { number: 16, value: Value::Name("cubic".into()), locked: true };
    let encaps = [
        Encap::Ip {
            id: 5,
            dst: "10.9.9.9".parse().unwrap(),
            src: "10.9.9.1".parse().unwrap(),
            tos: 4,
            ttl: 9,
            flags: 1,
        },
        Encap::Ip6 {
            id: 0,
            dst: "fd09::1".parse().unwrap(),
            src: "::".parse().unwrap(),
            tc: 4,
            hoplimit: 9,
            flags: 0,
        },
        Encap::Mpls { labels: vec![100, 1_048_575], ttl: Some(3) },
        Encap::Ila { locator: 0x0001_0002_0003_0004 },
    ];
    let mut routes = vec![
        to("0.0.0.0", 0, vec![hop("10.0.0.9", "")]),
        to("10.1.0.0", 16, vec![Hop { onlink: true, ..hop("10.0.0.9", "eth0") }]),
        to("10.1.0.0", 16, vec![Hop { realms: Some(3 << 16 | 4), ..hop("fe80::1", "eth0") }]),
        to(
            "10.1.0.0",
            16,
            vec![
                Hop { weight: 256, ..hop("10.0.0.9", "eth0") },
                Hop { onlink: true, ..hop("", "eth1") },
            ],
        ),
        to("fd10::", 64, vec![hop("fd00::5", ""), hop("fd01::5", "eth1")]),
        Route { kind: Kind::Blackhole, table: 1000, ..to("10.1.0.0", 16, vec![]) },
        Route {
            src: "10.0.0.1".parse().ok(),
            tos: 16,
            scope: 253,
            protocol: 4,
            metric: Some(7),
            ttl_propagate: Some(false),
            metrics: vec![number(2, 1400, true), number(8, 1300, false), congctl],
            ..to("10.1.0.0", 16, vec![hop("", "eth0")])
        },
        Route { from: Some(prefix("fd01::", 64)), ..to("fd10::", 64, vec![hop("", "eth0")]) },
    ];
    for encap in encaps {
        routes.push(to("10.1.0.0", 16, vec![Hop { encap: Some(encap), ..hop("", "eth0") }]));
    }
    for route in routes {
        for add in [true, false] {
            let mut batch = Batch::new();
            write(&mut batch, &route, add, index_of).unwrap();
            let message = messages(batch.bytes()).next().unwrap();
            assert_eq!(read(message, name_of), Some(route.clone()));
        }
    }
}

#[test]
fn a_route_by_an_interface_that_is_not_there_is_not_written() {
    let mut batch = Batch::new();
    let route = to("10.1.0.0", 16, vec![hop("", "eth5")]);
    assert_eq!(write(&mut batch, &route, true, index_of), None);
    assert!(batch.is_empty());
}

#[test]
fn a_damaged_message_is_no_route() {
    let mut batch = Batch::new();
    let route = to("10.1.0.0", 16, vec![hop("10.0.0.9", "eth0"), hop("10.0.0.8", "eth1")]);
    write(&mut batch, &route, true, index_of).unwrap();
    let message = messages(batch.bytes()).next().unwrap();
    for end in 0..message.payload.len() {
        let _ = read(Message { payload: &message.payload[..end], ..message }, name_of);
    }
}

#[test]
fn the_kernel_dumps_its_routes() {
    let mut socket = Socket::open(libc::NETLINK_ROUTE).unwrap();
    for route in dump(&mut socket, &[2, 3, 18], |_| None).unwrap() {
        assert!([2, 3, 18].contains(&route.protocol));
    }
}

//! The lines are those of ipvsadm 1.31 on Linux 7.2 for the same table.

use super::*;
use crate::ipvs::table::{Persistence, Tunnel};
use alloc::borrow::ToOwned;
use alloc::vec;

fn destination(ip: &str, port: u16, forward: Forward) -> Destination {
    Destination { ip: ip.parse().unwrap(), port, forward, weight: 3, upper: 9, lower: 5 }
}

fn service(key: ServiceKey, destinations: Vec<Destination>) -> Service {
    Service { key, scheduler: "rr".to_owned(), flags: 0, persistence: None, destinations }
}

fn address(protocol: Protocol, ip: &str, port: u16) -> ServiceKey {
    ServiceKey::Address { protocol, ip: ip.parse().unwrap(), port }
}

#[test]
fn all_kinds_of_services_and_destinations() {
    let tunnel = |kind, port, flags| Forward::Tun(Tunnel { kind, port, flags });
    let persistence = |timeout_s, granularity, engine: Option<&str>| {
        Some(Persistence { timeout_s, granularity, engine: engine.map(ToOwned::to_owned) })
    };
    let v6 = vec![destination("2001:db8::11", 443, Forward::Dr)];
    let table = [
        service(
            ServiceKey::Mark { family: Family::V6, mark: 901 },
            vec![destination("2001:db8::11", 0, Forward::Dr)],
        ),
        service(
            ServiceKey::Mark { family: Family::V4, mark: 900 },
            vec![
                destination("192.0.2.11", 0, Forward::Dr),
                destination("192.0.2.9", 0, Forward::Dr),
            ],
        ),
        Service {
            flags: ONE_PACKET,
            ..service(
                address(Protocol::Udp, "192.0.2.1", 53),
                vec![destination("192.0.2.11", 53, Forward::Nat)],
            )
        },
        Service {
            persistence: persistence(360, 64, None),
            ..service(address(Protocol::Tcp, "2001:db8::1", 443), v6)
        },
        Service {
            scheduler: "sh".to_owned(),
            flags: SCHEDULER_FLAGS[0] | SCHEDULER_FLAGS[1],
            persistence: persistence(300, 0xffff_ff00, None),
            ..service(
                address(Protocol::Tcp, "192.0.2.1", 82),
                vec![
                    destination("10.9.9.9", 82, tunnel(0, 0, 0)),
                    destination("192.0.2.12", 82, tunnel(1, 6080, 1)),
                    destination("192.0.2.14", 82, tunnel(2, 0, 0)),
                ],
            )
        },
        service(address(Protocol::Tcp, "192.0.2.1", 9), vec![]),
    ];
    let want = "\
-A -t 192.0.2.1:9 -s rr
-A -t 192.0.2.1:82 -s sh -p 300 -M 255.255.255.0 -b sh-fallback,sh-port
-a -t 192.0.2.1:82 -r 192.0.2.12:82 -i -w 3 --tun-type gue --tun-port 6080 --tun-csum
-a -t 192.0.2.1:82 -r 192.0.2.14:82 -i -w 3 --tun-type gre --tun-nocsum
-a -t 192.0.2.1:82 -r 10.9.9.9:82 -i -w 3 --tun-type ipip
-A -u 192.0.2.1:53 -s rr -o
-a -u 192.0.2.1:53 -r 192.0.2.11:53 -m -w 3
-A -t [2001:db8::1]:443 -s rr -p 360 -M 64
-a -t [2001:db8::1]:443 -r [2001:db8::11]:443 -g -w 3
-A -f 900 -s rr
-a -f 900 -r 192.0.2.9:0 -g -w 3
-a -f 900 -r 192.0.2.11:0 -g -w 3
-A -f 901 -6 -s rr
-a -f 901 -6 -r [2001:db8::11]:0 -g -w 3
";
    assert_eq!(save(&table), want);
}

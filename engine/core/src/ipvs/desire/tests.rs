use super::*;
use crate::ipvs::table::{Family, Protocol};
use alloc::format;
use alloc::string::{String, ToString};

fn server(n: u8, weight: u32, inhibit: bool) -> RealServer {
    RealServer {
        ip: IpAddr::from([10, 0, 1, n]),
        port: 80,
        check_port: 80,
        forward: Forward::Nat,
        weight,
        upper: 0,
        lower: 0,
        inhibit_on_failure: inhibit,
        alpha: false,
        smtp_alert: false,
        notify_up: None,
        notify_down: None,
        checks: Vec::new(),
    }
}

fn virtual_server(sorry: Option<SorryServer>, real_servers: Vec<RealServer>) -> VirtualServer {
    let ip = IpAddr::from([10, 0, 0, 1]);
    VirtualServer {
        name: "10.0.0.1:80 tcp".to_string(),
        keys: alloc::vec![ServiceKey::Address { protocol: Protocol::Tcp, ip, port: 80 }],
        scheduler: "rr".to_string(),
        flags: 0,
        persistence: None,
        quorum: 1,
        hysteresis: 0,
        quorum_up: None,
        quorum_down: None,
        omega: false,
        smtp_alert: false,
        sorry_server: sorry,
        real_servers,
    }
}

fn sorry(n: u8, inhibit: bool) -> Option<SorryServer> {
    Some(SorryServer { ip: IpAddr::from([10, 0, 1, n]), port: 80, forward: Forward::Nat, inhibit })
}

/// `last octet:weight` of each destination, in order.
fn shown(settings: &VirtualServer, alive: &[bool], quorum_up: bool) -> String {
    let health: Vec<Health> = settings
        .real_servers
        .iter()
        .zip(alive)
        .map(|(s, &alive)| Health { alive, weight: s.weight })
        .collect();
    let services = services(Pool { settings, health: &health, quorum_up });
    let one =
        |d: &Destination| format!("{}:{}", d.ip.to_string().rsplit('.').next().unwrap(), d.weight);
    services[0].destinations.iter().map(one).collect::<Vec<_>>().join(" ")
}

#[test]
fn who_is_in_the_pool() {
    let plain = || alloc::vec![server(1, 2, false), server(2, 3, true), server(3, 4, false)];
    let none = virtual_server(None, plain());
    let with_sorry = virtual_server(sorry(9, false), plain());
    let inhibited = virtual_server(sorry(9, true), plain());
    let shared = virtual_server(sorry(1, false), plain());
    let rows: [(&VirtualServer, [bool; 3], bool, &str); 12] = [
        (&none, [true, true, true], true, "1:2 2:3 3:4"),
        (&none, [false, true, true], true, "2:3 3:4"),
        (&none, [true, false, true], true, "1:2 2:0 3:4"), // inhibit_on_failure
        (&none, [false, false, false], false, "2:0"),
        (&none, [true, false, false], false, "1:2 2:0"), // no sorry server: the living stay
        (&with_sorry, [true, true, true], true, "1:2 2:3 3:4"),
        (&with_sorry, [false, false, false], false, "9:1 2:0"),
        (&with_sorry, [true, false, false], false, "9:1 2:0"), // the living leave
        (&with_sorry, [true, true, true], false, "9:1 2:0"),
        (&inhibited, [true, true, true], true, "1:2 2:3 3:4 9:0"),
        (&inhibited, [true, false, false], false, "9:1 2:0"),
        (&shared, [true, true, false], false, "1:1 2:0"), // the sorry server is also a real one
    ];
    for (settings, alive, quorum_up, want) in rows {
        assert_eq!(shown(settings, &alive, quorum_up), want, "{alive:?} {quorum_up}");
    }
}

#[test]
fn only_living_servers_count_for_the_quorum() {
    let health = [(true, 2), (false, 4), (true, 0)].map(|(alive, weight)| Health { alive, weight });
    assert_eq!(living_weight(&health), 2);
}

#[test]
fn ports_follow_the_way_of_forwarding() {
    let at = |port| ServiceKey::Address { protocol: Protocol::Tcp, ip: [10, 0, 0, 1].into(), port };
    let mark = ServiceKey::Mark { family: Family::V4, mark: 2 };
    let mut nat = server(1, 1, false);
    nat.port = 8080;
    assert_eq!(destination(&nat, at(80), 1).port, 8080);
    assert_eq!(destination(&nat, mark, 1).port, 8080);
    nat.port = 0;
    assert_eq!(destination(&nat, at(81), 1).port, 81);
    let dr = RealServer { forward: Forward::Dr, ..server(1, 1, false) };
    assert_eq!(destination(&dr, at(81), 1).port, 81); // each entry of a group has its own
    assert_eq!(destination(&dr, mark, 1).port, 0);
}

#[test]
fn virtual_servers_of_one_group_fill_its_services_together() {
    let first = virtual_server(None, alloc::vec![server(1, 1, false), server(2, 1, false)]);
    let second = virtual_server(None, alloc::vec![server(2, 7, false), server(3, 1, false)]);
    let health = [Health { alive: true, weight: 1 }; 2];
    let pools =
        [&first, &second].map(|settings| Pool { settings, health: &health, quorum_up: true });
    let table = table(pools);
    assert_eq!(table.len(), 1);
    let got: Vec<_> = table[0].destinations.iter().map(|d| (d.ip.to_string(), d.weight)).collect();
    let want = [("10.0.1.1", 1), ("10.0.1.2", 1), ("10.0.1.3", 1)];
    assert_eq!(got, want.map(|(ip, weight)| (ip.to_string(), weight)));
}

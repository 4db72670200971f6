//! The same routes and rules in keepalived and in a worker, and what the kernel has then.

use understudy_core::net::ledger::Entry as _;

use super::super::net::{Engine, Net, run, settings, unable};
use super::super::tests::soon;

const GATEWAY: &str = "10.77.0.250";

/// Two hosts that don't hear each other, each with three interfaces.
fn apart() -> Net {
    let net = Net::new(2);
    net.separate(true);
    for host in [1, 2] {
        let own = net.host(host);
        for dev in ["v1", "v2"] {
            run(&format!("ip -n {own} link add {dev} type veth peer name p{dev}"));
            run(&format!("ip -n {own} link set p{dev} up"));
            run(&format!("ip -n {own} link set {dev} up"));
        }
        run(&format!("ip -n {own} address add 10.78.0.1/24 dev v1"));
        run(&format!("ip -n {own} address add 10.79.0.1/24 dev v2"));
        run(&format!("ip -n {own} address add fd77::1/64 dev v0 nodad"));
        run(&format!("ip -n {own} address add fd78::1/64 dev v1 nodad"));
        run(&format!("ip -n {own} route add default via {GATEWAY}"));
    }
    net
}

/// All routes and rules of a host that do not hang on its own addresses. What is counted down is left out.
fn tables(net: &Net, host: usize) -> String {
    let own = net.host(host);
    let mut text = String::new();
    for words in ["route show table all proto 18", "route show table all proto 4", "route", "rule"]
    {
        for family in ["-4", "-6"] {
            text.push_str(&format!("-- {family} {words}\n"));
            for line in run(&format!("ip -n {own} -d {family} {words}")).lines() {
                let mut words = line.split_whitespace();
                let mut kept = Vec::new();
                while let Some(word) = words.next() {
                    if word == "expires" {
                        words.next();
                    } else {
                        kept.push(word);
                    }
                }
                let line = kept.join(" ");
                if !line.contains("fe80::") && !line.contains("proto kernel") {
                    text.push_str(&format!("{line}\n"));
                }
            }
        }
    }
    text
}

fn conf(static_lines: &str, virtual_lines: &str) -> String {
    format!(
        "{static_lines}
        vrrp_instance read {{
            interface v0
            virtual_router_id 51
            version 3
            advert_int 0.1
            priority 150
            virtual_ipaddress {{
                10.77.0.100/24
            }}
            {virtual_lines}
        }}"
    )
}

/// Every attribute that both know and this kernel has.
const ROUTES: &str = "
    10.10.1.0/24 via 10.77.0.250
    src 10.77.0.100 to 10.10.2.0/24 via 10.77.0.250 dev v0 mtu lock 1400 advmss 1300 metric 7 tos 8
    10.10.3.0/24 dev v1
    10.10.4.0/24 oif v1 no_track scope link
    blackhole 10.10.5.0/24
    unreachable 10.10.6.0/24 table 1000
    prohibit 10.10.7.0/24 metric 5
    throw 10.10.8.0/24 table 100
    default via 10.77.0.250 table 200
    default via 10.77.0.250 dev v0
    0.0.0.0/0 gw 10.77.0.250 table 201
    10.10.9.0/24 nexthop via 10.77.0.250 dev v0 weight 2 onlink nexthop via 10.78.0.250 dev v1 weight 3
    10.10.10.0/24 via 10.77.0.250 or 10.78.0.250
    10.10.11.0/24 dev v0 rtt 250ms rttvar 300ms window 1000 cwnd lock 10 ssthresh 20 reordering lock 5
    10.10.12.0/24 dev v0 hoplimit 30 rto_min lock 2s initcwnd 11 initrwnd 12 features ecn quickack 1 congctl cubic fastopen_no_cookie 1
    10.10.13.0/24 dev v0 realms 3/4
    10.10.14.0/24 via 10.99.0.250 dev v1 onlink
    10.10.15.0/24 dev v0 encap ip id 5 dst 10.9.9.9 src 10.77.0.7 tos 4 ttl 9
    10.10.16.0/24 dev v0 protocol static no_track
    10.10.17.0/24 via 10.77.0.250 append
    10.10.17.0/24 via 10.78.0.250 append
    10.10.18.0/24 via 10.77.0.250
    10.10.18.0/24 via 10.78.0.250 add metric 9
    local 10.10.19.1 dev v0 scope host
    local 10.10.20.1 dev v0 scope host table local
    broadcast 10.10.21.255 dev v0 scope link
    multicast 239.1.1.1 dev v0
    10.10.22.0/24 mtu 1400 nexthop via 10.77.0.250 dev v0 nexthop dev v1 realms 5
    fd10::/64 via fd77::5
    fd11::/64 dev v1
    fd12::/64 via fd77::5 dev v0 metric 5 pref high expires 600 mtu 1400
    fd13::/64 nexthop via fd77::5 dev v0 nexthop via fd78::5 dev v1 weight 4
    blackhole fd14::/64
    fd15::/64 dev v0 encap ip6 id 5 dst fd09::1 src fd77::1 tc 4 hoplimit 9
    unreachable ::/0 table 300
    fd16::/64 via fd77::5 src fd77::1
    fd17::/64 dev v0 onlink via fd99::1";
const RULES: &str = "
    from 10.1.1.0/24 table 100
    from 10.1.2.0/24 table 100
    from fd01::/64 table 100
    to 10.1.3.0/24 lookup 1000 priority 500
    fwmark 5/0x7 table 100 priority 501
    iif v1 oif v0 table 100 order 502
    not from 10.1.4.0/24 to 10.1.5.6 lookup 100 preference 503
    uidrange 10-20 table 100 priority 504
    ipproto tcp sport 10-20 dport 30-40 table 100 priority 505
    from 10.1.6.0/24 blackhole priority 507
    unreachable from 10.1.7.0/24 priority 508
    type prohibit from 10.1.8.0/24 priority 509
    from 10.1.9.0/24 goto 32766 priority 510
    from 10.1.10.0/24 nop priority 511
    table 100 suppress_prefixlength 0 priority 513
    table main sup_group 5 priority 514
    tos 8 table 100 realms 3/4 priority 515
    tunnel-id 77 table 100 priority 516
    from fd02::/64 to fd03::/64 l3mdev priority 517";

const DELETED: [&str; 4] = [
    "route del 10.10.3.0/24",
    "route del 10.10.9.0/24",
    "rule del priority 501",
    "-6 route del fd11::/64",
];

fn virtual_lines() -> String {
    format!("virtual_routes {{{ROUTES}\n}}\nvirtual_rules {{{RULES}\n}}")
}

#[test]
fn the_kernel_has_what_it_has_with_keepalived() {
    if unable(true) {
        return;
    }
    let net = apart();
    let before = tables(&net, 1);
    assert_eq!(tables(&net, 2), before);
    let conf = conf("", &virtual_lines());
    let k = net.keepalived(1, &conf);
    soon(|| net.has(1, "10.77.0.100") && tables(&net, 1).contains("517:"));
    let theirs = tables(&net, 1);
    for number in 1..=22 {
        assert!(theirs.contains(&format!(" 10.10.{number}.")), "no 10.10.{number}. in {theirs}");
    }
    let mut a = net.engine(2, &conf);
    a.until("BACKUP -> MASTER");
    assert_eq!(tables(&net, 2), theirs);
    let status = a.status();
    let routing = status["instances"][0]["routing"].as_array().unwrap();
    assert!(routing.iter().all(|it| it["held"] == true), "{routing:#?}");

    // Somebody deletes some of them. One has an election and then all again, the other puts them back.
    for words in DELETED {
        run(&format!("ip -n {} {words}", net.host(2)));
    }
    run(&format!("ip -n {} {}", net.host(1), DELETED[0]));
    soon(|| tables(&net, 2) == theirs);
    soon(|| tables(&net, 1) == theirs);

    a.begin_stop();
    a.stopped();
    k.stop();
    assert_eq!(tables(&net, 2), before);
    assert_eq!(tables(&net, 1), before);
}

#[test]
#[ignore = "needs a kernel with VRF: runs on a lab host"]
fn kernel_with_vrf_has_what_it_has_with_keepalived() {
    let net = apart();
    for host in [1, 2] {
        for words in
            ["link add blue type vrf table 10", "link set blue up", "link set v2 master blue"]
        {
            run(&format!("ip -n {} {words}", net.host(host)));
        }
    }
    let lines =
        "virtual_routes {\n10.20.0.0/16 dev v2 vrf blue\n10.21.0.0/16 via 10.79.0.9 vrf blue\n}
        virtual_rules {\nl3mdev priority 7\n}";
    let conf = conf("", lines);
    let k = net.keepalived(1, &conf);
    soon(|| tables(&net, 1).contains("10.21.0.0/16") && tables(&net, 1).contains("7:"));
    let theirs = tables(&net, 1);
    let mut a = net.engine(2, &conf);
    a.until("BACKUP -> MASTER");
    assert_eq!(tables(&net, 2), theirs);
    // The routes go with it, and come again with it, in another table.
    let own = net.host(2);
    run(&format!("ip -n {own} link del blue"));
    soon(|| !tables(&net, 2).contains("10.20.0.0/16"));
    run(&format!("ip -n {own} link add blue type vrf table 11"));
    run(&format!("ip -n {own} link set blue up"));
    run(&format!("ip -n {own} link set v2 master blue"));
    soon(|| tables(&net, 2).contains("table blue") || tables(&net, 2).contains("table 11"));
    a.begin_stop();
    a.stopped();
    k.stop();
    assert!(!tables(&net, 2).contains("proto keepalived"));
}

#[test]
fn the_commands_of_a_plan_do_the_same() {
    if unable(false) {
        return;
    }
    let net = apart();
    let conf = conf("", &virtual_lines());
    let mut a = net.engine(2, &conf);
    a.until("BACKUP -> MASTER");
    let own = net.host(1);
    run(&format!("ip -n {own} address add 10.77.0.100/24 dev v0"));
    let instance = &settings(&conf).vrrp.instances[0];
    let routes = instance.routes.iter().map(|it| it.change(true));
    for command in routes.chain(instance.rules.iter().map(|it| it.change(true))) {
        run(&command.replacen("ip ", &format!("ip -n {own} "), 1));
    }
    assert_eq!(tables(&net, 1), tables(&net, 2));
}

fn master(net: &Net, conf: &str) -> Engine {
    let mut engine = net.engine(2, conf);
    engine.until("BACKUP -> MASTER");
    engine
}

#[test]
fn what_somebody_deletes_is_put_back_and_counted() {
    if unable(false) {
        return;
    }
    let net = apart();
    let own = net.host(2);
    let conf = conf(
        "static_routes {\n10.20.0.0/16 dev v1\n}\nstatic_rules {\ntable 7 priority 70\n}",
        "virtual_routes {\n10.10.1.0/24 via 10.77.0.250\ndefault via 10.77.0.250\nfd10::/64 via fd77::5\n}
         virtual_rules {\nfrom 10.1.1.0/24 table 100 priority 500\n}",
    );
    let mut a = master(&net, &conf);
    let whole = tables(&net, 2);
    for (number, (words, why)) in [
        ("route del 10.10.1.0/24", "route 10.10.1.0/24 via 10.77.0.250"),
        ("-6 route del fd10::/64", "route fd10::/64 via fd77::5"),
        ("rule del priority 500", "rule priority 500 from 10.1.1.0/24 table 100"),
        ("route del 10.20.0.0/16", "route 10.20.0.0/16 dev v1"),
        ("rule del priority 70", "rule priority 70 table 7"),
        ("route replace default via 10.77.0.251", "route default via 10.77.0.250"),
    ]
    .into_iter()
    .enumerate()
    {
        a.forget();
        run(&format!("ip -n {own} {words}"));
        let told = a.until("put back");
        assert_eq!(told, format!("{why} was deleted by somebody; put back"));
        assert_eq!(a.status()["repairs"], number + 1);
        if words.contains("replace") {
            run(&format!("ip -n {own} route del default via 10.77.0.251"));
        }
        soon(|| tables(&net, 2) == whole);
    }
    // Somebody else's, even with the same destination, are nobody's business.
    run(&format!("ip -n {own} route add 10.10.1.0/24 via 10.77.0.252 metric 9"));
    run(&format!("ip -n {own} route del 10.10.1.0/24 via 10.77.0.252 metric 9"));
    assert_eq!(a.status()["repairs"], 6);
    soon(|| tables(&net, 2) == whole);
}

#[test]
fn routes_that_go_with_their_interface_or_address_come_back_with_it() {
    if unable(false) {
        return;
    }
    let net = apart();
    let own = net.host(2);
    let conf = conf(
        "static_ipaddress {\n10.80.0.1/24 dev v2\n}\nstatic_routes {\n10.20.0.0/16 via 10.80.0.9\nfd20::/64 dev v2\n}",
        "virtual_routes {\n10.10.1.0/24 dev v1 no_track\n10.10.2.0/24 via 10.78.0.9
         10.10.3.0/24 dev v0 src 10.77.0.100\n10.10.4.0/24 nexthop via 10.77.0.250 nexthop via 10.78.0.9\nfd10::/64 via fd78::5\n}",
    );
    let mut a = master(&net, &conf);
    let whole = tables(&net, 2);
    assert!(whole.contains("10.20.0.0/16") && whole.contains("fd10::/64"), "{whole}");
    run(&format!("ip -n {own} link set v1 down"));
    run(&format!("ip -n {own} link set v2 down"));
    soon(|| !tables(&net, 2).contains("10.10.2.0"));
    run(&format!("ip -n {own} link set v1 up"));
    run(&format!("ip -n {own} link set v2 up"));
    // IPv6 addresses went too, and are not ours.
    run(&format!("ip -n {own} address add fd78::1/64 dev v1 nodad"));
    soon(|| tables(&net, 2) == whole);
    run(&format!("ip -n {own} address del 10.77.0.100/24 dev v0"));
    a.until("put back");
    soon(|| tables(&net, 2) == whole);
    run(&format!("ip -n {own} address del 10.80.0.1/24 dev v2"));
    soon(|| tables(&net, 2) == whole);
    // Even an interface that is another one.
    run(&format!("ip -n {own} link del v1"));
    soon(|| !tables(&net, 2).contains("10.10.1.0"));
    run(&format!("ip -n {own} link add v1 type veth peer name pv1"));
    run(&format!("ip -n {own} link set pv1 up"));
    run(&format!("ip -n {own} address add 10.78.0.1/24 dev v1"));
    run(&format!("ip -n {own} link set v1 up"));
    run(&format!("ip -n {own} address add fd78::1/64 dev v1 nodad"));
    soon(|| tables(&net, 2) == whole);
    // Only the two addresses were deleted by somebody.
    assert_eq!(a.status()["repairs"], 2);
    assert_eq!(a.state(), "MASTER");
}

#[test]
fn a_successor_adopts_and_a_reload_changes_only_what_differs() {
    if unable(false) {
        return;
    }
    let net = apart();
    let own = net.host(2);
    let slow = |text: String| {
        text.replace("advert_int 0.1", "advert_int 3\nstate MASTER")
            .replace("priority 150", "priority 255")
    };
    let conf_of = |lines: &str| slow(conf("static_rules {\ntable 7 priority 70\n}", lines));
    let first = "virtual_routes {\n10.10.1.0/24 dev v1 mtu 1400\nfd10::/64 via fd77::5\n10.10.4.0/24 dev v1 protocol static no_track\n}
                 virtual_rules {\nfrom 10.1.1.0/24 table 100 priority 500\n}";
    let mut a = net.engine(2, &conf_of(first));
    a.until("-> MASTER");
    soon(|| tables(&net, 2).contains("10.10.1.0"));
    let whole = tables(&net, 2);
    let watch = net.watch(2, &["route", "rule"]);
    for _ in 0..2 {
        assert_eq!(a.state(), "MASTER");
        a = a.replace(&own, &conf_of(first));
        a.until("-> MASTER");
    }
    a.reload(&conf_of(first));
    assert_eq!(a.state(), "MASTER");
    assert_eq!(tables(&net, 2), whole);
    assert!(!watch.seen().contains("proto keepalived"), "{}", watch.seen());

    let second = first.replace("mtu 1400", "mtu 1300").replace("priority 500", "priority 501");
    a.reload(&conf_of(&second));
    soon(|| tables(&net, 2) == whole.replace("mtu 1400", "mtu 1300").replace("500:", "501:"));
    let seen = watch.seen();
    assert!(seen.contains("mtu 1300") && !seen.contains("fd10::/64"), "{seen}");

    // A former life's, with another configuration.
    a.kill();
    let mut a = net.engine(2, &slow(conf("", "")));
    a.until("-> MASTER");
    soon(|| !tables(&net, 2).contains("proto keepalived"));
}

#[test]
fn an_instance_follows_the_interfaces_of_its_routes() {
    if unable(false) {
        return;
    }
    let net = apart();
    let own = net.host(2);
    let conf = conf(
        "track_group up { group { read } }\nstatic_routes {\n10.20.0.0/16 dev v2 track_group up\n}",
        "virtual_routes {\n10.10.1.0/24 dev v1\n}",
    );
    let mut a = master(&net, &conf);
    for dev in ["v1", "v2"] {
        a.forget();
        run(&format!("ip -n {own} link set {dev} down"));
        assert_eq!(a.until("MASTER -> FAULT"), format!("tracked interface {dev} failed"));
        soon(|| !tables(&net, 2).contains("10.10.1.0"));
        run(&format!("ip -n {own} link set {dev} up"));
        a.until("BACKUP -> MASTER");
        soon(|| tables(&net, 2).contains("10.10.1.0") && tables(&net, 2).contains("10.20.0.0"));
    }
}

#[test]
fn somebody_who_deletes_again_and_again_wins() {
    if unable(false) {
        return;
    }
    let net = apart();
    let own = net.host(2);
    let mut a = master(&net, &conf("", "virtual_rules {\ntable 7 priority 70\n}"));
    for _ in 0..10 {
        a.forget();
        run(&format!("ip -n {own} rule del priority 70"));
        a.until("put back");
        soon(|| tables(&net, 2).contains("70:"));
    }
    run(&format!("ip -n {own} rule del priority 70"));
    a.until("MASTER -> FAULT");
}

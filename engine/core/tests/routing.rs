//! Lines of routes and rules: each option, each mistake, and that what is printed means the same (reference §2.4).

use std::collections::BTreeMap;

use understudy_core::config::{self, Environment, Parsed, Source};
use understudy_core::net::route::Route;
use understudy_core::net::rule::Rule;
use understudy_core::random::Random;

/// A configuration, and iproute2's files beside it.
struct Memory {
    main: String,
    files: BTreeMap<&'static str, &'static str>,
}

impl Source for Memory {
    fn glob(&mut self, pattern: &str) -> Vec<String> {
        let names = self.files.keys().filter(|name| config::glob::matches(pattern, name));
        names.map(|name| (*name).to_owned()).collect()
    }

    fn read(&mut self, name: &str) -> Result<Vec<u8>, String> {
        let main = (name == "main.conf").then_some(self.main.as_str());
        let text = main.or_else(|| self.files.get(name).copied()).ok_or("no such file")?;
        Ok(text.as_bytes().to_vec())
    }
}

fn parse_with(text: &str, files: &[(&'static str, &'static str)]) -> Parsed {
    let files = files.iter().copied().collect();
    let mut source = Memory { main: text.to_owned(), files };
    config::parse(&mut source, "main.conf", &Environment::default())
}

fn parse(text: &str) -> Parsed {
    parse_with(text, &[])
}

/// The first finding on the second line, as `COLUMN MESSAGE (LABEL); HELP`.
fn finding(parsed: &Parsed) -> String {
    let Some(it) = parsed.diagnostics.first() else { return String::new() };
    let (_, _, column) = parsed.files.position(it.span.unwrap_or_default());
    let label = if it.label.is_empty() { String::new() } else { format!(" ({})", it.label) };
    let help = it.help.as_ref().map_or_else(String::new, |help| format!("; {help}"));
    format!("{column} {}{label}{help}", it.message)
}

fn route(line: &str) -> Result<Route, String> {
    let parsed = parse(&format!("static_routes {{\n{line}\n}}\n"));
    let found = finding(&parsed);
    let settings = parsed.settings.ok_or(found)?;
    settings.vrrp.static_routes.first().cloned().ok_or(String::new())
}

fn rule(line: &str) -> Result<Rule, String> {
    let parsed = parse(&format!("static_rules {{\n{line}\n}}\n"));
    let found = finding(&parsed);
    let settings = parsed.settings.ok_or(found)?;
    settings.vrrp.static_rules.first().cloned().ok_or(String::new())
}

#[test]
fn a_route_is_the_command_that_ip_takes() {
    for (line, command) in [
        ("10.1.0.0/16 dev eth0", "10.1.0.0/16 protocol keepalived scope global dev eth0"),
        ("default gw 10.0.0.9", "default protocol keepalived scope global via 10.0.0.9"),
        (
            "0.0.0.0/0 via 10.0.0.9 src 10.0.0.1",
            "default src 10.0.0.1 protocol keepalived scope global via 10.0.0.9",
        ),
        (
            "10.1.1.1 dev eth0 metric 0",
            "10.1.1.1 protocol keepalived scope global metric 0 dev eth0",
        ),
        ("blackhole 10.1.0.0/16 table 0x10", "blackhole 10.1.0.0/16 table 16 protocol keepalived"),
        (
            "local 10.1.1.1 dev lo",
            "local 10.1.1.1 table main protocol keepalived scope host dev lo",
        ),
        (
            "10.1.0.0/16 dev eth0 dsfield 16 scope site",
            "10.1.0.0/16 tos 0x10 protocol keepalived scope site dev eth0",
        ),
        (
            "10.1.0.0/16 dev eth0 mtu 1400 mtu lock 1300",
            "10.1.0.0/16 protocol keepalived scope global mtu lock 1300 dev eth0",
        ),
        ("10.1.0.0/16 nexthop dev eth0", "10.1.0.0/16 protocol keepalived scope global dev eth0"),
        (
            "10.1.0.0/16 dev eth0 encap ip dst 10.9.9.9 ttl 3 src 10.9.9.1",
            "10.1.0.0/16 protocol keepalived scope global dev eth0 encap ip dst 10.9.9.9 src 10.9.9.1 ttl 3",
        ),
    ] {
        let found = route(line).map(|it| it.command("add"));
        assert_eq!(found.as_deref(), Ok(format!("ip route add {command}").as_str()), "{line}");
    }
    let v6 = route("inet6 default dev eth0 pref low").unwrap().command("del");
    assert_eq!(v6, "ip -6 route del default protocol keepalived pref low dev eth0");
}

#[test]
fn a_wrong_route_is_told_with_its_place() {
    for (line, want) in [
        ("10.1.0.0/16", "1 a route that leads nowhere; add `via IP` or `dev IF`"),
        ("dev eth0", "1 a route without destination; begin with `IP/LENGTH` or `default`"),
        ("10.1.0.0/16 vai 10.0.0.9", "13 unknown option `vai` of a route; did you mean `via`?"),
        ("10.1.0.0/16 via", "13 `via` needs a value"),
        (
            "10.1.0.0/16 via 10.0.0",
            "17 `via`: `10.0.0` is no address (expected an IPv4 or IPv6 address)",
        ),
        ("10.1.0.0/16 via fd00::1", "17 this is IPv6, the route is IPv4"),
        ("10.1.0.0/16 via inet6 10.0.0.1", "23 `via`: `10.0.0.1` is not of this family"),
        ("10.1.0.0/33 dev eth0", "1 `10.1.0.0/33` is no address (expected /0 to /32)"),
        (
            "10.1.2.0/16 dev eth0",
            "1 `10.1.2.0/16` has bits behind its prefix length; did you mean `10.1.0.0/16`?",
        ),
        ("10.1.0.0/16 10.2.0.0/16 dev eth0", "13 unknown option `10.2.0.0/16` of a route"),
        (
            "10.1.0.0/16 to 10.2.0.0/16 dev eth0",
            "16 a second destination, `10.2.0.0/16`; each route stands on a line of its own",
        ),
        ("10.1.0.0/16 dev eth0 dev eth1", "22 `dev` is given twice"),
        (
            "10.1.0.0/16 dev an-interface-with-a-long-name",
            "17 `dev`: `an-interface-with-a-long-name` is no interface name (expected 1 to 15 bytes without `/`)",
        ),
        (
            "10.1.0.0/16 dev eth0 table isp",
            "28 unknown table `isp` (expected a name of iproute2's rt_tables, or 1 to 4294967295)",
        ),
        (
            "10.1.0.0/16 dev eth0 table mian",
            "28 unknown table `mian` (expected a name of iproute2's rt_tables, or 1 to 4294967295); did you mean `main`?",
        ),
        (
            "10.1.0.0/16 dev eth0 protocol 256",
            "31 unknown protocol `256` (expected a name of iproute2's rt_protos, or 0 to 255)",
        ),
        (
            "10.1.0.0/16 dev eth0 metric 0x10",
            "29 `metric`: `0x10` is not a number (expected a number from 0 to 4294967295)",
        ),
        (
            "10.1.0.0/16 dev eth0 rtt 1min",
            "26 `rtt`: `1min` is not a time (expected as `250ms`, `1.5s`, `1000`)",
        ),
        ("10.1.0.0/16 dev eth0 hoplimit lock 5", "31 `hoplimit` can't be locked"),
        (
            "10.1.0.0/16 dev eth0 hoplimit 256",
            "31 `hoplimit`: 256 is out of range (expected 0 to 255)",
        ),
        (
            "10.1.0.0/16 dev eth0 features dctcp",
            "31 `features`: `dctcp` is not a feature (expected `ecn`)",
        ),
        ("10.1.0.0/16 dev eth0 expires 100", "22 `expires` is for IPv6 only"),
        ("10.1.0.0/16 dev eth0 pref high", "22 `pref` is for IPv6 only"),
        ("10.1.0.0/16 dev eth0 from 10.0.0.0/8", "22 `from` is for IPv6 only"),
        ("fd10::/64 dev eth0 tos 4", "20 `tos` is for IPv4 only"),
        (
            "10.1.0.0/16 dev eth0 ttl-propagate on",
            "36 `ttl-propagate`: `on` is not `enabled` or `disabled`",
        ),
        (
            "10.1.0.0/16 dev eth0 encap gre",
            "28 `encap`: `gre` is not an encapsulation (expected mpls, ip, ip6 or ila)",
        ),
        (
            "10.1.0.0/16 dev eth0 encap ip id 5",
            "28 `encap ip` without `dst`; add `dst IP`, the tunnel's other end",
        ),
        ("10.1.0.0/16 dev eth0 encap ip dst fd00::1", "35 `dst`: `fd00::1` is not an IPv4 address"),
        (
            "10.1.0.0/16 dev eth0 encap mpls 1048576",
            "33 `mpls`: `1048576` is not a list of labels (expected as 100/200, each 0 to 1048575)",
        ),
        (
            "10.1.0.0/16 dev eth0 encap ila 1:2",
            "32 `ila`: `1:2` is not a locator (expected as 1:2:3:4)",
        ),
        ("10.1.0.0/16 nexthop weight 3", "13 a `nexthop` without way; add `via IP` or `dev IF`"),
        (
            "10.1.0.0/16 nexthop dev eth0 weight 257",
            "37 `weight`: 257 is out of range (expected 1 to 256)",
        ),
        (
            "10.1.0.0/16 nexthop dev eth0 mtu 1400",
            "30 `mtu` stands behind `nexthop`; `nexthop` comes last",
        ),
        (
            "10.1.0.0/16 dev eth0 nexthop dev eth1",
            "22 a route has a way of its own or `nexthop`, not both",
        ),
        ("10.1.0.0/16 via 10.0.0.9 onlink", "1 `onlink` needs to know the link; add `dev IF`"),
        (
            "blackhole 10.1.0.0/16 dev eth0",
            "23 a route of type `blackhole` leads nowhere; leave `via`, `dev` out",
        ),
        ("nat 10.1.0.0/16 dev eth0", "1 Linux has had no routes of type `nat` since 2.6"),
        (
            "10.1.0.0/16 dev eth0 table 5 vrf red",
            "34 a VRF has its own table: `vrf` or `table`, not both",
        ),
        (
            "10.1.0.0/16 via 10.0.0.9 track_group g",
            "38 `track_group` follows an interface, and the route names none; add `dev IF`",
        ),
        ("10.1.0.0/16 dev eth0 track_group g", "34 there is no track_group `g`"),
    ] {
        assert_eq!(route(line), Err(want.to_owned()), "{line}");
    }
}

#[test]
fn a_rule_is_the_command_that_ip_takes() {
    for (line, command) in [
        (
            "from 10.1.0.0/16 table 100 priority 5",
            "priority 5 from 10.1.0.0/16 protocol keepalived table 100",
        ),
        ("table main order 5", "priority 5 protocol keepalived table main"),
        ("to any lookup 7 preference 5", "priority 5 to all protocol keepalived table 7"),
        (
            "not fwmark 16/0xff goto 9 priority 5",
            "priority 5 not fwmark 0x10/0xff protocol keepalived goto 9",
        ),
        (
            "dport 80 ipproto UDP nop priority 5",
            "priority 5 ipproto 17 dport 80-80 protocol keepalived nop",
        ),
        (
            "tunnel-id 9 blackhole priority 5",
            "priority 5 tun_id 9 protocol keepalived type blackhole",
        ),
        ("l3mdev protocol 12 priority 5", "priority 5 protocol 12 l3mdev"),
    ] {
        let found = rule(line).map(|it| it.command("add"));
        assert_eq!(found.as_deref(), Ok(format!("ip rule add {command}").as_str()), "{line}");
    }
}

#[test]
fn a_wrong_rule_is_told_with_its_place() {
    for (line, want) in [
        (
            "from 10.1.0.0/16 priority 5",
            "1 a rule that does nothing; add `table T`, `goto N`, `nop`, `blackhole`, `unreachable` or `prohibit`",
        ),
        ("table 5 blackhole priority 5", "9 a rule does one thing"),
        ("l3mdev table 5 priority 5", "8 a rule does one thing"),
        ("frm 10.1.0.0/16 table 5", "1 unknown option `frm` of a rule; did you mean `from`?"),
        ("ip_proto tcp table 5", "1 unknown option `ip_proto` of a rule; did you mean `ipproto`?"),
        (
            "ipproto tpc table 5",
            "9 `ipproto`: `tpc` is not an IP protocol (expected tcp, udp, icmp ... or 1 to 255)",
        ),
        ("from 10.1.0.0/16 to fd00::/64 table 5", "21 this is IPv6, the rule is IPv4"),
        (
            "from 10.1.2.0/16 table 5",
            "6 `10.1.2.0/16` has bits behind its prefix length; did you mean `10.1.0.0/16`?",
        ),
        (
            "sport 10-5 table 5",
            "7 `sport`: `10-5` is not a range (expected FIRST-LAST, each 1 to 65535)",
        ),
        ("dport 0 table 5", "7 `dport`: `0` is not a range (expected FIRST-LAST, each 1 to 65535)"),
        (
            "uidrange a table 5",
            "10 `uidrange`: `a` is not a range (expected FIRST-LAST, each 0 to 4294967294)",
        ),
        (
            "fwmark 1/2/3 table 5",
            "8 `fwmark`: `1/2/3` is not a mark (expected as 5, 0x5 or 0x5/0xff)",
        ),
        (
            "realms a/b table 5",
            "8 unknown realm `a` (expected a name of iproute2's rt_realms, or 0 to 65535)",
        ),
        ("table 5 sup_pl 33", "1 `suppress_prefixlength` is at most 32 here"),
        ("priority 5 goto 5", "12 `goto 5` leads back: the rule's own priority is 5"),
        (
            "type throw priority 5",
            "6 `type`: `throw` is not `blackhole`, `unreachable` or `prohibit`",
        ),
        ("from 10.1.0.0/16 from 10.2.0.0/16 table 5", "18 `from` is given twice"),
        (
            "table 5 track_group g",
            "21 `track_group` follows an interface, and the rule names none; add `iif IF`",
        ),
    ] {
        // The advice to give a priority comes first where there is none.
        let line =
            if line.contains("priority") { line.to_owned() } else { format!("{line} priority 1") };
        assert_eq!(rule(&line), Err(want.to_owned()), "{line}");
    }
}

#[test]
fn names_come_from_the_folders_that_the_configuration_names() {
    let files = [
        ("/usr/share/iproute2/rt_tables", "100 isp1\n"),
        ("/etc/iproute2/rt_tables.d/more.conf", "101 isp2\n"),
        ("/etc/iproute2/rt_protos", "77 own\n"),
        ("/opt/names/rt_tables", "102 isp3\n"),
        ("/opt/names/rt_realms", "9 customers\n"),
    ];
    let text = "static_routes {\n10.1.0.0/16 dev eth0 table isp1 protocol own\n10.1.0.0/16 dev eth0 table isp2\n}\n";
    let settings = parse_with(text, &files).settings.unwrap();
    let tables: Vec<u32> = settings.vrrp.static_routes.iter().map(|it| it.table).collect();
    assert_eq!((tables, settings.vrrp.static_routes[0].protocol), (vec![100, 101], 77));
    let global = "global_defs {\niproute_etc_dir /opt/names\niproute_usr_dir /none\n}\n";
    let text = "static_rules {\ntable isp3 realms customers priority 5\n}\n".to_owned() + global;
    let rules = parse_with(&text, &files).settings.unwrap().vrrp.static_rules;
    assert_eq!(
        rules[0].command("add"),
        "ip rule add priority 5 realms 9 protocol keepalived table 102"
    );
    let text = "static_rules {\ntable isp1 priority 5\n}\n".to_owned() + global;
    assert_eq!(
        finding(&parse_with(&text, &files)),
        "7 unknown table `isp1` (expected a name of iproute2's rt_tables, or 1 to 4294967295); did you mean `isp3`?"
    );
}

#[test]
fn instances_track_the_interfaces_of_their_routes_rules_and_track_groups() {
    let text = "
        track_group g { group { a } }
        static_ipaddress { 10.5.0.1/24 dev s0 track_group g }
        static_routes { 10.6.0.0/16 dev s1 track_group g
            10.7.0.0/16 dev s9 }
        static_rules { iif s2 table 7 priority 9 track_group g }
        vrrp_instance a { interface eth0
            virtual_router_id 1
            virtual_ipaddress { 10.0.0.100 }
            track_interface { v1 weight 5 }
            virtual_routes { 10.1.0.0/16 dev eth0
                10.2.0.0/16 dev v0
                10.3.0.0/16 dev v1
                10.4.0.0/16 dev v9 no_track
                10.5.0.0/16 nexthop dev v8 nexthop dev v7 }
            virtual_rules { iif v2 oif v3 table 7 priority 10
                iif v6 table 7 priority 11 no_track }
        }";
    let parsed = parse(text);
    let settings = parsed.settings.unwrap_or_else(|| panic!("{:#?}", parsed.diagnostics));
    let tracks = &settings.vrrp.instances[0].tracks.interfaces;
    let names: Vec<(&str, i16)> = tracks.iter().map(|it| (it.name.as_str(), it.weight)).collect();
    let want = [("v1", 5), ("v0", 0), ("v2", 0), ("v3", 0), ("s0", 0), ("s1", 0), ("s2", 0)];
    assert_eq!(names, want);
}

#[test]
fn track_groups_name_what_is_there() {
    for (text, want) in [
        (
            "static_ipaddress { 10.1.1.1 track_group g }\ntrack_group g { group { a } }",
            "25 there is no vrrp_instance `a`",
        ),
        (
            "static_ipaddress { 10.1.1.1 track_group up-link }\ntrack_group uplink { }",
            "41 there is no track_group `up-link`; did you mean `uplink`?",
        ),
        ("track_group g { }", "13 track_group `g` has no members; add `group { INSTANCE ... }`"),
    ] {
        assert_eq!(finding(&parse(text)), want, "{text}");
    }
}

const ROUTE_PARTS: &[&str] = &[
    "inet",
    "inet6",
    "unicast",
    "blackhole",
    "throw",
    "src 10.0.0.1",
    "src fd00::1",
    "tos 16",
    "dsfield 0x20",
    "table 100",
    "table local",
    "vrf red",
    "protocol bird",
    "scope link",
    "metric 7",
    "dev eth0",
    "oif eth1",
    "via 10.0.0.9",
    "gw fd00::9",
    "via inet6 fe80::1",
    "onlink",
    "or 10.0.0.8",
    "expires 60",
    "mtu 1400",
    "mtu lock 1300",
    "rtt 250ms",
    "rttvar lock 3",
    "rto_min 1.25s",
    "window 9",
    "features ecn",
    "quickack 0",
    "congctl cubic",
    "pref high",
    "ttl-propagate disabled",
    "no_track",
    "append",
    "add",
    "realms 3/4",
    "as to 10.7.7.7",
    "encap ip dst 10.9.9.9 id 7",
    "encap ip6 dst fd09::1 hoplimit 3 src fd09::2",
    "encap mpls 100/200 ttl 5",
    "encap ila 1:2:3:4",
    "from fd01::/64",
];
const HOP_PARTS: &[&str] = &[
    "via 10.0.0.9",
    "via fd00::9",
    "dev eth0",
    "weight 5",
    "onlink",
    "realms 7",
    "encap ip dst 10.9.9.9 tos 4",
];
const RULE_PARTS: &[&str] = &[
    "inet",
    "inet6",
    "not",
    "from 10.1.0.0/16",
    "from fd01::/64",
    "to any",
    "to 10.2.0.0/16",
    "fwmark 5",
    "fwmark 0x10/0xff",
    "tos 16",
    "iif eth0",
    "dev eth1",
    "oif eth2",
    "uidrange 5",
    "tunnel-id 99",
    "ipproto tcp",
    "sport 80",
    "dport 80-90",
    "protocol 4",
    "priority 5",
    "order 70",
    "realms 3/4",
    "sup_pl 0",
    "sup_group 7",
    "no_track",
];
const RULE_ACTIONS: &[&str] =
    &["table 100", "lookup main", "goto 9000", "nop", "type blackhole", "prohibit", "l3mdev"];
const DESTINATIONS: &[&str] =
    &["10.1.0.0/16", "fd10::/64", "default", "to 10.1.1.1", "to throw 10.3.0.0/16", "any"];

fn some(random: &mut Random, parts: &[&str], most: u64) -> String {
    let mut text = String::new();
    for _ in 0..random.below(most + 1) {
        let index = usize::try_from(random.below(parts.len() as u64)).unwrap();
        text.push(' ');
        text.push_str(parts[index]);
    }
    text
}

fn one(random: &mut Random, parts: &[&'static str]) -> &'static str {
    parts[usize::try_from(random.below(parts.len() as u64)).unwrap()]
}

#[test]
fn what_parses_prints_and_parses_to_the_same() {
    let seed = std::env::var("SEED").map_or(1, |seed| seed.parse().unwrap());
    let mut random = Random::new(seed);
    let (mut routes, mut rules) = (0, 0);
    for _ in 0..4_000 {
        let before = some(&mut random, ROUTE_PARTS, 3);
        let destination = one(&mut random, DESTINATIONS);
        let mut line = format!("{before} {destination}{}", some(&mut random, ROUTE_PARTS, 4));
        for _ in 0..random.below(3) {
            line.push_str(&format!(" nexthop{}", some(&mut random, HOP_PARTS, 4)));
        }
        if let Ok(found) = route(&line) {
            assert_eq!(route(&found.line()).as_ref(), Ok(&found), "{line}: {}", found.line());
            routes += 1;
        }
        let before = some(&mut random, RULE_PARTS, 4);
        let action = one(&mut random, RULE_ACTIONS);
        let line = format!("{before} {action}{}", some(&mut random, RULE_PARTS, 4));
        if let Ok(found) = rule(&line) {
            assert_eq!(rule(&found.line()).as_ref(), Ok(&found), "{line}: {}", found.line());
            rules += 1;
        }
    }
    assert!(routes > 100 && rules > 100, "{routes} routes and {rules} rules were good");
}

#[test]
fn no_line_makes_it_panic() {
    let mut random = Random::new(7);
    for _ in 0..5_000 {
        let mut line = some(&mut random, ROUTE_PARTS, 6) + &some(&mut random, RULE_PARTS, 6);
        let cut = usize::try_from(random.below(line.len() as u64 + 1)).unwrap();
        line.truncate(cut);
        let _ = (route(&format!("10.1.0.0/16{line}")), rule(&line));
    }
}

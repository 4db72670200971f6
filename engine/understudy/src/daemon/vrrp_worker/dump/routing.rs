//! Routes and rules in keepalived's words, which are not those of its configuration.

use understudy_core::net::prefix::Prefix;
use understudy_core::net::route::{Hop, MAIN, Preference, Realms, Route};
use understudy_core::net::rule::{Action, Rule};

/// `prepend 192.0.2.0/24 via inet 10.0.0.9 dev v0 table 100 proto 18 metric 5`
pub fn route(route: &Route) -> String {
    let mut words = vec![route.mode.word().to_owned()];
    if route.kind.word() != "unicast" {
        words.push(route.kind.word().to_owned());
    }
    words.push(network(&route.to));
    let mut set = |word: &str, value: Option<String>| {
        words.extend(value.map(|value| format!("{word} {value}")));
    };
    let text = |number: u32| number.to_string();
    let one = if let [hop] = route.hops.as_slice() { Some(hop) } else { None };
    set("from", route.from.as_ref().map(network));
    set("src", route.src.map(|it| it.to_string()));
    set("tos", (route.tos != 0).then(|| route.tos.to_string()));
    set("encap", one.and_then(|hop| hop.encap.as_ref()).map(ToString::to_string));
    set("via", one.and_then(gateway));
    set("dev", one.and_then(|hop| hop.dev.clone()));
    set("vrf", route.vrf.clone());
    set("table", (route.table != MAIN && route.vrf.is_none()).then(|| text(route.table)));
    set("proto", Some(route.protocol.to_string()));
    set("scope", (route.scope != 0).then(|| route.scope.to_string()));
    set("metric", route.metric.map(text));
    set("expires", route.expires.map(|seconds| format!("{seconds}sec")));
    if one.is_some_and(|hop| hop.onlink) {
        words.push("onlink".to_owned());
    }
    words.extend(one.and_then(|hop| hop.realms).map(|it| format!("realms {}", Realms(it))));
    words.extend(route.metrics.iter().map(ToString::to_string));
    words.extend(route.pref.map(|it| format!("pref {}", preference(it))));
    let propagate = |on: bool| if on { "enabled" } else { "disabled" };
    words.extend(route.ttl_propagate.map(|on| format!("ttl-propagate {}", propagate(on))));
    if one.is_none() {
        words.extend(route.hops.iter().map(next_hop));
    }
    if route.tracked().is_none() {
        words.push("no_track".to_owned());
    }
    words.join(" ")
}

/// One of several.
fn next_hop(hop: &Hop) -> String {
    let mut words = vec!["nexthop".to_owned()];
    words.extend(hop.encap.as_ref().map(|it| format!("encap {it}")));
    words.extend(gateway(hop).map(|it| format!("via {it}")));
    words.extend(hop.dev.as_ref().map(|it| format!("dev {it}")));
    words.push(format!("weight {}", hop.weight));
    if hop.onlink {
        words.push("onlink".to_owned());
    }
    words.extend(hop.realms.map(|it| format!("realm {}", Realms(it))));
    words.join(" ")
}

fn gateway(hop: &Hop) -> Option<String> {
    hop.via.map(|via| format!("{} {via}", if via.is_ipv4() { "inet" } else { "inet6" }))
}

const fn preference(it: Preference) -> &'static str {
    match it {
        Preference::Low => "low",
        Preference::Medium => "medium",
        Preference::High => "high",
    }
}

/// A single address without its length, everything with it.
fn network(it: &Prefix) -> String {
    if it.len == 0 { format!("{}/0", it.ip) } else { it.to_string() }
}

/// `from 10.0.0.0/24 priority 1005 tos 0x0 protocol 18 lookup 100`
pub fn rule(rule: &Rule) -> String {
    let mut words = Vec::new();
    if rule.not {
        words.push("not".to_owned());
    }
    let mut set = |word: &str, value: Option<String>| {
        words.extend(value.map(|value| format!("{word} {value}")));
    };
    let text = |number: u32| number.to_string();
    let range = |(first, last): (u16, u16)| format!("{first}-{last}");
    set("from", Some(rule.from.as_ref().map_or_else(|| "all".to_owned(), network)));
    set("to", rule.to.as_ref().map(network));
    set("priority", Some(text(rule.priority)));
    set("tos", Some(format!("0x{:x}", rule.tos)));
    set(
        "fwmark",
        rule.fwmark.map(|(mark, mask)| match mask {
            u32::MAX => format!("0x{mark:x}"),
            mask => format!("0x{mark:x}/0x{mask:x}"),
        }),
    );
    set("iif", rule.iif.clone());
    set("oif", rule.oif.clone());
    set("suppress_prefixlen", rule.suppress_prefixlength.map(text));
    set("suppress_ifgroup", rule.suppress_ifgroup.map(text));
    set("tunnel-id", rule.tunnel_id.map(|id| id.to_string()));
    set("uidrange", rule.uids.map(|(first, last)| format!("{first}-{last}")));
    let l3mdev = if rule.action == Action::L3mdev { "l3mdev " } else { "" };
    set(&format!("{l3mdev}protocol"), Some(rule.protocol.to_string()));
    set("ipproto", rule.ip_protocol.map(|number| number.to_string()));
    set("sport", rule.sport.map(range));
    set("dport", rule.dport.map(range));
    set("realms", rule.realms.map(|it| Realms(it).to_string()));
    words.push(match rule.action {
        Action::Table(number) => format!("lookup {number}"),
        Action::L3mdev => "lookup 0".to_owned(),
        Action::Goto(priority) => format!("goto {priority}"),
        Action::Nop => "nop".to_owned(),
        Action::Blackhole => "type blackhole".to_owned(),
        Action::Unreachable => "type unreachable".to_owned(),
        Action::Prohibit => "type prohibit".to_owned(),
    });
    if rule.no_track {
        words.push("no_track".to_owned());
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use understudy_core::config::{self, Environment, Source};

    use super::*;

    struct Text(String);

    impl Source for Text {
        fn glob(&mut self, pattern: &str) -> Vec<String> {
            vec![pattern.to_owned()]
        }

        fn read(&mut self, _: &str) -> Result<Vec<u8>, String> {
            Ok(self.0.clone().into_bytes())
        }
    }

    /// Lines of a block, and how keepalived 2.2.7 dumps them.
    const ROUTES: [[&str; 2]; 8] = [
        [
            "10.1.1.1/32 via 10.77.0.9 dev v0 onlink src 10.77.0.1 tos 0x10 table 5 metric 4 realms 1/2",
            "prepend 10.1.1.1 src 10.77.0.1 tos 16 via inet 10.77.0.9 dev v0 table 5 proto 18 metric 4 onlink realms 1/2",
        ],
        [
            "default via 10.77.0.2 dev v0 scope link table 9 tos 0x10 protocol 77 append no_track",
            "append 0.0.0.0/0 tos 16 via inet 10.77.0.2 dev v0 table 9 proto 77 scope 253 no_track",
        ],
        [
            "10.1.5.0/24 encap ip id 5 dst 10.0.0.1 src 10.0.0.2 via 10.77.0.9 dev v0",
            "prepend 10.1.5.0/24 encap ip id 5 dst 10.0.0.1 src 10.0.0.2 via inet 10.77.0.9 dev v0 proto 18",
        ],
        [
            "2001:db8:5::/48 via fe80::1 dev v0 metric 7 mtu 1300 expires 600 pref high",
            "prepend 2001:db8:5::/48 via inet6 fe80::1 dev v0 proto 18 metric 7 expires 600sec mtu 1300 pref high",
        ],
        [
            "10.1.6.0/24 mtu 1300 nexthop via 10.77.0.9 dev v0 weight 2 onlink realms 3 nexthop dev v0 weight 4",
            "prepend 10.1.6.0/24 proto 18 mtu 1300 nexthop via inet 10.77.0.9 dev v0 weight 2 onlink realm 3 nexthop dev v0 weight 4 no_track",
        ],
        ["10.9.0.0/16 dev v0 add", "add 10.9.0.0/16 dev v0 proto 18"],
        [
            "10.1.9.0/24 dev v0 initcwnd 4 quickack 1",
            "prepend 10.1.9.0/24 dev v0 proto 18 initcwnd 4 quickack 1",
        ],
        [
            "2001:db8:7::/48 from 2001:db8:8::/64 dev v0",
            "prepend 2001:db8:7::/48 from 2001:db8:8::/64 dev v0 proto 18",
        ],
    ];
    const RULES: [[&str; 2]; 7] = [
        [
            "not from 10.77.0.0/24 to 10.78.0.0/16 tos 0x8 fwmark 5 oif v0 uidrange 5-6 ipproto tcp sport 5-6 dport 7-8 realms 3/4 suppress_prefixlength 2 suppress_ifgroup 3 table 100 priority 1005",
            "not from 10.77.0.0/24 to 10.78.0.0/16 priority 1005 tos 0x8 fwmark 0x5 oif v0 suppress_prefixlen 2 suppress_ifgroup 3 uidrange 5-6 protocol 18 ipproto 6 sport 5-6 dport 7-8 realms 3/4 lookup 100",
        ],
        [
            "from 10.77.0.0/24 iif v0 oif v0 tunnel-id 9 table 100 priority 1006",
            "from 10.77.0.0/24 priority 1006 tos 0x0 iif v0 oif v0 tunnel-id 9 protocol 18 lookup 100",
        ],
        [
            "from 10.1.1.1 l3mdev priority 1008 protocol 99 no_track",
            "from 10.1.1.1 priority 1008 tos 0x0 l3mdev protocol 99 lookup 0 no_track",
        ],
        [
            "to 10.1.1.1 goto 20000 priority 1009",
            "from all to 10.1.1.1 priority 1009 tos 0x0 protocol 18 goto 20000",
        ],
        [
            "to 10.1.1.1 nop priority 1010",
            "from all to 10.1.1.1 priority 1010 tos 0x0 protocol 18 nop",
        ],
        [
            "from 2001:db8::/32 fwmark 3/0xff blackhole priority 1007",
            "from 2001:db8::/32 priority 1007 tos 0x0 fwmark 0x3/0xff protocol 18 type blackhole",
        ],
        [
            "from 10.1.1.1/32 table main priority 1013",
            "from 10.1.1.1 priority 1013 tos 0x0 protocol 18 lookup 254",
        ],
    ];

    #[test]
    fn routes_and_rules_are_written_as_keepalived_writes_them() {
        let lines = |cases: &[[&str; 2]]| {
            cases.iter().map(|[line, _]| format!("{line}\n")).collect::<String>()
        };
        let conf = format!(
            "vrrp_instance A {{\n interface v0\n virtual_router_id 51\n virtual_ipaddress {{ 10.0.0.100/24 }}
             virtual_routes {{\n{}}}\n virtual_rules {{\n{}}}\n }}",
            lines(&ROUTES),
            lines(&RULES)
        );
        let parsed = config::parse(&mut Text(conf), "test.conf", &Environment::default());
        let settings = parsed.settings.unwrap_or_else(|| panic!("{:?}", parsed.diagnostics)).vrrp;
        let instance = &settings.instances[0];
        let routes: Vec<String> = instance.routes.iter().map(route).collect();
        assert_eq!(routes, ROUTES.map(|[_, expected]| expected));
        let rules: Vec<String> = instance.rules.iter().map(rule).collect();
        assert_eq!(rules, RULES.map(|[_, expected]| expected));
    }
}

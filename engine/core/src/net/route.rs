//! A route, as `ip route` takes it (rtnetlink(7), RTM_NEWROUTE; linux/rtnetlink.h).

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;

use super::encap::Encap;
use super::ledger::Entry;
use super::metric::{Metric, RTO_MIN, Value};
use super::prefix::{Family, Prefix};

/// keepalived's number in routes and rules (RTPROT_KEEPALIVED); the same, so that either finds the other's leftovers.
pub const KEEPALIVED: u8 = 18;
/// RT_TABLE_MAIN.
pub const MAIN: u32 = 254;
/// Metric of an IPv6 route without one (IP6_RT_PRIO_USER).
const METRIC6: u32 = 1024;

/// RTN_*: what a route does with a packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs)] // The names are the kernel's.
pub enum Kind {
    #[default]
    Unicast = 1,
    Local = 2,
    Broadcast = 3,
    Anycast = 4,
    Multicast = 5,
    Blackhole = 6,
    Unreachable = 7,
    Prohibit = 8,
    Throw = 9,
}

impl Kind {
    /// All kinds with their words.
    pub const ALL: [(&'static str, Self); 9] = [
        ("unicast", Self::Unicast),
        ("local", Self::Local),
        ("broadcast", Self::Broadcast),
        ("anycast", Self::Anycast),
        ("multicast", Self::Multicast),
        ("blackhole", Self::Blackhole),
        ("unreachable", Self::Unreachable),
        ("prohibit", Self::Prohibit),
        ("throw", Self::Throw),
    ];

    /// The kind of this name.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(name, _)| *name == word).map(|(_, kind)| *kind)
    }

    /// The kind of this number.
    #[must_use]
    pub fn numbered(number: u8) -> Option<Self> {
        Self::ALL.iter().find(|(_, kind)| *kind as u8 == number).map(|(_, kind)| *kind)
    }

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::ALL[self as usize - 1].0
    }

    /// Packets go nowhere, so that gateways and interfaces mean nothing.
    #[must_use]
    pub const fn is_end(self) -> bool {
        matches!(self, Self::Blackhole | Self::Unreachable | Self::Prohibit | Self::Throw)
    }
}

/// Where a route goes among those with the same destination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Mode {
    /// Nowhere: it is refused if there is one (NLM_F_EXCL).
    Add,
    /// Before them, keepalived's default.
    #[default]
    Prepend,
    /// Behind them (NLM_F_APPEND).
    Append,
}

impl Mode {
    /// As the verb of `ip route`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Prepend => "prepend",
            Self::Append => "append",
        }
    }
}

/// RTA_PREF: how a default router ranks (RFC 4191).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs)]
pub enum Preference {
    Medium = 0,
    High = 1,
    Low = 3,
}

/// The next router, and how it is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Hop {
    /// The gateway; may be of IPv6 where the route is of IPv4.
    pub via: Option<IpAddr>,
    /// The interface.
    pub dev: Option<String>,
    /// The gateway counts as reachable (RTNH_F_ONLINK).
    pub onlink: bool,
    /// 1..=256; of several hops only.
    pub weight: u16,
    /// RTA_FLOW: source realm << 16 | destination realm.
    pub realms: Option<u32>,
    /// RTA_NEWDST: the destination becomes this.
    pub new_to: Option<IpAddr>,
    /// What packets are packed into.
    pub encap: Option<Encap>,
}

/// One route.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Route {
    /// Its family.
    pub family: Family,
    /// What it does.
    pub kind: Kind,
    /// Destination.
    pub to: Prefix,
    /// Source that it is for; IPv6 only.
    pub from: Option<Prefix>,
    /// RTA_PREFSRC: the address to send from.
    pub src: Option<IpAddr>,
    /// Type of service, 0: any.
    pub tos: u8,
    /// Its table; with [`Route::vrf`] known only where the interfaces are.
    pub table: u32,
    /// The VRF device whose table it is.
    pub vrf: Option<String>,
    /// Who has set it.
    pub protocol: u8,
    /// `rt_scope`; default 0 (global), whatever `ip` would choose. IPv4 only.
    pub scope: u8,
    /// RTA_PRIORITY; smaller is better.
    pub metric: Option<u32>,
    /// Where packets go; several: by weight.
    pub hops: Vec<Hop>,
    /// What is known of the path, by number.
    pub metrics: Vec<Metric>,
    /// Seconds; IPv6 only.
    pub expires: Option<u32>,
    /// IPv6 only.
    pub pref: Option<Preference>,
    /// RTA_TTL_PROPAGATE.
    pub ttl_propagate: Option<bool>,
    /// Its place among others.
    pub mode: Mode,
    /// Its interface being down is no fault.
    pub no_track: bool,
}

impl Route {
    /// A route to everything by nothing.
    #[must_use]
    pub const fn new(family: Family) -> Self {
        Self {
            family,
            kind: Kind::Unicast,
            to: Prefix::all(family),
            from: None,
            src: None,
            tos: 0,
            table: MAIN,
            vrf: None,
            protocol: KEEPALIVED,
            scope: 0,
            metric: None,
            hops: Vec::new(),
            metrics: Vec::new(),
            expires: None,
            pref: None,
            ttl_propagate: None,
            mode: Mode::Prepend,
            no_track: false,
        }
    }

    /// The interface that an instance tracks: the one of a route with one hop.
    #[must_use]
    pub fn tracked(&self) -> Option<&str> {
        match self.hops.as_slice() {
            [hop] if !self.no_track => hop.dev.as_deref(),
            _ => None,
        }
    }

    /// As a line of a configuration.
    #[must_use]
    pub fn line(&self) -> String {
        let mut line = String::new();
        if self.family == Family::V6 && self.to.len == 0 {
            line.push_str("inet6 ");
        }
        line.push_str(&self.words(false));
        if self.mode != Mode::Prepend {
            line.push_str(&format!(" {}", self.mode.word()));
        }
        if self.no_track {
            line.push_str(" no_track");
        }
        line + &self.hop_words()
    }

    /// ip-route(8); the verb is the mode's for one that is added.
    #[must_use]
    pub fn command(&self, verb: &str) -> String {
        let family = if self.family == Family::V6 { "-6 " } else { "" };
        format!("ip {family}route {verb} {}{}", self.words(true), self.hop_words())
    }

    /// All but where packets go. `ip`: what keepalived and `ip` take for granted differs, so it is said.
    fn words(&self, ip: bool) -> String {
        let mut words = Vec::new();
        if self.kind != Kind::Unicast {
            words.push(self.kind.word().to_string());
        }
        words.push(self.to.to_string());
        let mut set = |word: &str, value: Option<String>| {
            words.extend(value.map(|value| format!("{word} {value}")));
        };
        set("from", self.from.map(|it| it.to_string()));
        set("src", self.src.map(|it| it.to_string()));
        set("vrf", self.vrf.clone());
        set("tos", (self.tos != 0).then(|| format!("0x{:02x}", self.tos)));
        let said = self.table != MAIN || (ip && self.kind != Kind::Unicast);
        set("table", (said && self.vrf.is_none()).then(|| table(self.table)));
        let name = match self.protocol {
            KEEPALIVED => "keepalived".to_string(),
            number => number.to_string(),
        };
        set("protocol", (ip || self.protocol != KEEPALIVED).then_some(name));
        let said = self.scope != 0 || (ip && self.family == Family::V4 && !self.kind.is_end());
        set("scope", said.then(|| scope(self.scope)));
        set("metric", self.metric.map(|n| n.to_string()));
        set("expires", self.expires.map(|n| n.to_string()));
        let preference = |it| match it {
            Preference::Low => "low",
            Preference::Medium => "medium",
            Preference::High => "high",
        };
        set("pref", self.pref.map(|it| preference(it).to_string()));
        let propagate = |on| if on { "enabled" } else { "disabled" };
        set("ttl-propagate", self.ttl_propagate.map(|on| propagate(on).to_string()));
        // `ip` locks `rto_min` always, and has no word for it.
        let lock = |it: &Metric| it.locked && !(ip && it.number == RTO_MIN);
        let metrics = self.metrics.iter().map(|it| Metric { locked: lock(it), ..it.clone() });
        words.extend(metrics.map(|it| it.to_string()));
        words.join(" ")
    }

    fn hop_words(&self) -> String {
        match self.hops.as_slice() {
            [hop] => hop.words(self.family),
            hops => hops
                .iter()
                .map(|hop| {
                    let weight = format!(" weight {}", hop.weight);
                    format!(" nexthop{weight}{}", hop.words(self.family))
                })
                .collect(),
        }
    }
}

impl Hop {
    /// An encapsulation comes last: its options have the names of others.
    fn words(&self, family: Family) -> String {
        let mut words = String::new();
        if let Some(via) = self.via {
            let other = if Family::of(via) == family { "" } else { "inet6 " };
            words.push_str(&format!(" via {other}{via}"));
        }
        if let Some(dev) = &self.dev {
            words.push_str(&format!(" dev {dev}"));
        }
        if self.onlink {
            words.push_str(" onlink");
        }
        if let Some(realms) = self.realms {
            words.push_str(&format!(" realms {}", Realms(realms)));
        }
        if let Some(to) = self.new_to {
            words.push_str(&format!(" as to {to}"));
        }
        if let Some(encap) = &self.encap {
            words.push_str(&format!(" encap {encap}"));
        }
        words
    }

    /// Whether the kernel's hop is this one; it fills in what was left open.
    fn is(&self, kernel: &Self, several: bool) -> bool {
        self.via == kernel.via
            && (self.dev.is_none() || self.dev == kernel.dev)
            && self.onlink == kernel.onlink
            && (!several || self.weight == kernel.weight)
            && self.realms.unwrap_or(0) == kernel.realms.unwrap_or(0)
            && self.encap == kernel.encap
    }
}

/// RTA_FLOW as `SOURCE/DESTINATION`, or the destination alone.
#[derive(Clone, Copy, Debug)]
pub struct Realms(pub u32);

impl fmt::Display for Realms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 >> 16, self.0 & 0xffff) {
            (0, to) => write!(f, "{to}"),
            (from, to) => write!(f, "{from}/{to}"),
        }
    }
}

/// A table by the name that every host knows, or its number.
#[must_use]
pub fn table(number: u32) -> String {
    match number {
        253 => "default".to_string(),
        MAIN => "main".to_string(),
        255 => "local".to_string(),
        number => number.to_string(),
    }
}

/// The same for a scope.
fn scope(number: u8) -> String {
    match number {
        0 => "global".to_string(),
        200 => "site".to_string(),
        253 => "link".to_string(),
        254 => "host".to_string(),
        255 => "nowhere".to_string(),
        number => number.to_string(),
    }
}

impl Entry for Route {
    fn is(&self, kernel: &Self) -> bool {
        let metric = |route: &Self| match (route.family, route.metric) {
            (Family::V6, None | Some(0)) => METRIC6,
            (_, metric) => metric.unwrap_or(0),
        };
        let several = self.hops.len() > 1;
        let hops = self.kind.is_end()
            || (self.hops.len() == kernel.hops.len()
                && self.hops.iter().zip(&kernel.hops).all(|(a, b)| a.is(b, several)));
        // The kernel does not keep what is zero.
        let counted = |it: &&Metric| it.value != Value::Number(0) || it.locked;
        self.family == kernel.family
            && self.kind == kernel.kind
            && self.to.network() == kernel.to.network()
            && self.from.filter(|it| it.len > 0) == kernel.from
            && self.src == kernel.src
            && self.tos == kernel.tos
            && self.table == kernel.table
            && self.protocol == kernel.protocol
            && (self.family == Family::V6 || self.scope == kernel.scope)
            && metric(self) == metric(kernel)
            && self.metrics.iter().filter(counted).eq(kernel.metrics.iter().filter(counted))
            && hops
    }

    fn is_ours(&self) -> bool {
        self.protocol == KEEPALIVED
    }

    fn change(&self, add: bool) -> String {
        self.command(if add { self.mode.word() } else { "del" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::metric;

    #[test]
    fn the_kernel_fills_in_what_was_left_open() {
        let hop = Hop { via: Some("10.0.0.9".parse().unwrap()), weight: 1, ..Hop::default() };
        let wanted = Route {
            to: Prefix { ip: "10.1.0.0".parse().unwrap(), len: 16 },
            hops: alloc::vec![hop.clone()],
            no_track: true,
            ..Route::new(Family::V4)
        };
        let hop = Hop { dev: Some("eth0".to_string()), ..hop };
        let kernel = Route { hops: alloc::vec![hop.clone()], no_track: false, ..wanted.clone() };
        assert!(wanted.is(&kernel));
        assert!(!Route { metric: Some(5), ..wanted.clone() }.is(&kernel));
        assert!(!Route { table: 100, ..wanted.clone() }.is(&kernel));
        let mtu = Metric { number: 2, value: metric::Value::Number(1400), locked: false };
        assert!(!Route { metrics: alloc::vec![mtu], ..wanted.clone() }.is(&kernel));
        let quickack = Metric { number: 15, value: metric::Value::Number(0), locked: false };
        assert!(Route { metrics: alloc::vec![quickack], ..wanted.clone() }.is(&kernel));
        let other = Hop { via: Some("10.0.0.8".parse().unwrap()), ..hop };
        assert!(!wanted.is(&Route { hops: alloc::vec![other], ..kernel }));
    }

    #[test]
    fn a_route_of_ipv6_without_metric_has_1024() {
        let wanted = Route { kind: Kind::Blackhole, ..Route::new(Family::V6) };
        let hop = Hop { dev: Some("lo".to_string()), ..Hop::default() };
        let kernel = Route { metric: Some(1024), hops: alloc::vec![hop], ..wanted.clone() };
        assert!(wanted.is(&kernel));
    }

    #[test]
    fn commands_say_what_ip_would_choose_otherwise() {
        let route = Route {
            to: Prefix { ip: "10.1.0.0".parse().unwrap(), len: 16 },
            hops: alloc::vec![Hop { dev: Some("eth0".to_string()), weight: 1, ..Hop::default() }],
            ..Route::new(Family::V4)
        };
        let want = "ip route prepend 10.1.0.0/16 protocol keepalived scope global dev eth0";
        assert_eq!(route.change(true), want);
        assert_eq!(route.line(), "10.1.0.0/16 dev eth0");
        let route = Route { kind: Kind::Throw, table: 7, ..Route::new(Family::V6) };
        let want = "ip -6 route del throw default table 7 protocol keepalived";
        assert_eq!(route.change(false), want);
        assert_eq!(route.line(), "inet6 throw default table 7");
    }
}

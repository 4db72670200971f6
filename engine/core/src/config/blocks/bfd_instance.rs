//! `bfd_instance`: one BFD session (reference §2.11).

use alloc::format;
use alloc::string::String;
use core::net::IpAddr;
use core::time::Duration;

use super::track::{Weight, weight};
use super::{Argument, Keyword, Table, ip, kw, lines, name, to_u8};
use crate::bfd::settings::BfdSettings;
use crate::config::diagnostic::{At, Diagnostics, Span, code};
use crate::config::keyword::Reload::Live;
use crate::config::keyword::Repeated::Last;
use crate::config::keyword::extra;
use crate::config::tree::Node;
use crate::config::value;

/// A session as written.
#[derive(Clone, Debug)]
pub struct BfdInstance {
    /// Its name.
    pub name: At<String>,
    source: Option<At<IpAddr>>,
    neighbour: Option<At<IpAddr>>,
    min_rx: Option<Duration>,
    min_tx: Option<Duration>,
    idle_tx: Option<Duration>,
    multiplier: u8,
    passive: bool,
    ttl: Option<At<u8>>,
    /// -1: any.
    max_hops: Option<At<i64>>,
    multihop: Option<At<bool>>,
    /// The weight of references that give none.
    pub weight: Option<Weight>,
    vrrp: bool,
    checker: bool,
}

/// Its keywords.
pub const TABLE: Table<BfdInstance> = Table { block: "bfd_instance", keywords: &[KEYWORDS] };

#[rustfmt::skip] // one row a line
const KEYWORDS: &[Keyword<BfdInstance>] = &[
    kw("source_ip", Live, Last, Argument::Line(|b, node, out| b.source = ip(node, out))),
    kw("neighbor_ip", Live, Last, Argument::Line(|b, node, out| b.neighbour = ip(node, out))),
    kw("neighbour_ip", Live, Last, Argument::Line(|b, node, out| b.neighbour = ip(node, out))),
    kw("min_rx", Live, Last, Argument::Line(|b, node, out| b.min_rx = milliseconds(node, 1, out))),
    kw("min_tx", Live, Last, Argument::Line(|b, node, out| b.min_tx = milliseconds(node, 1, out))),
    kw("idle_tx", Live, Last, Argument::Line(|b, node, out| b.idle_tx = milliseconds(node, 1000, out))),
    kw("multiplier", Live, Last, Argument::Int(1, 255, |b, n| b.multiplier = to_u8(n))),
    kw("passive", Live, Last, Argument::Flag(|b, _| b.passive = true)),
    kw("ttl", Live, Last, Argument::Int(1, 255, |b, n| b.ttl = Some(At::new(to_u8(n.clone()), n.span)))),
    kw("hoplimit", Live, Last, Argument::Int(1, 255, |b, n| b.ttl = Some(At::new(to_u8(n.clone()), n.span)))),
    kw("max_hops", Live, Last, Argument::Int(-1, 255, |b, n| b.max_hops = Some(n))),
    kw("multihop", Live, Last, Argument::Switch(|b, on| b.multihop = Some(on))),
    kw("weight", Live, Last, Argument::Line(|b, node, out| b.weight = weight(node.keyword(), node.arguments(), out))),
    kw("vrrp", Live, Last, Argument::Flag(|b, _| b.vrrp = true)),
    kw("checker", Live, Last, Argument::Flag(|b, _| b.checker = true)),
];

/// The longest interval, in milliseconds.
const LONGEST: u64 = 4_294_967;
/// The longest name.
const NAME: usize = 31;

/// Reads the block.
pub fn parse(node: &Node, out: &mut Diagnostics) -> Option<BfdInstance> {
    let name = name(node, out)?;
    if name.value.len() > NAME {
        let message = format!("bfd_instance `{}`: the name is too long", name.value);
        out.add(code::BAD_ARGUMENT, name.span, message).label(format!("at most {NAME} characters"));
    }
    let mut bfd = BfdInstance {
        name,
        source: None,
        neighbour: None,
        min_rx: None,
        min_tx: None,
        idle_tx: None,
        multiplier: 5,
        passive: false,
        ttl: None,
        max_hops: None,
        multihop: None,
        weight: None,
        vrrp: false,
        checker: false,
    };
    let place = format!("bfd_instance `{}`", bfd.name.value);
    TABLE.apply(&place, &mut bfd, lines(node), out);
    Some(bfd)
}

impl BfdInstance {
    /// Where its neighbour is written.
    #[must_use]
    pub fn span(&self) -> Span {
        self.neighbour.as_ref().map_or(self.name.span, |ip| ip.span)
    }

    /// Whether instances may track it.
    #[must_use]
    pub const fn tells_vrrp(&self) -> bool {
        self.vrrp || !self.checker
    }

    /// Whether real servers may be checked by it.
    #[must_use]
    pub const fn tells_checker(&self) -> bool {
        self.checker || !self.vrrp
    }

    /// The final settings.
    pub fn settings(&self, out: &mut Diagnostics) -> Option<BfdSettings> {
        let name = &self.name.value;
        let Some(neighbour) = &self.neighbour else {
            let message = format!("bfd_instance `{name}` has no `neighbor_ip`");
            out.add(code::INCOMPLETE, self.name.span, message).help("add `neighbor_ip IP`");
            return None;
        };
        self.check_addresses(neighbour, out);
        let multihop = self.multihop.as_ref().is_some_and(|on| on.value);
        let ttl = self.ttl(neighbour, multihop, out);
        let max_hops = self.max_hops(ttl, out);
        if let Some(on) = self.multihop.as_ref().filter(|on| on.value && max_hops == Some(0)) {
            out.add(
                code::ASSUMED,
                on.span,
                format!("bfd_instance `{name}`: `multihop` without `max_hops`"),
            )
            .label("packets that have passed a router are dropped")
            .help("add `max_hops N`");
        }
        let millisecond = Duration::from_millis(1);
        Some(BfdSettings {
            name: name.clone(),
            source: self.source.as_ref().map(|ip| ip.value),
            neighbour: neighbour.value,
            min_rx: self.min_rx.unwrap_or(millisecond * 10),
            min_tx: self.min_tx.unwrap_or(millisecond * 10),
            idle_tx: self.idle_tx.unwrap_or(millisecond * 1000),
            multiplier: self.multiplier,
            passive: self.passive,
            ttl,
            max_hops,
            multihop,
            vrrp: self.tells_vrrp(),
            checker: self.tells_checker(),
        })
    }

    fn check_addresses(&self, neighbour: &At<IpAddr>, out: &mut Diagnostics) {
        for ip in self.source.iter().chain([neighbour]) {
            let v6 = match ip.value {
                IpAddr::V4(_) => None,
                IpAddr::V6(v6) => Some(v6),
            };
            if ip.value.is_multicast() || ip.value.is_unspecified() {
                out.add(code::BAD_ARGUMENT, ip.span, format!("{} is no host's address", ip.value));
            } else if v6.is_some_and(|ip| ip.is_unicast_link_local()) {
                let message = format!("{} is a link-local address", ip.value);
                out.add(code::BAD_ARGUMENT, ip.span, message)
                    .label("it means nothing without an interface, which a bfd_instance can't name")
                    .help("use a global or a unique local address");
            }
        }
        if let Some(source) = &self.source
            && source.value.is_ipv4() != neighbour.value.is_ipv4()
        {
            out.add(code::CONFLICT, source.span, "IPv4 and IPv6 in one bfd_instance")
                .related(neighbour.span, "the neighbour");
        }
    }

    fn ttl(&self, neighbour: &At<IpAddr>, multihop: bool, out: &mut Diagnostics) -> u8 {
        match &self.ttl {
            Some(ttl) => {
                if ttl.value < 255 && !multihop {
                    let message = format!("`ttl {}`: most neighbours demand 255", ttl.value);
                    out.add(code::ASSUMED, ttl.span, message)
                        .label("RFC 5881 §5: others are dropped");
                }
                ttl.value
            }
            None if neighbour.value.is_ipv4() => 255,
            None => {
                if !multihop {
                    let message =
                        format!("bfd_instance `{}`: IPv6 without `hoplimit`", self.name.value);
                    out.add(code::ASSUMED, neighbour.span, message)
                        .label("packets have the hop limit 64, and such are accepted")
                        .help("add `hoplimit 255` at both ends, as RFC 5881 demands");
                }
                64
            }
        }
    }

    fn max_hops(&self, ttl: u8, out: &mut Diagnostics) -> Option<u8> {
        let Some(hops) = &self.max_hops else { return Some(0) };
        let given = u8::try_from(hops.value).ok()?;
        if given > ttl {
            let message = format!("`max_hops {given}` is more than the TTL {ttl}");
            out.add(code::ADJUSTED, hops.span, message).label(format!("taken as {ttl}"));
        }
        Some(given.min(ttl))
    }
}

/// Milliseconds with up to three decimals.
fn milliseconds(node: &Node, low: u64, out: &mut Diagnostics) -> Option<Duration> {
    let keyword = &node.keyword().text;
    let range = || format!("expected milliseconds from {low} to {LONGEST}");
    let Some(word) = node.arguments().first() else {
        let message = format!("`{keyword}` needs milliseconds from {low} to {LONGEST}");
        out.add(code::MISSING_ARGUMENT, node.keyword().span, message);
        return None;
    };
    extra(node, 2, out);
    let Some((nanos, _)) = value::micros(word.text.trim()) else {
        let message = format!("`{keyword}`: `{}` is no number of milliseconds", word.text);
        out.add(code::BAD_ARGUMENT, word.span, message).label(range());
        return None;
    };
    if !(low * 1_000_000..=LONGEST * 1_000_000).contains(&nanos) {
        let message = format!("`{keyword}`: {} ms is out of range", word.text);
        out.add(code::OUT_OF_RANGE, word.span, message).label(range());
        return None;
    }
    let micros = (nanos + 500) / 1000;
    if micros * 1000 != nanos {
        out.add(code::ADJUSTED, word.span, format!("`{keyword}`: more than 3 decimals"))
            .label(format!("taken as {} ms", value::seconds(micros * 1000)));
    }
    Some(Duration::from_micros(micros))
}

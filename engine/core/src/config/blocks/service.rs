//! Words that describe a service or a server of IPVS: family, scheduler, protocol, persistence, method (reference §2.14).

use alloc::format;
use alloc::string::String;
use core::net::Ipv4Addr;

use super::to_u32;
use crate::config::diagnostic::{At, Diagnostics, Span, closest, code};
use crate::config::keyword::extra;
use crate::config::lexer::Word;
use crate::config::tree::Node;
use crate::config::value;
use crate::ipvs::table::{Family, Forward, Protocol, Tunnel};

/// Which clients count as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granularity {
    /// An IPv4 mask.
    Mask(Ipv4Addr),
    /// An IPv6 prefix length.
    Prefix(u8),
}

/// What the kernel has (net/netfilter/ipvs/ip_vs_*.c).
const SCHEDULERS: &[&str] = &[
    "rr", "wrr", "lc", "wlc", "lblc", "sh", "mh", "dh", "fo", "ovf", "lblcr", "sed", "nq", "twos",
];

/// Seconds of a persistent service that names no time.
pub const PERSISTENCE: u32 = 360;

/// `inet` or `inet6`
pub fn family_of(word: &Word, out: &mut Diagnostics) -> Option<Family> {
    match word.text.as_str() {
        "inet" => Some(Family::V4),
        "inet6" => Some(Family::V6),
        other => {
            out.add(code::BAD_ARGUMENT, word.span, format!("unknown address family `{other}`"))
                .label("expected inet or inet6");
            None
        }
    }
}

/// The one word of a line, or what it should have been.
fn one<'n>(node: &'n Node, needs: &str, out: &mut Diagnostics) -> Option<&'n Word> {
    let word = node.arguments().first();
    if word.is_none() {
        let message = format!("`{}` needs {needs}", node.keyword().text);
        out.add(code::MISSING_ARGUMENT, node.keyword().span, message);
    }
    word
}

/// `inet|inet6`
pub fn ip_family(node: &Node, out: &mut Diagnostics) -> Option<At<Family>> {
    let word = one(node, "inet or inet6", out)?;
    extra(node, 2, out);
    Some(At::new(family_of(word, out)?, word.span))
}

/// A scheduler of the kernel.
pub fn scheduler(node: &Node, out: &mut Diagnostics) -> Option<At<String>> {
    let word = one(node, "a scheduler", out)?;
    extra(node, 2, out);
    if !SCHEDULERS.contains(&word.text.as_str()) {
        let meant = closest(&word.text, SCHEDULERS.iter().copied());
        out.add(code::BAD_ARGUMENT, word.span, format!("unknown scheduler `{}`", word.text))
            .label(format!("expected one of {}", SCHEDULERS.join(", ")))
            .did_you_mean(meant);
        // Some scheduler was meant: its absence is not reported too.
    }
    Some(At::new(word.text.clone(), word.span))
}

/// `TCP|UDP|SCTP`, in any case.
pub fn protocol(node: &Node, out: &mut Diagnostics) -> Option<At<Protocol>> {
    let word = one(node, "TCP, UDP or SCTP", out)?;
    extra(node, 2, out);
    let protocol = match word.text.to_ascii_uppercase().as_str() {
        "TCP" => Protocol::Tcp,
        "UDP" => Protocol::Udp,
        "SCTP" => Protocol::Sctp,
        _ => {
            out.add(code::BAD_ARGUMENT, word.span, format!("unknown protocol `{}`", word.text))
                .label("expected TCP, UDP or SCTP");
            Protocol::Tcp
        }
    };
    Some(At::new(protocol, word.span))
}

/// `persistence_timeout [N]`
pub fn persistence(node: &Node, out: &mut Diagnostics) -> Option<At<u32>> {
    extra(node, 2, out);
    let Some(word) = node.arguments().first() else {
        return Some(At::new(PERSISTENCE, node.keyword().span));
    };
    let seconds = value::int("persistence_timeout", word, 1, 2_678_400, out)?;
    Some(At::new(to_u32(At::new(seconds, word.span)), word.span))
}

/// A mask, or a prefix length.
pub fn granularity(node: &Node, out: &mut Diagnostics) -> Option<At<Granularity>> {
    let word = one(node, "an IPv4 mask or an IPv6 prefix length", out)?;
    extra(node, 2, out);
    let granularity = if word.text.contains('.') {
        word.text.parse().map(Granularity::Mask).ok()
    } else {
        word.text.parse().ok().filter(|n| (1..=128).contains(n)).map(Granularity::Prefix)
    };
    if granularity.is_none() {
        out.add(
            code::BAD_ARGUMENT,
            word.span,
            format!("`{}` is neither mask nor prefix length", word.text),
        )
        .label("expected a mask such as 255.255.255.0, or 1 to 128");
    }
    granularity.map(|g| At::new(g, word.span))
}

/// `NAT|DR|TUN [type T] [port N] [nocsum|csum|remcsum]`
pub fn forward(node: &Node, out: &mut Diagnostics) -> Option<Forward> {
    let word = one(node, "NAT, DR or TUN", out)?;
    match word.text.as_str() {
        "NAT" | "DR" => {
            extra(node, 2, out);
            Some(if word.text == "NAT" { Forward::Nat } else { Forward::Dr })
        }
        "TUN" => tunnel(&node.arguments()[1..], word.span, out).map(Forward::Tun),
        other => {
            let finding = out
                .add(code::BAD_ARGUMENT, word.span, format!("unknown method `{other}`"))
                .label("expected NAT, DR or TUN");
            let upper = other.to_ascii_uppercase();
            if ["NAT", "DR", "TUN"].contains(&upper.as_str()) {
                finding.help(format!("did you mean `{upper}`?"));
            }
            // Some method was meant: its absence is not reported too.
            Some(Forward::Nat)
        }
    }
}

fn tunnel(words: &[Word], span: Span, out: &mut Diagnostics) -> Option<Tunnel> {
    let mut tunnel = Tunnel { kind: 0, port: 0, flags: 0 };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match (word.text.as_str(), words.clone().next()) {
            ("type", Some(kind)) => {
                words.next();
                tunnel.kind = match kind.text.as_str() {
                    "ipip" => 0,
                    "gue" => 1,
                    "gre" => 2,
                    other => {
                        out.add(code::BAD_ARGUMENT, kind.span, format!("unknown tunnel `{other}`"))
                            .label("expected ipip, gue or gre");
                        return None;
                    }
                };
            }
            ("port", Some(port)) => {
                words.next();
                let port = value::int("port", port, 1, 65535, out)?;
                tunnel.port = u16::try_from(port).unwrap_or(0);
            }
            ("nocsum", _) => tunnel.flags = 0,
            ("csum", _) => tunnel.flags = 1,
            ("remcsum", _) => tunnel.flags = 2,
            (other, _) => {
                out.add(code::BAD_ARGUMENT, word.span, format!("unexpected `{other}`"))
                    .label("expected type T, port N, nocsum, csum or remcsum");
                return None;
            }
        }
    }
    let wrong = match tunnel {
        Tunnel { kind: 1, port: 0, .. } => "a gue tunnel needs a port",
        Tunnel { kind: 0 | 2, port: 1.., .. } => "only a gue tunnel has a port",
        Tunnel { kind: 0, flags: 1.., .. } => "an ipip tunnel has no checksum",
        Tunnel { kind: 2, flags: 2, .. } => "a gre tunnel has no remote checksum",
        _ => return Some(tunnel),
    };
    out.add(code::CONFLICT, span, wrong);
    None
}

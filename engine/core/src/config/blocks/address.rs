//! Lines of `static_ipaddress`, `virtual_ipaddress` and `virtual_ipaddress_excluded` (reference §2.4).

use alloc::format;
use alloc::string::String;
use core::net::{IpAddr, Ipv4Addr};

use crate::config::diagnostic::{At, Diagnostics, code};
use crate::config::lexer::Word;
use crate::config::tree::Node;
use crate::config::value;
use crate::net::address::{
    Address, Broadcast, IFA_F_MCAUTOJOIN, OF_IPV4, WORDS, default_flags, default_preferred,
};

/// An address as written; `dev` may be missing.
#[derive(Clone, Debug)]
pub struct AddressLine {
    /// The address.
    pub ip: At<IpAddr>,
    prefix_len: u8,
    /// Its interface, if given.
    pub dev: Option<At<String>>,
    label: Option<String>,
    scope: u8,
    broadcast: Option<Broadcast>,
    peer: Option<IpAddr>,
    /// Those that were given.
    flags: u32,
    /// `forever` is `Some(None)`.
    preferred_lft: Option<Option<u32>>,
    no_track: bool,
    /// On a virtual interface, whatever lies below it.
    pub use_vmac: bool,
    /// `track_group`, of static addresses.
    pub track_group: Option<At<String>>,
}

/// Reads one line. An address with a wrong option is dropped as a whole.
pub fn parse(node: &Node, out: &mut Diagnostics) -> Option<AddressLine> {
    if node.is_stray_close() {
        return None;
    }
    if let Some(block) = &node.block {
        out.add(code::UNEXPECTED_OPEN, block.open, "an address has no block");
        return None;
    }
    let (ip, prefix_len) = with_prefix(node.keyword(), out)?;
    let mut line = AddressLine {
        ip,
        prefix_len,
        dev: None,
        label: None,
        scope: 0,
        broadcast: None,
        peer: None,
        flags: 0,
        preferred_lft: None,
        no_track: false,
        use_vmac: false,
        track_group: None,
    };
    let mut words = node.arguments().iter();
    while let Some(word) = words.next() {
        match word.text.as_str() {
            "no_track" => line.no_track = true,
            "use_vmac" => line.use_vmac = true,
            text if flag(text).is_some() => line.flags |= flag(text).unwrap_or(0),
            "dev" | "scope" | "brd" | "broadcast" | "label" | "peer" | "preferred_lft"
            | "track_group" => {
                let Some(argument) = words.next() else {
                    let message = format!("`{}` needs a value", word.text);
                    out.add(code::MISSING_ARGUMENT, word.span, message);
                    return None;
                };
                option(&mut line, word, argument, out)?;
            }
            _ => {
                let known = [
                    "dev",
                    "scope",
                    "brd",
                    "broadcast",
                    "label",
                    "peer",
                    "noprefixroute",
                    "no_track",
                    "home",
                    "-nodad",
                    "mngtmpaddr",
                    "autojoin",
                    "use_vmac",
                    "preferred_lft",
                    "track_group",
                ];
                let meant = super::super::diagnostic::closest(&word.text, known);
                out.add(
                    code::BAD_ARGUMENT,
                    word.span,
                    format!("unknown option `{}` of an address", word.text),
                )
                .did_you_mean(meant);
                return None;
            }
        }
    }
    check_flags(&line, node, out)?;
    if line.broadcast.is_some() && line.peer.is_some() {
        out.add(
            code::CONFLICT,
            node.span(),
            "an address has a broadcast address or a peer, not both",
        );
        return None;
    }
    Some(line)
}

impl AddressLine {
    fn flags(&self) -> u32 {
        let ip = self.ip.value;
        default_flags(ip) ^ if ip.is_ipv4() { self.flags & OF_IPV4 } else { self.flags }
    }

    /// The final address, on `dev` if the line names no interface.
    #[must_use]
    pub fn settings(&self, dev: &str) -> Address {
        Address {
            ip: self.ip.value,
            prefix_len: self.prefix_len,
            dev: self.dev.as_ref().map_or(dev, |d| &d.value).into(),
            label: self.label.clone(),
            scope: self.scope,
            broadcast: self.broadcast,
            peer: self.peer,
            flags: self.flags(),
            preferred_lft: self
                .preferred_lft
                .unwrap_or_else(|| default_preferred(self.ip.value, self.prefix_len)),
            no_track: self.no_track,
        }
    }
}

fn option(line: &mut AddressLine, name: &Word, value: &Word, out: &mut Diagnostics) -> Option<()> {
    let is_v4 = line.ip.value.is_ipv4();
    let v4_only = |out: &mut Diagnostics| {
        if !is_v4 {
            let message = format!("`{}` is for IPv4 addresses only", name.text);
            out.add(code::BAD_ARGUMENT, name.span, message);
        }
        is_v4.then_some(())
    };
    match name.text.as_str() {
        "dev" => {
            let dev = interface(&name.text, value, out)?;
            if let Some(first) = line.dev.replace(dev) {
                out.add(code::BAD_ARGUMENT, value.span, "`dev` is given twice")
                    .related(first.span, "given here first");
                return None;
            }
        }
        "label" => {
            v4_only(out)?;
            if value.text.len() > 15 {
                out.add(code::BAD_ARGUMENT, value.span, "a label has at most 15 bytes");
                return None;
            }
            line.label = Some(value.text.clone());
        }
        "scope" if !is_v4 => {
            out.add(code::NO_EFFECT, name.span, "`scope` has no effect on an IPv6 address");
        }
        "scope" => line.scope = scope(value, out)?,
        "brd" | "broadcast" => {
            v4_only(out)?;
            line.broadcast = Some(match value.text.as_str() {
                "+" => Broadcast::Ones,
                "-" => Broadcast::Zeros,
                text => match text.parse::<Ipv4Addr>() {
                    Ok(ip) => Broadcast::Address(ip),
                    Err(_) => {
                        out.add(
                            code::BAD_ARGUMENT,
                            value.span,
                            format!("`{text}` is no broadcast address"),
                        )
                        .label("expected +, - or an IPv4 address");
                        return None;
                    }
                },
            });
            if !matches!(line.broadcast, Some(Broadcast::Address(_))) && line.prefix_len > 30 {
                out.add(
                    code::BAD_ARGUMENT,
                    value.span,
                    "no broadcast address for a prefix this long",
                )
                .help("give the address a prefix of at most /30");
                return None;
            }
        }
        "peer" => {
            let peer = value::ip("peer", value, out)?;
            let host = if is_v4 { 32 } else { 128 };
            if peer.value.is_ipv4() != is_v4 {
                out.add(code::BAD_ARGUMENT, value.span, "the peer is of the other address family");
                return None;
            }
            if line.prefix_len != host {
                let label = format!("the prefix becomes /{host}");
                out.add(code::ADJUSTED, line.ip.span, "an address with a peer has no prefix")
                    .label(label);
                line.prefix_len = host;
            }
            line.peer = Some(peer.value);
        }
        "track_group" => line.track_group = Some(At::new(value.text.clone(), value.span)),
        "preferred_lft" => line.preferred_lft = Some(lifetime(value, out)?),
        _ => {}
    }
    Some(())
}

fn flag(word: &str) -> Option<u32> {
    WORDS.iter().find(|(known, _)| *known == word).map(|(_, flag)| *flag)
}

/// What the kernel would refuse, and what it would not look at.
fn check_flags(line: &AddressLine, node: &Node, out: &mut Diagnostics) -> Option<()> {
    let ip = line.ip.value;
    let joins = line.flags & IFA_F_MCAUTOJOIN != 0;
    if ip.is_unspecified() || ip.is_multicast() && !joins {
        let message = format!("{ip} can't be an address of an interface");
        let finding = out.add(code::BAD_ARGUMENT, line.ip.span, message);
        if ip.is_multicast() {
            finding.help("`autojoin` makes it a group that is joined");
        }
        return None;
    }
    for word in node.arguments() {
        let text = word.text.as_str();
        if ip.is_ipv4() && matches!(text, "home" | "-nodad" | "mngtmpaddr") {
            let message = format!("`{text}` has no effect on an IPv4 address");
            out.add(code::NO_EFFECT, word.span, message);
        } else if text == "mngtmpaddr" && line.prefix_len != 64 {
            out.add(code::BAD_ARGUMENT, word.span, "`mngtmpaddr` needs a prefix of /64");
            return None;
        }
    }
    Some(())
}

/// `forever`, or seconds.
#[expect(clippy::option_option, reason = "`None` is an error, `Some(None)` for ever")]
fn lifetime(word: &Word, out: &mut Diagnostics) -> Option<Option<u32>> {
    if word.text == "forever" {
        return Some(None);
    }
    // What all bits set would mean to the kernel is for ever.
    let seconds = value::int("preferred_lft", word, 0, i64::from(u32::MAX) - 1, out)?;
    Some(u32::try_from(seconds).ok())
}

/// `IP[/LEN]`
pub fn with_prefix(word: &Word, out: &mut Diagnostics) -> Option<(At<IpAddr>, u8)> {
    let (address, length) = match word.text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (word.text.as_str(), None),
    };
    let ip: Option<IpAddr> = address.parse().ok();
    let host = if ip.is_some_and(|ip| ip.is_ipv6()) { 128 } else { 32 };
    let length = length.map_or(Some(host), |l| l.parse().ok().filter(|l| *l <= host));
    match (ip, length) {
        (Some(ip), Some(length)) => Some((At::new(ip, word.span), length)),
        (ip, _) => {
            let label = if ip.is_some() {
                format!("expected /0 to /{host}")
            } else {
                "expected IP or IP/LENGTH".into()
            };
            out.add(code::BAD_ARGUMENT, word.span, format!("`{}` is no address", word.text))
                .label(label);
            None
        }
    }
}

/// The name of an interface.
pub fn interface(keyword: &str, word: &Word, out: &mut Diagnostics) -> Option<At<String>> {
    let name = &word.text;
    if name.is_empty() || name.len() > 15 || name.contains('/') {
        out.add(
            code::BAD_ARGUMENT,
            word.span,
            format!("`{keyword}`: `{name}` is no interface name"),
        )
        .label("expected 1 to 15 bytes without `/`");
        return None;
    }
    Some(At::new(name.clone(), word.span))
}

/// A scope by name (as in iproute2's `rt_scopes`) or number.
fn scope(word: &Word, out: &mut Diagnostics) -> Option<u8> {
    match word.text.as_str() {
        "global" | "universe" => Some(0),
        "site" => Some(200),
        "link" => Some(253),
        "host" => Some(254),
        "nowhere" => Some(255),
        text => text.parse().ok().or_else(|| {
            out.add(code::BAD_ARGUMENT, word.span, format!("unknown scope `{text}`"))
                .label("expected global, site, link, host, nowhere or 0 to 255");
            None
        }),
    }
}

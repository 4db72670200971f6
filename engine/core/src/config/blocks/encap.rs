//! `encap` of a route: `mpls`, `ip`, `ip6`, `ila` with their options (reference §2.4).

use alloc::string::ToString;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::ip_words::Words;
use crate::config::diagnostic::code;
use crate::config::lexer::Word;
use crate::net::encap::{Encap, locator};

/// Reads what follows `encap`, up to the first word that is no option of it.
pub fn read(encap: &Word, words: &mut Words<'_>) -> Option<Encap> {
    let kind = words.value(encap)?;
    match kind.text.as_str() {
        "mpls" => mpls(kind, words),
        "ip" => {
            let it = outer(kind, words, "tos", "ttl")?;
            let Some(IpAddr::V4(dst)) = it.dst else { return without_destination(kind, words) };
            let src = if let Some(IpAddr::V4(src)) = it.src { src } else { Ipv4Addr::UNSPECIFIED };
            Some(Encap::Ip { id: it.id, dst, src, tos: it.tos, ttl: it.ttl, flags: it.flags })
        }
        "ip6" => {
            let it = outer(kind, words, "tc", "hoplimit")?;
            let Some(IpAddr::V6(dst)) = it.dst else { return without_destination(kind, words) };
            let src = if let Some(IpAddr::V6(src)) = it.src { src } else { Ipv6Addr::UNSPECIFIED };
            let (tc, hoplimit) = (it.tos, it.ttl);
            Some(Encap::Ip6 { id: it.id, dst, src, tc, hoplimit, flags: it.flags })
        }
        "ila" => {
            let value = words.value(kind)?;
            let found = locator(&value.text);
            if found.is_none() {
                words.bad(kind, value, "a locator").label("expected as 1:2:3:4");
            }
            found.map(|locator| Encap::Ila { locator })
        }
        _ => {
            words.bad(encap, kind, "an encapsulation").label("expected mpls, ip, ip6 or ila");
            None
        }
    }
}

fn without_destination(kind: &Word, words: &mut Words<'_>) -> Option<Encap> {
    let text = alloc::format!("`encap {}` without `dst`", kind.text);
    words.find(code::INCOMPLETE, kind.span, text).help("add `dst IP`, the tunnel's other end");
    None
}

fn mpls(kind: &Word, words: &mut Words<'_>) -> Option<Encap> {
    let value = words.value(kind)?;
    let label = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        text.parse().ok().filter(|n| digits && *n < 1 << 20)
    };
    let labels: Option<Vec<u32>> = value.text.split('/').map(label).collect();
    let Some(labels) = labels else {
        words.bad(kind, value, "a list of labels").label("expected as 100/200, each 0 to 1048575");
        return None;
    };
    let ttl = match words.peek() {
        Some(word) if word.text == "ttl" => {
            words.take();
            Some(words.small(word, 1, 255)?)
        }
        _ => None,
    };
    Some(Encap::Mpls { labels, ttl })
}

/// An outer header as written.
#[derive(Default)]
struct Outer {
    id: u64,
    dst: Option<IpAddr>,
    src: Option<IpAddr>,
    tos: u8,
    ttl: u8,
    flags: u16,
}

fn outer(kind: &Word, words: &mut Words<'_>, tos: &str, ttl: &str) -> Option<Outer> {
    let v6 = kind.text == "ip6";
    let mut it = Outer::default();
    while let Some(word) = words.peek() {
        match word.text.as_str() {
            "id" => {
                words.take();
                let value = words.value(word)?;
                let digits = value.text.bytes().all(|b| b.is_ascii_digit());
                let Some(id) = value.text.parse().ok().filter(|_| digits) else {
                    words.bad(word, value, "a number");
                    return None;
                };
                it.id = id;
            }
            "dst" | "src" => {
                words.take();
                let value = words.value(word)?;
                let ip = words.any_ip(word, value)?;
                if ip.is_ipv6() != v6 {
                    let family = if v6 { "an IPv6 address" } else { "an IPv4 address" };
                    words.bad(word, value, family);
                    return None;
                }
                let place = if word.text == "dst" { &mut it.dst } else { &mut it.src };
                *place = Some(ip);
            }
            "flags" => {
                words.take();
                let flags = words.hex(word)?;
                let Ok(flags) = u16::try_from(flags) else {
                    let text = "`flags` are 0 to 65535".to_string();
                    words.find(code::OUT_OF_RANGE, word.span, text);
                    return None;
                };
                it.flags = flags;
            }
            name if name == tos => {
                words.take();
                it.tos = words.small(word, 0, 255)?;
            }
            name if name == ttl => {
                words.take();
                it.ttl = words.small(word, 0, 255)?;
            }
            _ => break,
        }
    }
    Some(it)
}

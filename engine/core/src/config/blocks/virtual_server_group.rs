//! `virtual_server_group`: addresses and marks that several services share (reference §2.13).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{lines, name};
use crate::config::diagnostic::{At, Diagnostics, Span, code};
use crate::config::lexer::Word;
use crate::config::tree::Node;
use crate::config::value;
use crate::ipvs::table::Family;

/// Addresses of one entry.
const MOST: u128 = 65_536;

/// One entry.
#[derive(Clone, Debug)]
pub enum Entry {
    /// Addresses, and the port.
    Addresses(Vec<IpAddr>, u16),
    /// A firewall mark, and its family if given.
    Mark(u32, Option<Family>),
}

/// A group as written.
#[derive(Clone, Debug)]
pub struct VirtualServerGroup {
    /// Its name.
    pub name: At<String>,
    /// Its entries with their places.
    pub entries: Vec<(Entry, Span)>,
}

/// Reads the block.
pub fn parse(node: &Node, out: &mut Diagnostics) -> Option<VirtualServerGroup> {
    let name = name(node, out)?;
    let mut entries = Vec::new();
    for line in lines(node).iter().filter(|l| !l.is_stray_close()) {
        if let Some(entry) = entry(line, out) {
            entries.push((entry, line.span()));
        }
    }
    if entries.is_empty() {
        out.add(
            code::INCOMPLETE,
            name.span,
            format!("virtual_server_group `{}` is empty", name.value),
        )
        .help("add `IP PORT` or `fwmark N`");
    }
    Some(VirtualServerGroup { name, entries })
}

fn entry(line: &Node, out: &mut Diagnostics) -> Option<Entry> {
    if let Some(block) = &line.block {
        out.add(code::UNEXPECTED_OPEN, block.open, "an entry of a group has no block");
        return None;
    }
    let word = line.keyword();
    if word.text == "fwmark" {
        let Some(number) = line.arguments().first() else {
            out.add(
                code::MISSING_ARGUMENT,
                word.span,
                "`fwmark` needs a number from 1 to 4294967295",
            );
            return None;
        };
        let mark = value::int("fwmark", number, 1, 0xffff_ffff, out)?;
        let family = match line.arguments().get(1) {
            Some(word) => Some(super::service::family_of(word, out)?),
            None => None,
        };
        super::extra(line, 3, out);
        return Some(Entry::Mark(u32::try_from(mark).unwrap_or(u32::MAX), family));
    }
    let addresses = addresses(word, out)?;
    let port = match line.arguments().first() {
        Some(word) => value::int("port", word, 0, 65535, out)?,
        None => 0,
    };
    super::extra(line, 2, out);
    Some(Entry::Addresses(addresses, u16::try_from(port).unwrap_or(0)))
}

/// `IP`, `IP-N`, `IP-IP` or `IP/LEN`
fn addresses(word: &Word, out: &mut Diagnostics) -> Option<Vec<IpAddr>> {
    let range = range(&word.text).and_then(|(low, high)| {
        let count = number(high).checked_sub(number(low))?;
        (count < MOST && low.is_ipv4() == high.is_ipv4()).then_some((low, count))
    });
    let Some((low, count)) = range else {
        out.add(code::BAD_ARGUMENT, word.span, format!("`{}` is no address or range", word.text))
            .label("expected IP, IP-N, IP-IP or IP/LENGTH, at most 65536 addresses");
        return None;
    };
    Some((0..=count).map(|n| add(low, n)).collect())
}

fn range(text: &str) -> Option<(IpAddr, IpAddr)> {
    if let Some((low, length)) = text.split_once('/') {
        let low: IpAddr = low.parse().ok()?;
        let bits = if low.is_ipv4() { 32 } else { 128 };
        let host = bits - length.parse::<u32>().ok().filter(|l| *l <= bits)?;
        let size = 1u128.checked_shl(host)?;
        number(low).is_multiple_of(size).then_some(())?;
        return Some((low, add(low, size - 1)));
    }
    let Some((low, high)) = text.split_once('-') else {
        let ip = text.parse().ok()?;
        return Some((ip, ip));
    };
    let low: IpAddr = low.parse().ok()?;
    if let Ok(high) = high.parse() {
        return Some((low, high));
    }
    // The last octet in decimal, or the last group in hexadecimal.
    let (last, size): (u128, u128) = match low {
        IpAddr::V4(_) => (high.parse::<u8>().ok()?.into(), 1u128 << 8),
        IpAddr::V6(_) => (u16::from_str_radix(high, 16).ok()?.into(), 1u128 << 16),
    };
    let own: u128 = number(low) % size;
    (last > own).then(|| (low, add(low, last - own)))
}

fn number(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => u128::from(u32::from(ip)),
        IpAddr::V6(ip) => u128::from(ip),
    }
}

fn add(ip: IpAddr, n: u128) -> IpAddr {
    match ip {
        IpAddr::V4(ip) => {
            let n = u32::try_from(n).unwrap_or(u32::MAX);
            Ipv4Addr::from(u32::from(ip).saturating_add(n)).into()
        }
        IpAddr::V6(ip) => Ipv6Addr::from(u128::from(ip).saturating_add(n)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(text: &str) -> Option<(IpAddr, IpAddr)> {
        let word = Word { text: text.into(), span: Span::default() };
        let all = addresses(&word, &mut Diagnostics::default())?;
        Some((all[0], all[all.len() - 1]))
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn ranges_are_written_in_four_ways() {
        assert_eq!(ends("10.0.0.1"), Some((ip("10.0.0.1"), ip("10.0.0.1"))));
        assert_eq!(ends("10.0.0.1-20"), Some((ip("10.0.0.1"), ip("10.0.0.20"))));
        assert_eq!(ends("10.0.0.1-10.0.1.2"), Some((ip("10.0.0.1"), ip("10.0.1.2"))));
        assert_eq!(ends("10.0.0.8/30"), Some((ip("10.0.0.8"), ip("10.0.0.11"))));
        assert_eq!(ends("fe80::1-f"), Some((ip("fe80::1"), ip("fe80::f"))));
    }

    #[test]
    fn bad_ranges_are_refused() {
        for text in
            ["10.0.0.20-1", "10.0.0.9/30", "10.0.0.1-300", "0.0.0.0/0", "::/0", "10.0.0.1-::1", "x"]
        {
            assert_eq!(ends(text), None, "{text}");
        }
    }
}

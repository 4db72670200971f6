//! Light-weight tunnels of routes (linux/lwtunnel.h), as `encap` names them.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::net::{Ipv4Addr, Ipv6Addr};

/// What a packet is packed into.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Encap {
    /// MPLS labels, outermost first: 0..=1048575 each.
    Mpls {
        /// The labels.
        labels: Vec<u32>,
        /// TTL of the outermost; `None`: the packet's.
        ttl: Option<u8>,
    },
    /// An IPv4 tunnel whose device takes its parameters from the route.
    Ip {
        /// Tunnel key.
        id: u64,
        /// Outer destination.
        dst: Ipv4Addr,
        /// Outer source; unspecified: the kernel chooses.
        src: Ipv4Addr,
        /// Outer type of service.
        tos: u8,
        /// Outer TTL; 0: the device's.
        ttl: u8,
        /// TUNNEL_* (linux/if_tunnel.h).
        flags: u16,
    },
    /// The same, IPv6.
    Ip6 {
        /// Tunnel key.
        id: u64,
        /// Outer destination.
        dst: Ipv6Addr,
        /// Outer source.
        src: Ipv6Addr,
        /// Outer traffic class.
        tc: u8,
        /// Outer hop limit.
        hoplimit: u8,
        /// TUNNEL_*.
        flags: u16,
    },
    /// Identifier locator addressing: the upper half of the destination.
    Ila {
        /// Its 64 bits.
        locator: u64,
    },
}

/// As iproute2 writes it, without what is zero.
impl fmt::Display for Encap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mpls { labels, ttl } => {
                let labels: Vec<String> = labels.iter().map(ToString::to_string).collect();
                write!(f, "mpls {}", labels.join("/"))?;
                option(f, "ttl", u64::from(ttl.unwrap_or(0)))
            }
            Self::Ip { id, dst, src, tos, ttl, flags } => {
                f.write_str("ip")?;
                option(f, "id", *id)?;
                write!(f, " dst {dst}")?;
                if !src.is_unspecified() {
                    write!(f, " src {src}")?;
                }
                option(f, "tos", u64::from(*tos))?;
                option(f, "ttl", u64::from(*ttl))?;
                option(f, "flags", u64::from(*flags))
            }
            Self::Ip6 { id, dst, src, tc, hoplimit, flags } => {
                f.write_str("ip6")?;
                option(f, "id", *id)?;
                write!(f, " dst {dst}")?;
                if !src.is_unspecified() {
                    write!(f, " src {src}")?;
                }
                option(f, "tc", u64::from(*tc))?;
                option(f, "hoplimit", u64::from(*hoplimit))?;
                option(f, "flags", u64::from(*flags))
            }
            Self::Ila { locator } => {
                let [a, b, c, d] = quarters(*locator);
                write!(f, "ila {a:x}:{b:x}:{c:x}:{d:x}")
            }
        }
    }
}

fn option(f: &mut fmt::Formatter<'_>, name: &str, value: u64) -> fmt::Result {
    if value == 0 { Ok(()) } else { write!(f, " {name} {value}") }
}

fn quarters(locator: u64) -> [u16; 4] {
    let b = locator.to_be_bytes();
    core::array::from_fn(|i| u16::from_be_bytes([b[2 * i], b[2 * i + 1]]))
}

/// A locator: four groups of hexadecimal digits.
#[must_use]
pub fn locator(text: &str) -> Option<u64> {
    let mut locator = 0;
    let mut groups = 0;
    for group in text.split(':') {
        let digits = (1..=4).contains(&group.len()) && group.bytes().all(|b| b.is_ascii_hexdigit());
        let value = u16::from_str_radix(group, 16).ok().filter(|_| digits)?;
        locator = locator << 16 | u64::from(value);
        groups += 1;
    }
    (groups == 4).then_some(locator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locator_is_four_groups() {
        assert_eq!(locator("1:2:3:4"), Some(0x0001_0002_0003_0004));
        assert_eq!(Encap::Ila { locator: 0x1_0002_0003_000a }.to_string(), "ila 1:2:3:a");
        for wrong in ["", "1:2:3", "1:2:3:4:5", "1::3:4", "1:2:3:12345", "x:2:3:4"] {
            assert_eq!(locator(wrong), None, "{wrong}");
        }
    }
}

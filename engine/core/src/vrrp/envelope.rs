//! The IP header in front of a message: IPv4 (RFC 791 §3.1) or IPv6 (RFC 8200 §3).
//!
//! ```text
//! IPv4: 0x45 | TOS | length | identification | 0 | TTL | protocol | checksum | source | destination
//! IPv6: 6 | traffic class | flow label | length behind the header | next header | hop limit | source | destination
//! ```
//! A raw socket of IPv6 delivers no header; whoever reads it puts one in front, so that there is one form only.

use alloc::vec::Vec;
use core::net::IpAddr;

/// DSCP CS6, internetwork control.
const TRAFFIC_CLASS: u8 = 0xc0;
/// Length of an IPv4 header without options.
const IPV4: usize = 20;
/// Length of an IPv6 header.
pub const IPV6: usize = 40;

/// What of an IP header matters to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Sender.
    pub source: IpAddr,
    /// Group or own address.
    pub destination: IpAddr,
    /// TTL or hop limit.
    pub ttl: u8,
    /// What comes behind the header.
    pub protocol: u8,
}

impl Envelope {
    /// Appends the header; false if its addresses are of two families. Its length is up to [`close`]; of IPv4 the
    /// kernel fills in identification and checksum.
    pub fn open(&self, out: &mut Vec<u8>) -> bool {
        match (self.source, self.destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                let (ttl, protocol) = (self.ttl, self.protocol);
                out.extend_from_slice(&[
                    0x45,
                    TRAFFIC_CLASS,
                    0,
                    0,
                    0,
                    0,
                    0,
                    0,
                    ttl,
                    protocol,
                    0,
                    0,
                ]);
                out.extend_from_slice(&source.octets());
                out.extend_from_slice(&destination.octets());
                true
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                let [high, low] = [0x60 | TRAFFIC_CLASS >> 4, TRAFFIC_CLASS << 4];
                out.extend_from_slice(&[high, low, 0, 0, 0, 0, self.protocol, self.ttl]);
                out.extend_from_slice(&source.octets());
                out.extend_from_slice(&destination.octets());
                true
            }
            _ => false,
        }
    }

    /// Reads the header, and tells its length; `None`: it is none.
    #[must_use]
    pub fn read(datagram: &[u8]) -> Option<(Self, usize)> {
        let first = *datagram.first()?;
        match first >> 4 {
            4 => {
                let length = usize::from(first & 0x0f) * 4;
                let header = datagram.get(..length.max(IPV4))?;
                let it = Self {
                    source: address(&header[12..16])?,
                    destination: address(&header[16..20])?,
                    ttl: header[8],
                    protocol: header[9],
                };
                (length >= IPV4).then_some((it, length))
            }
            6 => {
                let header = datagram.get(..IPV6)?;
                let it = Self {
                    source: address(&header[8..24])?,
                    destination: address(&header[24..40])?,
                    ttl: header[7],
                    protocol: header[6],
                };
                Some((it, IPV6))
            }
            _ => None,
        }
    }
}

/// Writes the length of a complete datagram into its header.
pub fn close(datagram: &mut [u8]) {
    let is_v6 = datagram.first().is_some_and(|first| first >> 4 == 6);
    let (at, before) = if is_v6 { (4, IPV6) } else { (2, 0) };
    let length = u16::try_from(datagram.len() - before).unwrap_or(u16::MAX);
    datagram[at..at + 2].copy_from_slice(&length.to_be_bytes());
}

/// How long a datagram is by its own header.
#[must_use]
pub fn length(datagram: &[u8]) -> usize {
    let is_v6 = datagram.first().is_some_and(|first| first >> 4 == 6);
    let (at, before) = if is_v6 { (4, IPV6) } else { (2, 0) };
    let word = datagram.get(at..at + 2).map_or(0, |word| u16::from_be_bytes([word[0], word[1]]));
    before + usize::from(word)
}

/// An address from its 4 or 16 bytes.
#[must_use]
pub fn address(octets: &[u8]) -> Option<IpAddr> {
    match octets.len() {
        4 => <[u8; 4]>::try_from(octets).ok().map(IpAddr::from),
        16 => <[u8; 16]>::try_from(octets).ok().map(IpAddr::from),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for (source, destination, expected) in
            [("10.0.0.1", "224.0.0.18", IPV4), ("fe80::1", "ff02::12", IPV6)]
        {
            let envelope = Envelope {
                source: source.parse().unwrap(),
                destination: destination.parse().unwrap(),
                ttl: 255,
                protocol: 112,
            };
            let mut bytes = Vec::new();
            assert!(envelope.open(&mut bytes));
            bytes.extend_from_slice(&[1, 2, 3]);
            close(&mut bytes);
            assert_eq!(Envelope::read(&bytes), Some((envelope, expected)));
            assert_eq!((length(&bytes), bytes.len()), (expected + 3, expected + 3));
            for end in 0..expected {
                assert_eq!(Envelope::read(&bytes[..end]), None);
            }
        }
    }

    #[test]
    fn two_families_make_no_header() {
        let mixed = Envelope {
            source: [10, 0, 0, 1].into(),
            destination: [0; 16].into(),
            ttl: 1,
            protocol: 112,
        };
        assert!(!mixed.open(&mut Vec::new()));
    }
}

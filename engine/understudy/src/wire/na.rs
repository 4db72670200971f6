//! Unsolicited neighbour advertisement (RFC 4861 §4.4, §7.2.6): what gratuitous ARP is for IPv6.
//!
//! ```text
//! Ethernet: 33:33:00:00:00:01 | source | 0x86dd
//! IPv6: hop limit 255, from the announced address to ff02::1
//! ICMPv6: type 136 | 0 | checksum | flags: override | target | option 2: link-layer address
//! ```

use std::net::Ipv6Addr;

/// All nodes on the link, as an Ethernet address.
pub const ALL_NODES_MAC: [u8; 6] = [0x33, 0x33, 0, 0, 0, 1];
const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
const ICMPV6: u8 = 58;
const NEIGHBOUR_ADVERTISEMENT: u8 = 136;
const ROUTER: u8 = 0x80;
const OVERRIDE: u8 = 0x20;
/// From the ICMPv6 header on.
const BODY: usize = 54;

/// The frame that announces `ip` at `mac`; `router`: this host forwards.
pub fn unsolicited(mac: [u8; 6], ip: Ipv6Addr, router: bool) -> [u8; 86] {
    let mut frame = [0; 86];
    frame[..6].copy_from_slice(&ALL_NODES_MAC);
    frame[6..12].copy_from_slice(&mac);
    frame[12..15].copy_from_slice(&[0x86, 0xdd, 0x60]);
    frame[18..22].copy_from_slice(&[0, 32, ICMPV6, 255]);
    frame[22..38].copy_from_slice(&ip.octets());
    frame[38..54].copy_from_slice(&ALL_NODES.octets());
    frame[54] = NEIGHBOUR_ADVERTISEMENT;
    frame[58] = if router { ROUTER | OVERRIDE } else { OVERRIDE };
    frame[62..78].copy_from_slice(&ip.octets());
    frame[78..80].copy_from_slice(&[2, 1]);
    frame[80..86].copy_from_slice(&mac);
    let checksum = !sum(&frame);
    frame[56..58].copy_from_slice(&checksum.to_be_bytes());
    frame
}

/// Over the pseudo header (both addresses, length, protocol) and the body; RFC 8200 §8.1.
fn sum(frame: &[u8; 86]) -> u16 {
    let words = frame[22..].chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    let length = u32::try_from(frame.len() - BODY).unwrap_or(0);
    let total = words.map(u32::from).sum::<u32>() + length + u32::from(ICMPV6);
    let folded = (total & 0xffff) + (total >> 16);
    u16::try_from((folded & 0xffff) + (folded >> 16)).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_right_and_the_fields_are_where_they_belong() {
        let ip: Ipv6Addr = "2001:db8::100".parse().unwrap();
        let frame = unsolicited([2, 0, 0, 0, 0, 1], ip, true);
        assert_eq!(sum(&frame), 0xffff);
        assert_eq!((frame[21], frame[54], frame[58]), (255, 136, 0xa0));
        assert_eq!(frame[62..78], ip.octets());
    }
}

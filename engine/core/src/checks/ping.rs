//! PING_CHECK: an ICMP echo request and the reply to it (reference §4.6).

/// Length of a request: header, and a number that only its own reply repeats.
pub const LENGTH: usize = 16;

/// Who numbers the sockets' packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identifier {
    /// We do: a raw socket gets the replies of all, also of other programs.
    Ours(u16),
    /// The kernel does, and gives each socket what is its own.
    Kernels,
}

/// One request, and what its reply looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Echo {
    /// ICMPv6.
    pub v6: bool,
    /// Of the sender.
    pub identifier: Identifier,
    /// Of the request.
    pub sequence: u16,
    /// Unguessable.
    pub nonce: u64,
}

impl Echo {
    /// The packet from the ICMP header on. The kernel computes the checksum of ICMPv6.
    #[must_use]
    pub fn request(&self) -> [u8; LENGTH] {
        self.packet(if self.v6 { 128 } else { 8 })
    }

    /// Whether `packet`, from the ICMP header on, is the reply to this request.
    #[must_use]
    pub fn is_answered_by(&self, packet: &[u8]) -> bool {
        let Ok(packet) = <&[u8; LENGTH]>::try_from(packet) else { return false };
        let mut want = self.packet(if self.v6 { 129 } else { 0 });
        if self.identifier == Identifier::Kernels {
            want[4..6].copy_from_slice(&packet[4..6]);
        }
        if self.v6 {
            // It depends on the addresses; the kernel has looked at it.
            want[2..4].copy_from_slice(&packet[2..4]);
        } else {
            want[2..4].fill(0);
            let sum = checksum(&want);
            want[2..4].copy_from_slice(&sum.to_be_bytes());
        }
        want == *packet
    }

    fn packet(&self, kind: u8) -> [u8; LENGTH] {
        let mut packet = [0; LENGTH];
        packet[0] = kind;
        if let Identifier::Ours(identifier) = self.identifier {
            packet[4..6].copy_from_slice(&identifier.to_be_bytes());
        }
        packet[6..8].copy_from_slice(&self.sequence.to_be_bytes());
        packet[8..].copy_from_slice(&self.nonce.to_be_bytes());
        if !self.v6 {
            let sum = checksum(&packet);
            packet[2..4].copy_from_slice(&sum.to_be_bytes());
        }
        packet
    }
}

/// What follows the header of an IPv4 packet, as a raw socket reads it; `None` if it is cut off.
#[must_use]
pub fn behind_ipv4_header(packet: &[u8]) -> Option<&[u8]> {
    let first = packet.first()?;
    let length = usize::from(first & 0x0f) * 4;
    (first >> 4 == 4 && length >= 20).then(|| packet.get(length..)).flatten()
}

/// The Internet checksum (RFC 1071).
fn checksum(bytes: &[u8; LENGTH]) -> u16 {
    let words = bytes.chunks_exact(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1]));
    let sum: u32 = words.sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    let [_, _, high, low] = ((folded & 0xffff) + (folded >> 16)).to_be_bytes();
    !u16::from_be_bytes([high, low])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;
    use alloc::vec::Vec;

    const ECHO: Echo = Echo {
        v6: false,
        identifier: Identifier::Ours(0x1234),
        sequence: 7,
        nonce: 0x0102_0304_0506_0708,
    };

    /// Made by hand: 0x1234 + 7 + 0x0102 + 0x0304 + 0x0506 + 0x0708 = 0x224f, and the request's 0x0800.
    const REQUEST: [u8; LENGTH] = [8, 0, 0xd5, 0xb0, 0x12, 0x34, 0, 7, 1, 2, 3, 4, 5, 6, 7, 8];
    const REPLY: [u8; LENGTH] = [0, 0, 0xdd, 0xb0, 0x12, 0x34, 0, 7, 1, 2, 3, 4, 5, 6, 7, 8];

    #[test]
    fn the_request_is_that_of_rfc_792() {
        assert_eq!(ECHO.request(), REQUEST);
        let v6 = Echo { v6: true, ..ECHO }.request();
        assert_eq!((v6[0], &v6[2..4], &v6[4..]), (128, &[0, 0][..], &REQUEST[4..]));
    }

    #[test]
    fn only_its_own_reply_counts() {
        assert!(ECHO.is_answered_by(&REPLY));
        assert!(!ECHO.is_answered_by(&REQUEST), "on loopback a raw socket hears itself");
        for byte in 0..LENGTH {
            for bit in 0..8 {
                let mut damaged = REPLY;
                damaged[byte] ^= 1 << bit;
                assert!(!ECHO.is_answered_by(&damaged), "byte {byte}, bit {bit}");
            }
        }
        for length in (0..LENGTH).chain([LENGTH + 1, 1500]) {
            let other: Vec<u8> = REPLY.iter().copied().cycle().take(length).collect();
            assert!(!ECHO.is_answered_by(&other), "{length} bytes");
        }
    }

    #[test]
    fn the_kernel_may_have_put_its_own_number_in() {
        let kernels = Echo { identifier: Identifier::Kernels, ..ECHO };
        assert!(kernels.is_answered_by(&REPLY));
        assert!(!Echo { sequence: 8, ..kernels }.is_answered_by(&REPLY));
        assert!(!Echo { nonce: 8, ..kernels }.is_answered_by(&REPLY));
        let mut v6 = Echo { v6: true, ..kernels }.request();
        (v6[0], v6[2], v6[5]) = (129, 0xaa, 0x55);
        assert!(Echo { v6: true, ..kernels }.is_answered_by(&v6));
        assert!(!kernels.is_answered_by(&v6));
    }

    #[test]
    fn headers_of_any_length_are_left_out_and_cut_ones_are_no_packet() {
        let packet = |first: u8, header: usize| {
            let mut packet = alloc::vec![0; header];
            packet[0] = first;
            packet.extend(REPLY);
            packet
        };
        assert_eq!(behind_ipv4_header(&packet(0x45, 20)), Some(&REPLY[..]));
        assert_eq!(behind_ipv4_header(&packet(0x4f, 60)), Some(&REPLY[..]));
        assert_eq!(behind_ipv4_header(&packet(0x44, 16)), None);
        assert_eq!(behind_ipv4_header(&packet(0x65, 20)), None);
        assert_eq!(behind_ipv4_header(&[0x4f; 30]), None);
        assert_eq!(behind_ipv4_header(&[]), None);
    }

    #[test]
    fn no_input_is_too_odd() {
        let mut random = Random::new(1);
        for _ in 0..2000 {
            let length = usize::try_from(random.below(100)).unwrap();
            let bytes: Vec<u8> = (0..length).map(|_| random.below(256).to_be_bytes()[7]).collect();
            assert!(!ECHO.is_answered_by(&bytes));
            assert!(behind_ipv4_header(&bytes).is_none_or(|rest| rest.len() + 20 <= length));
        }
    }
}

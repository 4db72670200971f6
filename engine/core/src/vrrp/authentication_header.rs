//! The authentication header (RFC 2402) in front of an advert, as RFC 2338 §5.3.6.3 and keepalived use it: HMAC-MD5-96
//! (RFC 2403) over the datagram, with the fields that change on the way read as zero.
//!
//! ```text
//! next header 112 | length 4 | 0 0
//! SPI: the source address
//! sequence number
//! 12 bytes of the digest
//! ```
//! keepalived takes the TTL of a multicast datagram for a field that does not change: nobody routes it.

use alloc::vec::Vec;
use core::net::Ipv4Addr;

use super::packet;
use crate::md5::Md5;

/// IP protocol number.
pub const PROTOCOL: u8 = 51;
/// Length of the header.
pub const LENGTH: usize = 24;
const IP: usize = 20;
/// RFC 2402 §2.2: in words of 4 bytes, less 2.
const WORDS: u8 = 4;
const DIGEST: usize = 12;
/// Bytes of the IPv4 header that are read as zero: type of service, flags and offset, checksum.
const MUTABLE: [usize; 5] = [1, 6, 7, 10, 11];
const TTL: usize = 8;
const DESTINATION: usize = 16;
const BLOCK: usize = 64;

/// Puts the header into a datagram that ends `bytes` and begins at `start` with an IPv4 header without options.
pub fn seal(bytes: &mut Vec<u8>, start: usize, key: [u8; 8], sequence: u32) {
    let [.., a, b, c, d] = bytes[start..start + 16] else { return };
    let mut header =
        [packet::PROTOCOL, WORDS, 0, 0, a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    header[8..12].copy_from_slice(&sequence.to_be_bytes());
    bytes.splice(start + IP..start + IP, header);
    let datagram = &mut bytes[start..];
    let length = u16::try_from(datagram.len()).unwrap_or(u16::MAX);
    datagram[2..4].copy_from_slice(&length.to_be_bytes());
    // Zero would make the kernel choose one, behind our back.
    let [.., high, low] = sequence.to_be_bytes();
    datagram[4..6].copy_from_slice(&[high, low.max(1)]);
    datagram[9] = PROTOCOL;
    let digest = digest(datagram, IP, key);
    datagram[IP + LENGTH - DIGEST..IP + LENGTH].copy_from_slice(&digest);
}

/// The sequence number of a datagram whose IPv4 header has `ip` bytes, if its header is in order and the digest right.
#[must_use]
pub fn open(datagram: &[u8], ip: usize, key: [u8; 8]) -> Option<u32> {
    let header = datagram.get(ip..ip + LENGTH)?;
    let source: [u8; 4] = datagram.get(12..16)?.try_into().ok()?;
    let spi: [u8; 4] = header[4..8].try_into().ok()?;
    let known =
        header[..2] == [packet::PROTOCOL, WORDS] && Ipv4Addr::from(spi) == Ipv4Addr::from(source);
    let length = usize::from(u16::from_be_bytes([datagram[2], datagram[3]]));
    let whole = datagram.get(..length).filter(|whole| whole.len() >= ip + LENGTH)?;
    let differs = header[LENGTH - DIGEST..]
        .iter()
        .zip(digest(whole, ip, key))
        .fold(0, |all, (theirs, ours)| all | (theirs ^ ours));
    let sequence: [u8; 4] = header[8..12].try_into().ok()?;
    (known && differs == 0).then_some(u32::from_be_bytes(sequence))
}

/// RFC 2104, RFC 2403.
fn digest(datagram: &[u8], ip: usize, key: [u8; 8]) -> [u8; DIGEST] {
    let pad = |with: u8| {
        let mut block = [with; BLOCK];
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        block
    };
    let mut inner = Md5::default();
    inner.update(&pad(0x36));
    let mut front: Vec<u8> = datagram[..ip + LENGTH].to_vec();
    MUTABLE.iter().for_each(|at| front[*at] = 0);
    if !(224..240).contains(&front[DESTINATION]) {
        front[TTL] = 0;
    }
    front[ip + LENGTH - DIGEST..].fill(0);
    inner.update(&front);
    inner.update(&datagram[ip + LENGTH..]);
    let mut outer = Md5::default();
    outer.update(&pad(0x5c));
    outer.update(&inner.finish());
    let mut out = [0; DIGEST];
    out.copy_from_slice(&outer.finish()[..DIGEST]);
    out
}

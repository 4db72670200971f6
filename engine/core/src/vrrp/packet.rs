//! VRRP messages as bytes: version 2 (RFC 3768 §5) over IPv4, version 3 (RFC 9568 §5) over IPv4 and IPv6, with the IP
//! header in front ([`envelope`]). The checks and their order are those of the reference, §3.3.
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |Version| Type  | Virtual Rtr ID|   Priority    | Count IP Addrs|
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! | v2: Auth Type | Adver Int (s) |                               |
//! | v3: 0 | Max Advertise Int (cs)|           Checksum            |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |                 IPv4 or IPv6 addresses, then                  |
//! |           v2: 8 bytes of authentication data                  |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! ```

use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;

use super::auth_hmac::{self, Sequence, Signer, Verifier};
use super::authentication_header as ah;
use super::envelope::{self, Envelope};
use super::settings::{Version, Vrid};

/// IP protocol number.
pub const PROTOCOL: u8 = 112;
/// The group of RFC 9568 §5.1.1.2.
pub const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);
/// The group of RFC 9568 §5.1.2.2.
pub const GROUP6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12);
/// VRRP ADVERTISEMENT, the only type.
const TYPE_ADVERTISEMENT: u8 = 1;
const HEADER: usize = 8;
const AUTHENTICATION: usize = 8;
/// Simple text password, RFC 2338 §5.3.6.
const AUTH_PASS: u8 = 1;
/// Authentication header, the same.
const AUTH_HEADER: u8 = 2;

/// What proves that an advert of version 2 is one of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Nothing.
    None,
    /// A password in the message, zero padded.
    Password([u8; 8]),
    /// An authentication header with this key, zero padded.
    Header([u8; 8]),
}

impl Proof {
    const fn number(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Password(_) => AUTH_PASS,
            Self::Header(_) => AUTH_HEADER,
        }
    }
}

/// What an advert says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advert {
    /// Protocol version.
    pub version: Version,
    /// Virtual router.
    pub vrid: Vrid,
    /// 255 owner, 0 leaving.
    pub priority: u8,
    /// Interval of the sender.
    pub interval: Duration,
    /// Number of addresses.
    pub count: u8,
}

/// What a checksum of version 3 covers beside the message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Checksum {
    /// A pseudo header (RFC 9568 §5.2.8).
    #[default]
    Proper,
    /// Nothing (`v3_checksum_as_v2`); IPv4 only.
    Plain,
    /// A pseudo header with the group as destination, though it is unicast (`old_unicast_checksum`); IPv4 only.
    Group,
}

/// How an advert is written.
#[derive(Clone, Copy, Debug)]
pub struct Writing<'a> {
    /// Version 2 only.
    pub proof: Proof,
    /// Version 3 only.
    pub checksum: Checksum,
    /// Who signs it.
    pub signer: Option<Signer<'a>>,
}

impl From<Proof> for Writing<'_> {
    fn from(proof: Proof) -> Self {
        Self { proof, checksum: Checksum::Proper, signer: None }
    }
}

/// What a receiver has been told to accept.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Protocol version.
    pub version: Version,
    /// Version 2 only.
    pub proof: Proof,
    /// Own interval.
    pub interval: Duration,
    /// Adverts come to the own address and not to a group.
    pub unicast: bool,
    /// Whether a checksum may be of the kind [`Checksum::Group`].
    pub old_checksum: bool,
    /// Signatures.
    pub verifier: Option<Verifier<'a>>,
    /// Addresses in the order of the configuration.
    pub vips: &'a [IpAddr],
}

/// An accepted message with what is odd about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// Sender.
    pub source: IpAddr,
    /// Its TTL.
    pub ttl: u8,
    /// What it says.
    pub advert: Advert,
    /// Its addresses are not ours: counted, accepted all the same.
    pub addresses_differ: bool,
    /// Its interval is not ours (version 3): accepted all the same.
    pub interval_differs: bool,
    /// The sequence number of its authentication header.
    pub sequence: Option<u32>,
    /// The sequence of its signature.
    pub signed: Option<Sequence>,
    /// What its checksum covers.
    pub checksum: Checksum,
}

/// Why a message was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// Shorter or longer than its own count says.
    Length,
    /// Multicast that has passed a router (RFC 9568 §7.1: MUST discard).
    Ttl(u8),
    /// Another version than configured.
    Version(u8),
    /// Authentication type that does not exist.
    AuthType(u8),
    /// Authentication type that is not the configured one.
    AuthMismatch(u8),
    /// Wrong password or digest.
    AuthFailure,
    /// An authentication header that was there before.
    Replayed(u32),
    /// Version 2: another interval than configured, in seconds.
    Interval(u8),
    /// Not an advert.
    Type(u8),
    /// Damaged.
    Checksum,
    /// Multicast where unicast is configured, or the other way round.
    Transport,
    /// No signature, though one is required.
    Unsigned,
    /// A signature that is none.
    Trailer,
    /// A signature with a key that is not configured.
    UnknownKey(u8),
    /// A wrong signature.
    Forged,
    /// A signature of another time.
    Stale,
    /// A signature that was there before.
    Repeated,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length => write!(f, "wrong length"),
            Self::Ttl(ttl) => write!(f, "TTL {ttl}, expected 255"),
            Self::Version(version) => write!(f, "version {version} is not the configured one"),
            Self::AuthType(kind) => write!(f, "unknown authentication type {kind}"),
            Self::AuthMismatch(kind) => {
                write!(f, "authentication type {kind} is not the configured one")
            }
            Self::AuthFailure => write!(f, "wrong password"),
            Self::Replayed(sequence) => write!(f, "sequence number {sequence} is an old one"),
            Self::Interval(seconds) => {
                write!(f, "advert interval {seconds} s is not the configured one")
            }
            Self::Type(kind) => write!(f, "type {kind} is no advert"),
            Self::Checksum => write!(f, "wrong checksum"),
            Self::Transport => write!(f, "multicast and unicast are mixed"),
            Self::Unsigned => write!(f, "not signed"),
            Self::Trailer => write!(f, "malformed signature"),
            Self::UnknownKey(id) => write!(f, "signed with key {id}, which is not configured"),
            Self::Forged => write!(f, "wrong signature"),
            Self::Stale => write!(f, "signature of another time"),
            Self::Repeated => write!(f, "signature that was there before"),
        }
    }
}

impl core::error::Error for DecodeError {}

/// Which virtual router a datagram is for, before any check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addressee {
    /// Virtual router.
    pub vrid: Vrid,
    /// Sender.
    pub source: IpAddr,
    /// Group or own address.
    pub destination: IpAddr,
}

/// Reads only that.
#[must_use]
pub fn addressee(datagram: &[u8]) -> Option<Addressee> {
    let (envelope, ip) = Envelope::read(datagram)?;
    let Envelope { source, destination, .. } = envelope;
    let vrid = *datagram.get(message_start(&envelope, ip) + 1)?;
    Some(Addressee { vrid, source, destination })
}

/// Where the message begins: behind the IP header of `ip` bytes and, if there is one, the authentication header.
fn message_start(envelope: &Envelope, ip: usize) -> usize {
    ip + if is_sealed(envelope) { ah::LENGTH } else { 0 }
}

/// The authentication header is one of IPv4 only.
fn is_sealed(envelope: &Envelope) -> bool {
    envelope.protocol == ah::PROTOCOL && envelope.source.is_ipv4()
}

/// Checks and reads one datagram.
///
/// # Errors
/// The first check that failed.
pub fn decode(datagram: &[u8], expected: &Expected<'_>) -> Result<Received, DecodeError> {
    let (envelope, ip) = Envelope::read(datagram).ok_or(DecodeError::Length)?;
    let (start, sealed) = (message_start(&envelope, ip), is_sealed(&envelope));
    if datagram.len() < start + HEADER {
        return Err(DecodeError::Length);
    }
    let Envelope { source, destination, ttl, .. } = envelope;
    let first = datagram[start];
    let auth_len = if first >> 4 == 2 { AUTHENTICATION } else { 0 };
    let count = datagram[start + 3];
    let size = if source.is_ipv4() { 4 } else { 16 };
    let end = start + HEADER + usize::from(count) * size + auth_len;
    let trailer = expected.verifier.and_then(|_| datagram.get(end..end + auth_hmac::LENGTH));
    let trailer = trailer.filter(|_| datagram.len() == end + auth_hmac::LENGTH);
    let length = end + trailer.map_or(0, <[u8]>::len);
    // Ethernet pads short frames to 60 bytes, 46 of them ours.
    if datagram.len() < length || (datagram.len() > length && datagram.len() > 46) {
        return Err(DecodeError::Length);
    }
    let message = &datagram[start..end];
    if !expected.unicast && ttl != 255 {
        return Err(DecodeError::Ttl(ttl));
    }
    if first >> 4 != number(expected.version) {
        return Err(DecodeError::Version(first >> 4));
    }
    let signed = match &expected.verifier {
        Some(verifier) => verifier.verify(source, message, trailer)?,
        None => None,
    };
    if sealed && !matches!(expected.proof, Proof::Header(_)) {
        return Err(DecodeError::AuthMismatch(AUTH_HEADER));
    }
    let mut sequence = None;
    let interval = match expected.version {
        Version::V2 => {
            sequence = match expected.proof {
                Proof::Header(key) if sealed && message[4] == AUTH_HEADER => {
                    Some(ah::open(datagram, ip, key).ok_or(DecodeError::AuthFailure)?)
                }
                proof => check_authentication(message, proof).map(|()| None)?,
            };
            if u64::from(message[5]) != expected.interval.as_secs() {
                return Err(DecodeError::Interval(message[5]));
            }
            Duration::from_secs(u64::from(message[5]))
        }
        Version::V3 => centiseconds(u16::from_be_bytes([message[4] & 0x0f, message[5]])),
    };
    if first & 0x0f != TYPE_ADVERTISEMENT {
        return Err(DecodeError::Type(first & 0x0f));
    }
    if envelope::length(datagram) != length {
        return Err(DecodeError::Length);
    }
    let checksum = checksum_of(message, expected, source, destination);
    let checksum = checksum.ok_or(DecodeError::Checksum)?;
    if destination.is_multicast() == expected.unicast {
        return Err(DecodeError::Transport);
    }
    let addresses = &message[HEADER..HEADER + usize::from(count) * size];
    let known = |octets| envelope::address(octets).is_some_and(|ip| expected.vips.contains(&ip));
    let same = usize::from(count) == expected.vips.len() && addresses.chunks_exact(size).all(known);
    let advert = Advert {
        version: expected.version,
        vrid: message[1],
        priority: message[2],
        interval,
        count,
    };
    Ok(Received {
        source,
        ttl,
        advert,
        addresses_differ: !same,
        interval_differs: interval != expected.interval,
        sequence,
        signed,
        checksum,
    })
}

/// The first kind of checksum that is right.
fn checksum_of(
    message: &[u8],
    expected: &Expected<'_>,
    source: IpAddr,
    destination: IpAddr,
) -> Option<Checksum> {
    let is_good =
        |kind: &Checksum| fold(sum(seed(*kind, source, destination, message), message)) == 0;
    let plain = Some(Checksum::Plain).filter(|_| source.is_ipv4());
    let group = Some(Checksum::Group).filter(|_| source.is_ipv4() && expected.old_checksum);
    let kinds = match expected.version {
        Version::V2 => [None, plain, None],
        Version::V3 => [Some(Checksum::Proper), plain, group],
    };
    kinds.into_iter().flatten().find(is_good)
}

/// What a checksum begins with.
fn seed(kind: Checksum, source: IpAddr, destination: IpAddr, message: &[u8]) -> u32 {
    match (kind, source) {
        (Checksum::Plain, IpAddr::V4(_)) => 0,
        (Checksum::Group, IpAddr::V4(_)) => pseudo_header(source, GROUP.into(), message),
        _ => pseudo_header(source, destination, message),
    }
}

fn check_authentication(message: &[u8], proof: Proof) -> Result<(), DecodeError> {
    let kind = message[4];
    match (kind, proof) {
        (0, Proof::None) => Ok(()),
        (AUTH_PASS, Proof::Password(pass)) => {
            let good = message[message.len() - AUTHENTICATION..] == pass;
            if good { Ok(()) } else { Err(DecodeError::AuthFailure) }
        }
        (0..=AUTH_HEADER, _) => Err(DecodeError::AuthMismatch(kind)),
        _ => Err(DecodeError::AuthType(kind)),
    }
}

/// Appends an advert with its IP header to `out`; nothing, and false, if its addresses are of two families. `interval` is
/// cut to what the version can say.
pub fn encode(
    advert: &Advert,
    writing: &Writing<'_>,
    vips: &[IpAddr],
    envelope: &Envelope,
    out: &mut Vec<u8>,
) -> bool {
    let datagram = out.len();
    if !envelope.open(out) {
        return false;
    }
    let start = out.len();
    let version = number(advert.version);
    let count = u8::try_from(vips.len()).unwrap_or(u8::MAX);
    out.extend_from_slice(&[
        version << 4 | TYPE_ADVERTISEMENT,
        advert.vrid,
        advert.priority,
        count,
    ]);
    match advert.version {
        Version::V2 => {
            let seconds = u8::try_from(advert.interval.as_secs()).unwrap_or(u8::MAX);
            out.extend_from_slice(&[writing.proof.number(), seconds, 0, 0]);
        }
        Version::V3 => {
            let cs = (advert.interval.as_millis() / 10).min(0x0fff);
            let [high, low] = u16::try_from(cs).expect("at most 4095").to_be_bytes();
            out.extend_from_slice(&[high, low, 0, 0]);
        }
    }
    for vip in &vips[..usize::from(count)] {
        match vip {
            IpAddr::V4(vip) => out.extend_from_slice(&vip.octets()),
            IpAddr::V6(vip) => out.extend_from_slice(&vip.octets()),
        }
    }
    let begin = match advert.version {
        Version::V2 => {
            out.extend_from_slice(&match writing.proof {
                Proof::Password(data) => data,
                Proof::None | Proof::Header(_) => [0; AUTHENTICATION],
            });
            0
        }
        Version::V3 => {
            let message = &out[start..];
            seed(writing.checksum, envelope.source, envelope.destination, message)
        }
    };
    let checksum = fold(sum(begin, &out[start..])).to_be_bytes();
    out[start + 6..start + 8].copy_from_slice(&checksum);
    if let Some(signer) = &writing.signer {
        signer.sign(envelope.source, start, out);
    }
    envelope::close(&mut out[datagram..]);
    true
}

const fn number(version: Version) -> u8 {
    match version {
        Version::V2 => 2,
        Version::V3 => 3,
    }
}

fn centiseconds(number: u16) -> Duration {
    Duration::from_millis(u64::from(number) * 10)
}

/// RFC 9568 §5.2.8, for IPv6 RFC 8200 §8.1.
fn pseudo_header(source: IpAddr, destination: IpAddr, message: &[u8]) -> u32 {
    let length = u32::try_from(message.len()).expect("a datagram has at most 65535 bytes");
    let add = |total, ip| match ip {
        IpAddr::V4(ip) => sum(total, &ip.octets()),
        IpAddr::V6(ip) => sum(total, &ip.octets()),
    };
    add(add(u32::from(PROTOCOL) + length, source), destination)
}

/// Adds 16-bit words (RFC 1071).
fn sum(start: u32, bytes: &[u8]) -> u32 {
    let words = bytes.chunks(2).map(|pair| match *pair {
        [high, low] => u32::from(u16::from_be_bytes([high, low])),
        [high] => u32::from(high) << 8,
        _ => 0,
    });
    words.fold(start, |total, word| total + word)
}

fn fold(total: u32) -> u16 {
    let mut total = total;
    while total >> 16 != 0 {
        total = (total & 0xffff) + (total >> 16);
    }
    !u16::try_from(total).expect("folded to 16 bits")
}

#[cfg(test)]
mod tests;

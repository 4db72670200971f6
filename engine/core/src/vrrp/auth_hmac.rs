//! The trailer that signs an advert (`auth_hmac`, reference §3.10): 28 bytes behind the message, which neither its
//! checksum nor its count of addresses covers.
//!
//! ```text
//! type 1 | key | 0 0
//! UTC seconds
//! fraction in 1/65536 s | counter
//! 16 bytes of HMAC-SHA-256
//! ```
//! Signed is a pseudo header (family, version, VRID, 0, source in 16 bytes), the message with its checksum read as zero,
//! and the trailer with its last 16 bytes read as zero. Time and counter together are the sequence.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use super::packet::DecodeError;
use super::settings::Secret;
use crate::sha256::hmac;

/// Length of the trailer.
pub const LENGTH: usize = 28;
const TYPE: u8 = 1;
/// Where the digest begins.
const DIGEST: usize = 12;
/// Where the checksum of a message is.
const CHECKSUM: core::ops::Range<usize> = 6..8;
/// Senders that are remembered of a group.
const SENDERS: usize = 4;

/// One key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct HmacKey {
    /// Its number, 1..=255, in each trailer.
    pub id: u8,
    /// 32 to 64 bytes.
    pub value: Secret,
}

/// What must be signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Mode {
    /// All adverts, sent and received.
    #[default]
    Enforce,
    /// Those that are sent; received ones may lack it.
    Permissive,
    /// None; received ones may have it.
    ReceiveOnly,
}

/// `auth_hmac` of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct HmacSettings {
    /// All keys; sorted by number.
    pub keys: Vec<HmacKey>,
    /// The one that signs.
    pub active: u8,
    /// How far a sender's clock may be away, 1..=300 s. Default three intervals, at least 5 s.
    pub window: Duration,
    /// Clocks count (`anti_replay time`), not only the order of sequences (`monotonic`). Default true.
    pub by_time: bool,
    /// Default enforce.
    pub mode: Mode,
}

impl HmacSettings {
    fn key(&self, id: u8) -> Option<&HmacKey> {
        self.keys.iter().find(|key| key.id == id)
    }
}

/// Seconds in the upper 32 bits, then their fraction, then a counter.
pub type Sequence = u64;

/// The sequence that a clock shows.
fn sequence_at(utc: Duration) -> Sequence {
    let fraction = u64::from(utc.subsec_nanos()) * 65536 / 1_000_000_000;
    (utc.as_secs() & 0xffff_ffff) << 32 | fraction << 16
}

/// The time of a sequence, as of the lower 32 bits of UTC seconds.
fn time_of(sequence: Sequence) -> Duration {
    let nanos = ((sequence >> 16) & 0xffff) * 1_000_000_000 / 65536;
    Duration::new(sequence >> 32, u32::try_from(nanos).unwrap_or(0))
}

/// How far a sequence is from a clock.
fn distance(sequence: Sequence, utc: Duration) -> Duration {
    let clock = Duration::new(utc.as_secs() & 0xffff_ffff, utc.subsec_nanos());
    time_of(sequence).abs_diff(clock)
}

/// Who signs what.
#[derive(Clone, Copy, Debug)]
pub struct Signer<'a> {
    /// The key.
    pub key: &'a HmacKey,
    /// The sequence of this advert.
    pub sequence: Sequence,
}

/// What a receiver of signatures has been told.
#[derive(Clone, Copy, Debug)]
pub struct Verifier<'a> {
    /// Keys, window and mode.
    pub settings: &'a HmacSettings,
    /// The own clock, since 1970.
    pub utc: Duration,
}

impl Signer<'_> {
    /// Appends the trailer to a message that begins at `start`.
    pub fn sign(&self, source: IpAddr, start: usize, out: &mut Vec<u8>) {
        let mut trailer = [0; LENGTH];
        trailer[..2].copy_from_slice(&[TYPE, self.key.id]);
        trailer[4..DIGEST].copy_from_slice(&self.sequence.to_be_bytes());
        let digest = digest(self.key, source, &out[start..], &trailer);
        trailer[DIGEST..].copy_from_slice(&digest);
        out.extend_from_slice(&trailer);
    }
}

impl Verifier<'_> {
    /// Checks what is behind a message; its sequence, if it is signed.
    ///
    /// # Errors
    /// The first check that failed.
    pub fn verify(
        &self,
        source: IpAddr,
        message: &[u8],
        trailer: Option<&[u8]>,
    ) -> Result<Option<Sequence>, DecodeError> {
        let Some(trailer) = trailer else {
            return match self.settings.mode {
                Mode::Enforce => Err(DecodeError::Unsigned),
                Mode::Permissive | Mode::ReceiveOnly => Ok(None),
            };
        };
        let trailer: &[u8; LENGTH] = trailer.try_into().map_err(|_| DecodeError::Trailer)?;
        let [kind, id, 0, 0, ..] = *trailer else { return Err(DecodeError::Trailer) };
        if kind != TYPE {
            return Err(DecodeError::Trailer);
        }
        let mut sequence = [0; 8];
        sequence.copy_from_slice(&trailer[4..DIGEST]);
        let sequence = Sequence::from_be_bytes(sequence);
        if self.settings.by_time && distance(sequence, self.utc) > self.settings.window {
            return Err(DecodeError::Stale);
        }
        let key = self.settings.key(id).ok_or(DecodeError::UnknownKey(id))?;
        let theirs = &trailer[DIGEST..];
        let ours = digest(key, source, message, trailer);
        let differs = theirs.iter().zip(ours).fold(0, |all, (theirs, ours)| all | (theirs ^ ours));
        if differs == 0 { Ok(Some(sequence)) } else { Err(DecodeError::Forged) }
    }
}

fn digest(key: &HmacKey, source: IpAddr, message: &[u8], trailer: &[u8; LENGTH]) -> [u8; 16] {
    let mut pseudo = [0; 20];
    pseudo[1] = message[0] >> 4;
    pseudo[2] = message[1];
    match source {
        IpAddr::V4(ip) => {
            pseudo[0] = 4;
            pseudo[4..8].copy_from_slice(&ip.octets());
        }
        IpAddr::V6(ip) => {
            pseudo[0] = 6;
            pseudo[4..].copy_from_slice(&ip.octets());
        }
    }
    let signed: [&[u8]; 6] = [
        &pseudo,
        &message[..CHECKSUM.start],
        &[0; 2],
        &message[CHECKSUM.end..],
        &trailer[..DIGEST],
        &[0; LENGTH - DIGEST],
    ];
    let mut out = [0; LENGTH - DIGEST];
    out.copy_from_slice(&hmac(&key.value.0, &signed)[..LENGTH - DIGEST]);
    out
}

/// What was sent and heard; a successor goes on from it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Sequences {
    /// The last own one.
    sent: Sequence,
    /// The last of each sender, that which was heard last behind all others.
    heard: Vec<(IpAddr, Sequence)>,
}

/// More adverts than leave between two handovers.
const UNTOLD: u64 = 4096;

impl Sequences {
    /// For a new advert: the clock, unless it stands still or went back.
    pub fn next(&mut self, settings: &HmacSettings, utc: Duration) -> Sequence {
        let clock = sequence_at(utc);
        let grown = self.sent == 0 || rises(self.sent, clock);
        let ahead = settings.by_time && distance(self.sent, utc) > settings.window;
        self.sent = if grown || ahead { clock } else { self.sent.wrapping_add(1) };
        self.sent
    }

    /// Remembers an advert whose signature is good; false if it, or a later one, was there before. `peers`: how many
    /// senders there are, if they are known.
    pub fn is_new(
        &mut self,
        settings: &HmacSettings,
        source: IpAddr,
        sequence: Sequence,
        utc: Duration,
        peers: Option<usize>,
    ) -> bool {
        let known = self.heard.iter().position(|(sender, _)| *sender == source);
        if let Some(at) = known {
            let (_, last) = self.heard[at];
            let forgotten = settings.by_time && distance(last, utc) > settings.window;
            if !forgotten && !rises(last, sequence) {
                return false;
            }
            self.heard.remove(at);
        } else if self.heard.len() >= peers.unwrap_or(SENDERS) {
            self.heard.remove(0);
        }
        self.heard.push((source, sequence));
        true
    }

    /// Those of a former life: it may have sent more than it could tell.
    #[must_use]
    pub fn continued(mut self) -> Self {
        if self.sent > 0 {
            self.sent = self.sent.wrapping_add(UNTOLD);
        }
        self
    }
}

/// Serial arithmetic (RFC 1982).
const fn rises(last: Sequence, next: Sequence) -> bool {
    let ahead = next.wrapping_sub(last);
    ahead != 0 && ahead < 1 << 63
}

/// A key as it is written: a text, or `hex:DIGITS`.
///
/// # Errors
/// What is wrong with it, in words that show nothing of it.
pub fn key_bytes(text: &str) -> Result<Vec<u8>, String> {
    let bytes = match text.strip_prefix("hex:") {
        None => text.as_bytes().to_vec(),
        Some(digits) => {
            let pair = |at: usize| {
                let digits = digits.get(at..at + 2)?;
                let plain = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
                u8::from_str_radix(digits, 16).ok().filter(|_| plain)
            };
            let bytes: Option<Vec<u8>> = (0..digits.len()).step_by(2).map(pair).collect();
            bytes.ok_or_else(|| String::from("not two hexadecimal digits for each byte"))?
        }
    };
    if (32..=64).contains(&bytes.len()) {
        Ok(bytes)
    } else {
        Err(alloc::format!("{} bytes, expected 32 to 64", bytes.len()))
    }
}

#[cfg(test)]
mod tests;

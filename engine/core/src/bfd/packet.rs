//! The control packet as bytes (RFC 5880 §4.1), without authentication.
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |Vers |  Diag   |Sta|P|F|C|A|D|M|  Detect Mult  |    Length     |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |                       My Discriminator                        |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |                      Your Discriminator                       |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |                 Desired Min TX Interval (us)                  |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |                 Required Min RX Interval (us)                 |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |               Required Min Echo RX Interval (us)              |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! ```

use core::fmt;
use core::time::Duration;

/// Destination of a neighbour on the same link (RFC 5881 §4).
pub const PORT: u16 = 3784;
/// Destination of a neighbour behind routers (RFC 5883 §5).
pub const MULTIHOP_PORT: u16 = 4784;
/// First source port (RFC 5881 §4), and their number.
pub const SOURCE_PORTS: (u16, u16) = (49152, 16384);
/// Length without authentication.
pub const LENGTH: usize = 24;

const VERSION: u8 = 1;
const POLL: u8 = 0x20;
const FINAL: u8 = 0x10;
const AUTHENTICATION: u8 = 0x04;
const DEMAND: u8 = 0x02;
const MULTIPOINT: u8 = 0x01;

/// State of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum State {
    /// Held down by its operator.
    AdminDown,
    /// Not there, or just begun.
    Down,
    /// The neighbour is heard, but does not hear us yet.
    Init,
    /// Both hear each other.
    Up,
}

impl State {
    /// All, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::AdminDown, Self::Down, Self::Init, Self::Up];

    const fn number(self) -> u8 {
        match self {
            Self::AdminDown => 0,
            Self::Down => 1,
            Self::Init => 2,
            Self::Up => 3,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AdminDown => "admin down",
            Self::Down => "down",
            Self::Init => "init",
            Self::Up => "up",
        })
    }
}

/// Why a session last changed its state (RFC 5880 §4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Diagnostic(pub u8);

impl Diagnostic {
    /// No diagnostic.
    pub const NONE: Self = Self(0);
    /// Control detection time expired: silence.
    pub const EXPIRED: Self = Self(1);
    /// The neighbour signaled session down.
    pub const NEIGHBOUR_DOWN: Self = Self(3);
    /// Administratively down.
    pub const ADMIN_DOWN: Self = Self(7);
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            0 => "no diagnostic",
            1 => "control detection time expired",
            2 => "echo function failed",
            3 => "neighbor signaled session down",
            4 => "forwarding plane reset",
            5 => "path down",
            6 => "concatenated path down",
            7 => "administratively down",
            8 => "reverse concatenated path down",
            other => return write!(f, "diagnostic {other}"),
        })
    }
}

/// A control packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Why the sender's session last changed.
    pub diagnostic: Diagnostic,
    /// The sender's state.
    pub state: State,
    /// The sender wants an answer.
    pub poll: bool,
    /// This is the answer.
    pub is_final: bool,
    /// Once both are up, the sender wants no more packets.
    pub demand: bool,
    /// Packets that may be missing, 1..
    pub multiplier: u8,
    /// The sender's name for the session, never 0.
    pub mine: u32,
    /// The receiver's name for it; 0 if not known.
    pub yours: u32,
    /// The sender would like to send no faster.
    pub min_tx: Duration,
    /// The sender can receive no faster; zero: nothing but answers, please.
    pub min_rx: Duration,
}

/// Why a packet was dropped (RFC 5880 §6.8.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// Shorter than a packet, or than its own length says, or that is too small.
    Length,
    /// Not version 1.
    Version(u8),
    /// Authentication, which is not in use.
    Authentication,
    /// Multipoint.
    Multipoint,
    /// A multiplier of 0, or no discriminator where there must be one.
    Value,
}

/// Reads a packet; any bytes may come. What follows it is not looked at.
pub fn decode(bytes: &[u8]) -> Result<Packet, DecodeError> {
    let Some(head) = bytes.first_chunk::<LENGTH>() else { return Err(DecodeError::Length) };
    let version = head[0] >> 5;
    if version != VERSION {
        return Err(DecodeError::Version(version));
    }
    let (flags, length) = (head[1], usize::from(head[3]));
    if length < LENGTH || length > bytes.len() {
        return Err(DecodeError::Length);
    }
    if flags & AUTHENTICATION != 0 {
        return Err(DecodeError::Authentication);
    }
    if flags & MULTIPOINT != 0 {
        return Err(DecodeError::Multipoint);
    }
    let word = |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let micros = |at| Duration::from_micros(word(at).into());
    let packet = Packet {
        diagnostic: Diagnostic(head[0] & 0x1f),
        state: State::ALL[usize::from(flags >> 6)],
        poll: flags & POLL != 0,
        is_final: flags & FINAL != 0,
        demand: flags & DEMAND != 0,
        multiplier: head[2],
        mine: word(4),
        yours: word(8),
        min_tx: micros(12),
        min_rx: micros(16),
    };
    let begins = matches!(packet.state, State::Down | State::AdminDown);
    if packet.multiplier == 0 || packet.mine == 0 || (packet.yours == 0 && !begins) {
        return Err(DecodeError::Value);
    }
    Ok(packet)
}

impl Packet {
    /// As bytes. No echoes are wanted.
    #[must_use]
    pub fn encode(&self) -> [u8; LENGTH] {
        let flag = |on: bool, bit: u8| if on { bit } else { 0 };
        let mut bytes = [0; LENGTH];
        bytes[0] = VERSION << 5 | (self.diagnostic.0 & 0x1f);
        bytes[1] = self.state.number() << 6
            | flag(self.poll, POLL)
            | flag(self.is_final, FINAL)
            | flag(self.demand, DEMAND);
        bytes[2] = self.multiplier;
        bytes[3] = 24;
        bytes[4..8].copy_from_slice(&self.mine.to_be_bytes());
        bytes[8..12].copy_from_slice(&self.yours.to_be_bytes());
        bytes[12..16].copy_from_slice(&micros(self.min_tx).to_be_bytes());
        bytes[16..20].copy_from_slice(&micros(self.min_rx).to_be_bytes());
        bytes
    }
}

fn micros(interval: Duration) -> u32 {
    u32::try_from(interval.as_micros()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;
    use crate::random::Random;

    /// What FRR 8.4.4's bfdd sends before it has heard anything.
    const FROM_FRR: [u8; LENGTH] = [
        0x20, 0x40, 0x03, 0x18, 0x4f, 0xa6, 0xcf, 0x59, 0, 0, 0, 0, 0x00, 0x0f, 0x42, 0x40, 0x00,
        0x0f, 0x42, 0x40, 0x00, 0x00, 0xc3, 0x50,
    ];

    fn packet() -> Packet {
        Packet {
            diagnostic: Diagnostic::NONE,
            state: State::Down,
            poll: false,
            is_final: false,
            demand: false,
            multiplier: 3,
            mine: 0x4fa6_cf59,
            yours: 0,
            min_tx: Duration::from_secs(1),
            min_rx: Duration::from_secs(1),
        }
    }

    #[test]
    fn bytes_become_a_packet_and_back() {
        assert_eq!(decode(&FROM_FRR), Ok(packet()));
        // Echoes are the only thing that we don't repeat.
        assert_eq!(packet().encode()[..20], FROM_FRR[..20]);
        for state in State::ALL {
            let full = Packet {
                diagnostic: Diagnostic(31),
                state,
                poll: true,
                is_final: true,
                demand: true,
                multiplier: 255,
                yours: u32::MAX,
                min_tx: Duration::from_micros(u32::MAX.into()),
                ..packet()
            };
            assert_eq!(decode(&full.encode()), Ok(full));
        }
    }

    #[test]
    fn what_must_be_discarded() {
        let changed = |at: usize, to: u8| {
            let mut bytes = FROM_FRR;
            bytes[at] = to;
            decode(&bytes)
        };
        assert_eq!(decode(&FROM_FRR[..23]), Err(DecodeError::Length));
        assert_eq!(changed(3, 23), Err(DecodeError::Length));
        assert_eq!(changed(3, 25), Err(DecodeError::Length));
        assert_eq!(changed(0, 0), Err(DecodeError::Version(0)));
        assert_eq!(changed(0, 0x40), Err(DecodeError::Version(2)));
        assert_eq!(changed(1, 0x44), Err(DecodeError::Authentication));
        assert_eq!(changed(1, 0x41), Err(DecodeError::Multipoint));
        assert_eq!(changed(2, 0), Err(DecodeError::Value));
        // Init and Up without the receiver's discriminator.
        assert_eq!(changed(1, 0x80), Err(DecodeError::Value));
        assert_eq!(changed(1, 0xc0), Err(DecodeError::Value));
        assert!(changed(1, 0).is_ok());
        assert_eq!(decode(&Packet { mine: 0, ..packet() }.encode()), Err(DecodeError::Value));
        // A longer datagram is no mistake.
        let longer: Vec<u8> = FROM_FRR.iter().copied().chain([1, 2, 3]).collect();
        assert_eq!(decode(&longer), Ok(packet()));
    }

    #[test]
    fn any_bytes_are_read_or_refused_and_what_is_read_is_written_again() {
        let mut random = Random::new(5880);
        let mut read = 0;
        for _ in 0..200_000 {
            let mut bytes = [0; 40];
            bytes.fill_with(|| random.next_u64().to_le_bytes()[0]);
            let length = usize::try_from(random.below(41)).unwrap();
            if random.below(2) == 0 {
                // Likely enough to get through.
                bytes[0] = 0x20 | (bytes[0] & 0x1f);
                bytes[3] = 24;
            }
            if let Ok(packet) = decode(&bytes[..length]) {
                assert_eq!(decode(&packet.encode()), Ok(packet));
                read += 1;
            }
        }
        assert!(read > 1000, "{read}");
    }
}

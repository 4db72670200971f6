//! Netlink messages (linux/netlink.h): built in place in one buffer, so that many requests leave with one `send`, and
//! read back with every length checked.
//!
//! ```text
//! nlmsghdr: length u32 | type u16 | flags u16 | sequence u32 | port u32, then the protocol's header, then attributes
//! nlattr:   length u16 | type u16, then the value, padded to 4
//! ```
//! The kernel works through a batch in order and goes on after an error. Only the last message asks for an answer; one
//! that fails answers anyway. So answers are read until that of the last: leftovers would fill the receive buffer.

mod batch;
mod read;
mod socket;

pub use batch::{Attributes, Batch};
pub use read::{Message, Refusal, attributes, messages, refusal, to_ip, to_text, to_u16, to_u32};
pub use socket::{Error, Socket};

/// The message is a request.
pub const NLM_F_REQUEST: u16 = 1;
/// Answer even when all is well. Set by `Socket::transact` where needed.
pub const NLM_F_ACK: u16 = 4;
/// Refuse it if it is there.
pub const NLM_F_EXCL: u16 = 0x200;
/// Put it behind what is there.
pub const NLM_F_APPEND: u16 = 0x800;
/// All entries.
pub const NLM_F_DUMP: u16 = 0x300;
/// Replace what is there.
pub const NLM_F_REPLACE: u16 = 0x100;
/// Create it if it isn't there.
pub const NLM_F_CREATE: u16 = 0x400;

const HEADER: usize = 16;

fn pad(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}

fn u16_at(bytes: &[u8]) -> u16 {
    u16::from_ne_bytes([bytes[0], bytes[1]])
}

fn u32_at(bytes: &[u8]) -> u32 {
    u32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

#[cfg(test)]
mod tests {
    use super::*;

    const RTM_NEWADDR: u16 = 20;

    #[test]
    fn a_message_is_read_back_as_it_was_built() {
        let mut batch = Batch::new();
        batch.message(RTM_NEWADDR, NLM_F_CREATE, &[2, 32, 0, 0, 1, 0, 0, 0], |a| {
            a.ip(1, "192.0.2.1".parse().unwrap());
            a.text(3, "lo:1");
            a.nest(5, |n| n.u32(1, 7));
        });
        batch.message(9, 0, &[], |a| a.bytes(4, &[]));
        let read: Vec<_> = messages(batch.bytes()).collect();
        assert_eq!(read.len(), 2);
        assert_eq!((read[0].kind, read[0].flags), (RTM_NEWADDR, NLM_F_CREATE | NLM_F_REQUEST));
        let attrs: Vec<_> = read[0].attributes(8).collect();
        assert_eq!(to_ip(attrs[0].1), Some("192.0.2.1".parse().unwrap()));
        assert_eq!(to_text(attrs[1].1), "lo:1");
        assert_eq!(attributes(attrs[2].1).next(), Some((1, &7u32.to_ne_bytes()[..])));
        assert_eq!(read[1].attributes(0).collect::<Vec<_>>(), [(4, &[][..])]);
    }

    #[test]
    fn damaged_bytes_end_the_reading_without_a_panic() {
        let mut batch = Batch::new();
        batch.message(1, 0, &[1, 2, 3], |a| a.nest(2, |n| n.bytes(3, &[4; 8])));
        let good = batch.bytes().to_vec();
        for cut in 0..good.len() {
            for message in messages(&good[..cut]) {
                assert!(message.attributes(3).count() <= 1);
            }
            for value in [0u8, 1, 3, 15, 17, 255] {
                let mut bad = good.clone();
                bad[cut] = value;
                for message in messages(&bad) {
                    for (_, nested) in message.attributes(3) {
                        assert!(attributes(nested).count() <= good.len());
                    }
                }
            }
        }
    }
}

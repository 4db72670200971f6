//! What the kernel sends, read with every length checked.

use std::fmt;
use std::io;

use super::{HEADER, u16_at, u32_at};

const NLMSGERR_ATTR_MSG: u16 = 1;
const NLM_F_ACK_TLVS: u16 = 0x200;
const NLA_TYPE_MASK: u16 = 0x3fff;

/// One received message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// nlmsg_type.
    pub kind: u16,
    /// nlmsg_flags.
    pub flags: u16,
    /// nlmsg_seq.
    pub sequence: u32,
    /// nlmsg_pid: in an event, the socket that asked for the change; 0: the kernel.
    pub port: u32,
    /// The protocol's header and the attributes.
    pub payload: &'a [u8],
}

impl<'a> Message<'a> {
    /// The attributes behind a protocol header of `header` bytes; none if the message is too short for it.
    pub fn attributes(&self, header: usize) -> impl Iterator<Item = (u16, &'a [u8])> + use<'a> {
        attributes(self.payload.get(header.next_multiple_of(4)..).unwrap_or_default())
    }
}

/// The messages of one datagram; ends at the first that is damaged.
pub fn messages(mut bytes: &[u8]) -> impl Iterator<Item = Message<'_>> {
    std::iter::from_fn(move || {
        if bytes.len() < HEADER {
            return None;
        }
        let length = usize::try_from(u32_at(bytes)).ok()?;
        let payload = bytes.get(HEADER..length)?;
        let message = Message {
            kind: u16_at(&bytes[4..]),
            flags: u16_at(&bytes[6..]),
            sequence: u32_at(&bytes[8..]),
            port: u32_at(&bytes[12..]),
            payload,
        };
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(message)
    })
}

/// Attributes as (type, value); ends at the first that is damaged.
pub fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        if bytes.len() < 4 {
            return None;
        }
        let length = usize::from(u16_at(bytes));
        let value = bytes.get(4..length)?;
        let kind = u16_at(&bytes[2..]) & NLA_TYPE_MASK;
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    })
}

/// A value of an attribute as a number in host order; `None` if it has another length.
pub fn to_u16(value: &[u8]) -> Option<u16> {
    value.try_into().ok().map(u16::from_ne_bytes)
}

/// The same, 32 bits.
pub fn to_u32(value: &[u8]) -> Option<u32> {
    value.try_into().ok().map(u32::from_ne_bytes)
}

/// A text up to its closing zero.
pub fn to_text(value: &[u8]) -> String {
    let end = value.iter().position(|b| *b == 0).unwrap_or(value.len());
    String::from_utf8_lossy(&value[..end]).into_owned()
}

/// A value of 4 or 16 bytes as an address.
pub fn to_ip(value: &[u8]) -> Option<std::net::IpAddr> {
    if let Ok(v4) = <[u8; 4]>::try_from(value) {
        return Some(v4.into());
    }
    <[u8; 16]>::try_from(value).ok().map(Into::into)
}

/// A message that the kernel refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Index of the message in its batch.
    pub index: usize,
    /// The kernel's number, as EEXIST.
    pub errno: i32,
    /// The kernel's own words, where it has some.
    pub text: Option<String>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.text {
            Some(text) => write!(f, "{text} ({})", io::Error::from_raw_os_error(self.errno)),
            None => write!(f, "{}", io::Error::from_raw_os_error(self.errno)),
        }
    }
}

/// What an NLMSG_ERROR says; `None`: all is well.
pub fn refusal(message: Message<'_>, index: usize) -> Option<Refusal> {
    let code = message.payload.get(..4).and_then(to_u32).map_or(-libc::EINVAL, u32::cast_signed);
    let errno = code.checked_neg()?;
    if errno == 0 {
        return None;
    }
    // The errno, the header of the request (NETLINK_CAP_ACK: without its payload), then the reason.
    let reasons = (message.flags & NLM_F_ACK_TLVS != 0).then(|| message.attributes(4 + HEADER));
    let text = reasons.into_iter().flatten().find(|(kind, _)| *kind == NLMSGERR_ATTR_MSG);
    Some(Refusal { index, errno, text: text.map(|(_, value)| to_text(value)) })
}

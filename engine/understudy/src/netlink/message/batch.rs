//! Requests, built in place in one buffer.

use super::{NLM_F_ACK, NLM_F_REQUEST, pad, u16_at};

const NLA_F_NESTED: u16 = 0x8000;

/// Requests that leave together.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    bytes: Vec<u8>,
    /// Where each message starts.
    starts: Vec<usize>,
    /// nfnetlink: all or nothing.
    pub(super) transaction: bool,
}

impl Batch {
    /// Without messages.
    pub const fn new() -> Self {
        Self { bytes: Vec::new(), starts: Vec::new(), transaction: false }
    }

    /// Without messages; the first and the last one will mark the bounds of an nfnetlink transaction, and are not
    /// answered when all is well.
    pub const fn transaction() -> Self {
        Self { bytes: Vec::new(), starts: Vec::new(), transaction: true }
    }

    /// Index of the message whose answer comes last.
    pub(super) fn answered(&self) -> usize {
        self.starts.len().saturating_sub(if self.transaction { 2 } else { 1 })
    }

    /// Forgets its messages, keeps its memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.starts.clear();
    }

    /// Number of messages.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// No messages?
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// Its bytes, for tests against captured ones.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// One message: `header` is the protocol's own (ifaddrmsg, genlmsghdr ...), `attributes` adds the rest. Returns its
    /// index, by which a refusal names it.
    pub fn message(
        &mut self,
        kind: u16,
        flags: u16,
        header: &[u8],
        attributes: impl FnOnce(&mut Attributes<'_>),
    ) -> usize {
        let start = self.bytes.len();
        self.starts.push(start);
        self.bytes.extend_from_slice(&[0; 4]);
        self.bytes.extend_from_slice(&kind.to_ne_bytes());
        self.bytes.extend_from_slice(&(flags | NLM_F_REQUEST).to_ne_bytes());
        self.bytes.extend_from_slice(&[0; 8]);
        self.bytes.extend_from_slice(header);
        pad(&mut self.bytes);
        attributes(&mut Attributes { bytes: &mut self.bytes });
        let length = u32::try_from(self.bytes.len() - start).expect("a message is far below 4 GB");
        self.bytes[start..start + 4].copy_from_slice(&length.to_ne_bytes());
        self.starts.len() - 1
    }

    /// Numbers the messages from `first`, and makes the last one be answered.
    pub(super) fn seal(&mut self, first: u32) {
        let last = self.answered();
        let mut sequence = first;
        for (i, start) in self.starts.iter().enumerate() {
            self.bytes[start + 8..start + 12].copy_from_slice(&sequence.to_ne_bytes());
            sequence = sequence.wrapping_add(1);
            if i == last {
                let flags = u16_at(&self.bytes[start + 6..]) | NLM_F_ACK;
                self.bytes[start + 6..start + 8].copy_from_slice(&flags.to_ne_bytes());
            }
        }
    }
}

/// The attributes of one message or nest.
#[derive(Debug)]
pub struct Attributes<'a> {
    bytes: &'a mut Vec<u8>,
}

impl<'a> Attributes<'a> {
    /// Attributes that come after these bytes, as where a nest has a header of its own.
    pub const fn after(bytes: &'a mut Vec<u8>) -> Self {
        Self { bytes }
    }
}

impl Attributes<'_> {
    /// A value as it is. At most 65531 bytes.
    pub fn bytes(&mut self, kind: u16, value: &[u8]) {
        let length = u16::try_from(value.len() + 4).expect("an attribute holds less than 64 KB");
        self.bytes.extend_from_slice(&length.to_ne_bytes());
        self.bytes.extend_from_slice(&kind.to_ne_bytes());
        self.bytes.extend_from_slice(value);
        pad(self.bytes);
    }

    /// One byte.
    pub fn u8(&mut self, kind: u16, value: u8) {
        self.bytes(kind, &[value]);
    }

    /// Host order.
    pub fn u16(&mut self, kind: u16, value: u16) {
        self.bytes(kind, &value.to_ne_bytes());
    }

    /// Host order.
    pub fn u32(&mut self, kind: u16, value: u32) {
        self.bytes(kind, &value.to_ne_bytes());
    }

    /// Network order.
    pub fn u16_be(&mut self, kind: u16, value: u16) {
        self.bytes(kind, &value.to_be_bytes());
    }

    /// Network order.
    pub fn u32_be(&mut self, kind: u16, value: u32) {
        self.bytes(kind, &value.to_be_bytes());
    }

    /// 4 or 16 bytes.
    pub fn ip(&mut self, kind: u16, value: std::net::IpAddr) {
        match value {
            std::net::IpAddr::V4(v4) => self.bytes(kind, &v4.octets()),
            std::net::IpAddr::V6(v6) => self.bytes(kind, &v6.octets()),
        }
    }

    /// A text with its closing zero.
    pub fn text(&mut self, kind: u16, value: &str) {
        let mut with_zero = Vec::with_capacity(value.len() + 1);
        with_zero.extend_from_slice(value.as_bytes());
        with_zero.push(0);
        self.bytes(kind, &with_zero);
    }

    /// Attributes within an attribute.
    pub fn nest(&mut self, kind: u16, inner: impl FnOnce(&mut Attributes<'_>)) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 2]);
        self.bytes.extend_from_slice(&(kind | NLA_F_NESTED).to_ne_bytes());
        inner(&mut Attributes { bytes: self.bytes });
        let length = u16::try_from(self.bytes.len() - start).expect("a nest is less than 64 KB");
        self.bytes[start..start + 2].copy_from_slice(&length.to_ne_bytes());
    }
}

//! Netlink messages (linux/netlink.h): built in place in one buffer, so that many requests leave with one `send`, and
//! read back with every length checked.
//!
//! ```text
//! nlmsghdr: length u32 | type u16 | flags u16 | sequence u32 | port u32, then the protocol's header, then attributes
//! nlattr:   length u16 | type u16, then the value, padded to 4
//! ```
//! The kernel works through a batch in order and goes on after an error. Only the last message asks for an answer; one
//! that fails answers anyway. So answers are read until that of the last: leftovers would fill the receive buffer.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use understudy_core::node::buffers::Buffer;

use crate::sys::socket::{self, RawAddress};

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

const NLM_F_DUMP_INTR: u16 = 0x10;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLMSGERR_ATTR_MSG: u16 = 1;
const NLM_F_ACK_TLVS: u16 = 0x200;
const NLA_F_NESTED: u16 = 0x8000;
const NLA_TYPE_MASK: u16 = 0x3fff;
const HEADER: usize = 16;

/// Requests that leave together.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    bytes: Vec<u8>,
    /// Where each message starts.
    starts: Vec<usize>,
    /// nfnetlink: all or nothing.
    transaction: bool,
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
    fn answered(&self) -> usize {
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
    fn seal(&mut self, first: u32) {
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

fn pad(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}

fn u16_at(bytes: &[u8]) -> u16 {
    u16::from_ne_bytes([bytes[0], bytes[1]])
}

fn u32_at(bytes: &[u8]) -> u32 {
    u32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

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

/// What went wrong with a conversation.
#[derive(Debug)]
pub enum Error {
    /// The socket failed.
    Socket(io::Error),
    /// The kernel refused the request.
    Refused(Refusal),
    /// Events were lost: everything must be read again.
    Overrun,
    /// A dump was overtaken by changes again and again.
    Unstable,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(e) => write!(f, "netlink: {e}"),
            Self::Refused(refusal) => write!(f, "the kernel refused: {refusal}"),
            Self::Overrun => f.write_str("netlink: the kernel's events came faster than we read"),
            Self::Unstable => {
                f.write_str("netlink: the kernel's table kept changing while it was read")
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Socket(e) => Some(e),
            _ => None,
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        if error.raw_os_error() == Some(libc::ENOBUFS) {
            Self::Overrun
        } else {
            Self::Socket(error)
        }
    }
}

/// Messages of a dump.
#[derive(Clone, Debug, Default)]
pub struct Replies {
    bytes: Vec<u8>,
}

impl Replies {
    /// In the kernel's order.
    pub fn iter(&self) -> impl Iterator<Item = Message<'_>> {
        messages(&self.bytes)
    }
}

/// A generic netlink family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// The message type of its requests.
    pub id: u16,
    /// Multicast groups by name.
    pub groups: Vec<(String, u32)>,
}

/// A netlink socket: for requests, or (a second one) for events.
#[derive(Debug)]
pub struct Socket {
    fd: OwnedFd,
    next_sequence: u32,
    /// nlmsg_pid of the kernel's answers; 0 before the first.
    port: u32,
    buffer: Vec<u8>,
    /// Of its receive buffer, where the configuration says nothing.
    room: libc::c_int,
}

/// Receive buffers: for answers, and for a storm of events.
const ROOM: libc::c_int = 2 << 20;
const STORM: libc::c_int = 8 << 20;
/// Room for one datagram of the kernel; it fills at most 32 KB when the reader offers as much.
const BUFFER: usize = 64 << 10;
/// The kernel answers at once; this long means that something is very wrong.
const ANSWER_MS: libc::c_int = 2000;
/// So often a dump is started over when the table changes under it.
const DUMP_TRIES: u32 = 10;

impl Socket {
    /// For requests. `protocol`: NETLINK_ROUTE, NETLINK_GENERIC ...
    pub fn open(protocol: libc::c_int) -> Result<Self, Error> {
        Self::of_groups(protocol, 0)
    }

    /// For events of these groups (bits RTMGRP_*), with room for a storm.
    pub fn monitor(protocol: libc::c_int, groups: u32) -> Result<Self, Error> {
        let mut socket = Self::of_groups(protocol, groups)?;
        socket.room = STORM;
        socket.set_buffer(None)?;
        Ok(socket)
    }

    /// A member of these groups, for both.
    pub fn of_groups(protocol: libc::c_int, groups: u32) -> Result<Self, Error> {
        let fd = socket::open(libc::AF_NETLINK, libc::SOCK_RAW, protocol)?;
        // Reasons as text; and an error must not carry the whole request back.
        socket::set(&fd, libc::SOL_NETLINK, libc::NETLINK_EXT_ACK, 1)?;
        socket::set(&fd, libc::SOL_NETLINK, libc::NETLINK_CAP_ACK, 1)?;
        // Older kernels don't know it; then dumps may hold more than was asked for.
        let _ = socket::set(&fd, libc::SOL_NETLINK, libc::NETLINK_GET_STRICT_CHK, 1);
        socket::send_buffer(&fd, 2 << 20)?; // one send must fit
        socket::receive_buffer(&fd, ROOM)?;
        socket::bind(&fd, &RawAddress::netlink(groups))?;
        Ok(Self { fd, next_sequence: 1, port: 0, buffer: Vec::new(), room: ROOM })
    }

    /// Adds a group of events (RTNLGRP_*); again is no harm.
    pub fn join(&self, group: libc::c_int) -> Result<(), Error> {
        socket::set(&self.fd, libc::SOL_NETLINK, libc::NETLINK_ADD_MEMBERSHIP, group)?;
        Ok(())
    }

    /// Whether an event tells of a change that this socket has asked for.
    pub const fn is_mine(&self, event: Message<'_>) -> bool {
        event.port != 0 && event.port == self.port
    }

    /// A receive buffer as the configuration says; `None`: our own.
    pub fn set_buffer(&self, buffer: Option<Buffer>) -> io::Result<()> {
        let Some(Buffer { bytes, force }) = buffer else {
            return socket::receive_buffer(&self.fd, self.room);
        };
        let bytes = libc::c_int::try_from(bytes).unwrap_or(libc::c_int::MAX);
        let name = if force { libc::SO_RCVBUFFORCE } else { libc::SO_RCVBUF };
        socket::set(&self.fd, libc::SOL_SOCKET, name, bytes)
    }

    fn send(&mut self, batch: &mut Batch) -> Result<u32, Error> {
        let first = self.next_sequence;
        batch.seal(first);
        let count = u32::try_from(batch.len()).expect("a batch is small");
        self.next_sequence = first.wrapping_add(count);
        let sent = socket::send(&self.fd, batch.bytes())?;
        assert_eq!(sent, batch.bytes().len(), "netlink sends whole datagrams");
        Ok(first)
    }

    /// The next datagram into the buffer.
    fn receive(&mut self, wait: bool) -> Result<usize, Error> {
        if self.buffer.is_empty() {
            self.buffer = vec![0; BUFFER]; // zeroed by the kernel: what no message reaches takes no memory
        }
        loop {
            match socket::receive_whole(&self.fd, &mut self.buffer) {
                Ok(n) if n > self.buffer.len() => return Err(Error::Overrun),
                Ok(n) => return Ok(n),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock && wait => {
                    socket::wait_readable(&self.fd, ANSWER_MS)?;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e.into()),
            }
        }
    }

    /// Sends a request that is answered by no acknowledgement.
    pub fn post(&mut self, batch: &mut Batch) -> Result<(), Error> {
        self.send(batch).map(drop)
    }

    /// Sends all messages of `batch` and returns those that the kernel refused. At most 512 messages at a time.
    pub fn transact(&mut self, batch: &mut Batch) -> Result<Vec<Refusal>, Error> {
        self.converse(batch, |_| {})
    }

    /// Sends one request that is answered by messages, and hands them to `take`.
    pub fn request(
        &mut self,
        batch: &mut Batch,
        take: impl FnMut(Message<'_>),
    ) -> Result<(), Error> {
        match self.converse(batch, take)?.into_iter().next() {
            Some(refusal) => Err(Error::Refused(refusal)),
            None => Ok(()),
        }
    }

    fn converse(
        &mut self,
        batch: &mut Batch,
        mut take: impl FnMut(Message<'_>),
    ) -> Result<Vec<Refusal>, Error> {
        let mut refusals = Vec::new();
        if batch.is_empty() {
            return Ok(refusals);
        }
        let first = self.send(batch)?;
        let count = batch.len();
        let last = batch.answered();
        let mut answered = false;
        while !answered {
            let n = self.receive(true)?;
            for message in messages(&self.buffer[..n]) {
                self.port = message.port;
                let index = usize::try_from(message.sequence.wrapping_sub(first)).unwrap_or(count);
                if index >= count {
                    continue; // an answer to something earlier that was given up
                }
                match message.kind {
                    NLMSG_ERROR => {
                        // A transaction that is refused as a whole is answered by its first message.
                        answered |= index == last || (batch.transaction && index == 0);
                        refusals.extend(refusal(message, index));
                    }
                    NLMSG_DONE => answered |= index == last,
                    _ => take(message),
                }
            }
        }
        Ok(refusals)
    }

    /// Reads a whole table. `batch` holds one request with NLM_F_DUMP. Starts over when the table changed meanwhile.
    pub fn dump(&mut self, batch: &mut Batch) -> Result<Replies, Error> {
        for _ in 0..DUMP_TRIES {
            if let Some(replies) = self.dump_once(batch)? {
                return Ok(replies);
            }
        }
        Err(Error::Unstable)
    }

    fn dump_once(&mut self, batch: &mut Batch) -> Result<Option<Replies>, Error> {
        let sequence = self.send(batch)?;
        let mut replies = Replies::default();
        let mut interrupted = false;
        loop {
            let n = self.receive(true)?;
            for message in messages(&self.buffer[..n]) {
                if message.sequence != sequence {
                    continue;
                }
                interrupted |= message.flags & NLM_F_DUMP_INTR != 0;
                match message.kind {
                    NLMSG_DONE => {
                        // It carries an error number when the dump failed half way.
                        let code = message.payload.get(..4).and_then(to_u32).unwrap_or(0);
                        let errno = code.cast_signed().checked_neg().unwrap_or(0);
                        if errno > 0 {
                            return Err(Error::Refused(Refusal { index: 0, errno, text: None }));
                        }
                        return Ok((!interrupted).then_some(replies));
                    }
                    NLMSG_ERROR => {
                        if let Some(refusal) = refusal(message, 0) {
                            return Err(Error::Refused(refusal));
                        }
                    }
                    _ => append(&mut replies.bytes, message),
                }
            }
        }
    }

    /// Hands all waiting events to `take`. `Overrun`: some were lost, read everything again.
    pub fn events(&mut self, take: impl FnMut(Message<'_>)) -> Result<(), Error> {
        self.some_events(usize::MAX, take)
    }

    /// The same, of so many datagrams at most: there may be more.
    pub fn some_events(
        &mut self,
        datagrams: usize,
        mut take: impl FnMut(Message<'_>),
    ) -> Result<(), Error> {
        for _ in 0..datagrams {
            match self.receive(false) {
                Ok(n) => messages(&self.buffer[..n]).for_each(&mut take),
                Err(Error::Socket(e)) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// Looks up a generic netlink family. ENOENT: the kernel doesn't have it (perhaps a module is not loaded).
    pub fn family(&mut self, name: &str) -> Result<Family, Error> {
        const GENL_ID_CTRL: u16 = 16;
        const CTRL_CMD_GETFAMILY: u8 = 3;
        const CTRL_ATTR_FAMILY_ID: u16 = 1;
        const CTRL_ATTR_FAMILY_NAME: u16 = 2;
        const CTRL_ATTR_MCAST_GROUPS: u16 = 7;
        const CTRL_ATTR_MCAST_GRP_NAME: u16 = 1;
        const CTRL_ATTR_MCAST_GRP_ID: u16 = 2;
        let mut batch = Batch::new();
        batch.message(GENL_ID_CTRL, 0, &[CTRL_CMD_GETFAMILY, 1, 0, 0], |a| {
            a.text(CTRL_ATTR_FAMILY_NAME, name);
        });
        let mut family = Family { id: 0, groups: Vec::new() };
        self.request(&mut batch, |message| {
            for (kind, value) in message.attributes(4) {
                match kind {
                    CTRL_ATTR_FAMILY_ID => family.id = to_u16(value).unwrap_or(0),
                    CTRL_ATTR_MCAST_GROUPS => {
                        for (_, group) in attributes(value) {
                            let (mut name, mut id) = (String::new(), 0);
                            for (kind, value) in attributes(group) {
                                match kind {
                                    CTRL_ATTR_MCAST_GRP_NAME => name = to_text(value),
                                    CTRL_ATTR_MCAST_GRP_ID => id = to_u32(value).unwrap_or(0),
                                    _ => {}
                                }
                            }
                            family.groups.push((name, id));
                        }
                    }
                    _ => {}
                }
            }
        })?;
        Ok(family)
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
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

fn append(bytes: &mut Vec<u8>, message: Message<'_>) {
    let length = u32::try_from(HEADER + message.payload.len()).expect("it came in one datagram");
    bytes.extend_from_slice(&length.to_ne_bytes());
    bytes.extend_from_slice(&message.kind.to_ne_bytes());
    bytes.extend_from_slice(&message.flags.to_ne_bytes());
    bytes.extend_from_slice(&message.sequence.to_ne_bytes());
    bytes.extend_from_slice(&message.port.to_ne_bytes());
    bytes.extend_from_slice(message.payload);
    pad(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    const RTM_NEWADDR: u16 = 20;
    const RTM_GETLINK: u16 = 18;
    const IFLA_IFNAME: u16 = 3;

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

    #[test]
    fn the_kernel_dumps_its_links() {
        let mut socket = Socket::open(libc::NETLINK_ROUTE).unwrap();
        let mut batch = Batch::new();
        batch.message(RTM_GETLINK, NLM_F_DUMP, &[0; 16], |_| {});
        let replies = socket.dump(&mut batch).unwrap();
        let names: Vec<String> = replies
            .iter()
            .flat_map(|m| m.attributes(16).find(|(k, _)| *k == IFLA_IFNAME))
            .map(|(_, v)| to_text(v))
            .collect();
        assert!(names.iter().any(|n| n == "lo"), "{names:?}");
    }

    #[test]
    fn each_refused_message_of_a_batch_is_named_and_the_socket_stays_usable() {
        let mut socket = Socket::open(libc::NETLINK_ROUTE).unwrap();
        for _ in 0..3 {
            let mut batch = Batch::new();
            for index in [i32::MAX, 1, i32::MAX] {
                let mut header = [0; 16];
                header[4..8].copy_from_slice(&index.to_ne_bytes());
                batch.message(RTM_GETLINK, 0, &header, |_| {});
            }
            let mut found = 0;
            let refusals = socket.converse(&mut batch, |_| found += 1).unwrap();
            assert_eq!(refusals.iter().map(|r| r.index).collect::<Vec<_>>(), [0, 2]);
            assert_eq!(refusals[0].errno, libc::ENODEV);
            assert_eq!(found, 1);
        }
    }

    #[test]
    fn a_receive_buffer_is_as_large_as_configured_and_our_own_again() {
        let socket = Socket::open(libc::NETLINK_ROUTE).unwrap();
        let size =
            || -> libc::c_int { socket::get(&socket, libc::SOL_SOCKET, libc::SO_RCVBUF).unwrap() };
        let own = size();
        // The kernel counts its own needs too.
        socket.set_buffer(Some(Buffer { bytes: 100_000, force: false })).unwrap();
        assert_eq!(size(), 200_000);
        socket.set_buffer(None).unwrap();
        assert_eq!(size(), own);
    }

    #[test]
    fn generic_netlink_families_are_found_by_name() {
        let mut socket = Socket::open(libc::NETLINK_GENERIC).unwrap();
        let family = socket.family("nlctrl").unwrap();
        assert_eq!(family.id, 16);
        assert!(family.groups.iter().any(|(name, _)| name == "notify"));
        match socket.family("no-such-family") {
            Err(Error::Refused(refusal)) => assert_eq!(refusal.errno, libc::ENOENT),
            other => panic!("{other:?}"),
        }
    }
}

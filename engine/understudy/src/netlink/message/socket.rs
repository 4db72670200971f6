//! The socket: conversations with the kernel, and its events.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use understudy_core::node::buffers::Buffer;

use super::{
    Batch, HEADER, Message, Refusal, attributes, messages, pad, refusal, to_text, to_u16, to_u32,
};
use crate::sys::socket::{self, RawAddress};

const NLM_F_DUMP_INTR: u16 = 0x10;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;

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
    use super::super::NLM_F_DUMP;
    use super::*;

    const RTM_GETLINK: u16 = 18;
    const IFLA_IFNAME: u16 = 3;

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

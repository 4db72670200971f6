//! Messages between the supervisor and a worker, over a stream socket pair: neither side ever waits for the other.
//!
//! ```text
//! length of the body u32 | kind u8 | body: JSON, or bytes that only pass through
//! ```

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use serde::de::DeserializeOwned;

/// What a message is. The direction is part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    // To the worker.
    /// Settings, as JSON. The first message; later ones are a reload.
    Settings = 1,
    /// What the worker's last life left; before the first settings.
    Inherit = 2,
    /// Are you there? (empty)
    Ping = 3,
    /// Tell your status. (the asker's number)
    AskStatus = 4,
    /// An operator's move. ([number, Request])
    Request = 5,
    /// Stop in good order. (empty)
    Stop = 6,
    /// Write a file for whoever has asked by a signal. (Dump)
    Dump = 7,

    // To the supervisor.
    /// Started. (empty)
    Ready = 32,
    /// Could not start. (text)
    Failed = 33,
    /// I am. (empty)
    Pong = 34,
    /// What the next life needs. (bytes)
    Handover = 35,
    /// A change for the journal. (Record)
    Record = 36,
    /// A notification to run. (Notification)
    Notify = 37,
    /// A line for the FIFOs. (FifoLine)
    Fifo = 38,
    /// The status. ([number, object])
    Status = 39,
    /// An answer to a move. ([number, Reply])
    Reply = 40,
    /// Everything is given up. (empty)
    Stopped = 41,
    /// A mail to send. (Alert)
    Mail = 42,
    /// A signal that was sent to this process, but means the engine. (its number)
    Signal = 43,

    // Both ways.
    /// To the other worker. (any JSON)
    Peer = 64,
}

impl Kind {
    const ALL: [Self; 20] = [
        Self::Settings,
        Self::Inherit,
        Self::Ping,
        Self::AskStatus,
        Self::Request,
        Self::Stop,
        Self::Dump,
        Self::Signal,
        Self::Ready,
        Self::Failed,
        Self::Pong,
        Self::Handover,
        Self::Record,
        Self::Notify,
        Self::Fifo,
        Self::Status,
        Self::Reply,
        Self::Stopped,
        Self::Mail,
        Self::Peer,
    ];

    fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What it is.
    pub kind: Kind,
    /// Its content.
    pub body: Vec<u8>,
}

impl Message {
    /// The content as a value; `None` when it is something else (which would be our own mistake).
    pub fn read<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// One end.
#[derive(Debug)]
pub struct Channel {
    stream: UnixStream,
    input: Vec<u8>,
    output: Vec<u8>,
    /// How much of `output` has left.
    written: usize,
    closed: bool,
}

const HEADER: usize = 5;
/// Larger than every message; a length beyond it is nonsense.
const LIMIT: usize = 64 << 20;

impl Channel {
    /// Around one end of a socket pair.
    pub fn new(stream: impl Into<OwnedFd>) -> io::Result<Self> {
        let stream = UnixStream::from(stream.into());
        stream.set_nonblocking(true)?;
        Ok(Self { stream, input: Vec::new(), output: Vec::new(), written: 0, closed: false })
    }

    /// Puts a message behind those that wait; `flush` sends them.
    pub fn push(&mut self, kind: Kind, body: &[u8]) {
        let length = u32::try_from(body.len()).expect("a message is small");
        self.output.extend_from_slice(&length.to_ne_bytes());
        self.output.push(kind as u8);
        self.output.extend_from_slice(body);
    }

    /// Sends as much as the other end takes. `true`: all of it.
    pub fn flush(&mut self) -> bool {
        while self.written < self.output.len() && !self.closed {
            match self.stream.write(&self.output[self.written..]) {
                Ok(n) => self.written += n,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return false,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => self.closed = true,
            }
        }
        self.output.clear();
        self.written = 0;
        if self.output.capacity() > 64 << 10 {
            self.output = Vec::new();
        }
        true
    }

    /// Bytes that wait for the other end.
    pub fn backlog(&self) -> usize {
        self.output.len() - self.written
    }

    /// Takes in what has arrived.
    pub fn fill(&mut self) {
        let mut buffer = [0; 16 << 10];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => {
                    self.closed = true;
                    return;
                }
                Ok(n) => self.input.extend_from_slice(&buffer[..n]),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => {
                    self.closed = true;
                    return;
                }
            }
        }
    }

    /// The next whole message.
    pub fn pop(&mut self) -> Option<Message> {
        let header = self.input.first_chunk::<HEADER>()?;
        let length = u32::from_ne_bytes([header[0], header[1], header[2], header[3]]);
        let length = usize::try_from(length).ok()?;
        let kind = Kind::from_byte(header[4]);
        let (Some(kind), true) = (kind, length <= LIMIT) else {
            self.closed = true; // another program at the other end
            return None;
        };
        let end = HEADER + length;
        let body = self.input.get(HEADER..end)?.to_vec();
        self.input.drain(..end);
        if self.input.is_empty() && self.input.capacity() > 64 << 10 {
            self.input = Vec::new();
        }
        Some(Message { kind, body })
    }

    /// Has the other end gone?
    pub fn is_closed(&self) -> bool {
        self.closed
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (Channel, Channel) {
        let (a, b) = UnixStream::pair().unwrap();
        (Channel::new(a).unwrap(), Channel::new(b).unwrap())
    }

    #[test]
    fn messages_arrive_whole_and_in_order_even_when_they_are_larger_than_the_socket() {
        let (mut a, mut b) = pair();
        let big = vec![7; 3 << 20];
        a.push(Kind::Ping, &[]);
        a.push(Kind::Settings, &big);
        a.push(Kind::Peer, b"{\"x\":1}");
        let mut got = Vec::new();
        for _ in 0..10_000 {
            let done = a.flush();
            b.fill();
            got.extend(std::iter::from_fn(|| b.pop()));
            if done && got.len() == 3 {
                break;
            }
        }
        assert_eq!(got[0], Message { kind: Kind::Ping, body: Vec::new() });
        assert_eq!(got[1].body, big);
        assert_eq!(got[2].read::<serde_json::Value>().unwrap()["x"], 1);
    }

    #[test]
    fn the_end_of_the_other_side_and_nonsense_close_it() {
        let (a, mut b) = pair();
        drop(a);
        b.fill();
        assert!(b.is_closed());
        let (mut a, mut b) = pair();
        a.stream.write_all(&[1, 0, 0, 0, 200, 9]).unwrap();
        b.fill();
        assert_eq!(b.pop(), None);
        assert!(b.is_closed());
    }

    #[test]
    fn every_kind_is_known_by_its_byte() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_byte(kind as u8), Some(kind));
        }
    }
}

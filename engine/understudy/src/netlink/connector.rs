//! Processes that come and go, as the kernel tells of them (linux/connector.h, linux/cn_proc.h). It does so only to
//! those who may administrate the network, and only in the first network and process namespaces.
//!
//! ```text
//! nlmsghdr (16), cn_msg: idx u32 | val u32 | seq u32 | ack u32 | len u16 | flags u16,
//! proc_event: what u32 | cpu u32 | timestamp u64 | data
//! ```

use std::io;

use super::message::{Batch, Error, Message, Socket, to_u32};
use crate::sys::namespace;
use crate::sys::socket::{self, Instruction};

const NLMSG_DONE: u16 = 3;
const CN_IDX_PROC: u32 = 1;
const CN_VAL_PROC: u32 = 1;
const PROC_CN_MCAST_LISTEN: u32 = 1;

const PROC_EVENT_NONE: u32 = 0;
const PROC_EVENT_FORK: u32 = 1;
const PROC_EVENT_EXEC: u32 = 2;
const PROC_EVENT_COMM: u32 = 0x200;
const PROC_EVENT_EXIT: u32 = 0x8000_0000;

/// sizeof(struct cn_msg)
const CN_MSG: usize = 20;
/// Of proc_event's data, counted from the start of cn_msg.
const DATA: usize = CN_MSG + 16;
/// The same, and `what`, counted from the start of nlmsghdr.
const DATA_OF_MESSAGE: u32 = 16 + 36;
const WHAT_OF_MESSAGE: u32 = 16 + 20;

/// What became of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It began as a copy of its parent.
    Fork {
        /// The parent.
        parent: u32,
        /// The new one.
        child: u32,
    },
    /// It is another program now, or has another name.
    Changed(u32),
    /// It has ended.
    Exit(u32),
}

/// A socket that is told of all processes, of whichever network namespace we are.
pub fn open() -> Result<Socket, Error> {
    match open_here() {
        // Nobody listens: this is not the first namespace.
        Err(Error::Socket(e)) if e.kind() == io::ErrorKind::ConnectionRefused => {
            namespace::within(&namespace::initial(), open_here).unwrap_or(Err(Error::Socket(e)))
        }
        other => other,
    }
}

fn open_here() -> Result<Socket, Error> {
    let mut socket = Socket::of_groups(libc::NETLINK_CONNECTOR, CN_IDX_PROC)?;
    socket::filter(&socket, &only_processes())?;
    let mut request = Batch::new();
    let mut header = [0; CN_MSG + 4];
    header[..4].copy_from_slice(&CN_IDX_PROC.to_ne_bytes());
    header[4..8].copy_from_slice(&CN_VAL_PROC.to_ne_bytes());
    header[16..18].copy_from_slice(&4_u16.to_ne_bytes());
    header[CN_MSG..].copy_from_slice(&PROC_CN_MCAST_LISTEN.to_ne_bytes());
    request.message(NLMSG_DONE, 0, &header, |_| {});
    socket.post(&mut request)?;
    // It answers before the call returns, or never.
    let mut answer = None;
    socket.events(|message| answer = answer.or(acknowledged(message)))?;
    match answer {
        Some(0) => Ok(socket),
        Some(errno) => Err(Error::Socket(io::Error::from_raw_os_error(errno))),
        None => Err(Error::Socket(io::Error::from(io::ErrorKind::Unsupported))),
    }
}

/// The error number of an answer.
fn acknowledged(message: Message<'_>) -> Option<i32> {
    let word = |at: usize| message.payload.get(at..at + 4).and_then(to_u32);
    (word(CN_MSG)? == PROC_EVENT_NONE).then(|| word(DATA).map(u32::cast_signed))?
}

/// Reads an event; `None`: it is none of a whole process.
pub fn read(message: Message<'_>) -> Option<Event> {
    let word = |at: usize| message.payload.get(at..at + 4).and_then(to_u32);
    if (word(0)?, word(4)?) != (CN_IDX_PROC, CN_VAL_PROC) {
        return None;
    }
    let (first, second) = (word(DATA)?, word(DATA + 4)?);
    match word(CN_MSG)? {
        PROC_EVENT_FORK => {
            let (child, process) = (word(DATA + 8)?, word(DATA + 12)?);
            (child == process).then_some(Event::Fork { parent: second, child })
        }
        PROC_EVENT_EXEC | PROC_EVENT_COMM => (first == second).then_some(Event::Changed(first)),
        PROC_EVENT_EXIT => (first == second).then_some(Event::Exit(first)),
        _ => None,
    }
}

/// Threads come and go far more often than processes: nobody is woken for them, nor for what else there is.
fn only_processes() -> [Instruction; 16] {
    /// Two numbers that are equal for a whole process: child_pid and child_tgid.
    const CHILD: u32 = DATA_OF_MESSAGE + 8;
    /// process_pid and process_tgid.
    const PROCESS: u32 = DATA_OF_MESSAGE;
    // Loaded in network order.
    let what = |event: u32, then, otherwise| Instruction::equal_to(event.to_be(), then, otherwise);
    [
        Instruction::load(WHAT_OF_MESSAGE),
        what(PROC_EVENT_NONE, 12, 0),
        what(PROC_EVENT_FORK, 3, 0),
        what(PROC_EVENT_EXEC, 6, 0),
        what(PROC_EVENT_COMM, 5, 0),
        what(PROC_EVENT_EXIT, 4, 9),
        Instruction::load(CHILD),
        Instruction::KEEP,
        Instruction::load(CHILD + 4),
        Instruction::equal_to_kept(4, 5),
        Instruction::load(PROCESS),
        Instruction::KEEP,
        Instruction::load(PROCESS + 4),
        Instruction::equal_to_kept(0, 1),
        Instruction::TAKE,
        Instruction::DROP,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_and_that_of_a_thread_is_not() {
        let message = |what: u32, data: [u32; 4]| {
            let head = [CN_IDX_PROC, CN_VAL_PROC, 0, 0, 40, what, 0, 0, 0];
            let words = head.into_iter().chain(data);
            let payload: Vec<u8> = words.flat_map(u32::to_ne_bytes).collect();
            let message = Message {
                kind: NLMSG_DONE,
                flags: 0,
                sequence: 0,
                port: 0,
                payload: payload.as_slice(),
            };
            read(message)
        };
        let fork = Event::Fork { parent: 8, child: 9 };
        assert_eq!(message(PROC_EVENT_FORK, [7, 8, 9, 9]), Some(fork));
        assert_eq!(message(PROC_EVENT_FORK, [7, 8, 9, 8]), None);
        assert_eq!(message(PROC_EVENT_EXEC, [9, 9, 0, 0]), Some(Event::Changed(9)));
        assert_eq!(message(PROC_EVENT_COMM, [9, 8, 0, 0]), None);
        assert_eq!(message(PROC_EVENT_EXIT, [9, 9, 0, 17]), Some(Event::Exit(9)));
        assert_eq!(message(PROC_EVENT_EXIT, [9, 8, 0, 0]), None);
        assert_eq!(message(4, [9, 9, 0, 0]), None);
    }
}

//! What a conversation goes through: the connection itself, or TLS on it. Nothing waits.

use std::fmt::Debug;
use std::io;
use std::os::fd::OwnedFd;

use understudy_core::checks::verdict::Failure;

use super::open::reason;
use crate::sys::epoll::Interest;
use crate::sys::socket;

/// Why a step does not go on.
#[derive(Debug)]
pub enum Stop {
    /// Until the descriptor is ready for this.
    Until(Interest),
    /// For good.
    Failed(Failure),
}

impl Stop {
    /// For want of readiness, or because the connection broke.
    pub fn of(e: &io::Error, interest: Interest) -> Self {
        match e.kind() {
            io::ErrorKind::WouldBlock => Self::Until(interest),
            _ => Self::Failed(Failure::Broken(reason(e))),
        }
    }
}

/// What a conversation goes through.
pub trait Channel: Debug {
    /// Goes on with the handshake, to its end.
    fn handshake(&mut self, fd: &OwnedFd) -> Result<(), Stop>;

    /// Sends what is left of `bytes` from `sent` on, which counts what is on its way.
    fn send(&mut self, fd: &OwnedFd, bytes: &[u8], sent: &mut usize) -> Result<(), Stop>;

    /// Reads the next piece; 0 is the end.
    fn receive(&mut self, fd: &OwnedFd, buffer: &mut [u8]) -> Result<usize, Stop>;

    /// Something has come that `receive` has not given out, so that the descriptor won't tell of it.
    fn holds(&self) -> bool {
        false
    }

    /// Each piece of an answer may take `connect_timeout`, not the whole of it (reference §4.7).
    fn timeout_is_for_a_piece(&self) -> bool;

    /// The last words, as far as they can be said now.
    fn close(&mut self, fd: &OwnedFd);
}

/// The connection itself.
#[derive(Debug)]
pub struct Plain;

impl Channel for Plain {
    fn handshake(&mut self, _: &OwnedFd) -> Result<(), Stop> {
        Ok(())
    }

    fn send(&mut self, fd: &OwnedFd, bytes: &[u8], sent: &mut usize) -> Result<(), Stop> {
        while let Some(rest @ [_, ..]) = bytes.get(*sent..) {
            *sent += uninterrupted(|| socket::send(fd, rest))
                .map_err(|e| Stop::of(&e, Interest::WRITE))?;
        }
        Ok(())
    }

    fn receive(&mut self, fd: &OwnedFd, buffer: &mut [u8]) -> Result<usize, Stop> {
        uninterrupted(|| socket::receive(fd, buffer)).map_err(|e| Stop::of(&e, Interest::READ))
    }

    fn timeout_is_for_a_piece(&self) -> bool {
        true
    }

    fn close(&mut self, _: &OwnedFd) {}
}

/// Again for as long as a signal comes between.
pub fn uninterrupted<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

//! epoll(7).

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use super::{check, own};

/// What to be woken for. Level-triggered unless `EDGE` is among them. Errors and hang-ups always wake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interest(u32);

impl Interest {
    /// Something can be read, or a connection can be accepted.
    pub const READ: Self = Self(libc::EPOLLIN as u32);
    /// Something can be written, or a connection attempt has ended.
    pub const WRITE: Self = Self(libc::EPOLLOUT as u32);
    /// Both.
    pub const BOTH: Self = Self(Self::READ.0 | Self::WRITE.0);
    /// Only errors and hang-ups.
    pub const NONE: Self = Self(0);

    /// Told once for each change instead of for as long as it holds.
    #[must_use]
    pub const fn edge(self) -> Self {
        Self(self.0 | libc::EPOLLET.cast_unsigned())
    }
}

/// One descriptor that is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ready {
    /// As registered.
    pub token: u64,
    /// Can be read (or has ended).
    pub readable: bool,
    /// Can be written (or has failed).
    pub writable: bool,
}

/// A set of descriptors to wait for.
#[derive(Debug)]
pub struct Epoll(OwnedFd);

/// How many events one wait returns at most; the rest comes with the next.
const BATCH: usize = 32;

impl Epoll {
    /// An empty set.
    pub fn new() -> io::Result<Self> {
        // SAFETY: no pointers.
        own(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) }).map(Self)
    }

    /// Adds `fd`, or changes what is wanted of it.
    pub fn add(&self, fd: &impl AsFd, interest: Interest, token: u64) -> io::Result<()> {
        match self.control(libc::EPOLL_CTL_ADD, fd, interest, token) {
            Err(e) if e.raw_os_error() == Some(libc::EEXIST) => {
                self.control(libc::EPOLL_CTL_MOD, fd, interest, token)
            }
            other => other,
        }
    }

    /// Removes `fd`; needed only while another copy of the descriptor stays open.
    pub fn remove(&self, fd: &impl AsFd) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_DEL, fd, Interest::NONE, 0)
    }

    fn control(
        &self,
        op: libc::c_int,
        fd: &impl AsFd,
        interest: Interest,
        token: u64,
    ) -> io::Result<()> {
        let mut event = libc::epoll_event { events: interest.0, u64: token };
        let fd = fd.as_fd().as_raw_fd();
        // SAFETY: both descriptors are open for the call, `event` is valid.
        check(unsafe { libc::epoll_ctl(self.0.as_raw_fd(), op, fd, &raw mut event) }).map(drop)
    }

    /// Waits for events and appends them to `out`. `block`: until there is one; else only looks.
    pub fn wait(&self, block: bool, out: &mut Vec<Ready>) -> io::Result<()> {
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; BATCH];
        let timeout = if block { -1 } else { 0 };
        let room = libc::c_int::try_from(BATCH).expect("BATCH is small");
        // SAFETY: `events` has room for as many events as the call is told.
        let count = check(unsafe {
            libc::epoll_wait(self.0.as_raw_fd(), events.as_mut_ptr(), room, timeout)
        });
        let count = match count {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => 0,
            other => usize::try_from(other?).unwrap_or(0),
        };
        let ended = (libc::EPOLLHUP | libc::EPOLLERR | libc::EPOLLRDHUP) as u32;
        out.extend(events[..count].iter().map(|event| {
            let bits = event.events;
            Ready {
                token: event.u64,
                readable: bits & (Interest::READ.0 | ended) != 0,
                writable: bits & (Interest::WRITE.0 | ended) != 0,
            }
        }));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn a_readable_socket_is_told_with_its_token() {
        let (mut a, b) = UnixStream::pair().unwrap();
        let epoll = Epoll::new().unwrap();
        let mut ready = Vec::new();
        epoll.add(&b, Interest::READ, 7).unwrap();
        epoll.wait(false, &mut ready).unwrap();
        assert_eq!(ready, []);
        a.write_all(b"x").unwrap();
        epoll.wait(true, &mut ready).unwrap();
        assert_eq!(ready, [Ready { token: 7, readable: true, writable: false }]);
        epoll.add(&b, Interest::BOTH, 8).unwrap();
        ready.clear();
        epoll.wait(true, &mut ready).unwrap();
        assert_eq!(ready, [Ready { token: 8, readable: true, writable: true }]);
        epoll.remove(&b).unwrap();
        ready.clear();
        epoll.wait(false, &mut ready).unwrap();
        assert_eq!(ready, []);
    }
}

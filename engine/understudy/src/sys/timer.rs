//! One timerfd for a whole process. Registered edge-triggered it never has to be read: arming it again clears it.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use understudy_core::time::Time;

use super::{check, own};

/// Fires at a point of the engine's clock.
#[derive(Debug)]
pub struct Timer {
    fd: OwnedFd,
    armed: Option<Time>,
}

impl Timer {
    /// A timer that never fires until it is armed.
    pub fn new() -> io::Result<Self> {
        let flags = libc::TFD_CLOEXEC | libc::TFD_NONBLOCK;
        // SAFETY: no pointers.
        let fd = own(unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, flags) })?;
        Ok(Self { fd, armed: None })
    }

    /// It has fired: the next `arm` takes effect even with the same deadline.
    pub fn fired(&mut self) {
        self.armed = None;
    }

    /// Fires at `at`, at once if that is past; `None`: never. No system call when nothing changed.
    pub fn arm(&mut self, at: Option<Time>) -> io::Result<()> {
        if at == self.armed {
            return Ok(());
        }
        self.armed = at;
        // Zero would disarm it, so the past is one nanosecond after the start of the clock.
        let nanos = at.map_or(0, |t| t.as_nanos().max(1));
        let zero = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        let value = libc::timespec {
            tv_sec: libc::time_t::try_from(nanos / 1_000_000_000).unwrap_or(libc::time_t::MAX),
            tv_nsec: libc::c_long::try_from(nanos % 1_000_000_000).unwrap_or(0),
        };
        let spec = libc::itimerspec { it_interval: zero, it_value: value };
        // SAFETY: `spec` is valid, the old value is not asked for.
        check(unsafe {
            libc::timerfd_settime(
                self.fd.as_raw_fd(),
                libc::TFD_TIMER_ABSTIME,
                &raw const spec,
                std::ptr::null_mut(),
            )
        })
        .map(drop)
    }
}

impl AsFd for Timer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::sys::{clock, epoll};

    #[test]
    fn it_fires_at_its_deadline_and_again_when_armed_again() {
        let mut timer = Timer::new().unwrap();
        let epoll = epoll::Epoll::new().unwrap();
        epoll.add(&timer, epoll::Interest::READ.edge(), 1).unwrap();
        for _ in 0..2 {
            let at = clock::now() + Duration::from_millis(5);
            timer.arm(Some(at)).unwrap();
            let mut ready = Vec::new();
            epoll.wait(true, &mut ready).unwrap();
            assert_eq!(ready.len(), 1);
            assert!(clock::now() >= at);
            timer.fired();
        }
        timer.arm(Some(Time::ZERO)).unwrap(); // long past: at once
        let mut ready = Vec::new();
        epoll.wait(true, &mut ready).unwrap();
        assert_eq!(ready.len(), 1);
    }
}

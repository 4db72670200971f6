//! signalfd(2): signals as readable events. They stay blocked for the rest of the process; children get an empty mask
//! from `process`.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use super::{check, check_len, own};

pub use libc::{SIGHUP, SIGINT, SIGKILL, SIGTERM, SIGUSR1, SIGUSR2};

/// keepalived's JSON: the second real-time signal after the first one of glibc, whatever C library this program has.
pub const SIGJSON: libc::c_int = 36;
/// keepalived's STATS_CLEAR: the last real-time signal but one.
pub const SIGSTATSCLEAR: libc::c_int = 63;
/// All that the engine takes.
pub const ALL: [libc::c_int; 7] =
    [SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGJSON, SIGSTATSCLEAR];

/// Signals that arrive as events.
#[derive(Debug)]
pub struct Signals(OwnedFd);

impl Signals {
    /// Blocks `signals` and receives them from now on. SIGPIPE is ignored anyway (Rust's runtime does that).
    pub fn new(signals: &[libc::c_int]) -> io::Result<Self> {
        // SAFETY: an all-zero set is valid and is emptied before use; all pointers are valid for the calls.
        unsafe {
            let mut set: libc::sigset_t = std::mem::zeroed();
            libc::sigemptyset(&raw mut set);
            for signal in signals {
                libc::sigaddset(&raw mut set, *signal);
            }
            check(libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()))?;
            own(libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK))
                .map(Self)
        }
    }

    /// The next waiting signal.
    pub fn next(&self) -> Option<libc::c_int> {
        // SAFETY: all-zero is a valid value of this plain structure.
        let mut info: libc::signalfd_siginfo = unsafe { std::mem::zeroed() };
        let size = size_of::<libc::signalfd_siginfo>();
        // SAFETY: `info` is valid for `size` bytes.
        let read = unsafe { libc::read(self.0.as_raw_fd(), (&raw mut info).cast(), size) };
        let whole = check_len(read).ok()? == size;
        whole.then(|| libc::c_int::try_from(info.ssi_signo).ok()).flatten()
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

//! The only module with unsafe code: thin, checked wrappers over the kernel's interface. Nothing here decides anything;
//! everything above it is safe code.

pub mod clock;
pub mod epoll;
pub mod file;
pub mod inotify;
pub mod kernel_setting;
pub mod link;
pub mod memory;
pub mod namespace;
pub mod packet;
pub mod process;
pub mod random;
pub mod schedule;
pub mod signal;
pub mod socket;
pub mod timer;

use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

/// Turns the kernel's -1 into the error that errno names.
fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// The same for calls that return a length.
fn check_len(result: isize) -> io::Result<usize> {
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}

/// Takes ownership of a descriptor that the kernel has just returned.
fn own(result: libc::c_int) -> io::Result<OwnedFd> {
    // SAFETY: `fd` was just returned by the kernel, is valid, and nobody else holds it.
    check(result).map(|fd| unsafe { OwnedFd::from_raw_fd(fd) })
}

/// The length of a structure as the kernel's calls take it.
fn len_of<T>() -> libc::socklen_t {
    libc::socklen_t::try_from(size_of::<T>()).expect("a structure of the kernel is small")
}

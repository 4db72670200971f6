//! Network namespaces, by name or by file: netns(8), setns(2).

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use super::check;

/// The file of a namespace that `ip netns` knows.
pub fn of_name(name: &str) -> PathBuf {
    Path::new("/run/netns").join(name)
}

/// That in which the host was started.
pub fn initial() -> PathBuf {
    "/proc/1/ns/net".into()
}

/// This thread, and all that it starts, goes on in the namespace. Sockets stay where they were made.
pub fn enter(file: &Path) -> io::Result<()> {
    enter_open(&File::open(file)?)
}

fn enter_open(file: &File) -> io::Result<()> {
    // SAFETY: no pointers; fails on what is no network namespace.
    check(unsafe { libc::setns(file.as_raw_fd(), libc::CLONE_NEWNET) }).map(drop)
}

/// What `make` makes, belongs to the namespace.
pub fn within<T>(file: &Path, make: impl FnOnce() -> T) -> io::Result<T> {
    let own = File::open("/proc/thread-self/ns/net")?;
    enter(file)?;
    let made = make();
    // Going on in the wrong network would be worse than not going on.
    enter_open(&own).expect("our own network namespace is still there");
    Ok(made)
}

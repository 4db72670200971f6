//! Memory that is a file: kept by the supervisor without being part of its own memory (it is never mapped).

use std::fs::File;
use std::io;

use super::own;

/// An empty anonymous file that lives as long as a descriptor of it.
pub fn memfd() -> io::Result<File> {
    // SAFETY: the name is a valid C string.
    own(unsafe { libc::memfd_create(c"understudy".as_ptr(), libc::MFD_CLOEXEC) }).map(File::from)
}

/// Gives unused memory back to the kernel, after something large was dropped.
pub fn trim() {
    #[cfg(target_env = "gnu")]
    // SAFETY: no arguments that could be wrong.
    unsafe {
        libc::malloc_trim(0);
    }
}

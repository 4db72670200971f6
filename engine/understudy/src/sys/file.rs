//! What std's files can't do.

use std::ffi::CString;
use std::io;

use super::check;

/// mkfifo(3).
pub fn make_fifo(path: &str, mode: libc::mode_t) -> io::Result<()> {
    let path = CString::new(path)?;
    // SAFETY: a valid C string.
    check(unsafe { libc::mkfifo(path.as_ptr(), mode) }).map(drop)
}

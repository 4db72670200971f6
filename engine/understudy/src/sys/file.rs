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

/// The kind of file system that holds `path` (statfs(2); magic numbers in linux/magic.h).
pub fn file_system(path: &std::path::Path) -> io::Result<u64> {
    use std::os::unix::ffi::OsStrExt;
    let path = CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: all-zero is a valid value of this plain structure.
    let mut answer: libc::statfs = unsafe { std::mem::zeroed() };
    // SAFETY: a valid C string, and a structure for the answer.
    check(unsafe { libc::statfs(path.as_ptr(), &raw mut answer) })?;
    Ok(u64::try_from(answer.f_type).unwrap_or_default() & 0xffff_ffff)
}

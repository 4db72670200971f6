//! inotify(7): what happens in directories.

use std::ffi::{CString, OsStr};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::{check, check_len, own};

/// Bits of `IN_*`.
pub type Mask = u32;
/// A directory that is watched, whatever it is called now.
pub type Mark = libc::c_int;

/// A set of directories that are watched.
#[derive(Debug)]
pub struct Inotify(OwnedFd);

/// What happened.
#[derive(Clone, Copy, Debug)]
pub struct Notice<'a> {
    /// To this directory; -1 when notices were lost.
    pub mark: Mark,
    /// What.
    pub mask: Mask,
    /// To this entry of it; empty: to itself.
    pub name: &'a OsStr,
}

/// sizeof(struct inotify_event) without the name.
const HEADER: usize = 16;

impl Inotify {
    /// An empty set.
    pub fn new() -> io::Result<Self> {
        // SAFETY: no pointers.
        own(unsafe { libc::inotify_init1(libc::IN_CLOEXEC | libc::IN_NONBLOCK) }).map(Self)
    }

    /// Watches a directory, for exactly this if it is watched already.
    pub fn watch(&self, directory: &Path, mask: Mask) -> io::Result<Mark> {
        let path = CString::new(directory.as_os_str().as_bytes())?;
        let mask = mask | libc::IN_ONLYDIR;
        // SAFETY: a valid C string.
        check(unsafe { libc::inotify_add_watch(self.0.as_raw_fd(), path.as_ptr(), mask) })
    }

    /// Watches it no longer.
    pub fn forget(&self, mark: Mark) {
        // SAFETY: no pointers. It fails when the directory is gone, and the mark with it.
        unsafe { libc::inotify_rm_watch(self.0.as_raw_fd(), mark) };
    }

    /// Hands what has happened to `take`; there may be more, so that a storm does not keep us.
    pub fn read(&self, mut take: impl FnMut(Notice<'_>)) -> io::Result<()> {
        let mut buffer = [0_u8; 4096];
        for _ in 0..16 {
            let (data, len) = (buffer.as_mut_ptr().cast(), buffer.len());
            // SAFETY: the buffer is valid for its own length.
            match check_len(unsafe { libc::read(self.0.as_raw_fd(), data, len) }) {
                Ok(0) => return Ok(()),
                Ok(n) => notices(&buffer[..n]).for_each(&mut take),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }
}

impl AsFd for Inotify {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// ```text
/// inotify_event: wd i32 | mask u32 | cookie u32 | length u32, then the name, padded with zeros to the length
/// ```
fn notices(mut bytes: &[u8]) -> impl Iterator<Item = Notice<'_>> {
    std::iter::from_fn(move || {
        let number = |at: usize| -> Option<[u8; 4]> { bytes.get(at..at + 4)?.try_into().ok() };
        let (mark, mask) = (i32::from_ne_bytes(number(0)?), u32::from_ne_bytes(number(4)?));
        let length = usize::try_from(u32::from_ne_bytes(number(12)?)).ok()?;
        let name = bytes.get(HEADER..HEADER + length)?;
        let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
        bytes = &bytes[HEADER + length..];
        Some(Notice { mark, mask, name: OsStr::from_bytes(&name[..end]) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_in_a_directory_is_told_with_its_name() {
        let directory = std::env::temp_dir().join(format!("understudy-in-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let inotify = Inotify::new().unwrap();
        let mark = inotify.watch(&directory, libc::IN_CLOSE_WRITE | libc::IN_DELETE).unwrap();
        std::fs::write(directory.join("a file"), "1").unwrap();
        std::fs::remove_file(directory.join("a file")).unwrap();
        let mut seen = Vec::new();
        inotify
            .read(|it| {
                assert_eq!(it.mark, mark);
                seen.push((it.mask, it.name.to_owned()));
            })
            .unwrap();
        let name = OsStr::new("a file").to_owned();
        assert_eq!(seen, [(libc::IN_CLOSE_WRITE, name.clone()), (libc::IN_DELETE, name)]);
        std::fs::remove_dir(&directory).unwrap();
    }
}

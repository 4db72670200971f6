//! Kernel settings by their files below /proc/sys: those of the network are our network namespace's own.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What a setting is; `None`: there is none of this path, or it is no number.
pub fn read(path: &str) -> Option<i32> {
    fs::read_to_string(file(path)).ok()?.trim().parse().ok()
}

/// Changes it.
pub fn write(path: &str, value: i32) -> io::Result<()> {
    fs::write(file(path), value.to_string())
}

fn file(path: &str) -> PathBuf {
    Path::new("/proc/sys").join(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_and_what_is_not_there_is_none() {
        assert!(read("net/ipv4/conf/lo/rp_filter").is_some());
        assert_eq!(read("net/ipv4/conf/no-such-if/rp_filter"), None);
        assert_eq!(read("kernel/hostname"), None);
    }
}

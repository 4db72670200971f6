//! What a worker leaves to its next life, on disk: so that an engine that was killed goes on where it stopped. It counts
//! only within the same boot (the engine's clock is the same until then); so it need not survive a power cut, and is not
//! synced.

use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::paths;

/// In front of the worker's own bytes, on a line of its own.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    boot_id: String,
    version: String,
}

/// Identifies this boot.
fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

/// Keeps `bytes` for the next engine.
pub fn save(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let header = Header { boot_id: boot_id(), version: env!("CARGO_PKG_VERSION").to_owned() };
    let mut content = serde_json::to_vec(&header)?;
    content.push(b'\n');
    content.extend_from_slice(bytes);
    paths::replace(path, &content, false)
}

/// What an earlier engine left in this boot.
pub fn load(path: &Path) -> Option<Vec<u8>> {
    let content = fs::read(path).ok()?;
    let end = content.iter().position(|b| *b == b'\n')?;
    let header: Header = serde_json::from_slice(&content[..end]).ok()?;
    (header.boot_id == boot_id()).then(|| content[end + 1..].to_vec())
}

/// Nothing is held any more.
pub fn forget(path: &Path) {
    let _ = fs::remove_file(path);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_saved_is_loaded_but_not_that_of_another_boot() {
        let path = std::env::temp_dir().join(format!("understudy-handover-{}", std::process::id()));
        save(&path, b"{\"a\":1}\nrest").unwrap();
        assert_eq!(load(&path).unwrap(), b"{\"a\":1}\nrest");
        fs::write(&path, b"{\"boot_id\":\"other\",\"version\":\"0\"}\nx").unwrap();
        assert_eq!(load(&path), None);
        fs::write(&path, b"nonsense").unwrap();
        assert_eq!(load(&path), None);
        forget(&path);
        assert_eq!(load(&path), None);
    }
}

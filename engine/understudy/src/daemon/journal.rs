//! The ring of the last changes with their reasons: JSON lines in a file that survives restarts and power cuts. Syncing
//! can take a disk's time, so it happens in a thread of its own, at most a few times a second.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use understudy_core::time::Time;

use super::paths;
use super::record::Record;
use crate::say;

/// So many are kept.
const KEPT: usize = 200;
/// The least distance between two writes.
const EVERY: Duration = Duration::from_millis(250);

/// The last changes.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    /// As JSON: a fifth of the memory that values would take.
    lines: VecDeque<Box<str>>,
    /// Not all are in the file.
    dirty: bool,
    next_write: Time,
    writer: Option<(JoinHandle<()>, Arc<AtomicBool>)>,
}

impl Journal {
    /// Goes on with what the file has.
    pub fn open(path: PathBuf) -> Self {
        let lines = read(&path).iter().map(line).collect();
        Self { path, lines, dirty: false, next_write: Time::ZERO, writer: None }
    }

    /// Adds a change.
    pub fn add(&mut self, record: &Record) {
        self.lines.push_back(line(record));
        while self.lines.len() > KEPT {
            self.lines.pop_front();
        }
        self.dirty = true;
    }

    /// Oldest first.
    pub fn records(&self) -> impl Iterator<Item = Record> {
        self.lines.iter().filter_map(|line| serde_json::from_str(line).ok())
    }

    /// When `write` is due.
    pub fn deadline(&self) -> Option<Time> {
        self.dirty.then_some(self.next_write)
    }

    /// Writes what is new, if it is time.
    pub fn write(&mut self, now: Time) {
        if !self.dirty || now < self.next_write {
            return;
        }
        self.next_write = now + EVERY;
        if let Some((writer, done)) = self.writer.take() {
            if !done.load(Ordering::Acquire) {
                self.writer = Some((writer, done)); // the disk is slow: later
                return;
            }
            let _ = writer.join();
        }
        let (content, path) = (self.content(), self.path.clone());
        let done = Arc::new(AtomicBool::new(false));
        let signal = Arc::clone(&done);
        let thread = Builder::new().stack_size(64 << 10).spawn(move || {
            save(&path, &content);
            signal.store(true, Ordering::Release);
        });
        match thread {
            Ok(writer) => {
                self.writer = Some((writer, done));
                self.dirty = false;
            }
            Err(e) => say!(Warning, "write {}: {e}", self.path.display()),
        }
    }

    /// Writes everything and waits for it; at the end.
    pub fn close(&mut self) {
        if let Some((writer, _)) = self.writer.take() {
            let _ = writer.join();
        }
        if self.dirty {
            save(&self.path, &self.content());
            self.dirty = false;
        }
    }

    fn content(&self) -> Vec<u8> {
        let mut content = Vec::with_capacity(self.lines.iter().map(|line| line.len() + 1).sum());
        for line in &self.lines {
            content.extend_from_slice(line.as_bytes());
            content.push(b'\n');
        }
        content
    }
}

fn line(record: &Record) -> Box<str> {
    serde_json::to_string(record).expect("plain data becomes JSON").into()
}

fn save(path: &Path, content: &[u8]) {
    if let Err(e) = paths::replace(path, content, true) {
        say!(Warning, "write {}: {e}; events will be lost at a restart", path.display());
    }
}

/// The changes that the file has; damaged lines are left out.
pub fn read(path: &Path) -> VecDeque<Record> {
    let content = fs::read_to_string(path).unwrap_or_default();
    let mut records: VecDeque<Record> =
        content.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    while records.len() > KEPT {
        records.pop_front();
    }
    records
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_records_survive_and_damage_loses_only_its_line() {
        let path = std::env::temp_dir().join(format!("understudy-journal-{}", std::process::id()));
        let mut journal = Journal::open(path.clone());
        for i in 0..KEPT + 50 {
            journal.add(&Record::new("vi_1", format!("change {i}"), "a test"));
        }
        journal.write(Time::ZERO);
        journal.close();
        let mut content = fs::read_to_string(&path).unwrap();
        assert_eq!(content.lines().count(), KEPT);
        content.push_str("{\"damaged\n");
        fs::write(&path, content).unwrap();
        let again = Journal::open(path.clone());
        assert_eq!(again.records().count(), KEPT);
        assert_eq!(again.records().next().unwrap().change, "change 50");
        fs::remove_file(path).unwrap();
    }
}

//! Tracked files: read when something is written into them, and when what their path means changes (inotify(7)). A file
//! may come and go, be renamed over, and lie in a directory that does not exist yet.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use understudy_core::time::Time;
use understudy_core::track::file::Content;
use understudy_core::track::settings::FileSettings;

use super::route::{Stop, route};
use crate::say;
use crate::sys::file::file_system;
use crate::sys::inotify::{Inotify, Mark, Mask, Notice};

/// What nobody tells of is looked at so often.
const EVERY: Duration = Duration::from_secs(1);
/// A number is shorter.
const LONGEST: u64 = 128;

/// The directory itself is no longer where it was.
const ITSELF: Mask = libc::IN_DELETE_SELF | libc::IN_MOVE_SELF;
/// An entry of it comes or goes.
const ENTRIES: Mask =
    libc::IN_CREATE | libc::IN_MOVED_TO | libc::IN_MOVED_FROM | libc::IN_DELETE | ITSELF;
/// The kernel tells of it unasked.
const GONE: Mask = libc::IN_IGNORED | libc::IN_UNMOUNT | libc::IN_Q_OVERFLOW;

/// All tracked files.
#[derive(Debug, Default)]
pub struct Files {
    watched: Vec<Watched>,
    inotify: Option<Inotify>,
    /// Directories that are watched.
    marks: BTreeMap<Mark, Vec<Place>>,
    next: Option<Time>,
}

#[derive(Debug)]
struct Watched {
    name: String,
    path: PathBuf,
    kind: Kind,
}

/// How changes are noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The kernel tells.
    Told,
    /// It does not: files that the kernel makes up.
    Polled,
    /// Never: another machine may be asked, and that may take for ever.
    Refused,
}

/// Why a directory is watched.
#[derive(Clone, Debug)]
struct Place {
    /// For which file.
    file: usize,
    /// Which entry of it matters.
    entry: Option<OsString>,
    is_last: bool,
}

impl Files {
    /// Watches exactly these from now on.
    pub fn set(&mut self, files: &[FileSettings], now: Time) {
        self.watched = files
            .iter()
            .map(|file| {
                let path = PathBuf::from(&file.path);
                let kind = kind(&path);
                if kind == Kind::Refused {
                    say!(
                        Error,
                        "track_file {}: {} may be on another machine; not read, counts as 0",
                        file.name,
                        file.path
                    );
                }
                Watched { name: file.name.clone(), path, kind }
            })
            .collect();
        let told = self.watched.iter().any(|it| it.kind == Kind::Told);
        if told && self.inotify.is_none() {
            match Inotify::new() {
                Ok(inotify) => self.inotify = Some(inotify),
                Err(e) => self.poll_all(&e),
            }
        }
        if !told {
            self.inotify = None;
            self.marks.clear();
        }
        self.mark();
        let polled = self.watched.iter().any(|it| it.kind == Kind::Polled);
        self.next = polled.then_some(now + EVERY);
    }

    /// What is readable when something has happened.
    pub const fn descriptor(&self) -> Option<&Inotify> {
        self.inotify.as_ref()
    }

    /// When [`Files::timer`] is to be called.
    pub const fn deadline(&self) -> Option<Time> {
        self.next
    }

    /// What all of them hold.
    pub fn read_all(&self) -> BTreeMap<String, Content> {
        self.watched.iter().map(|it| (it.name.clone(), it.read())).collect()
    }

    /// Hands those that may hold something else to `tell`.
    pub fn ready(&mut self, mut tell: impl FnMut(&str, Content)) {
        let Some(inotify) = &self.inotify else { return };
        let mut changed = vec![false; self.watched.len()];
        let mut moved = false;
        let (marks, watched) = (&self.marks, &self.watched);
        let read = inotify.read(|notice| {
            if notice.mask & GONE != 0 {
                moved = true;
            }
            for place in marks.get(&notice.mark).into_iter().flatten() {
                let (changes, moves) = place.concerns(notice, &watched[place.file].path);
                changed[place.file] |= changes;
                moved |= moves;
            }
        });
        if let Err(e) = read {
            say!(Error, "read what happens to tracked files: {e}");
        }
        if moved {
            self.mark();
            changed.fill(true);
        }
        for (file, _) in self.watched.iter().zip(changed).filter(|(_, changed)| *changed) {
            tell(&file.name, file.read());
        }
    }

    /// Looks at those that nobody tells of.
    pub fn timer(&mut self, now: Time, mut tell: impl FnMut(&str, Content)) {
        if self.next.is_none_or(|at| now < at) {
            return;
        }
        self.next = Some(now + EVERY);
        for file in self.watched.iter().filter(|it| it.kind == Kind::Polled) {
            tell(&file.name, file.read());
        }
    }

    /// Watches what lies on the way to each file; again until nothing has moved meanwhile.
    fn mark(&mut self) {
        for _ in 0..8 {
            let before = self.stops();
            if let Err(e) = self.mark_once(&before) {
                self.poll_all(&e);
                return;
            }
            if self.stops() == before {
                return;
            }
        }
    }

    fn stops(&self) -> Vec<(usize, Stop)> {
        let told = self.watched.iter().enumerate().filter(|(_, it)| it.kind == Kind::Told);
        told.flat_map(|(file, it)| route(&it.path).into_iter().map(move |stop| (file, stop)))
            .collect()
    }

    fn mark_once(&mut self, stops: &[(usize, Stop)]) -> io::Result<()> {
        let Some(inotify) = &self.inotify else { return Ok(()) };
        let mut marks: BTreeMap<Mark, Vec<Place>> = BTreeMap::new();
        let mut wanted: BTreeMap<Mark, (&Path, Mask)> = BTreeMap::new();
        for (file, stop) in stops {
            // Two ways may lead to one directory: first find out which it is.
            let mark = match inotify.watch(&stop.directory, ITSELF | libc::IN_MASK_ADD) {
                Ok(mark) => mark,
                // Gone in this moment: the next look finds another way.
                Err(e) if matches!(e.raw_os_error(), Some(libc::ENOENT | libc::ENOTDIR)) => {
                    continue;
                }
                Err(e) => return Err(e),
            };
            let (entry, is_last) = (stop.entry.clone(), stop.is_last);
            let mask = match (&entry, is_last) {
                (None, _) => ITSELF,
                (Some(_), false) => ENTRIES,
                (Some(_), true) => ENTRIES | libc::IN_CLOSE_WRITE,
            };
            wanted.entry(mark).or_insert((&stop.directory, 0)).1 |= mask;
            marks.entry(mark).or_default().push(Place { file: *file, entry, is_last });
        }
        for (directory, mask) in wanted.into_values() {
            let _ = inotify.watch(directory, mask);
        }
        for mark in self.marks.keys().filter(|mark| !marks.contains_key(*mark)) {
            inotify.forget(*mark);
        }
        self.marks = marks;
        Ok(())
    }

    /// The kernel has no more marks for us.
    fn poll_all(&mut self, why: &io::Error) {
        say!(Error, "watch tracked files: {why}; read every second instead");
        for file in self.watched.iter_mut().filter(|it| it.kind == Kind::Told) {
            file.kind = Kind::Polled;
        }
        self.inotify = None;
        self.marks.clear();
        self.next.get_or_insert(Time::ZERO);
    }
}

impl Place {
    /// Whether the file may hold something else now, and whether the way to it may be another one.
    fn concerns(&self, notice: Notice<'_>, path: &Path) -> (bool, bool) {
        if notice.mask & ITSELF != 0 {
            return (true, true);
        }
        if self.entry.as_deref() != Some(notice.name) || notice.name == OsStr::new("") {
            return (false, false);
        }
        if !self.is_last {
            return (true, true);
        }
        if notice.mask & libc::IN_CREATE == 0 {
            return (true, false);
        }
        // An ordinary file that was just made will be written first; other names for what is there already won't.
        match path.symlink_metadata() {
            Ok(it) if it.file_type().is_symlink() => (true, true),
            Ok(it) => (it.nlink() > 1, !it.is_file()),
            Err(_) => (false, false),
        }
    }
}

impl Watched {
    fn read(&self) -> Content {
        if self.kind == Kind::Refused {
            return Content::Number(0);
        }
        read(&self.path).unwrap_or(Content::Number(0))
    }
}

/// `None`: there is nothing to read.
fn read(path: &Path) -> Option<Content> {
    // A FIFO without a writer must not hold us up.
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    file.take(LONGEST).read_to_end(&mut bytes).ok()?;
    Some(Content::read(&bytes))
}

/// What is known of the file system where the way to a file ends.
fn kind(path: &Path) -> Kind {
    /// Files that the kernel makes up: proc, sysfs, cgroup, cgroup2, debugfs, configfs, tracefs.
    const MADE_UP: [u64; 7] =
        [0x9fa0, 0x6265_6572, 0x0027_e0eb, 0x6367_7270, 0x6462_6720, 0x6265_6570, 0x7472_6163];
    /// Network file systems: NFS, SMB, SMB2, CIFS, FUSE, Coda, AFS, Ceph, NCP.
    const ELSEWHERE: [u64; 9] = [
        0x6969,
        0x517b,
        0xfe53_4d42,
        0xff53_4d42,
        0x6573_5546,
        0x7375_7245,
        0x5346_414f,
        0x00c3_6400,
        0x564c,
    ];
    let end = route(path).pop();
    let file_system = end.and_then(|stop| file_system(&stop.directory).ok());
    match file_system {
        Some(it) if MADE_UP.contains(&it) => Kind::Polled,
        Some(it) if ELSEWHERE.contains(&it) => Kind::Refused,
        Some(_) | None => Kind::Told,
    }
}

/// Writes what `init_file` wants; when the engine starts, not when it goes on.
pub fn create(files: &[FileSettings]) {
    for file in files {
        let Some(init) = file.init else { continue };
        let mut options = OpenOptions::new();
        options.write(true).mode(0o644).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
        let opened: io::Result<File> = if init.overwrite {
            options.create(true).truncate(true).open(&file.path)
        } else {
            options.create_new(true).open(&file.path)
        };
        let written =
            opened.and_then(|mut it| it.write_all(format!("{}\n", init.value).as_bytes()));
        match written {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists && !init.overwrite => {}
            Err(e) => say!(Error, "track_file {}: create {}: {e}", file.name, file.path),
            Ok(()) => {}
        }
    }
}

#[cfg(test)]
mod tests;

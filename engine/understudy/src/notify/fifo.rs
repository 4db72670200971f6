//! Named pipes that get a line for every change. Writing never waits: a line that finds no room is lost, and counted.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt, chown};

use understudy_core::node::settings::{Fifo, ProcessSettings};
use understudy_core::time::Time;

use super::queue::Queues;
use super::user;
use crate::daemon::context::{FifoKind, FifoLine};
use crate::say;
use crate::sys::epoll::Epoll;
use crate::sys::file;

#[derive(Debug)]
struct Pipe {
    settings: Fifo,
    /// `None`: both kinds.
    kind: Option<FifoKind>,
    file: Option<File>,
    /// It was not there before, so it goes with us.
    created: bool,
    lost: u64,
}

/// The FIFOs of the configuration.
#[derive(Debug, Default)]
pub struct Fifos {
    pipes: Vec<Pipe>,
}

impl Fifos {
    /// Makes the FIFOs equal to the configuration; unchanged ones stay open, with their readers.
    pub fn configure(
        &mut self,
        process: &ProcessSettings,
        queues: &mut Queues,
        epoll: &Epoll,
        now: Time,
    ) {
        let wanted = [
            (None, &process.notify_fifo),
            (Some(FifoKind::Vrrp), &process.vrrp_notify_fifo),
            (Some(FifoKind::Lvs), &process.lvs_notify_fifo),
        ];
        let wanted: Vec<(Option<FifoKind>, &Fifo)> =
            wanted.into_iter().filter_map(|(kind, fifo)| Some((kind, fifo.as_ref()?))).collect();
        let same = self.pipes.len() == wanted.len()
            && self
                .pipes
                .iter()
                .zip(&wanted)
                .all(|(p, (kind, f))| p.kind == *kind && p.settings == **f);
        if same {
            return;
        }
        queues.terminate_readers(now);
        self.close();
        for (kind, fifo) in wanted {
            let (file, created) = match open(fifo, process) {
                Ok((file, created)) => (Some(file), created),
                Err(e) => {
                    say!(Error, "open FIFO {}: {e}", fifo.path);
                    (None, false)
                }
            };
            if let (Some(script), true) = (&fifo.script, file.is_some()) {
                queues.start_reader(script, &fifo.path, epoll, now);
            }
            self.pipes.push(Pipe { settings: fifo.clone(), kind, file, created, lost: 0 });
        }
    }

    /// Writes a line to those it is for.
    pub fn write(&mut self, line: &FifoLine) {
        for pipe in self.pipes.iter_mut().filter(|p| p.kind.is_none_or(|kind| kind == line.kind)) {
            let Some(file) = &mut pipe.file else { continue };
            // A line is shorter than PIPE_BUF, so it is written whole or not at all.
            match file.write(line.line.as_bytes()) {
                Ok(_) if pipe.lost > 0 => {
                    say!(
                        Warning,
                        "FIFO {}: {} lines were lost: nobody read them",
                        pipe.settings.path,
                        pipe.lost
                    );
                    pipe.lost = 0;
                }
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => pipe.lost += 1,
                Err(e) => say!(Error, "write to FIFO {}: {e}", pipe.settings.path),
            }
        }
    }

    /// Closes all, and removes those that we made.
    pub fn close(&mut self) {
        for pipe in self.pipes.drain(..) {
            if pipe.lost > 0 {
                say!(
                    Warning,
                    "FIFO {}: {} lines were lost: nobody read them",
                    pipe.settings.path,
                    pipe.lost
                );
            }
            if pipe.created {
                let _ = std::fs::remove_file(&pipe.settings.path);
            }
        }
    }
}

fn open(fifo: &Fifo, process: &ProcessSettings) -> io::Result<(File, bool)> {
    // 0644 less the mask, which is 0177 unless told; the process's own takes the same away.
    let mode = 0o644 & !libc::mode_t::from(process.engine.umask.unwrap_or(0o177));
    let created = match file::make_fifo(&fifo.path, mode) {
        Ok(()) => true,
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => false,
        Err(e) => return Err(e),
    };
    if created && let Some(owner) = fifo.owner.as_ref().or(process.script_user.as_ref()) {
        let who = user::look_up(owner).map_err(io::Error::other)?;
        chown(&fifo.path, Some(who.uid), Some(who.gid))?;
    }
    // Open for both, so that it can be written before there is a reader, and between two.
    let mut options = OpenOptions::new();
    let file = options
        .read(true)
        .write(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOFOLLOW)
        .open(&fifo.path)?;
    if !file.metadata()?.file_type().is_fifo() {
        return Err(io::Error::other("there is something else that is no FIFO"));
    }
    Ok((file, created))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn lines_reach_their_reader_and_a_full_pipe_loses_some_without_waiting() {
        let path = std::env::temp_dir().join(format!("understudy-fifo-{}", std::process::id()));
        let fifo = Fifo { path: path.display().to_string(), owner: None, script: None };
        let process =
            ProcessSettings { vrrp_notify_fifo: Some(fifo), ..ProcessSettings::default() };
        let epoll = Epoll::new().unwrap();
        let mut queues = Queues::new(&process);
        let mut fifos = Fifos::default();
        fifos.configure(&process, &mut queues, &epoll, Time::ZERO);
        let line = |kind| FifoLine { kind, line: "INSTANCE \"a\" MASTER 100\n".to_owned() };
        fifos.write(&line(FifoKind::Lvs)); // not for this one
        fifos.write(&line(FifoKind::Vrrp));
        let mut reader =
            OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(&path).unwrap();
        let mut buffer = [0; 4096];
        let n = reader.read(&mut buffer).unwrap();
        assert_eq!(&buffer[..n], b"INSTANCE \"a\" MASTER 100\n");
        for _ in 0..10_000 {
            fifos.write(&line(FifoKind::Vrrp));
        }
        assert!(fifos.pipes[0].lost > 0);
        fifos.close();
        assert!(!path.exists());
    }
}

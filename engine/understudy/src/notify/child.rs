//! Running programs: each in its own process group, with a bounded time, its last line of output kept. Nothing waits:
//! pidfds and pipes are in the process's epoll set.

use std::collections::BTreeMap;
use std::io::{self, PipeReader, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use understudy_core::time::Time;

use crate::sys::epoll::{Epoll, Interest};
use crate::sys::process::{self, Credentials, Ended, Preparation};
use crate::sys::{signal, socket};

/// Tokens from here on are ours: two for each child.
pub const FIRST_TOKEN: u64 = 1 << 62;

/// Between SIGTERM and SIGKILL.
const GRACE: Duration = Duration::from_secs(2);
/// So much of a line is kept.
const LINE: usize = 256;
/// Taken out of the environment: they change what a program does, or are meant for us alone.
const UNWANTED: &[&str] = &[
    "IFS",
    "LD_PRELOAD",
    "LD_LIBRARY_PATH",
    "NOTIFY_SOCKET",
    "WATCHDOG_USEC",
    "WATCHDOG_PID",
    "JOURNAL_STREAM",
    "LISTEN_FDS",
    "LISTEN_PID",
    crate::daemon::launch::VARIABLE,
];

/// One run of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ChildId(u64);

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// With this status.
    Code(i32),
    /// By this signal.
    Signal(i32),
    /// It ran too long and was ended.
    TimedOut,
    /// It could not be started, and why.
    NotStarted(String),
}

/// All about a run that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What it was run for.
    pub tag: String,
    /// How it ended.
    pub exit: Exit,
    /// How long it ran.
    pub duration: Duration,
    /// Its last line of output that is not empty, at most 256 bytes.
    pub output: String,
}

impl Outcome {
    /// Exit status 0.
    pub fn is_success(&self) -> bool {
        self.exit == Exit::Code(0)
    }
}

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit status {code}"),
            Self::Signal(signal) => write!(f, "ended by signal {signal}"),
            Self::TimedOut => f.write_str("timed out"),
            Self::NotStarted(why) => write!(f, "not started: {why}"),
        }
    }
}

/// What to run, everything looked up.
#[derive(Clone, Debug)]
pub struct Program {
    /// The file.
    pub path: PathBuf,
    /// Its name as configured, and its arguments; never empty.
    pub argv: Vec<String>,
    /// Whom it runs as; `None`: as we are.
    pub credentials: Option<Credentials>,
    /// How long it may run.
    pub timeout: Duration,
    /// It gets SIGTERM when this process dies.
    pub dies_with_parent: bool,
}

#[derive(Debug)]
struct Child {
    tag: String,
    pid: u32,
    pidfd: OwnedFd,
    output: Option<PipeReader>,
    line: LastLine,
    started: Time,
    /// When it gets the next signal.
    deadline: Time,
    /// It has got SIGTERM.
    ending: bool,
    timed_out: bool,
}

/// Programs that run.
#[derive(Debug)]
pub struct Children {
    running: BTreeMap<u64, Child>,
    ended: Vec<(ChildId, Outcome)>,
    next: u64,
}

impl Default for Children {
    fn default() -> Self {
        Self::new()
    }
}

impl Children {
    /// None.
    pub const fn new() -> Self {
        Self { running: BTreeMap::new(), ended: Vec::new(), next: 0 }
    }

    /// Starts a program; a failure to do so is its outcome.
    pub fn start(
        &mut self,
        epoll: &Epoll,
        program: Result<Program, String>,
        tag: &str,
        now: Time,
    ) -> ChildId {
        let id = self.next;
        self.next += 1;
        let started = program.and_then(|program| {
            let name = program.argv[0].clone();
            spawn(epoll, program, id, tag, now).map_err(|e| format!("run {name}: {e}"))
        });
        match started {
            Ok(child) => {
                self.running.insert(id, child);
            }
            Err(why) => self.ended.push((
                ChildId(id),
                Outcome {
                    tag: tag.to_owned(),
                    exit: Exit::NotStarted(why),
                    duration: Duration::ZERO,
                    output: String::new(),
                },
            )),
        }
        ChildId(id)
    }

    /// An event for `token`. `false`: it is not one of ours.
    pub fn ready(&mut self, token: u64, now: Time) -> bool {
        let Some(offset) = token.checked_sub(FIRST_TOKEN) else { return false };
        let id = offset >> 1;
        let Some(child) = self.running.get_mut(&id) else { return true }; // ended in this turn
        child.read();
        if offset & 1 == 0 {
            if child.timed_out {
                // The leader is not collected yet, so the group's number is still its own.
                let _ = process::signal_group(child.pid, signal::SIGKILL);
            }
            match process::reap(&child.pidfd) {
                Ok(None) => {}
                Ok(Some(ended)) => self.end(id, Some(ended), now),
                Err(_) => self.end(id, None, now),
            }
        }
        true
    }

    fn end(&mut self, id: u64, ended: Option<Ended>, now: Time) {
        let Some(mut child) = self.running.remove(&id) else { return };
        child.read();
        let exit = match ended {
            _ if child.timed_out => Exit::TimedOut,
            Some(Ended::Exit(code)) => Exit::Code(code),
            Some(Ended::Signal(signal)) => Exit::Signal(signal),
            None => Exit::NotStarted("somebody else collected it".to_owned()),
        };
        let duration = now.since(child.started);
        let outcome = Outcome { tag: child.tag, exit, duration, output: child.line.take() };
        self.ended.push((ChildId(id), outcome));
    }

    /// Signals those that have run for too long.
    pub fn timer(&mut self, now: Time) {
        for child in self.running.values_mut().filter(|child| child.deadline <= now) {
            child.timed_out |= !child.ending;
            child.signal(now);
        }
    }

    /// Ends one early.
    pub fn terminate(&mut self, child: ChildId, now: Time) {
        if let Some(child) = self.running.get_mut(&child.0).filter(|child| !child.ending) {
            child.signal(now);
        }
    }

    /// Ends all early.
    pub fn terminate_all(&mut self, now: Time) {
        for child in self.running.values_mut().filter(|child| !child.ending) {
            child.signal(now);
        }
    }

    /// When `timer` is due.
    pub fn deadline(&self) -> Option<Time> {
        self.running.values().map(|child| child.deadline).min()
    }

    /// Those that have ended since the last call.
    pub fn take_ended(&mut self) -> Vec<(ChildId, Outcome)> {
        std::mem::take(&mut self.ended)
    }

    /// Does nothing run?
    #[cfg(test)]
    pub fn is_idle(&self) -> bool {
        self.running.is_empty()
    }
}

impl Child {
    /// SIGTERM first, SIGKILL after the grace.
    fn signal(&mut self, now: Time) {
        let signal = if self.ending { signal::SIGKILL } else { signal::SIGTERM };
        let _ = process::signal_group(self.pid, signal);
        self.ending = true;
        self.deadline = now + GRACE;
    }

    fn read(&mut self) {
        let Some(pipe) = &mut self.output else { return };
        let mut buffer = [0; 4096];
        // A program that never stops talking must not keep us here: the rest comes with the next event.
        for _ in 0..16 {
            match pipe.read(&mut buffer) {
                Ok(0) => {
                    self.output = None;
                    return;
                }
                Ok(n) => self.line.push(&buffer[..n]),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => {
                    self.output = None;
                    return;
                }
            }
        }
    }
}

fn spawn(epoll: &Epoll, program: Program, id: u64, tag: &str, now: Time) -> io::Result<Child> {
    let (reader, writer) = io::pipe()?;
    socket::set_nonblocking(&reader)?;
    let mut command = Command::new(&program.path);
    command
        .arg0(&program.argv[0])
        .args(&program.argv[1..])
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer);
    for name in UNWANTED {
        command.env_remove(name);
    }
    process::prepare(
        &mut command,
        Preparation {
            credentials: program.credentials,
            death_signal: program.dies_with_parent.then_some(signal::SIGTERM),
            own_group: true,
            normal_priority: true,
            ..Preparation::default()
        },
    );
    let pid = command.spawn()?.id();
    drop(command); // closes our copies of the pipe's other end
    let pidfd = process::pidfd(pid)?;
    epoll.add(&pidfd.as_fd(), Interest::READ, FIRST_TOKEN | id << 1)?;
    epoll.add(&reader, Interest::READ, FIRST_TOKEN | id << 1 | 1)?;
    Ok(Child {
        tag: tag.to_owned(),
        pid,
        pidfd,
        output: Some(reader),
        line: LastLine::default(),
        started: now,
        deadline: now + program.timeout,
        ending: false,
        timed_out: false,
    })
}

/// Keeps the last line that is not empty, and the one that is being written.
#[derive(Debug, Default)]
struct LastLine {
    done: Vec<u8>,
    current: Vec<u8>,
}

impl LastLine {
    fn push(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                b'\n' if !self.current.is_empty() => {
                    std::mem::swap(&mut self.done, &mut self.current);
                    self.current.clear();
                }
                b'\n' | b'\r' => {}
                _ if self.current.len() < LINE => self.current.push(*byte),
                _ => {}
            }
        }
    }

    fn take(self) -> String {
        let line = if self.current.is_empty() { self.done } else { self.current };
        let text = String::from_utf8_lossy(&line);
        text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::clock;

    fn shell(script: &str, timeout_ms: u64) -> Result<Program, String> {
        Ok(Program {
            path: "/bin/sh".into(),
            argv: vec!["sh".into(), "-c".into(), script.into()],
            credentials: None,
            timeout: Duration::from_millis(timeout_ms),
            dies_with_parent: true,
        })
    }

    fn run(program: Result<Program, String>) -> Outcome {
        let epoll = Epoll::new().unwrap();
        let mut timer = crate::sys::timer::Timer::new().unwrap();
        epoll.add(&timer, Interest::READ.edge(), 1).unwrap();
        let mut children = Children::new();
        children.start(&epoll, program, "test", clock::now());
        let give_up = clock::now() + Duration::from_secs(20);
        loop {
            if let Some((_, outcome)) = children.take_ended().pop() {
                assert!(children.is_idle());
                return outcome;
            }
            assert!(clock::now() < give_up, "the child never ended");
            timer.arm(children.deadline()).unwrap();
            let mut ready = Vec::new();
            epoll.wait(true, &mut ready).unwrap();
            for event in ready {
                if !children.ready(event.token, clock::now()) {
                    timer.fired();
                }
            }
            children.timer(clock::now());
        }
    }

    #[test]
    fn the_status_and_the_last_line_are_told() {
        let outcome = run(shell("echo one; echo; echo two >&2; echo; exit 3", 5000));
        assert_eq!((outcome.exit, outcome.output.as_str()), (Exit::Code(3), "two"));
    }

    #[test]
    fn much_output_does_not_fill_us() {
        let outcome = run(shell("head -c 3000000 /dev/zero | tr '\\0' x; echo; echo end", 9000));
        assert_eq!((outcome.exit, outcome.output.as_str()), (Exit::Code(0), "end"));
    }

    #[test]
    fn the_whole_group_is_ended_at_the_timeout() {
        let outcome = run(shell("sleep 30 & echo $!; wait", 200));
        assert_eq!(outcome.exit, Exit::TimedOut);
        assert!(outcome.duration < Duration::from_secs(2));
        // It ends a moment after the signal.
        if let Ok(grandchild) = process::pidfd(outcome.output.parse().unwrap()) {
            socket::wait_readable(&grandchild, 5000).expect("the grandchild lives");
        }
    }

    #[test]
    fn one_that_ignores_sigterm_is_killed_after_the_grace() {
        let outcome = run(shell("trap '' TERM; sleep 30 & while :; do wait; done", 100));
        assert_eq!(outcome.exit, Exit::TimedOut);
        assert!(outcome.duration >= GRACE);
    }

    #[test]
    fn the_signal_mask_and_environment_are_clean() {
        let blocked = crate::sys::signal::Signals::new(&[libc::SIGTERM]).unwrap();
        let outcome = run(shell("grep SigBlk /proc/self/status", 5000));
        drop(blocked);
        assert_eq!(outcome.output.split_whitespace().nth(1), Some("0000000000000000"));
    }

    #[test]
    fn one_that_cannot_start_says_why() {
        let mut program = shell("", 100).unwrap();
        program.path = "/nonexistent/program".into();
        let Exit::NotStarted(why) = run(Ok(program)).exit else { panic!() };
        assert!(why.contains("No such file"), "{why}");
        assert!(matches!(run(Err("why not".into())).exit, Exit::NotStarted(w) if w == "why not"));
    }
}

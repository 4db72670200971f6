use std::process::{Child, Command};
use std::time::Instant;

use understudy_core::track::settings::Parameters;

use super::*;
use crate::sys::socket::wait_readable;

fn settings(name: &str, process: &str, parameters: Parameters) -> WatchSettings {
    WatchSettings {
        name: name.into(),
        process: process.into(),
        full_command: !matches!(parameters, Parameters::Any),
        parameters,
        quorum: 1,
        quorum_max: u32::MAX,
        terminate_delay: Duration::ZERO,
        fork_delay: Duration::ZERO,
    }
}

/// A program under a name that nobody else runs.
struct Program {
    path: String,
    name: String,
    running: Vec<Child>,
}

impl Program {
    fn new(name: &str) -> Self {
        let name = format!("{name}{}", std::process::id() % 100_000);
        let path = std::env::temp_dir().join(&name).to_str().unwrap().to_owned();
        std::fs::copy("/bin/sleep", &path).unwrap();
        Self { path, name, running: Vec::new() }
    }

    fn start(&mut self, seconds: &str) {
        self.running.push(Command::new(&self.path).arg(seconds).spawn().unwrap());
    }

    fn end(&mut self) {
        let mut child = self.running.remove(0);
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        while !self.running.is_empty() {
            self.end();
        }
        let _ = std::fs::remove_file(&self.path);
    }
}

/// All that is told until it is as wanted.
fn until(it: &mut Processes, wanted: &[(&str, u32)]) {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let counts = it.counts();
        if wanted.iter().all(|(name, count)| counts[*name] == *count) {
            return;
        }
        assert!(Instant::now() < end, "{counts:?} instead of {wanted:?}");
        let now = crate::sys::clock::now();
        match it.descriptor() {
            Some(socket) => {
                let _ = wait_readable(socket, 100);
                it.ready(now, |_, _| {});
            }
            None => {
                std::thread::park_timeout(Duration::from_millis(20));
                it.timer(it.deadline().unwrap(), |_, _| {});
            }
        }
    }
}

fn counted(mut it: Processes) {
    let mut program = Program::new("und-trk-");
    program.start("1001");
    let words = |text: &str| vec![text.to_owned()];
    it.set(
        &[
            settings("any", &program.name, Parameters::Any),
            settings("exact", &program.path, Parameters::Exactly(words("1001"))),
            settings("begin", &program.path, Parameters::Begin(words("10"))),
            settings("other", &program.path, Parameters::First(words("999"))),
        ],
        None,
        crate::sys::clock::now(),
    );
    until(&mut it, &[("any", 1), ("exact", 1), ("begin", 1), ("other", 0)]);
    program.start("1002");
    until(&mut it, &[("any", 2), ("exact", 1), ("begin", 2)]);
    program.end();
    until(&mut it, &[("any", 1), ("exact", 0), ("begin", 1)]);
    program.start("999");
    until(&mut it, &[("any", 2), ("begin", 1), ("other", 1)]);
    // One that has ended does not count, though nobody has asked for its status yet.
    program.running[0].kill().unwrap();
    until(&mut it, &[("any", 1), ("begin", 0), ("other", 1)]);
    it.look();
    until(&mut it, &[("any", 1), ("begin", 0), ("other", 1)]);
    program.end();
    it.set(&[], None, crate::sys::clock::now());
    assert!(it.descriptor().is_none() && it.deadline().is_none() && it.counts().is_empty());
}

#[test]
fn processes_are_counted_by_the_kernels_events() {
    if let Err(e) = connector::open() {
        eprintln!("skipped: needs the kernel's events of processes: {e}");
        return;
    }
    let it = Processes::default();
    counted(it);
}

#[test]
fn without_events_they_are_counted_by_looking() {
    counted(Processes { polls: true, ..Processes::default() });
}

#[test]
fn a_storm_is_taken_in_turns_and_what_was_lost_is_looked_for() {
    let mut it = Processes::default();
    let mut program = Program::new("und-stm-");
    let now = crate::sys::clock::now();
    it.set(&[settings("any", &program.name, Parameters::Any)], None, now);
    let Some(socket) = it.descriptor() else {
        eprintln!("skipped: needs the kernel's events of processes");
        return;
    };
    // So small that it overflows.
    socket.set_buffer(Some(Buffer { bytes: 1, force: false })).unwrap();
    program.start("1001");
    for _ in 0..100 {
        Command::new("/bin/true").status().unwrap();
    }
    let end = Instant::now() + Duration::from_secs(20);
    while it.deadline().is_none() && Instant::now() < end {
        it.ready(now, |_, _| {});
    }
    let due = it.deadline().expect("events were lost");
    it.timer(now, |_, _| panic!("not yet"));
    it.timer(due, |_, _| {});
    assert_eq!((it.counts()["any"], it.deadline()), (1, None));
}

#[test]
fn a_fork_counts_and_threads_do_not() {
    let mut socket = match connector::open() {
        Ok(socket) => socket,
        Err(e) => {
            eprintln!("skipped: needs the kernel's events of processes: {e}");
            return;
        }
    };
    let own = std::process::id();
    let mut it = Processes { polls: true, ..Processes::default() };
    it.running.insert(own, vec![true]);
    it.event(Event::Fork { parent: own, child: 7 });
    assert!(it.running.contains_key(&7));
    std::thread::spawn(|| {}).join().unwrap();
    let child = Command::new("/bin/true").status().unwrap();
    assert!(child.success());
    // The thread's fork would have come before the child's exit.
    let (mut forks, mut ended) = (0, false);
    let mut child = 0;
    let end = Instant::now() + Duration::from_secs(20);
    while !ended && Instant::now() < end {
        let _ = wait_readable(&socket, 100);
        let read = socket.events(|message| match connector::read(message) {
            Some(Event::Fork { parent, child: new }) if parent == own => {
                forks += 1;
                child = new;
            }
            Some(Event::Exit(process)) if process == child => ended = true,
            Some(_) => {}
            // The answer to somebody else who begins to listen.
            None => assert_eq!(message.payload[20..24], [0; 4], "nobody wants {message:?}"),
        });
        let _ = read;
    }
    // Other tests of this process start programs, too.
    assert!(ended && forks >= 1);
}

#[test]
fn a_name_may_have_anything_in_it() {
    assert_eq!(name_and_state(b"12 (a) b (c)) S 1 2"), Some((&b"a) b (c)"[..], b'S')));
    assert_eq!(name_and_state(b"12 (a"), None);
}

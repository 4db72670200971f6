//! One worker as the supervisor sees it: its process, its sign of life, and what it left for its successor.
//!
//! The sign of life: a worker that has said nothing for a period (500 ms, less with fast adverts) is asked, and must
//! answer within a window (800 ms: a host that swaps is slow, not dead). That is some eight wake-ups a second for both
//! workers, 0.04 % of a core; a hung master is replaced after 1.3 s at most, and its backups wait for 3 s at the usual
//! interval.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use understudy_core::time::Time;

use super::channel::{Channel, Kind, Message};
use super::launch;
use crate::say;
use crate::sys::epoll::{Epoll, Interest};
use crate::sys::process::{self, Ended, Preparation};
use crate::sys::signal;

/// A worker opens and adopts for no longer than this.
const START_WITHIN: Duration = Duration::from_secs(10);
/// A worker takes a new configuration within this.
const RELOAD_WITHIN: Duration = Duration::from_secs(10);
/// Who lives for less dies "at once".
const SHORT_LIFE: Duration = Duration::from_secs(1);
/// After so many short lives in a row the worker is given up.
const SHORT_LIVES: u32 = 8;
/// After so many it gets no handover any more: that may be what kills it.
const POISONED: u32 = 4;
/// The first pause between short lives; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(25);
/// One that was given up is tried again this much later.
const GIVEN_UP_PAUSE: Duration = Duration::from_secs(10);

/// How often a worker must give a sign of life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// It is asked after this silence.
    pub period: Duration,
    /// And answers within this.
    pub window: Duration,
}

impl Heartbeat {
    /// For a host that others take for dead after this silence; default 3 s. A hung worker is found in as long, as far
    /// as the bounds let it: 300 ms to 1.3 s.
    pub fn for_patience(patience: Option<Duration>) -> Self {
        let third = patience.unwrap_or(Duration::from_secs(3)) / 3;
        Self {
            period: third.clamp(Duration::from_millis(100), Duration::from_millis(500)),
            window: (third * 2).clamp(Duration::from_millis(200), Duration::from_millis(800)),
        }
    }
}

/// What the supervisor is told.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// Started, or has taken the new configuration.
    Ready,
    /// Has given up everything.
    Stopped,
    /// Something for others.
    Message(Message),
}

/// How a life ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Death {
    /// As `killed by signal 9`.
    pub why: String,
    /// Why it couldn't start, in its own words.
    pub failure: Option<String>,
    /// It had been told to stop, and had given up everything.
    pub orderly: bool,
    /// It died too often: given up for now.
    pub given_up: bool,
}

#[derive(Debug)]
struct Live {
    pid: u32,
    pidfd: OwnedFd,
    channel: Channel,
    started: Time,
    heard: Time,
    /// It must be heard by then.
    answer_by: Option<Time>,
    /// It has said that it is ready (with its newest settings).
    ready: bool,
    /// The sockets had been read too late to judge it.
    spared: bool,
    stopping: bool,
    stopped: bool,
    failure: Option<String>,
    hung: bool,
    ended: Option<Ended>,
    wants_write: bool,
}

/// A worker and its place.
#[derive(Debug)]
pub struct Slot {
    /// `vrrp` or `check`.
    pub name: &'static str,
    token: u64,
    /// What it acts on, as JSON, in memory that nobody maps. `None`: it has nothing to do.
    settings: Option<File>,
    live: Option<Live>,
    /// What its last life left.
    pub inherit: Option<Vec<u8>>,
    /// `inherit` is newer than the file.
    pub unsaved: bool,
    /// Lives beyond the first.
    pub restarts: u64,
    short_lives: u32,
    start_at: Option<Time>,
    /// When the last one died; until its successor is ready.
    died: Option<Time>,
    /// Why there is none.
    pub trouble: Option<String>,
    beat: Heartbeat,
}

impl Slot {
    /// An empty place. Its process is known by `token` and `token + 1`.
    pub fn new(name: &'static str, token: u64, inherit: Option<Vec<u8>>) -> Self {
        Self {
            name,
            token,
            settings: None,
            live: None,
            inherit,
            unsaved: false,
            restarts: 0,
            short_lives: 0,
            start_at: None,
            died: None,
            trouble: None,
            beat: Heartbeat::for_patience(None),
        }
    }

    /// Gives it what to act on: starts it, tells it, or (`None`) stops it.
    pub fn configure(&mut self, settings: Option<File>, beat: Heartbeat, epoll: &Epoll, now: Time) {
        self.settings = settings;
        self.beat = beat;
        match (&self.settings, self.live.is_some()) {
            (Some(_), true) => {
                if let Err(e) = self.tell_settings(now) {
                    say!(Error, "{} worker: hand over settings: {e}", self.name);
                }
                self.flush(epoll);
            }
            (Some(_), false) => {
                self.short_lives = 0;
                self.start(epoll, now);
            }
            (None, true) => self.stop(epoll, now),
            (None, false) => self.start_at = None,
        }
    }

    fn tell_settings(&mut self, now: Time) -> io::Result<()> {
        let (Some(file), Some(live)) = (&self.settings, &mut self.live) else { return Ok(()) };
        let length = usize::try_from(file.metadata()?.len()).unwrap_or(0);
        let mut bytes = vec![0; length];
        file.read_exact_at(&mut bytes, 0)?;
        live.channel.push(Kind::Settings, &bytes);
        live.ready = false;
        live.answer_by = Some(now + RELOAD_WITHIN);
        Ok(())
    }

    /// Starts its process.
    pub fn start(&mut self, epoll: &Epoll, now: Time) {
        self.start_at = None;
        if let Err(e) = self.spawn(epoll, now) {
            let why = format!("start the {} worker: {e}", self.name);
            say!(Error, "{why}");
            self.trouble = Some(why);
            self.short_lives += 1;
            self.start_at = Some(now + Duration::from_secs(1));
        }
    }

    fn spawn(&mut self, epoll: &Epoll, now: Time) -> io::Result<()> {
        let (ours, theirs) = UnixStream::pair()?;
        let mut command = Command::new("/proc/self/exe");
        command.arg0("understudy").args(["worker", self.name]).stdin(Stdio::null());
        launch::current().pass_to(&mut command);
        if crate::log::is_detailed() {
            command.env("UNDERSTUDY_LOG", "debug");
        }
        process::prepare(
            &mut command,
            Preparation {
                death_signal: Some(signal::SIGKILL),
                channel: Some(theirs.as_raw_fd()),
                ..Preparation::default()
            },
        );
        let pid = command.spawn()?.id();
        drop(theirs);
        let pidfd = process::pidfd(pid)?;
        let mut channel = Channel::new(ours)?;
        if let Some(bytes) = &self.inherit {
            channel.push(Kind::Inherit, bytes);
        }
        epoll.add(&channel, Interest::READ, self.token)?;
        epoll.add(&pidfd, Interest::READ, self.token + 1)?;
        self.live = Some(Live {
            pid,
            pidfd,
            channel,
            started: now,
            heard: now,
            answer_by: None,
            ready: false,
            spared: false,
            stopping: false,
            stopped: false,
            failure: None,
            hung: false,
            ended: None,
            wants_write: false,
        });
        self.tell_settings(now)?;
        if let Some(live) = &mut self.live {
            live.answer_by = Some(now + START_WITHIN);
        }
        self.flush(epoll);
        Ok(())
    }

    /// Sends what waits.
    pub fn flush(&mut self, epoll: &Epoll) {
        let Some(live) = &mut self.live else { return };
        let wants_write = !live.channel.flush();
        if wants_write != live.wants_write {
            live.wants_write = wants_write;
            let interest = if wants_write { Interest::BOTH } else { Interest::READ };
            let _ = epoll.add(&live.channel, interest, self.token);
        }
    }

    /// Sends a message, if there is anybody. `false`: nobody.
    pub fn send(&mut self, kind: Kind, body: &[u8], epoll: &Epoll) -> bool {
        let Some(live) = &mut self.live else { return false };
        live.channel.push(kind, body);
        self.flush(epoll);
        true
    }

    /// Its channel is ready.
    pub fn receive(&mut self, epoll: &Epoll, now: Time) -> Vec<Event> {
        let mut events = Vec::new();
        let Some(live) = &mut self.live else { return events };
        live.channel.fill();
        while let Some(message) = live.channel.pop() {
            live.heard = now;
            live.spared = false;
            if live.ready {
                live.answer_by = None;
            }
            match message.kind {
                Kind::Pong => {}
                Kind::Ready => {
                    live.ready = true;
                    live.answer_by = None;
                    self.trouble = None;
                    events.push(Event::Ready);
                }
                Kind::Failed => {
                    live.failure = Some(String::from_utf8_lossy(&message.body).into_owned());
                }
                Kind::Handover => {
                    self.inherit = Some(message.body);
                    self.unsaved = true;
                }
                Kind::Stopped => {
                    live.stopped = true;
                    events.push(Event::Stopped);
                }
                _ => events.push(Event::Message(message)),
            }
        }
        if live.channel.is_closed() {
            // It ends, or will be found hung: the pidfd tells.
            let _ = epoll.remove(&live.channel);
        }
        self.flush(epoll);
        events
    }

    /// Its process may have ended. If so, `receive` its last words, then `bury` it: it may have said them since the last
    /// look at its channel.
    pub fn has_ended(&mut self) -> bool {
        let Some(live) = &mut self.live else { return false };
        live.ended = live.ended.or_else(|| process::reap(&live.pidfd).ok().flatten());
        live.ended.is_some()
    }

    /// What is left of it.
    pub fn bury(&mut self, now: Time) -> Option<Death> {
        let live = self.live.take_if(|live| live.ended.is_some())?;
        let ended = live.ended?;
        let why = match ended {
            _ if live.hung => {
                format!("gave no sign of life for {} ms", now.since(live.heard).as_millis())
            }
            Ended::Exit(code) => format!("ended with status {code}"),
            Ended::Signal(signal) => format!("killed by signal {signal}"),
        };
        let orderly = live.stopping && live.stopped;
        if orderly || self.settings.is_none() {
            return Some(Death { why, failure: live.failure, orderly, given_up: false });
        }
        self.died = Some(now);
        self.restarts += 1;
        let short = now.since(live.started) < SHORT_LIFE;
        self.short_lives = if short { self.short_lives + 1 } else { 0 };
        self.trouble = Some(live.failure.clone().unwrap_or_else(|| why.clone()));
        let given_up = self.short_lives >= SHORT_LIVES;
        if self.short_lives == POISONED && self.inherit.take().is_some() {
            say!(Warning, "{} worker: its next life starts without the handover", self.name);
        }
        if !live.stopping {
            self.start_at = Some(now + self.pause());
        }
        Some(Death { why, failure: live.failure, orderly, given_up })
    }

    /// None for the first deaths, then longer and longer.
    fn pause(&self) -> Duration {
        match self.short_lives {
            0..=2 => Duration::ZERO,
            n if n < SHORT_LIVES => FIRST_PAUSE * 2u32.pow(n - 3),
            _ => GIVEN_UP_PAUSE,
        }
    }

    /// Looks at the deadlines. `late`: how late it is for that. `true`: a successor was started.
    pub fn timer(&mut self, epoll: &Epoll, now: Time, late: Duration) {
        if self.start_at.is_some_and(|at| at <= now) {
            self.start(epoll, now);
            return;
        }
        let Some(live) = &mut self.live else { return };
        if let Some(by) = live.answer_by {
            if by > now {
                return;
            }
            if late > self.beat.window / 2 && !live.spared {
                // We were held up ourselves, and so perhaps was it: once more.
                live.spared = true;
                live.answer_by = Some(now + self.beat.window);
            } else if !live.hung {
                live.hung = true;
                live.answer_by = None;
                say!(Error, "{} worker (pid {}) hangs: it is replaced", self.name, live.pid);
                let _ = process::signal(&live.pidfd, signal::SIGKILL);
            }
        } else if !live.hung && live.heard + self.beat.period <= now {
            live.channel.push(Kind::Ping, &[]);
            live.answer_by = Some(now + self.beat.window);
            self.flush(epoll);
        }
    }

    /// When `timer` is due.
    pub fn deadline(&self) -> Option<Time> {
        let life = self.live.as_ref().filter(|live| !live.hung);
        let life = life.map(|live| live.answer_by.unwrap_or(live.heard + self.beat.period));
        [life, self.start_at].into_iter().flatten().min()
    }

    /// Begins an orderly stop.
    pub fn stop(&mut self, epoll: &Epoll, _now: Time) {
        self.start_at = None;
        if let Some(live) = &mut self.live
            && !live.stopping
        {
            live.stopping = true;
            self.send(Kind::Stop, &[], epoll);
        }
    }

    /// Ends it at once, for good; what it holds stays.
    pub fn leave(&mut self) {
        self.settings = None;
        self.kill();
    }

    /// Ends it at once.
    pub fn kill(&mut self) {
        self.start_at = None;
        if let Some(live) = &self.live {
            let _ = process::signal(&live.pidfd, signal::SIGKILL);
        }
    }

    /// Has it something to do?
    pub fn is_wanted(&self) -> bool {
        self.settings.is_some()
    }

    /// Does its process exist?
    pub fn pid(&self) -> Option<u32> {
        self.live.as_ref().map(|live| live.pid)
    }

    /// Does it run, with its newest settings, or is it not wanted?
    pub fn is_settled(&self) -> bool {
        !self.is_wanted() || self.live.as_ref().is_some_and(|live| live.ready)
    }

    /// For the service manager's watchdog: is it alive, or being replaced?
    pub fn is_alive(&self, now: Time, within: Duration) -> bool {
        match &self.live {
            _ if !self.is_wanted() => true,
            Some(live) => {
                !live.hung
                    && (!live.ready || now.since(live.heard) < within.max(Duration::from_secs(2)))
            }
            None => self.start_at.is_some() && !self.is_given_up(),
        }
    }

    /// Was it given up?
    pub fn is_given_up(&self) -> bool {
        self.short_lives >= SHORT_LIVES
    }

    /// For how long there was none, told once when its successor is ready.
    pub fn take_gap(&mut self, now: Time) -> Option<Duration> {
        self.died.take().map(|died| now.since(died))
    }
}

/// Bytes as settings that a slot keeps.
pub fn keep(bytes: &[u8]) -> io::Result<File> {
    let file = crate::sys::memory::memfd()?;
    file.write_all_at(bytes, 0)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heartbeat_follows_impatient_peers_within_bounds() {
        let ms = Duration::from_millis;
        let usual = Heartbeat::for_patience(None);
        assert_eq!((usual.period, usual.window), (ms(500), ms(800)));
        let brisk = Heartbeat::for_patience(Some(ms(900)));
        assert_eq!((brisk.period, brisk.window), (ms(300), ms(600)));
        let fast = Heartbeat::for_patience(Some(ms(50)));
        assert_eq!((fast.period, fast.window), (ms(100), ms(200)));
    }

    #[test]
    fn pauses_grow_and_end_in_giving_up() {
        let mut slot = Slot::new("vrrp", 0, None);
        let mut total = Duration::ZERO;
        for n in 0..SHORT_LIVES {
            slot.short_lives = n;
            total += slot.pause();
        }
        assert!(total < Duration::from_secs(2), "{total:?}");
        slot.short_lives = SHORT_LIVES;
        assert!(slot.is_given_up());
        assert_eq!(slot.pause(), GIVEN_UP_PAUSE);
    }
}

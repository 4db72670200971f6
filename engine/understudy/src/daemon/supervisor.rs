//! The supervisor: reads the configuration, keeps both workers alive, and owns what outlives them: notifications, mails,
//! FIFOs, the journal, the control socket. It takes no part in an election; a worker needs it for nothing while it lives.

mod configuration;
mod requests;
mod scripts;
mod signals;
mod stopping;
mod timed_reload;

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use understudy_core::mail::message::Alert;
use understudy_core::node::namespaces::Namespaces;
use understudy_core::time::Time;

use super::channel::{Kind, Message};
use super::context::{FifoLine, Notification};
use super::handover;
use super::journal::Journal;
use super::load::{Loaded, Loader, Source, Summary};
use super::paths::Paths;
use super::pid_files::{PidFile, Told};
use super::record::Record;
use super::slot::{Death, Event, Slot};
use super::systemd::Systemd;
use super::withdraw;
use super::worker::Reply;
use crate::control::server::{Asked, Server};
use crate::notify::child::FIRST_TOKEN;
use crate::notify::fifo::Fifos;
use crate::notify::mail::Mailer;
use crate::notify::queue::Queues;
use crate::say;
use crate::sys::clock::{self, SleepWatch};
use crate::sys::epoll::{Epoll, Interest, Ready};
use crate::sys::memory::{self, Housekeeping};
use crate::sys::signal::{self, Signals};
use crate::sys::timer::Timer;

use requests::Pending;
use stopping::Stage;
use timed_reload::TimedReload;

const TIMER: u64 = 1;
const SIGNALS: u64 = 2;
const LOADER: u64 = 3;
const MAIL: u64 = 4;
const TIME_FILE: u64 = 5;
const SLOTS: u64 = 16;
const CLIENTS: u64 = 1 << 32;

const VRRP: usize = 0;
const CHECK: usize = 1;

/// The handover goes to disk no more often than this.
const SAVE_EVERY: Duration = Duration::from_millis(100);

/// How to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// What to read.
    pub source: Source,
    /// Where to keep things.
    pub paths: Paths,
    /// Network namespace, whatever the configuration says.
    pub namespace: Option<String>,
    /// Get the numbers of our processes.
    pub pid_files: Told,
    /// Only SIGTERM stops.
    pub ignore_sigint: bool,
    /// The end of a worker ends everything.
    pub dont_respawn: bool,
    /// A stop leaves what each of the workers has put into the kernel.
    pub leave: [bool; 2],
}

/// Why the engine ended, and with which status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// 1: it could not start; 2: the configuration can't be used.
    pub code: u8,
    /// For people.
    pub text: String,
}

/// What a reader was started for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Start,
    Reload,
    DryRun(u64),
}

struct Supervisor {
    options: Options,
    epoll: Epoll,
    timer: Timer,
    sleep: SleepWatch,
    systemd: Systemd,
    next_alive: Option<Time>,
    slots: [Slot; 2],
    loader: Option<(Loader, Purpose)>,
    /// A reload was asked for while one was under way.
    reload_again: bool,
    /// Clients that wait for the next reload.
    wanting_reload: Vec<u64>,
    /// Clients that wait for the end of this one.
    reloaders: Vec<u64>,
    reloading: bool,
    announced: bool,
    config: Summary,
    config_error: Option<String>,
    /// Where we are; `None` before there is a configuration.
    namespaces: Option<Namespaces>,
    journal: Journal,
    server: Server,
    queues: Queues,
    mailer: Mailer,
    fifos: Fifos,
    /// Of the supervisor and the workers.
    pid_files: [PidFile; 3],
    /// The first configuration, while `startup_script` runs.
    starting: Option<Loaded>,
    /// A reload at a time that a file says.
    timed: TimedReload,
    /// It is there while the configuration is read.
    marker: Option<PathBuf>,
    /// Configurations that were put in force.
    generation: u32,
    /// `config_save_dir`
    save_dir: Option<PathBuf>,
    pending: BTreeMap<u64, Pending>,
    next_pending: u64,
    /// The last state of each instance, for `systemctl status`.
    states: BTreeMap<String, String>,
    /// They are to be shown after this turn.
    states_changed: bool,
    started_at: Duration,
    save_at: Time,
    housekeeping: Housekeeping,
    stage: Stage,
    stage_by: Time,
    /// Did the worker give up everything in good order?
    released: [bool; 2],
    failure: Option<Failure>,
}

/// Runs the engine until it is told to stop.
pub fn run(options: Options) -> Result<(), Failure> {
    memory::large_blocks_apart();
    let failed = |code, text: String| Failure { code, text };
    options.paths.create().map_err(|e| failed(1, e.to_string()))?;
    let _lock = lock(&options).map_err(|text| failed(1, text))?;
    let signals = Signals::new(&signal::ALL).map_err(|e| failed(1, format!("signalfd: {e}")))?;
    let mut supervisor = Supervisor::new(options).map_err(|e| failed(1, e.to_string()))?;
    let result = supervisor.run(&signals);
    supervisor.close();
    result.map_err(|e| failed(1, format!("event loop: {e}")))?;
    supervisor.failure.take().map_or(Ok(()), Err)
}

/// The process number of the engine that runs in these directories, if one does.
pub fn running(paths: &Paths) -> Option<String> {
    let mut file = File::open(paths.lock()).ok()?;
    let Err(TryLockError::WouldBlock) = file.try_lock_shared() else { return None };
    let mut pid = String::new();
    file.read_to_string(&mut pid).ok()?;
    Some(pid.trim().to_owned())
}

/// One engine at a time in these directories.
fn lock(options: &Options) -> Result<File, String> {
    let path = options.paths.lock();
    let open = File::options().create(true).truncate(false).read(true).write(true).open(&path);
    let mut file = open.map_err(|e| format!("open {}: {e}", path.display()))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            let _ = file.read_to_string(&mut pid);
            return Err(format!(
                "another engine runs here already (pid {}, {} is locked)",
                pid.trim(),
                path.display()
            ));
        }
        Err(TryLockError::Error(e)) => return Err(format!("lock {}: {e}", path.display())),
    }
    let pid = format!("{}\n", std::process::id());
    let _ = file.set_len(0);
    let _ = file.write_all(pid.as_bytes());
    Ok(file)
}

impl Supervisor {
    fn new(options: Options) -> io::Result<Self> {
        let epoll = Epoll::new()?;
        let now = clock::now();
        let slot =
            |name, token| Slot::new(name, token, handover::load(&options.paths.handover(name)));
        let slots = [slot("vrrp", SLOTS), slot("check", SLOTS + 2)];
        let path = options.paths.socket();
        let server = Server::open(&path, &epoll, CLIENTS).map_err(|e| {
            io::Error::new(e.kind(), format!("open the control socket {}: {e}", path.display()))
        })?;
        let systemd = Systemd::from_environment();
        let config = Summary::default();
        Ok(Self {
            next_alive: systemd.watchdog.map(|every| now + every / 2),
            journal: Journal::open(options.paths.events()),
            queues: Queues::new(&config.process),
            mailer: Mailer::new(MAIL),
            options,
            epoll,
            timer: Timer::new()?,
            sleep: SleepWatch::new(),
            systemd,
            slots,
            loader: None,
            reload_again: false,
            wanting_reload: Vec::new(),
            reloaders: Vec::new(),
            reloading: false,
            announced: false,
            config,
            config_error: None,
            namespaces: None,
            server,
            fifos: Fifos::default(),
            pid_files: Default::default(),
            starting: None,
            timed: TimedReload::default(),
            marker: None,
            generation: 0,
            save_dir: None,
            pending: BTreeMap::new(),
            next_pending: 0,
            states: BTreeMap::new(),
            states_changed: false,
            started_at: clock::realtime(),
            save_at: now,
            housekeeping: Housekeeping::new(now),
            stage: Stage::Running,
            stage_by: Time::MAX,
            released: [false; 2],
            failure: None,
        })
    }

    fn run(&mut self, signals: &Signals) -> io::Result<()> {
        self.epoll.add(&self.timer, Interest::READ.edge(), TIMER)?;
        self.epoll.add(signals, Interest::READ, SIGNALS)?;
        self.read_configuration(Purpose::Start);
        let mut ready = Vec::with_capacity(32);
        while self.stage != Stage::Done {
            let due = self.deadline();
            self.timer.arm(due)?;
            ready.clear();
            self.epoll.wait(true, &mut ready)?;
            let woken = clock::now();
            // What has arrived counts before a deadline that is overdue: an answer may be among it.
            for event in &ready {
                self.dispatch(*event, signals);
            }
            let late = due.map_or(Duration::ZERO, |due| woken.since(due));
            self.expire(late);
            self.after();
        }
        Ok(())
    }

    fn deadline(&self) -> Option<Time> {
        let pending = self.pending.values().map(|p| match p {
            Pending::Status { by, .. } | Pending::Move { by, .. } => *by,
        });
        let unsaved = self.slots.iter().any(|slot| slot.unsaved);
        let others = [
            self.slots[VRRP].deadline(),
            self.slots[CHECK].deadline(),
            self.journal.deadline(),
            self.queues.deadline(),
            self.mailer.deadline(),
            self.timed.deadline(),
            self.loader.as_ref().map(|(loader, _)| loader.deadline),
            self.next_alive,
            self.systemd.deadline(),
            unsaved.then_some(self.save_at),
            (self.stage != Stage::Running).then_some(self.stage_by),
        ];
        others.into_iter().flatten().chain(pending).min()
    }

    fn dispatch(&mut self, event: Ready, signals: &Signals) {
        match event.token {
            TIMER => self.timer.fired(),
            SIGNALS => {
                while let Some(signal) = signals.next() {
                    self.signal(signal);
                }
            }
            LOADER => self.loaded(),
            TIME_FILE => self.timed.ready(),
            MAIL => self.mailer.ready(&self.epoll, clock::now()),
            token if token >= FIRST_TOKEN => {
                self.queues.ready(token, clock::now());
            }
            token if token >= CLIENTS => {
                for Asked { client, ask } in self.server.ready(token, &self.epoll) {
                    self.asked(client, ask);
                }
            }
            token => {
                let offset = usize::try_from(token - SLOTS).unwrap_or(0);
                let (which, is_process) = (offset / 2, offset % 2 == 1);
                let ended = is_process && self.slots[which].has_ended();
                self.receive(which);
                if ended && let Some(death) = self.slots[which].bury(clock::now()) {
                    self.died(which, &death);
                }
            }
        }
    }

    // Workers

    fn receive(&mut self, which: usize) {
        let now = clock::now();
        for event in self.slots[which].receive(&self.epoll, now) {
            match event {
                Event::Ready => {
                    if let Some(gap) = self.slots[which].take_gap(now) {
                        let name = self.slots[which].name;
                        let text = format!("after {:.1} ms without it", gap.as_secs_f64() * 1000.0);
                        say!(Notice, "{name} worker goes on {text}");
                        self.record(Record::new("engine", format!("{name} worker goes on"), text));
                    }
                }
                Event::Stopped => self.released[which] = true,
                Event::Message(message) => self.message(which, &message),
            }
        }
    }

    fn message(&mut self, from: usize, message: &Message) {
        match message.kind {
            Kind::Record => {
                if let Some(record) = message.read::<Record>() {
                    self.record(record);
                }
            }
            Kind::Signal => {
                if let Some(number) = message.read::<i32>() {
                    self.signal(number);
                }
            }
            Kind::Notify => {
                if let Some(notification) = message.read::<Notification>() {
                    self.queues.add(notification, &self.epoll, clock::now());
                }
            }
            Kind::Mail => {
                if let Some(alert) = message.read::<Alert>() {
                    self.mailer.add(&alert, clock::realtime(), clock::now());
                }
            }
            Kind::Fifo => {
                if let Some(line) = message.read::<FifoLine>() {
                    self.fifos.write(&line);
                }
            }
            Kind::Peer => {
                self.slots[1 - from].send(Kind::Peer, &message.body, &self.epoll);
            }
            Kind::Status => {
                if let Some((number, part)) = message.read::<(u64, Value)>() {
                    self.status_part(number, from, part);
                }
            }
            Kind::Reply => {
                if let Some((number, reply)) = message.read::<(u64, Reply)>() {
                    self.reply_part(number, reply);
                }
            }
            _ => {}
        }
    }

    fn died(&mut self, which: usize, death: &Death) {
        let name = self.slots[which].name;
        if death.orderly || !self.slots[which].is_wanted() {
            return;
        }
        let why = death.failure.as_ref().unwrap_or(&death.why);
        say!(Error, "{name} worker: {why}");
        if let (Some(text), false) = (&death.failure, self.announced) {
            let text = format!("{name} worker: {text}");
            self.stop(Some(Failure { code: 1, text }));
            return;
        }
        self.record(Record::new("engine", format!("{name} worker ended"), why.as_str()));
        if self.options.dont_respawn {
            let text = format!("{name} worker: {why}");
            self.stop(Some(Failure { code: 1, text }));
            return;
        }
        if death.given_up {
            let text = "it ended again and again; what it held is given up until it can be started";
            say!(Error, "{name} worker: {text}");
            self.record(Record::new("engine", format!("{name} worker given up"), text));
            self.withdraw(which);
        }
        // A successor without delay, where none is due later.
        self.slots[which].timer(&self.epoll, clock::now(), Duration::ZERO);
    }

    /// Gives up what a worker held that can't do so itself.
    fn withdraw(&mut self, which: usize) {
        let slot = &mut self.slots[which];
        let left = slot.inherit.take().filter(|_| slot.unsaved);
        slot.unsaved = false;
        let paths = &self.options.paths;
        if let Some(bytes) = left {
            let _ = handover::save(&paths.handover(slot.name), &bytes);
        }
        for line in if which == VRRP { withdraw::vrrp(paths) } else { withdraw::check(paths) } {
            say!(Notice, "{line}");
        }
    }

    fn record(&mut self, mut record: Record) {
        if record.at_ms == 0 {
            record = record.stamped(clock::realtime());
        }
        if let Some((_, state)) = record.change.split_once(" -> ") {
            self.states.insert(record.subject.clone(), state.to_owned());
            self.states_changed = true;
        }
        self.server.publish(&record, &self.epoll);
        self.journal.add(&record);
    }

    fn show_status(&mut self) {
        let states: Vec<String> =
            self.states.iter().map(|(name, state)| format!("{name} {state}")).collect();
        let mut text = states.join(", ");
        if text.is_empty() {
            text = format!("{} workers", self.slots.iter().filter(|s| s.is_wanted()).count());
        }
        if self.config_error.is_some() {
            text.push_str("; the last reload was refused");
        }
        self.systemd.status(&text);
    }

    // Time

    fn expire(&mut self, late: Duration) {
        let now = clock::now();
        if let Some(by) = self.sleep.slept() {
            say!(Warning, "the machine slept for {:.1} s", by.as_secs_f64());
            self.record(Record::new(
                "engine",
                "machine slept",
                format!("for {:.1} s", by.as_secs_f64()),
            ));
        }
        for slot in &mut self.slots {
            slot.timer(&self.epoll, now, late);
        }
        self.queues.timer(now);
        self.mailer.timer(&self.epoll, now);
        if self.timed.take_due() {
            say!(Info, "it is time to reload");
            self.reload();
        }
        if let Some((loader, _)) = self.loader.as_mut().filter(|(loader, _)| loader.deadline <= now)
        {
            loader.deadline = Time::MAX;
            loader.give_up();
        }
        let due: Vec<u64> = self.pending.keys().copied().collect();
        for number in due {
            self.complete(number);
        }
        if let (Some(at), Some(every)) = (self.next_alive, self.systemd.watchdog)
            && at <= now
        {
            self.next_alive = Some(now + every / 2);
            if self.slots.iter().all(|slot| slot.is_alive(now, every / 2)) {
                self.systemd.alive();
            }
        }
    }

    /// What a turn leaves to do.
    fn after(&mut self) {
        let now = clock::now();
        for (queue, outcome) in self.queues.after(&self.epoll, now) {
            let output = if outcome.output.is_empty() { "" } else { ": " };
            say!(Warning, "{queue}: {}: {}{output}{}", outcome.tag, outcome.exit, outcome.output);
        }
        if let Some(outcome) = self.queues.take_awaited() {
            self.awaited_ended(&outcome);
        }
        self.update_pid_files();
        self.mailer.after(&self.epoll, now);
        if self.save_at <= now && self.slots.iter().any(|slot| slot.unsaved) {
            self.save();
            self.save_at = now + SAVE_EVERY;
        }
        self.settle();
        self.proceed();
        if std::mem::take(&mut self.states_changed) {
            self.show_status();
        }
        self.systemd.flush(now);
        self.journal.write(clock::now());
        self.housekeeping.turn(now);
    }

    fn save(&mut self) {
        for slot in self.slots.iter_mut().filter(|slot| slot.unsaved) {
            slot.unsaved = false;
            let path = self.options.paths.handover(slot.name);
            if let Some(bytes) = &slot.inherit
                && let Err(e) = handover::save(&path, bytes)
            {
                say!(Warning, "write {}: {e}", path.display());
            }
        }
    }
}

//! The loop of a worker process: wait, what is ready, the deadlines, then the messages. What waits in a socket counts
//! before a deadline that is overdue: after a stall the adverts that arrived meanwhile are read before anything expires.

use std::io;
use std::time::Duration;

use serde_json::Value;
use understudy_core::node::settings::{HostSettings, ProcessSettings};
use understudy_core::time::Time;

use super::channel::{Channel, Kind, Message};
use super::dump::{self, Dump};
use super::scheduling::Scheduler;
use super::worker::{Context, Error, Request, Token, Worker};
use crate::notify::child::FIRST_TOKEN;
use crate::say;
use crate::sys::clock::{self, SleepWatch};
use crate::sys::epoll::{Interest, Ready};
use crate::sys::memory::{self, Housekeeping};
use crate::sys::signal::{self, Signals};
use crate::sys::timer::Timer;
use crate::sys::{process, socket};

const CHANNEL: u64 = u64::MAX;
const TIMER: u64 = u64::MAX - 1;
const SIGNALS: u64 = u64::MAX - 2;
const _: () = assert!(SIGNALS > FIRST_TOKEN);

/// A deadline overdue by more than this has seen a stall: look at the sockets again before it expires.
const STALL: Duration = Duration::from_millis(1);
/// The supervisor sends the settings at once.
const SETTINGS_WITHIN_MS: libc::c_int = 5000;
/// A supervisor that reads nothing gets no more than this; then records and FIFO lines are dropped.
const BACKLOG: usize = 4 << 20;

/// Runs a worker in this process until the supervisor stops it or goes away.
pub fn drive<W: Worker>(mut scheduler: Scheduler) -> Result<(), Error> {
    memory::large_blocks_apart();
    let mut channel = Channel::new(process::take_channel()?)?;
    process::die_with_parent(signal::SIGKILL)?;
    let signals = Signals::new(&signal::ALL)?;
    let (settings, inherited) = receive_settings(&mut channel)?;
    scheduler.apply(&settings);
    let process = settings.process.clone();
    let mut context = Context::new(&settings.process)?;
    let worker = match W::start(settings, inherited.as_deref(), &mut context) {
        Ok(worker) => worker,
        Err(e) => {
            channel.push(Kind::Failed, e.to_string().as_bytes());
            finish(&mut channel);
            return Err(e);
        }
    };
    drop(inherited);
    memory::trim();
    channel.push(Kind::Ready, &[]);
    let mut turn = Turn {
        worker,
        scheduler,
        signals,
        process,
        context,
        channel,
        timer: Timer::new()?,
        sleep: SleepWatch::new(),
        housekeeping: Housekeeping::new(clock::now()),
        stopping: false,
        stopped: false,
        wants_write: false,
        handover_due: false,
    };
    turn.context.changed();
    turn.run()?;
    Ok(())
}

/// The first messages: what the last life left, if anything, and the settings.
fn receive_settings(channel: &mut Channel) -> Result<(HostSettings, Option<Vec<u8>>), Error> {
    let mut inherited = None;
    loop {
        while let Some(message) = channel.pop() {
            match message.kind {
                Kind::Inherit => inherited = Some(message.body),
                Kind::Settings => {
                    let settings = serde_json::from_slice(&message.body)?;
                    return Ok((settings, inherited));
                }
                _ => {}
            }
        }
        if channel.is_closed() {
            return Err(Error::new("the supervisor has gone"));
        }
        socket::wait_readable(channel, SETTINGS_WITHIN_MS)?;
        channel.fill();
    }
}

/// Sends what is left, for at most a moment.
fn finish(channel: &mut Channel) {
    let end = clock::now() + Duration::from_millis(200);
    while !channel.flush() && clock::now() < end {
        let _ = socket::wait_writable(channel, 20);
    }
}

struct Turn<W> {
    worker: W,
    scheduler: Scheduler,
    signals: Signals,
    process: ProcessSettings,
    context: Context,
    channel: Channel,
    timer: Timer,
    sleep: SleepWatch,
    housekeeping: Housekeeping,
    stopping: bool,
    stopped: bool,
    /// Registered for writing, too: the supervisor is behind.
    wants_write: bool,
    handover_due: bool,
}

impl<W: Worker> Turn<W> {
    fn run(&mut self) -> io::Result<()> {
        self.context.epoll().add(&self.timer, Interest::READ.edge(), TIMER)?;
        self.context.epoll().add(&self.channel, Interest::READ, CHANNEL)?;
        self.context.epoll().add(&self.signals, Interest::READ, SIGNALS)?;
        let mut ready = Vec::with_capacity(32);
        self.after()?;
        while !self.stopped {
            self.timer.arm(self.deadline())?;
            ready.clear();
            self.context.epoll().wait(true, &mut ready)?;
            if let Some(by) = self.sleep.slept() {
                say!(Warning, "the machine slept for {:.1} s", by.as_secs_f64());
                self.worker.slept(by, clock::now(), &mut self.context);
            }
            self.dispatch(&ready);
            self.expire(&mut ready)?;
            self.after()?;
            self.housekeeping.turn(clock::now());
        }
        self.context.end_children();
        finish(&mut self.channel);
        Ok(())
    }

    fn deadline(&self) -> Option<Time> {
        [self.worker.deadline(), self.context.deadline()].into_iter().flatten().min()
    }

    fn dispatch(&mut self, ready: &[Ready]) {
        for event in ready {
            match event.token {
                TIMER => self.timer.fired(),
                CHANNEL => self.messages(),
                SIGNALS => self.pass_signals(),
                token if token >= FIRST_TOKEN => {
                    self.context.child_ready(token, clock::now());
                }
                token => self.worker.ready(Token(token), clock::now(), &mut self.context),
            }
        }
    }

    fn expire(&mut self, ready: &mut Vec<Ready>) -> io::Result<()> {
        let now = clock::now();
        let Some(due) = self.deadline().filter(|due| *due <= now) else { return Ok(()) };
        if now.since(due) > STALL {
            self.scheduler.late(now.since(due));
            ready.clear();
            self.context.epoll().wait(false, ready)?;
            let waiting = std::mem::take(ready);
            self.dispatch(&waiting);
            *ready = waiting;
        }
        let now = clock::now();
        self.context.timer(now);
        if self.worker.deadline().is_some_and(|due| due <= now) {
            self.worker.timer(now, &mut self.context);
        }
        Ok(())
    }

    /// What a turn leaves to do: ended programs, messages, the handover.
    fn after(&mut self) -> io::Result<()> {
        for (child, outcome) in self.context.take_ended() {
            self.worker.child(child, outcome, clock::now(), &mut self.context);
        }
        for (kind, body) in self.context.take_outbox() {
            if self.channel.backlog() < BACKLOG {
                self.channel.push(kind, &body);
            }
        }
        self.handover_due |= self.context.take_changed();
        // While the supervisor is behind only the newest counts.
        if self.handover_due && self.channel.flush() {
            self.handover_due = false;
            let bytes = self.worker.handover();
            self.channel.push(Kind::Handover, &bytes);
        }
        if self.stopping && self.worker.stopped() {
            self.channel.push(Kind::Stopped, &[]);
            self.stopped = true;
        }
        let wants_write = !self.channel.flush();
        if wants_write != self.wants_write {
            self.wants_write = wants_write;
            let interest = if wants_write { Interest::BOTH } else { Interest::READ };
            self.context.epoll().add(&self.channel, interest, CHANNEL)?;
        }
        Ok(())
    }

    /// Signals are the supervisor's. It hears of those that were sent here, as keepalived's processes take them; but a
    /// stop is what it says, not a terminal that sends one to everybody.
    fn pass_signals(&mut self) {
        while let Some(number) = self.signals.next() {
            if number != signal::SIGTERM && number != signal::SIGINT {
                self.channel.push(Kind::Signal, number.to_string().as_bytes());
            }
        }
    }

    fn dump(&mut self, order: &Dump) {
        let Some(text) = self.worker.dump(order.what, &self.process, clock::now()) else { return };
        if let Err(e) = dump::write(&order.path, &text, &self.process.engine) {
            say!(Error, "write {}: {e}", order.path.display());
        }
        drop(text);
        memory::trim();
    }

    fn messages(&mut self) {
        self.channel.fill();
        while let Some(message) = self.channel.pop() {
            self.message(&message);
        }
        if self.channel.is_closed() {
            // The supervisor is gone; the kernel ends us the same moment. What we hold stays, for the next engine.
            self.stopped = true;
        }
    }

    fn message(&mut self, message: &Message) {
        let now = clock::now();
        let (worker, context) = (&mut self.worker, &mut self.context);
        match message.kind {
            Kind::Ping => self.channel.push(Kind::Pong, &[]),
            Kind::Settings => {
                if let Some(settings) = message.read::<HostSettings>() {
                    self.scheduler.apply(&settings);
                    self.process = settings.process.clone();
                    context.reload(&settings.process);
                    worker.reload(settings, now, context);
                    context.changed();
                    memory::trim();
                    self.channel.push(Kind::Ready, &[]);
                }
            }
            Kind::Stop if !self.stopping => {
                self.stopping = true;
                worker.stop(now, context);
            }
            Kind::Dump => {
                if let Some(order) = message.read::<Dump>() {
                    self.dump(&order);
                }
            }
            Kind::AskStatus => {
                if let Some(number) = message.read::<u64>() {
                    answer(&mut self.channel, Kind::Status, number, &worker.status(now));
                    memory::trim();
                }
            }
            Kind::Request => {
                if let Some((number, request)) = message.read::<(u64, Request)>() {
                    let reply = worker.request(&request, now, context);
                    answer(&mut self.channel, Kind::Reply, number, &reply);
                }
            }
            Kind::Peer => {
                if let Some(value) = message.read::<Value>() {
                    worker.peer(&value, now, context);
                }
            }
            _ => {}
        }
    }
}

fn answer(channel: &mut Channel, kind: Kind, number: u64, body: &impl serde::Serialize) {
    let bytes = serde_json::to_vec(&(number, body)).expect("plain data becomes JSON");
    channel.push(kind, &bytes);
}

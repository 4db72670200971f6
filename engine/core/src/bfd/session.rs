//! One session: the procedures of RFC 5880 §6.8 in asynchronous mode. Names of the RFC's variables (`bfd.X`) stand in the
//! comments.

use alloc::vec::Vec;
use core::time::Duration;

use super::packet::{Diagnostic, Packet, State};
use super::settings::BfdSettings;
use crate::journal::Reason;
use crate::random::Random;
use crate::time::Time;

/// What happens to a session.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// "Look at your deadlines."
    Timer,
    /// A packet that is for this session: the caller has looked at addresses and TTL.
    Packet(&'a Packet),
    /// Other settings of the same two ends.
    Settings(&'a BfdSettings),
    /// It ends for good, for this reason.
    Close(&'a Reason),
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send this to the neighbour.
    Send(Packet),
    /// The state has changed.
    Became {
        /// The state before.
        from: State,
        /// The state now.
        to: State,
        /// Why.
        reason: Reason,
    },
}

/// What is known of the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Remote {
    /// bfd.RemoteDiscr: its name for the session; 0: unknown.
    pub discriminator: u32,
    /// bfd.RemoteSessionState.
    pub state: State,
    /// bfd.RemoteMinRxInterval; zero: wants nothing but answers.
    pub min_rx: Duration,
    /// Its Desired Min TX Interval.
    pub min_tx: Duration,
    /// Its Detect Mult.
    pub multiplier: u8,
    /// bfd.RemoteDemandMode.
    pub demand: bool,
}

impl Remote {
    /// RFC 5880 §6.8.1.
    const UNKNOWN: Self = Self {
        discriminator: 0,
        state: State::Down,
        min_rx: Duration::from_micros(1),
        min_tx: Duration::ZERO,
        multiplier: 0,
        demand: false,
    };
}

/// What a successor needs to go on as if nothing had happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SessionState {
    /// bfd.LocalDiscr
    pub mine: u32,
    state: State,
    diagnostic: Diagnostic,
    remote: Remote,
    was_up: bool,
    #[cfg_attr(feature = "serde", serde(default))]
    excused: bool,
}

/// What is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Counters {
    /// Packets sent.
    pub sent: u64,
    /// Packets accepted.
    pub received: u64,
    /// Packets of the neighbour that were not accepted.
    pub dropped: u64,
    /// Times that the session went up.
    pub ups: u64,
    /// Times that it went down from there.
    pub downs: u64,
}

/// One session.
#[derive(Clone, Debug)]
pub struct Session {
    settings: BfdSettings,
    /// bfd.SessionState
    state: State,
    since: Time,
    why: Option<Reason>,
    /// bfd.LocalDiag
    diagnostic: Diagnostic,
    /// bfd.LocalDiscr
    mine: u32,
    remote: Remote,
    /// bfd.DesiredMinTxInterval, as packets say.
    min_tx: Duration,
    /// The same, as it counts: not slower before the neighbour knows (§6.8.3).
    min_tx_in_use: Duration,
    /// bfd.RequiredMinRxInterval, as it counts: not less patient before the neighbour knows.
    min_rx_in_use: Duration,
    /// A poll sequence goes on (§6.5).
    polling: bool,
    sent: Option<Time>,
    next: Option<Time>,
    /// The interval from which `next` was made.
    scheduled: Duration,
    /// It once was up, in this life or an earlier one.
    was_up: bool,
    /// It was up until the neighbour was told to end it, which says nothing about the path (§6.2).
    excused: bool,
    heard: Option<Time>,
    expires: Option<Time>,
    random: Random,
    counters: Counters,
}

impl Session {
    /// Begins at `now`. `mine` is not 0 and no other session's; `random` makes the jitter.
    #[must_use]
    pub fn new(settings: BfdSettings, mine: u32, random: Random, now: Time) -> Self {
        assert!(mine != 0, "a discriminator is never 0");
        let (min_tx, min_rx) = (settings.idle_tx, settings.min_rx);
        let mut session = Self {
            settings,
            state: State::Down,
            since: now,
            why: None,
            diagnostic: Diagnostic::NONE,
            mine,
            remote: Remote::UNKNOWN,
            min_tx,
            min_tx_in_use: min_tx,
            min_rx_in_use: min_rx,
            polling: false,
            sent: None,
            next: None,
            scheduled: Duration::ZERO,
            was_up: false,
            excused: false,
            heard: None,
            expires: None,
            random,
            counters: Counters::default(),
        };
        session.schedule(now);
        session
    }

    /// Goes on where a former process stopped. If that is not long past (`recent`), a session that was up is up: the
    /// neighbour has one detection time to say so.
    #[must_use]
    pub fn resume(
        settings: BfdSettings,
        former: &SessionState,
        recent: bool,
        random: Random,
        now: Time,
    ) -> Self {
        let mut session = Self::new(settings, former.mine, random, now);
        session.was_up = former.was_up;
        session.excused = former.excused && recent;
        if recent && former.state == State::Up {
            session.state = State::Up;
            session.remote = former.remote;
            session.diagnostic = former.diagnostic;
            session.min_tx = session.settings.min_tx;
            session.min_tx_in_use = session.min_tx;
            // The settings may be new.
            session.polling = true;
            session.expires = Some(now + session.detection_time());
            session.schedule(now);
        }
        session
    }

    /// What a successor needs.
    #[must_use]
    pub fn saved(&self) -> SessionState {
        let (mine, state) = (self.mine, self.state);
        // After a farewell everything begins anew.
        let was_up = self.was_up && state != State::AdminDown;
        let (diagnostic, remote) = (self.diagnostic, self.remote);
        SessionState { mine, state, diagnostic, remote, was_up, excused: self.excused }
    }

    /// What the configuration says.
    #[must_use]
    pub const fn settings(&self) -> &BfdSettings {
        &self.settings
    }

    /// Its state.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// Since when.
    #[must_use]
    pub const fn since(&self) -> Time {
        self.since
    }

    /// Why it is in this state; `None`: it has just begun, or was resumed.
    #[must_use]
    pub const fn why(&self) -> Option<&Reason> {
        self.why.as_ref()
    }

    /// The path is not known to have failed: the session is up, or was until its neighbour's operator ended it.
    #[must_use]
    pub const fn is_well(&self) -> bool {
        matches!(self.state, State::Up) || self.excused
    }

    /// It once was up.
    #[must_use]
    pub const fn was_up(&self) -> bool {
        self.was_up
    }

    /// Its own name for itself.
    #[must_use]
    pub const fn discriminator(&self) -> u32 {
        self.mine
    }

    /// Why it last changed.
    #[must_use]
    pub const fn diagnostic(&self) -> Diagnostic {
        self.diagnostic
    }

    /// The other end.
    #[must_use]
    pub const fn remote(&self) -> &Remote {
        &self.remote
    }

    /// When the neighbour was last heard.
    #[must_use]
    pub const fn heard(&self) -> Option<Time> {
        self.heard
    }

    /// What was counted.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// A packet of the neighbour was not accepted.
    pub fn count_dropped(&mut self) {
        self.counters.dropped += 1;
    }

    /// When [`Event::Timer`] is due next.
    #[must_use]
    pub fn deadline(&self) -> Option<Time> {
        self.next.into_iter().chain(self.expires).min()
    }

    /// This much silence means that the neighbour is gone (§6.8.4); zero if it was never heard.
    #[must_use]
    pub fn detection_time(&self) -> Duration {
        self.remote.min_tx.max(self.min_rx_in_use) * u32::from(self.remote.multiplier)
    }

    /// Between packets, before jitter (§6.8.7); `None`: it says nothing of its own accord.
    #[must_use]
    pub fn transmit_interval(&self) -> Option<Duration> {
        let remote = &self.remote;
        let waits = self.settings.passive && remote.discriminator == 0;
        let unwanted = remote.demand && self.state == State::Up && remote.state == State::Up;
        let silent = waits || remote.min_rx.is_zero() || (unwanted && !self.polling);
        (!silent).then(|| self.min_tx_in_use.max(remote.min_rx))
    }

    /// Takes one event at `now`; appends what to do to `out`.
    pub fn handle(&mut self, now: Time, event: Event<'_>, out: &mut Vec<Action>) {
        match (self.state, event) {
            (State::Down | State::Init | State::Up, Event::Timer) => self.timer(now, out),
            (State::Down | State::Init | State::Up, Event::Packet(packet)) => {
                self.receive(now, packet, out);
            }
            (State::Down | State::Init | State::Up, Event::Settings(settings)) => {
                self.set(now, settings);
            }
            (State::Down | State::Init | State::Up, Event::Close(reason)) => {
                self.change_state(now, State::AdminDown, reason.clone(), out);
                if !(self.settings.passive && self.remote.discriminator == 0) {
                    self.send(now, false, out);
                }
                (self.next, self.expires) = (None, None);
            }
            // It has ended.
            (
                State::AdminDown,
                Event::Timer | Event::Packet(_) | Event::Settings(_) | Event::Close(_),
            ) => {}
        }
    }

    fn timer(&mut self, now: Time, out: &mut Vec<Action>) {
        if self.expires.is_some_and(|at| at <= now) {
            self.expires = None;
            // §6.8.1: a detection time without a packet, so its name for the session is forgotten. What else it has
            // said might keep us silent.
            self.remote = Remote { state: self.remote.state, ..Remote::UNKNOWN };
            match self.state {
                State::Init | State::Up => {
                    let silent = self.heard.map_or(now.since(self.since), |at| now.since(at));
                    self.diagnostic = Diagnostic::EXPIRED;
                    let neighbour = self.settings.neighbour;
                    let reason = Reason::BfdSilent { neighbour, silent };
                    self.change_state(now, State::Down, reason, out);
                    self.schedule(now);
                    if self.transmit_interval().is_some() {
                        self.send(now, false, out);
                    }
                }
                State::Down | State::AdminDown => self.schedule(now),
            }
        }
        if self.next.is_some_and(|at| at <= now) {
            self.send(now, false, out);
        }
    }

    /// §6.8.6, behind what [`super::packet::decode`] has checked.
    fn receive(&mut self, now: Time, packet: &Packet, out: &mut Vec<Action>) {
        if packet.yours != 0 && packet.yours != self.mine {
            self.counters.dropped += 1;
            return;
        }
        self.counters.received += 1;
        self.heard = Some(now);
        self.remote = Remote {
            discriminator: packet.mine,
            state: packet.state,
            min_rx: packet.min_rx,
            min_tx: packet.min_tx,
            multiplier: packet.multiplier,
            demand: packet.demand,
        };
        if packet.is_final && self.polling {
            self.polling = false;
            self.min_tx_in_use = self.min_tx;
            self.min_rx_in_use = self.settings.min_rx;
        }
        let to = next_state(self.state, packet.state);
        let changed = to != self.state;
        if changed {
            let neighbour = self.settings.neighbour;
            let reason = match (to, packet.state) {
                (State::Up | State::Init, _) => Reason::BfdHeard { neighbour },
                (_, State::AdminDown) => Reason::BfdAdminDown { neighbour },
                (_, State::Down | State::Init | State::Up) => Reason::BfdSaid {
                    neighbour,
                    diagnostic: alloc::format!("{}", packet.diagnostic),
                },
            };
            self.diagnostic = match to {
                State::Up | State::Init => Diagnostic::NONE,
                State::Down | State::AdminDown => Diagnostic::NEIGHBOUR_DOWN,
            };
            self.change_state(now, to, reason, out);
        }
        self.expires = Some(now + self.detection_time());
        if packet.poll || (changed && self.transmit_interval().is_some()) {
            self.send(now, packet.poll, out);
        }
        self.schedule(now);
    }

    fn set(&mut self, now: Time, settings: &BfdSettings) {
        let former = core::mem::replace(&mut self.settings, settings.clone());
        let up = self.state == State::Up;
        self.set_min_tx(if up { settings.min_tx } else { settings.idle_tx });
        if !up || settings.min_rx > self.min_rx_in_use {
            self.min_rx_in_use = settings.min_rx;
        }
        if up && (settings.min_tx, settings.min_rx) != (former.min_tx, former.min_rx) {
            self.polling = true;
        }
        self.schedule(now);
    }

    /// §6.8.3
    fn set_min_tx(&mut self, min_tx: Duration) {
        self.min_tx = min_tx;
        if self.state != State::Up || min_tx < self.min_tx_in_use {
            self.min_tx_in_use = min_tx;
        }
    }

    /// The only place where the state changes.
    fn change_state(&mut self, now: Time, to: State, reason: Reason, out: &mut Vec<Action>) {
        let from = core::mem::replace(&mut self.state, to);
        // It lasts through attempts to come up again, but for one that fails.
        let ended = from == State::Up && matches!(reason, Reason::BfdAdminDown { .. });
        let again =
            self.excused && (to == State::Init || matches!(reason, Reason::BfdAdminDown { .. }));
        self.excused = ended || again;
        self.since = now;
        self.why = Some(reason.clone());
        self.was_up |= to == State::Up;
        self.counters.ups += u64::from(to == State::Up);
        self.counters.downs += u64::from(from == State::Up);
        if to == State::AdminDown {
            self.diagnostic = Diagnostic::ADMIN_DOWN;
        }
        if to == State::Up {
            // The neighbour is told of the interval that counts from now on.
            self.polling = true;
            self.set_min_tx(self.settings.min_tx);
        } else {
            self.polling = false;
            self.set_min_tx(self.settings.idle_tx);
            self.min_rx_in_use = self.settings.min_rx;
        }
        out.push(Action::Became { from, to, reason });
    }

    fn send(&mut self, now: Time, is_final: bool, out: &mut Vec<Action>) {
        self.counters.sent += 1;
        self.sent = Some(now);
        self.next = None;
        self.schedule(now);
        out.push(Action::Send(Packet {
            diagnostic: self.diagnostic,
            state: self.state,
            // §6.5: never both.
            poll: self.polling && !is_final,
            is_final,
            demand: false,
            multiplier: self.settings.multiplier,
            mine: self.mine,
            yours: self.remote.discriminator,
            min_tx: self.min_tx,
            min_rx: self.settings.min_rx,
        }));
    }

    /// Plans the next packet, anew if the interval is another one.
    fn schedule(&mut self, now: Time) {
        let Some(interval) = self.transmit_interval() else {
            self.next = None;
            return;
        };
        if self.next.is_none() || interval != self.scheduled {
            self.scheduled = interval;
            self.next = Some(self.sent.map_or(now, |at| at + self.jittered(interval)));
        }
    }

    /// §6.8.7: shorter by up to a quarter; never above nine tenths if none may be lost.
    fn jittered(&mut self, interval: Duration) -> Duration {
        let quarter = interval / 4;
        let play = if self.settings.multiplier == 1 { interval * 3 / 20 } else { quarter };
        interval - quarter + self.random.part_of(play)
    }
}

/// The state that follows when the neighbour's is heard (§6.2, §6.8.6).
const fn next_state(own: State, received: State) -> State {
    match (own, received) {
        (State::AdminDown, State::AdminDown | State::Down | State::Init | State::Up) => {
            State::AdminDown
        }
        (State::Down | State::Init | State::Up, State::AdminDown) => State::Down,
        (State::Down, State::Down) => State::Init,
        (State::Down, State::Init) => State::Up,
        (State::Down, State::Up) => State::Down,
        (State::Init, State::Down) => State::Init,
        (State::Init, State::Init | State::Up) => State::Up,
        (State::Up, State::Down) => State::Down,
        (State::Up, State::Init | State::Up) => State::Up,
    }
}

#[cfg(test)]
mod tests;

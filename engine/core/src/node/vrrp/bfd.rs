//! The BFD sessions of a host: which packet is for which, what instances and the journal are told. They live with the
//! instances, so that a session that goes down moves an address in the same turn.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use super::{Action, Handover, VrrpNode};
use crate::bfd::news::News;
use crate::bfd::packet::{self, State};
use crate::bfd::session::{self, Counters, Event, Session, SessionState};
use crate::bfd::settings::BfdSettings;
use crate::journal::{Entry, Reason};
use crate::random::Random;
use crate::time::Time;

/// A handover may be this much older than its writer's end: it is renewed every second.
const STALE: Duration = Duration::from_secs(3);

/// A datagram that came to one of BFD's ports.
#[derive(Clone, Copy, Debug)]
pub struct BfdDatagram<'a> {
    /// Its sender.
    pub from: IpAddr,
    /// Which of our addresses it came to.
    pub to: IpAddr,
    /// TTL or hop limit with which it arrived.
    pub ttl: u8,
    /// It came to the port of RFC 5883.
    pub multihop: bool,
    /// Its bytes, without headers.
    pub bytes: &'a [u8],
}

/// A packet to a neighbour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BfdPacket {
    /// The session's discriminator: packets of one session come from one source port (RFC 5881 §4).
    pub session: u32,
    /// Own address; `None`: the kernel's choice.
    pub source: Option<IpAddr>,
    /// Whom it goes to.
    pub neighbour: IpAddr,
    /// TTL or hop limit.
    pub ttl: u8,
    /// To the port of RFC 5883.
    pub multihop: bool,
    /// Its bytes.
    pub bytes: [u8; packet::LENGTH],
}

/// One session, as `status` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct BfdStatus {
    /// Its name.
    pub name: String,
    /// The other end.
    pub neighbour: IpAddr,
    /// `up`, `init`, `down`, `admin down`.
    pub state: String,
    /// The same of the neighbour, as it last said.
    pub remote_state: String,
    /// In this state for so long.
    pub since_ms_ago: u64,
    /// Why it is in this state.
    pub why: String,
    /// In the words of RFC 5880.
    pub diagnostic: String,
    /// Between our packets, before jitter.
    pub interval_us: Option<u64>,
    /// So much silence takes it down.
    pub detection_us: u64,
    /// Since the neighbour was last heard.
    pub heard_ms_ago: Option<u64>,
    /// Own discriminator.
    pub discriminator: u32,
    /// The neighbour's; 0 if unknown.
    pub remote_discriminator: u32,
    /// What was counted.
    pub counters: Counters,
}

/// What a successor needs of one session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Former {
    ends: Ends,
    state: SessionState,
}

/// What makes a session the same one: source, neighbour, multihop.
type Ends = (Option<IpAddr>, IpAddr, bool);

const fn ends(settings: &BfdSettings) -> Ends {
    (settings.source, settings.neighbour, settings.multihop)
}

/// All sessions of a host.
#[derive(Clone, Debug)]
pub(super) struct Sessions {
    all: Vec<Session>,
    random: Random,
    scratch: Vec<session::Action>,
}

impl Sessions {
    pub fn new(seed: u64) -> Self {
        Self { all: Vec::new(), random: Random::new(seed), scratch: Vec::new() }
    }

    pub fn find(&self, name: &str) -> Option<&Session> {
        self.all.iter().find(|it| it.settings().name == name)
    }

    pub fn deadline(&self) -> Option<Time> {
        self.all.iter().filter_map(Session::deadline).min()
    }

    /// `former`: what an earlier life has left, and whether it is recent.
    fn begin(
        &mut self,
        settings: BfdSettings,
        former: Option<(&Former, bool)>,
        now: Time,
    ) -> Session {
        let random = Random::new(self.random.next_u64());
        if let Some((former, recent)) = former {
            return Session::resume(settings, &former.state, recent, random, now);
        }
        let mine = loop {
            let [a, b, c, d, ..] = self.random.next_u64().to_be_bytes();
            let mine = u32::from_be_bytes([a, b, c, d]);
            if mine != 0 && !self.all.iter().any(|it| it.discriminator() == mine) {
                break mine;
            }
        };
        Session::new(settings, mine, random, now)
    }

    /// The session that a datagram is for; the error is one that it pretends to be for.
    fn addressee(&self, it: &BfdDatagram<'_>) -> Result<(usize, packet::Packet), Option<usize>> {
        let fits = |session: &&Session| {
            let (source, neighbour, multihop) = ends(session.settings());
            let to = source.is_none_or(|source| source == it.to);
            neighbour == it.from && multihop == it.multihop && to
        };
        let fitting = || self.all.iter().filter(fits);
        // With a source of its own before one without.
        let first = fitting().max_by_key(|session| session.settings().source.is_some());
        let Some(first) = first else { return Err(None) };
        let index_of = |session: &Session| {
            self.all.iter().position(|it| core::ptr::eq(it, session)).unwrap_or_default()
        };
        let suspect = Err(Some(index_of(first)));
        let Ok(packet) = packet::decode(it.bytes) else { return suspect };
        let session = match packet.yours {
            0 => first,
            yours => match fitting().find(|session| session.discriminator() == yours) {
                Some(session) => session,
                None => return suspect,
            },
        };
        if it.ttl < session.settings().least_ttl() {
            return suspect;
        }
        Ok((index_of(session), packet))
    }
}

impl VrrpNode {
    /// All BFD sessions.
    pub fn bfd_sessions(&self) -> impl Iterator<Item = &Session> {
        self.bfd.all.iter()
    }

    /// All BFD sessions as they are at `now`.
    #[must_use]
    pub fn bfd_status(&self, now: Time) -> Vec<BfdStatus> {
        self.bfd.all.iter().map(|session| status(session, now)).collect()
    }

    /// What checks may know.
    #[must_use]
    pub fn bfd_news(&self) -> Vec<News> {
        self.bfd.all.iter().filter(|it| it.settings().checker).map(news).collect()
    }

    pub(super) fn start_bfd(
        &mut self,
        settings: Vec<BfdSettings>,
        handover: Option<&Handover>,
        now: Time,
    ) {
        for settings in settings {
            let fits = |it: &&Former| it.ends == ends(&settings);
            let recent = handover.is_some_and(|it| now.since(it.saved) < STALE);
            let former = handover.and_then(|it| it.bfd.iter().find(fits)).map(|it| (it, recent));
            let session = self.bfd.begin(settings, former, now);
            self.bfd.all.push(session);
        }
    }

    pub(super) fn bfd_formers(&self) -> Vec<Former> {
        let former = |it: &Session| Former { ends: ends(it.settings()), state: it.saved() };
        self.bfd.all.iter().map(former).collect()
    }

    /// Sessions with the same ends go on.
    pub(super) fn reload_bfd(
        &mut self,
        settings: Vec<BfdSettings>,
        now: Time,
        out: &mut Vec<Action>,
    ) {
        let stays = |it: &Session| settings.iter().any(|new| ends(new) == ends(it.settings()));
        for index in 0..self.bfd.all.len() {
            if !stays(&self.bfd.all[index]) {
                self.tell_bfd(index, now, Event::Close(&Reason::Removed), out);
            }
        }
        let mut formers = core::mem::take(&mut self.bfd.all);
        for settings in settings {
            let same = |it: &Session| ends(it.settings()) == ends(&settings);
            match formers.iter().position(same) {
                Some(at) => {
                    self.bfd.all.push(formers.swap_remove(at));
                    let index = self.bfd.all.len() - 1;
                    self.tell_bfd(index, now, Event::Settings(&settings), out);
                }
                None => {
                    let session = self.bfd.begin(settings, None, now);
                    self.bfd.all.push(session);
                }
            }
        }
        self.dirty.conditions = true;
    }

    pub(super) fn bfd_timer(&mut self, now: Time, out: &mut Vec<Action>) {
        for index in 0..self.bfd.all.len() {
            if self.bfd.all[index].deadline().is_some_and(|at| at <= now) {
                self.tell_bfd(index, now, Event::Timer, out);
            }
        }
    }

    pub(super) fn bfd_datagram(
        &mut self,
        now: Time,
        datagram: &BfdDatagram<'_>,
        out: &mut Vec<Action>,
    ) {
        match self.bfd.addressee(datagram) {
            Ok((index, packet)) => self.tell_bfd(index, now, Event::Packet(&packet), out),
            Err(Some(index)) => self.bfd.all[index].count_dropped(),
            Err(None) => {}
        }
    }

    /// Neighbours are told that this is a farewell.
    pub(super) fn close_bfd(&mut self, now: Time, out: &mut Vec<Action>) {
        for index in 0..self.bfd.all.len() {
            self.tell_bfd(index, now, Event::Close(&Reason::Stopping), out);
        }
    }

    fn tell_bfd(&mut self, index: usize, now: Time, event: Event<'_>, out: &mut Vec<Action>) {
        let mut actions = core::mem::take(&mut self.bfd.scratch);
        let session = &mut self.bfd.all[index];
        let was_well = session.is_well();
        session.handle(now, event, &mut actions);
        let settings = session.settings();
        if session.is_well() != was_well {
            self.dirty.conditions = true;
            out.push(Action::Changed);
            if settings.checker {
                out.push(Action::TellChecks(news(session)));
            }
        }
        for action in actions.drain(..) {
            match action {
                session::Action::Send(packet) => out.push(Action::SendBfd(BfdPacket {
                    session: session.discriminator(),
                    source: settings.source,
                    neighbour: settings.neighbour,
                    ttl: settings.ttl,
                    multihop: settings.multihop,
                    bytes: packet.encode(),
                })),
                // The way up and attempts at it concern nobody.
                session::Action::Became { from, to, reason }
                    if from == State::Up || to == State::Up =>
                {
                    out.push(Action::Record(Box::new(Entry {
                        at: now,
                        subject: settings.name.clone(),
                        change: format!("BFD session {to}"),
                        reason,
                        announced_after: None,
                    })));
                    out.push(Action::Changed);
                }
                session::Action::Became { .. } => {}
            }
        }
        self.bfd.scratch = actions;
    }
}

/// Why a session is in its state, in words.
pub(super) fn why(session: &Session) -> String {
    let neighbour = session.settings().neighbour;
    let unheard = Reason::BfdUnheard { neighbour };
    let answers = Reason::BfdHeard { neighbour };
    match (session.why(), session.state()) {
        (Some(reason), _) => reason.to_string(),
        (None, State::Up) => answers.to_string(),
        (None, State::AdminDown | State::Down | State::Init) => unheard.to_string(),
    }
}

fn news(session: &Session) -> News {
    let up = session.was_up().then(|| session.is_well());
    News { session: session.settings().name.clone(), up, why: why(session) }
}

fn status(session: &Session, now: Time) -> BfdStatus {
    let settings = session.settings();
    BfdStatus {
        name: settings.name.clone(),
        neighbour: settings.neighbour,
        state: session.state().to_string(),
        remote_state: session.remote().state.to_string(),
        since_ms_ago: millis(now.since(session.since())),
        why: why(session),
        diagnostic: session.diagnostic().to_string(),
        interval_us: session.transmit_interval().map(micros),
        detection_us: micros(session.detection_time()),
        heard_ms_ago: session.heard().map(|at| millis(now.since(at))),
        discriminator: session.discriminator(),
        remote_discriminator: session.remote().discriminator,
        counters: *session.counters(),
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

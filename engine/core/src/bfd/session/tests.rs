//! Every state against every state that the neighbour can say, from RFC 5880 §6.8.6, and two sessions with a bad path
//! between them. `SEED=42 cargo test -p understudy-core bfd -- --nocapture` replays one run.

use alloc::collections::BTreeMap;
use std::format;
use std::string::{String, ToString};
use std::vec;

use super::*;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn at(ms: u64) -> Time {
    Time::from_nanos(ms * 1_000_000)
}

fn settings() -> BfdSettings {
    BfdSettings {
        name: "gw".into(),
        source: None,
        neighbour: "10.0.0.2".parse().unwrap(),
        min_rx: ms(20),
        min_tx: ms(10),
        idle_tx: ms(1000),
        multiplier: 5,
        passive: false,
        ttl: 255,
        max_hops: Some(0),
        multihop: false,
        vrrp: true,
        checker: true,
    }
}

const OURS: u32 = 11;
const THEIRS: u32 = 22;

fn session(settings: &BfdSettings) -> Session {
    Session::new(settings.clone(), OURS, Random::new(7), at(0))
}

fn heard(state: State) -> Packet {
    Packet {
        diagnostic: Diagnostic::NONE,
        state,
        poll: false,
        is_final: false,
        demand: false,
        multiplier: 3,
        mine: THEIRS,
        yours: OURS,
        min_tx: ms(40),
        min_rx: ms(30),
    }
}

fn tell(session: &mut Session, now: Time, packet: &Packet) -> Vec<Action> {
    let mut out = Vec::new();
    session.handle(now, Event::Packet(packet), &mut out);
    out
}

fn tick(session: &mut Session, now: Time) -> Vec<Action> {
    let mut out = Vec::new();
    session.handle(now, Event::Timer, &mut out);
    out
}

fn packets(actions: &[Action]) -> Vec<Packet> {
    let sent = actions.iter().filter_map(|action| match action {
        Action::Send(packet) => Some(*packet),
        Action::Became { .. } => None,
    });
    sent.collect()
}

/// A session that has come into this state, at most one second after its begin.
fn in_state(state: State) -> Session {
    let mut it = session(&settings());
    tick(&mut it, at(0));
    match state {
        State::Down => {}
        State::Init => _ = tell(&mut it, at(500), &Packet { yours: 0, ..heard(State::Down) }),
        State::Up => _ = tell(&mut it, at(500), &heard(State::Init)),
        State::AdminDown => it.handle(at(500), Event::Close(&Reason::Stopping), &mut Vec::new()),
    }
    assert_eq!(it.state(), state);
    it
}

#[test]
fn every_state_against_every_state_of_the_neighbour() {
    use State::{AdminDown, Down, Init, Up};
    let none = Diagnostic::NONE;
    let theirs = Diagnostic::NEIGHBOUR_DOWN;
    for (own, received, to, diagnostic) in [
        (AdminDown, AdminDown, AdminDown, Diagnostic::ADMIN_DOWN),
        (AdminDown, Down, AdminDown, Diagnostic::ADMIN_DOWN),
        (AdminDown, Init, AdminDown, Diagnostic::ADMIN_DOWN),
        (AdminDown, Up, AdminDown, Diagnostic::ADMIN_DOWN),
        (Down, AdminDown, Down, none),
        (Down, Down, Init, none),
        (Down, Init, Up, none),
        (Down, Up, Down, none),
        (Init, AdminDown, Down, theirs),
        (Init, Down, Init, none),
        (Init, Init, Up, none),
        (Init, Up, Up, none),
        (Up, AdminDown, Down, theirs),
        (Up, Down, Down, theirs),
        (Up, Init, Up, none),
        (Up, Up, Up, none),
    ] {
        let mut it = in_state(own);
        let out = tell(&mut it, at(600), &heard(received));
        let case = format!("{own} hears {received}");
        assert_eq!((it.state(), it.diagnostic()), (to, diagnostic), "{case}");
        let became = out.iter().any(|action| matches!(action, Action::Became { .. }));
        assert_eq!(became, own != to, "{case}: {out:?}");
        // A change is told at once, in words and in a packet.
        let told = packets(&out);
        assert_eq!(told.len(), usize::from(own != to), "{case}: {out:?}");
        assert!(told.iter().all(|packet| packet.state == to && packet.yours == THEIRS), "{case}");
    }
}

#[test]
fn silence_of_the_detection_time_takes_it_down_from_init_and_up_only() {
    for (own, to) in
        [(State::Down, State::Down), (State::Init, State::Down), (State::Up, State::Down)]
    {
        let mut it = in_state(own);
        tell(&mut it, at(500), &heard(if own == State::Init { State::Down } else { State::Up }));
        let before = it.state();
        // Theirs x the slower of what they send and what we take: 3 x 40 ms.
        assert_eq!(it.detection_time(), ms(120));
        tick(&mut it, at(619));
        assert_eq!(it.state(), before);
        let out = tick(&mut it, at(620));
        assert_eq!(it.state(), to);
        assert_eq!(it.remote().discriminator, 0);
        if own != State::Down {
            let Some(Action::Became { reason, .. }) = out.first() else { panic!("{out:?}") };
            assert_eq!(
                reason.to_string(),
                "neighbour 10.0.0.2 silent for 0.12 s (control detection time expired)"
            );
            let told = packets(&out)[0];
            assert_eq!((told.state, told.diagnostic), (State::Down, Diagnostic::EXPIRED));
            assert_eq!((told.yours, told.min_tx), (0, ms(1000)));
        }
    }
}

#[test]
fn intervals_are_negotiated_with_a_poll_sequence() {
    let mut it = in_state(State::Init);
    assert_eq!(it.transmit_interval(), Some(ms(1000)));
    let out = tell(&mut it, at(600), &heard(State::Up));
    let told = packets(&out)[0];
    assert!(told.poll && !told.is_final);
    assert_eq!((told.min_tx, told.min_rx, told.multiplier), (ms(10), ms(20), 5));
    // They take no more than one in 30 ms.
    assert_eq!(it.transmit_interval(), Some(ms(30)));
    // Polls go on until they are answered.
    let next = it.deadline().unwrap();
    assert!(next >= at(622) && next <= at(630), "{next:?}");
    assert!(packets(&tick(&mut it, next))[0].poll);
    tell(&mut it, at(640), &Packet { is_final: true, ..heard(State::Up) });
    let next = it.deadline().unwrap();
    assert!(!packets(&tick(&mut it, next))[0].poll);
    // Theirs are answered at once.
    let out = tell(&mut it, at(670), &Packet { poll: true, ..heard(State::Up) });
    let told = packets(&out);
    assert_eq!(told.len(), 1);
    assert!(told[0].is_final && !told[0].poll);
}

#[test]
fn new_settings_count_when_the_neighbour_knows_them() {
    let mut it = in_state(State::Up);
    let answered = Packet { is_final: true, min_tx: ms(1), min_rx: ms(1), ..heard(State::Up) };
    tell(&mut it, at(510), &answered);
    assert_eq!((it.transmit_interval(), it.detection_time()), (Some(ms(10)), ms(60)));
    // Slower sending, and less patience: not yet.
    let slower = BfdSettings { min_tx: ms(50), min_rx: ms(10), multiplier: 3, ..settings() };
    it.handle(at(511), Event::Settings(&slower), &mut Vec::new());
    assert_eq!((it.transmit_interval(), it.detection_time()), (Some(ms(10)), ms(60)));
    let next = it.deadline().unwrap();
    let told = packets(&tick(&mut it, next))[0];
    assert!(told.poll);
    assert_eq!((told.min_tx, told.min_rx, told.multiplier), (ms(50), ms(10), 3));
    tell(&mut it, at(530), &answered);
    assert_eq!((it.transmit_interval(), it.detection_time()), (Some(ms(50)), ms(30)));
    // Faster sending, and more patience: at once.
    it.handle(at(531), Event::Settings(&settings()), &mut Vec::new());
    assert_eq!((it.transmit_interval(), it.detection_time()), (Some(ms(10)), ms(60)));
    // While it is down nothing is polled.
    let mut it = in_state(State::Init);
    it.handle(at(531), Event::Settings(&slower), &mut Vec::new());
    assert_eq!(it.transmit_interval(), Some(ms(1000)));
}

#[test]
fn a_passive_one_speaks_when_spoken_to() {
    let passive = BfdSettings { passive: true, ..settings() };
    let mut it = session(&passive);
    assert_eq!(it.deadline(), None);
    let out = tell(&mut it, at(500), &Packet { yours: 0, ..heard(State::Down) });
    assert_eq!(packets(&out)[0].state, State::Init);
    assert!(it.deadline().is_some());
    let mut out = tick(&mut it, at(620));
    assert_eq!((it.state(), it.deadline()), (State::Down, None));
    assert_eq!(packets(&out), []);
    it.handle(at(630), Event::Close(&Reason::Stopping), &mut out);
    assert_eq!(packets(&out), []);
}

#[test]
fn it_is_silent_where_the_neighbour_wants_it_so() {
    // Required Min RX Interval 0: answers only.
    let mut it = in_state(State::Up);
    tell(&mut it, at(510), &Packet { is_final: true, min_rx: Duration::ZERO, ..heard(State::Up) });
    assert_eq!((it.transmit_interval(), it.deadline()), (None, Some(at(630))));
    let out = tell(&mut it, at(520), &Packet { poll: true, ..heard(State::Up) });
    assert!(packets(&out)[0].is_final);
    assert!(it.transmit_interval().is_some());
    // Demand mode: nothing but polls.
    let mut it = in_state(State::Up);
    let demand = Packet { demand: true, ..heard(State::Up) };
    tell(&mut it, at(510), &demand);
    assert!(it.transmit_interval().is_some(), "the poll sequence goes on");
    tell(&mut it, at(520), &Packet { is_final: true, ..demand });
    assert_eq!(it.transmit_interval(), None);
}

#[test]
fn jitter_is_a_quarter_and_less_where_none_may_be_lost() {
    for (multiplier, most) in [(5, 1000), (1, 900)] {
        let mut it = session(&BfdSettings { multiplier, ..settings() });
        let (mut shortest, mut longest) = (u64::MAX, 0);
        let mut now = at(0);
        tick(&mut it, now);
        for _ in 0..2000 {
            let next = it.deadline().unwrap();
            let gap = u64::try_from(next.since(now).as_millis()).unwrap();
            (shortest, longest) = (shortest.min(gap), longest.max(gap));
            now = next;
            tick(&mut it, now);
        }
        assert!((750..760).contains(&shortest), "{shortest}");
        assert!((most - 10..=most).contains(&longest), "{longest}");
    }
}

#[test]
fn a_close_tells_the_neighbour_once() {
    let mut it = in_state(State::Up);
    let mut out = Vec::new();
    it.handle(at(600), Event::Close(&Reason::Stopping), &mut out);
    it.handle(at(601), Event::Close(&Reason::Stopping), &mut out);
    let told = packets(&out);
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].state, told[0].diagnostic), (State::AdminDown, Diagnostic::ADMIN_DOWN));
    assert_eq!(it.deadline(), None);
}

#[test]
fn an_operator_who_ends_it_says_nothing_about_the_path() {
    use State::{AdminDown, Down, Init, Up};
    // What the neighbour says from Up on; None: nothing for a long time.
    for (said, well) in [
        (&[Some(AdminDown)][..], true),
        (&[Some(AdminDown), None], true),
        (&[Some(AdminDown), Some(AdminDown), None], true),
        (&[Some(AdminDown), Some(Down)], true),
        (&[Some(AdminDown), Some(Down), Some(AdminDown)], true),
        (&[Some(AdminDown), Some(Down), Some(Up)], true),
        (&[Some(AdminDown), Some(Down), None], false),
        (&[Some(AdminDown), Some(Init), Some(Down)], false),
        (&[Some(Down)], false),
        (&[Some(Down), Some(AdminDown)], false),
        (&[None], false),
    ] {
        let mut it = in_state(Up);
        for (at_ms, state) in (1000..).step_by(1000).zip(said) {
            match state {
                Some(state) => _ = tell(&mut it, at(at_ms), &heard(*state)),
                None => _ = tick(&mut it, at(at_ms)),
            }
        }
        assert_eq!(it.is_well(), well, "{said:?}");
        let resumed = |recent| {
            let random = Random::new(1);
            Session::resume(settings(), &it.saved(), recent, random, at(10_000)).is_well()
        };
        assert_eq!((resumed(true), resumed(false)), (well, false), "{said:?}");
    }
}

#[test]
fn a_packet_for_another_session_changes_nothing() {
    let mut it = in_state(State::Up);
    let before = it.deadline();
    assert_eq!(tell(&mut it, at(600), &Packet { yours: 99, ..heard(State::Down) }), []);
    assert_eq!((it.state(), it.deadline(), it.counters().dropped), (State::Up, before, 1));
}

// -- two of them

/// Two sessions and a path that delays, loses and is cut.
struct Pair {
    now: Time,
    ends: [Session; 2],
    cut: bool,
    /// In a thousand.
    loss: u64,
    random: Random,
    /// By time and sequence.
    flying: BTreeMap<(Time, u64), (usize, Packet)>,
    count: u64,
    journal: String,
}

impl Pair {
    fn new(seed: u64, settings: [BfdSettings; 2]) -> Self {
        let mut random = Random::new(seed);
        let [a, b] = settings;
        let mut begin = |settings, mine| {
            Session::new(settings, mine, Random::new(random.next_u64()), Time::ZERO)
        };
        let ends = [begin(a, OURS), begin(b, THEIRS)];
        let (flying, journal) = (BTreeMap::new(), String::new());
        Self { now: Time::ZERO, ends, cut: false, loss: 0, random, flying, count: 0, journal }
    }

    fn feed(&mut self, end: usize, event: Event<'_>) {
        let mut out = Vec::new();
        self.ends[end].handle(self.now, event, &mut out);
        for action in out {
            match action {
                Action::Send(packet) => {
                    assert!(!(packet.poll && packet.is_final));
                    let slow = packet.state == State::Up || packet.min_tx >= ms(1000);
                    assert!(slow, "{packet:?}");
                    let lost = self.cut || self.random.below(1000) < self.loss;
                    if !lost {
                        let delay = self.random.part_of(ms(2));
                        self.count += 1;
                        self.flying.insert((self.now + delay, self.count), (1 - end, packet));
                    }
                }
                Action::Became { from, to, reason } => {
                    let nanos = self.now.as_nanos();
                    self.journal += &format!("{nanos} {end}: {from} -> {to}: {reason}\n");
                }
            }
        }
    }

    fn run(&mut self, duration: Duration) {
        let end = self.now + duration;
        loop {
            let arrival = self.flying.keys().next().map(|key| key.0);
            let timers = self.ends.iter().filter_map(Session::deadline);
            let Some(next) = timers.chain(arrival).min().filter(|at| *at <= end) else { break };
            self.now = self.now.max(next);
            if arrival.is_some_and(|at| at <= self.now) {
                let (_, (to, packet)) = self.flying.pop_first().unwrap();
                let read = super::super::packet::decode(&packet.encode()).unwrap();
                self.feed(to, Event::Packet(&read));
            } else {
                self.feed(0, Event::Timer);
                self.feed(1, Event::Timer);
            }
        }
        self.now = end;
    }

    fn both(&self, state: State) -> bool {
        self.ends.iter().all(|end| end.state() == state)
    }
}

fn seeds() -> Vec<u64> {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse().ok());
    match number("SEED") {
        Some(seed) => vec![seed],
        None => (0..number("SEEDS").unwrap_or(100)).collect(),
    }
}

fn drawn(random: &mut Random) -> BfdSettings {
    BfdSettings {
        min_tx: ms(5 + random.below(100)),
        min_rx: ms(5 + random.below(100)),
        multiplier: u8::try_from(3 + random.below(4)).unwrap(),
        ..settings()
    }
}

#[test]
fn two_sessions_find_each_other_through_loss_and_lose_each_other_at_a_cut() {
    for seed in seeds() {
        let mut random = Random::new(seed);
        let ends = [drawn(&mut random), drawn(&mut random)];
        let [a, b] = &ends;
        // One detection time, by the slower end of each direction.
        let slowest = a.min_tx.max(b.min_rx).max(b.min_tx.max(a.min_rx));
        let detection = slowest * u32::from(a.multiplier.max(b.multiplier));
        let mut pair = Pair::new(seed, ends);
        pair.loss = random.below(300);
        pair.run(ms(20_000));
        pair.loss = 0;
        // What fell in the last moments of loss comes up again.
        pair.run(ms(8_000));
        let told = |pair: &Pair| format!("SEED={seed}\n{}", pair.journal);
        assert!(pair.both(State::Up), "{}", told(&pair));
        pair.journal.clear();
        pair.run(ms(20_000));
        assert!(pair.both(State::Up) && pair.journal.is_empty(), "{}", told(&pair));
        assert!(pair.ends.iter().all(|end| !end.polling), "{}", told(&pair));

        pair.cut = true;
        pair.run(detection + ms(2));
        assert!(pair.both(State::Down), "{}", told(&pair));
        assert_eq!(pair.journal.lines().count(), 2, "{}", told(&pair));
        pair.cut = false;
        pair.run(ms(6_000));
        assert!(pair.both(State::Up), "{}", told(&pair));

        // A successor of the one goes on, and the other notices nothing.
        pair.journal.clear();
        let former = &pair.ends[0];
        let (saved, conf) = (former.saved(), former.settings().clone());
        pair.ends[0] = Session::resume(conf, &saved, true, Random::new(seed), pair.now);
        pair.run(ms(10_000));
        assert!(pair.both(State::Up) && pair.journal.is_empty(), "{}", told(&pair));

        // A farewell is believed at once.
        pair.feed(1, Event::Close(&Reason::Stopping));
        pair.run(ms(3));
        assert_eq!(pair.ends[0].state(), State::Down, "{}", told(&pair));
        let words = "neighbour 10.0.0.2 is administratively down, which is no failure";
        assert!(pair.journal.contains(words), "{}", told(&pair));
    }
}

#[test]
fn a_seed_gives_the_same_run() {
    let journal = || {
        let mut pair = Pair::new(42, [settings(), settings()]);
        pair.loss = 400;
        pair.run(ms(30_000));
        pair.journal
    };
    let first = journal();
    assert!(first.lines().count() > 6, "{first}");
    assert_eq!(first, journal());
}

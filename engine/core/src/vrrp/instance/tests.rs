//! Every state against every event, from RFC 9568 §6.4 and the reference's §3.2, not from the code.

use std::format;
use std::string::{String, ToString};
use std::vec;
use std::vec::Vec;

use super::super::settings::{Garp, InstanceSettings, Notify, Transport, Vmacs};
use super::*;
use crate::track::settings::Tracks;

const OURS: &str = "10.0.0.5";
const PEER_LOW: &str = "10.0.0.1";
const PEER_HIGH: &str = "10.0.0.9";
const SECOND: Duration = Duration::from_secs(1);

fn settings(priority: u8) -> InstanceSettings {
    InstanceSettings {
        name: "a".into(),
        interface: "eth0".into(),
        vrid: 51,
        version: Version::V3,
        priority,
        wants_master: false,
        advert_interval: SECOND,
        preempt: true,
        preempt_delay: Duration::ZERO,
        transport: Transport::Multicast { group: "224.0.0.18".parse().unwrap() },
        source: None,
        auth_pass: None,
        auth_header: false,
        wire: crate::vrrp::settings::Wire::default(),
        timer_expired_backup: None,
        vips: vec![],
        excluded: vec![],
        routes: Vec::new(),
        rules: Vec::new(),
        accept: true,
        skip_check_adv_addr: false,
        ignore_adverts: false,
        down_timer_adverts: 3,
        garp: Garp::default(),
        tracks: Tracks::default(),
        dont_track_primary: false,
        promote_secondaries: false,
        vmacs: Vmacs::default(),
        vrf: None,
        lower_prio_no_advert: false,
        higher_prio_send_advert: false,
        notify: Notify::default(),
        notify_priority_changes: false,
    }
}

fn instance(settings: &InstanceSettings) -> Instance {
    let mut instance = Instance::new(Parameters::new(settings, false), settings.priority);
    instance.set_source(Some(OURS.parse().unwrap()));
    instance
}

fn at(ms: u64) -> Time {
    Time::from_nanos(ms * 1_000_000)
}

const GOOD: Condition = Condition::Good;
const START: Event<'static> = Event::Start { condition: &GOOD, quiet_until: Time::ZERO };

fn down() -> Condition {
    Condition::Faulty(Reason::LinkDown { interface: "eth0".into() })
}

fn advert(source: &str, priority: u8) -> Event<'static> {
    Event::Advert { source: source.parse().unwrap(), priority, interval: SECOND }
}

/// An instance with priority 100 that came into `state` at 0 (backup, fault) or became master at 10 s.
fn in_state(state: State) -> (Instance, Time) {
    let mut it = instance(&settings(100));
    let mut out = Actions::new();
    match state {
        State::Init => return (it, at(0)),
        State::Backup => it.handle(at(0), START, &mut out),
        State::Fault => {
            it.handle(
                at(0),
                Event::Start { condition: &down(), quiet_until: Time::ZERO },
                &mut out,
            );
        }
        State::Master => {
            it.handle(at(0), START, &mut out);
            it.handle(at(10_000), Event::Timer, &mut out);
        }
    }
    assert_eq!(it.state(), state);
    (it, if state == State::Master { at(10_000) } else { at(0) })
}

/// Actions in short; a change of state only by its reason's first word.
fn said(out: &[Action]) -> String {
    let words = out.iter().map(|action| match action {
        Action::SendAdvert(priority) => format!("advert {priority}"),
        Action::Hold => "hold".into(),
        Action::Release => "release".into(),
        Action::Announce => "announce".into(),
        Action::AnnounceAgain => "announce again".into(),
        Action::Became { from, to, .. } => format!("{from}>{to}"),
        Action::Wish => "wish".into(),
        Action::HeardLower => "heard lower".into(),
    });
    words.collect::<Vec<_>>().join(", ")
}

#[test]
fn every_state_knows_every_event() {
    use State::{Backup, Fault, Init, Master};
    let faulty = down();
    let undecided = Condition::Undecided;
    let reason = Reason::Stopping;
    let fault_at_start = Event::Start { condition: &faulty, quiet_until: Time::ZERO };
    let resume = |state| Event::Resume { state, last_advert: at(0) };
    let together = |state| Event::Together { state, reason: &reason };
    let same = Event::Parameters(Parameters::new(&settings(100), false));
    // (state, milliseconds since it was entered, event, state then, actions)
    #[rustfmt::skip]
    let table = [
        (Init,   0,    START,                         Backup, "release, INIT>BACKUP"),
        (Init,   0,    fault_at_start,                Fault,  "release, INIT>FAULT"),
        (Init,   0,    Event::Start { condition: &undecided, quiet_until: Time::ZERO }, Init, ""),
        (Init,   0,    resume(Master),                Master, "advert 100, hold, announce, INIT>MASTER"),
        (Init,   0,    resume(Backup),                Backup, "INIT>BACKUP"),
        (Init,   0,    Event::Timer,                  Init,   ""),
        (Init,   0,    advert(PEER_HIGH, 200),        Init,   ""),
        (Init,   0,    advert(PEER_HIGH, 0),          Init,   ""),
        (Init,   0,    Event::Priority(50),           Init,   ""),
        (Init,   0,    Event::Condition(&GOOD),       Init,   ""),
        (Init,   0,    Event::Condition(&faulty),     Init,   ""),
        (Init,   0,    together(Master),              Init,   ""),
        (Init,   0,    same.clone(),                  Init,   ""),
        (Init,   0,    Event::Operator(Move::Yield),  Init,   ""),
        (Init,   0,    Event::Operator(Move::Reclaim),Init,   ""),
        (Init, 1,    Event::Slept,                  Init,   ""),
        (Init,   0,    Event::Stop(&reason),          Init,   ""),

        (Backup, 1,    START,                         Backup, ""),
        (Backup, 1,    resume(Master),                Backup, ""),
        (Backup, 3609, Event::Timer,                  Backup, ""),
        (Backup, 3610, Event::Timer,                  Master, "advert 100, hold, announce, BACKUP>MASTER"),
        (Backup, 1,    advert(PEER_LOW, 200),         Backup, ""),
        (Backup, 1,    advert(PEER_LOW, 100),         Backup, ""),
        (Backup, 1,    advert(PEER_HIGH, 50),         Backup, ""),
        (Backup, 1,    advert(PEER_HIGH, 0),          Backup, ""),
        (Backup, 1,    Event::Priority(50),           Backup, ""),
        (Backup, 1,    Event::Condition(&GOOD),       Backup, ""),
        (Backup, 1,    Event::Condition(&undecided),  Backup, ""),
        (Backup, 1,    Event::Condition(&faulty),     Fault,  "release, BACKUP>FAULT"),
        (Backup, 1,    together(Master),              Master, "advert 100, hold, announce, BACKUP>MASTER"),
        (Backup, 1,    together(Backup),              Backup, ""),
        (Backup, 1,    same.clone(),                  Backup, ""),
        (Backup, 1,    Event::Operator(Move::Yield),  Backup, ""),
        (Backup, 1,    Event::Operator(Move::Reclaim),Backup, ""),
        (Backup, 1,    Event::Slept,                  Backup, ""),
        (Backup, 1,    Event::Stop(&reason),          Init,   "BACKUP>INIT"),

        (Master, 1,    START,                         Master, ""),
        (Master, 1,    resume(Master),                Master, ""),
        (Master, 949,  Event::Timer,                  Master, ""),
        (Master, 950,  Event::Timer,                  Master, "advert 100"),
        (Master, 1000, Event::Timer,                  Master, "advert 100"),
        (Master, 1,    advert(PEER_LOW, 200),         Backup, "release, MASTER>BACKUP"),
        (Master, 1,    advert(PEER_HIGH, 100),        Backup, "release, MASTER>BACKUP"),
        (Master, 1,    advert(PEER_LOW, 100),         Master, "advert 100, announce again, heard lower"),
        (Master, 1,    advert(PEER_HIGH, 99),         Master, "advert 100, announce again, heard lower"),
        (Master, 1,    advert(OURS, 100),             Master, ""),
        (Master, 1,    advert(PEER_HIGH, 0),          Master, "advert 100"),
        (Master, 3001, advert(PEER_LOW, 50),          Backup, "release, MASTER>BACKUP"),
        (Master, 1,    Event::Priority(50),           Master, ""),
        (Master, 1,    Event::Condition(&GOOD),       Master, ""),
        (Master, 1,    Event::Condition(&undecided),  Master, ""),
        (Master, 1,    Event::Condition(&faulty),     Fault,  "advert 0, release, MASTER>FAULT"),
        (Master, 1,    together(Backup),              Backup, "release, MASTER>BACKUP"),
        (Master, 1,    together(Master),              Master, ""),
        (Master, 1,    same.clone(),                  Master, ""),
        (Master, 1,    Event::Operator(Move::Yield),  Backup, "advert 0, MASTER>BACKUP"),
        (Master, 1,    Event::Operator(Move::Reclaim),Master, ""),
        (Master, 1,    Event::Slept,                  Backup, "release, MASTER>BACKUP"),
        (Master, 1,    Event::Stop(&reason),          Init,   "advert 0, MASTER>INIT"),

        (Fault,  1,    START,                         Fault,  ""),
        (Fault,  1,    resume(Master),                Fault,  ""),
        (Fault,  9999, Event::Timer,                  Fault,  ""),
        (Fault,  1,    advert(PEER_HIGH, 200),        Fault,  ""),
        (Fault,  1,    advert(PEER_HIGH, 0),          Fault,  ""),
        (Fault,  1,    Event::Priority(50),           Fault,  ""),
        (Fault,  1,    Event::Condition(&GOOD),       Backup, "release, FAULT>BACKUP"),
        (Fault,  1,    Event::Condition(&undecided),  Fault,  ""),
        (Fault,  1,    Event::Condition(&faulty),     Fault,  ""),
        (Fault,  1,    together(Master),              Fault,  ""),
        (Fault,  1,    together(Backup),              Fault,  ""),
        (Fault,  1,    same,                          Fault,  ""),
        (Fault,  1,    Event::Operator(Move::Yield),  Fault,  ""),
        (Fault,  1,    Event::Operator(Move::Reclaim),Fault,  ""),
        (Fault, 1,    Event::Slept,                  Fault,  ""),
        (Fault,  1,    Event::Stop(&reason),          Init,   "FAULT>INIT"),
    ];
    for (state, ms, event, then, actions) in table {
        let (mut it, entered) = in_state(state);
        let mut out = Actions::new();
        let text = format!("{state} after {ms} ms: {event:?}");
        it.handle(entered + Duration::from_millis(ms), event, &mut out);
        assert_eq!((it.state(), said(&out).as_str()), (then, actions), "{text}");
    }
}

/// (settings, what happens at which millisecond) => when the timer is due, in milliseconds.
fn due_after(settings: &InstanceSettings, events: &[(u64, Event<'_>)]) -> u128 {
    let mut it = instance(settings);
    let mut out = Actions::new();
    it.handle(at(0), START, &mut out);
    for (ms, event) in events {
        it.handle(at(*ms), event.clone(), &mut out);
    }
    assert_eq!(it.state(), State::Backup, "{out:?}");
    it.deadline().unwrap().since(Time::ZERO).as_millis()
}

#[test]
fn a_backup_waits_as_long_as_the_adverts_say() {
    let plain = settings(100);
    let no = InstanceSettings { preempt: false, ..plain.clone() };
    let later = InstanceSettings { preempt_delay: 5 * SECOND, ..plain.clone() };
    let v2 = InstanceSettings { version: Version::V2, ..plain.clone() };
    let slow =
        Event::Advert { source: PEER_HIGH.parse().unwrap(), priority: 200, interval: 2 * SECOND };
    #[rustfmt::skip]
    let table = [
        (&plain, vec![], 3609),
        (&plain, vec![(1000, advert(PEER_HIGH, 200))], 4609),
        (&plain, vec![(1000, advert(PEER_HIGH, 100))], 4609),   // an equal priority never preempts
        (&plain, vec![(1000, advert(PEER_HIGH, 99))], 3609),    // the timer runs on
        (&plain, vec![(1000, slow.clone())], 1000 + 6000 + 1218), // version 3 learns the interval
        (&v2,    vec![(1000, slow)], 4609),                     // version 2 does not
        (&plain, vec![(1000, advert(PEER_HIGH, 0))], 1609),     // leaving: skew only
        (&no,    vec![(1000, advert(PEER_HIGH, 99))], 4609),
        (&no,    vec![(1000, advert(PEER_HIGH, 0))], 1609),
        (&later, vec![(1000, advert(PEER_HIGH, 99)), (5000, advert(PEER_HIGH, 99))], 8609),
        (&later, vec![(1000, advert(PEER_HIGH, 99)), (5900, advert(PEER_HIGH, 99)), (6000, advert(PEER_HIGH, 99))], 9509),
        (&plain, vec![(1000, Event::Priority(50))], 3804),      // the running timer moves
    ];
    for (settings, events, due) in table {
        assert_eq!(due_after(settings, &events), due, "{events:?}");
    }
}

#[test]
fn a_better_advert_cancels_the_preempt_delay() {
    let later = InstanceSettings { preempt_delay: 3 * SECOND, ..settings(100) };
    let low = |ms| (ms, advert(PEER_HIGH, 99));
    let events = [low(1000), low(3000), (3500, advert(PEER_HIGH, 200)), low(4000), low(6900)];
    assert_eq!(due_after(&later, &events), 6900 + 3609);
}

#[test]
fn the_owner_is_master_at_once_and_after_a_fault_it_waits() {
    let owner = InstanceSettings { wants_master: true, ..settings(255) };
    let mut it = instance(&owner);
    let mut out = Actions::new();
    it.handle(at(0), START, &mut out);
    assert_eq!(said(&out), "advert 255, hold, announce, INIT>MASTER");
    it.handle(at(500), Event::Condition(&down()), &mut out);
    it.handle(at(1000), Event::Condition(&GOOD), &mut out);
    assert_eq!(it.deadline(), Some(at(1000) + it.master_down_interval()));
    assert_eq!(it.state(), State::Backup);

    let unwilling = InstanceSettings { wants_master: false, ..settings(255) };
    assert_eq!(due_after(&unwilling, &[]), 3003);
}

#[test]
fn startup_delay_is_deaf_and_then_waits_in_full() {
    let mut it = instance(&settings(100));
    let mut out = Actions::new();
    it.handle(at(0), Event::Start { condition: &GOOD, quiet_until: at(10_000) }, &mut out);
    it.handle(at(9000), advert(PEER_HIGH, 0), &mut out);
    assert_eq!(it.deadline(), Some(at(10_000) + it.master_down_interval()));
}

#[test]
fn undecided_starts_when_it_is_decided() {
    let mut it = instance(&settings(100));
    let mut out = Actions::new();
    let undecided = Condition::Undecided;
    it.handle(at(0), Event::Start { condition: &undecided, quiet_until: Time::ZERO }, &mut out);
    it.handle(at(100), Event::Condition(&undecided), &mut out);
    assert_eq!(said(&out), "");
    it.handle(at(2000), Event::Condition(&GOOD), &mut out);
    assert_eq!(said(&out), "release, INIT>BACKUP");
}

#[test]
fn a_planned_stop_keeps_the_addresses_until_the_peer_speaks() {
    let stopping = Reason::Stopping;
    for (events, released_by) in [
        (vec![(600, advert(PEER_LOW, 90))], 600),
        (vec![(600, advert(PEER_LOW, 0)), (1245, Event::Timer), (1247, Event::Timer)], 1247),
    ] {
        let (mut it, entered) = in_state(State::Master);
        let mut out = Actions::new();
        it.handle(entered, Event::Stop(&stopping), &mut out);
        assert_eq!(said(&out), "advert 0, MASTER>INIT");
        assert!(it.is_keeping());
        for (ms, event) in events {
            out.clear();
            it.handle(entered + Duration::from_millis(ms), event, &mut out);
            assert_eq!(said(&out), if ms == released_by { "release" } else { "" }, "at {ms} ms");
        }
        assert!(!it.is_keeping() && it.deadline().is_none());
    }
}

#[test]
fn after_a_switchover_it_stays_away_until_the_peer_is_silent() {
    let (mut it, entered) = in_state(State::Master);
    let mut out = Actions::new();
    it.handle(entered, Event::Operator(Move::Yield), &mut out);
    let spoke = entered + Duration::from_millis(700);
    it.handle(spoke, advert(PEER_LOW, 90), &mut out);
    assert_eq!(said(&out), "advert 0, MASTER>BACKUP, release");
    assert_eq!(it.deadline(), Some(spoke + it.master_down_interval()));
    it.handle(it.deadline().unwrap(), Event::Timer, &mut out);
    assert_eq!(it.state(), State::Master);
}

#[test]
fn adverts_keep_their_beat() {
    let (mut it, entered) = in_state(State::Master);
    let mut out = Actions::new();
    let ms = |n| entered + Duration::from_millis(n);
    for (now, next) in [
        (1003, 2000), // late by 3 ms: the beat stays
        (1990, 2990), // early, with others: in step with them from now on
        (7000, 8000), // stalled: one advert, no burst
    ] {
        out.clear();
        it.handle(ms(now), Event::Timer, &mut out);
        assert_eq!(
            (said(&out).as_str(), it.deadline()),
            ("advert 100", Some(ms(next))),
            "at {now}"
        );
    }
}

#[test]
fn a_member_only_wishes() {
    let mut it = Instance::new(Parameters::new(&settings(100), true), 100);
    let mut out = Actions::new();
    it.handle(at(0), START, &mut out);
    out.clear();
    it.handle(at(3610), Event::Timer, &mut out);
    assert_eq!((said(&out).as_str(), it.wishes(), it.state()), ("wish", true, State::Backup));
    it.handle(at(3700), advert(PEER_LOW, 200), &mut out);
    assert!(!it.wishes());
}

#[test]
fn the_reason_names_what_happened() {
    let (mut it, _) = in_state(State::Backup);
    let mut out = Actions::new();
    it.handle(at(1000), advert(PEER_HIGH, 200), &mut out);
    let due = it.deadline().unwrap();
    it.handle(due + Duration::from_millis(2), Event::Timer, &mut out);
    let Some(Action::Became { reason, .. }) = out.last() else { panic!("{out:?}") };
    assert_eq!(reason.to_string(), "10.0.0.9 silent for 3.61 s (3 adverts); own stall 2 ms");
}

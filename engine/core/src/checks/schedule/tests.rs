use super::*;
use crate::checks::settings::{Connection, HttpVersion, Url};
use crate::checks::verdict::Failure;
use crate::command::Command;
use alloc::string::ToString;
use core::net::SocketAddr;

const LOOP: Duration = Duration::from_secs(10);
const RETRY: Duration = Duration::from_secs(3);
const SECOND: Duration = Duration::from_secs(1);

fn schedule(retry: u32, alpha: bool) -> Schedule {
    Schedule {
        delay_loop: LOOP,
        retry,
        delay_before_retry: RETRY,
        warmup: Duration::ZERO,
        alpha,
        log_all_failures: false,
    }
}

fn connection() -> Connection {
    Connection {
        to: SocketAddr::from(([127, 0, 0, 1], 80)),
        bind_ip: None,
        bind_port: None,
        bind_if: None,
        timeout: SECOND,
        fwmark: 0,
    }
}

fn tcp(retry: u32, alpha: bool) -> CheckSettings {
    CheckSettings { schedule: schedule(retry, alpha), kind: CheckKind::Tcp(connection()) }
}

fn http(pages: usize, retry: u32, fast_recovery: bool) -> CheckSettings {
    let url = Url {
        path: "/".to_string(),
        digest: None,
        status: alloc::vec![],
        virtualhost: None,
        close_notify: false,
    };
    let urls = alloc::vec![url; pages];
    let kind = CheckKind::Http {
        connection: connection(),
        version: HttpVersion::V10,
        urls,
        fast_recovery,
        tls: None,
    };
    CheckSettings { schedule: schedule(retry, false), kind }
}

/// One run of a table: its verdict (`+` passed, `-` failed, `?` undecided), the page it must ask, what it must say,
/// and the delay after it.
type Row = (char, usize, &'static [Action], Duration);

const UP: &[Action] = &[Action::Up];
const DOWN: &[Action] = &[Action::Down { tries: 1 }];
const DOWN_2: &[Action] = &[Action::Down { tries: 2 }];
const DOWN_3: &[Action] = &[Action::Down { tries: 3 }];
const AGAIN: &[Action] = &[Action::Retry { tries: 1, report: false }];
const AGAIN_2: &[Action] = &[Action::Retry { tries: 2, report: false }];

fn play(settings: &CheckSettings, rows: &[Row]) {
    let mut check = Check::new(settings, Time::ZERO, &mut Random::new(1));
    let mut due = Time::ZERO + SECOND;
    for (n, (sign, page, want, delay)) in rows.iter().enumerate() {
        assert_eq!(check.deadline(), Some(due), "run {n}");
        let mut out = Vec::new();
        check.handle(due - Duration::from_nanos(1), Event::Timer, &mut out);
        assert_eq!(out, [], "run {n}: too early");
        check.handle(due, Event::Timer, &mut out);
        assert_eq!(out, [Action::Run { page: *page }], "run {n}");
        check.handle(due, Event::Timer, &mut out);
        assert_eq!((out.len(), check.deadline()), (1, None), "run {n}: one at a time");
        out.clear();
        let verdict = match sign {
            '+' => Verdict::PASSED,
            '-' => Verdict::Failed(Failure::Exit(1)),
            _ => Verdict::Undecided("no port".to_string()),
        };
        let ended = due + Duration::from_millis(20);
        check.handle(ended, Event::Finished(&verdict), &mut out);
        assert_eq!(out, *want, "run {n}");
        check.handle(ended, Event::Finished(&verdict), &mut out);
        assert_eq!(out, *want, "run {n}: a second verdict of the same run");
        due = ended + *delay;
    }
}

#[test]
fn the_first_run_counts_without_retries() {
    play(&tcp(3, false), &[('-', 0, DOWN, LOOP), ('-', 0, &[], LOOP), ('+', 0, UP, LOOP)]);
    play(&tcp(3, true), &[('-', 0, DOWN, LOOP), ('+', 0, UP, LOOP)]);
    play(&tcp(3, false), &[('?', 0, &[], LOOP), ('-', 0, DOWN, LOOP)]);
}

#[test]
fn later_failures_are_retried() {
    let rows: [Row; 7] = [
        ('+', 0, UP, LOOP),
        ('-', 0, AGAIN, RETRY),
        ('+', 0, &[], LOOP), // forgiven, and forgotten
        ('-', 0, AGAIN, RETRY),
        ('-', 0, AGAIN_2, RETRY),
        ('-', 0, DOWN_3, LOOP),
        ('+', 0, UP, LOOP), // one success suffices
    ];
    play(&tcp(2, false), &rows);
}

#[test]
fn without_retries_one_failure_suffices() {
    play(&tcp(0, false), &[('+', 0, UP, LOOP), ('-', 0, DOWN, LOOP), ('+', 0, UP, LOOP)]);
}

#[test]
fn what_this_host_could_not_ask_changes_nothing() {
    let rows: [Row; 4] =
        [('+', 0, UP, LOOP), ('-', 0, AGAIN, RETRY), ('?', 0, &[], LOOP), ('-', 0, DOWN_2, LOOP)];
    play(&tcp(1, false), &rows);
}

#[test]
fn pages_are_asked_in_turn_and_a_failed_one_alone() {
    let rows: [Row; 13] = [
        ('+', 0, &[], LOOP),
        ('+', 1, &[], LOOP),
        ('+', 2, UP, LOOP),
        ('+', 0, &[], LOOP),
        ('-', 1, AGAIN, RETRY),
        ('-', 1, DOWN_2, LOOP),
        ('-', 1, &[], LOOP),
        ('+', 1, &[], LOOP), // works again: now all, from the first
        ('+', 0, &[], LOOP),
        ('-', 1, &[], LOOP),
        ('+', 1, &[], LOOP),
        ('+', 0, &[], LOOP),
        ('+', 1, &[], LOOP),
    ];
    play(&http(3, 1, false), &rows);
}

/// keepalived 2.3.3, one page, delay_loop 4 s: up 6.2 s after the server came back, a TCP_CHECK beside it after 2.1 s.
#[test]
fn even_a_single_page_is_asked_twice_before_the_server_is_up() {
    play(&http(1, 0, false), &[('-', 0, DOWN, LOOP), ('+', 0, &[], LOOP), ('+', 0, UP, LOOP)]);
    let at_once = Duration::ZERO;
    play(&http(1, 0, true), &[('-', 0, DOWN, LOOP), ('+', 0, &[], at_once), ('+', 0, UP, LOOP)]);
}

#[test]
fn fast_recovery_asks_the_next_page_without_delay() {
    let rows: [Row; 7] = [
        ('+', 0, &[], Duration::ZERO),
        ('+', 1, UP, LOOP),
        ('+', 0, &[], LOOP), // while up there is no haste
        ('-', 1, DOWN, LOOP),
        ('+', 1, &[], Duration::ZERO),
        ('+', 0, &[], Duration::ZERO),
        ('+', 1, UP, LOOP),
    ];
    play(&http(2, 0, true), &rows);
}

#[test]
fn warmup_is_random_but_bounded_and_repeats_with_its_seed() {
    let mut settings = tcp(0, false);
    settings.schedule.warmup = LOOP;
    let due = |seed| Check::new(&settings, Time::ZERO, &mut Random::new(seed)).deadline().unwrap();
    let all: alloc::collections::BTreeSet<Time> = (0..100).map(due).collect();
    assert!(all.len() > 90);
    assert!(all.iter().all(|d| *d >= Time::ZERO + SECOND && *d < Time::ZERO + SECOND + LOOP));
    assert_eq!(due(7), due(7));
}

#[test]
fn a_program_counts_from_its_start() {
    let command = Command { argv: alloc::vec!["/bin/true".to_string()], run_as: None };
    let kind = CheckKind::Misc { command, timeout: LOOP, dynamic: false };
    let settings = CheckSettings { schedule: schedule(0, false), kind };
    let mut check = Check::new(&settings, Time::ZERO, &mut Random::new(1));
    let started = Time::ZERO + SECOND;
    let mut out = Vec::new();
    check.handle(started, Event::Timer, &mut out);
    check.handle(started + Duration::from_secs(4), Event::Finished(&Verdict::PASSED), &mut out);
    assert_eq!(check.deadline(), Some(started + LOOP));
    // One that took longer than its period starts again at once.
    check.handle(started + LOOP, Event::Timer, &mut out);
    let late = started + LOOP + LOOP + SECOND;
    check.handle(late, Event::Finished(&Verdict::PASSED), &mut out);
    assert_eq!(check.deadline(), Some(late));
}

#[test]
fn a_successor_goes_on_where_the_run_was() {
    let settings = tcp(1, false);
    let mut check = Check::new(&settings, Time::ZERO, &mut Random::new(1));
    let mut out = Vec::new();
    let mut now = Time::ZERO + SECOND;
    check.handle(now, Event::Timer, &mut out);
    check.handle(now, Event::Finished(&Verdict::PASSED), &mut out);
    now = now + LOOP;
    check.handle(now, Event::Timer, &mut out);
    check.handle(now, Event::Finished(&Verdict::Failed(Failure::Exit(1))), &mut out);
    now = now + RETRY;
    check.handle(now, Event::Timer, &mut out);
    let mut successor = Check::resume(&settings, check.progress().clone());
    out.clear();
    successor.handle(now + SECOND, Event::Timer, &mut out);
    successor.handle(now + SECOND, Event::Finished(&Verdict::Failed(Failure::Exit(1))), &mut out);
    assert_eq!(out, [Action::Run { page: 0 }, Action::Down { tries: 2 }]);
}

//! Real workers in real network namespaces, beside each other and beside keepalived. `TRACE=1 cargo test -- --nocapture`
//! shows their logs.

use std::fs;
use std::time::{Duration, Instant};

use super::VrrpWorker;
use super::net::{Net, run, unable};
use crate::daemon::turn;
use crate::log::{self, Level};

/// A planned move: nearly nothing, on a quiet machine 3 to 5 ms; far below the skew time of 0.6 s in any case.
const PLANNED: Duration = Duration::from_millis(200);
const VIP: &str = "10.77.0.100";
const SLOW: &str = "version 3\n advert_int 1";
const MIDDLE: &str = "version 3\n advert_int 0.3";
/// Beside the protocol's own bound: scheduling on a busy machine.
const GRACE: Duration = Duration::from_millis(250);

/// The process that `Net::engine` starts; no test.
#[test]
#[ignore = "a worker process, started by the others"]
fn a_worker() {
    if std::env::var_os("TRACE").is_some() {
        log::init("vrrp", Level::Debug);
    }
    turn::drive::<VrrpWorker>(true).unwrap();
}

/// The process that asks an address for echoes; no test.
#[test]
#[ignore = "an observer process, started by the others"]
fn an_observer() {
    if let (Ok(address), Ok(file)) = (std::env::var("ASK"), std::env::var("ANSWERS")) {
        super::net::observe(address.parse().unwrap(), &file);
    }
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn pause(duration: Duration) {
    let end = Instant::now() + duration;
    while let Some(left) = end.checked_duration_since(Instant::now()) {
        std::thread::park_timeout(left);
    }
}

/// It holds now or within a moment.
fn soon(holds: impl Fn() -> bool) {
    let end = Instant::now() + ms(2000);
    while !holds() {
        assert!(Instant::now() < end, "it never held");
        pause(ms(10));
    }
}

/// Version 3, adverts every 100 ms.
fn conf(priority: u8, more: &str) -> String {
    conf_of("version 3\n advert_int 0.1", priority, more)
}

fn conf_of(protocol: &str, priority: u8, more: &str) -> String {
    format!(
        "vrrp_instance read {{
            interface v0
            virtual_router_id 51
            {protocol}
            priority {priority}
            {more}
            virtual_ipaddress {{
                {VIP}/24
            }}
        }}"
    )
}

/// Silence after which a backup with this priority takes over, at 100 ms adverts.
fn down(priority: u32) -> Duration {
    ms(300) + ms(100) * (256 - priority) / 256
}

#[test]
fn the_better_one_is_master_and_the_other_takes_over_when_it_is_killed() {
    if unable(false) {
        return;
    }
    let net = Net::new(2);
    let mut a = net.engine(1, &conf(150, ""));
    let mut b = net.engine(2, &conf(100, ""));
    a.until("BACKUP -> MASTER", ms(2000));
    pause(ms(500));
    assert_eq!((a.state().as_str(), b.state().as_str()), ("MASTER", "BACKUP"));
    assert!(net.has(1, VIP) && !net.has(2, VIP));

    let killed = a.kill();
    let (taken, why) = b.until("BACKUP -> MASTER", ms(2000));
    assert!(taken - killed <= down(100) + GRACE, "{:?}", taken - killed);
    assert!(why.starts_with("10.77.0.1 silent for 0."), "{why}");
    assert!(why.contains("(3 adverts)") && why.contains("announced after"), "{why}");
    eprintln!("takeover after kill -9: {:?}, bound {:?}: {why}", taken - killed, down(100));
    assert!(net.has(2, VIP));

    // What it left is removed when it comes back, and it takes the address again.
    assert!(net.has(1, VIP));
    b.forget();
    let mut a = net.engine(1, &conf(150, ""));
    assert!(!net.has(1, VIP));
    let (_, why) = a.until("BACKUP -> MASTER", ms(2000));
    assert!(why.starts_with("preempts 10.77.0.2: 150 against 100"), "{why}");
    let (_, why) = b.until("MASTER -> BACKUP", ms(2000));
    assert_eq!(why, "10.77.0.1 is master with 150 against 100");
    soon(|| net.has(1, VIP) && !net.has(2, VIP));
}

#[test]
fn a_planned_stop_is_make_before_break() {
    if unable(false) {
        return;
    }
    let net = Net::new(2);
    let mut a = net.engine(1, &conf_of(SLOW, 150, ""));
    let mut b = net.engine(2, &conf_of(SLOW, 100, ""));
    a.until("BACKUP -> MASTER", ms(5000));
    pause(ms(1100));
    let gap = net.longest_gap(VIP, || {
        let asked = Instant::now();
        let stopped = a.stop();
        let (taken, why) = b.until("BACKUP -> MASTER", ms(2000));
        assert!(why.starts_with("10.77.0.1 is leaving"), "{why}");
        let skew = Duration::from_secs(1) * (256 - 100) / 256;
        assert!(taken - asked >= skew - ms(5) && taken - asked <= skew + GRACE);
        assert!(stopped - asked <= skew + GRACE, "{:?}", stopped - asked);
    });
    eprintln!("gap at a planned stop with 1 s adverts: {gap:?}");
    assert!(gap <= PLANNED, "{gap:?}");
    assert!(net.has(2, VIP) && !net.has(1, VIP));
}

#[test]
fn a_successor_goes_on_as_master_without_an_election() {
    if unable(false) {
        return;
    }
    let net = Net::new(2);
    let conf_a = conf_of(MIDDLE, 150, "");
    let mut a = net.engine(1, &conf_a);
    let mut b = net.engine(2, &conf_of(MIDDLE, 100, ""));
    a.until("BACKUP -> MASTER", ms(3000));
    pause(ms(500));
    b.forget();
    let mut life = Some(a);
    let gap = net.longest_gap(VIP, || {
        for _ in 0..3 {
            let next = life.take().unwrap().replace(&net.host(1), &conf_a);
            assert_eq!(life.insert(next).state(), "MASTER");
            pause(ms(400));
        }
    });
    let mut a = life.unwrap();
    let why = a.status()["instances"][0]["why"].as_str().unwrap().to_owned();
    assert!(why.starts_with("taken up again after 0."), "{why}");
    b.take_in();
    assert_eq!(b.records, []);
    eprintln!("longest gap over three kills of the worker: {gap:?}");
    assert!(gap <= PLANNED, "{gap:?}");
}

#[test]
fn an_address_deleted_by_somebody_is_put_back_until_it_is_a_fight() {
    if unable(false) {
        return;
    }
    let net = Net::new(2);
    let mut a = net.engine(1, &conf(150, ""));
    let mut b = net.engine(2, &conf(100, ""));
    a.until("BACKUP -> MASTER", ms(2000));
    for _ in 0..10 {
        a.forget();
        run(&format!("ip -n {} address del {VIP}/24 dev v0", net.host(1)));
        let (_, why) = a.until("put back", ms(2000));
        assert_eq!(why, "10.77.0.100 was deleted by somebody; put back");
        soon(|| net.has(1, VIP));
    }
    assert_eq!(a.status()["repairs"], 10);
    assert_eq!(b.state(), "BACKUP");
    run(&format!("ip -n {} address del {VIP}/24 dev v0", net.host(1)));
    a.until("MASTER -> FAULT", ms(2000));
    b.until("BACKUP -> MASTER", ms(2000));
    soon(|| net.has(2, VIP) && !net.has(1, VIP));

    // And what isn't ours on a backup goes.
    run(&format!("ip -n {} address add {VIP}/24 dev v0", net.host(1)));
    soon(|| !net.has(1, VIP));
}

#[test]
fn scripts_and_links_move_the_address() {
    if unable(false) {
        return;
    }
    let net = Net::new(2);
    let flag = net.file("down");
    let script = format!(
        "vrrp_script ok {{\n script \"/usr/bin/test ! -e {flag}\"\n interval 0.1\n weight -60\n user root\n}}\n"
    );
    let tracking = conf(150, "track_script { ok }\n notify_priority_changes true");
    let mut a = net.engine(1, &(script + &tracking));
    let mut b = net.engine(2, &conf(100, ""));
    a.until("BACKUP -> MASTER", ms(2000));
    pause(ms(100));
    b.forget();
    fs::write(&flag, "").unwrap();
    let (_, why) = b.until("BACKUP -> MASTER", ms(1500));
    assert!(why.starts_with("preempts 10.77.0.1: 100 against 90"), "{why}");
    a.until("MASTER -> BACKUP", ms(2000));
    assert!(a.fifo.contains(&"INSTANCE \"read\" MASTER_PRIORITY 90\n".into()), "{:?}", a.fifo);
    assert!(a.fifo.contains(&"INSTANCE \"read\" BACKUP 90\n".into()), "{:?}", a.fifo);
    let track = &a.status()["instances"][0]["tracks"][0];
    assert_eq!((track["name"].as_str(), track["state"].as_str()), (Some("ok"), Some("failed")));
    fs::remove_file(&flag).unwrap();
    a.forget();
    a.until("BACKUP -> MASTER", ms(1500));

    a.forget();
    b.forget();
    run(&format!("ip -n {} link set v0 down", net.host(1)));
    let (_, why) = a.until("MASTER -> FAULT", ms(2000));
    assert_eq!(why, "interface v0 is down");
    b.until("BACKUP -> MASTER", ms(2000));
    run(&format!("ip -n {} link set v0 up", net.host(1)));
    a.until("FAULT -> BACKUP", ms(2000));
    a.until("BACKUP -> MASTER", ms(1500));
}

#[test]
fn two_masters_after_a_cut_become_one() {
    if unable(false) {
        return;
    }
    let net = Net::new(2);
    let mut a = net.engine(1, &conf(150, ""));
    let mut b = net.engine(2, &conf(100, ""));
    a.until("BACKUP -> MASTER", ms(2000));
    pause(ms(200));
    net.connect(2, false);
    // Its own side of the cable goes down too: a fault, not a second master.
    b.until("BACKUP -> FAULT", ms(2000));
    net.connect(2, true);
    b.until("FAULT -> BACKUP", ms(2000));
    assert_eq!(a.state(), "MASTER");
    // A bridge that keeps them apart is not seen by either.
    net.separate(true);
    b.forget();
    b.until("BACKUP -> MASTER", ms(1500));
    assert_eq!((a.state(), b.state()), ("MASTER".into(), "MASTER".into()));
    b.forget();
    net.separate(false);
    b.until("MASTER -> BACKUP", ms(2000));
    soon(|| net.has(1, VIP) && !net.has(2, VIP));
}

#[test]
fn a_reload_changes_only_what_differs() {
    if unable(false) {
        return;
    }
    let net = Net::new(2);
    let mut a = net.engine(1, &conf(150, ""));
    let mut b = net.engine(2, &conf(100, ""));
    a.until("BACKUP -> MASTER", ms(2000));
    pause(ms(300));
    a.forget();
    b.forget();
    let more = "virtual_ipaddress_excluded { 10.77.0.101/24 }";
    a.reload(&conf(150, more).replace("read", "renamed"));
    soon(|| net.has(1, "10.77.0.101") && net.has(1, VIP));
    a.reload(&conf(120, ""));
    pause(ms(400));
    assert!(!net.has(1, "10.77.0.101") && net.has(1, VIP));
    assert_eq!(a.status()["instances"][0]["priority"], 120);
    a.take_in();
    b.take_in();
    assert_eq!((&a.records, &b.records), (&vec![], &vec![]));
    // Removed: the peer has it before it goes.
    a.reload(&conf(120, "").replace("virtual_router_id 51", "virtual_router_id 52"));
    b.until("BACKUP -> MASTER", ms(2000));
}

/// keepalived (priority 150) and the engine (100) with the same lines.
fn beside_keepalived(protocol: &str, of_engine: &str, of_keepalived: &str, interval: Duration) {
    let net = Net::new(2);
    let k = net.keepalived(1, &conf_of(protocol, 150, of_keepalived));
    let end = Instant::now() + ms(8000);
    while !net.has(1, VIP) {
        assert!(Instant::now() < end, "keepalived is no master");
        pause(ms(50));
    }
    let mut a = net.engine(2, &conf_of(protocol, 100, of_engine));
    pause(interval * 5);
    let counters = a.status()["instances"][0]["counters"].clone();
    assert_eq!((a.state().as_str(), net.has(1, VIP)), ("BACKUP", true), "{counters}");
    assert!(counters["advert_rcvd"].as_u64() >= Some(2), "{counters}");
    for (name, count) in counters.as_object().unwrap() {
        assert!(name == "advert_rcvd" || count == 0, "{counters}");
    }
    k.stop();
    let (_, why) = a.until("BACKUP -> MASTER", interval * 2);
    assert!(why.starts_with("10.77.0.1 is leaving (priority 0)"), "{why}");
    soon(|| net.has(2, VIP) && !net.has(1, VIP));

    // It comes back and is better; then worse.
    a.forget();
    let k = net.keepalived(1, &conf_of(protocol, 150, of_keepalived));
    a.until("MASTER -> BACKUP", interval * 6);
    a.forget();
    a.reload(&conf_of(protocol, 200, of_engine));
    let (_, why) = a.until("BACKUP -> MASTER", interval * 5);
    assert!(why.starts_with("preempts 10.77.0.1: 200 against 150"), "{why}");
    soon(|| net.has(2, VIP) && !net.has(1, VIP));
    // And it takes over from us, before our addresses go.
    let gap = net.longest_gap(VIP, || {
        a.stop();
    });
    assert!(gap <= PLANNED, "{gap:?}");
    assert!(net.has(1, VIP));
    drop(k);
}

#[test]
fn keepalived_version_3() {
    if !unable(true) {
        beside_keepalived("version 3\n advert_int 0.1", "", "", ms(100));
    }
}

#[test]
fn keepalived_version_2_with_a_password() {
    if !unable(true) {
        let protocol =
            "version 2\n advert_int 1\n authentication { auth_type PASS\n auth_pass secret }";
        beside_keepalived(protocol, "", "", ms(1000));
    }
}

#[test]
fn keepalived_unicast() {
    if !unable(true) {
        let ours = "unicast_src_ip 10.77.0.2\n unicast_peer { 10.77.0.1 }";
        let theirs = "unicast_src_ip 10.77.0.1\n unicast_peer { 10.77.0.2 }";
        beside_keepalived("version 3\n advert_int 0.1", ours, theirs, ms(100));
    }
}

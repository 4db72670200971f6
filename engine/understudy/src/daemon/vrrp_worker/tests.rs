//! Real workers in real network namespaces, beside each other and beside keepalived. `TRACE=1 cargo test -- --nocapture`
//! shows their logs.

use std::fs;
use std::time::{Duration, Instant};

use super::VrrpWorker;
use super::net::{Net, PATIENCE, missing, run, unable};
use crate::daemon::scheduling::{Role, Scheduler};
use crate::daemon::turn;
use crate::log::{self, Level};

pub const VIP: &str = "10.77.0.100";
/// What is silent so long that a stall of a busy machine is no reason to take over.
pub const CALM: &str = "version 3\n advert_int 0.5";
/// The same where a successor has to be started in between.
pub const SLOW: &str = "version 3\n advert_int 3";

/// The process that `Net::engine` starts; no test.
#[test]
#[ignore = "a worker process, started by the others"]
fn a_worker() {
    if std::env::var_os("TRACE").is_some() {
        log::init("vrrp", Level::Debug);
    }
    turn::drive::<VrrpWorker>(Scheduler::new(Role::Vrrp, "understudy-vrrp")).unwrap();
}

pub fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub fn pause(duration: Duration) {
    let end = Instant::now() + duration;
    while let Some(left) = end.checked_duration_since(Instant::now()) {
        std::thread::park_timeout(left);
    }
}

/// It holds now or some time later.
pub fn soon(mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "it never held");
        pause(ms(10));
    }
}

pub fn conf(priority: u8, more: &str) -> String {
    conf_of(CALM, priority, more)
}

pub fn conf_of(protocol: &str, priority: u8, more: &str) -> String {
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

#[test]
fn the_better_one_is_master_and_the_other_takes_over_when_it_is_killed() {
    if unable(false) {
        return;
    }
    let net = Net::new(2);
    let mut a = net.engine(1, &conf(150, ""));
    let mut b = net.engine(2, &conf(100, ""));
    a.until("BACKUP -> MASTER");
    pause(ms(500));
    assert_eq!((a.state().as_str(), b.state().as_str()), ("MASTER", "BACKUP"));
    assert!(net.has(1, VIP) && !net.has(2, VIP));

    a.kill();
    let why = b.until("BACKUP -> MASTER");
    assert!(why.starts_with("10.77.0.1 silent for "), "{why}");
    assert!(why.contains(" adverts)") && why.contains("announced after"), "{why}");
    assert!(net.has(2, VIP));

    // What it left is removed when it comes back, and it takes the address again.
    assert!(net.has(1, VIP));
    b.forget();
    let mut a = net.engine(1, &conf(150, ""));
    assert!(!net.has(1, VIP));
    let why = a.until("BACKUP -> MASTER");
    assert!(why.starts_with("preempts 10.77.0.2: 150 against 100"), "{why}");
    let why = b.until("MASTER -> BACKUP");
    assert_eq!(why, "10.77.0.1 is master with 150 against 100");
    soon(|| net.has(1, VIP) && !net.has(2, VIP));
}

#[test]
fn a_planned_stop_is_make_before_break() {
    if unable(false) {
        return;
    }
    let net = Net::new(2);
    let mut a = net.engine(1, &conf_of(SLOW, 255, "state MASTER"));
    let mut b = net.engine(2, &conf_of(SLOW, 100, ""));
    a.until("-> MASTER");
    soon(|| b.status()["instances"][0]["peer"]["address"] == "10.77.0.1");
    a.begin_stop();
    // Whenever the one has it no more, the other was master before.
    while net.has(1, VIP) {}
    assert_eq!((b.state().as_str(), net.has(2, VIP)), ("MASTER", true));
    a.stopped();
    let why = b.until("BACKUP -> MASTER");
    assert!(why.starts_with("10.77.0.1 is leaving"), "{why}");
}

#[test]
fn a_successor_goes_on_as_master_without_an_election() {
    if unable(false) {
        return;
    }
    let net = Net::new(2);
    let conf_a = conf_of(SLOW, 255, "state MASTER");
    let mut a = net.engine(1, &conf_a);
    let mut b = net.engine(2, &conf_of(SLOW, 100, ""));
    a.until("-> MASTER");
    soon(|| net.has(1, VIP));
    let addresses = net.watch_addresses(1);
    for _ in 0..3 {
        // Has taken it in, and so told what a successor needs.
        assert_eq!(a.state(), "MASTER");
        a = a.replace(&net.host(1), &conf_a);
        let why = a.until("-> MASTER");
        assert!(why.starts_with("taken up again after "), "{why}");
    }
    b.take_in();
    assert!(b.records.iter().all(|it| !it.change.contains("MASTER")), "{:?}", b.records);
    assert!(!addresses.seen().contains(VIP), "{}", addresses.seen());
}

#[test]
fn an_address_deleted_by_somebody_is_put_back_until_it_is_a_fight() {
    if unable(false) {
        return;
    }
    let net = Net::new(2);
    let mut a = net.engine(1, &conf(150, ""));
    let mut b = net.engine(2, &conf(100, ""));
    a.until("BACKUP -> MASTER");
    for _ in 0..10 {
        a.forget();
        run(&format!("ip -n {} address del {VIP}/24 dev v0", net.host(1)));
        let why = a.until("put back");
        assert_eq!(why, "10.77.0.100 was deleted by somebody; put back");
        soon(|| net.has(1, VIP));
    }
    assert_eq!(a.status()["repairs"], 10);
    assert_eq!(b.state(), "BACKUP");
    run(&format!("ip -n {} address del {VIP}/24 dev v0", net.host(1)));
    a.until("MASTER -> FAULT");
    b.until("BACKUP -> MASTER");
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
    a.until("BACKUP -> MASTER");
    pause(ms(100));
    b.forget();
    fs::write(&flag, "").unwrap();
    let why = b.until("BACKUP -> MASTER");
    assert!(why.starts_with("preempts 10.77.0.1: 100 against 90"), "{why}");
    a.until("MASTER -> BACKUP");
    assert!(a.fifo.contains(&"INSTANCE \"read\" MASTER_PRIORITY 90\n".into()), "{:?}", a.fifo);
    assert!(a.fifo.contains(&"INSTANCE \"read\" BACKUP 90\n".into()), "{:?}", a.fifo);
    let track = &a.status()["instances"][0]["tracks"][0];
    assert_eq!((track["name"].as_str(), track["state"].as_str()), (Some("ok"), Some("failed")));
    fs::remove_file(&flag).unwrap();
    a.forget();
    a.until("BACKUP -> MASTER");

    a.forget();
    b.forget();
    run(&format!("ip -n {} link set v0 down", net.host(1)));
    let why = a.until("MASTER -> FAULT");
    assert_eq!(why, "interface v0 is down");
    b.until("BACKUP -> MASTER");
    run(&format!("ip -n {} link set v0 up", net.host(1)));
    a.until("FAULT -> BACKUP");
    a.until("BACKUP -> MASTER");
}

#[test]
fn two_masters_after_a_cut_become_one() {
    if unable(false) {
        return;
    }
    let net = Net::new(2);
    let mut a = net.engine(1, &conf(150, ""));
    let mut b = net.engine(2, &conf(100, ""));
    a.until("BACKUP -> MASTER");
    pause(ms(200));
    net.connect(2, false);
    // Its own side of the cable goes down too: a fault, not a second master.
    b.until("BACKUP -> FAULT");
    net.connect(2, true);
    b.until("FAULT -> BACKUP");
    assert_eq!(a.state(), "MASTER");
    // A bridge that keeps them apart is not seen by either.
    net.separate(true);
    b.forget();
    b.until("BACKUP -> MASTER");
    assert_eq!((a.state(), b.state()), ("MASTER".into(), "MASTER".into()));
    b.forget();
    net.separate(false);
    b.until("MASTER -> BACKUP");
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
    a.until("BACKUP -> MASTER");
    pause(ms(300));
    a.forget();
    b.forget();
    let more = "virtual_ipaddress_excluded { 10.77.0.101/24 }";
    a.reload(&conf(150, more).replace("read", "renamed"));
    soon(|| net.has(1, "10.77.0.101") && net.has(1, VIP));
    a.reload(&conf(120, ""));
    soon(|| !net.has(1, "10.77.0.101"));
    assert!(net.has(1, VIP));
    assert_eq!(a.status()["instances"][0]["priority"], 120);
    a.take_in();
    b.take_in();
    assert_eq!((&a.records, &b.records), (&vec![], &vec![]));
    // Removed: the peer has it before it goes.
    a.reload(&conf(120, "").replace("virtual_router_id 51", "virtual_router_id 52"));
    b.until("BACKUP -> MASTER");
}

/// keepalived (priority 150) and the engine (100) with the same lines.
fn beside_keepalived(protocol: &str, of_engine: &str, of_keepalived: &str) {
    let net = Net::new(2);
    let k = net.keepalived(1, &conf_of(protocol, 150, of_keepalived));
    soon(|| net.has(1, VIP));
    let mut a = net.engine(2, &conf_of(protocol, 100, of_engine));
    soon(|| a.status()["instances"][0]["counters"]["advert_rcvd"].as_u64() >= Some(3));
    let counters = a.status()["instances"][0]["counters"].clone();
    assert_eq!((a.state().as_str(), net.has(1, VIP)), ("BACKUP", true), "{counters}");
    for (name, count) in counters.as_object().unwrap() {
        assert!(name == "advert_rcvd" || count == 0, "{counters}");
    }
    k.stop();
    let why = a.until("BACKUP -> MASTER");
    assert!(why.starts_with("10.77.0.1 is leaving (priority 0)"), "{why}");
    soon(|| net.has(2, VIP) && !net.has(1, VIP));

    // It comes back and is better; then worse.
    a.forget();
    let k = net.keepalived(1, &conf_of(protocol, 150, of_keepalived));
    a.until("MASTER -> BACKUP");
    a.forget();
    a.reload(&conf_of(protocol, 200, of_engine));
    let why = a.until("BACKUP -> MASTER");
    assert!(why.starts_with("preempts 10.77.0.1: 200 against 150"), "{why}");
    soon(|| net.has(2, VIP) && !net.has(1, VIP));
    // And it takes over from us.
    a.begin_stop();
    soon(|| net.has(1, VIP));
    a.stopped();
    assert!(!net.has(2, VIP));
    drop(k);
}

#[test]
fn keepalived_version_3() {
    if !unable(true) {
        beside_keepalived(CALM, "", "");
    }
}

#[test]
fn keepalived_version_2_with_a_password() {
    if !unable(true) {
        let protocol =
            "version 2\n advert_int 1\n authentication { auth_type PASS\n auth_pass secret }";
        beside_keepalived(protocol, "", "");
    }
}

#[test]
fn keepalived_unicast() {
    if !unable(true) {
        let ours = "unicast_src_ip 10.77.0.2\n unicast_peer { 10.77.0.1 }";
        let theirs = "unicast_src_ip 10.77.0.1\n unicast_peer { 10.77.0.2 }";
        beside_keepalived(CALM, ours, theirs);
    }
}

#[test]
fn keepalived_with_authentication_headers() {
    if !unable(true) {
        let protocol =
            "version 2\n advert_int 1\n authentication { auth_type AH\n auth_pass secret }";
        beside_keepalived(protocol, "", "");
    }
}

#[test]
fn keepalived_strict() {
    if !unable(true) {
        beside_keepalived("version 3\n advert_int 0.5\n strict_mode", "", "");
    }
}

/// The table as `nft` shows it.
fn table(net: &Net, host: usize, family: &str) -> String {
    net.inside(host, &format!("nft list table {family} keepalived"))
}

#[test]
fn an_address_that_does_not_accept_drops_packets_as_with_keepalived() {
    if unable(true) || missing("nft") {
        return;
    }
    let net = Net::new(2);
    let more =
        "no_accept\n virtual_ipaddress_excluded { 10.77.0.101/24\n fd77::1/64\n fe80::77/64 }";
    let k = net.keepalived(1, &conf(150, more));
    soon(|| table(&net, 1, "ip").contains(VIP));
    let theirs = table(&net, 1, "ip");
    k.stop();
    // What somebody has left under this name goes.
    net.inside(2, "nft add table ip keepalived");
    net.inside(2, "nft add set ip keepalived vips { type ipv4_addr; }");
    net.inside(2, "nft add table ip6 keepalived");
    let mut a = net.engine(2, &conf(150, more));
    assert_eq!(table(&net, 2, "ip") + &table(&net, 2, "ip6"), "");
    a.until("BACKUP -> MASTER");
    soon(|| net.has(2, VIP));
    assert_eq!(table(&net, 2, "ip"), theirs);
    let v6 = table(&net, 2, "ip6");
    for part in [
        "elements = { fd77::1 }",
        "icmpv6 type nd-neighbor-solicit accept",
        "icmpv6 type nd-neighbor-advert accept",
        "iifname \"v0\" ip6 daddr fe80::77 drop",
        "oifname \"v0\" ip6 saddr fe80::77 drop",
        "ip6 saddr @vips drop",
    ] {
        assert!(v6.contains(part), "no {part} in {v6}");
    }
    soon(|| net.answers("10.77.0.2"));
    assert!(!net.answers(VIP) && !net.answers("10.77.0.101"));

    // A successor replaces it, and it stays as it was.
    let mut a = a.replace(&net.host(2), &conf(150, more));
    a.until("-> MASTER");
    assert_eq!(table(&net, 2, "ip"), theirs);
    a.reload(&conf(150, ""));
    soon(|| table(&net, 2, "ip").is_empty() && table(&net, 2, "ip6").is_empty());
    soon(|| net.answers(VIP));
    a.reload(
        &("global_defs { nftables other\n nftables_counters }\n".to_owned()
            + &conf(150, "no_accept")),
    );
    let other = || net.inside(2, "nft list table ip other");
    soon(|| other().contains("ip daddr @vips counter packets"));
    assert!(!net.answers(VIP));
    a.begin_stop();
    a.stopped();
    assert_eq!(other(), "");
}

#[test]
fn the_address_of_a_backup_survives_the_first_of_its_network() {
    if unable(true) {
        return;
    }
    let net = Net::new(2);
    net.separate(true);
    let conf = conf(150, "promote_secondaries");
    let promoting =
        |host| net.inside(host, "cat /proc/sys/net/ipv4/conf/v0/promote_secondaries") == "1\n";
    let k = net.keepalived(1, &conf);
    let mut a = net.engine(2, &conf);
    a.until("BACKUP -> MASTER");
    soon(|| net.has(1, VIP) && net.has(2, VIP));
    assert!(promoting(1) && promoting(2));
    // Without it the VIP would go with the address, and be put back.
    run(&format!("ip -n {} address add 10.99.0.2/24 dev v0", net.host(2)));
    let addresses = net.watch_addresses(2);
    run(&format!("ip -n {} address del 10.77.0.2/24 dev v0", net.host(2)));
    let gone = |address: &str| {
        addresses.seen().lines().any(|it| it.starts_with("Deleted") && it.contains(address))
    };
    soon(|| gone("10.77.0.2/"));
    assert!(!gone(VIP) && net.has(2, VIP), "{}", addresses.seen());
    assert_eq!((a.state().as_str(), a.status()["repairs"].as_u64()), ("MASTER", Some(0)));
    a.reload(&conf.replace("promote_secondaries", ""));
    soon(|| !promoting(2));
    a.begin_stop();
    a.stopped();
    k.stop();
    assert!(!promoting(1));
}

#[test]
fn kernel_settings_are_put_back_at_a_stop_also_by_a_later_life() {
    if unable(false) {
        return;
    }
    let net = Net::new(1);
    let setting = || net.inside(1, "cat /proc/sys/net/ipv4/igmp_link_local_mcast_reports");
    let conf = "global_defs { disable_local_igmp }\n".to_owned() + &conf(150, "");
    assert_eq!(setting(), "1\n");
    let mut a = net.engine(1, &conf);
    a.until("BACKUP -> MASTER");
    assert_eq!(setting(), "0\n");
    assert_eq!(a.state(), "MASTER");
    let mut a = a.replace(&net.host(1), &conf);
    a.until("-> MASTER");
    assert_eq!(setting(), "0\n");
    a.begin_stop();
    a.stopped();
    assert_eq!(setting(), "1\n");
}

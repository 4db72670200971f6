//! Sessions with FRR, with keepalived and with ourselves, in network namespaces.

use serde_json::Value;

use super::super::frr::{Frr, no_frr};
use super::super::net::{Engine, Net, run, unable};
use super::super::tests::{VIP, conf, soon};

/// A session with 10.77.0.2.
fn session(neighbour: &str, more: &str) -> String {
    format!(
        "bfd_instance peer {{\n neighbor_ip {neighbour}\n min_rx 150\n min_tx 100\n multiplier 4\n {more}\n}}\n"
    )
}

fn peer_of_frr(peer: &str, local: &str) -> String {
    format!(
        "bfd\n peer {peer} local-address {local}\n  detect-multiplier 3\n  receive-interval 120\n  transmit-interval 200\n  no shutdown\n !\n!\n"
    )
}

fn status(engine: &mut Engine) -> Value {
    engine.status()["bfd"][0].clone()
}

fn of_frr(frr: &Frr) -> Value {
    frr.show("show bfd peers json")[0].clone()
}

/// Up, with intervals that both agree on.
fn negotiated_with_frr(net: &Net, ours: &str, theirs: &str, more: &str) {
    let frr = Frr::start(net, 2, "bfdd", &peer_of_frr(ours, theirs));
    let conf = session(theirs, more) + &conf(150, "track_bfd { peer weight 30 }");
    let mut engine = net.engine(1, &conf);
    let why = engine.until("BFD session up");
    assert_eq!(why, format!("neighbour {theirs} answers"));
    // They take one in 120 ms, and send one in 200 ms, three of which may be missing.
    soon(|| {
        let status = status(&mut engine);
        status["interval_us"] == 120_000 && status["detection_us"] == 600_000
    });
    assert_eq!(engine.status()["instances"][0]["priority"], 180);
    soon(|| {
        let it = of_frr(&frr);
        it["status"] == "up"
            && it["remote-transmit-interval"] == 100
            && it["remote-receive-interval"] == 150
            && it["remote-detect-multiplier"] == 4
    });
    let it = of_frr(&frr);
    let status = status(&mut engine);
    assert_eq!(
        (&it["id"], &it["remote-id"]),
        (&status["remote_discriminator"], &status["discriminator"])
    );

    // Its operator takes it down, and up again.
    engine.forget();
    let peer = format!("peer {ours} local-address {theirs}");
    frr.tell(&["configure terminal", "bfd", &peer, "shutdown"]);
    let why = engine.until("BFD session down");
    assert_eq!(why, format!("neighbour {theirs} is administratively down"));
    soon(|| engine.status()["instances"][0]["priority"] == 150);
    engine.forget();
    frr.tell(&["configure terminal", "bfd", &peer, "no shutdown"]);
    engine.until("BFD session up");

    // It falls silent.
    engine.forget();
    frr.kill();
    let why = engine.until("BFD session down");
    assert!(why.starts_with(&format!("neighbour {theirs} silent for ")), "{why}");
    assert!(why.ends_with("(control detection time expired)"), "{why}");
    soon(|| engine.status()["instances"][0]["priority"] == 150);

    // It comes back, and we say farewell.
    engine.forget();
    let frr = Frr::start(net, 2, "bfdd", &peer_of_frr(ours, theirs));
    engine.until("BFD session up");
    soon(|| of_frr(&frr)["status"] == "up");
    engine.begin_stop();
    engine.stopped();
    soon(|| of_frr(&frr)["remote-diagnostic"] == "administratively down");
}

#[test]
fn frr_over_ipv4() {
    if unable(false) || no_frr("bfdd") {
        return;
    }
    negotiated_with_frr(&Net::new(2), "10.77.0.1", "10.77.0.2", "");
}

#[test]
fn frr_over_ipv6() {
    if unable(false) || no_frr("bfdd") {
        return;
    }
    let net = Net::new(2);
    for host in 1..=2 {
        let own = net.host(host);
        run(&format!("ip -n {own} address add fd77::{host}/64 dev v0 nodad"));
    }
    negotiated_with_frr(&net, "fd77::1", "fd77::2", "source_ip fd77::1\n hoplimit 255");
}

#[test]
fn keepalived_in_both_families() {
    if unable(true) {
        return;
    }
    let net = Net::new(2);
    for host in 1..=2 {
        let own = net.host(host);
        run(&format!("ip -n {own} address add fd77::{host}/64 dev v0 nodad"));
    }
    for (ours, theirs) in [("10.77.0.1", "10.77.0.2"), ("fd77::1", "fd77::2")] {
        let track = "track_bfd { peer }";
        // It must not be the better one, or it takes the address from us.
        let of_keepalived = session(ours, "") + &conf(50, track);
        let mut engine = net.engine(1, &(session(theirs, "") + &conf(150, track)));
        engine.until("INIT -> FAULT");
        let k = net.keepalived(2, &of_keepalived);
        engine.until("BFD session up");
        engine.until("BACKUP -> MASTER");
        soon(|| {
            let it = status(&mut engine);
            it["interval_us"] == 150_000 && it["detection_us"] == 600_000
        });
        engine.forget();
        k.stop();
        let why = engine.until("MASTER -> FAULT");
        assert!(why.starts_with(&format!("tracked bfd peer: neighbour {theirs} ")), "{why}");
        engine.begin_stop();
        engine.stopped();
    }
}

#[test]
fn keepalived_takes_our_silence_for_a_fault() {
    if unable(true) {
        return;
    }
    let net = Net::new(2);
    let k = net.keepalived(2, &(session("10.77.0.1", "") + &conf(150, "track_bfd { peer }")));
    let mut engine = net.engine(1, &session("10.77.0.2", ""));
    engine.until("BFD session up");
    soon(|| net.has(2, VIP));
    engine.kill();
    soon(|| !net.has(2, VIP));
    drop(k);
}

#[test]
fn a_successor_goes_on_and_the_neighbour_notices_nothing() {
    if unable(false) {
        return;
    }
    let net = Net::new(2);
    // A successor has to be started in between.
    let slow = |neighbour| session(neighbour, "").replace("multiplier 4", "multiplier 50");
    let track = conf(150, "track_bfd { peer }");
    let of_a = slow("10.77.0.2") + &track;
    let mut a = net.engine(1, &of_a);
    let mut b = net.engine(2, &slow("10.77.0.1"));
    a.until("BFD session up");
    b.until("BFD session up");
    a.until("BACKUP -> MASTER");
    let before = status(&mut a);
    b.forget();
    a = a.replace(&net.host(1), &of_a);
    a.until("-> MASTER");
    let after = status(&mut a);
    assert_eq!(before["discriminator"], after["discriminator"]);
    assert_eq!((&after["state"], after["counters"]["ups"].as_u64()), (&"up".into(), Some(0)));
    soon(|| status(&mut a)["counters"]["received"].as_u64() > Some(10));
    b.take_in();
    assert!(b.records.is_empty() && a.records.len() == 1, "{:?} {:?}", a.records, b.records);
    assert_eq!(status(&mut b)["state"], "up");
}

#[test]
fn a_reload_changes_intervals_and_closes_what_is_gone() {
    if unable(false) {
        return;
    }
    let net = Net::new(2);
    let mut a = net.engine(1, &session("10.77.0.2", ""));
    let mut b = net.engine(2, &session("10.77.0.1", "passive"));
    a.until("BFD session up");
    b.until("BFD session up");
    b.forget();
    a.reload(&session("10.77.0.2", "ttl 255").replace("min_tx 100", "min_tx 200"));
    soon(|| status(&mut b)["detection_us"] == 800_000);
    assert_eq!(status(&mut b)["state"], "up");
    // Packets with a lower TTL are not taken.
    a.reload(&session("10.77.0.2", "ttl 200"));
    let why = b.until("BFD session down");
    assert!(why.contains(" silent for "), "{why}");
    assert!(status(&mut b)["counters"]["dropped"].as_u64() > Some(0));
    a.reload(&session("10.77.0.2", ""));
    b.until("BFD session up");
    b.forget();
    a.until("BFD session up");
    a.reload(&session("10.77.0.3", ""));
    let why = b.until("BFD session down");
    assert_eq!(why, "neighbour 10.77.0.1 is administratively down");
}

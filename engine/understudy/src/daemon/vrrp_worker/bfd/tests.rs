//! Sessions with FRR, with keepalived and with ourselves, in network namespaces.

use serde_json::Value;

use super::super::frr::{Frr, no_frr};
use super::super::net::{Engine, Net, run, unable};
use super::super::tests::{VIP, conf, ms, pause, soon};

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
    assert_eq!(why, format!("neighbour {theirs} is administratively down, which is no failure"));
    assert_eq!(engine.status()["instances"][0]["priority"], 180);
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

/// Host 2 is 10.78.0.2, behind the router that host 3 is.
fn behind_a_router() -> Net {
    let net = Net::new(3);
    let words = [
        "1 route add 10.78.0.2 via 10.77.0.3",
        "2 address add 10.78.0.2/32 dev lo",
        "2 route add 10.77.0.1 via 10.77.0.3",
        "3 route add 10.78.0.2 via 10.77.0.2",
    ];
    for words in words {
        let (host, command) = words.split_once(' ').unwrap();
        run(&format!("ip -n {} {command}", net.host(host.parse().unwrap())));
    }
    let settings = "ip_forward=1 conf.all.send_redirects=0 conf.v0.send_redirects=0";
    for setting in settings.split(' ') {
        net.inside(3, &format!("sysctl -qw net.ipv4.{setting}"));
    }
    net
}

#[test]
fn frr_and_keepalived_behind_a_router() {
    if unable(true) || no_frr("bfdd") {
        return;
    }
    let net = behind_a_router();
    let conf = session("10.78.0.2", "multihop\n source_ip 10.77.0.1");
    let mut engine = net.engine(1, &conf);
    let peer = "10.77.0.1 multihop local-address 10.78.0.2";
    let frr = format!("bfd\n peer {peer}\n  minimum-ttl 254\n  no shutdown\n !\n!\n");
    let frr = Frr::start(&net, 2, "bfdd", &frr);
    // Without `max_hops` it must come from the next host.
    soon(|| status(&mut engine)["counters"]["dropped"].as_u64() > Some(2));
    assert_eq!(status(&mut engine)["state"], "down");
    engine.reload(&conf.replace("multihop", "multihop\n max_hops 1"));
    engine.until("BFD session up");
    soon(|| of_frr(&frr)["status"] == "up");
    frr.kill();
    engine.until("BFD session down");

    // keepalived 2.2.7 does not know `multihop`; its port is the usual one.
    engine.forget();
    engine.reload(&conf.replace("multihop", "max_hops 1"));
    let more = "max_hops 1\n source_ip 10.78.0.2";
    let k = net.keepalived(2, &(session("10.77.0.1", more) + &super::super::tests::conf(50, "")));
    engine.until("BFD session up");
    drop(k);
}

#[test]
fn the_check_worker_is_told_and_may_ask() {
    if unable(false) {
        return;
    }
    let net = Net::new(2);
    let mut a = net.engine(1, &session("10.77.0.2", ""));
    let told = |engine: &mut Engine| {
        engine.take_in();
        std::mem::take(&mut engine.peers).into_iter().map(|it| it["bfd"][0].clone())
    };
    // Not up yet, and never was.
    let first: Vec<Value> = told(&mut a).collect();
    assert_eq!((&first[0]["session"], &first[0]["up"]), (&"peer".into(), &Value::Null));
    let b = net.engine(2, &session("10.77.0.1", ""));
    a.until("BFD session up");
    soon(|| told(&mut a).any(|it| it["up"] == true));
    b.kill();
    a.until("BFD session down");
    soon(|| told(&mut a).any(|it| it["up"] == false));
    a.say_as_peer(&serde_json::json!({ super::ASK: true }));
    soon(|| told(&mut a).any(|it| it["up"] == false));
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
        net.separate(true);
        let why = engine.until("MASTER -> FAULT");
        assert!(why.starts_with(&format!("tracked bfd peer: neighbour {theirs} silent ")), "{why}");
        net.separate(false);
        engine.forget();
        engine.until("FAULT -> BACKUP");
        // It leaves without a word.
        k.stop();
        engine.until("-> FAULT");
        engine.begin_stop();
        engine.stopped();
    }
}

#[test]
fn weights_move_priorities_as_with_keepalived() {
    if unable(true) {
        return;
    }
    let tracks = ["weight 20", "weight -20", "weight 20 reverse", "weight -20 reverse"];
    let instances = |priority: u8, tracked: bool| -> String {
        let instance = |(number, track): (usize, &&str)| {
            let track =
                if tracked { format!("track_bfd {{ peer {track} }}") } else { String::new() };
            let vip = format!("virtual_ipaddress {{ 10.77.1.{number}/24 }}");
            format!(
                "vrrp_instance V{number} {{\n interface v0\n virtual_router_id {}\n version 3\n advert_int 0.5\n priority {priority}\n {track}\n {vip}\n}}\n",
                60 + number
            )
        };
        tracks.iter().enumerate().map(instance).collect()
    };
    // Host 1 listens to the adverts of host 2, which has a session with host 3.
    let net = Net::new(3);
    let speaker = session("10.77.0.3", "") + &instances(150, true);
    let mut listener = net.engine(1, &instances(10, false));
    let mut moves = || {
        let heard = |engine: &mut Engine| -> Vec<u64> {
            let all = engine.status()["instances"].as_array().unwrap().clone();
            all.iter().map(|it| it["peer"]["priority"].as_u64().unwrap_or(0)).collect()
        };
        let (up, down) = ([170, 150, 130, 150], [150, 130, 150, 170]);
        let mut neighbour = net.engine(3, &session("10.77.0.2", ""));
        neighbour.until("BFD session up");
        soon(|| heard(&mut listener) == up);
        // What an operator has ended is no failure, silence is one.
        neighbour.begin_stop();
        neighbour.stopped();
        pause(ms(1500));
        assert_eq!(heard(&mut listener), up);
        let mut neighbour = net.engine(3, &session("10.77.0.2", ""));
        neighbour.until("BFD session up");
        neighbour.kill();
        soon(|| heard(&mut listener) == down);
    };
    let k = net.keepalived(2, &speaker);
    moves();
    k.stop();
    let _ours = net.engine(2, &speaker);
    moves();
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
    assert_eq!(why, "neighbour 10.77.0.1 is administratively down, which is no failure");
}

//! BFD sessions within a host: who gets which packet, what a session's state means for instances, and what a successor
//! and a reload make of them.

use std::net::IpAddr;
use std::time::Duration;

use understudy_core::bfd::news::News;
use understudy_core::bfd::packet::{self, Packet, State};
use understudy_core::node::check::{self, CheckNode};
use understudy_core::node::settings::VrrpSettings;
use understudy_core::node::vrrp::{
    Action, BfdDatagram, BfdPacket, Event, LinkState, Snapshot, VrrpNode,
};
use understudy_core::time::Time;

fn settings(conf: &str) -> VrrpSettings {
    crate::settings(conf).vrrp
}

const OURS: &str = "10.0.0.1";
const THEIRS: &str = "10.0.0.2";

fn gw(more: &str) -> String {
    format!("bfd_instance gw {{\n neighbor_ip {THEIRS}\n min_rx 50\n min_tx 50\n {more}\n}}\n")
}

fn instance(track: &str) -> String {
    format!(
        "vrrp_instance A {{\n interface eth0\n virtual_router_id 1\n version 3\n advert_int 0.1\n priority 100\n
         unicast_src_ip {OURS}\n unicast_peer {{ {THEIRS} }}\n virtual_ipaddress {{ 10.0.0.100 }}\n {track}\n}}\n"
    )
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// One host, and a neighbour that does what the test says.
struct Host {
    node: VrrpNode,
    now: Time,
    /// Packets that it sent.
    sent: Vec<BfdPacket>,
    /// What the journal has.
    told: Vec<String>,
    changed: bool,
    /// What checks were told.
    news: Vec<News>,
}

impl Host {
    fn start(conf: &str) -> Self {
        let mut out = Vec::new();
        let now = Time::ZERO + ms(1000);
        let links = vec![LinkState { name: "eth0".into(), up: true }];
        let snapshot = Snapshot { links, seed: 5, ..Snapshot::default() };
        let node = VrrpNode::start(settings(conf), None, &snapshot, now, &mut out);
        let mut host = Self { node, now, sent: vec![], told: vec![], changed: false, news: vec![] };
        host.take(out);
        host
    }

    fn take(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::SendBfd(packet) => self.sent.push(packet),
                Action::Record(entry) => {
                    self.told.push(format!("{}: {}: {}", entry.subject, entry.change, entry.why()));
                }
                Action::Changed => self.changed = true,
                Action::TellChecks(news) => self.news.push(news),
                _ => {}
            }
        }
    }

    fn feed(&mut self, event: Event<'_>) {
        let mut out = Vec::new();
        self.node.handle(self.now, event, &mut out);
        self.take(out);
    }

    /// Lets time pass.
    fn pass(&mut self, duration: Duration) {
        let end = self.now + duration;
        while let Some(next) = self.node.deadline().filter(|at| *at <= end) {
            self.now = self.now.max(next);
            self.feed(Event::Timer);
        }
        self.now = end;
    }

    fn discriminator(&self, name: &str) -> u32 {
        let mut all = self.node.bfd_sessions();
        all.find(|it| it.settings().name == name).unwrap().discriminator()
    }

    fn arrives(&mut self, state: State, change: impl Fn(&mut Packet, &mut BfdDatagram<'_>)) {
        let mut packet = Packet {
            diagnostic: packet::Diagnostic::NONE,
            state,
            poll: false,
            is_final: false,
            demand: false,
            multiplier: 3,
            mine: 77,
            yours: self.discriminator("gw"),
            min_tx: ms(50),
            min_rx: ms(50),
        };
        let mut datagram =
            BfdDatagram { from: ip(THEIRS), to: ip(OURS), ttl: 255, multihop: false, bytes: &[] };
        change(&mut packet, &mut datagram);
        let bytes = packet.encode();
        self.feed(Event::Bfd(BfdDatagram { bytes: &bytes, ..datagram }));
    }

    fn says(&mut self, state: State) {
        self.arrives(state, |_, _| {});
    }

    fn state(&self) -> String {
        self.node.slots()[0].instance.state().to_string()
    }

    fn session(&self) -> String {
        self.node.bfd_status(self.now)[0].state.clone()
    }

    fn last(&self) -> Packet {
        packet::decode(&self.sent.last().unwrap().bytes).unwrap()
    }
}

#[test]
fn a_session_that_goes_down_is_a_fault_in_the_same_turn() {
    let mut host = Host::start(&(gw("") + &instance("track_bfd { gw }")));
    assert_eq!(host.state(), "FAULT");
    assert_eq!(host.told, ["A: INIT -> FAULT: tracked bfd gw: neighbour 10.0.0.2 was never heard"]);
    host.says(State::Init);
    assert_eq!((host.session().as_str(), host.state().as_str()), ("up", "BACKUP"));
    assert_eq!(host.told[1], "gw: BFD session up: neighbour 10.0.0.2 answers");
    for _ in 0..20 {
        host.pass(ms(40));
        host.says(State::Up);
    }
    assert_eq!(host.state(), "MASTER");
    host.told.clear();
    host.pass(ms(149));
    assert_eq!(host.told, Vec::<String>::new());
    host.pass(ms(1));
    let why = "neighbour 10.0.0.2 silent for 0.15 s (control detection time expired)";
    assert_eq!(
        host.told,
        [
            format!("gw: BFD session down: {why}"),
            format!("A: MASTER -> FAULT: tracked bfd gw: {why}")
        ]
    );
    // Not when its operator ends it.
    host.says(State::Init);
    host.told.clear();
    host.says(State::AdminDown);
    let why = "neighbour 10.0.0.2 is administratively down, which is no failure";
    assert_eq!(host.told, [format!("gw: BFD session down: {why}")]);
    assert_eq!(host.state(), "BACKUP");
    // But when the neighbour says that something failed.
    host.says(State::Down);
    host.says(State::Init);
    host.told.clear();
    host.arrives(State::Down, |packet, _| packet.diagnostic = packet::Diagnostic::EXPIRED);
    let why = "neighbour 10.0.0.2 signals down (control detection time expired)";
    assert_eq!(host.told[1], format!("A: BACKUP -> FAULT: tracked bfd gw: {why}"));
}

#[test]
fn a_weight_moves_the_priority_and_reverse_turns_it_round() {
    for (track, down, up) in [
        ("gw weight 20", 100, 120),
        ("gw weight -20", 80, 100),
        ("gw weight -20 reverse", 120, 100),
        ("gw", 90, 100),
    ] {
        let conf = gw("weight -10") + &instance(&format!("track_bfd {{ {track} }}"));
        let mut host = Host::start(&conf);
        let priority = |host: &Host| host.node.slots()[0].instance.priority();
        assert_eq!(priority(&host), down, "{track}");
        host.says(State::Init);
        assert_eq!(priority(&host), up, "{track}");
        host.pass(ms(1000));
        assert_eq!(priority(&host), down, "{track}");
        let track = &host.node.status(host.now)[0].tracks[0];
        assert_eq!((track.kind, track.state), ("bfd", "failed"));
    }
}

#[test]
fn only_packets_of_the_neighbour_that_came_the_right_way_count() {
    let conf = gw(&format!("source_ip {OURS}"));
    let up = |change: &dyn Fn(&mut Packet, &mut BfdDatagram<'_>)| {
        let mut host = Host::start(&conf);
        host.arrives(State::Init, change);
        let status = host.node.bfd_status(host.now).remove(0);
        (status.state == "up", status.counters.dropped)
    };
    assert_eq!(up(&|_, _| {}), (true, 0));
    assert_eq!(up(&|_, it| it.from = ip("10.0.0.3")), (false, 0));
    assert_eq!(up(&|_, it| it.to = ip("10.0.0.9")), (false, 0));
    assert_eq!(up(&|_, it| it.multihop = true), (false, 0));
    assert_eq!(up(&|_, it| it.ttl = 254), (false, 1));
    assert_eq!(up(&|packet, _| packet.yours ^= 1), (false, 1));
    assert_eq!(up(&|packet, _| packet.multiplier = 0), (false, 1));
    // A TTL that is given is what both send.
    for (more, ttl, good) in [
        ("ttl 64", 64, true),
        ("ttl 64", 63, false),
        ("max_hops 2", 253, true),
        ("max_hops 2", 252, false),
        ("max_hops -1", 1, true),
    ] {
        let mut host = Host::start(&gw(more));
        host.arrives(State::Init, |_, it| it.ttl = ttl);
        assert_eq!(host.session() == "up", good, "{more}, {ttl}");
    }
}

#[test]
fn two_sessions_with_one_neighbour_are_told_apart() {
    let other = format!(
        "bfd_instance own {{\n source_ip {OURS}\n neighbor_ip {THEIRS}\n}}
         bfd_instance far {{\n neighbor_ip {THEIRS}\n multihop\n}}\n"
    );
    let mut host = Host::start(&(gw("") + &other));
    let states = |host: &Host| -> Vec<String> {
        host.node.bfd_status(host.now).into_iter().map(|it| it.state).collect()
    };
    // Without a discriminator the one with that very address.
    host.arrives(State::Down, |packet, _| packet.yours = 0);
    assert_eq!(states(&host), ["down", "init", "down"]);
    host.arrives(State::Down, |packet, it| {
        packet.yours = 0;
        it.to = ip("10.0.0.9");
    });
    assert_eq!(states(&host), ["init", "init", "down"]);
    host.arrives(State::Down, |packet, it| {
        packet.yours = 0;
        it.multihop = true;
    });
    assert_eq!(states(&host), ["init", "init", "init"]);
    host.says(State::Init);
    assert_eq!(states(&host), ["up", "init", "init"]);
    let own: Vec<u32> = host.node.bfd_sessions().map(|it| it.discriminator()).collect();
    assert!(own[0] != own[1] && own[1] != own[2] && own[0] != own[2]);
}

#[test]
fn a_successor_goes_on_up_without_a_flap() {
    let conf = gw("") + &instance("track_bfd { gw }");
    let mut host = Host::start(&conf);
    host.says(State::Init);
    host.arrives(State::Up, |packet, _| packet.is_final = true);
    host.pass(ms(100));
    let discriminator = host.discriminator("gw");
    let handover = host.node.handover(host.now);
    // It is renewed while the session is up, also without a master.
    assert!(host.node.handover_interval().is_some());
    let snapshot = Snapshot {
        links: vec![LinkState { name: "eth0".into(), up: true }],
        seed: 6,
        ..Snapshot::default()
    };
    let again = |at: Time| {
        let mut out = Vec::new();
        let node = VrrpNode::start(settings(&conf), Some(&handover), &snapshot, at, &mut out);
        let mut host =
            Host { node, now: at, sent: vec![], told: vec![], changed: false, news: vec![] };
        host.take(out);
        host
    };
    let mut next = again(host.now + ms(300));
    assert_eq!((next.discriminator("gw"), next.session()), (discriminator, "up".into()));
    assert_eq!(next.state(), "BACKUP");
    next.pass(ms(1));
    assert_eq!((next.last().state, next.last().yours), (State::Up, 77));
    next.says(State::Up);
    next.pass(ms(149));
    assert_eq!(next.session(), "up");
    next.pass(ms(1));
    assert_eq!((next.session().as_str(), next.state().as_str()), ("down", "FAULT"));
    // What is long past is no reason to be up.
    let late = again(host.now + ms(10_000));
    assert_eq!((late.session().as_str(), late.state().as_str()), ("down", "FAULT"));
}

#[test]
fn a_reload_keeps_what_has_the_same_ends_and_closes_the_others() {
    let mut host = Host::start(&gw(""));
    host.says(State::Init);
    host.arrives(State::Up, |packet, _| packet.is_final = true);
    let discriminator = host.discriminator("gw");
    let reload = |host: &mut Host, conf: &str| {
        let mut out = Vec::new();
        host.node.reload(settings(conf), &Default::default(), host.now, &mut out);
        host.take(out);
    };
    reload(
        &mut host,
        &gw("multiplier 7\n min_tx 70").replace("bfd_instance gw", "bfd_instance other"),
    );
    assert_eq!((host.discriminator("other"), host.session()), (discriminator, "up".into()));
    host.pass(ms(60));
    let told = host.last();
    assert_eq!((told.poll, told.multiplier, told.min_tx), (true, 7, ms(70)));
    host.told.clear();
    reload(&mut host, "bfd_instance new { neighbor_ip 10.0.0.3 }");
    assert_eq!(
        (host.last().state, host.last().diagnostic),
        (State::AdminDown, packet::Diagnostic(7))
    );
    assert_eq!(host.told, ["other: BFD session admin down: removed from the configuration"]);
    assert_eq!(host.node.bfd_sessions().count(), 1);
}

#[test]
fn a_stop_says_farewell_when_all_is_given_up() {
    let mut host = Host::start(&(gw("") + &instance("")));
    host.says(State::Init);
    host.pass(ms(10));
    host.sent.clear();
    host.feed(Event::Stop);
    assert_eq!(
        (host.last().state, host.last().diagnostic),
        (State::AdminDown, packet::Diagnostic(7))
    );
    host.pass(ms(5000));
    assert_eq!(host.sent.len(), 1);
}

fn news(session: &str, up: Option<bool>) -> News {
    News { session: session.into(), up, why: "as the test says".into() }
}

#[test]
fn checks_are_told_of_sessions_that_are_for_them() {
    let mut host = Host::start(&(gw("") + &gw("vrrp\n multihop").replace(" gw ", " other ")));
    let told: Vec<_> = host.node.bfd_news().into_iter().map(|it| (it.session, it.up)).collect();
    // One that never was up says nothing.
    assert_eq!(told, [("gw".to_owned(), None)]);
    host.says(State::Init);
    host.says(State::Down);
    let told: Vec<_> = host.news.iter().map(|it| it.up).collect();
    assert_eq!(told, [Some(true), Some(false)]);
    assert_eq!(host.news[1].why, "neighbour 10.0.0.2 signals down (no diagnostic)");
    // What never is up again in a next life was up once.
    let handover = host.node.handover(host.now);
    let late = host.now + ms(60_000);
    let conf = settings(&gw(""));
    let next = VrrpNode::start(conf, Some(&handover), &Snapshot::default(), late, &mut Vec::new());
    assert_eq!(next.bfd_news()[0].up, Some(false));
    // Unless it was said farewell.
    host.feed(Event::Stop);
    let handover = host.node.handover(host.now);
    let conf = settings(&gw(""));
    let next =
        VrrpNode::start(conf, Some(&handover), &Snapshot::default(), host.now, &mut Vec::new());
    assert_eq!(next.bfd_news()[0].up, None);
}

/// Who is up, after so much time.
fn servers(node: &mut CheckNode, now: Time) -> Vec<bool> {
    node.handle(now, check::Event::Timer, &mut Vec::new());
    node.status()[0].servers.iter().map(|it| it.up).collect()
}

#[test]
fn a_session_checks_a_server() {
    let conf = gw("")
        + "virtual_server 10.0.0.100 80 {\n protocol TCP\n lb_algo rr\n lb_kind DR\n
        real_server 10.0.0.2 80 { BFD_CHECK { name gw } }
        real_server 10.0.0.3 80 { BFD_CHECK { name gw\n alpha } }\n}\n";
    let start = |memory| {
        let settings = crate::settings(&conf).check;
        CheckNode::start(settings, memory, vec![], 1, Time::ZERO, &mut Vec::new())
    };
    let mut node = start(None);
    let mut now = Time::ZERO + ms(5000);
    // As long as nothing is known only `alpha` is down.
    assert_eq!(servers(&mut node, now), [true, false]);
    for (up, expected) in [
        (None, [true, false]),
        (Some(true), [true, true]),
        (Some(false), [false, false]),
        (Some(true), [true, true]),
        (None, [true, true]),
    ] {
        now = now + ms(1);
        let mut out = Vec::new();
        node.handle(now, check::Event::Session(news("other", Some(false))), &mut out);
        node.handle(now, check::Event::Session(news("gw", up)), &mut out);
        assert_eq!(servers(&mut node, now), expected, "{up:?}");
        let words = |it: &check::Action| match it {
            check::Action::Journal(entry) => Some(entry.reason.to_string()),
            _ => None,
        };
        if up == Some(false) {
            let why: Vec<_> = out.iter().filter_map(words).collect();
            assert!(why.contains(&"BFD_CHECK: as the test says".to_owned()), "{why:?}");
        }
        // It stays so.
        now = now + ms(200_000);
        assert_eq!(servers(&mut node, now), expected, "{up:?}");
    }
    node.handle(now, check::Event::Session(news("gw", Some(false))), &mut Vec::new());
    // A next life goes on with what the last one knew.
    let mut next = start(Some(node.memory()));
    assert_eq!(servers(&mut next, Time::ZERO + ms(5000)), [false, false]);
}

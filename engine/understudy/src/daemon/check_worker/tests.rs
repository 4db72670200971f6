//! The worker on a real kernel, with real servers on loopback. Those tests that need IPVS and root are run where both
//! are there: `understudy-tests --ignored kernel --test-threads 1` on a lab host, on one that serves nobody: they begin and
//! end with `ipvsadm -C`, which deletes all services of the host, whoever made them.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command as Program;
use std::time::Duration;

use understudy_core::checks::settings::{
    CheckSettings, Connection, HttpVersion, Schedule, ServerName, Url,
};
use understudy_core::command::Command;
use understudy_core::ipvs::settings::{RealServer, SorryServer, Timeouts, VirtualServer};
use understudy_core::ipvs::table::{Family, Forward, Persistence, Protocol, ServiceKey, Tunnel};
use understudy_core::ipvs::text;
use understudy_core::mail::message::Alert;
use understudy_core::node::settings::ProcessSettings;

use super::*;
use crate::daemon::channel::Kind;
use crate::notify::mail::tests::deliver;
use crate::sys::epoll::Ready;

struct Rig {
    worker: CheckWorker,
    context: Context,
}

impl Rig {
    fn start(settings: &HostSettings, handover: Option<&[u8]>) -> Self {
        let mut context = Context::new(&settings.process).unwrap();
        let worker = CheckWorker::start(settings.clone(), handover, &mut context).unwrap();
        Self { worker, context }
    }

    /// Turns of the loop until `done`; false if that takes too long.
    fn until(&mut self, seconds: u64, mut done: impl FnMut(&mut Self) -> bool) -> bool {
        let end = clock::now() + Duration::from_secs(seconds);
        while clock::now() < end {
            if done(self) {
                return true;
            }
            std::thread::park_timeout(Duration::from_millis(5));
            let mut ready: Vec<Ready> = Vec::new();
            self.context.epoll().wait(false, &mut ready).unwrap();
            for event in ready {
                if !self.context.child_ready(event.token, clock::now()) {
                    self.worker.ready(Token(event.token), clock::now(), &mut self.context);
                }
            }
            self.context.timer(clock::now());
            for (child, outcome) in self.context.take_ended() {
                self.worker.child(child, outcome, clock::now(), &mut self.context);
            }
            if self.worker.deadline().is_some_and(|due| due <= clock::now()) {
                self.worker.timer(clock::now(), &mut self.context);
            }
        }
        done(self)
    }

    fn run_for(&mut self, seconds: u64) {
        self.until(seconds, |_| false);
    }

    /// Bodies of all messages to the supervisor so far.
    fn said(&mut self) -> String {
        let all = self.context.take_outbox();
        all.iter().map(|(_, body)| String::from_utf8_lossy(body).into_owned() + "\n").collect()
    }
}

fn schedule() -> Schedule {
    Schedule {
        delay_loop: Duration::from_millis(300),
        retry: 1,
        delay_before_retry: Duration::from_millis(100),
        warmup: Duration::ZERO,
        alpha: false,
        log_all_failures: false,
    }
}

fn tcp(port: u16) -> CheckSettings {
    let kind = CheckKind::Tcp(Connection {
        to: (IpAddr::from([127, 0, 0, 1]), port).into(),
        bind_ip: None,
        bind_port: None,
        bind_if: None,
        timeout: Duration::from_secs(1),
        fwmark: 0,
    });
    CheckSettings { schedule: schedule(), kind }
}

fn server(ip: &str, port: u16, forward: Forward) -> RealServer {
    RealServer {
        ip: ip.parse().unwrap(),
        port,
        check_port: port,
        forward,
        weight: 3,
        upper: 0,
        lower: 0,
        inhibit_on_failure: false,
        alpha: false,
        smtp_alert: false,
        notify_up: None,
        notify_down: None,
        checks: vec![],
    }
}

fn virtual_server(key: ServiceKey, real_servers: Vec<RealServer>) -> VirtualServer {
    VirtualServer {
        name: format!("{key:?}"),
        keys: vec![key],
        scheduler: "rr".to_owned(),
        flags: 0,
        persistence: None,
        quorum: 1,
        hysteresis: 0,
        quorum_up: None,
        quorum_down: None,
        omega: false,
        smtp_alert: false,
        sorry_server: None,
        real_servers,
    }
}

fn address(protocol: Protocol, ip: &str, port: u16) -> ServiceKey {
    ServiceKey::Address { protocol, ip: ip.parse().unwrap(), port }
}

fn mark(mark: u32, family: Family) -> ServiceKey {
    ServiceKey::Mark { family, mark }
}

fn host(virtual_servers: Vec<VirtualServer>) -> HostSettings {
    let mut settings = HostSettings::default();
    settings.check.virtual_servers = virtual_servers;
    settings
}

fn run(line: &str) -> String {
    let mut words = line.split(' ');
    let mut program = Program::new(words.next().unwrap());
    let output = program.args(words).output().unwrap_or_else(|e| panic!("{line}: {e}"));
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn ipvsadm() -> String {
    run("ipvsadm -Sn")
}

#[test]
fn without_virtual_servers_no_ipvs_is_needed() {
    let rig = Rig::start(&host(vec![]), None);
    assert!(rig.worker.ipvs.is_none());
    assert_eq!(rig.worker.deadline(), None);
}

/// A worker that touches no kernel.
fn offline(node: CheckNode) -> CheckWorker {
    CheckWorker {
        namespace: IpvsNamespace::Same,
        node,
        ipvs: None,
        probes: BTreeMap::new(),
        overdue: BTreeSet::new(),
        programs: BTreeMap::new(),
        connections: BTreeMap::new(),
        stopped: false,
    }
}

#[test]
fn a_program_is_a_check() {
    let command =
        Command { argv: vec!["sh".to_owned(), "-c".to_owned(), "exit 7".to_owned()], run_as: None };
    let kind = CheckKind::Misc { command, timeout: Duration::from_secs(5), dynamic: true };
    let mut real = server("192.0.2.11", 80, Forward::Nat);
    real.checks = vec![CheckSettings { schedule: schedule(), kind }];
    let settings = host(vec![virtual_server(address(Protocol::Tcp, "192.0.2.1", 80), vec![real])]);
    // Without the kernel: only what the checks say.
    let mut context = Context::new(&settings.process).unwrap();
    let mut out = Actions::new();
    let node = CheckNode::start(settings.check, None, vec![], 1, clock::now(), &mut out);
    let mut worker = offline(node);
    worker.act(clock::now(), out, &mut context);
    let mut rig = Rig { worker, context };
    let weight = |rig: &Rig| rig.worker.node.status()[0].servers[0].weight;
    assert_eq!(weight(&rig), 3);
    assert!(
        rig.until(20, |rig| weight(rig) == 5),
        "exit status 7 is weight 5: {:?}",
        rig.worker.node.status()
    );
    let handover = rig.worker.handover();
    let memory: Memory = serde_json::from_slice(&handover).unwrap();
    assert_eq!(memory.checks[0].weight, Some(5));
}

#[test]
fn a_session_of_the_other_worker_is_a_check() {
    let kind = CheckKind::Bfd { session: "db".to_owned() };
    let mut real = server("192.0.2.11", 80, Forward::Nat);
    real.checks = vec![CheckSettings { schedule: Schedule { retry: 0, ..schedule() }, kind }];
    let settings = host(vec![virtual_server(address(Protocol::Tcp, "192.0.2.1", 80), vec![real])]);
    let mut context = Context::new(&settings.process).unwrap();
    let mut out = Actions::new();
    let node = CheckNode::start(settings.check, None, vec![], 1, clock::now(), &mut out);
    let mut worker = offline(node);
    worker.act(clock::now(), out, &mut context);
    worker.ask_for_sessions(&mut context);
    let mut rig = Rig { worker, context };
    assert!(rig.said().contains(r#"{"ask_bfd":true}"#));
    let hears = |rig: &mut Rig, up: bool| {
        let news = json!([{ "session": "db", "up": up, "why": "words" }]);
        rig.worker.peer(&json!({ "bfd": news }), clock::now(), &mut rig.context);
        rig.worker.node.status()[0].servers[0].up
    };
    assert!(!hears(&mut rig, false));
    assert!(rig.said().contains("BFD_CHECK: words"));
    assert!(hears(&mut rig, true));
    // Messages about other things change nothing.
    rig.worker.peer(&json!({ "released": true }), clock::now(), &mut rig.context);
    assert!(rig.worker.node.status()[0].servers[0].up);
}

#[test]
fn pages_over_tls_and_echoes_are_checks() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let tls = crate::probe::tls::tests::server_config(&[&rustls::version::TLS13]);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let session = rustls::ServerConnection::new(tls.clone()).unwrap();
            let mut stream = rustls::StreamOwned::new(session, stream.unwrap());
            let _ = stream.read(&mut [0; 1000]).unwrap();
            stream.write_all(b"HTTP/1.0 503 No\r\n\r\n").unwrap();
        }
    });
    let CheckKind::Tcp(connection) = tcp(at.port()).kind else { unreachable!() };
    let ping = CheckKind::Ping(Connection { to: (at.ip(), 0).into(), ..connection.clone() });
    let ssl = CheckKind::Http {
        connection,
        version: HttpVersion::V10,
        urls: vec![Url {
            path: "/".to_owned(),
            digest: None,
            status: vec![(200, 299)],
            virtualhost: None,
            close_notify: true,
        }],
        fast_recovery: false,
        tls: Some(ServerName::Unsaid),
    };
    let mut real = server("192.0.2.11", 80, Forward::Nat);
    real.checks = [ping, ssl].map(|kind| CheckSettings { schedule: schedule(), kind }).to_vec();
    let settings = host(vec![virtual_server(address(Protocol::Tcp, "192.0.2.1", 80), vec![real])]);
    let mut context = Context::new(&settings.process).unwrap();
    let mut out = Actions::new();
    let node = CheckNode::start(settings.check, None, vec![], 1, clock::now(), &mut out);
    let mut worker = offline(node);
    worker.act(clock::now(), out, &mut context);
    let mut rig = Rig { worker, context };
    let finished = |rig: &mut Rig| {
        rig.worker.node.status()[0].servers[0].checks.iter().all(|c| c.duration_ms.is_some())
    };
    assert!(rig.until(20, finished), "{:?}", rig.worker.node.status());
    let status = rig.worker.node.status();
    let [ping, ssl] = status[0].servers[0].checks.as_slice() else { panic!("{status:?}") };
    assert_eq!((ping.kind.as_str(), ssl.kind.as_str()), ("PING_CHECK", "SSL_GET"));
    // Whether echoes may be sent depends on who runs this; a reply never fails to come.
    let may_not = |why: &String| why.starts_with("not asked: ICMP socket");
    assert!(ping.last_error.as_ref().is_none_or(may_not), "{ping:?}");
    assert_eq!(ssl.last_error.as_deref(), Some("/: status 503"));
}

#[test]
fn what_an_older_engine_handed_over_is_understood() {
    let kind = CheckKind::Http {
        connection: match tcp(80).kind {
            CheckKind::Tcp(connection) => connection,
            _ => unreachable!(),
        },
        version: HttpVersion::V10,
        urls: vec![Url {
            path: "/".to_owned(),
            digest: None,
            status: vec![],
            virtualhost: None,
            close_notify: false,
        }],
        fast_recovery: false,
        tls: None,
    };
    let mut json = serde_json::to_value(&kind).unwrap();
    assert!(json["Http"].as_object_mut().unwrap().remove("tls").is_some());
    assert!(json["Http"]["urls"][0].as_object_mut().unwrap().remove("close_notify").is_some());
    assert_eq!(serde_json::from_value::<CheckKind>(json).unwrap(), kind);
}

#[test]
#[ignore = "a measurement: prints what a check costs"]
fn cost_of_a_thousand_checks() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || listener.incoming().for_each(drop));
    let servers = (0..1000).map(|n: u32| {
        let mut check = tcp(port);
        check.schedule.delay_loop = Duration::from_secs(1);
        check.schedule.warmup = Duration::from_secs(1);
        let [_, _, high, low] = (n + 1).to_be_bytes();
        let CheckKind::Tcp(connection) = &mut check.kind else { unreachable!() };
        connection.to = ([127, 0, 0, 1], port).into();
        connection.fwmark = n; // all different
        RealServer { checks: vec![check], ..server(&format!("10.0.{high}.{low}"), 80, Forward::Dr) }
    });
    let settings = host(vec![virtual_server(mark(900, Family::V4), servers.collect())]);
    let mut context = Context::new(&settings.process).unwrap();
    let mut out = Actions::new();
    let node = CheckNode::start(settings.check, None, vec![], 1, clock::now(), &mut out);
    let mut worker = offline(node);
    worker.act(clock::now(), out, &mut context);
    let mut rig = Rig { worker, context };
    rig.run_for(3);
    let on_cpu_ns = || {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        text.split(' ').next().unwrap().parse::<u64>().unwrap()
    };
    let before = on_cpu_ns();
    rig.run_for(10);
    println!("{} us of CPU a check", (on_cpu_ns() - before) / 10_000 / 1000);
    let status = rig.worker.node.status();
    let down = status[0].servers.iter().filter(|s| !s.up).map(|s| &s.checks[0].last_error);
    assert_eq!(down.collect::<Vec<_>>(), Vec::<&Option<String>>::new());
}

#[test]
#[ignore = "needs IPVS and root: see above"]
fn kernel_table_reads_as_planned() {
    let gue = Forward::Tun(Tunnel { kind: 1, port: 6080, flags: 1 });
    let ipip = Forward::Tun(Tunnel { kind: 0, port: 0, flags: 0 });
    let gre = Forward::Tun(Tunnel { kind: 2, port: 0, flags: 0 });
    let persistent = |timeout_s, granularity, engine: Option<&str>| {
        Some(Persistence { timeout_s, granularity, engine: engine.map(str::to_owned) })
    };
    let limited = RealServer { upper: 100, lower: 50, ..server("192.0.2.12", 8080, Forward::Nat) };
    let v4 = |port| address(Protocol::Tcp, "192.0.2.1", port);
    let settings = host(vec![
        virtual_server(
            v4(80),
            vec![
                server("192.0.2.11", 8080, Forward::Nat),
                limited,
                server("10.9.9.9", 80, Forward::Dr),
            ],
        ),
        VirtualServer {
            scheduler: "wlc".to_owned(),
            persistence: persistent(300, 0xffff_ff00, None),
            ..virtual_server(v4(0), vec![server("192.0.2.13", 0, Forward::Dr)])
        },
        VirtualServer {
            scheduler: "sh".to_owned(),
            flags: text::SCHEDULER_FLAGS[0] | text::SCHEDULER_FLAGS[1],
            ..virtual_server(
                v4(82),
                vec![
                    server("192.0.2.11", 82, ipip),
                    server("192.0.2.12", 82, gue),
                    server("192.0.2.14", 82, gre),
                ],
            )
        },
        VirtualServer {
            scheduler: "mh".to_owned(),
            flags: text::SCHEDULER_FLAGS[1],
            ..virtual_server(v4(83), vec![server("192.0.2.11", 83, Forward::Nat)])
        },
        VirtualServer {
            flags: text::ONE_PACKET,
            ..virtual_server(
                address(Protocol::Udp, "192.0.2.1", 53),
                vec![server("192.0.2.11", 53, Forward::Nat)],
            )
        },
        VirtualServer {
            persistence: persistent(360, 64, None),
            ..virtual_server(
                address(Protocol::Tcp, "2001:db8::1", 443),
                vec![server("2001:db8::11", 443, Forward::Dr)],
            )
        },
        virtual_server(
            address(Protocol::Tcp, "10.0.2.1", 80),
            vec![server("10.0.2.11", 80, Forward::Nat)],
        ),
        virtual_server(
            address(Protocol::Tcp, "172.16.2.1", 80),
            vec![server("172.16.2.1", 80, Forward::Nat), server("10.0.2.11", 80, Forward::Nat)],
        ),
        virtual_server(
            address(Protocol::Sctp, "10.0.2.1", 80),
            vec![server("10.0.2.11", 80, Forward::Nat)],
        ),
        virtual_server(
            mark(900, Family::V4),
            vec![server("192.0.2.11", 0, Forward::Dr), server("192.0.2.9", 0, Forward::Dr)],
        ),
        virtual_server(mark(901, Family::V6), vec![server("2001:db8::11", 0, Forward::Dr)]),
        virtual_server(address(Protocol::Tcp, "192.0.2.1", 9), vec![]),
    ]);
    run("ipvsadm -C");
    run("ipvsadm -A -f 77 -s wlc"); // somebody else's
    let mut rig = Rig::start(&settings, None);
    let want = text::save(&rig.worker.node.wanted());
    assert_eq!(ipvsadm().replace("-A -f 77 -s wlc\n", ""), want);
    // What the kernel says back is what we sent.
    rig.run_for(6);
    assert_eq!(rig.worker.node.repairs(), 0);
    rig.worker.stop(clock::now(), &mut rig.context);
    assert_eq!(ipvsadm(), "-A -f 77 -s wlc\n");
    run("ipvsadm -C");
}

/// Without a kernel's table: probes and mails need none.
#[test]
fn a_server_that_goes_and_returns_is_mailed() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let real = RealServer {
        checks: vec![tcp(port)],
        smtp_alert: true,
        ..server("192.0.2.10", 80, Forward::Dr)
    };
    let service = address(Protocol::Tcp, "192.0.2.1", 80);
    let settings = host(vec![virtual_server(service, vec![real])]).check;
    let mut out = Actions::new();
    let node = CheckNode::start(settings, None, vec![], 1, clock::now(), &mut out);
    let mut rig = Rig {
        worker: CheckWorker {
            namespace: IpvsNamespace::Same,
            node,
            ipvs: None,
            probes: BTreeMap::new(),
            overdue: BTreeSet::new(),
            programs: BTreeMap::new(),
            connections: BTreeMap::new(),
            stopped: false,
        },
        context: Context::new(&ProcessSettings::default()).unwrap(),
    };
    rig.worker.act(clock::now(), out, &mut rig.context);
    let mut alerts: Vec<Alert> = vec![];
    let mut mailed = |rig: &mut Rig, count| {
        rig.until(5, |rig| {
            let all = rig.context.take_outbox();
            let mails = all.iter().filter(|(kind, _)| *kind == Kind::Mail);
            alerts.extend(mails.map(|(_, body)| serde_json::from_slice::<Alert>(body).unwrap()));
            alerts.len() == count
        })
    };
    let answered = |rig: &mut Rig| {
        let status = rig.worker.status(clock::now());
        status["virtual_servers"][0]["servers"][0]["checks"][0]["duration_ms"].is_number()
    };
    assert!(rig.until(5, answered), "{}", rig.worker.status(clock::now()));
    drop(listener);
    assert!(mailed(&mut rig, 1), "down");
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    assert!(mailed(&mut rig, 2), "up");
    drop(listener);
    let heard = deliver(&alerts);
    let subject =
        "Subject: [lb1] Realserver [192.0.2.10]:tcp:80 of virtual server [192.0.2.1]:tcp:80";
    assert!(heard[0].contains(&format!("{subject} - DOWN\n")), "{heard:?}");
    let why = "\n=> TCP_CHECK: connect: connection refused (2 tries) <=\n.\n";
    assert!(heard[0].contains(why), "{heard:?}");
    assert!(heard[1].contains(&format!("{subject} - UP\n")), "{heard:?}");
}

#[test]
#[ignore = "needs IPVS and root: see above"]
fn kernel_follows_the_servers_and_is_repaired() {
    run("ipvsadm -C");
    let listeners: Vec<TcpListener> =
        (0..2).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    let ports: Vec<u16> = listeners.iter().map(|l| l.local_addr().unwrap().port()).collect();
    let mut listeners: Vec<Option<TcpListener>> = listeners.into_iter().map(Some).collect();
    let real_servers: Vec<RealServer> = (0..2)
        .map(|n| RealServer {
            checks: vec![tcp(ports[n])],
            check_port: 80,
            ..server(&format!("192.0.2.1{n}"), 0, Forward::Dr)
        })
        .collect();
    let ip = "192.0.2.99".parse().unwrap();
    let settings = host(vec![VirtualServer {
        sorry_server: Some(SorryServer { ip, port: 0, forward: Forward::Dr, inhibit: false }),
        ..virtual_server(mark(900, Family::V4), real_servers)
    }]);
    let both =
        "-A -f 900 -s rr\n-a -f 900 -r 192.0.2.10:0 -g -w 3\n-a -f 900 -r 192.0.2.11:0 -g -w 3\n";
    let first = "-A -f 900 -s rr\n-a -f 900 -r 192.0.2.10:0 -g -w 3\n";
    let sorry = "-A -f 900 -s rr\n-a -f 900 -r 192.0.2.99:0 -g -w 1\n";
    let mut rig = Rig::start(&settings, None);
    assert_eq!(ipvsadm(), both);
    rig.run_for(3);
    assert_eq!(ipvsadm(), both);
    assert!(rig.said().contains("VS FWM 900 UP"));

    listeners[1] = None;
    assert!(rig.until(4, |_| ipvsadm() == first), "failed server out: {}", ipvsadm());
    let said = rig.said();
    assert!(said.contains("RS [192.0.2.11]:none:0 FWM 900 DOWN\\n\\u0000"), "{said}");
    assert!(said.contains("TCP_CHECK: connect: connection refused (2 tries)"), "{said}");

    // A restart, with and without memory, changes nothing and keeps the failed server out.
    for memory in [Some(rig.worker.handover()), None] {
        let seen = memory.is_some();
        rig = Rig::start(&settings, memory.as_deref());
        let kept = rig.until(3, |_| ipvsadm() != first);
        assert!(!kept, "restart with memory {seen}: {}", ipvsadm());
        if seen {
            assert_eq!(rig.said(), "", "nobody hears of it");
        }
    }

    listeners[0] = None;
    assert!(rig.until(4, |_| ipvsadm() == sorry), "sorry server: {}", ipvsadm());
    rig = Rig::start(&settings, None);
    assert!(!rig.until(3, |_| ipvsadm() != sorry), "restart keeps it: {}", ipvsadm());

    listeners[0] = Some(TcpListener::bind(("127.0.0.1", ports[0])).unwrap());
    listeners[1] = Some(TcpListener::bind(("127.0.0.1", ports[1])).unwrap());
    assert!(rig.until(4, |_| ipvsadm() == both), "all back: {}", ipvsadm());

    rig.said();
    for (harm, repairs) in [
        ("ipvsadm -D -f 900", 1),
        ("ipvsadm -d -f 900 -r 192.0.2.10:0", 2),
        ("ipvsadm -e -f 900 -r 192.0.2.10:0 -g -w 50", 3),
        ("ipvsadm -E -f 900 -s lc", 4),
        ("ipvsadm -a -f 900 -r 192.0.2.55:0 -g -w 1", 5),
    ] {
        run(harm);
        let before = clock::now();
        assert!(rig.until(7, |_| ipvsadm() == both), "{harm}: {}", ipvsadm());
        println!("{harm}: repaired after {:?}", clock::now().since(before));
        assert_eq!(rig.worker.node.repairs(), repairs);
        let said = rig.said();
        assert!(said.contains("somebody changed the kernel's table"), "{said}");
    }

    let mut reweighted = settings.clone();
    reweighted.check.virtual_servers[0].real_servers[0].weight = 9;
    rig.worker.reload(reweighted, clock::now(), &mut rig.context);
    assert_eq!(ipvsadm(), both.replace("10:0 -g -w 3", "10:0 -g -w 9"));
    rig.worker.stop(clock::now(), &mut rig.context);
    assert_eq!(ipvsadm(), "");
    drop(listeners);
}

#[test]
#[ignore = "needs IPVS and root: see above"]
fn kernel_gets_its_timeouts_back_and_loses_what_is_flushed() {
    run("ipvsadm -C");
    run("ipvsadm --set 901 121 301");
    let timeouts = || run("ipvsadm -l --timeout");
    let before = timeouts();
    let mut settings = host(vec![virtual_server(mark(900, Family::V4), vec![])]);
    settings.check.timeouts = Some(Timeouts { tcp: 77, tcp_fin: 0, udp: 33 });
    settings.check.flush_on_stop = FlushOnStop::Everything;
    let mut rig = Rig::start(&settings, None);
    assert!(timeouts().contains("77 121 33"), "{}", timeouts());
    // One that was killed: its successor knows what was there before.
    rig = Rig::start(&settings, Some(&rig.worker.handover()));
    let mut other = settings.clone();
    other.check.timeouts = Some(Timeouts { tcp: 0, tcp_fin: 44, udp: 0 });
    rig.worker.reload(other, clock::now(), &mut rig.context);
    assert!(timeouts().contains("901 44 301"), "{}", timeouts());
    run("ipvsadm -A -f 77 -s wlc");
    rig.worker.stop(clock::now(), &mut rig.context);
    assert_eq!((ipvsadm().as_str(), timeouts()), ("", before));
    run("ipvsadm --set 900 120 300");
}

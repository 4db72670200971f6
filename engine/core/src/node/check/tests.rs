//! A host with a kernel that obeys, servers that answer or don't, and a clock that jumps.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use alloc::{format, vec};
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use super::*;
use crate::checks::settings::{Connection, Schedule};
use crate::checks::verdict::Failure;
use crate::ipvs::settings::SorryServer;
use crate::ipvs::table::{Destination, Family, Forward, Protocol};

const SECOND: Duration = Duration::from_secs(1);
const LATENCY: Duration = Duration::from_millis(3);

struct World {
    node: CheckNode,
    now: Time,
    kernel: Vec<Service>,
    /// The kernel changes nothing, whatever it is told.
    refuses: bool,
    /// Runs under way, and when they end.
    running: BTreeMap<(Time, CheckId), ()>,
    /// Servers that answer; by their last octet. Programs: the exit status.
    answers: BTreeMap<u8, i32>,
    /// What was sent to the kernel, written to FIFOs, and journaled.
    changes: Vec<Change>,
    fifo: Vec<String>,
    /// Subjects and bodies.
    mails: Vec<(String, String)>,
    notified: Vec<String>,
    journal: Vec<String>,
    runs: usize,
}

fn schedule() -> Schedule {
    Schedule {
        delay_loop: 10 * SECOND,
        retry: 1,
        delay_before_retry: SECOND,
        warmup: 2 * SECOND,
        alpha: false,
        log_all_failures: false,
    }
}

fn tcp(n: u8) -> CheckSettings {
    let to = SocketAddr::from(([10, 0, 1, n], 80));
    let timeout = SECOND;
    let connection =
        Connection { to, bind_ip: None, bind_port: None, bind_if: None, timeout, fwmark: 0 };
    CheckSettings { schedule: schedule(), kind: CheckKind::Tcp(connection) }
}

fn program(word: &str) -> Option<Command> {
    Some(Command { argv: vec![word.to_string()], run_as: None })
}

fn server(n: u8) -> RealServer {
    RealServer {
        ip: IpAddr::from([10, 0, 1, n]),
        port: 80,
        check_port: 80,
        forward: Forward::Dr,
        weight: 3,
        upper: 0,
        lower: 0,
        inhibit_on_failure: false,
        alpha: false,
        smtp_alert: false,
        notify_up: program(&format!("up{n}")),
        notify_down: program(&format!("down{n}")),
        checks: vec![tcp(n)],
    }
}

fn address(n: u8) -> ServiceKey {
    ServiceKey::Address { protocol: Protocol::Tcp, ip: IpAddr::from([10, 0, 0, n]), port: 80 }
}

fn virtual_server(n: u8, servers: &[u8]) -> VirtualServer {
    VirtualServer {
        name: format!("10.0.0.{n}:80 tcp"),
        keys: vec![address(n)],
        scheduler: "rr".to_string(),
        flags: 0,
        persistence: None,
        quorum: 1,
        hysteresis: 0,
        quorum_up: program(&format!("quorum_up{n}")),
        quorum_down: program(&format!("quorum_down{n}")),
        omega: false,
        smtp_alert: false,
        sorry_server: None,
        real_servers: servers.iter().map(|n| server(*n)).collect(),
    }
}

fn sorry(n: u8) -> Option<SorryServer> {
    let ip = IpAddr::from([10, 0, 1, n]);
    Some(SorryServer { ip, port: 80, forward: Forward::Dr, inhibit: false })
}

fn settings(virtual_servers: Vec<VirtualServer>) -> CheckWorkerSettings {
    CheckWorkerSettings { virtual_servers, ..CheckWorkerSettings::default() }
}

fn last_octet(ip: IpAddr) -> u8 {
    match ip {
        IpAddr::V4(ip) => ip.octets()[3],
        IpAddr::V6(_) => 0,
    }
}

impl World {
    fn start(settings: CheckWorkerSettings, seed: u64) -> Self {
        Self::start_with(settings, seed, Vec::new())
    }

    fn start_with(settings: CheckWorkerSettings, seed: u64, kernel: Vec<Service>) -> Self {
        let mut out = Vec::new();
        let now = Time::ZERO;
        let node = CheckNode::start(settings, None, kernel.clone(), seed, now, &mut out);
        let mut world = Self {
            node,
            now,
            kernel,
            refuses: false,
            running: BTreeMap::new(),
            answers: (1..=9).map(|n| (n, 0)).collect(),
            changes: Vec::new(),
            fifo: Vec::new(),
            mails: Vec::new(),
            notified: Vec::new(),
            journal: Vec::new(),
            runs: 0,
        };
        world.act(out);
        world
    }

    /// The worker dies; its successor gets what was handed over, or nothing, and reads the kernel's table.
    fn restart(&mut self, settings: CheckWorkerSettings, with_memory: bool, seed: u64) {
        let memory = with_memory.then(|| self.node.memory());
        let mut out = Vec::new();
        self.running.clear();
        self.node =
            CheckNode::start(settings, memory, self.kernel.clone(), seed, self.now, &mut out);
        self.act(out);
    }

    fn tell(&mut self, event: Event) {
        let mut out = Vec::new();
        self.node.handle(self.now, event, &mut out);
        self.act(out);
    }

    fn act(&mut self, actions: Actions) {
        for action in actions {
            match action {
                Action::Kernel(changes) if self.refuses => {
                    self.changes.extend(changes);
                    self.tell(Event::Refused { what: "invalid argument".to_string() });
                }
                Action::Kernel(changes) => {
                    for change in &changes {
                        diff::apply(&mut self.kernel, change);
                    }
                    self.changes.extend(changes);
                }
                Action::Run { check, .. } => {
                    assert!(self.running.keys().all(|(_, c)| *c != check), "one run at a time");
                    self.runs += 1;
                    self.running.insert((self.now + LATENCY, check), ());
                }
                Action::Cancel { check } => self.running.retain(|(_, c), ()| *c != check),
                Action::ReadTable => {
                    let table = self.kernel.clone();
                    self.tell(Event::Table(table));
                }
                Action::Notify { command, .. } => self.notified.push(command.argv[0].clone()),
                Action::Remember => {}
                Action::Fifo(line) => self.fifo.push(line),
                Action::Mail(alert) => self.mails.push((alert.subject, alert.body)),
                Action::Journal(entry) => self
                    .journal
                    .push(format!("{} {}: {}", entry.subject, entry.change, entry.reason)),
            }
        }
    }

    /// One event; true if it came before `end`.
    fn step(&mut self, end: Time) -> bool {
        let due = self.node.deadline().unwrap_or(Time::MAX);
        let ended = self.running.first_key_value().map_or(Time::MAX, |((t, _), ())| *t);
        let next = due.min(ended);
        if next > end {
            self.now = end;
            return false;
        }
        self.now = next;
        if ended <= due {
            let ((_, check), ()) = self.running.pop_first().unwrap();
            let verdict = self.verdict(check);
            self.tell(Event::Finished { check, verdict, took: LATENCY });
        } else {
            self.tell(Event::Timer);
        }
        true
    }

    fn verdict(&self, check: CheckId) -> Verdict {
        match &self.node.check(check).unwrap().kind {
            CheckKind::Misc { command, dynamic, .. } => {
                let n: u8 = command.argv[0].parse().unwrap();
                crate::checks::misc::verdict(
                    crate::checks::misc::Exit::Status(self.answers[&n]),
                    *dynamic,
                )
            }
            CheckKind::Tcp(connection) if self.answers[&last_octet(connection.to.ip())] == 0 => {
                Verdict::PASSED
            }
            _ => Verdict::Failed(Failure::Connect("connection refused".to_string())),
        }
    }

    fn run_for(&mut self, duration: Duration) {
        let end = self.now + duration;
        while self.step(end) {}
    }

    /// `last octet:weight` of a service's destinations.
    fn pool(&self, key: ServiceKey) -> Vec<String> {
        let service = self.kernel.iter().find(|s| s.key == key);
        let mut out: Vec<String> = service.map_or(Vec::new(), |s| {
            s.destinations.iter().map(|d| format!("{}:{}", last_octet(d.ip), d.weight)).collect()
        });
        out.sort();
        out
    }

    fn forget(&mut self) {
        self.changes.clear();
        self.fifo.clear();
        self.mails.clear();
        self.notified.clear();
        self.journal.clear();
        self.runs = 0;
    }
}

#[test]
fn a_cold_start_puts_all_in_and_reports_the_quorum_only() {
    let mut world = World::start(settings(vec![virtual_server(1, &[1, 2])]), 1);
    assert_eq!(world.pool(address(1)), ["1:3", "2:3"]);
    assert_eq!(world.fifo, ["VS [10.0.0.1]:tcp:80 UP\n\0"]);
    assert_eq!(world.notified, ["quorum_up1"]);
    world.forget();
    world.run_for(30 * SECOND);
    assert_eq!((world.changes.len(), world.fifo.len(), world.journal.len()), (0, 0, 0));
    assert!(world.runs >= 4);
}

#[test]
fn a_failed_server_goes_after_its_retries_and_returns_with_its_first_success() {
    let mut world = World::start(settings(vec![virtual_server(1, &[1, 2])]), 1);
    world.run_for(20 * SECOND);
    world.forget();
    world.answers.insert(2, 1);
    world.run_for(12 * SECOND);
    assert_eq!(world.pool(address(1)), ["1:3"]);
    assert_eq!(world.fifo, ["RS [10.0.1.2]:tcp:80 [10.0.0.1]:tcp:80 DOWN\n\0"]);
    assert_eq!(world.notified, ["down2"]);
    let why = "10.0.0.1:80 tcp 10.0.1.2:80 down: TCP_CHECK: connect: connection refused (2 tries)";
    assert_eq!(world.journal, [why]);
    world.forget();
    world.answers.insert(2, 0);
    world.run_for(11 * SECOND);
    assert_eq!(world.pool(address(1)), ["1:3", "2:3"]);
    assert_eq!(world.notified, ["up2"]);
    assert_eq!(world.changes.len(), 1);
}

#[test]
fn the_sorry_server_comes_before_the_last_server_goes() {
    let mut virtual_server = virtual_server(1, &[1, 2]);
    virtual_server.sorry_server = sorry(9);
    virtual_server.quorum = 4;
    let mut world = World::start(settings(vec![virtual_server]), 1);
    world.run_for(20 * SECOND);
    world.forget();
    world.answers.insert(1, 1);
    world.run_for(12 * SECOND);
    assert_eq!(world.pool(address(1)), ["9:1"]); // server 2 lives, but 3 < 4
    assert!(matches!(world.changes[0], Change::AddDestination(..)));
    let lines =
        ["RS [10.0.1.1]:tcp:80 [10.0.0.1]:tcp:80 DOWN\n\0", "VS [10.0.0.1]:tcp:80 DOWN\n\0"];
    assert_eq!(world.fifo, lines);
    assert_eq!(world.notified, ["down1", "quorum_down1"]);
    world.answers.insert(1, 0);
    world.run_for(12 * SECOND);
    assert_eq!(world.pool(address(1)), ["1:3", "2:3"]);
    assert_eq!(world.notified[2..], ["up1", "quorum_up1"]);
}

#[test]
fn a_restart_changes_nothing_in_the_kernel_and_keeps_a_failed_server_out() {
    for with_memory in [true, false] {
        let config = || settings(vec![virtual_server(1, &[1, 2])]);
        let mut world = World::start(config(), 1);
        world.answers.insert(2, 1);
        world.run_for(30 * SECOND);
        assert_eq!(world.pool(address(1)), ["1:3"]);
        world.forget();
        world.restart(config(), with_memory, 2);
        world.run_for(30 * SECOND);
        assert_eq!(world.changes, [], "memory {with_memory}");
        assert_eq!(world.pool(address(1)), ["1:3"]);
        if with_memory {
            assert_eq!((world.fifo.len(), world.journal.len()), (0, 0), "nobody hears of it");
        }
        world.answers.insert(2, 0);
        world.run_for(12 * SECOND);
        assert_eq!(world.pool(address(1)), ["1:3", "2:3"]);
    }
}

#[test]
fn a_restart_keeps_the_sorry_server() {
    for with_memory in [true, false] {
        let config = || {
            let sorry_server = sorry(9);
            settings(vec![VirtualServer { sorry_server, ..virtual_server(1, &[1, 2]) }])
        };
        let mut world = World::start(config(), 1);
        world.answers.extend([(1, 1), (2, 1)]);
        world.run_for(30 * SECOND);
        assert_eq!(world.pool(address(1)), ["9:1"]);
        world.forget();
        world.restart(config(), with_memory, 2);
        world.run_for(30 * SECOND);
        assert_eq!(world.changes, [], "memory {with_memory}");
        world.answers.insert(1, 0);
        world.run_for(12 * SECOND);
        assert_eq!(world.pool(address(1)), ["1:3"]);
    }
}

#[test]
fn a_repair_is_counted_and_says_what() {
    let mut world = World::start(settings(vec![virtual_server(1, &[1, 2])]), 1);
    world.run_for(20 * SECOND);
    world.forget();
    world.kernel.clear();
    world.run_for(6 * SECOND);
    assert_eq!(world.pool(address(1)), ["1:3", "2:3"]);
    assert_eq!(world.node.repairs(), 1);
    let why = "somebody changed the kernel's table: service put back, 10.0.1.1:80 put back, \
               10.0.1.2:80 put back";
    assert_eq!(world.journal, [format!("10.0.0.1:80 tcp repaired: {why}")]);
    world.kernel[0].destinations[0].weight = 77;
    let stranger =
        Destination { ip: [10, 0, 1, 200].into(), ..world.kernel[0].destinations[0].clone() };
    world.kernel[0].destinations.push(stranger);
    world.run_for(6 * SECOND);
    assert_eq!(world.pool(address(1)), ["1:3", "2:3"]);
    assert_eq!(world.node.repairs(), 2);
}

#[test]
fn a_refused_change_is_tried_again_but_reported_once_and_is_no_repair() {
    let mut world = World::start(settings(vec![virtual_server(1, &[1])]), 1);
    world.run_for(20 * SECOND);
    world.forget();
    world.refuses = true;
    world.tell(Event::Drain { ip: [10, 0, 1, 1].into(), port: None, drain: true });
    world.run_for(30 * SECOND);
    assert!((6..10).contains(&world.changes.len()), "{}", world.changes.len());
    let refusals = world.journal.iter().filter(|line| line.contains("refused")).count();
    assert_eq!((refusals, world.node.repairs()), (1, 0));
    assert_eq!(world.pool(address(1)), ["1:3"]);
    world.refuses = false;
    world.run_for(6 * SECOND);
    assert_eq!((world.pool(address(1)), world.node.repairs()), (vec!["1:0".to_string()], 0));
}

#[test]
fn services_of_others_stay_unless_lvs_flush() {
    let foreign = Service {
        key: ServiceKey::Mark { family: Family::V4, mark: 77 },
        scheduler: "wlc".to_string(),
        flags: 0,
        persistence: None,
        destinations: vec![],
    };
    let mut config = settings(vec![virtual_server(1, &[1])]);
    let mut world = World::start_with(config.clone(), 1, vec![foreign.clone()]);
    world.run_for(20 * SECOND);
    world.tell(Event::Reload(settings(vec![])));
    world.run_for(20 * SECOND);
    assert_eq!(world.kernel, std::slice::from_ref(&foreign));
    config.flush_at_start = true;
    let world = World::start_with(config, 1, vec![foreign]);
    assert_eq!(world.kernel.iter().map(|s| s.key).collect::<Vec<_>>(), [address(1)]);
}

#[test]
fn a_reload_sends_differences_only_and_keeps_health() {
    let mut config = settings(vec![virtual_server(1, &[1, 2, 3]), virtual_server(2, &[1])]);
    let mut world = World::start(config.clone(), 1);
    world.answers.insert(2, 1);
    world.run_for(30 * SECOND);
    world.forget();
    world.tell(Event::Reload(config.clone()));
    assert_eq!((world.changes.len(), world.fifo.len()), (0, 0), "the same again");

    config.virtual_servers[0].real_servers[0].weight = 5;
    config.virtual_servers[0].real_servers[1].weight = 5; // failed, and stays so
    config.virtual_servers[0].scheduler = "wrr".to_string();
    world.tell(Event::Reload(config.clone()));
    assert_eq!(world.pool(address(1)), ["1:5", "3:3"]);
    let [Change::EditService(_), Change::EditDestination(..)] = world.changes.as_slice() else {
        panic!("{:?}", world.changes)
    };
    world.forget();
    config.virtual_servers.pop();
    config.virtual_servers[0].real_servers.pop();
    world.tell(Event::Reload(config));
    assert_eq!(world.changes.len(), 2);
    assert_eq!(world.pool(address(1)), ["1:5"]);
    assert_eq!(world.pool(address(2)), Vec::<String>::new());
    let want = [
        "RS [10.0.1.3]:tcp:80 [10.0.0.1]:tcp:80 DOWN\n\0",
        "RS [10.0.1.1]:tcp:80 [10.0.0.2]:tcp:80 DOWN\n\0",
        "VS [10.0.0.2]:tcp:80 DOWN\n\0",
    ];
    assert_eq!(world.fifo, want);
    world.answers.insert(2, 0);
    world.run_for(12 * SECOND);
    assert_eq!(world.pool(address(1)), ["1:5", "2:5"]);
}

#[test]
fn equal_checks_of_several_servers_run_once() {
    let mut alone = World::start(settings(vec![virtual_server(1, &[1])]), 1);
    alone.run_for(120 * SECOND);
    let three = [1, 2, 3].map(|n| virtual_server(n, &[1]));
    let mut world = World::start(settings(three.to_vec()), 1);
    world.run_for(120 * SECOND);
    assert_eq!(world.runs, alone.runs);
    world.answers.insert(1, 1);
    world.run_for(12 * SECOND);
    for n in [1, 2, 3] {
        assert_eq!(world.pool(address(n)), Vec::<String>::new());
    }
}

#[test]
fn a_program_sets_the_weight() {
    let mut config = settings(vec![virtual_server(1, &[1])]);
    let command = Command { argv: vec!["5".to_string()], run_as: None };
    let kind = CheckKind::Misc { command, timeout: SECOND, dynamic: true };
    config.virtual_servers[0].real_servers[0].checks =
        vec![CheckSettings { schedule: schedule(), kind }];
    let mut world = World::start(config.clone(), 1);
    world.answers.insert(5, 12);
    world.run_for(15 * SECOND);
    assert_eq!(world.pool(address(1)), ["1:10"]);
    for with_memory in [true, false] {
        world.forget();
        world.restart(config.clone(), with_memory, 3);
        world.run_for(15 * SECOND);
        assert_eq!(world.changes, [], "memory {with_memory}");
    }
    world.answers.insert(5, 0);
    world.run_for(15 * SECOND);
    assert_eq!(world.pool(address(1)), ["1:3"]);
    world.answers.insert(5, 2);
    world.run_for(15 * SECOND);
    assert_eq!(world.pool(address(1)), ["1:0"]); // alive, but no quorum
    assert!(world.fifo.contains(&"VS [10.0.0.1]:tcp:80 DOWN\n\0".to_string()));
}

#[test]
fn a_drained_server_gets_no_new_connections_even_after_a_restart() {
    let config = || settings(vec![virtual_server(1, &[1, 2])]);
    let mut world = World::start(config(), 1);
    let drain = |drain| Event::Drain { ip: [10, 0, 1, 2].into(), port: None, drain };
    world.tell(drain(true));
    assert_eq!(world.pool(address(1)), ["1:3", "2:0"]);
    world.restart(config(), true, 4);
    world.run_for(20 * SECOND);
    assert_eq!(world.pool(address(1)), ["1:3", "2:0"]);
    world.tell(drain(false));
    assert_eq!(world.pool(address(1)), ["1:3", "2:3"]);
}

#[test]
fn a_stop_takes_our_services_and_tells_only_where_omega_says_so() {
    let mut config = settings(vec![virtual_server(1, &[1]), virtual_server(2, &[2])]);
    config.virtual_servers[1].omega = true;
    let mut world = World::start(config, 1);
    world.run_for(20 * SECOND);
    world.forget();
    world.tell(Event::Stop);
    assert_eq!(world.kernel, []);
    assert_eq!(world.notified, ["down2", "quorum_down2"]);
    assert_eq!(world.node.deadline(), None);
}

#[test]
fn at_a_cold_start_the_hysteresis_counts_but_not_after_a_restart() {
    // Seen with keepalived 2.3.3: quorum 4, hysteresis 3, weights 3 + 3 begins with the sorry server.
    let config = || {
        let hysteresis = VirtualServer { quorum: 4, hysteresis: 3, ..virtual_server(1, &[1, 2]) };
        settings(vec![VirtualServer { sorry_server: sorry(9), ..hysteresis }])
    };
    let world = World::start(config(), 1);
    assert_eq!(world.pool(address(1)), ["9:1"]);
    let generous =
        settings(vec![VirtualServer { sorry_server: sorry(9), ..virtual_server(1, &[1, 2]) }]);
    let mut world = World::start(generous, 1);
    assert_eq!(world.pool(address(1)), ["1:3", "2:3"]);
    world.restart(config(), false, 2);
    assert_eq!(world.pool(address(1)), ["1:3", "2:3"]);
}

#[test]
fn alpha_servers_wait_for_their_first_success() {
    let mut config = settings(vec![virtual_server(1, &[1])]);
    config.virtual_servers[0].real_servers[0].checks[0].schedule.alpha = true;
    let mut world = World::start(config, 1);
    assert_eq!(world.pool(address(1)), Vec::<String>::new());
    assert_eq!(world.fifo, ["VS [10.0.0.1]:tcp:80 DOWN\n\0"]);
    world.run_for(4 * SECOND);
    assert_eq!(world.pool(address(1)), ["1:3"]);
    assert_eq!(world.notified, ["quorum_down1", "up1", "quorum_up1"]);
}

#[test]
fn servers_of_the_first_hour_are_told_if_that_is_asked() {
    let mut config = settings(vec![virtual_server(1, &[1, 2])]);
    config.virtual_servers[0].real_servers[1].checks[0].schedule.alpha = true;
    config.init_notifies = true;
    let mut world = World::start(config.clone(), 1);
    assert_eq!(
        world.fifo,
        ["VS [10.0.0.1]:tcp:80 UP\n\0", "RS [10.0.1.1]:tcp:80 [10.0.0.1]:tcp:80 UP\n\0"]
    );
    assert_eq!(world.notified, ["quorum_up1", "up1"]);
    world.fifo.clear();
    world.restart(config, true, 2);
    assert_eq!(world.fifo, [""; 0], "a successor has no first hour");
}

#[test]
fn a_stop_deletes_what_is_ours_or_everything() {
    use crate::ipvs::settings::FlushOnStop::{Everything, Not, Ours};
    let foreign = Service {
        key: address(9),
        ..World::start(settings(vec![virtual_server(1, &[1])]), 1).kernel[0].clone()
    };
    for (flush, left, told) in [(Not, 1, 2), (Ours, 1, 1), (Everything, 0, 1)] {
        let mut config = settings(vec![VirtualServer { omega: true, ..virtual_server(1, &[1]) }]);
        config.flush_on_stop = flush;
        let mut world = World::start_with(config, 1, vec![foreign.clone()]);
        world.fifo.clear();
        world.tell(Event::Stop);
        assert_eq!((world.kernel.len(), world.fifo.len()), (left, told), "{flush:?}");
    }
}

#[test]
fn timeouts_are_put_back() {
    let (of_kernel, ours) =
        (Timeouts { tcp: 900, tcp_fin: 120, udp: 300 }, Timeouts { tcp: 60, tcp_fin: 0, udp: 0 });
    let mut config = settings(vec![virtual_server(1, &[1])]);
    config.timeouts = Some(ours);
    let mut world = World::start(config.clone(), 1);
    assert!(world.node.needs_timeouts());
    assert_eq!(world.node.set_timeouts(of_kernel), [None, Some(ours)]);
    // A successor knows what was there before them.
    world.restart(config, true, 2);
    assert_eq!(world.node.set_timeouts(ours), [Some(of_kernel), Some(ours)]);
    world.tell(Event::Stop);
    assert_eq!(world.node.set_timeouts(ours), [Some(of_kernel), None]);
    assert!(!World::start(settings(vec![]), 1).node.needs_timeouts());
}

/// A wild hour: servers fail and return, the worker dies with and without memory, somebody works with ipvsadm, the
/// configuration changes. After each quiet minute the kernel holds what the servers' true state demands.
fn wild_hour(seed: u64) -> Vec<String> {
    let configs = [
        settings(vec![virtual_server(1, &[1, 2, 3]), virtual_server(2, &[2, 3])]),
        settings(vec![VirtualServer { sorry_server: sorry(9), ..virtual_server(1, &[1, 2]) }]),
        settings(vec![
            VirtualServer { quorum: 6, hysteresis: 3, ..virtual_server(2, &[1, 2, 3, 4]) },
            VirtualServer {
                real_servers: vec![RealServer { inhibit_on_failure: true, ..server(4) }],
                ..virtual_server(3, &[])
            },
        ]),
    ];
    let mut random = Random::new(seed);
    let mut config = configs[0].clone();
    let mut world = World::start(config.clone(), seed);
    for _ in 0..60 {
        for _ in 0..random.below(6) {
            world.run_for(Duration::from_millis(random.below(4000)));
            match random.below(8) {
                0..=3 => {
                    let n = 1 + u8::try_from(random.below(4)).unwrap();
                    world.answers.insert(n, i32::try_from(random.below(2)).unwrap());
                }
                4 => world.restart(config.clone(), true, random.next_u64()),
                5 => world.restart(config.clone(), false, random.next_u64()),
                6 => {
                    let n = random.below(world.kernel.len() as u64 + 1);
                    if let Some(service) = world.kernel.get_mut(usize::try_from(n).unwrap()) {
                        service.destinations.pop();
                        service.scheduler = "lc".to_string();
                    }
                }
                _ => {
                    config = configs[usize::try_from(random.below(3)).unwrap()].clone();
                    world.tell(Event::Reload(config.clone()));
                }
            }
        }
        world.run_for(60 * SECOND);
        for (settings, status) in config.virtual_servers.iter().zip(world.node.status()) {
            let mut want = Vec::new();
            let mut have = 0;
            for server in &settings.real_servers {
                let n = last_octet(server.ip);
                let up = world.answers[&n] == 0;
                have += if up { 3 } else { 0 };
                match (up, server.inhibit_on_failure) {
                    (true, _) => want.push(format!("{n}:3")),
                    (false, true) => want.push(format!("{n}:0")),
                    (false, false) => {}
                }
            }
            if settings.hysteresis == 0 {
                assert_eq!(status.quorum.up, have >= settings.quorum, "seed {seed}");
            }
            if !status.quorum.up && settings.sorry_server.is_some() {
                want = vec!["9:1".to_string()];
            }
            assert_eq!(world.pool(settings.keys[0]), want, "seed {seed}: {}", settings.name);
        }
        let schedulers = world.kernel.iter().map(|s| s.scheduler.as_str());
        assert!(schedulers.clone().all(|s| s == "rr"), "seed {seed}");
        // A life without memory can't know what a former configuration made; all others leave nothing behind.
        assert!(schedulers.count() >= config.virtual_servers.len());
    }
    world.journal
}

#[test]
fn wild_hours_end_as_the_servers_are() {
    let seeds = std::env::var("SEEDS").ok().and_then(|s| s.parse().ok()).unwrap_or(60);
    let only = std::env::var("SEED").ok().and_then(|s| s.parse::<u64>().ok());
    for seed in only.map_or(0..seeds, |seed| seed..seed + 1) {
        let journal = wild_hour(seed);
        assert!(!journal.is_empty());
        if seed < 3 {
            assert_eq!(journal, wild_hour(seed), "the same seed gives the same hour");
        }
    }
}

#[test]
fn mails_go_to_those_who_want_them() {
    let mut quiet = virtual_server(1, &[1, 2]);
    quiet.real_servers[1].smtp_alert = true;
    let mut world = World::start(settings(vec![quiet]), 1);
    world.run_for(20 * SECOND);
    assert_eq!(world.mails, [], "a start is no news");
    for up in [false, true] {
        world.answers.insert(1, i32::from(!up));
        world.answers.insert(2, i32::from(!up));
        world.run_for(12 * SECOND);
    }
    let subject = "Realserver [10.0.1.2]:tcp:80 of virtual server [10.0.0.1]:tcp:80 - ";
    let down = "=> TCP_CHECK: connect: connection refused (2 tries) <=";
    let expected = [
        (format!("{subject}DOWN"), down.to_string()),
        (format!("{subject}UP"), "=> TCP_CHECK passed in 3 ms <=".to_string()),
    ];
    assert_eq!(world.mails, expected);
    world.tell(Event::Stop);
    assert_eq!(world.mails.len(), 2, "an orderly stop is none either");
}

#[test]
fn a_quorum_has_mails_of_its_own() {
    let mut loud = virtual_server(1, &[1]);
    loud.smtp_alert = true;
    let mut world = World::start(settings(vec![loud]), 1);
    world.answers.insert(1, 1);
    world.run_for(30 * SECOND);
    let subjects: Vec<&str> = world.mails.iter().map(|(subject, _)| subject.as_str()).collect();
    let of = "Virtualserver [10.0.0.1]:tcp:80 - ";
    assert_eq!(subjects, [format!("{of}UP"), format!("{of}DOWN")]);
    assert_eq!(world.mails[1].1, "=> living servers weigh 0, needed 1 <=");
}

#[test]
fn a_second_check_of_a_server_that_is_down_is_told_unless_no_checker_emails() {
    for no_checker_emails in [false, true] {
        let mut both = virtual_server(1, &[1]);
        both.real_servers[0].smtp_alert = true;
        both.real_servers[0].checks = vec![tcp(1), tcp(2)];
        let mut world =
            World::start(CheckWorkerSettings { no_checker_emails, ..settings(vec![both]) }, 1);
        world.run_for(20 * SECOND);
        for (n, answer) in [(1, 1), (2, 1), (1, 0), (2, 0)] {
            world.answers.insert(n, answer);
            world.run_for(12 * SECOND);
        }
        let short = |(subject, body): &(String, String)| {
            let word = subject.rsplit(' ').next().unwrap().to_string();
            if body.contains("stays down") { word + ", beside" } else { word }
        };
        let told: Vec<String> = world.mails.iter().map(short).collect();
        let all = ["DOWN", "DOWN, beside", "UP, beside", "UP"];
        let few: Vec<&str> =
            all.into_iter().filter(|t| !no_checker_emails || !t.contains("beside")).collect();
        assert_eq!(told, few);
    }
}

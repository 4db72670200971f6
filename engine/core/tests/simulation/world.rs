//! Simulated hosts with kernels, on a segment that delays, loses and is cut, in virtual time.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use understudy_core::net::address::Address;
use understudy_core::net::reconcile::{Change, Present};
use understudy_core::node::settings::VrrpSettings;
use understudy_core::node::vrrp::{
    Action, Event, Handover, LinkState, Observations, Snapshot, VrrpNode,
};
use understudy_core::time::Time;
use understudy_core::track::file::Content;
use understudy_core::track::settings::Tracks;
use understudy_core::vrrp::instance::State;
use understudy_core::vrrp::settings::{
    Garp, InstanceSettings, Notify, SyncGroupSettings, Transport, Version, Vmacs, Wire,
};

pub const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);
pub const DEV: &str = "eth0";
pub const INTERVAL: Duration = Duration::from_millis(100);

/// A seeded generator (splitmix64): the same seed, the same run, on every machine.
#[derive(Clone)]
pub struct Random(u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// One virtual router of the simulated hosts.
pub fn instance(name: &str, vrid: u8, priority: u8) -> InstanceSettings {
    InstanceSettings {
        name: name.into(),
        interface: DEV.into(),
        vrid,
        version: Version::V3,
        priority,
        wants_master: false,
        advert_interval: INTERVAL,
        preempt: true,
        preempt_delay: Duration::ZERO,
        transport: Transport::Multicast { group: GROUP.into() },
        source: None,
        auth_pass: None,
        auth_header: false,
        wire: Wire::default(),
        timer_expired_backup: None,
        vips: vec![address(&format!("10.0.0.{}", 100 + u32::from(vrid)))],
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

pub fn address(ip: &str) -> Address {
    Address {
        ip: ip.parse().unwrap(),
        prefix_len: 32,
        dev: DEV.into(),
        label: None,
        scope: 0,
        broadcast: None,
        peer: None,
        flags: 0,
        preferred_lft: None,
        no_track: false,
    }
}

/// Two instances in a sync group.
pub fn group(priority: u8) -> VrrpSettings {
    VrrpSettings {
        instances: vec![instance("a", 1, priority), instance("b", 2, priority)],
        sync_groups: vec![SyncGroupSettings {
            name: "g".into(),
            members: vec!["a".into(), "b".into()],
            tracking_weight: false,
            notify: Notify::default(),
        }],
        ..VrrpSettings::default()
    }
}

pub fn one(priority: u8) -> VrrpSettings {
    VrrpSettings { instances: vec![instance("a", 1, priority)], ..VrrpSettings::default() }
}

/// What waits in the queue.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due {
    /// A datagram reaches a host.
    Arrive { to: usize, bytes: Vec<u8> },
    /// A script of a host ends.
    Script { host: usize, life: u64, name: String },
    /// The kernel tells of a change of addresses.
    Kernel { host: usize, added: bool, ip: IpAddr },
}

pub struct Host {
    pub settings: VrrpSettings,
    pub ip: IpAddr,
    pub node: Option<VrrpNode>,
    /// Counts processes.
    pub life: u64,
    /// What the kernel holds beside its own address.
    pub held: BTreeSet<IpAddr>,
    pub handover: Option<Handover>,
    pub link_up: bool,
    /// The process is not scheduled until then; what arrives waits.
    pub stalled_until: Time,
    pub waiting: Vec<Vec<u8>>,
    pub script_fails: bool,
    /// What its files hold, and how many processes it has.
    pub seen: Observations,
    pub released: bool,
    pub notified: Vec<String>,
    /// Subjects of mails.
    pub mailed: Vec<String>,
}

pub struct World {
    pub now: Time,
    pub random: Random,
    pub hosts: Vec<Host>,
    pub queue: BTreeMap<(Time, u64), Due>,
    pub sequence: u64,
    /// (from, to) pairs that hear nothing.
    pub cut: BTreeSet<(usize, usize)>,
    pub loss_percent: u64,
    pub delay: Duration,
    pub journal: String,
    pub trace: bool,
}

pub fn millis(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

impl World {
    pub fn new(seed: u64) -> Self {
        Self {
            now: Time::from_nanos(1_000_000_000),
            random: Random(seed),
            hosts: Vec::new(),
            queue: BTreeMap::new(),
            sequence: 0,
            cut: BTreeSet::new(),
            loss_percent: 0,
            delay: Duration::from_micros(200),
            journal: String::new(),
            trace: std::env::var_os("SEED").is_some(),
        }
    }

    pub fn host(mut self, settings: VrrpSettings) -> Self {
        let index = u8::try_from(self.hosts.len()).unwrap();
        self.hosts.push(Host {
            settings,
            ip: Ipv4Addr::new(10, 0, 0, index + 1).into(),
            node: None,
            life: 0,
            held: BTreeSet::new(),
            handover: None,
            link_up: true,
            stalled_until: Time::ZERO,
            waiting: Vec::new(),
            script_fails: false,
            seen: Observations::default(),
            released: false,
            notified: Vec::new(),
            mailed: Vec::new(),
        });
        self.start(usize::from(index), false);
        self
    }

    pub fn note(&mut self, text: &str) {
        let at = self.now.as_nanos() / 1000;
        writeln!(self.journal, "{at} {text}").unwrap();
        if self.trace {
            eprintln!("{}.{:06} {text}", at / 1_000_000, at % 1_000_000);
        }
    }

    pub fn start(&mut self, index: usize, successor: bool) {
        self.note(&format!("host {index} starts, as successor: {successor}"));
        let host = &mut self.hosts[index];
        host.life += 1;
        host.released = false;
        host.waiting.clear();
        let own = Present { ip: host.ip, prefix_len: 24, ours: false };
        let held = host.held.iter().map(|ip| Present { ip: *ip, prefix_len: 32, ours: true });
        let present = std::iter::once(own).chain(held).map(|it| (DEV.to_string(), it));
        let snapshot = Snapshot {
            links: vec![LinkState { name: DEV.into(), up: host.link_up }],
            addresses: present.collect(),
            tracked: host.seen.clone(),
            ..Snapshot::default()
        };
        let handover = host.handover.clone().filter(|_| successor);
        let mut out = Vec::new();
        let settings = host.settings.clone();
        let node = VrrpNode::start(settings, handover.as_ref(), &snapshot, self.now, &mut out);
        self.hosts[index].node = Some(node);
        self.act(index, out);
    }

    /// The process dies at once; the kernel keeps what it has.
    pub fn kill(&mut self, index: usize) {
        self.note(&format!("host {index} is killed"));
        self.hosts[index].node = None;
    }

    /// The machine loses its power.
    pub fn power_off(&mut self, index: usize) {
        self.kill(index);
        let host = &mut self.hosts[index];
        host.held.clear();
        host.handover = None;
    }

    pub fn feed(&mut self, index: usize, event: Event<'_>) {
        let mut out = Vec::new();
        let Some(node) = &mut self.hosts[index].node else { return };
        node.handle(self.now, event, &mut out);
        self.act(index, out);
    }

    pub fn act(&mut self, index: usize, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::SendAdvert { instance, priority } => self.send(index, instance, priority),
                Action::Change(change) => self.change(index, &change),
                Action::RunScript { script } => {
                    let node = self.hosts[index].node.as_ref().unwrap();
                    let name = node.scripts()[script].settings().name.clone();
                    let life = self.hosts[index].life;
                    self.enqueue(millis(3), Due::Script { host: index, life, name });
                }
                Action::Record(entry) => {
                    let why = entry.why();
                    self.note(&format!("host {index} {}: {}: {why}", entry.subject, entry.change));
                }
                Action::Fifo(line) => self.hosts[index].notified.push(line),
                Action::Released => self.hosts[index].released = true,
                Action::Changed | Action::Links | Action::Announce { .. } => {}
                Action::Mail(alert) => self.hosts[index].mailed.push(alert.subject),
                Action::Block(_) | Action::Unblock(_) | Action::Daemons(_) => {}
                Action::Notify { .. } | Action::Log(..) | Action::AnnounceSource { .. } => {}
                Action::Tune(_) | Action::Interfaces(_) => {}
                Action::SendBfd(_) | Action::TellChecks(_) => {}
                Action::Reroute(_) | Action::ReadRouting => {}
            }
        }
        if let Some(node) = &self.hosts[index].node {
            let handover = node.handover(self.now);
            self.hosts[index].handover = Some(handover);
        }
    }

    pub fn send(&mut self, from: usize, instance: usize, priority: u8) {
        let host = &self.hosts[from];
        if !host.link_up {
            return;
        }
        let mut bytes = Vec::new();
        let slot = self.hosts[from].node.as_mut().unwrap().slot_mut(instance);
        if !slot.write_advert(priority, GROUP.into(), 255, &mut bytes) {
            return;
        }
        for to in 0..self.hosts.len() {
            let lost = self.random.chance(self.loss_percent);
            let jitter = Duration::from_micros(self.random.below(300));
            if to != from && !lost && !self.cut.contains(&(from, to)) {
                self.enqueue(self.delay + jitter, Due::Arrive { to, bytes: bytes.clone() });
            }
        }
    }

    pub fn change(&mut self, host: usize, change: &Change) {
        let (added, ip) = match change {
            Change::Add(address) => (true, address.ip),
            Change::Remove { ip, .. } => (false, *ip),
        };
        let held = &mut self.hosts[host].held;
        let changed = if added { held.insert(ip) } else { held.remove(&ip) };
        if changed {
            self.enqueue(Duration::from_micros(50), Due::Kernel { host, added, ip });
        }
    }

    pub fn enqueue(&mut self, after: Duration, due: Due) {
        self.sequence += 1;
        self.queue.insert((self.now + after, self.sequence), due);
    }

    /// When the process of a host wants to be woken: never while it is not scheduled.
    pub fn wake(&self, index: usize) -> Option<Time> {
        let host = &self.hosts[index];
        let due = host.node.as_ref()?.deadline()?;
        let due = if host.waiting.is_empty() { due } else { self.now.max(host.stalled_until) };
        Some(due.max(host.stalled_until))
    }

    /// One step: the next thing in the queue or the next deadline of a host; `false`: nothing before `end`.
    pub fn step(&mut self, end: Time) -> bool {
        let queued = self.queue.first_key_value().map(|(key, _)| key.0);
        let woken = (0..self.hosts.len()).filter_map(|host| Some((self.wake(host)?, host))).min();
        match (queued, woken) {
            (Some(at), woken) if at <= end && woken.is_none_or(|(due, _)| at <= due) => {
                self.now = self.now.max(at);
                let (_, due) = self.queue.pop_first().unwrap();
                self.deliver(due);
                true
            }
            (_, Some((due, host))) if due <= end => {
                self.now = self.now.max(due);
                // As the turn loop does: what waits in the socket is read before anything expires.
                for bytes in std::mem::take(&mut self.hosts[host].waiting) {
                    self.feed(host, Event::Datagram { link: 0, bytes: &bytes });
                }
                self.feed(host, Event::Timer);
                true
            }
            _ => {
                self.now = end;
                false
            }
        }
    }

    pub fn deliver(&mut self, due: Due) {
        match due {
            Due::Arrive { to, bytes } => {
                let host = &mut self.hosts[to];
                if !host.link_up || host.node.is_none() {
                } else if self.now < host.stalled_until {
                    host.waiting.push(bytes);
                } else {
                    self.feed(to, Event::Datagram { link: 0, bytes: &bytes });
                }
            }
            Due::Script { host, life, name } => {
                if self.hosts[host].life == life {
                    let success = !self.hosts[host].script_fails;
                    let took = millis(3);
                    let name = name.as_str();
                    self.feed(host, Event::ScriptEnded { name, success, took, output: "" });
                }
            }
            Due::Kernel { host, added, ip } => {
                let event = if added {
                    let present = Present { ip, prefix_len: 32, ours: true };
                    Event::AddressAdded { dev: DEV, present }
                } else {
                    Event::AddressRemoved { dev: DEV, ip, prefix_len: 32 }
                };
                self.feed(host, event);
            }
        }
    }

    pub fn run_for(&mut self, duration: Duration) {
        let end = self.now + duration;
        while self.step(end) {
            self.check();
        }
    }

    /// Runs until it holds; how long that took.
    pub fn run_until(&mut self, within: Duration, holds: impl Fn(&Self) -> bool) -> Duration {
        let (begin, end) = (self.now, self.now + within);
        while !holds(self) {
            assert!(self.step(end), "not within {within:?}\n{}", self.journal);
            self.check();
        }
        self.now.since(begin)
    }

    pub fn set_link(&mut self, index: usize, up: bool) {
        self.note(&format!("host {index} link up: {up}"));
        self.hosts[index].link_up = up;
        self.feed(index, Event::Link { name: DEV, up });
    }

    /// A tracked file of a host holds another number.
    pub fn set_file(&mut self, index: usize, name: &str, value: i32) {
        self.note(&format!("host {index} file {name}: {value}"));
        let content = Content::Number(value);
        self.hosts[index].seen.files.insert(name.into(), content);
        self.feed(index, Event::File { name, content });
    }

    /// Another number of tracked processes runs on a host.
    pub fn set_processes(&mut self, index: usize, name: &str, count: u32) {
        self.note(&format!("host {index} processes {name}: {count}"));
        self.hosts[index].seen.processes.insert(name.into(), count);
        self.feed(index, Event::Processes { name, count });
    }

    pub fn stall(&mut self, index: usize, duration: Duration) {
        self.note(&format!("host {index} stalls for {duration:?}"));
        self.hosts[index].stalled_until = self.now + duration;
    }

    /// Hosts whose kernel holds an address and that are powered and connected.
    pub fn holders(&self, ip: &str) -> Vec<usize> {
        let ip: IpAddr = ip.parse().unwrap();
        let holds = |host: &Host| host.held.contains(&ip);
        (0..self.hosts.len()).filter(|index| holds(&self.hosts[*index])).collect()
    }

    pub fn state(&self, host: usize, instance: usize) -> Option<State> {
        Some(self.hosts[host].node.as_ref()?.slot(instance).instance.state())
    }

    /// What holds after every step, whatever happens.
    pub fn check(&self) {
        for (index, host) in self.hosts.iter().enumerate() {
            let Some(node) = &host.node else { continue };
            for slot in node.slots() {
                let state = slot.instance.state();
                let holds = |it: &Address| host.held.contains(&it.ip);
                let leaving = slot.instance.is_keeping();
                let should = state == State::Master || leaving;
                assert_eq!(slot.holding, should, "host {index} {state}\n{}", self.journal);
                // An address that somebody has deleted is back before the next step but one; here nobody does.
                assert!(
                    slot.addresses().all(|it| holds(it) == should),
                    "host {index} is {state} and holds {:?}\n{}",
                    host.held,
                    self.journal
                );
            }
        }
    }

    pub fn settled(&self) -> bool {
        let living = self.hosts.iter().filter(|host| host.node.is_some() && host.link_up);
        let masters = living
            .clone()
            .filter(|host| host.node.as_ref().unwrap().slot(0).instance.state() == State::Master);
        masters.count() == usize::from(living.count() > 0)
    }
}

//! The check worker: core's check node, the kernel's IPVS table, and the probes.

mod dump;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;

use serde_json::{Value, json};
use understudy_core::bfd::news::News;
use understudy_core::checks::misc;
use understudy_core::checks::settings::CheckKind;
use understudy_core::checks::verdict::Verdict;
use understudy_core::ipvs::diff::Change;
use understudy_core::ipvs::settings::FlushOnStop;
use understudy_core::ipvs::table::{Service, ServiceKey};
use understudy_core::node::buffers::Buffer;
use understudy_core::node::check::{Action, Actions, CheckId, CheckNode, Event, Memory};
use understudy_core::node::namespaces::IpvsNamespace;
use understudy_core::node::settings::{CheckWorkerSettings, HostSettings, ProcessSettings};
use understudy_core::time::Time;

use super::context::FifoKind;
use super::dump::What;
use super::record::Record;
use super::vrrp_worker::bfd;
use super::worker::{ChildId, Context, Error, Exit, Outcome, Reply, Request, Token, Worker};
use crate::log::Level;
use crate::netlink::ipvs::Ipvs;
use crate::probe::Probe;
use crate::sys::clock;

/// One worker process's state.
#[derive(Debug)]
pub struct CheckWorker {
    node: CheckNode,
    /// Opened when there is a service to make or to take away.
    ipvs: Option<Ipvs>,
    /// Where it is.
    namespace: IpvsNamespace,
    probes: BTreeMap<CheckId, Running>,
    /// Deadlines of the probes.
    overdue: BTreeSet<(Time, CheckId)>,
    programs: BTreeMap<ChildId, CheckId>,
    /// Established connections of each destination, when the table was read last.
    connections: BTreeMap<(ServiceKey, IpAddr, u16), u32>,
    stopped: bool,
}

#[derive(Debug)]
struct Running {
    probe: Probe,
    started: Time,
    /// Its entry in `overdue`.
    deadline: Time,
}

impl Worker for CheckWorker {
    fn start(
        settings: HostSettings,
        handover: Option<&[u8]>,
        context: &mut Context,
    ) -> Result<Self, Error> {
        let memory: Option<Memory> =
            handover.and_then(|bytes| match serde_json::from_slice(bytes) {
                Ok(memory) => Some(memory),
                Err(e) => {
                    context
                        .log(Level::Warning, &format!("check worker's state is unreadable: {e}"));
                    None
                }
            });
        let namespace = settings.process.namespaces.ipvs;
        let settings = settings.check;
        let buffer = settings.buffer;
        let (mut ipvs, mut table, mut connections) = (None, Vec::new(), BTreeMap::new());
        if needs_kernel(&settings) || memory.as_ref().is_some_and(|m| !m.ours.is_empty()) {
            let mut opened = Ipvs::open_in(&namespace)?;
            let read = opened.read()?;
            table = read.services;
            connections = read.connections;
            ipvs = Some(opened);
        }
        let mut out = Actions::new();
        let now = clock::now();
        let node = CheckNode::start(settings, memory, table, seed(now), now, &mut out);
        let (probes, overdue, programs) = (BTreeMap::new(), BTreeSet::new(), BTreeMap::new());
        let mut worker =
            Self { node, namespace, ipvs, probes, overdue, programs, connections, stopped: false };
        worker.set_up_ipvs(buffer, context);
        worker.act(now, out, context);
        worker.ask_for_sessions(context);
        Ok(worker)
    }

    fn ready(&mut self, token: Token, now: Time, context: &mut Context) {
        let check = CheckId(token.0);
        let Some(running) = self.probes.get_mut(&check) else { return };
        match running.probe.ready(now) {
            Some(verdict) => self.finish(check, verdict, now, context),
            None => self.watch(check, context),
        }
    }

    fn timer(&mut self, now: Time, context: &mut Context) {
        while let Some((due, check)) = self.overdue.first().copied()
            && due <= now
        {
            self.overdue.remove(&(due, check));
            if let Some(running) = self.probes.get(&check) {
                let verdict = running.probe.overdue();
                self.finish(check, verdict, now, context);
            }
        }
        self.tell(Event::Timer, now, context);
    }

    fn child(&mut self, child: ChildId, outcome: Outcome, now: Time, context: &mut Context) {
        let Some(check) = self.programs.remove(&child) else { return };
        let Some(settings) = self.node.check(check) else { return };
        let CheckKind::Misc { timeout, dynamic, .. } = settings.kind else { return };
        let exit = match outcome.exit {
            Exit::Code(code) => misc::Exit::Status(code),
            Exit::Signal(signal) => misc::Exit::Signal(signal),
            Exit::TimedOut => misc::Exit::Overdue(timeout),
            Exit::NotStarted(why) => misc::Exit::NotStarted(why),
        };
        let verdict = misc::verdict(exit, dynamic);
        self.tell(Event::Finished { check, verdict, took: outcome.duration }, now, context);
    }

    fn deadline(&self) -> Option<Time> {
        let overdue = self.overdue.first().map(|(due, _)| *due);
        [self.node.deadline(), overdue].into_iter().flatten().min()
    }

    fn reload(&mut self, settings: HostSettings, now: Time, context: &mut Context) {
        if self.ipvs.is_none() && needs_kernel(&settings.check) {
            match Ipvs::open_in(&self.namespace) {
                Ok(ipvs) => {
                    self.ipvs = Some(ipvs);
                    self.read_table(now, context);
                }
                Err(e) => context.log(Level::Error, &e.to_string()),
            }
        }
        let buffer = settings.check.buffer;
        self.tell(Event::Reload(settings.check), now, context);
        self.set_up_ipvs(buffer, context);
        self.ask_for_sessions(context);
    }

    fn stop(&mut self, now: Time, context: &mut Context) {
        if self.node.flushes_at_stop() {
            // What others have made until now goes too.
            self.read_table(now, context);
        }
        self.tell(Event::Stop, now, context);
        self.set_timeouts(context);
        self.stopped = true;
    }

    fn stopped(&self) -> bool {
        self.stopped
    }

    fn handover(&self) -> Vec<u8> {
        // After a stop nothing is left in the kernel, and the next life begins anew.
        let memory = if self.stopped { Memory::default() } else { self.node.memory() };
        serde_json::to_vec(&memory).expect("plain data becomes JSON")
    }

    fn status(&self, _: Time) -> Value {
        let mut virtual_servers = self.node.status();
        for virtual_server in &mut virtual_servers {
            for server in &mut virtual_server.servers {
                let counts = server.destinations.iter().map(|d| self.connections.get(d));
                server.active_connections =
                    counts.flatten().map(|n| u64::from(*n)).reduce(|a, b| a + b);
            }
        }
        json!({ "virtual_servers": virtual_servers, "repairs": self.node.repairs() })
    }

    fn peer(&mut self, message: &Value, now: Time, context: &mut Context) {
        let news: Vec<News> =
            serde_json::from_value(message[bfd::NEWS].clone()).unwrap_or_default();
        for news in news {
            self.tell(Event::Session(news), now, context);
        }
    }

    fn dump(&mut self, what: What, process: &ProcessSettings, _: Time) -> Option<String> {
        (what == What::Data).then(|| dump::data(&self.node.status(), process))
    }

    fn request(&mut self, request: &Request, now: Time, context: &mut Context) -> Reply {
        let drain = match request.verb.as_str() {
            "drain" => true,
            "undrain" => false,
            _ => return Reply::Unknown,
        };
        let Some(target) = request.target.as_deref() else {
            return Reply::Refused(format!(
                "{} needs a server: ADDRESS or ADDRESS:PORT",
                request.verb
            ));
        };
        let Some((ip, port)) = server_name(target) else {
            return Reply::Refused(format!("`{target}` is no server: ADDRESS or ADDRESS:PORT"));
        };
        let of =
            |(address, p): (&str, u16)| address == ip.to_string() && port.is_none_or(|x| x == p);
        let known = self.node.status();
        let found =
            known.iter().flat_map(|v| &v.servers).filter(|s| of((&s.address, s.port))).count();
        if found == 0 {
            return Reply::Refused(format!("no virtual server has a server {target}"));
        }
        self.tell(Event::Drain { ip, port, drain }, now, context);
        Reply::Done(json!({ "servers": found, "drained": drain }))
    }
}

impl CheckWorker {
    /// The other worker may be older, and have told nobody.
    fn ask_for_sessions(&self, context: &mut Context) {
        if self.node.has_sessions() {
            context.peer_worker(&json!({ bfd::ASK: true }));
        }
    }

    /// What is no part of the table.
    fn set_up_ipvs(&mut self, buffer: Option<Buffer>, context: &mut Context) {
        if let Some(Err(e)) = self.ipvs.as_ref().map(|ipvs| ipvs.set_buffer(buffer)) {
            context.log(Level::Warning, &format!("set lvs_netlink_cmd_rcv_bufs: {e}"));
        }
        self.set_timeouts(context);
    }

    /// When the kernel forgets connections.
    fn set_timeouts(&mut self, context: &mut Context) {
        let Some(ipvs) = self.ipvs.as_mut().filter(|_| self.node.needs_timeouts()) else { return };
        let set = ipvs.timeouts().and_then(|found| {
            let timeouts = self.node.set_timeouts(found);
            timeouts.into_iter().flatten().try_for_each(|it| ipvs.set_timeouts(it))
        });
        if let Err(e) = set {
            context.log(Level::Error, &format!("set lvs_timeouts: {e}"));
        }
        context.changed();
    }

    fn tell(&mut self, event: Event, now: Time, context: &mut Context) {
        let mut out = Actions::new();
        self.node.handle(now, event, &mut out);
        self.act(now, out, context);
    }

    /// Does what the node wants, in its order; what that leads to comes after it.
    fn act(&mut self, now: Time, out: Actions, context: &mut Context) {
        // A run that begins is nothing to hand over: the next life begins it anew.
        let minor = |a: &Action| matches!(a, Action::Run { .. } | Action::ReadTable);
        let mut changed = false;
        let mut queue = VecDeque::from(out);
        while let Some(action) = queue.pop_front() {
            changed |= !minor(&action);
            let event = match action {
                Action::Kernel(changes) => {
                    for event in self.apply(&changes, context) {
                        self.follow(event, now, &mut queue);
                    }
                    continue;
                }
                Action::Run { check, page } => self.run(check, page, now, context),
                Action::Cancel { check } => {
                    self.cancel(check, context);
                    None
                }
                Action::Remember => None,
                Action::ReadTable => self.table(context).map(Event::Table),
                Action::Notify { queue, command } => {
                    context.notify(&queue, &command, &[]);
                    None
                }
                Action::Fifo(line) => {
                    context.fifo(FifoKind::Lvs, &line);
                    None
                }
                Action::Mail(alert) => {
                    context.mail(&alert);
                    None
                }
                Action::Journal(entry) => {
                    let why = entry.reason.to_string();
                    let text = format!("{} {}: {why}", entry.subject, entry.change);
                    context.log(Level::Notice, &text);
                    context.record(Record::new(entry.subject, entry.change, why));
                    None
                }
            };
            if let Some(event) = event {
                self.follow(event, now, &mut queue);
            }
        }
        if changed {
            context.changed();
        }
    }

    fn follow(&mut self, event: Event, now: Time, queue: &mut VecDeque<Action>) {
        let mut out = Actions::new();
        self.node.handle(now, event, &mut out);
        queue.extend(out);
    }

    fn apply(&mut self, changes: &[Change], context: &mut Context) -> Vec<Event> {
        let Some(ipvs) = &mut self.ipvs else { return Vec::new() };
        match ipvs.apply(changes) {
            Ok(refused) => {
                refused.into_iter().map(|r| Event::Refused { what: r.to_string() }).collect()
            }
            Err(e) => {
                context.log(Level::Error, &e.to_string());
                vec![Event::Refused { what: e.to_string() }]
            }
        }
    }

    fn table(&mut self, context: &mut Context) -> Option<Vec<Service>> {
        match self.ipvs.as_mut()?.read() {
            Ok(read) => {
                self.connections = read.connections;
                Some(read.services)
            }
            Err(e) => {
                context.log(Level::Error, &format!("read the table: {e}"));
                None
            }
        }
    }

    fn read_table(&mut self, now: Time, context: &mut Context) {
        if let Some(table) = self.table(context) {
            self.tell(Event::Table(table), now, context);
        }
    }

    /// Starts a run; the event is a verdict that is known at once.
    fn run(
        &mut self,
        check: CheckId,
        page: usize,
        now: Time,
        context: &mut Context,
    ) -> Option<Event> {
        let settings = self.node.check(check)?;
        if let CheckKind::Misc { command, timeout, .. } = &settings.kind {
            let child = context.run(command, *timeout, "check");
            self.programs.insert(child, check);
            return None;
        }
        let took = std::time::Duration::ZERO;
        match Probe::start(&settings.kind, page, now) {
            Ok(probe) => {
                let deadline = probe.deadline();
                self.overdue.insert((deadline, check));
                self.probes.insert(check, Running { probe, started: now, deadline });
                self.watch(check, context);
                None
            }
            Err(verdict) => Some(Event::Finished { check, verdict, took }),
        }
    }

    /// Wakes us for what the probe waits for now, and notes its deadline.
    fn watch(&mut self, check: CheckId, context: &mut Context) {
        let Some(running) = self.probes.get_mut(&check) else { return };
        let deadline = running.probe.deadline();
        if running.deadline != deadline {
            self.overdue.remove(&(running.deadline, check));
            self.overdue.insert((deadline, check));
            running.deadline = deadline;
        }
        let interest = running.probe.interest();
        if let Err(e) = context.register(&running.probe, Token(check.0), interest) {
            // Without being woken its deadline ends it.
            context.log(Level::Error, &format!("watch a check's connection: {e}"));
        }
    }

    fn finish(&mut self, check: CheckId, verdict: Verdict, now: Time, context: &mut Context) {
        if let Some(running) = self.probes.remove(&check) {
            self.overdue.remove(&(running.deadline, check));
            let took = now.since(running.started);
            self.tell(Event::Finished { check, verdict, took }, now, context);
        }
    }

    fn cancel(&mut self, check: CheckId, context: &mut Context) {
        if let Some(running) = self.probes.remove(&check) {
            self.overdue.remove(&(running.deadline, check));
        }
        let child = self.programs.iter().find(|(_, of)| **of == check).map(|(child, _)| *child);
        if let Some(child) = child {
            self.programs.remove(&child);
            context.kill(child);
        }
    }
}

fn needs_kernel(settings: &CheckWorkerSettings) -> bool {
    !settings.virtual_servers.is_empty()
        || settings.flush_at_start
        || settings.flush_on_stop == FlushOnStop::Everything
        || settings.timeouts.is_some()
}

/// Spreads the first checks of hosts that start together.
fn seed(now: Time) -> u64 {
    now.as_nanos() ^ u64::from(std::process::id()).rotate_left(32)
}

fn server_name(text: &str) -> Option<(std::net::IpAddr, Option<u16>)> {
    if let Ok(address) = text.parse::<std::net::SocketAddr>() {
        return Some((address.ip(), Some(address.port())));
    }
    text.parse().ok().map(|ip| (ip, None))
}

#[cfg(test)]
mod tests;

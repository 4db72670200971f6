//! The VRRP worker: core's node with sockets around it. It holds no logic of its own, only the order in which actions
//! reach the world: adverts, then addresses, then announcements, then everything else.

mod beside;
pub mod bfd;
mod dump;
mod interfaces;
mod kernel;
mod outbox;
mod routing;
mod tracked;
mod tuning;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use serde_json::{Value, json};
use understudy_core::journal::Entry;
use understudy_core::net::reconcile::Change;
use understudy_core::node::buffers::Buffers;
use understudy_core::node::settings::{HostSettings, ProcessSettings};
use understudy_core::node::vrrp::{Action, Event, Handover, PortNeeds, VrrpNode, Weight};
use understudy_core::time::Time;
use understudy_core::vrrp::instance::Move;

use beside::Beside;
use bfd::Bfd;
use interfaces::filtered;
pub use interfaces::remove_made;
use kernel::{index_of, link_event, take_snapshot};
use outbox::{Queued, forwards, queue_advert, send_together};
pub use tuning::write_all;

use super::context::FifoKind;
use super::dump::What;
use super::launch;
use super::record::Record;
use super::worker::{ChildId, Context, Error, Interest, Outcome, Reply, Request, Token, Worker};
use crate::log::{self, Level};
use crate::netlink::link::Link;
use crate::netlink::message::{Batch, Socket};
use crate::netlink::nft::Dropped;
use crate::netlink::{address, link};
use crate::sys::clock;
use crate::sys::packet::Receiver;
use crate::sys::random;
use crate::sys::socket::RawAddress;
use crate::watch::{Watches, files};
use crate::wire::arp::{self, FrameSocket};
use crate::wire::na;
use crate::wire::vrrp::{Port, with_header};

const MONITOR: Token = Token(0);
/// Ports have the tokens from here on, in the order of the node's links: first that of IPv4, then that of IPv6.
const FIRST_PORT: u64 = 1;
/// Their sockets for authentication headers have those from here on.
const FIRST_SEALED: u64 = 1 << 32;
/// What happens to tracked files and processes.
const FILES: Token = Token(1 << 40);
const PROCESSES: Token = Token(FILES.0 + 1);
/// Room that is kept for the actions of one turn; a thousand instances that start together need several times that, once.
const STEADY: usize = 1024;
/// Bytes of an advert with its IP header and a few addresses.
const ADVERT: usize = 64;
/// Messages to the kernel in one batch.
const BATCH: usize = 512;

/// An interface with open sockets of one family.
#[derive(Debug)]
struct OpenPort {
    name: String,
    index: u32,
    ipv6: bool,
    needs: PortNeeds,
    port: Port,
    /// A failure has been logged; the next one is not, until sending works again.
    failing: bool,
}

/// The VRRP worker process.
#[derive(Debug)]
pub struct VrrpWorker {
    node: VrrpNode,
    requests: Socket,
    monitor: Socket,
    frames: FrameSocket,
    beside: Beside,
    watches: Watches,
    bfd: Bfd,
    receiver: Receiver,
    /// By ifindex.
    interfaces: BTreeMap<u32, Link>,
    /// Two for each of the node's links: IPv4 and IPv6.
    ports: Vec<Option<OpenPort>>,
    actions: Vec<Action>,
    batch: Batch,
    /// Bytes of adverts and frames of one turn.
    bytes: Vec<u8>,
    queue: Vec<Queued>,
    handed_over: Time,
    stopped: bool,
}

impl Worker for VrrpWorker {
    fn start(
        settings: HostSettings,
        handover: Option<&[u8]>,
        context: &mut Context,
    ) -> Result<Self, Error> {
        let mut requests = Socket::open(libc::NETLINK_ROUTE)?;
        let groups = link::RTMGRP_LINK | address::RTMGRP_IPV4_IFADDR | address::RTMGRP_IPV6_IFADDR;
        // First listen, then read: nothing falls between.
        let mut monitor = Socket::monitor(libc::NETLINK_ROUTE, groups)?;
        context.register(&monitor, MONITOR, Interest::READ)?;
        let frames = FrameSocket::open()
            .map_err(|e| Error::new(format!("open packet socket: {e} (needs CAP_NET_RAW)")))?;
        let protocols = settings.vrrp.protocols();
        if settings.vrrp.has_routing() {
            routing::listen(&monitor, context);
        }
        let handover: Option<Handover> =
            handover.and_then(|bytes| serde_json::from_slice(bytes).ok());
        if handover.is_none() {
            files::create(&settings.vrrp.files);
        }
        let mut watches = Watches::default();
        watches.beats.set(&settings.vrrp.link_beats, clock::now());
        let (mut interfaces, mut snapshot) =
            take_snapshot(&mut requests, &watches.beats, &protocols)?;
        let links = settings.vrrp.virtual_links();
        if !links.is_empty() {
            if let Err(why) = interfaces::make(&mut requests, &interfaces, &links) {
                context.log(Level::Error, &why);
            }
            // What is read now is newer than what the kernel has told so far.
            let _ = monitor.events(|_| {});
            (interfaces, snapshot) = take_snapshot(&mut requests, &watches.beats, &protocols)?;
        }
        snapshot.seed = random::number()?;
        let now = clock::now();
        let mut actions = Vec::with_capacity(64);
        snapshot.tracked = watches.set(&settings.vrrp, now);
        let buffers = settings.vrrp.buffers;
        let node = VrrpNode::start(settings.vrrp, handover.as_ref(), &snapshot, now, &mut actions);
        let mut worker = Self {
            node,
            requests,
            monitor,
            frames,
            beside: Beside::new(settings.process.namespaces.ipvs),
            watches,
            bfd: Bfd::default(),
            receiver: Receiver::new(),
            interfaces,
            ports: Vec::new(),
            actions,
            batch: Batch::new(),
            bytes: Vec::new(),
            queue: Vec::new(),
            handed_over: now,
            stopped: false,
        };
        if !worker.node.filtered().is_empty() {
            // Before groups are joined: the report of that must not leave by a virtual interface.
            let actions = std::mem::take(&mut worker.actions);
            worker.block(&actions, now, |it| matches!(it, Action::Block(_)));
            worker.actions.splice(..0, actions);
        }
        worker.open_ports(context);
        worker.listen_to_watches(context);
        worker.set_buffers(buffers, context);
        worker.bfd.follow(&worker.node, now, context);
        bfd::tell_checks(&worker.node.bfd_news(), context);
        worker.act(now, context);
        Ok(worker)
    }

    fn ready(&mut self, token: Token, now: Time, context: &mut Context) {
        match token {
            MONITOR => self.kernel_events(now, context),
            FILES | PROCESSES => self.watched(now),
            Token(bfd::FIRST..=bfd::LAST) => {
                let Self { bfd, node, actions, .. } = self;
                bfd.receive(token, now, node, actions, context);
            }
            _ => self.receive(token, now, context),
        }
        self.act(now, context);
    }

    fn timer(&mut self, now: Time, context: &mut Context) {
        self.look(now);
        self.node.handle(now, Event::Timer, &mut self.actions);
        self.act(now, context);
    }

    fn child(&mut self, _: ChildId, outcome: Outcome, now: Time, context: &mut Context) {
        let success = outcome.is_success();
        let words = if success || !outcome.output.is_empty() {
            outcome.output.clone()
        } else {
            outcome.exit.to_string()
        };
        let event = Event::ScriptEnded {
            name: &outcome.tag,
            success,
            took: outcome.duration,
            output: &words,
        };
        self.node.handle(now, event, &mut self.actions);
        self.act(now, context);
    }

    fn deadline(&self) -> Option<Time> {
        [self.node.deadline(), self.watches.deadline()].into_iter().flatten().min()
    }

    fn reload(&mut self, settings: HostSettings, now: Time, context: &mut Context) {
        let links = settings.vrrp.virtual_links();
        if !links.is_empty() {
            if let Err(why) = interfaces::make(&mut self.requests, &self.interfaces, &links) {
                context.log(Level::Error, &why);
            }
            let _ = self.monitor.events(|_| {});
            match take_snapshot(&mut self.requests, &self.watches.beats, &self.node.protocols()) {
                Ok((interfaces, snapshot)) => {
                    self.interfaces = interfaces;
                    self.node.see(&snapshot, now);
                }
                Err(e) => context.log(Level::Error, &format!("read links and addresses: {e}")),
            }
        }
        self.set_buffers(settings.vrrp.buffers, context);
        let tracked = self.set_watches(&settings.vrrp, now, context);
        self.node.reload(settings.vrrp, &tracked, now, &mut self.actions);
        if self.node.follows_routing() {
            routing::listen(&self.monitor, context);
        }
        self.act(now, context);
    }

    fn stop(&mut self, now: Time, context: &mut Context) {
        self.node.handle(now, Event::Stop, &mut self.actions);
        self.act(now, context);
    }

    fn stopped(&self) -> bool {
        self.stopped
    }

    fn handover(&self) -> Vec<u8> {
        serde_json::to_vec(&self.node.handover(clock::now())).expect("plain data becomes JSON")
    }

    fn status(&self, now: Time) -> Value {
        json!({
            "instances": self.node.status(now),
            "bfd": self.node.bfd_status(now),
            "repairs": self.node.repairs(),
        })
    }

    fn dump(&mut self, what: What, process: &ProcessSettings, now: Time) -> Option<String> {
        dump::dump(self, what, process, now)
    }

    fn request(&mut self, request: &Request, now: Time, context: &mut Context) -> Reply {
        let the_move = match request.verb.as_str() {
            "switchover" => Move::Yield,
            "reclaim" => Move::Reclaim,
            _ => return Reply::Unknown,
        };
        let known = |name: &String| self.node.slots().iter().any(|it| it.settings.name == *name);
        let Some(instance) = request.target.as_ref().filter(|name| known(name)) else {
            let names: Vec<_> =
                self.node.slots().iter().map(|it| it.settings.name.as_str()).collect();
            return Reply::Refused(format!("no such instance; there is {}", names.join(", ")));
        };
        self.node.handle(now, Event::Operator { instance, the_move }, &mut self.actions);
        self.act(now, context);
        Reply::Done(self.status(now))
    }

    fn peer(&mut self, message: &Value, _: Time, context: &mut Context) {
        if !message[bfd::ASK].is_null() {
            bfd::tell_checks(&self.node.bfd_news(), context);
        }
    }

    fn slept(&mut self, _: Duration, now: Time, context: &mut Context) {
        self.node.handle(now, Event::Slept, &mut self.actions);
        self.act(now, context);
    }
}

impl VrrpWorker {
    /// Room for what the kernel tells.
    fn set_buffers(&self, buffers: Buffers, context: &Context) {
        let commands = self.requests.set_buffer(buffers.commands);
        if let Err(e) = commands.and_then(|()| self.monitor.set_buffer(buffers.events)) {
            context.log(Level::Warning, &format!("set netlink receive buffers: {e}"));
        }
    }

    fn receive(&mut self, token: Token, now: Time, context: &mut Context) {
        let sealed = token.0 >= FIRST_SEALED;
        let number = token.0 - if sealed { FIRST_SEALED } else { FIRST_PORT };
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        self.tell_time();
        let Some(Some(open)) = self.ports.get(number) else { return };
        let socket = if sealed { open.port.sealed.as_ref() } else { Some(&open.port.receiver) };
        let Some(socket) = socket else { return };
        let (node, actions, whole) = (&mut self.node, &mut self.actions, &mut self.bytes);
        let (link, ipv6) = (number / 2, open.ipv6);
        let taken = self.receiver.drain(socket, |incoming| {
            let bytes = match ipv6 {
                false => incoming.bytes,
                true if with_header(&incoming, whole) => whole.as_slice(),
                true => return,
            };
            node.handle(now, Event::Datagram { link, bytes }, actions);
        });
        if let Err(e) = taken {
            context.log(Level::Warning, &format!("receive adverts on {}: {e}", open.name));
        }
    }

    /// What changed in the kernel.
    fn kernel_events(&mut self, now: Time, context: &mut Context) {
        let Self { monitor, requests, node, interfaces, watches, actions, .. } = self;
        let (mut again, mut noted) = (false, false);
        let read = monitor.events(|message| {
            if let Some(link) = link::read(message) {
                again |=
                    link_event(node, interfaces, message.kind, link, &watches.beats, now, actions);
            } else if let Some((index, present)) = address::read(message) {
                let Some(known) = interfaces.get(&index) else { return };
                let dev = known.name.as_str();
                if launch::current().watch_addresses {
                    let new = message.kind == address::RTM_NEWADDR;
                    let what = if new { "is there" } else { "is gone" };
                    let text = format!("address {}/{} {what}", present.ip, present.prefix_len);
                    log::write(Level::Info, &format!("{dev}: {text}"));
                }
                let event = if message.kind == address::RTM_NEWADDR {
                    Event::AddressAdded { dev, present }
                } else {
                    Event::AddressRemoved { dev, ip: present.ip, prefix_len: present.prefix_len }
                };
                // A thousand may come together, and each could concern every instance.
                node.note(now, event, actions);
                noted = true;
            } else {
                routing::event(message, requests, node, now, actions);
            }
        });
        if noted {
            node.conclude(now, actions);
        }
        match read {
            Ok(()) if !again => {}
            Ok(()) => self.read_everything(now, context),
            Err(e) => {
                context.log(Level::Warning, &format!("{e}; reading everything again"));
                self.read_everything(now, context);
            }
        }
        self.open_ports(context);
    }

    fn read_everything(&mut self, now: Time, context: &mut Context) {
        match take_snapshot(&mut self.requests, &self.watches.beats, &self.node.protocols()) {
            Ok((interfaces, snapshot)) => {
                self.interfaces = interfaces;
                self.node.handle(now, Event::Everything(&snapshot), &mut self.actions);
            }
            Err(e) => context.log(Level::Error, &format!("read links and addresses: {e}")),
        }
    }

    /// Opens, closes and renumbers ports so that they are those of the node's links.
    fn open_ports(&mut self, context: &mut Context) {
        let mut former: Vec<Option<OpenPort>> = std::mem::take(&mut self.ports);
        for number in 0..self.node.links().len() * 2 {
            let (link, ipv6) = (number / 2, number % 2 == 1);
            let name = &self.node.links()[link];
            let index = self.interfaces.values().find(|it| it.name == *name).map(|it| it.index);
            let index = if name.is_empty() { Some(0) } else { index };
            let wanted = self.node.port(link, ipv6).zip(index);
            let same = |it: &Option<OpenPort>| match (it, &wanted) {
                (Some(it), Some((needs, index))) => {
                    it.name == *name && it.ipv6 == ipv6 && it.index == *index && it.needs == *needs
                }
                _ => false,
            };
            let kept = former.iter().position(same);
            let open = match (kept, wanted) {
                (Some(at), _) => former[at].take(),
                (None, None) => None,
                (None, Some((needs, index))) => match Port::open(name, index, ipv6, &needs) {
                    Ok(port) => {
                        let name = name.clone();
                        Some(OpenPort { name, index, ipv6, needs, port, failing: false })
                    }
                    Err(e) => {
                        let text = format!("open VRRP socket on {name}: {e} (needs CAP_NET_RAW)");
                        context.log(Level::Error, &text);
                        None
                    }
                },
            };
            if let Some(open) = &open {
                let sealed = open.port.sealed.as_ref().map(|it| (it, FIRST_SEALED));
                let sockets = [Some((&open.port.receiver, FIRST_PORT)), sealed];
                for (socket, first) in
                    sockets.into_iter().flatten().filter(|_| kept != Some(number))
                {
                    let token = Token(first + number as u64);
                    if let Err(e) = context.register(socket, token, Interest::READ) {
                        context.log(Level::Error, &format!("watch VRRP socket on {name}: {e}"));
                    }
                }
            }
            self.ports.push(open);
        }
    }

    /// Carries out what the node has said, until it says nothing more.
    fn act(&mut self, now: Time, context: &mut Context) {
        let mut sent = false;
        while !self.actions.is_empty() {
            let mut actions = std::mem::take(&mut self.actions);
            if actions.contains(&Action::Links) {
                self.open_ports(context);
            }
            sent |= self.send_adverts(&actions, context);
            self.make_links(&actions, now);
            self.tune(&actions, now);
            sent |= self.bfd.send(&actions, &self.node, now, context);
            if actions.contains(&Action::Links) {
                self.bfd.follow(&self.node, now, context);
                bfd::tell_checks(&self.node.bfd_news(), context);
            }
            self.block(&actions, now, |it| matches!(it, Action::Block(_)));
            self.reroute(&actions, false, now, context);
            self.change_addresses(&actions, now, context);
            self.reroute(&actions, true, now, context);
            self.block(&actions, now, |it| matches!(it, Action::Unblock(_)));
            let announced = self.announce(&actions, context);
            self.read_routing(&actions, now, context);
            let took = announced.then(|| clock::now().since(now));
            for action in actions.drain(..) {
                self.act_last(action, now, took, context);
            }
            // Refusals may have led to more; else the memory is used again.
            if self.actions.is_empty() {
                actions.shrink_to(STEADY);
                self.actions = actions;
            }
        }
        let due = |every| now.since(self.handed_over) >= every;
        if sent && self.node.handover_interval().is_some_and(due) {
            self.handed_over = now;
            context.changed();
        }
    }

    /// Signatures tell the time.
    fn tell_time(&mut self) {
        if self.node.needs_utc() {
            self.node.set_utc(clock::realtime());
        }
    }

    fn send_adverts(&mut self, actions: &[Action], context: &Context) -> bool {
        self.bytes.clear();
        self.queue.clear();
        self.tell_time();
        for action in actions {
            let Action::SendAdvert { instance, priority } = action else { continue };
            let slot = self.node.slot_mut(*instance);
            let mut number = 0;
            while let Some((to, ttl)) = slot.destination(number) {
                queue_advert(&mut self.bytes, &mut self.queue, slot, *priority, to, ttl);
                number += 1;
            }
        }
        for (number, open) in self.ports.iter_mut().enumerate() {
            let Some(open) = open else { continue };
            let own = |it: &&Queued| it.link == number / 2 && it.ipv6 == open.ipv6;
            let due = self.queue.iter().filter(own);
            let (count, error) = send_together(&open.port.sender, due, &self.bytes);
            match error {
                Some(e) if !open.failing => {
                    open.failing = true;
                    context.log(Level::Warning, &format!("send advert on {}: {e}", open.name));
                }
                None if count > 0 => open.failing = false,
                Some(_) | None => {}
            }
        }
        !self.queue.is_empty()
    }

    fn change_addresses(&mut self, actions: &[Action], now: Time, context: &Context) {
        let mut changes = actions.iter().filter_map(|action| match action {
            Action::Change(change) => Some(change),
            _ => None,
        });
        loop {
            self.batch.clear();
            let mut made: Vec<&Change> = Vec::new();
            for change in changes.by_ref().take(BATCH) {
                match index_of(&self.interfaces, change) {
                    Some(index) => {
                        address::write(&mut self.batch, index, change);
                        made.push(change);
                    }
                    None => self.refused(change, "no such interface", now),
                }
            }
            if made.is_empty() {
                return;
            }
            match self.requests.transact(&mut self.batch) {
                Ok(refusals) => {
                    for refusal in refusals {
                        self.refused(made[refusal.index], &refusal.to_string(), now);
                    }
                }
                Err(e) => context.log(Level::Error, &format!("change addresses: {e}")),
            }
        }
    }

    /// Replaces what is dropped by what was said last.
    fn block(&mut self, actions: &[Action], now: Time, which: fn(&Action) -> bool) {
        let Some(action) = actions.iter().rfind(|it| which(it)) else { return };
        let (Action::Block(addresses) | Action::Unblock(addresses)) = action else { return };
        let firewall = self.node.firewall();
        let index = |name: &str| self.interfaces.values().find(|it| it.name == name);
        let index = |name: &str| index(name).map(|it| it.index);
        let vmacs = filtered(&self.node, index);
        let index_of = |name: &str| index(name).filter(|_| firewall.by_index);
        let dropped = Dropped { addresses, vmacs: &vmacs, dup: true, index_of: &index_of };
        if let Err(why) = self.beside.block(firewall, dropped) {
            self.node.handle(now, Event::Failed { action, why: &why }, &mut self.actions);
        }
    }

    fn run_daemons(&mut self, action: &Action, now: Time) {
        let Action::Daemons(wanted) = action else { return };
        if let Err(why) = self.beside.run_daemons(wanted) {
            self.node.handle(now, Event::Failed { action, why: &why }, &mut self.actions);
        }
    }

    fn refused(&mut self, change: &Change, why: &str, now: Time) {
        self.node.handle(now, Event::Refused { change, why }, &mut self.actions);
    }

    fn announce(&mut self, actions: &[Action], context: &Context) -> bool {
        self.bytes.clear();
        self.queue.clear();
        for action in actions {
            let (ip, dev) = match action {
                Action::Announce { instance, address } => {
                    let address = self.node.slot(*instance).address(*address);
                    (address.ip, &address.dev)
                }
                Action::AnnounceSource { instance } => {
                    let slot = self.node.slot(*instance);
                    let Some(source) = slot.source else { continue };
                    (source, &slot.settings.interface)
                }
                _ => continue,
            };
            let Some(link) = self.interfaces.values().find(|it| it.name == *dev) else {
                continue;
            };
            let Some(mac) = link.mac else { continue };
            let start = self.bytes.len();
            let everybody = match ip {
                IpAddr::V4(ip) => {
                    self.bytes.extend_from_slice(&arp::gratuitous(mac, ip));
                    arp::BROADCAST
                }
                IpAddr::V6(ip) => {
                    let router = forwards(dev);
                    self.bytes.extend_from_slice(&na::unsolicited(mac, ip, router));
                    na::ALL_NODES_MAC
                }
            };
            let to = RawAddress::link(link.index, everybody);
            let bytes = start..self.bytes.len();
            self.queue.push(Queued { link: 0, ipv6: false, bytes, to });
        }
        let (count, error) = send_together(&self.frames, self.queue.iter(), &self.bytes);
        if let Some(e) = error {
            context.log(Level::Warning, &format!("announce addresses: {e}"));
        }
        // They may have been several times as many as there are adverts.
        self.bytes.clear();
        self.bytes.shrink_to(STEADY * ADVERT);
        self.queue.clear();
        self.queue.shrink_to(STEADY);
        count > 0
    }

    fn act_last(
        &mut self,
        action: Action,
        now: Time,
        took: Option<Duration>,
        context: &mut Context,
    ) {
        match action {
            Action::SendAdvert { .. }
            | Action::SendBfd(_)
            | Action::Change(_)
            | Action::Reroute(_)
            | Action::ReadRouting
            | Action::Block(_)
            | Action::Unblock(_)
            | Action::Announce { .. }
            | Action::AnnounceSource { .. }
            | Action::Links => {}
            Action::TellChecks(news) => bfd::tell_checks(&[news], context),
            Action::Daemons(_) => self.run_daemons(&action, now),
            Action::Interfaces(wanted) => self.remove_links(&wanted, now, context),
            Action::Tune(wanted) => self.put_back(&wanted, now),
            Action::RunScript { script } => {
                let settings = self.node.scripts()[script].settings();
                context.run(&settings.command, settings.timeout, &settings.name);
            }
            Action::Notify { queue, command } => context.notify(&queue, &command, &[]),
            Action::Fifo(line) => context.fifo(FifoKind::Vrrp, &line),
            Action::Mail(alert) => context.mail(&alert),
            Action::Record(entry) => self.record(*entry, took, context),
            Action::Log(weight, text) => context.log(level(weight), &text),
            Action::Changed => context.changed(),
            Action::Released => {
                // The check worker keeps its services until now: make before break.
                context.peer_worker(&json!({ "released": true }));
                self.stopped = true;
            }
        }
    }

    fn record(&mut self, mut entry: Entry, took: Option<Duration>, context: &mut Context) {
        if entry.change.ends_with("-> MASTER") {
            entry.announced_after = took;
            let same = |name: &str| name == entry.subject;
            let found = self.node.slots().iter().position(|it| same(&it.settings.name));
            if let (Some(instance), Some(took)) = (found, took) {
                self.node.announced(instance, took);
            }
        }
        let why = entry.why();
        let text = match entry.change.split_once(" -> ") {
            // The words that people and their tools look for.
            Some((_, "INIT")) => format!("({}) Stopping: {why}", entry.subject),
            Some((_, state)) => format!("({}) Entering {state} STATE: {why}", entry.subject),
            None => format!("{}: {}: {why}", entry.subject, entry.change),
        };
        context.log(Level::Notice, &text);
        let mut record = Record::new(entry.subject, entry.change, why);
        record.detail = serde_json::to_value(entry.reason).unwrap_or_default();
        context.record(record);
    }
}

const fn level(weight: Weight) -> Level {
    match weight {
        Weight::Error => Level::Error,
        Weight::Warning => Level::Warning,
        Weight::Notice => Level::Notice,
    }
}

#[cfg(test)]
mod frr;
#[cfg(test)]
mod ipv6_tests;
#[cfg(test)]
pub(super) mod net;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vmac_tests;
#[cfg(test)]
mod wire_tests;

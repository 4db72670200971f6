//! The VRRP side of one host: instances, sync groups, tracked scripts, announcements and addresses, wired together.
//! The world comes in as [`Event`]s, what is to be done goes out as [`Action`]s; [`VrrpNode::deadline`] says when to
//! come back. Carry out actions in classes: adverts, then addresses, then announcements, then all others.

mod action;
mod beside;
mod bfd;
mod due;
mod event;
mod interfaces;
mod lives;
mod mail;
mod port;
mod routing;
mod settle;
mod slot;
mod status;
mod tracked;
mod tuning;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

pub use action::{Action, Weight};
use beside::Beside;
pub use bfd::{BfdDatagram, BfdPacket, BfdStatus};
pub use event::Event;
pub use interfaces::Filtered;
use interfaces::Interfaces;
pub use lives::{Handover, LinkState, Snapshot};
pub use port::{PortNeeds, Room};
use routing::Routing;
pub use routing::{Item, Refusal, Reroute, Tables};
pub use slot::{Counters, Key, Odd, Slot};
pub use status::{InstanceStatus, PeerStatus, RoutingStatus, TrackStatus, VipStatus};
pub use tracked::{Observations, Seen};
use tuning::Tuning;

use crate::ipvs::sync::{Daemon, SyncDaemon};
use crate::journal::{Entry, Reason};
use crate::net::address::Address;
use crate::net::firewall::Firewall;
use crate::net::reconcile::{Change, Owner, Reconciler};
use crate::time::Time;
use crate::track::file::File;
use crate::track::interface::Link;
use crate::track::process::Process;
use crate::track::script::Script;
use crate::track::settings::LinkDelays;
use crate::vrrp::instance::{self, State};
use crate::vrrp::notify::{News, Subject, tell};
use crate::vrrp::pace::Gates;
use crate::vrrp::packet::{self, Addressee};
use crate::vrrp::settings::Paces;
use crate::vrrp::sync_group::SyncGroup;

/// Owner of addresses that are held whatever the state.
const STATIC: Owner = usize::MAX;

/// Owner of addresses that belong to virtual interfaces.
const LINKS: Owner = usize::MAX - 1;

/// Between attempts to change what the kernel refused.
const RETRY: Duration = Duration::from_secs(1);

/// The VRRP side of one host.
#[derive(Clone, Debug)]
pub struct VrrpNode {
    startup_delay: Duration,
    delay_after_boot: Duration,
    fifo_states: bool,
    no_email_faults: bool,
    log_unknown_vrids: bool,
    /// Those that were logged since the last reload.
    unknown_vrids: Vec<(usize, u8)>,
    disable_local_igmp: bool,
    static_addresses: Vec<Address>,
    firewall: Firewall,
    sync_daemon: Option<SyncDaemon>,
    slots: Vec<Slot>,
    /// Instances by interface and VRID, sorted.
    lookup: Vec<((usize, u8), usize)>,
    groups: Vec<SyncGroup>,
    scripts: Vec<Script>,
    files: Vec<File>,
    processes: Vec<Process>,
    /// Interfaces that adverts use.
    links: Vec<String>,
    /// How fast announcements leave.
    gates: Gates,
    /// All interfaces: is it up?
    up: BTreeMap<String, Link>,
    /// Interfaces whose changes count when they last.
    link_delays: BTreeMap<String, LinkDelays>,
    addresses: Reconciler,
    routing: Routing,
    /// Leftovers are only looked for at the start.
    leftovers: bool,
    /// What was last told to be dropped; `None`: nothing ever was, and nothing needs to be.
    blocked: Option<Vec<Address>>,
    /// The sync daemons that were last told to run.
    daemons: Vec<Daemon>,
    beside: Beside,
    interfaces: Interfaces,
    tuning: Tuning,
    /// Addresses put back since the start.
    repairs: u64,
    /// No attempt to change addresses before that.
    retry_at: Option<Time>,
    /// See [`VrrpNode::deadline`].
    due: Option<Time>,
    /// The last refusal that was told.
    last_refusal: String,
    /// What this event has left to do.
    dirty: Dirty,
    stopping: bool,
    released: bool,
    scratch: instance::Actions,
    bfd: bfd::Sessions,
}

/// What an event has left to do before the next one.
#[derive(Clone, Debug, Default)]
struct Dirty {
    conditions: bool,
    addresses: bool,
    announcements: bool,
    groups: bool,
    /// Virtual interfaces and kernel settings may have to be others. Never so because of an advert.
    links: bool,
    /// Members of groups that must follow.
    follow: Vec<Follow>,
}

impl Dirty {
    /// Nothing is left to do, announcements aside.
    const fn is_clean(&self) -> bool {
        !(self.conditions || self.addresses || self.groups) && self.follow.is_empty()
    }
}

#[derive(Clone, Debug)]
struct Follow {
    instance: usize,
    state: State,
    reason: Reason,
}

impl VrrpNode {
    /// Takes one event at `now`; appends what to do to `out`.
    pub fn handle(&mut self, now: Time, event: Event<'_>, out: &mut Vec<Action>) {
        let before = out.len();
        if let Event::Datagram { link, bytes } = event {
            let instance = self.datagram(now, link, bytes, out);
            // The usual advert only moves a deadline.
            if out.len() == before && !self.dirty.announcements && self.is_quiet() {
                instance.into_iter().for_each(|index| self.plan_for(index));
                return;
            }
        } else {
            self.note(now, event, out);
        }
        self.conclude(now, out);
    }

    /// Works out what follows from what was noted.
    pub fn conclude(&mut self, now: Time, out: &mut Vec<Action>) {
        self.settle(now, out);
        self.plan();
    }

    /// Takes one of several events that come together: what follows from all of them is left to [`Self::conclude`].
    pub fn note(&mut self, now: Time, event: Event<'_>, out: &mut Vec<Action>) {
        self.dirty.links |= !matches!(event, Event::Timer | Event::Datagram { .. });
        match event {
            Event::Timer => self.timer(now, out),
            Event::Datagram { link, bytes } => {
                self.datagram(now, link, bytes, out);
            }
            Event::Link { name, up } => {
                self.routing.link(name, up);
                self.link(now, name, up);
            }
            Event::Bfd(datagram) => self.bfd_datagram(now, &datagram, out),
            Event::LinkGone { name } => {
                self.up.remove(name);
                self.addresses.forget(name);
                self.virtual_link_gone(now, name);
                self.routing.link_gone(name);
                self.dirty.conditions = true;
            }
            Event::AddressAdded { dev, present } => {
                // The echo of what we have added ourselves is no news.
                if self.addresses.added(dev, present) {
                    self.dirty.conditions = true;
                    self.dirty.addresses = true;
                }
                self.routing.came();
            }
            Event::AddressRemoved { dev, ip, prefix_len } => {
                self.address_removed(now, dev, ip, prefix_len, out);
            }
            Event::Everything(snapshot) => self.everything(now, snapshot, out),
            Event::Refused { change, why } => {
                self.addresses.failed(change);
                // What can't be removed is gone already, or with its interface.
                let is_add = matches!(change, Change::Add(_));
                if is_add {
                    self.retry_at = Some(now + RETRY);
                }
                let weight = if is_add { Weight::Error } else { Weight::Notice };
                let text = describe(change, why);
                // A change that is tried again every second is told once.
                if self.last_refusal != text {
                    self.last_refusal.clone_from(&text);
                    out.push(Action::Log(weight, text));
                }
            }
            Event::Failed { action, why } => {
                if matches!(action, Action::Interfaces(_)) {
                    self.links_refused();
                }
                self.beside.failed(now, action, why, out);
            }
            Event::InterfacesMade => self.links_made(out),
            Event::Rerouted { item, by_somebody } => self.rerouted(item, by_somebody),
            Event::Routing(tables) => self.routing_read(now, tables, out),
            Event::NotRerouted { change, why } => self.not_rerouted(now, change, why, out),
            Event::Tuned { changed, refused } => self.tuned(changed, refused, out),
            Event::ScriptEnded { name, success, took, output } => {
                self.script_ended(name, success, took, output, out);
            }
            Event::File { name, content } => self.file(name, content, out),
            Event::Processes { name, count } => self.counted(name, count, now, out),
            Event::Slept => self.slept(now, out),
            Event::Operator { instance, the_move } => {
                let found = self.slots.iter().position(|slot| slot.settings.name == instance);
                if let Some(index) = found {
                    self.apply(index, now, instance::Event::Operator(the_move), out);
                }
            }
            Event::Stop => self.stop(now, out),
        }
    }

    /// Names of the interfaces that adverts use; one that is empty stands for "any".
    #[must_use]
    pub fn links(&self) -> &[String] {
        &self.links
    }

    /// One instance, to write its adverts.
    pub fn slot_mut(&mut self, instance: usize) -> &mut Slot {
        &mut self.slots[instance]
    }

    /// The host's clock, since 1970: signatures tell the time.
    pub fn set_utc(&mut self, utc: Duration) {
        self.slots.iter_mut().for_each(|slot| slot.set_utc(utc));
    }

    /// Whether anything depends on [`VrrpNode::set_utc`].
    #[must_use]
    pub fn needs_utc(&self) -> bool {
        self.slots.iter().any(|slot| slot.settings.wire.hmac.is_some())
    }

    /// An advert for nobody here.
    fn unknown(&mut self, link: usize, to: &Addressee, out: &mut Vec<Action>) {
        let known = (link, to.vrid);
        // Each VRID once: there are 255 on each interface.
        if self.log_unknown_vrids && !self.unknown_vrids.contains(&known) {
            self.unknown_vrids.push(known);
            let (vrid, source, interface) = (to.vrid, to.source, &self.links[link]);
            let text =
                alloc::format!("advert of {source} for VRID {vrid} on {interface}: not configured");
            out.push(Action::Log(Weight::Warning, text));
        }
    }

    /// All instances; those removed by a reload come last, until they are through.
    #[must_use]
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// One instance.
    #[must_use]
    pub fn slot(&self, instance: usize) -> &Slot {
        &self.slots[instance]
    }

    /// All tracked scripts.
    #[must_use]
    pub fn scripts(&self) -> &[Script] {
        &self.scripts
    }

    /// All sync groups.
    #[must_use]
    pub fn groups(&self) -> &[SyncGroup] {
        &self.groups
    }

    /// All tracked files.
    #[must_use]
    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// All tracked processes.
    #[must_use]
    pub fn processes(&self) -> &[Process] {
        &self.processes
    }

    /// Addresses that are held whatever the state.
    #[must_use]
    pub fn static_addresses(&self) -> &[Address] {
        &self.static_addresses
    }

    /// How fast announcements may leave.
    #[must_use]
    pub const fn paces(&self) -> &Paces {
        self.gates.paces()
    }

    /// Whether the kernel has this address.
    #[must_use]
    pub fn holds(&self, address: &Address) -> bool {
        self.addresses.has(address)
    }

    /// Begins to count anew.
    pub fn clear_counters(&mut self) {
        self.slots.iter_mut().for_each(|slot| slot.counters = Counters::default());
    }

    /// Addresses put back since the start.
    #[must_use]
    pub const fn repairs(&self) -> u64 {
        self.repairs
    }

    /// Whether some instance is master.
    #[must_use]
    pub fn is_master(&self) -> bool {
        self.slots.iter().any(|slot| slot.instance.state() == State::Master)
    }

    fn timer(&mut self, now: Time, out: &mut Vec<Action>) {
        self.prune(out);
        self.bfd_timer(now, out);
        let due = |slot: &Slot| slot.instance.deadline().is_some_and(|deadline| deadline <= now);
        // Waking up costs far more than sending: when one master's advert is due, those of others that soon will be
        // leave with it. Never so a backup's timer.
        let sending =
            self.slots.iter().any(|slot| slot.instance.state() == State::Master && due(slot));
        for index in 0..self.slots.len() {
            let it = &self.slots[index].instance;
            let slack = if sending { it.slack() } else { Duration::ZERO };
            if it.deadline().is_some_and(|deadline| deadline <= now + slack) {
                self.apply(index, now, instance::Event::Timer, out);
            }
            let slot = &mut self.slots[index];
            if slot.contested_until.is_some_and(|until| now >= until) {
                slot.contested_until = None;
                self.dirty.conditions = true;
            }
            let announcement = slot.announcer.deadline(self.gates.list());
            self.dirty.announcements |= announcement.is_some_and(|due| due <= now);
        }
        self.again(now, out);
        self.expect_links_no_longer(now);
        self.tracking_timer(now, out);
        self.retry_routing(now);
        if self.retry_at.is_some_and(|at| now >= at) {
            self.retry_at = None;
            self.dirty.addresses = true;
        }
        if !self.stopping {
            for (script, it) in self.scripts.iter_mut().enumerate() {
                if it.start_if_due(now) {
                    out.push(Action::RunScript { script });
                }
            }
        }
    }

    /// Names the instance that it is for.
    fn datagram(
        &mut self,
        now: Time,
        link: usize,
        bytes: &[u8],
        out: &mut Vec<Action>,
    ) -> Option<usize> {
        let to = packet::addressee(bytes)?;
        let key = (link, to.vrid);
        let first = self.lookup.partition_point(|(it, _)| *it < key);
        let same = self.lookup[first..].iter().take_while(|(it, _)| *it == key);
        let fitting = same.map(|(_, index)| (self.slots[*index].fits(&to), *index));
        let Some((_, index)) = fitting.filter(|(fits, _)| *fits > 0).max_by_key(|(fits, _)| *fits)
        else {
            self.unknown(link, &to, out);
            return None;
        };
        let slot = &mut self.slots[index];
        let mut odd = None;
        let received = slot.receive(bytes, now, &mut odd);
        if let Some(odd) = odd {
            out.push(Action::Log(Weight::Warning, status::odd(slot, to.source, odd)));
        }
        if let Some(received) = received {
            let event = instance::Event::Advert {
                source: received.source,
                priority: received.advert.priority,
                interval: received.advert.interval,
            };
            self.apply(index, now, event, out);
        }
        Some(index)
    }

    fn address_removed(
        &mut self,
        now: Time,
        dev: &str,
        ip: IpAddr,
        prefix_len: u8,
        out: &mut Vec<Action>,
    ) {
        self.dirty.conditions = true;
        self.routing.went();
        let Some(owner) = self.addresses.removed(dev, ip, prefix_len) else { return };
        // keepalived gives way here and lets the peers elect (reference §3.7); we put it back at once. QUIRKS.
        self.dirty.addresses = true;
        self.repaired(now, owner, dev, ip, out);
    }

    fn repaired(&mut self, now: Time, owner: Owner, dev: &str, ip: IpAddr, out: &mut Vec<Action>) {
        self.repairs += 1;
        let subject = match self.slots.get_mut(owner) {
            Some(slot) => {
                if !slot.repaired(now) {
                    out.push(Action::Log(
                        Weight::Error,
                        alloc::format!("{}: somebody keeps deleting {ip}", slot.settings.name),
                    ));
                }
                let index = slot.addresses().position(|it| it.ip == ip && it.dev == dev);
                if let Some(index) = index {
                    slot.announcer.one(index);
                }
                slot.settings.name.clone()
            }
            None if owner == LINKS => dev.to_string(),
            None => "static addresses".to_string(),
        };
        self.dirty.announcements = true;
        out.push(Action::Record(Box::new(Entry {
            at: now,
            subject,
            change: alloc::format!("{ip} put back on {dev}"),
            reason: Reason::Repaired { address: ip },
            announced_after: None,
        })));
    }

    fn everything(&mut self, now: Time, snapshot: &Snapshot, out: &mut Vec<Action>) {
        let before: Vec<(Owner, Address)> = self
            .slots
            .iter()
            .enumerate()
            .filter(|(_, slot)| slot.holding)
            .flat_map(|(owner, slot)| slot.addresses().map(move |it| (owner, it.clone())))
            .filter(|(_, address)| self.addresses.has(address))
            .collect();
        self.take_snapshot(snapshot, now);
        self.routing_reset(now, snapshot, out);
        for (owner, address) in before {
            if !self.addresses.has(&address) {
                self.repaired(now, owner, &address.dev, address.ip, out);
            }
        }
        self.dirty.conditions = true;
        self.dirty.addresses = true;
    }

    /// Our clock stood still: every master must assume that it has a successor, every backup listens anew.
    fn slept(&mut self, now: Time, out: &mut Vec<Action>) {
        for index in 0..self.slots.len() {
            self.apply(index, now, instance::Event::Slept, out);
        }
    }

    fn stop(&mut self, now: Time, out: &mut Vec<Action>) {
        if self.stopping {
            return;
        }
        self.stopping = true;
        for index in 0..self.slots.len() {
            if !self.slots[index].retired {
                self.apply(index, now, instance::Event::Stop(&Reason::Stopping), out);
            }
        }
        for index in 0..self.slots.len() {
            if !self.slots[index].retired {
                self.tell(index, News::Stop, out);
            }
        }
        for group in &mut self.groups {
            tell_group(group, News::Stop, self.no_email_faults, out);
        }
        self.addresses.want(STATIC, false);
        self.routing.want(STATIC, false);
        self.dirty.addresses = true;
    }

    /// Tells everybody the news of an instance.
    fn tell(&mut self, index: usize, news: News, out: &mut Vec<Action>) {
        let slot = &mut self.slots[index];
        let settings = &slot.settings;
        let (subject, name) = (Subject::Instance, &settings.name);
        let priority = slot.instance.priority();
        announce_news(subject, name, news, priority, &settings.notify, out);
        if settings.notify.mail && !(news == News::Fault && self.no_email_faults) {
            let why = slot.last.as_ref().map(Entry::why);
            let alert = mail::alert(subject, name, news, why.as_deref(), &mut slot.mailed);
            out.extend(alert.map(Action::Mail));
        }
    }
}

/// Tells everybody the news of a group.
fn tell_group(group: &mut SyncGroup, news: News, no_email_faults: bool, out: &mut Vec<Action>) {
    let settings = &group.settings;
    let (subject, name) = (Subject::Group, &settings.name);
    announce_news(subject, name, news, 0, &settings.notify, out);
    if settings.notify.mail && !(news == News::Fault && no_email_faults) {
        let alert = mail::alert(subject, name, news, None, &mut group.mailed);
        out.extend(alert.map(Action::Mail));
    }
}

fn announce_news(
    subject: Subject,
    name: &str,
    news: News,
    priority: u8,
    notify: &crate::vrrp::settings::Notify,
    out: &mut Vec<Action>,
) {
    let (commands, line) = tell(subject, name, news, priority, notify);
    out.extend(
        commands.into_iter().map(|command| Action::Notify { queue: name.to_string(), command }),
    );
    out.push(Action::Fifo(line));
}

fn describe(change: &Change, why: &str) -> String {
    match change {
        Change::Add(it) => alloc::format!("add {}/{} to {}: {why}", it.ip, it.prefix_len, it.dev),
        Change::Remove { dev, ip, prefix_len } => {
            alloc::format!("remove {ip}/{prefix_len} from {dev}: {why}")
        }
    }
}

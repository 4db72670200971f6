//! From one life to the next: the start with what a former process left, and a reload of the configuration. Only
//! differences are acted on.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::beside::Beside;
use super::bfd;
use super::interfaces::Interfaces;
use super::routing::{Routing, Tables};
use super::settle::news_of;
use super::tuning::Tuning;
use super::{Action, Dirty, Key, Observations, STATIC, Slot, VrrpNode};
use crate::ipvs::sync::Daemon;
use crate::journal::Reason;
use crate::net::kernel_setting::Changed;
use crate::net::link::VirtualLink;
use crate::net::reconcile::{Present, Reconciler};
use crate::node::settings::VrrpSettings;
use crate::time::Time;
use crate::track::file::File;
use crate::track::interface::Link;
use crate::track::process::{Process, ProcessState};
use crate::track::script::{Script, ScriptState};
use crate::vrrp::auth_hmac::Sequences;
use crate::vrrp::instance::{self, Condition, Parameters, State};
use crate::vrrp::notify::{News, Subject, tell};
use crate::vrrp::pace::Gates;
use crate::vrrp::sync_group::SyncGroup;

/// An interface of the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkState {
    /// Its name.
    pub name: String,
    /// IFF_UP and IFF_RUNNING.
    pub up: bool,
}

/// What the kernel has.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// All interfaces.
    pub links: Vec<LinkState>,
    /// All addresses with the names of their interfaces, in the kernel's order.
    pub addresses: Vec<(String, Present)>,
    /// A random number: for discriminators and the jitter of BFD.
    pub seed: u64,
    /// What is tracked beside; only looked at by [`VrrpNode::start`].
    pub tracked: Observations,
    /// Routes and rules.
    pub routing: Tables,
}

/// What a successor needs to go on without an election.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Handover {
    /// When it was written: the last sign of life.
    pub saved: Time,
    instances: Vec<InstanceState>,
    pub(super) scripts: Vec<ScriptState>,
    #[cfg_attr(feature = "serde", serde(default))]
    pub(super) processes: Vec<ProcessState>,
    /// Interfaces with delays.
    #[cfg_attr(feature = "serde", serde(default))]
    pub(super) delayed_links: Vec<(String, Link)>,
    repairs: u64,
    /// Packets were dropped.
    #[cfg_attr(feature = "serde", serde(default))]
    blocked: bool,
    /// These sync daemons ran.
    #[cfg_attr(feature = "serde", serde(default))]
    daemons: Vec<Daemon>,
    /// Kernel settings that are to be put back.
    #[cfg_attr(feature = "serde", serde(default))]
    settings: Vec<Changed>,
    /// Virtual interfaces that may be there.
    #[cfg_attr(feature = "serde", serde(default))]
    links: Vec<VirtualLink>,
    #[cfg_attr(feature = "serde", serde(default))]
    pub(super) bfd: Vec<bfd::Former>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct InstanceState {
    key: Key,
    state: State,
    last_sent: Option<Time>,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "is_default"))]
    sequence: u32,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    signed: Option<Sequences>,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "is_default"))]
    old_checksum: bool,
}

/// What is not worth a word: a master of a thousand instances writes them all every second.
#[cfg(feature = "serde")]
pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl VrrpNode {
    /// Starts, and goes on from `handover` where a former life is recent enough.
    #[must_use]
    pub fn start(
        mut settings: VrrpSettings,
        handover: Option<&Handover>,
        snapshot: &Snapshot,
        now: Time,
        out: &mut Vec<Action>,
    ) -> Self {
        let mut node = Self {
            startup_delay: Duration::ZERO,
            delay_after_boot: Duration::ZERO,
            fifo_states: false,
            no_email_faults: false,
            log_unknown_vrids: false,
            unknown_vrids: Vec::new(),
            disable_local_igmp: false,
            static_addresses: Vec::new(),
            firewall: settings.firewall.clone(),
            sync_daemon: None,
            slots: Vec::new(),
            lookup: Vec::new(),
            groups: Vec::new(),
            scripts: Vec::new(),
            files: Vec::new(),
            processes: Vec::new(),
            links: Vec::new(),
            gates: Gates::default(),
            up: BTreeMap::new(),
            link_delays: BTreeMap::new(),
            addresses: Reconciler::default(),
            routing: Routing::default(),
            leftovers: true,
            blocked: None,
            daemons: Vec::new(),
            beside: Beside::default(),
            interfaces: Interfaces::inherit(
                handover.map_or(&[], |it| &it.links),
                settings.virtual_links(),
            ),
            tuning: Tuning::inherit(handover.map_or_else(Vec::new, |it| it.settings.clone())),
            repairs: handover.map_or(0, |it| it.repairs),
            retry_at: None,
            due: None,
            last_refusal: String::new(),
            dirty: Dirty::default(),
            stopping: false,
            released: false,
            scratch: Vec::with_capacity(8),
            bfd: bfd::Sessions::new(snapshot.seed),
        };
        node.start_bfd(core::mem::take(&mut settings.bfd), handover, now);
        node.build(settings, now);
        node.restore_tracked(handover);
        node.observe(&snapshot.tracked, now);
        node.manage();
        node.take_snapshot(snapshot, now);
        node.adopt_routing(snapshot);
        node.examine();
        node.recheck(now, out);
        if node.needs_firewall() || handover.is_some_and(|it| it.blocked) {
            node.blocked = Some(Vec::new());
        }
        let quiet_until = (now + node.startup_delay).max(Time::ZERO + node.delay_after_boot);
        let formers = handover.iter().flat_map(|it| &it.instances);
        let formers: BTreeMap<_, _> = formers.map(|it| (&it.key, it)).collect();
        for index in 0..node.slots.len() {
            let former = formers.get(&node.slots[index].key).copied();
            if let Some(former) = former {
                node.slots[index].continue_sequence(former.sequence);
                node.slots[index].continue_signed(former.signed.clone().unwrap_or_default());
                node.slots[index].continue_old_checksum(former.old_checksum);
            }
            match former {
                Some(former) if node.may_resume(index, former, now) => {
                    node.resume(index, former, handover.map_or(now, |it| it.saved), now, out);
                }
                _ => node.start_instance(index, quiet_until, now, out),
            }
        }
        node.conclude(now, out);
        // What a former life has left goes even if nothing takes its place.
        if node.blocked.as_ref().is_some_and(Vec::is_empty) {
            out.push(Action::Unblock(Vec::new()));
        }
        if node.daemons.is_empty() && handover.is_some_and(|it| !it.daemons.is_empty()) {
            out.push(Action::Daemons(Vec::new()));
        }
        node
    }

    /// What a successor needs.
    #[must_use]
    pub fn handover(&self, now: Time) -> Handover {
        let living = self.slots.iter().filter(|slot| !slot.retired);
        let instances = living.map(|slot| InstanceState {
            key: slot.key.clone(),
            state: slot.instance.state(),
            last_sent: slot.instance.last_sent(),
            sequence: slot.sequence(),
            signed: slot.signed().cloned(),
            old_checksum: slot.has_old_checksum(),
        });
        Handover {
            saved: now,
            instances: instances.collect(),
            scripts: self.scripts.iter().map(Script::state).collect(),
            processes: self.processes.iter().map(Process::state).collect(),
            delayed_links: self.delayed_links(),
            repairs: self.repairs,
            blocked: self.blocked.is_some(),
            daemons: self.daemons.clone(),
            settings: self.tuning.changed.clone(),
            links: self.made_links().to_vec(),
            bfd: self.bfd_formers(),
        }
    }

    /// How often the handover must be renewed so that a successor finds a master's last advert, and sessions that are
    /// up, recent enough.
    #[must_use]
    pub fn handover_interval(&self) -> Option<Duration> {
        let masters = self.slots.iter().filter(|it| it.instance.state() == State::Master);
        let shortest = masters.map(|it| it.settings.advert_interval).min();
        let second = Duration::from_secs(1);
        let up = self.bfd_sessions().any(|it| it.state() == crate::bfd::packet::State::Up);
        let shortest = shortest.or(up.then_some(second))?;
        Some(shortest.clamp(Duration::from_millis(100), second))
    }

    /// What the kernel has just before a reload: interfaces of the new configuration are there already.
    pub fn see(&mut self, snapshot: &Snapshot, now: Time) {
        self.take_snapshot(snapshot, now);
        self.routing.see(&snapshot.links);
        self.dirty.conditions = true;
    }

    /// A new configuration: instances that stay keep their state and their beat, only differences are acted on.
    /// `tracked`: what the files and processes of the new one are like.
    pub fn reload(
        &mut self,
        mut settings: VrrpSettings,
        tracked: &Observations,
        now: Time,
        out: &mut Vec<Action>,
    ) {
        self.prune(out);
        self.reload_bfd(core::mem::take(&mut settings.bfd), now, out);
        let formers = core::mem::take(&mut self.slots);
        let former_groups = core::mem::take(&mut self.groups);
        let former_scripts = core::mem::take(&mut self.scripts);
        let former_processes = core::mem::take(&mut self.processes);
        let firewall = self.firewall.clone();
        self.build(settings, now);
        if let Some(blocked) = self.blocked.as_ref().filter(|_| self.firewall != firewall) {
            out.push(Action::Block(blocked.clone()));
        }
        for script in &mut self.scripts {
            let same = |it: &&Script| it.settings().command == script.settings().command;
            if let Some(former) = former_scripts.iter().find(same) {
                script.continue_from(former);
            }
        }
        for process in &mut self.processes {
            let same = |it: &&Process| it.settings() == process.settings();
            if let Some(former) = former_processes.iter().find(same) {
                process.restore(&former.state());
            }
        }
        self.observe(tracked, now);
        for group in &mut self.groups {
            let same = |it: &&SyncGroup| it.name() == group.name();
            let former = former_groups.iter().find(same);
            group.state = former.map_or(State::Init, |it| it.state);
            group.mailed = former.and_then(|it| it.mailed);
        }
        let mut kept = alloc::vec![false; self.slots.len()];
        let mut retiring = Vec::new();
        let keys = self.slots.iter().map(|slot| slot.key.clone());
        let places: BTreeMap<Key, usize> = keys.zip(0..).collect();
        for former in formers {
            match places.get(&former.key).copied().filter(|_| !former.retired) {
                Some(index) => {
                    kept[index] = true;
                    if self.slots[index].adopt(former, now) {
                        self.slots[index].announcer.start(now);
                    }
                }
                None => retiring.push(former),
            }
        }
        self.dirty.announcements = true;
        for mut former in retiring {
            former.link = self.link_index(former.settings.port());
            former.group = None;
            former.use_gates(&mut self.gates);
            self.slots.push(former);
        }
        self.manage();
        for index in 0..self.slots.len() {
            if index >= kept.len() {
                self.retire(index, now, out);
            } else if kept[index] {
                let slot = &self.slots[index];
                let parameters = Parameters::new(&slot.settings, slot.group.is_some());
                self.apply(index, now, instance::Event::Parameters(parameters), out);
            }
        }
        self.dirty.conditions = true;
        if self.needs_firewall() {
            self.blocked.get_or_insert_default();
        }
        self.settle(now, out);
        for (index, _) in kept.iter().enumerate().filter(|(_, kept)| !**kept) {
            self.start_instance(index, now, now, out);
        }
        self.conclude(now, out);
        if self.fifo_states {
            self.write_states(&kept, out);
        }
        out.push(Action::Links);
        out.push(Action::Changed);
    }

    /// The states of instances that were there before, and of groups, for readers of the FIFOs.
    fn write_states(&self, kept: &[bool], out: &mut Vec<Action>) {
        let kept = self.slots.iter().zip(kept).filter(|(_, kept)| **kept).map(|(slot, _)| slot);
        let instances = kept.map(|slot| {
            let (settings, instance) = (&slot.settings, &slot.instance);
            let (name, notify) = (&settings.name, &settings.notify);
            (Subject::Instance, name, instance.state(), instance.priority(), notify)
        });
        let groups = self
            .groups
            .iter()
            .map(|group| (Subject::Group, group.name(), group.state, 0, &group.settings.notify));
        for (subject, name, state, priority, notify) in instances.chain(groups) {
            if let Some(news) = news_of(state) {
                out.push(Action::Fifo(tell(subject, name, news, priority, notify).1));
            }
        }
    }

    fn retire(&mut self, index: usize, now: Time, out: &mut Vec<Action>) {
        if !core::mem::replace(&mut self.slots[index].retired, true) {
            self.apply(index, now, instance::Event::Stop(&Reason::Removed), out);
            self.tell(index, News::Deleted, out);
        }
    }

    /// Forgets removed instances that have nothing left to do.
    pub(super) fn prune(&mut self, out: &mut Vec<Action>) {
        let done = |slot: &Slot| slot.retired && !slot.holding && !slot.instance.is_keeping();
        if self.slots.iter().any(done) {
            self.slots.retain(|slot| !done(slot));
            self.manage();
            out.push(Action::Links);
        }
    }

    /// Machines for these settings, not started.
    fn build(&mut self, mut settings: VrrpSettings, now: Time) {
        self.routing.build(&mut settings);
        self.links.clear();
        self.gates = Gates::new(settings.paces);
        self.groups = settings
            .sync_groups
            .iter()
            .map(|group| {
                let index =
                    |name: &String| settings.instances.iter().position(|it| it.name == *name);
                SyncGroup::new(group.clone(), group.members.iter().filter_map(index).collect())
            })
            .collect();
        self.scripts = settings.scripts.into_iter().map(|it| Script::new(it, now)).collect();
        self.files = settings.files.into_iter().map(File::new).collect();
        self.processes = settings.processes.into_iter().map(Process::new).collect();
        self.link_delays = settings.link_delays.into_iter().collect();
        self.startup_delay = settings.startup_delay;
        self.delay_after_boot = settings.delay_after_boot;
        self.fifo_states = settings.fifo_states;
        self.no_email_faults = settings.no_email_faults;
        self.log_unknown_vrids = settings.log_unknown_vrids;
        self.unknown_vrids.clear();
        self.disable_local_igmp = settings.disable_local_igmp;
        self.static_addresses = settings.static_addresses;
        self.firewall = settings.firewall;
        self.sync_daemon = settings.sync_daemon;
        for (index, instance) in settings.instances.into_iter().enumerate() {
            let link = self.link_index(instance.port());
            let group = self.groups.iter().position(|group| group.members.contains(&index));
            self.slots.push(Slot::new(instance, link, group, &mut self.gates));
        }
    }

    fn link_index(&mut self, name: &str) -> usize {
        self.links.iter().position(|it| it == name).unwrap_or_else(|| {
            self.links.push(name.into());
            self.links.len() - 1
        })
    }

    pub(super) fn take_snapshot(&mut self, snapshot: &Snapshot, now: Time) {
        for name in self.up.keys().filter(|name| !snapshot.links.iter().any(|it| it.name == **name))
        {
            self.addresses.forget(name);
        }
        self.up.retain(|name, _| snapshot.links.iter().any(|it| it.name == *name));
        for link in &snapshot.links {
            self.see_link(&link.name, link.up, now);
        }
        for link in &snapshot.links {
            let own = snapshot.addresses.iter().filter(|(dev, _)| *dev == link.name);
            self.addresses.set_actual(&link.name, own.map(|(_, present)| *present).collect());
        }
        self.addresses.want(STATIC, !self.stopping);
        self.look_for_virtual_links();
    }

    fn start_instance(
        &mut self,
        index: usize,
        quiet_until: Time,
        now: Time,
        out: &mut Vec<Action>,
    ) {
        let condition = self.slots[index].condition.clone();
        let event = instance::Event::Start { condition: &condition, quiet_until };
        self.apply(index, now, event, out);
    }

    /// A master goes on if no peer can have missed it yet; a backup in any case.
    fn may_resume(&self, index: usize, former: &InstanceState, now: Time) -> bool {
        let slot = &self.slots[index];
        let patience = slot.settings.advert_interval * u32::from(slot.settings.down_timer_adverts);
        let recent = former.last_sent.is_some_and(|at| at <= now && now.since(at) < patience);
        let able = slot.condition == Condition::Good;
        match former.state {
            State::Master => able && recent,
            State::Backup => able,
            State::Init | State::Fault => false,
        }
    }

    fn resume(
        &mut self,
        index: usize,
        former: &InstanceState,
        saved: Time,
        now: Time,
        out: &mut Vec<Action>,
    ) {
        let last_advert = former.last_sent.filter(|_| former.state == State::Master);
        let event = instance::Event::Resume {
            state: former.state,
            last_advert: last_advert.unwrap_or(saved.min(now)),
        };
        self.apply(index, now, event, out);
        if let Some(group) = self.slots[index].group {
            self.groups[group].state = former.state;
        }
    }
}

impl Handover {
    /// Virtual interfaces that may be there.
    #[must_use]
    pub fn links(&self) -> &[VirtualLink] {
        &self.links
    }

    /// Kernel settings that are to be put back.
    #[must_use]
    pub fn settings(&self) -> &[Changed] {
        &self.settings
    }
}

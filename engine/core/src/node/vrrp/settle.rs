//! What follows from an event: conditions and priorities from tracking, sync groups, addresses, announcements.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem;

use super::{Action, Follow, LINKS, Reason, STATIC, Slot, State, VrrpNode, tell_group};
use crate::journal::Entry;
use crate::net::address::Address;
use crate::time::Time;
use crate::track::verdict::Verdict;
use crate::vrrp::instance::{self, Condition};
use crate::vrrp::notify::News;
use crate::vrrp::priority;
use crate::vrrp::settings::Transport;

impl VrrpNode {
    /// Gives one event to one instance and carries out what it says.
    pub(super) fn apply(
        &mut self,
        index: usize,
        now: Time,
        event: instance::Event<'_>,
        out: &mut Vec<Action>,
    ) {
        let mut actions = mem::take(&mut self.scratch);
        self.slots[index].instance.handle(now, event, &mut actions);
        for action in actions.drain(..) {
            self.perform(index, now, action, out);
        }
        self.scratch = actions;
    }

    fn perform(
        &mut self,
        index: usize,
        now: Time,
        action: instance::Action,
        out: &mut Vec<Action>,
    ) {
        let slot = &mut self.slots[index];
        match action {
            instance::Action::SendAdvert(priority) => {
                slot.new_advert();
                slot.counters.advert_sent += 1;
                slot.counters.pri_zero_sent += u64::from(priority == priority::LEAVING);
                out.push(Action::SendAdvert { instance: index, priority });
            }
            instance::Action::Hold => {
                slot.holding = true;
                self.addresses.want(index, true);
                self.routing.want(index, true);
                self.dirty.addresses = true;
            }
            instance::Action::Release => {
                if mem::take(&mut slot.holding) {
                    slot.announcer.stop();
                    self.addresses.want(index, false);
                    self.routing.want(index, false);
                    self.dirty.addresses = true;
                    // What the kernel refuses must not hold up what has to go.
                    self.retry_at = None;
                }
            }
            instance::Action::Announce => {
                slot.announcer.start(now);
                self.dirty.announcements = true;
            }
            instance::Action::AnnounceAgain => {
                let group = slot.group;
                for (other, slot) in self.slots.iter_mut().enumerate() {
                    let same_group = group.is_some() && slot.group == group;
                    if slot.holding && (other == index || same_group) {
                        slot.announcer.again(now);
                    }
                }
                self.dirty.announcements = true;
            }
            instance::Action::Became { from, to, reason } => {
                self.became(index, now, from, to, reason, out);
            }
            instance::Action::Wish => self.wish(index),
            instance::Action::HeardLower => self.tell(index, News::MasterHeardLower, out),
        }
    }

    fn became(
        &mut self,
        index: usize,
        now: Time,
        from: State,
        to: State,
        reason: Reason,
        out: &mut Vec<Action>,
    ) {
        let slot = &mut self.slots[index];
        slot.counters.become_master += u64::from(to == State::Master);
        slot.counters.release_master += u64::from(from == State::Master);
        slot.forget_logged();
        let change = alloc::format!("{from} -> {to}");
        let subject = slot.settings.name.clone();
        let resumed = matches!(reason, Reason::Resumed { .. });
        if (from, to) == (State::Fault, State::Backup)
            && matches!(slot.settings.transport, Transport::Unicast { .. })
        {
            out.push(Action::AnnounceSource { instance: index });
        }
        if from == State::Master && to == State::Backup {
            self.group_follows(index);
        }
        let entry = Entry { at: now, subject, change, reason, announced_after: None };
        self.slots[index].last = Some(entry.clone());
        out.push(Action::Record(Box::new(entry)));
        out.push(Action::Changed);
        if !resumed && let Some(news) = news_of(to) {
            self.tell(index, news, out);
        }
        self.dirty.groups = true;
        self.dirty.conditions |= to == State::Fault || from == State::Fault;
    }

    /// A member left MASTER: the others leave with it.
    fn group_follows(&mut self, index: usize) {
        let Some(group) = self.slots[index].group else { return };
        let member = self.slots[index].settings.name.clone();
        for other in &self.groups[group].members {
            let reason = Reason::Group { member: member.clone() };
            if *other != index {
                let state = State::Backup;
                self.dirty.follow.push(Follow { instance: *other, state, reason });
            }
        }
    }

    /// A member would be master: when all would, all are.
    fn wish(&mut self, index: usize) {
        let Some(group) = self.slots[index].group else { return };
        let slots = &self.slots;
        let ready = |member: usize| {
            let it = &slots[member].instance;
            it.wishes() || it.state() == State::Master
        };
        if self.groups[group].all_wish(ready) {
            let now_all = self.groups[group].members.iter().copied();
            let others = now_all.clone().filter(|member| *member != index);
            for member in core::iter::once(index).chain(others) {
                let reason = slots[member].instance.why_master();
                let state = State::Master;
                self.dirty.follow.push(Follow { instance: member, state, reason });
            }
        }
    }

    /// Nothing but announcements can follow from what happened.
    pub(super) const fn is_quiet(&self) -> bool {
        !self.stopping && self.dirty.is_clean() && !self.routing.is_dirty()
    }

    /// Works until nothing is left to follow from what happened.
    pub(super) fn settle(&mut self, now: Time, out: &mut Vec<Action>) {
        if self.is_quiet() {
            // Only time has passed: of what is told whole nothing is different.
            if mem::take(&mut self.dirty.announcements) {
                self.announce(now, out);
            }
            return;
        }
        loop {
            if mem::take(&mut self.dirty.conditions) && !self.stopping {
                self.recheck(now, out);
            }
            let follow = mem::take(&mut self.dirty.follow);
            if follow.is_empty() && !self.dirty.conditions {
                break;
            }
            for Follow { instance, state, reason } in follow {
                let event = instance::Event::Together { state, reason: &reason };
                self.apply(instance, now, event, out);
            }
        }
        if mem::take(&mut self.dirty.groups) {
            self.tell_groups(out);
        }
        let releases = self.stopping && !self.released && !self.slots.iter().any(|it| it.holding);
        self.released |= releases;
        let links = mem::take(&mut self.dirty.links) || releases;
        if links {
            self.make_links(out);
        }
        self.block(links, out);
        if self.retry_at.is_none() && mem::take(&mut self.dirty.addresses) {
            let leftovers = mem::take(&mut self.leftovers);
            // Routes may hang on addresses, rules on routes.
            self.unroute(leftovers, out);
            out.extend(self.addresses.changes(leftovers).into_iter().map(Action::Change));
        }
        self.unroute(false, out);
        self.route(out);
        self.unblock(out);
        if mem::take(&mut self.dirty.announcements) {
            self.announce(now, out);
        }
        self.synchronize(out);
        if links {
            self.tune(out);
        }
        if releases {
            self.close_bfd(now, out);
            out.push(Action::Released);
        }
    }

    fn announce(&mut self, now: Time, out: &mut Vec<Action>) {
        for (instance, slot) in self.slots.iter_mut().enumerate() {
            if slot.holding {
                let gates = self.gates.all();
                slot.announcer.take_due(now, gates, |address| {
                    out.push(Action::Announce { instance, address });
                });
            }
        }
    }

    fn tell_groups(&mut self, out: &mut Vec<Action>) {
        for group in &mut self.groups {
            let slots = &self.slots;
            let state = group.state_of(|member| slots[member].instance.state());
            if state != group.state && !self.stopping {
                group.state = state;
                if let Some(news) = news_of(state) {
                    tell_group(group, news, self.no_email_faults, out);
                }
            }
        }
    }

    /// Conditions and priorities of all instances; tells the state machines what has changed, causes before followers.
    pub(super) fn recheck(&mut self, now: Time, out: &mut Vec<Action>) {
        self.refresh_link_addresses();
        for index in 0..self.slots.len() {
            if self.slots[index].retired {
                continue;
            }
            self.update_source(index);
            let (condition, weights) = self.judge(index);
            self.slots[index].own_condition = condition;
            self.set_priority(index, weights, now, out);
        }
        for own_causes_first in [true, false] {
            for index in 0..self.slots.len() {
                let slot = &self.slots[index];
                let is_cause = matches!(slot.own_condition, Condition::Faulty(_));
                if slot.retired || is_cause != own_causes_first {
                    continue;
                }
                let condition = self.condition_in_group(index);
                if condition != slot.condition {
                    self.slots[index].condition = condition.clone();
                    self.apply(index, now, instance::Event::Condition(&condition), out);
                }
            }
        }
    }

    /// Looks at everything anew, without telling the state machines: before they start.
    pub(super) fn examine(&mut self) {
        self.refresh_link_addresses();
        for index in 0..self.slots.len() {
            self.update_source(index);
            self.slots[index].own_condition = self.judge(index).0;
        }
        for index in 0..self.slots.len() {
            self.slots[index].condition = self.condition_in_group(index);
        }
    }

    fn update_source(&mut self, index: usize) {
        let slot = &self.slots[index];
        let source = slot.settings.source.or_else(|| self.first_source(&slot.settings));
        let slot = &mut self.slots[index];
        // An interface that is gone leaves the last source: the farewell still needs one.
        if source.is_some() && source != slot.source {
            slot.source = source;
            slot.instance.set_source(source);
        }
    }

    fn set_priority(&mut self, index: usize, weights: i32, now: Time, out: &mut Vec<Action>) {
        let slot = &self.slots[index];
        let priority = priority::effective(slot.settings.priority, weights);
        if priority == slot.instance.priority() {
            return;
        }
        let tell = slot.settings.notify_priority_changes;
        self.apply(index, now, instance::Event::Priority(priority), out);
        out.push(Action::Changed);
        if tell {
            let news = match self.slots[index].instance.state() {
                State::Master => News::MasterPriority,
                State::Init | State::Backup | State::Fault => News::BackupPriority,
            };
            self.tell(index, news, out);
        }
    }

    fn condition_in_group(&self, index: usize) -> Condition {
        let slot = &self.slots[index];
        let (Condition::Good, Some(group)) = (&slot.own_condition, slot.group) else {
            return slot.own_condition.clone();
        };
        let others = self.groups[group].members.iter().filter(|member| **member != index);
        let mut undecided = false;
        for other in others {
            let other = &self.slots[*other];
            match other.own_condition {
                Condition::Faulty(_) => {
                    let member = other.settings.name.clone();
                    return Condition::Faulty(Reason::Group { member });
                }
                Condition::Undecided => undecided = true,
                Condition::Good => {}
            }
        }
        if undecided { Condition::Undecided } else { Condition::Good }
    }

    /// Whether an instance could work, its group aside, and the sum of its weights.
    fn judge(&self, index: usize) -> (Condition, i32) {
        let slot = &self.slots[index];
        let mut undecided = false;
        let mut fault = self.basic_fault(slot);
        let mut weights = 0i32;
        for tracked in self.tracked(slot) {
            match tracked.verdict {
                Verdict::Weight(weight) => weights = weights.saturating_add(weight),
                Verdict::Undecided => undecided = true,
                Verdict::Fault => _ = fault.get_or_insert_with(|| self.why(&tracked)),
            }
        }
        let condition = match fault {
            Some(reason) => Condition::Faulty(reason),
            None if undecided => Condition::Undecided,
            None => Condition::Good,
        };
        (condition, weights)
    }

    fn basic_fault(&self, slot: &Slot) -> Option<Reason> {
        let settings = &slot.settings;
        let interface = settings.vrf.as_ref().unwrap_or(&settings.interface);
        let there = interface.is_empty() || self.up.contains_key(interface);
        if !there || !(interface.is_empty() || settings.dont_track_primary || self.is_up(interface))
        {
            return Some(Reason::LinkDown { interface: interface.clone() });
        }
        if matches!(&settings.transport, Transport::Unicast { peers, .. } if peers.is_empty()) {
            return Some(Reason::NoPeer);
        }
        if settings.source.is_none() && self.first_source(settings).is_none() {
            return Some(Reason::NoSource { interface: interface.clone() });
        }
        let own = settings.vmacs.own.as_ref().map(|vmac| &vmac.name);
        if let Some(vmac) = own
            && !(self.is_usable(vmac) || settings.dont_track_primary && self.exists(vmac))
        {
            return Some(Reason::LinkDown { interface: vmac.clone() });
        }
        let elsewhere =
            |it: &&Address| it.dev != *interface && Some(&it.dev) != own && !it.no_track;
        if let Some(address) =
            slot.addresses().filter(elsewhere).find(|address| !self.is_usable(&address.dev))
        {
            return Some(Reason::LinkDown { interface: address.dev.clone() });
        }
        slot.contested_until?;
        let address = slot.addresses().next()?.ip;
        let repairs = u32::try_from(super::slot::REPAIR_LIMIT).unwrap_or(u32::MAX);
        Some(Reason::Contested { address, repairs })
    }

    /// Rebuilds what is made of the list of instances: the lookup, and the addresses to look after.
    pub(super) fn manage(&mut self) {
        let keys = self.slots.iter().map(|slot| (slot.link, slot.settings.vrid));
        self.lookup = keys.zip(0..).collect();
        self.lookup.sort_unstable();
        let slots = self.slots.iter().enumerate().flat_map(|(owner, slot)| {
            slot.addresses().map(move |address| (owner, address.clone(), slot.holding))
        });
        let keep = !self.stopping;
        let fixed = self.static_addresses.iter();
        let fixed = fixed.map(|address| (STATIC, address.clone(), keep));
        let links = self.link_addresses().collect::<Vec<_>>().into_iter();
        let links = links.map(|address| (LINKS, address, true));
        self.addresses.manage(slots.chain(fixed).chain(links));
        self.manage_routing();
        self.dirty.links = true;
        self.dirty.addresses = true;
    }
}

pub(super) const fn news_of(state: State) -> Option<News> {
    match state {
        State::Master => Some(News::Master),
        State::Backup => Some(News::Backup),
        State::Fault => Some(News::Fault),
        State::Init => None,
    }
}

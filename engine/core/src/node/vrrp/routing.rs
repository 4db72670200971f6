//! Routes and rules: behind the addresses when they come, before them when they go. The kernel's are read whole whenever
//! they may have changed, as many routes go without a word when their address or interface does.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;
use core::time::Duration;

use super::{Action, LinkState, STATIC, Snapshot, VrrpNode, Weight};
use crate::journal::{Entry, Reason};
use crate::net::ledger::{Entry as _, Ledger};
use crate::net::reconcile::Owner;
use crate::net::route::{KEEPALIVED, Route};
use crate::net::rule::Rule;
use crate::node::settings::VrrpSettings;
use crate::time::Time;

/// Between attempts at what the kernel refused.
const RETRY: Duration = Duration::from_secs(5);
/// So many refusals are remembered, so that each is told once.
const TOLD: usize = 64;

/// A route or a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A route.
    Route(Route),
    /// A rule.
    Rule(Rule),
}

/// One change of the kernel's routes or rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reroute {
    /// Add it, else remove it.
    pub add: bool,
    /// What.
    pub item: Item,
}

/// Why the kernel would not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal<'a> {
    /// What should be added is there.
    Exists,
    /// What should be removed is not.
    Gone,
    /// Anything else, in its words.
    Other(&'a str),
}

/// What the kernel has; at least all that is ours.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    /// Routes of all tables, of the protocols that [`VrrpNode::protocols`] names.
    pub routes: Vec<Route>,
    /// Rules.
    pub rules: Vec<Rule>,
    /// VRF devices with their tables.
    pub vrfs: BTreeMap<String, u32>,
}

/// All routes and rules that we look after.
#[derive(Clone, Debug, Default)]
pub struct Routing {
    routes: Ledger<Route>,
    rules: Ledger<Rule>,
    /// Of the configuration: those whatever the state.
    static_routes: Vec<Route>,
    static_rules: Vec<Rule>,
    /// All interfaces as the kernel has them now, whatever counts of that elsewhere: is it up?
    links: BTreeMap<String, bool>,
    /// VRF devices with their tables.
    vrfs: BTreeMap<String, u32>,
    /// A route waits for its VRF.
    waits: bool,
    /// Something is to be added or removed.
    dirty: bool,
    /// The kernel's may be others than we know.
    stale: bool,
    /// It is because of somebody who deleted one.
    somebody: bool,
    /// The next attempt at what was refused.
    pub retry_at: Option<Time>,
    told: Vec<String>,
}

impl Routing {
    /// Takes over what the configuration says.
    pub fn build(&mut self, settings: &mut VrrpSettings) {
        self.static_routes = mem::take(&mut settings.static_routes);
        self.static_rules = mem::take(&mut settings.static_rules);
    }

    /// Whether those of `owner` should be there.
    pub fn want(&mut self, owner: Owner, wanted: bool) {
        self.routes.want(owner, wanted);
        self.rules.want(owner, wanted);
        self.dirty = true;
    }

    /// All interfaces.
    fn set_links(&mut self, links: &[LinkState]) {
        self.links = links.iter().map(|link| (link.name.clone(), link.up)).collect();
    }

    /// All interfaces, outside of the order of events.
    pub fn see(&mut self, links: &[LinkState]) {
        self.set_links(links);
        self.went();
    }

    /// An interface appeared or changed.
    pub fn link(&mut self, name: &str, up: bool) {
        if self.links.get(name) != Some(&up) {
            self.links.insert(name.into(), up);
            self.went();
        }
    }

    /// An interface is gone.
    pub fn link_gone(&mut self, name: &str) {
        self.links.remove(name);
        self.went();
    }

    /// An interface or an address came: more may be possible now.
    pub fn came(&mut self) {
        self.dirty |= self.routes.retry();
        self.dirty |= self.rules.retry();
    }

    /// An interface or an address went, and routes perhaps with it.
    pub fn went(&mut self) {
        self.came();
        self.stale |= !self.is_idle();
    }

    /// It has something to say.
    pub const fn is_dirty(&self) -> bool {
        self.dirty || self.stale
    }

    /// Nothing is to be looked after.
    fn is_idle(&self) -> bool {
        self.routes.is_idle() && self.rules.is_idle() && !self.waits
    }

    /// With the table of its VRF; `None`: that is not there.
    fn placed(&self, route: &Route) -> Option<Route> {
        let Some(vrf) = &route.vrf else { return Some(route.clone()) };
        let table = *self.vrfs.get(vrf)?;
        Some(Route { table, ..route.clone() })
    }

    /// Once for each text.
    fn tell(&mut self, weight: Weight, text: String, out: &mut Vec<Action>) {
        if !self.told.contains(&text) {
            if self.told.len() >= TOLD {
                self.told.clear();
            }
            self.told.push(text.clone());
            out.push(Action::Log(weight, text));
        }
    }
}

impl VrrpSettings {
    /// Whether it speaks of routes or rules.
    #[must_use]
    pub fn has_routing(&self) -> bool {
        let any = self.instances.iter().any(|it| !it.routes.is_empty() || !it.rules.is_empty());
        any || !self.static_routes.is_empty() || !self.static_rules.is_empty()
    }

    /// Protocols of its routes, and our own.
    #[must_use]
    pub fn protocols(&self) -> Vec<u8> {
        let of_instances = self.instances.iter().flat_map(|it| &it.routes);
        sorted(of_instances.chain(&self.static_routes))
    }
}

fn sorted<'a>(routes: impl Iterator<Item = &'a Route>) -> Vec<u8> {
    let mut all: Vec<u8> = routes.map(|it| it.protocol).chain([KEEPALIVED]).collect();
    all.sort_unstable();
    all.dedup();
    all
}

impl VrrpNode {
    /// Whether the kernel's routes and rules matter, so that its events are to be told.
    #[must_use]
    pub fn follows_routing(&self) -> bool {
        !self.routing.is_idle()
    }

    /// Routes that are there whatever the state.
    #[must_use]
    pub fn static_routes(&self) -> &[Route] {
        &self.routing.static_routes
    }

    /// Rules that are there whatever the state.
    #[must_use]
    pub fn static_rules(&self) -> &[Rule] {
        &self.routing.static_rules
    }

    /// Protocols of the routes that matter.
    #[must_use]
    pub fn protocols(&self) -> Vec<u8> {
        sorted(self.routing.routes.managed())
    }

    /// The list of what is to be looked after.
    pub(super) fn manage_routing(&mut self) {
        let keep = !self.stopping;
        let routes = self.slots.iter().enumerate().flat_map(|(owner, slot)| {
            slot.settings.routes.iter().map(move |route| (owner, route, slot.holding))
        });
        let fixed = self.routing.static_routes.iter().map(|it| (STATIC, it, keep));
        let all: Vec<_> = routes.chain(fixed).collect();
        let placed = |(owner, it, wanted)| Some((owner, self.routing.placed(it)?, wanted));
        let placed: Vec<_> = all.iter().copied().filter_map(placed).collect();
        self.routing.waits = placed.len() < all.len();
        self.routing.routes.manage(placed.into_iter());
        let rules = self.slots.iter().enumerate().flat_map(|(owner, slot)| {
            let rules = slot.settings.rules.iter().cloned();
            rules.map(move |rule| (owner, rule, slot.holding))
        });
        let fixed = self.routing.static_rules.iter().map(|it| (STATIC, it.clone(), keep));
        self.routing.rules.manage(rules.chain(fixed));
        self.routing.told.clear();
        self.routing.dirty = true;
        self.routing.stale |= !self.routing.is_idle();
    }

    /// What the kernel has at the start.
    pub(super) fn adopt_routing(&mut self, snapshot: &Snapshot) {
        self.routing.set_links(&snapshot.links);
        self.routing.vrfs.clone_from(&snapshot.routing.vrfs);
        self.manage_routing();
        self.routing.routes.set_present(snapshot.routing.routes.clone());
        self.routing.rules.set_present(snapshot.routing.rules.clone());
        self.routing.stale = false;
    }

    /// The kernel's truth about everything.
    pub(super) fn routing_reset(&mut self, now: Time, snapshot: &Snapshot, out: &mut Vec<Action>) {
        self.routing.set_links(&snapshot.links);
        self.routing_read(now, &snapshot.routing, out);
    }

    /// The kernel's truth.
    pub(super) fn routing_read(&mut self, now: Time, tables: &Tables, out: &mut Vec<Action>) {
        if self.routing.vrfs != tables.vrfs {
            self.routing.vrfs.clone_from(&tables.vrfs);
            self.manage_routing();
        }
        let routes = self.routing.routes.set_present(tables.routes.clone());
        let rules = self.routing.rules.set_present(tables.rules.clone());
        let lost = routes.into_iter().map(|(owner, it)| (owner, "route", it.line()));
        let lost = lost.chain(rules.into_iter().map(|(owner, it)| (owner, "rule", it.line())));
        let somebody = mem::take(&mut self.routing.somebody);
        self.routing.stale = false;
        for (owner, what, line) in lost {
            if somebody {
                self.routing_repaired(now, owner, what, line, out);
            } else {
                let text = format!("{what} {line} went with its interface or address");
                self.routing.tell(Weight::Notice, text, out);
            }
        }
        self.routing.dirty = true;
    }

    fn routing_repaired(
        &mut self,
        now: Time,
        owner: Owner,
        what: &str,
        line: String,
        out: &mut Vec<Action>,
    ) {
        self.repairs += 1;
        let subject = match self.slots.get_mut(owner) {
            Some(slot) => {
                if !slot.repaired(now) {
                    let name = &slot.settings.name;
                    let text = format!("{name}: somebody keeps deleting {what} {line}");
                    out.push(Action::Log(Weight::Error, text));
                    self.dirty.conditions = true;
                }
                slot.settings.name.clone()
            }
            None => format!("static {what}s"),
        };
        out.push(Action::Record(Box::new(Entry {
            at: now,
            subject,
            change: format!("{what} put back"),
            reason: Reason::Rerouted { what: format!("{what} {line}") },
            announced_after: None,
        })));
    }

    /// The kernel tells of a route or rule; by somebody else than us or the kernel itself?
    pub(super) fn rerouted(&mut self, item: &Item, by_somebody: bool) {
        let near = |route: &Route, it: &Route| {
            (route.family, route.table, route.to) == (it.family, it.table, it.to)
        };
        let concerned = match item {
            Item::Route(it) => self.routing.routes.managed().any(|route| near(route, it)),
            Item::Rule(it) => self.routing.rules.managed().any(|rule| rule.priority == it.priority),
        };
        if concerned {
            self.routing.stale = true;
            self.routing.somebody |= by_somebody;
        }
    }

    /// A change was refused.
    pub(super) fn not_rerouted(
        &mut self,
        now: Time,
        change: &Reroute,
        why: Refusal<'_>,
        out: &mut Vec<Action>,
    ) {
        let text = match &change.item {
            Item::Route(route) => route.change(change.add),
            Item::Rule(rule) => rule.change(change.add),
        };
        match (why, change.add) {
            (Refusal::Exists, true) | (Refusal::Gone, false) => return,
            (Refusal::Other(why), _) => {
                self.routing.tell(Weight::Error, format!("{text}: {why}"), out);
            }
            (Refusal::Exists | Refusal::Gone, _) => {
                self.routing.tell(Weight::Error, format!("{text}: not there"), out);
            }
        }
        if change.add {
            match &change.item {
                Item::Route(route) => self.routing.routes.failed(route),
                Item::Rule(rule) => self.routing.rules.failed(rule),
            }
            self.routing.retry_at = Some(now + RETRY);
        }
    }

    /// What was refused is tried again.
    pub(super) fn retry_routing(&mut self, now: Time) {
        if self.routing.retry_at.is_some_and(|at| now >= at) {
            self.routing.retry_at = None;
            self.routing.came();
        }
    }

    /// What goes, before addresses do: rules before routes, each in reverse.
    pub(super) fn unroute(&mut self, leftovers: bool, out: &mut Vec<Action>) {
        if !self.routing.dirty {
            return;
        }
        let rules = self.routing.rules.removals(leftovers).into_iter().rev().map(Item::Rule);
        let routes = self.routing.routes.removals(leftovers).into_iter().rev().map(Item::Route);
        let changes = rules.chain(routes).map(|item| Reroute { add: false, item });
        out.extend(changes.map(|it| Action::Reroute(Box::new(it))));
    }

    /// What comes, behind addresses: routes before rules. What is not known well is read first.
    pub(super) fn route(&mut self, out: &mut Vec<Action>) {
        if mem::take(&mut self.routing.stale) {
            out.push(Action::ReadRouting);
            return;
        }
        if !mem::take(&mut self.routing.dirty) {
            return;
        }
        let up = &self.routing.links;
        let ready = |route: &Route| {
            let devs = route.hops.iter().filter_map(|hop| hop.dev.as_ref());
            devs.into_iter().all(|dev| up.get(dev) == Some(&true))
        };
        let routes = self.routing.routes.additions(ready).into_iter().map(Item::Route);
        let rules = self.routing.rules.additions(|_| true).into_iter().map(Item::Rule);
        let changes = routes.chain(rules).map(|item| Reroute { add: true, item });
        out.extend(changes.map(|it| Action::Reroute(Box::new(it))));
    }

    /// Routes and rules of an instance, and whether the kernel has them.
    pub(super) fn routing_of(&self, slot: &super::Slot) -> Vec<(String, bool)> {
        let routes = slot.settings.routes.iter();
        let has =
            |it: &Route| self.routing.placed(it).is_some_and(|it| self.routing.routes.has(&it));
        let routes = routes.map(|it| (it.line(), has(it)));
        let rules = slot.settings.rules.iter();
        routes.chain(rules.map(|it| (it.line(), self.routing.rules.has(it)))).collect()
    }
}

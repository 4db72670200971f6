//! What goes beside addresses: packets of those that do not accept are dropped while they are held, and the IPVS sync
//! daemon follows the instance that it belongs to. Both are told whole, and only when they are different.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::{Action, Slot, VrrpNode, Weight};
use crate::ipvs::sync::{Daemon, Role};
use crate::net::address::Address;
use crate::net::firewall::Firewall;
use crate::net::link::VirtualLink;
use crate::time::Time;

/// Between attempts at what the kernel refused.
const RETRY: Duration = Duration::from_secs(5);

/// What could not be carried out.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    firewall: bool,
    daemons: bool,
    interfaces: bool,
    /// The next attempt.
    pub retry_at: Option<Time>,
    /// The last refusal that was told.
    told: String,
}

impl Beside {
    /// Is tried again later, and told once.
    pub fn failed(&mut self, now: Time, action: &Action, why: &str, out: &mut Vec<Action>) {
        match action {
            Action::Daemons(_) => self.daemons = true,
            Action::Interfaces(_) => self.interfaces = true,
            _ => self.firewall = true,
        }
        self.retry_at = Some(now + RETRY);
        if self.told != why {
            self.told = why.into();
            out.push(Action::Log(Weight::Error, why.into()));
        }
    }
}

impl VrrpNode {
    /// Tries again what could not be carried out.
    pub(super) fn again(&mut self, now: Time, out: &mut Vec<Action>) {
        if self.beside.retry_at.is_none_or(|at| now < at) {
            return;
        }
        self.beside.retry_at = None;
        if core::mem::take(&mut self.beside.firewall) {
            out.extend(self.blocked.clone().map(Action::Block));
        }
        if core::mem::take(&mut self.beside.interfaces) {
            self.make_links_again();
        }
        if core::mem::take(&mut self.beside.daemons) {
            out.push(Action::Daemons(self.daemons.clone()));
        }
    }

    /// Where packets are dropped.
    #[must_use]
    pub const fn firewall(&self) -> &Firewall {
        &self.firewall
    }

    /// Whether packets may have to be dropped now or later.
    pub(super) fn needs_firewall(&self) -> bool {
        self.slots.iter().any(|slot| {
            !slot.settings.accept || slot.settings.virtual_links().any(VirtualLink::is_macvlan)
        })
    }

    /// What is dropped, before it comes: an address that does not accept never does, not even for a moment.
    pub(super) fn block(&mut self, links: bool, out: &mut Vec<Action>) {
        let wanted = self.blocked();
        let filter_differs = links && self.filter_links();
        if filter_differs {
            self.blocked.get_or_insert_default();
        }
        let Some(told) = &mut self.blocked else { return };
        if wanted.iter().all(|address| told.contains(address)) && !filter_differs {
            return;
        }
        let more = wanted.into_iter().filter(|address| !told.contains(address));
        let more: Vec<Address> = more.collect();
        told.extend(more);
        out.push(Action::Block(told.clone()));
    }

    /// What is dropped no more, after it has gone.
    pub(super) fn unblock(&mut self, out: &mut Vec<Action>) {
        let wanted = self.blocked();
        if self.blocked.as_ref().is_some_and(|told| *told != wanted) {
            out.push(Action::Unblock(wanted.clone()));
            self.blocked = Some(wanted);
        }
    }

    fn blocked(&self) -> Vec<Address> {
        let held = self.slots.iter().filter(|slot| slot.holding && !slot.settings.accept);
        held.flat_map(Slot::addresses).cloned().collect()
    }

    /// Starts, stops and changes the role of the daemon.
    pub(super) fn synchronize(&mut self, out: &mut Vec<Action>) {
        let wanted = self.daemons();
        if self.daemons != wanted {
            self.daemons.clone_from(&wanted);
            out.push(Action::Daemons(wanted));
        }
    }

    fn daemons(&self) -> Vec<Daemon> {
        let Some(settings) = self.sync_daemon.as_ref().filter(|_| !self.released) else {
            return Vec::new();
        };
        let named =
            |name: &String| self.slots.iter().find(|it| it.settings.name == *name && !it.retired);
        let roles: &[Role] = match &settings.instance {
            None => &[Role::Master, Role::Backup],
            Some(name) if named(name).is_some_and(|slot| slot.holding) => &[Role::Master],
            Some(_) => &[Role::Backup],
        };
        roles.iter().map(|role| Daemon { role: *role, options: settings.options.clone() }).collect()
    }
}

//! Virtual interfaces that the instances need: told whole, when they are others than before or when one is missing. One
//! that somebody deletes is made again before that is a fault.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use super::{Action, Slot, VrrpNode};
use crate::net::address::Address;
use crate::net::link::VirtualLink;
use crate::node::settings::VrrpSettings;
use crate::time::Time;
use crate::vrrp::settings::InstanceSettings;

/// The kernel makes an interface at once; its events come soon after.
const PATIENCE: Duration = Duration::from_secs(1);

/// A virtual interface whose reports of groups leave by its parent instead (reference §3.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filtered {
    /// Its name.
    pub name: String,
    /// The interface below it.
    pub parent: String,
    /// It may send IGMP.
    pub ipv4: bool,
    /// It may send MLD and neighbour discovery.
    pub ipv6: bool,
    /// The parent's link-local address, which it has too, and must not announce.
    pub link_local: Option<IpAddr>,
}

/// What was told, and what came of it.
#[derive(Clone, Debug, Default)]
pub struct Interfaces {
    told: Vec<VirtualLink>,
    /// Those that may be there: of this life and those before.
    made: Vec<VirtualLink>,
    /// Tell them again.
    again: bool,
    /// Somebody has deleted them, or switched them off, and they are about to come back.
    remaking: BTreeSet<String>,
    /// What has not come back until then won't.
    pub patience: Option<Time>,
    filtered: Vec<Filtered>,
    /// What was last managed of theirs.
    addresses: Vec<Address>,
}

impl Interfaces {
    /// Goes on from what a former life has made. `wanted` is there already.
    pub fn inherit(former: &[VirtualLink], wanted: Vec<VirtualLink>) -> Self {
        let gone = former.iter().filter(|it| !wanted.iter().any(|other| other.name == it.name));
        let made: Vec<VirtualLink> = gone.chain(&wanted).cloned().collect();
        let again = made.len() > wanted.len();
        Self { told: wanted, made, again, ..Self::default() }
    }
}

impl VrrpSettings {
    /// All virtual interfaces, each once.
    #[must_use]
    pub fn virtual_links(&self) -> Vec<VirtualLink> {
        distinct(self.instances.iter())
    }
}

fn distinct<'a>(instances: impl Iterator<Item = &'a InstanceSettings>) -> Vec<VirtualLink> {
    let mut links: Vec<VirtualLink> = Vec::new();
    for link in instances.flat_map(InstanceSettings::virtual_links) {
        if !links.iter().any(|it| it.name == link.name) {
            links.push(link.clone());
        }
    }
    links
}

impl VrrpNode {
    /// Virtual interfaces that may be there because of us.
    #[must_use]
    pub fn made_links(&self) -> &[VirtualLink] {
        &self.interfaces.made
    }

    /// Virtual interfaces whose reports of groups must not leave by them.
    #[must_use]
    pub fn filtered(&self) -> &[Filtered] {
        &self.interfaces.filtered
    }

    /// Whether it is there and works, or is about to.
    pub(super) fn is_usable(&self, name: &str) -> bool {
        self.is_up(name) || self.interfaces.remaking.contains(name)
    }

    /// The same, whatever its carrier says.
    pub(super) fn exists(&self, name: &str) -> bool {
        self.up.contains_key(name) || self.interfaces.remaking.contains(name)
    }

    /// An interface has gone.
    pub(super) fn virtual_link_gone(&mut self, now: Time, name: &str) {
        let ours = self.interfaces.told.iter().find(|it| it.name == name);
        if ours.is_some_and(|it| self.up.contains_key(&it.parent)) {
            self.make_again(now, name);
        }
    }

    fn make_again(&mut self, now: Time, name: &str) {
        self.interfaces.remaking.insert(name.into());
        self.interfaces.patience = Some(now + PATIENCE);
        self.interfaces.again = true;
    }

    /// Those that did not come back are missed from now on.
    pub(super) fn expect_links_no_longer(&mut self, now: Time) {
        if self.interfaces.patience.is_some_and(|at| now >= at) {
            self.links_refused();
        }
    }

    /// An interface has appeared or changed.
    pub(super) fn virtual_link_seen(&mut self, now: Time, name: &str, appeared: bool, up: bool) {
        let ours = self.interfaces.told.iter().find(|it| it.name == name);
        let Some(link) = ours else {
            let above = |it: &VirtualLink| it.parent == name && !self.up.contains_key(&it.name);
            self.interfaces.again |= appeared && self.interfaces.told.iter().any(above);
            return;
        };
        // Switched off by somebody? Of one that has just been made the next event tells more.
        if !up && !appeared && self.is_up(&link.parent) {
            self.make_again(now, name);
        }
        if appeared {
            self.retry_at = None;
        }
        if up && self.interfaces.remaking.remove(name) {
            self.announce_on(name);
        }
    }

    /// Everything was read again: is one missing?
    pub(super) fn look_for_virtual_links(&mut self) {
        let here = |name: &String| self.up.contains_key(name);
        let missing = |it: &VirtualLink| !here(&it.name) && here(&it.parent);
        self.interfaces.again |= self.interfaces.told.iter().any(missing);
    }

    /// The addresses came back with their interface.
    fn announce_on(&mut self, name: &str) {
        for slot in self.slots.iter_mut().filter(|slot| slot.holding) {
            let Slot { settings, announcer, .. } = slot;
            let addresses = settings.vips.iter().chain(&settings.excluded);
            for (index, _) in addresses.enumerate().filter(|(_, it)| it.dev == name) {
                announcer.one(index);
                self.dirty.announcements = true;
            }
        }
    }

    /// Says which virtual interfaces are wanted, when that must be said.
    pub(super) fn make_links(&mut self, out: &mut Vec<Action>) {
        let living = self.slots.iter().filter(|slot| !slot.retired);
        let retired = self.slots.iter().filter(|slot| slot.retired);
        let slots = living.chain(retired).filter(|_| !self.released);
        let wanted = distinct(slots.map(|slot| &slot.settings));
        if wanted == self.interfaces.told && !core::mem::take(&mut self.interfaces.again) {
            return;
        }
        self.interfaces.again = false;
        self.interfaces.told.clone_from(&wanted);
        out.push(Action::Interfaces(wanted));
    }

    /// [`Action::Interfaces`] was carried out.
    pub(super) fn links_made(&mut self, out: &mut Vec<Action>) {
        if self.interfaces.made != self.interfaces.told {
            self.interfaces.made.clone_from(&self.interfaces.told);
            out.push(Action::Changed);
        }
    }

    /// It could not be carried out.
    pub(super) fn links_refused(&mut self) {
        self.interfaces.remaking.clear();
        self.interfaces.patience = None;
        self.dirty.links = true;
        self.dirty.conditions = true;
    }

    /// Tells them again.
    pub(super) fn make_links_again(&mut self) {
        self.interfaces.again = true;
        self.dirty.links = true;
        self.dirty.conditions = true;
    }

    /// Whether those that are filtered are others than before.
    pub(super) fn filter_links(&mut self) -> bool {
        let there = self.interfaces.told.iter().filter(|it| self.up.contains_key(&it.name));
        let filtered: Vec<Filtered> = there
            .filter(|it| it.is_macvlan() && !self.released)
            .map(|it| Filtered {
                name: it.name.clone(),
                parent: it.parent.clone(),
                ipv4: it.ipv4,
                ipv6: it.ipv6,
                link_local: match it.ipv4 {
                    true => None,
                    false => self.addresses.source(&it.parent, true),
                },
            })
            .collect();
        let differs = filtered != self.interfaces.filtered;
        self.interfaces.filtered = filtered;
        differs
    }

    /// The first address that adverts can come from. A macvlan has its parent's, an ipvlan its own.
    pub(super) fn first_source(&self, settings: &InstanceSettings) -> Option<IpAddr> {
        let own = settings.vmacs.own.as_ref().filter(|it| !it.is_macvlan());
        let dev = own.map_or(&settings.interface, |it| &it.name);
        self.addresses.source(dev, settings.is_ipv6())
    }

    /// The parents' addresses may be others than before.
    pub(super) fn refresh_link_addresses(&mut self) {
        let addresses: Vec<Address> = self.link_addresses().collect();
        if addresses != self.interfaces.addresses {
            self.interfaces.addresses = addresses;
            self.manage();
        }
    }

    /// Addresses that virtual interfaces have whatever the state: what adverts and neighbour discovery come from.
    pub(super) fn link_addresses(&self) -> impl Iterator<Item = Address> {
        let slots = self.slots.iter().filter(|slot| !slot.retired);
        slots.flat_map(|slot| {
            let settings = &slot.settings;
            let links = settings.virtual_links().filter(|it| {
                it.is_macvlan()
                    && it.ipv6
                    && !it.ipv4
                    && !(settings.vmacs.xmit_base && it.parent == settings.interface)
            });
            let addresses = links.filter_map(|link| {
                let own = settings.source.filter(|ip| is_link_local(*ip));
                let ip = own.or_else(|| self.addresses.source(&link.parent, true))?;
                Some(Address::plain(ip, 64, &link.name))
            });
            addresses.chain(settings.vmacs.address.as_deref().cloned())
        })
    }
}

const fn is_link_local(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local())
}

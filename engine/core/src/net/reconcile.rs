//! Addresses that should be there against those that are: what is missing is added, what is ours and not wanted is
//! removed, whoever did it. The kernel's answers to our own changes are told from other people's changes.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use super::address::Address;

/// An address that the kernel has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Present {
    /// The address.
    pub ip: IpAddr,
    /// Its prefix length.
    pub prefix_len: u8,
    /// IFA_PROTO says that an engine as this one has set it.
    pub ours: bool,
}

/// What to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Add it.
    Add(Address),
    /// Remove it from this interface.
    Remove {
        /// Interface.
        dev: String,
        /// The address.
        ip: IpAddr,
        /// Its prefix length.
        prefix_len: u8,
    },
}

/// Who wants an address: an index that the caller knows.
pub type Owner = usize;

#[derive(Clone, Debug)]
struct Managed {
    address: Address,
    owner: Owner,
    wanted: bool,
}

/// All addresses of the interfaces, and those that we look after.
#[derive(Clone, Debug, Default)]
pub struct Reconciler {
    /// By owner, and those of an owner in its order.
    managed: Vec<Managed>,
    /// Indices in `managed`, sorted by address.
    by_address: Vec<usize>,
    /// In the kernel's order: the first one is the source of adverts.
    actual: BTreeMap<String, Vec<Present>>,
    /// Removals of ours that the kernel has not confirmed yet.
    unconfirmed: VecDeque<(String, IpAddr, u8)>,
    /// We held them, and no longer look after them.
    orphans: Vec<Address>,
}

impl Reconciler {
    /// Replaces the list of addresses to look after; `wanted` as [`Reconciler::want`] sets it.
    pub fn manage(&mut self, addresses: impl Iterator<Item = (Owner, Address, bool)>) {
        let former = core::mem::take(&mut self.managed);
        let all = addresses.map(|(owner, address, wanted)| Managed { address, owner, wanted });
        self.managed.extend(all);
        self.managed.sort_by_key(|it| it.owner);
        self.by_address = (0..self.managed.len()).collect();
        self.by_address.sort_by_key(|at| self.managed[*at].key());
        let held = former.into_iter().filter(|it| it.wanted).map(|it| it.address);
        self.orphans.extend(held);
    }

    /// Whether the addresses of `owner` should be there.
    pub fn want(&mut self, owner: Owner, wanted: bool) {
        let first = self.managed.partition_point(|managed| managed.owner < owner);
        let own = self.managed[first..].iter_mut().take_while(|managed| managed.owner == owner);
        own.for_each(|managed| managed.wanted = wanted);
    }

    /// The kernel's whole truth about one interface: at the start, and after events were lost.
    pub fn set_actual(&mut self, dev: &str, present: Vec<Present>) {
        self.unconfirmed.retain(|(unconfirmed, ..)| unconfirmed != dev);
        self.actual.insert(dev.into(), present);
    }

    /// An interface has come, without addresses as long as none are told.
    pub fn appeared(&mut self, dev: &str) {
        if !self.actual.contains_key(dev) {
            self.actual.insert(dev.into(), Vec::new());
        }
    }

    /// The interface is gone, with its addresses.
    pub fn forget(&mut self, dev: &str) {
        self.unconfirmed.retain(|(unconfirmed, ..)| unconfirmed != dev);
        self.actual.remove(dev);
    }

    /// The kernel has added it (or changed it). `false`: we know of it already.
    pub fn added(&mut self, dev: &str, present: Present) -> bool {
        self.appeared(dev);
        let list = self.actual.get_mut(dev).expect("just inserted");
        match list.iter_mut().find(|it| (it.ip, it.prefix_len) == (present.ip, present.prefix_len))
        {
            Some(known) => {
                *known = present;
                false
            }
            None => {
                list.push(present);
                true
            }
        }
    }

    /// The kernel has removed it. Names the owner and its address when that was somebody else's doing, and wrong.
    pub fn removed(&mut self, dev: &str, ip: IpAddr, prefix_len: u8) -> Option<Owner> {
        let own = |(a, b, c): &(String, IpAddr, u8)| (a.as_str(), *b, *c) == (dev, ip, prefix_len);
        if let Some(at) = self.unconfirmed.iter().position(own) {
            self.unconfirmed.remove(at);
            return None;
        }
        if let Some(list) = self.actual.get_mut(dev) {
            list.retain(|it| (it.ip, it.prefix_len) != (ip, prefix_len));
        }
        self.managed_at(dev, ip, prefix_len).find(|it| it.wanted).map(|it| it.owner)
    }

    /// A change was refused: the kernel is as it was.
    pub fn failed(&mut self, change: &Change) {
        match change {
            Change::Add(address) => {
                if let Some(list) = self.actual.get_mut(&address.dev) {
                    list.retain(|it| (it.ip, it.prefix_len) != (address.ip, address.prefix_len));
                }
            }
            Change::Remove { dev, ip, prefix_len } => {
                let own = |(a, b, c): &(String, IpAddr, u8)| (a, b, c) == (dev, ip, prefix_len);
                if let Some(at) = self.unconfirmed.iter().position(own) {
                    self.unconfirmed.remove(at);
                }
            }
        }
    }

    /// Those with this address; mostly one or none.
    fn managed_at<'a>(
        &'a self,
        dev: &'a str,
        ip: IpAddr,
        prefix_len: u8,
    ) -> impl Iterator<Item = &'a Managed> + Clone {
        let wanted = (ip, prefix_len, dev);
        let first = self.by_address.partition_point(|at| self.managed[*at].key() < wanted);
        let from_there = self.by_address[first..].iter().map(|at| &self.managed[*at]);
        from_there.take_while(move |managed| managed.key() == wanted)
    }

    /// What the kernel lacks and what it has too much. The caller makes these changes at once, in this order.
    pub fn changes(&mut self, leftovers: bool) -> Vec<Change> {
        let mut changes = Vec::new();
        let orphans: BTreeSet<_> = self.orphans.iter().map(key).collect();
        for (dev, present) in &self.actual {
            for it in present {
                let mut managed = self.managed_at(dev, it.ip, it.prefix_len);
                let known = managed.clone().next().is_some()
                    || orphans.contains(&(it.ip, it.prefix_len, dev.as_str()));
                if (known || (leftovers && it.ours)) && !managed.any(|managed| managed.wanted) {
                    let (ip, prefix_len) = (it.ip, it.prefix_len);
                    changes.push(Change::Remove { dev: dev.clone(), ip, prefix_len });
                }
            }
        }
        self.orphans.clear();
        for change in &changes {
            if let Change::Remove { dev, ip, prefix_len } = change {
                let list = self.actual.get_mut(dev).expect("it was found there");
                list.retain(|it| (it.ip, it.prefix_len) != (*ip, *prefix_len));
                self.unconfirmed.push_back((dev.clone(), *ip, *prefix_len));
            }
        }
        for managed in self.managed.iter().filter(|managed| managed.wanted) {
            let address = &managed.address;
            let Some(list) = self.actual.get_mut(&address.dev) else { continue };
            let same = |it: &Present| (it.ip, it.prefix_len) == (address.ip, address.prefix_len);
            if !list.iter().any(same) {
                list.push(Present { ip: address.ip, prefix_len: address.prefix_len, ours: true });
                changes.push(Change::Add(address.clone()));
            }
        }
        changes
    }

    /// Whether the kernel has it, as far as we know.
    #[must_use]
    pub fn has(&self, address: &Address) -> bool {
        self.actual.get(&address.dev).is_some_and(|list| {
            list.iter().any(|it| (it.ip, it.prefix_len) == (address.ip, address.prefix_len))
        })
    }

    /// The first address of an interface in the kernel's order that we don't look after, IPv4 or IPv6 (link-local).
    #[must_use]
    pub fn source(&self, dev: &str, ipv6: bool) -> Option<IpAddr> {
        let fits = |ip: &IpAddr| match ip {
            IpAddr::V4(_) => !ipv6,
            IpAddr::V6(ip) => ipv6 && ip.is_unicast_link_local(),
        };
        let list = self.actual.get(dev)?;
        let free = |it: &&Present| {
            fits(&it.ip) && self.managed_at(dev, it.ip, it.prefix_len).next().is_none()
        };
        let first =
            list.iter().find(free).or_else(|| list.iter().find(|it| fits(&it.ip) && !it.ours));
        first.map(|it| it.ip)
    }
}

impl Managed {
    fn key(&self) -> Key<'_> {
        key(&self.address)
    }
}

/// What an address of the kernel is known by.
type Key<'a> = (IpAddr, u8, &'a str);

fn key(address: &Address) -> Key<'_> {
    (address.ip, address.prefix_len, &address.dev)
}

#[cfg(test)]
mod tests {
    use std::vec;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn address(text: &str) -> Address {
        Address {
            ip: ip(text),
            prefix_len: 32,
            dev: "eth0".into(),
            label: None,
            scope: 0,
            broadcast: None,
            peer: None,
            flags: 0,
            preferred_lft: None,
            no_track: false,
        }
    }

    fn present(text: &str, prefix_len: u8, ours: bool) -> Present {
        Present { ip: ip(text), prefix_len, ours }
    }

    fn remove(text: &str) -> Change {
        Change::Remove { dev: "eth0".into(), ip: ip(text), prefix_len: 32 }
    }

    const OWN: &str = "10.0.0.1";
    const VIP: &str = "10.0.0.100";

    fn reconciler(wanted: bool) -> Reconciler {
        let mut it = Reconciler::default();
        it.set_actual("eth0", vec![present(OWN, 24, false)]);
        it.manage([(7, address(VIP), wanted)].into_iter());
        it
    }

    #[test]
    fn what_is_wanted_is_added_once_and_what_is_not_removed_once() {
        let mut it = reconciler(true);
        assert_eq!(it.changes(false), [Change::Add(address(VIP))]);
        assert_eq!(it.changes(false), []);
        it.added("eth0", present(VIP, 32, true));
        it.want(7, false);
        assert_eq!(it.changes(false), [remove(VIP)]);
        assert_eq!(it.changes(false), []);
        assert_eq!(it.removed("eth0", ip(VIP), 32), None);
    }

    #[test]
    fn an_interface_that_comes_later_gets_its_addresses() {
        let mut it = reconciler(true);
        it.forget("eth0");
        assert_eq!(it.changes(false), []);
        it.appeared("eth0");
        assert_eq!(it.changes(false), [Change::Add(address(VIP))]);
    }

    #[test]
    fn a_deletion_by_somebody_else_is_repaired() {
        let mut it = reconciler(true);
        it.changes(false);
        assert_eq!(it.removed("eth0", ip(VIP), 32), Some(7));
        assert_eq!(it.changes(false), [Change::Add(address(VIP))]);
    }

    #[test]
    fn the_late_echo_of_an_own_removal_is_no_deletion() {
        let mut it = reconciler(true);
        it.changes(false);
        it.want(7, false);
        it.changes(false);
        it.want(7, true);
        it.changes(false);
        // The kernel tells of the three changes now.
        it.added("eth0", present(VIP, 32, true));
        assert_eq!(it.removed("eth0", ip(VIP), 32), None);
        it.added("eth0", present(VIP, 32, true));
        assert_eq!(it.changes(false), []);
        assert!(it.has(&address(VIP)));
    }

    #[test]
    fn leftovers_of_a_former_life_go_and_others_addresses_stay() {
        let mut it = reconciler(false);
        it.set_actual(
            "eth0",
            vec![present(OWN, 24, false), present(VIP, 32, false), present("10.0.0.66", 32, true)],
        );
        assert_eq!(it.changes(true), [remove(VIP), remove("10.0.0.66")]);
    }

    #[test]
    fn what_is_no_longer_looked_after_is_removed() {
        let mut it = reconciler(true);
        it.changes(false);
        let other = address("10.0.0.101");
        it.manage([(7, other.clone(), true)].into_iter());
        assert_eq!(it.changes(false), [remove(VIP), Change::Add(other)]);
        it.manage([].into_iter());
        assert_eq!(it.changes(false), [remove("10.0.0.101")]);
    }

    #[test]
    fn a_refused_change_is_no_change() {
        let mut it = reconciler(true);
        for change in it.changes(false) {
            it.failed(&change);
        }
        assert_eq!(it.changes(false), [Change::Add(address(VIP))]);
    }

    #[test]
    fn the_source_is_the_first_address_that_is_not_virtual() {
        let mut it = reconciler(true);
        it.set_actual("eth0", vec![present(VIP, 32, true), present(OWN, 24, false)]);
        assert_eq!(it.source("eth0", false), Some(ip(OWN)));
        assert_eq!(it.source("eth0", true), None);
        assert_eq!(it.source("eth1", false), None);
    }
}

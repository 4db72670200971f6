//! The way from the kernel's table to the wanted one: what can be edited is edited, nothing is deleted and added again,
//! and within a service new servers come before old ones go, so that at no moment a service that serves before and
//! after has nobody to serve.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::net::IpAddr;

use super::table::{Destination, Service, ServiceKey};

/// One request to the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// IPVS_CMD_NEW_SERVICE; its destinations follow as changes of their own.
    AddService(Service),
    /// IPVS_CMD_SET_SERVICE; its destinations stay.
    EditService(Service),
    /// IPVS_CMD_DEL_SERVICE, with all its destinations.
    DeleteService(ServiceKey),
    /// IPVS_CMD_NEW_DEST.
    AddDestination(ServiceKey, Destination),
    /// IPVS_CMD_SET_DEST.
    EditDestination(ServiceKey, Destination),
    /// IPVS_CMD_DEL_DEST.
    DeleteDestination(ServiceKey, Destination),
}

/// What leads from `actual` to `wanted`, in order. A service that is not wanted is deleted only if it is in `ours`;
/// all others belong to somebody else.
#[must_use]
pub fn changes(wanted: &[Service], actual: &[Service], ours: &BTreeSet<ServiceKey>) -> Vec<Change> {
    let mut out = Vec::new();
    let present: BTreeMap<_, _> = actual.iter().map(|s| (s.key, s)).collect();
    for service in wanted {
        match present.get(&service.key) {
            None => {
                out.push(Change::AddService(head(service)));
                destinations(service.key, &service.destinations, &[], &mut out);
            }
            Some(there) => {
                if !same_head(service, there) {
                    out.push(Change::EditService(head(service)));
                }
                destinations(service.key, &service.destinations, &there.destinations, &mut out);
            }
        }
    }
    let kept: BTreeSet<_> = wanted.iter().map(|s| s.key).collect();
    let gone = actual.iter().map(|s| s.key).filter(|k| ours.contains(k) && !kept.contains(k));
    out.extend(gone.map(Change::DeleteService));
    out
}

/// Adds that serve, edits that serve, the rest of the edits and adds, deletes.
fn destinations(
    key: ServiceKey,
    wanted: &[Destination],
    actual: &[Destination],
    out: &mut Vec<Change>,
) {
    let id = |d: &Destination| (d.ip, d.port);
    let present: BTreeMap<(IpAddr, u16), &Destination> =
        actual.iter().map(|d| (id(d), d)).collect();
    let kept: BTreeSet<(IpAddr, u16)> = wanted.iter().map(id).collect();
    for serves in [true, false] {
        let of_weight = |d: &&Destination| (d.weight > 0) == serves;
        let new = wanted.iter().filter(of_weight).filter(|d| !present.contains_key(&id(d)));
        out.extend(new.map(|d| Change::AddDestination(key, d.clone())));
        let differs = |d: &&Destination| present.get(&id(d)).is_some_and(|there| there != d);
        let changed = wanted.iter().filter(of_weight).filter(differs);
        out.extend(changed.map(|d| Change::EditDestination(key, d.clone())));
    }
    let gone = actual.iter().filter(|d| !kept.contains(&id(d)));
    out.extend(gone.map(|d| Change::DeleteDestination(key, d.clone())));
}

fn head(service: &Service) -> Service {
    Service {
        key: service.key,
        scheduler: service.scheduler.clone(),
        flags: service.flags,
        persistence: service.persistence.clone(),
        destinations: Vec::new(),
    }
}

fn same_head(a: &Service, b: &Service) -> bool {
    a.scheduler == b.scheduler && a.flags == b.flags && a.persistence == b.persistence
}

/// What the kernel makes of one change; a change of what is not there changes nothing.
pub fn apply(table: &mut Vec<Service>, change: &Change) {
    let find = |table: &[Service], key| table.iter().position(|s| s.key == key);
    match change {
        Change::AddService(service) => {
            if find(table, service.key).is_none() {
                table.push(service.clone());
            }
        }
        Change::EditService(service) => {
            if let Some(at) = find(table, service.key) {
                let destinations = core::mem::take(&mut table[at].destinations);
                table[at] = Service { destinations, ..service.clone() };
            }
        }
        Change::DeleteService(key) => table.retain(|s| s.key != *key),
        Change::AddDestination(key, new) => {
            if let Some(at) = find(table, *key)
                && !table[at].destinations.iter().any(|d| d.ip == new.ip && d.port == new.port)
            {
                table[at].destinations.push(new.clone());
            }
        }
        Change::EditDestination(key, new) => {
            if let Some(at) = find(table, *key) {
                let there = &mut table[at].destinations;
                if let Some(old) = there.iter_mut().find(|d| d.ip == new.ip && d.port == new.port) {
                    *old = new.clone();
                }
            }
        }
        Change::DeleteDestination(key, old) => {
            if let Some(at) = find(table, *key) {
                table[at].destinations.retain(|d| d.ip != old.ip || d.port != old.port);
            }
        }
    }
}

#[cfg(test)]
mod tests;

//! Giving up what a worker held that can't do so itself: its addresses and its services, by the names in its state files;
//! its routes and rules, by their protocol. What isn't there any more is no error.

use std::net::IpAddr;

use understudy_core::ipvs::diff::Change;
use understudy_core::ipvs::table::ServiceKey;
use understudy_core::net::address::Address;
use understudy_core::net::kernel_setting::{Changed, restore};
use understudy_core::net::ledger::Entry as _;
use understudy_core::net::route::KEEPALIVED;
use understudy_core::node::check::Memory;
use understudy_core::node::namespaces::{IpvsNamespace, Namespaces};
use understudy_core::node::vrrp::Handover;

use super::handover;
use super::paths::Paths;
use super::vrrp_worker::{remove_made, write_all};
use crate::netlink::ipvs::Ipvs;
use crate::netlink::message::{Batch, Error, Socket};
use crate::netlink::{link, route, rule};
use crate::say;
use crate::sys::{kernel_setting, namespace, socket};

const RTM_DELADDR: u16 = 21;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;

/// Keeps the addresses of a new configuration for `vrrp`, and where they and the services are.
pub fn remember(paths: &Paths, addresses: &[Address], namespaces: &Namespaces) {
    let file = paths.namespaces();
    if *namespaces == Namespaces::default() {
        handover::forget(&file);
    } else {
        let bytes = serde_json::to_vec(namespaces).expect("plain data becomes JSON");
        if let Err(e) = handover::save(&file, &bytes) {
            say!(Warning, "write {}: {e}", file.display());
        }
    }
    let bytes = serde_json::to_vec(addresses).expect("plain data becomes JSON");
    if let Err(e) = handover::save(&paths.addresses(), &bytes) {
        say!(Warning, "write {}: {e}", paths.addresses().display());
    }
}

/// Goes where the engine was. Says why that is not possible.
pub fn enter(paths: &Paths) -> Result<(), String> {
    let Some(name) = namespaces(paths).net else { return Ok(()) };
    namespace::enter(&namespace::of_name(&name))
        .map_err(|e| format!("enter the network namespace {name}: {e}"))
}

fn namespaces(paths: &Paths) -> Namespaces {
    let bytes = handover::load(&paths.namespaces()).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

/// Rules, routes, addresses. Says what was done, one line each.
pub fn vrrp(paths: &Paths) -> Vec<String> {
    let bytes = handover::load(&paths.addresses()).unwrap_or_default();
    let left = handover::load(&paths.handover("vrrp"));
    let left = left.and_then(|bytes| serde_json::from_slice::<Handover>(&bytes).ok());
    handover::forget(&paths.handover("vrrp"));
    let known: Vec<Address> = serde_json::from_slice(&bytes).unwrap_or_default();
    let mut done = routing();
    done.extend(addresses(&known));
    if let Some(left) = left {
        done.extend(remove_made(left.links()));
        done.extend(settings(left.settings()));
    }
    handover::forget(&paths.addresses());
    done
}

/// The services that the check worker made. Says what was done, one line each.
pub fn check(paths: &Paths) -> Vec<String> {
    let bytes = handover::load(&paths.handover("check")).unwrap_or_default();
    let memory = serde_json::from_slice::<Memory>(&bytes);
    let ours = memory.map(|memory| memory.ours).unwrap_or_default();
    let done = if ours.is_empty() { Vec::new() } else { services(&ours, &namespaces(paths).ipvs) };
    handover::forget(&paths.handover("check"));
    done
}

fn services(ours: &[ServiceKey], namespace: &IpvsNamespace) -> Vec<String> {
    let deleted = Ipvs::open_in(namespace).and_then(|mut ipvs| {
        let present: Vec<ServiceKey> = ipvs.table()?.iter().map(|service| service.key).collect();
        let there = ours.iter().filter(|key| present.contains(key));
        let changes: Vec<Change> = there.map(|key| Change::DeleteService(*key)).collect();
        Ok((changes.len(), ipvs.apply(&changes)?))
    });
    match deleted {
        Ok((0, _)) => Vec::new(),
        Ok((all, refused)) => {
            let done = format!("withdrew {} of {all} IPVS services", all - refused.len());
            std::iter::once(done).chain(refused.iter().map(|r| format!("withdraw: {r}"))).collect()
        }
        Err(e) => vec![format!("withdraw IPVS services: {e}")],
    }
}

/// All routes and rules that an engine as this one has set.
fn routing() -> Vec<String> {
    withdraw_routing().unwrap_or_else(|e| vec![format!("withdraw routes and rules: {e}")])
}

fn withdraw_routing() -> Result<Vec<String>, Error> {
    let mut socket = Socket::open(libc::NETLINK_ROUTE)?;
    let links = link::dump(&mut socket)?;
    let name_of = |index| links.get(&index).map(|link| link.name.clone());
    let index_of = |name: &str| links.values().find(|it| it.name == name).map(|it| it.index);
    let (mut batch, mut lines) = (Batch::new(), Vec::new());
    for rule in rule::dump(&mut socket)?.iter().rev().filter(|it| it.is_ours()) {
        rule::write(&mut batch, rule, false);
        lines.push(format!("rule {}", rule.line()));
    }
    for route in route::dump(&mut socket, &[KEEPALIVED], name_of)?.iter().rev() {
        if route::write(&mut batch, route, false, index_of).is_some() {
            lines.push(format!("route {}", route.line()));
        }
    }
    let refusals = socket.transact(&mut batch)?;
    let said = lines.into_iter().enumerate().map(|(index, line)| {
        match refusals.iter().find(|refusal| refusal.index == index) {
            None => format!("withdrew {line}"),
            Some(refusal) => format!("withdraw {line}: {refusal}"),
        }
    });
    Ok(said.collect())
}

fn settings(changed: &[Changed]) -> Option<String> {
    let mut changed = changed.to_vec();
    let writes = restore(&[], &mut changed, kernel_setting::read);
    let refused = write_all(&writes, &mut changed);
    refused.or_else(|| match writes.len() {
        0 => None,
        count => Some(format!("put back {count} kernel settings")),
    })
}

fn addresses(addresses: &[Address]) -> Vec<String> {
    let mut batch = Batch::new();
    let mut named = Vec::new();
    for address in addresses {
        let Ok(index) = socket::interface_index(&address.dev) else { continue };
        let family = if address.ip.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
        let mut header = [0; 8]; // ifaddrmsg: family, prefix length, flags, scope, index
        header[0] = u8::try_from(family).expect("a small constant");
        header[1] = address.prefix_len;
        header[4..].copy_from_slice(&index.to_ne_bytes());
        batch.message(RTM_DELADDR, 0, &header, |a| {
            let remote: IpAddr = address.peer.unwrap_or(address.ip);
            a.ip(IFA_LOCAL, address.ip);
            a.ip(IFA_ADDRESS, remote);
        });
        named.push(format!("{}/{} on {}", address.ip, address.prefix_len, address.dev));
    }
    let refusals = match Socket::open(libc::NETLINK_ROUTE).and_then(|mut s| s.transact(&mut batch))
    {
        Ok(refusals) => refusals,
        Err(e) => return vec![format!("withdraw addresses: {e}")],
    };
    let line = |(index, name): (usize, String)| match refusals.iter().find(|r| r.index == index) {
        None => Some(format!("withdrew {name}")),
        Some(refusal) if refusal.errno == libc::EADDRNOTAVAIL => None, // it was not there
        Some(refusal) => Some(format!("withdraw {name}: {refusal}")),
    };
    named.into_iter().enumerate().filter_map(line).collect()
}

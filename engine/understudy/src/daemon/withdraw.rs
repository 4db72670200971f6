//! Giving up what a worker held that can't do so itself: its addresses and its services, by the names in its handover.
//! What isn't there any more is no error.

use std::net::IpAddr;

use serde::Deserialize;
use understudy_core::net::address::Address;

use super::handover;
use super::paths::Paths;
use crate::netlink::message::{Batch, Socket};
use crate::sys::socket;

/// The part of every handover that is read here.
#[derive(Debug, Default, Deserialize)]
struct Handover {
    #[serde(default)]
    holds: Holds,
}

/// What a worker has put into the kernel.
#[derive(Debug, Default, Deserialize)]
struct Holds {
    #[serde(default)]
    addresses: Vec<Address>,
}

const RTM_DELADDR: u16 = 21;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;

/// All that the state files name. Says what was done, one line each.
pub fn all(paths: &Paths) -> Vec<String> {
    let mut done = Vec::new();
    for worker in ["vrrp", "check"] {
        let path = paths.handover(worker);
        if let Some(bytes) = handover::load(&path) {
            done.extend(from_bytes(&bytes));
            handover::forget(&path);
        }
    }
    done
}

/// What this handover names.
pub fn from_bytes(bytes: &[u8]) -> Vec<String> {
    let handover: Handover = serde_json::from_slice(bytes).unwrap_or_default();
    addresses(&handover.holds.addresses)
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

//! What servers and changes are called: in the journal, and in FIFO lines as keepalived writes them (reference §3.11).

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

use crate::checks::settings::{CheckKind, CheckSettings};
use crate::ipvs::diff::Change;
use crate::ipvs::settings::{RealServer, VirtualServer};
use crate::ipvs::table::{Destination, Protocol, ServiceKey};

/// A virtual server's name, and which of those with that name it is: several may use one group.
pub type Identity = (String, usize);

/// The identities of all, in order.
pub fn identities(all: &[VirtualServer]) -> Vec<Identity> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut nth = |name| {
        let count = seen.entry(name).or_default();
        *count += 1;
        *count - 1
    };
    all.iter().map(|v| (v.name.clone(), nth(v.name.as_str()))).collect()
}

/// A check's keyword.
pub fn kind(settings: &CheckSettings) -> &'static str {
    match settings.kind {
        CheckKind::Tcp(_) => "TCP_CHECK",
        CheckKind::Http { tls: None, .. } => "HTTP_GET",
        CheckKind::Http { tls: Some(_), .. } => "SSL_GET",
        CheckKind::Ping(_) => "PING_CHECK",
        CheckKind::Misc { .. } => "MISC_CHECK",
        CheckKind::Bfd { .. } => "BFD_CHECK",
    }
}

/// A real server in the journal: `10.0.0.1:80`.
pub fn server(server: &RealServer) -> String {
    endpoint(server.ip, server.check_port)
}

/// A real server in a FIFO line: `[10.0.0.1]:tcp:80`; behind a mark with DR `[10.0.0.1]:none:0`.
pub fn fifo_server(server: &RealServer, of: &VirtualServer) -> String {
    format!("[{}]:{}:{}", server.ip, protocol(of.keys.first()), server.port)
}

/// A virtual server in a FIFO line: `[10.0.0.1]:tcp:80`, `[group]:0`, `FWM 2`.
pub fn virtual_server(all: &[VirtualServer], n: usize) -> String {
    let this = &all[n];
    if let Some(group) = this.name.strip_prefix("group ") {
        let nth = all[..n].iter().filter(|v| v.name == this.name).count();
        return format!("[{group}]:{nth}");
    }
    match this.keys.first() {
        Some(ServiceKey::Mark { mark, .. }) => format!("FWM {mark}"),
        Some(ServiceKey::Address { ip, port, .. }) => {
            format!("[{ip}]:{}:{port}", protocol(this.keys.first()))
        }
        None => this.name.clone(),
    }
}

/// A service that no virtual server names any more.
pub fn service(key: ServiceKey) -> String {
    match key {
        ServiceKey::Mark { mark, .. } => format!("fwmark {mark}"),
        ServiceKey::Address { ip, port, .. } => {
            format!("{} {}", endpoint(ip, port), protocol(Some(&key)))
        }
    }
}

/// What a repair did, and to which service.
pub fn repair(change: &Change) -> (ServiceKey, String) {
    let there = |d: &Destination| endpoint(d.ip, d.port);
    match change {
        Change::AddService(s) => (s.key, "service put back".to_string()),
        Change::EditService(s) => (s.key, "service's settings put back".to_string()),
        Change::DeleteService(key) => (*key, "service deleted".to_string()),
        Change::AddDestination(key, d) => (*key, format!("{} put back", there(d))),
        Change::EditDestination(key, d) => {
            (*key, format!("{} set to weight {}", there(d), d.weight))
        }
        Change::DeleteDestination(key, d) => (*key, format!("{} deleted", there(d))),
    }
}

fn endpoint(ip: IpAddr, port: u16) -> String {
    SocketAddr::new(ip, port).to_string()
}

fn protocol(key: Option<&ServiceKey>) -> &'static str {
    match key {
        Some(ServiceKey::Address { protocol: Protocol::Tcp, .. }) => "tcp",
        Some(ServiceKey::Address { protocol: Protocol::Udp, .. }) => "udp",
        Some(ServiceKey::Address { protocol: Protocol::Sctp, .. }) => "sctp",
        Some(ServiceKey::Mark { .. }) | None => "none",
    }
}

//! The kernel's IPVS table by generic netlink (linux/ip_vs.h, family `IPVS`).
//!
//! Addresses are always 16 bytes; ports and the IPv4 netmask are in network order, fwmark, flags and weight in host order;
//! flags are a pair {flags, mask}; thresholds must be there in every add and set; an IPv6 "netmask" is a prefix length.

pub mod daemons;
mod timeouts;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::process::{Command, Stdio};

use understudy_core::ipvs::desire::is_v6;
use understudy_core::ipvs::diff::Change;
use understudy_core::ipvs::table::{
    Destination, Family, Forward, Persistence, Protocol, Service, ServiceKey, Tunnel,
};
use understudy_core::ipvs::text::{ONE_PACKET, SCHEDULER_FLAGS};
use understudy_core::node::buffers::Buffer;
use understudy_core::node::namespaces::IpvsNamespace;

use super::message::{
    self, Attributes, Batch, Message, NLM_F_DUMP, Refusal, Socket, attributes, to_text, to_u16,
    to_u32,
};
use crate::sys::namespace;

const IPVS_CMD_NEW_SERVICE: u8 = 1;
const IPVS_CMD_SET_SERVICE: u8 = 2;
const IPVS_CMD_DEL_SERVICE: u8 = 3;
const IPVS_CMD_GET_SERVICE: u8 = 4;
const IPVS_CMD_NEW_DEST: u8 = 5;
const IPVS_CMD_SET_DEST: u8 = 6;
const IPVS_CMD_DEL_DEST: u8 = 7;
const IPVS_CMD_GET_DEST: u8 = 8;
const IPVS_GENL_VERSION: u8 = 1;

const IPVS_CMD_ATTR_SERVICE: u16 = 1;
const IPVS_CMD_ATTR_DEST: u16 = 2;

const IPVS_SVC_ATTR_AF: u16 = 1;
const IPVS_SVC_ATTR_PROTOCOL: u16 = 2;
const IPVS_SVC_ATTR_ADDR: u16 = 3;
const IPVS_SVC_ATTR_PORT: u16 = 4;
const IPVS_SVC_ATTR_FWMARK: u16 = 5;
const IPVS_SVC_ATTR_SCHED_NAME: u16 = 6;
const IPVS_SVC_ATTR_FLAGS: u16 = 7;
const IPVS_SVC_ATTR_TIMEOUT: u16 = 8;
const IPVS_SVC_ATTR_NETMASK: u16 = 9;
const IPVS_SVC_ATTR_PE_NAME: u16 = 11;

const IPVS_DEST_ATTR_ADDR: u16 = 1;
const IPVS_DEST_ATTR_PORT: u16 = 2;
const IPVS_DEST_ATTR_FWD_METHOD: u16 = 3;
const IPVS_DEST_ATTR_WEIGHT: u16 = 4;
const IPVS_DEST_ATTR_U_THRESH: u16 = 5;
const IPVS_DEST_ATTR_L_THRESH: u16 = 6;
const IPVS_DEST_ATTR_ACTIVE_CONNS: u16 = 7;
const IPVS_DEST_ATTR_ADDR_FAMILY: u16 = 11;
const IPVS_DEST_ATTR_TUN_TYPE: u16 = 13;
const IPVS_DEST_ATTR_TUN_PORT: u16 = 14;
const IPVS_DEST_ATTR_TUN_FLAGS: u16 = 15;

const IP_VS_SVC_F_PERSISTENT: u32 = 1;
const IP_VS_CONN_F_MASQ: u32 = 0;
const IP_VS_CONN_F_TUNNEL: u32 = 2;
const IP_VS_CONN_F_DROUTE: u32 = 3;
const IP_VS_CONN_F_FWD_MASK: u32 = 7;

const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;

/// More in one send would not fit its buffer (about 140 bytes each).
const BATCH: usize = 512;

/// What went wrong.
#[derive(Debug)]
pub enum Error {
    /// The kernel has no IPVS.
    Missing(String),
    /// Its network namespace is not there.
    Namespace(String, io::Error),
    /// The conversation failed.
    Netlink(message::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(why) => write!(
                f,
                "open IPVS: the kernel has no generic netlink family IPVS; {why} \
                 (load the module ip_vs, or use a kernel with CONFIG_IP_VS)"
            ),
            Self::Namespace(file, e) => write!(f, "open IPVS in the network namespace {file}: {e}"),
            Self::Netlink(e) => write!(f, "IPVS: {e}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Missing(_) => None,
            Self::Namespace(_, e) => Some(e),
            Self::Netlink(e) => Some(e),
        }
    }
}

impl From<message::Error> for Error {
    fn from(error: message::Error) -> Self {
        Self::Netlink(error)
    }
}

/// A change that the kernel refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Which.
    pub change: Change,
    /// Why.
    pub why: Refusal,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (verb, key, destination) = match &self.change {
            Change::AddService(s) => ("add service", s.key, None),
            Change::EditService(s) => ("edit service", s.key, None),
            Change::DeleteService(key) => ("delete service", *key, None),
            Change::AddDestination(key, d) => ("add", *key, Some(d)),
            Change::EditDestination(key, d) => ("edit", *key, Some(d)),
            Change::DeleteDestination(key, d) => ("delete", *key, Some(d)),
        };
        let service = service_name(key);
        match destination {
            None => write!(f, "{verb} {service}: {}", self.why),
            Some(d) => {
                let server = std::net::SocketAddr::new(d.ip, d.port);
                write!(f, "{verb} {server} of {service}: {}", self.why)
            }
        }
    }
}

/// As `10.0.0.1:80 tcp` or `fwmark 2`.
fn service_name(key: ServiceKey) -> String {
    match key {
        ServiceKey::Mark { mark, .. } => format!("fwmark {mark}"),
        ServiceKey::Address { protocol, ip, port } => {
            format!("{} {protocol:?}", std::net::SocketAddr::new(ip, port)).to_lowercase()
        }
    }
}

/// What was read at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The whole table; services of a kind we don't know are left out.
    pub services: Vec<Service>,
    /// Established connections by service, and address and port of the destination.
    pub connections: BTreeMap<(ServiceKey, IpAddr, u16), u32>,
}

/// A connection to the kernel's IPVS.
#[derive(Debug)]
pub struct Ipvs {
    socket: Socket,
    family: u16,
}

impl Ipvs {
    /// The same, of a network namespace.
    pub fn open_in(namespace: &IpvsNamespace) -> Result<Self, Error> {
        let file = match namespace {
            IpvsNamespace::Same => return Self::open(),
            IpvsNamespace::Initial => namespace::initial(),
            IpvsNamespace::Named(name) => namespace::of_name(name),
        };
        let entered = namespace::within(&file, Self::open);
        entered.map_err(|e| Error::Namespace(file.display().to_string(), e))?
    }

    /// Looks up the family; if it is missing the module is loaded. Waits for that: call it at start only.
    pub fn open() -> Result<Self, Error> {
        let mut socket = Socket::open(libc::NETLINK_GENERIC)?;
        let absent =
            |e: &message::Error| matches!(e, message::Error::Refused(r) if r.errno == libc::ENOENT);
        let found = match socket.family("IPVS") {
            Err(e) if absent(&e) => {
                let outcome = load_module();
                socket.family("IPVS").map_err(|e| (e, outcome))
            }
            other => other.map_err(|e| (e, String::new())),
        };
        match found {
            Ok(family) => Ok(Self { socket, family: family.id }),
            Err((e, outcome)) if absent(&e) => Err(Error::Missing(outcome)),
            Err((e, _)) => Err(e.into()),
        }
    }

    /// Room for the kernel's answers.
    pub fn set_buffer(&self, buffer: Option<Buffer>) -> std::io::Result<()> {
        self.socket.set_buffer(buffer)
    }

    /// Sends the changes in order and returns what the kernel refused; it goes on after each refusal.
    pub fn apply(&mut self, changes: &[Change]) -> Result<Vec<Refused>, Error> {
        let mut refused = Vec::new();
        for part in changes.chunks(BATCH) {
            let mut batch = Batch::new();
            part.iter().for_each(|change| encode(&mut batch, self.family, change));
            let refusals = self.socket.transact(&mut batch)?;
            refused.extend(refusals.into_iter().filter_map(|why| {
                part.get(why.index).map(|change| Refused { change: change.clone(), why })
            }));
        }
        Ok(refused)
    }

    /// The whole table.
    pub fn table(&mut self) -> Result<Vec<Service>, Error> {
        Ok(self.read()?.services)
    }

    /// The whole table, and the connections.
    pub fn read(&mut self) -> Result<Reading, Error> {
        let mut batch = Batch::new();
        batch.message(self.family, NLM_F_DUMP, &command(IPVS_CMD_GET_SERVICE), |_| {});
        let replies = self.socket.dump(&mut batch)?;
        let mut services: Vec<Service> = replies.iter().filter_map(read_service).collect();
        let mut connections = BTreeMap::new();
        for service in &mut services {
            let mut batch = Batch::new();
            batch.message(self.family, NLM_F_DUMP, &command(IPVS_CMD_GET_DEST), |a| {
                a.nest(IPVS_CMD_ATTR_SERVICE, |a| encode_key(a, service.key));
            });
            let replies = match self.socket.dump(&mut batch) {
                Ok(replies) => replies,
                // Deleted since the services were read.
                Err(message::Error::Refused(_)) => continue,
                Err(e) => return Err(e.into()),
            };
            for reply in replies.iter() {
                let Some((destination, active)) = read_destination(reply, service.key) else {
                    continue;
                };
                connections.insert((service.key, destination.ip, destination.port), active);
                service.destinations.push(destination);
            }
        }
        Ok(Reading { services, connections })
    }
}

fn load_module() -> String {
    for path in ["/sbin/modprobe", "/usr/sbin/modprobe"] {
        let mut command = Command::new(path);
        command
            .args(["-q", "ip_vs"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        match command.status() {
            Ok(status) => return format!("modprobe ip_vs: {status}"),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => return format!("modprobe ip_vs: {e}"),
        }
    }
    "there is no modprobe to load it".to_owned()
}

/// genlmsghdr: command u8 | version u8 | reserved u16
const fn command(number: u8) -> [u8; 4] {
    [number, IPVS_GENL_VERSION, 0, 0]
}

fn encode(batch: &mut Batch, family: u16, change: &Change) {
    let number = match change {
        Change::AddService(_) => IPVS_CMD_NEW_SERVICE,
        Change::EditService(_) => IPVS_CMD_SET_SERVICE,
        Change::DeleteService(_) => IPVS_CMD_DEL_SERVICE,
        Change::AddDestination(..) => IPVS_CMD_NEW_DEST,
        Change::EditDestination(..) => IPVS_CMD_SET_DEST,
        Change::DeleteDestination(..) => IPVS_CMD_DEL_DEST,
    };
    batch.message(family, 0, &command(number), |a| match change {
        Change::AddService(service) | Change::EditService(service) => {
            a.nest(IPVS_CMD_ATTR_SERVICE, |a| encode_service(a, service));
        }
        Change::DeleteService(key) => a.nest(IPVS_CMD_ATTR_SERVICE, |a| encode_key(a, *key)),
        Change::AddDestination(key, destination) | Change::EditDestination(key, destination) => {
            a.nest(IPVS_CMD_ATTR_SERVICE, |a| encode_key(a, *key));
            a.nest(IPVS_CMD_ATTR_DEST, |a| encode_destination(a, destination, true));
        }
        Change::DeleteDestination(key, destination) => {
            a.nest(IPVS_CMD_ATTR_SERVICE, |a| encode_key(a, *key));
            a.nest(IPVS_CMD_ATTR_DEST, |a| encode_destination(a, destination, false));
        }
    });
}

fn encode_key(a: &mut Attributes<'_>, key: ServiceKey) {
    a.u16(IPVS_SVC_ATTR_AF, if is_v6(key) { AF_INET6 } else { AF_INET });
    match key {
        ServiceKey::Address { protocol, ip, port } => {
            a.u16(IPVS_SVC_ATTR_PROTOCOL, protocol as u16);
            a.bytes(IPVS_SVC_ATTR_ADDR, &wide(ip));
            a.u16_be(IPVS_SVC_ATTR_PORT, port);
        }
        ServiceKey::Mark { mark, .. } => a.u32(IPVS_SVC_ATTR_FWMARK, mark),
    }
}

fn encode_service(a: &mut Attributes<'_>, service: &Service) {
    encode_key(a, service.key);
    a.text(IPVS_SVC_ATTR_SCHED_NAME, &service.scheduler);
    let persistent = if service.persistence.is_some() { IP_VS_SVC_F_PERSISTENT } else { 0 };
    let mut flags = [0xff; 8];
    flags[..4].copy_from_slice(&(service.flags | persistent).to_ne_bytes());
    a.bytes(IPVS_SVC_ATTR_FLAGS, &flags);
    let none = if is_v6(service.key) { 128 } else { u32::MAX };
    let persistence = service.persistence.as_ref();
    a.u32(IPVS_SVC_ATTR_TIMEOUT, persistence.map_or(0, |p| p.timeout_s));
    let granularity = persistence.map_or(none, |p| p.granularity);
    if is_v6(service.key) {
        a.u32(IPVS_SVC_ATTR_NETMASK, granularity);
    } else {
        a.u32_be(IPVS_SVC_ATTR_NETMASK, granularity);
    }
    if let Some(engine) = persistence.and_then(|p| p.engine.as_ref()) {
        a.text(IPVS_SVC_ATTR_PE_NAME, engine);
    }
}

fn encode_destination(a: &mut Attributes<'_>, destination: &Destination, whole: bool) {
    a.bytes(IPVS_DEST_ATTR_ADDR, &wide(destination.ip));
    a.u16_be(IPVS_DEST_ATTR_PORT, destination.port);
    let family = if destination.ip.is_ipv6() { AF_INET6 } else { AF_INET };
    a.u16(IPVS_DEST_ATTR_ADDR_FAMILY, family);
    if !whole {
        return;
    }
    let method = match destination.forward {
        Forward::Nat => IP_VS_CONN_F_MASQ,
        Forward::Dr => IP_VS_CONN_F_DROUTE,
        Forward::Tun(_) => IP_VS_CONN_F_TUNNEL,
    };
    a.u32(IPVS_DEST_ATTR_FWD_METHOD, method);
    a.u32(IPVS_DEST_ATTR_WEIGHT, destination.weight);
    a.u32(IPVS_DEST_ATTR_U_THRESH, destination.upper);
    a.u32(IPVS_DEST_ATTR_L_THRESH, destination.lower);
    if let Forward::Tun(tunnel) = destination.forward {
        a.u8(IPVS_DEST_ATTR_TUN_TYPE, tunnel.kind);
        a.u16_be(IPVS_DEST_ATTR_TUN_PORT, tunnel.port);
        a.u16(IPVS_DEST_ATTR_TUN_FLAGS, tunnel.flags);
    }
}

/// Sixteen bytes; an IPv4 address comes first and the rest is zero.
fn wide(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(ip) => {
            let mut out = [0; 16];
            out[..4].copy_from_slice(&ip.octets());
            out
        }
        IpAddr::V6(ip) => ip.octets(),
    }
}

fn narrow(value: &[u8], v6: bool) -> Option<IpAddr> {
    if v6 {
        <[u8; 16]>::try_from(value).ok().map(|octets| Ipv6Addr::from(octets).into())
    } else {
        <[u8; 4]>::try_from(value.get(..4)?).ok().map(|octets| Ipv4Addr::from(octets).into())
    }
}

fn to_u16_be(value: &[u8]) -> Option<u16> {
    to_u16(value).map(u16::from_be)
}

fn find(value: &[u8], kind: u16) -> Option<&[u8]> {
    attributes(value).find(|(k, _)| *k == kind).map(|(_, v)| v)
}

/// The one nest of this kind that a message of a dump consists of.
fn nested(message: Message<'_>, kind: u16) -> Option<&[u8]> {
    message.attributes(4).find(|(k, _)| *k == kind).map(|(_, value)| value)
}

/// Reads a message of the dump of services, without destinations; `None` if it is of a kind that we don't know.
pub fn read_service(message: Message<'_>) -> Option<Service> {
    parse_service(nested(message, IPVS_CMD_ATTR_SERVICE)?)
}

/// Reads a message of the dump of a service's destinations, as (destination, established connections).
pub fn read_destination(message: Message<'_>, of: ServiceKey) -> Option<(Destination, u32)> {
    parse_destination(nested(message, IPVS_CMD_ATTR_DEST)?, of)
}

fn parse_service(value: &[u8]) -> Option<Service> {
    let family = find(value, IPVS_SVC_ATTR_AF).and_then(to_u16)?;
    let v6 = family == AF_INET6;
    let mark = find(value, IPVS_SVC_ATTR_FWMARK).and_then(to_u32);
    let key = match mark {
        Some(mark) => ServiceKey::Mark { family: if v6 { Family::V6 } else { Family::V4 }, mark },
        None => ServiceKey::Address {
            protocol: match find(value, IPVS_SVC_ATTR_PROTOCOL).and_then(to_u16)? {
                6 => Protocol::Tcp,
                17 => Protocol::Udp,
                132 => Protocol::Sctp,
                _ => return None,
            },
            ip: narrow(find(value, IPVS_SVC_ATTR_ADDR)?, v6)?,
            port: find(value, IPVS_SVC_ATTR_PORT).and_then(to_u16_be)?,
        },
    };
    let flags = find(value, IPVS_SVC_ATTR_FLAGS).and_then(|v| to_u32(v.get(..4)?))?;
    let netmask = find(value, IPVS_SVC_ATTR_NETMASK).and_then(to_u32)?;
    let timeout_s = find(value, IPVS_SVC_ATTR_TIMEOUT).and_then(to_u32)?;
    let persistence = (flags & IP_VS_SVC_F_PERSISTENT != 0).then(|| Persistence {
        timeout_s,
        granularity: if v6 { netmask } else { u32::from_be(netmask) },
        engine: find(value, IPVS_SVC_ATTR_PE_NAME).map(to_text),
    });
    let own = SCHEDULER_FLAGS.iter().fold(ONE_PACKET, |all, flag| all | flag);
    Some(Service {
        key,
        scheduler: to_text(find(value, IPVS_SVC_ATTR_SCHED_NAME)?),
        flags: flags & own,
        persistence,
        destinations: Vec::new(),
    })
}

fn parse_destination(value: &[u8], of: ServiceKey) -> Option<(Destination, u32)> {
    let number = |kind| find(value, kind).and_then(to_u32);
    let v6 = match find(value, IPVS_DEST_ATTR_ADDR_FAMILY).and_then(to_u16) {
        Some(family) => family == AF_INET6,
        None => is_v6(of), // before Linux 3.18
    };
    let forward = match number(IPVS_DEST_ATTR_FWD_METHOD)? & IP_VS_CONN_F_FWD_MASK {
        IP_VS_CONN_F_MASQ => Forward::Nat,
        IP_VS_CONN_F_TUNNEL => Forward::Tun(Tunnel {
            kind: find(value, IPVS_DEST_ATTR_TUN_TYPE)
                .and_then(|v| v.first().copied())
                .unwrap_or(0),
            port: find(value, IPVS_DEST_ATTR_TUN_PORT).and_then(to_u16_be).unwrap_or(0),
            flags: find(value, IPVS_DEST_ATTR_TUN_FLAGS).and_then(to_u16).unwrap_or(0),
        }),
        _ => Forward::Dr,
    };
    let destination = Destination {
        ip: narrow(find(value, IPVS_DEST_ATTR_ADDR)?, v6)?,
        port: find(value, IPVS_DEST_ATTR_PORT).and_then(to_u16_be)?,
        forward,
        weight: number(IPVS_DEST_ATTR_WEIGHT)?,
        upper: number(IPVS_DEST_ATTR_U_THRESH)?,
        lower: number(IPVS_DEST_ATTR_L_THRESH)?,
    };
    Some((destination, number(IPVS_DEST_ATTR_ACTIVE_CONNS).unwrap_or(0)))
}

#[cfg(test)]
mod tests;

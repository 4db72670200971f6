//! Routes (rtnetlink(7), RTM_NEWROUTE; linux/rtnetlink.h, linux/lwtunnel.h): what the kernel has, and changes to it.
//!
//! ```text
//! rtmsg:     family u8 | dst_len u8 | src_len u8 | tos u8 | table u8 | protocol u8 | scope u8 | type u8 | flags u32
//! rtnexthop: length u16 | flags u8 | weight-1 u8 | ifindex i32, then attributes; several in RTA_MULTIPATH
//! ```

use std::net::IpAddr;

use understudy_core::net::encap::Encap;
use understudy_core::net::metric::{self, Metric, Unit, Value};
use understudy_core::net::prefix::{Family, Prefix};
use understudy_core::net::route::{Hop, Kind, Mode, Route};

use super::message::{
    Attributes, Batch, Error, Message, NLM_F_APPEND, NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL, Socket,
    attributes, to_ip, to_text, to_u16, to_u32,
};

const RTM_NEWROUTE: u16 = 24;
/// A route went.
pub const RTM_DELROUTE: u16 = 25;
const RTM_GETROUTE: u16 = 26;
/// RTNLGRP_*: events of routes, IPv4 and IPv6.
pub const GROUPS: [libc::c_int; 2] = [7, 11];

const RTA_DST: u16 = 1;
const RTA_SRC: u16 = 2;
const RTA_OIF: u16 = 4;
const RTA_GATEWAY: u16 = 5;
const RTA_PRIORITY: u16 = 6;
const RTA_PREFSRC: u16 = 7;
const RTA_METRICS: u16 = 8;
const RTA_MULTIPATH: u16 = 9;
const RTA_FLOW: u16 = 11;
const RTA_TABLE: u16 = 15;
const RTA_VIA: u16 = 18;
const RTA_NEWDST: u16 = 19;
const RTA_PREF: u16 = 20;
const RTA_ENCAP_TYPE: u16 = 21;
const RTA_ENCAP: u16 = 22;
const RTA_EXPIRES: u16 = 23;
const RTA_TTL_PROPAGATE: u16 = 26;

/// A copy made for one flow, by old kernels.
const RTM_F_CLONED: u32 = 0x200;
const RTNH_F_ONLINK: u8 = 4;
/// sizeof(struct rtmsg)
const RTMSG: usize = 12;
/// sizeof(struct rtnexthop)
const RTNEXTHOP: usize = 8;

const LWTUNNEL_ENCAP_MPLS: u16 = 1;
const LWTUNNEL_ENCAP_IP: u16 = 2;
const LWTUNNEL_ENCAP_ILA: u16 = 3;
const LWTUNNEL_ENCAP_IP6: u16 = 4;

/// The number of a family in messages.
pub const fn family(family: Family) -> u8 {
    match family {
        Family::V4 => 2,  // AF_INET
        Family::V6 => 10, // AF_INET6
    }
}

/// The family of a number.
pub const fn to_family(number: u8) -> Option<Family> {
    match number {
        2 => Some(Family::V4),
        10 => Some(Family::V6),
        _ => None,
    }
}

/// Adds the message that adds or removes a route; `None`: an interface is not there.
pub fn write(
    batch: &mut Batch,
    route: &Route,
    add: bool,
    index_of: impl Fn(&str) -> Option<u32>,
) -> Option<()> {
    let mut indices = Vec::with_capacity(route.hops.len());
    for hop in &route.hops {
        indices.push(match &hop.dev {
            Some(dev) => index_of(dev)?,
            None => 0,
        });
    }
    let (kind, flags) = match (add, route.mode) {
        (false, _) => (RTM_DELROUTE, 0),
        (true, Mode::Add) => (RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL),
        (true, Mode::Prepend) => (RTM_NEWROUTE, NLM_F_CREATE),
        (true, Mode::Append) => (RTM_NEWROUTE, NLM_F_CREATE | NLM_F_APPEND),
    };
    let onlink = matches!(route.hops.as_slice(), [hop] if hop.onlink);
    let mut header = [0; RTMSG];
    header[..8].copy_from_slice(&[
        family(route.family),
        route.to.len,
        route.from.map_or(0, |from| from.len),
        route.tos,
        u8::try_from(route.table).unwrap_or(0),
        route.protocol,
        route.scope,
        route.kind as u8,
    ]);
    if onlink {
        header[8..].copy_from_slice(&u32::from(RTNH_F_ONLINK).to_ne_bytes());
    }
    batch.message(kind, flags, &header, |a| {
        if route.to.len > 0 {
            a.ip(RTA_DST, route.to.ip);
        }
        if let Some(from) = &route.from {
            a.ip(RTA_SRC, from.ip);
        }
        if u8::try_from(route.table).is_err() {
            a.u32(RTA_TABLE, route.table);
        }
        if let Some(src) = route.src {
            a.ip(RTA_PREFSRC, src);
        }
        if let Some(metric) = route.metric {
            a.u32(RTA_PRIORITY, metric);
        }
        metrics(a, &route.metrics);
        if let Some(expires) = route.expires.filter(|_| add) {
            a.u32(RTA_EXPIRES, expires);
        }
        if let Some(pref) = route.pref {
            a.u8(RTA_PREF, pref as u8);
        }
        if let Some(on) = route.ttl_propagate {
            a.u8(RTA_TTL_PROPAGATE, u8::from(on));
        }
        match route.hops.as_slice() {
            [] => {}
            [hop] => {
                hop_attributes(a, hop, route.family);
                if indices[0] != 0 {
                    a.u32(RTA_OIF, indices[0]);
                }
            }
            hops => a.bytes(RTA_MULTIPATH, &multipath(hops, &indices, route.family)),
        }
    });
    Some(())
}

fn metrics(a: &mut Attributes<'_>, metrics: &[Metric]) {
    if metrics.is_empty() {
        return;
    }
    a.nest(RTA_METRICS, |a| {
        let locked = metrics.iter().filter(|it| it.locked);
        let lock = locked.fold(0, |bits, it| bits | 1 << it.number);
        if lock != 0 {
            a.u32(metric::LOCK, lock);
        }
        for it in metrics {
            match &it.value {
                Value::Number(number) => a.u32(it.number, *number),
                Value::Name(name) => a.text(it.number, name),
            }
        }
    });
}

fn multipath(hops: &[Hop], indices: &[u32], family: Family) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (hop, index) in hops.iter().zip(indices) {
        let start = bytes.len();
        bytes.extend_from_slice(&[0, 0]);
        bytes.push(if hop.onlink { RTNH_F_ONLINK } else { 0 });
        bytes.push(u8::try_from(hop.weight.saturating_sub(1)).unwrap_or(u8::MAX));
        bytes.extend_from_slice(&index.to_ne_bytes());
        hop_attributes(&mut Attributes::after(&mut bytes), hop, family);
        let length = u16::try_from(bytes.len() - start).expect("a hop is small");
        bytes[start..start + 2].copy_from_slice(&length.to_ne_bytes());
    }
    bytes
}

fn hop_attributes(a: &mut Attributes<'_>, hop: &Hop, of_route: Family) {
    if let Some(via) = hop.via {
        if Family::of(via) == of_route {
            a.ip(RTA_GATEWAY, via);
        } else {
            let mut value = u16::from(family(Family::of(via))).to_ne_bytes().to_vec();
            value.extend_from_slice(&octets(via));
            a.bytes(RTA_VIA, &value);
        }
    }
    if let Some(realms) = hop.realms {
        a.u32(RTA_FLOW, realms);
    }
    if let Some(to) = hop.new_to {
        a.ip(RTA_NEWDST, to);
    }
    if let Some(encap) = &hop.encap {
        write_encap(a, encap);
    }
}

fn octets(ip: IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    }
}

/// Numbers of LWTUNNEL_IP_* and LWTUNNEL_IP6_*, which are the same: id, dst, src, ttl, tos, flags.
const OUTER: [u16; 6] = [1, 2, 3, 4, 5, 6];
const MPLS_IPTUNNEL_DST: u16 = 1;
const MPLS_IPTUNNEL_TTL: u16 = 2;
const ILA_ATTR_LOCATOR: u16 = 1;

fn write_encap(a: &mut Attributes<'_>, encap: &Encap) {
    let [id_number, dst_number, src_number, ttl_number, tos_number, flags_number] = OUTER;
    let mut outer = |kind, id: u64, dst: IpAddr, src: IpAddr, ttl, tos, flags| {
        a.nest(RTA_ENCAP, |a| {
            if id != 0 {
                a.bytes(id_number, &id.to_be_bytes());
            }
            a.ip(dst_number, dst);
            if !src.is_unspecified() {
                a.ip(src_number, src);
            }
            if ttl != 0 {
                a.u8(ttl_number, ttl);
            }
            if tos != 0 {
                a.u8(tos_number, tos);
            }
            if flags != 0 {
                a.u16_be(flags_number, flags);
            }
        });
        a.u16(RTA_ENCAP_TYPE, kind);
    };
    match encap {
        Encap::Ip { id, dst, src, tos, ttl, flags } => {
            outer(LWTUNNEL_ENCAP_IP, *id, (*dst).into(), (*src).into(), *ttl, *tos, *flags);
        }
        Encap::Ip6 { id, dst, src, tc, hoplimit, flags } => {
            outer(LWTUNNEL_ENCAP_IP6, *id, (*dst).into(), (*src).into(), *hoplimit, *tc, *flags);
        }
        Encap::Mpls { labels, ttl } => {
            // Label entries of RFC 3032: label 20 bits, class 3, bottom 1, TTL 8.
            let last = labels.len().saturating_sub(1);
            let entry = |(i, label): (usize, &u32)| label << 12 | u32::from(i == last) << 8;
            let stack: Vec<u8> =
                labels.iter().enumerate().map(entry).flat_map(u32::to_be_bytes).collect();
            a.nest(RTA_ENCAP, |a| {
                a.bytes(MPLS_IPTUNNEL_DST, &stack);
                if let Some(ttl) = ttl {
                    a.u8(MPLS_IPTUNNEL_TTL, *ttl);
                }
            });
            a.u16(RTA_ENCAP_TYPE, LWTUNNEL_ENCAP_MPLS);
        }
        Encap::Ila { locator } => {
            a.nest(RTA_ENCAP, |a| a.bytes(ILA_ATTR_LOCATOR, &locator.to_be_bytes()));
            a.u16(RTA_ENCAP_TYPE, LWTUNNEL_ENCAP_ILA);
        }
    }
}

/// Reads an RTM_NEWROUTE or RTM_DELROUTE; `None`: it is something else, or a copy.
pub fn read(message: Message<'_>, name_of: impl Fn(u32) -> Option<String>) -> Option<Route> {
    if !matches!(message.kind, RTM_NEWROUTE | RTM_DELROUTE) {
        return None;
    }
    let header: &[u8; RTMSG] = message.payload.first_chunk()?;
    let [number, dst_len, src_len, tos, table, protocol, scope, kind, ..] = *header;
    let flags = to_u32(&header[8..])?;
    if flags & RTM_F_CLONED != 0 {
        return None;
    }
    let family = to_family(number)?;
    let mut route = Route {
        kind: Kind::numbered(kind)?,
        to: Prefix { len: dst_len, ..Prefix::all(family) },
        from: (src_len > 0).then_some(Prefix { len: src_len, ..Prefix::all(family) }),
        tos,
        table: table.into(),
        protocol,
        scope,
        ..Route::new(family)
    };
    let mut hop = HopReader::new(&name_of);
    let mut hops = Vec::new();
    for (kind, value) in message.attributes(RTMSG) {
        match kind {
            RTA_DST => route.to.ip = to_ip(value)?,
            RTA_SRC => route.from = Some(Prefix { ip: to_ip(value)?, len: src_len }),
            RTA_PREFSRC => route.src = to_ip(value),
            RTA_TABLE => route.table = to_u32(value)?,
            RTA_PRIORITY => route.metric = to_u32(value),
            RTA_METRICS => route.metrics = read_metrics(value),
            RTA_MULTIPATH => hops = read_multipath(value, &name_of),
            RTA_TTL_PROPAGATE => route.ttl_propagate = value.first().map(|on| *on != 0),
            _ => hop.take(kind, value),
        }
    }
    route.hops = if hops.is_empty() { hop.finish(flags, 1).into_iter().collect() } else { hops };
    Some(route)
}

fn read_metrics(value: &[u8]) -> Vec<Metric> {
    let lock = attributes(value).find(|(number, _)| *number == metric::LOCK);
    let lock = lock.and_then(|(_, value)| to_u32(value)).unwrap_or(0);
    let metric = |(number, value)| {
        let kind = metric::Kind::of(number)?;
        let value = match kind.unit {
            Unit::Name => Value::Name(to_text(value)),
            Unit::Number(..) | Unit::Time(_) | Unit::Features => Value::Number(to_u32(value)?),
        };
        Some(Metric { number, value, locked: lock & 1 << number != 0 })
    };
    let mut all: Vec<Metric> = attributes(value).filter_map(metric).collect();
    all.sort();
    all
}

fn read_multipath(mut value: &[u8], name_of: &impl Fn(u32) -> Option<String>) -> Vec<Hop> {
    let mut hops = Vec::new();
    while let Some(header) = value.first_chunk::<RTNEXTHOP>() {
        let length = usize::from(u16::from_ne_bytes([header[0], header[1]]));
        let Some(own) = value.get(RTNEXTHOP..length) else { break };
        let mut hop = HopReader::new(name_of);
        if let Some(index) = to_u32(&header[4..]) {
            hop.dev(index);
        }
        attributes(own).for_each(|(kind, value)| hop.take(kind, value));
        hops.extend(hop.finish(header[2].into(), u16::from(header[3]) + 1));
        value = value.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    hops
}

/// A hop whose attributes come one by one.
struct HopReader<'a, N> {
    hop: Hop,
    encap_type: u16,
    encap: &'a [u8],
    name_of: &'a N,
}

impl<'a, N: Fn(u32) -> Option<String>> HopReader<'a, N> {
    fn new(name_of: &'a N) -> Self {
        Self { hop: Hop::default(), encap_type: 0, encap: &[], name_of }
    }

    fn dev(&mut self, index: u32) {
        if index != 0 {
            self.hop.dev = Some((self.name_of)(index).unwrap_or_else(|| format!("if{index}")));
        }
    }

    fn take(&mut self, kind: u16, value: &'a [u8]) {
        match kind {
            RTA_OIF => self.dev(to_u32(value).unwrap_or(0)),
            RTA_GATEWAY => self.hop.via = to_ip(value),
            RTA_VIA => self.hop.via = value.get(2..).and_then(to_ip),
            RTA_FLOW => self.hop.realms = to_u32(value),
            RTA_NEWDST => self.hop.new_to = to_ip(value),
            RTA_ENCAP_TYPE => self.encap_type = to_u16(value).unwrap_or(0),
            RTA_ENCAP => self.encap = value,
            _ => {}
        }
    }

    /// `None`: there is none.
    fn finish(mut self, flags: u32, weight: u16) -> Option<Hop> {
        self.hop.encap = read_encap(self.encap_type, self.encap);
        if self.hop == Hop::default() {
            return None;
        }
        self.hop.onlink = flags & u32::from(RTNH_F_ONLINK) != 0;
        self.hop.weight = weight;
        Some(self.hop)
    }
}

fn read_encap(kind: u16, value: &[u8]) -> Option<Encap> {
    let get = |number: u16| attributes(value).find(|(n, _)| *n == number).map(|(_, value)| value);
    let byte = |number: u16| get(number).and_then(|value| value.first().copied()).unwrap_or(0);
    let long = |number: u16| {
        let bytes = get(number).and_then(|value| value.try_into().ok()).unwrap_or_default();
        u64::from_be_bytes(bytes)
    };
    let [id, dst, src, ttl, tos, flags] = OUTER;
    // The kernel adds flags of its own (TUNNEL_KEY and the like are not asked for).
    let flags = get(flags).and_then(|value| value.try_into().ok()).map_or(0, u16::from_be_bytes);
    match kind {
        LWTUNNEL_ENCAP_IP => {
            let ip = |number| match get(number).and_then(to_ip) {
                Some(IpAddr::V4(ip)) => Some(ip),
                _ => None,
            };
            let src = ip(src).unwrap_or(std::net::Ipv4Addr::UNSPECIFIED);
            let (id, dst) = (long(id), ip(dst)?);
            Some(Encap::Ip { id, dst, src, tos: byte(tos), ttl: byte(ttl), flags })
        }
        LWTUNNEL_ENCAP_IP6 => {
            let ip = |number| match get(number).and_then(to_ip) {
                Some(IpAddr::V6(ip)) => Some(ip),
                _ => None,
            };
            let src = ip(src).unwrap_or(std::net::Ipv6Addr::UNSPECIFIED);
            let (id, dst) = (long(id), ip(dst)?);
            Some(Encap::Ip6 { id, dst, src, tc: byte(tos), hoplimit: byte(ttl), flags })
        }
        LWTUNNEL_ENCAP_MPLS => {
            let entries = get(MPLS_IPTUNNEL_DST)?.as_chunks::<4>().0;
            let labels = entries.iter().map(|entry| u32::from_be_bytes(*entry) >> 12).collect();
            let ttl = Some(byte(MPLS_IPTUNNEL_TTL)).filter(|ttl| *ttl != 0);
            Some(Encap::Mpls { labels, ttl })
        }
        LWTUNNEL_ENCAP_ILA => Some(Encap::Ila { locator: long(ILA_ATTR_LOCATOR) }),
        _ => None,
    }
}

/// All routes of these protocols. A kernel that can't choose gives all there are; the others are dropped here.
pub fn dump(
    socket: &mut Socket,
    protocols: &[u8],
    name_of: impl Fn(u32) -> Option<String>,
) -> Result<Vec<Route>, Error> {
    let mut routes: Vec<Route> = Vec::new();
    for of in [Family::V4, Family::V6] {
        for protocol in protocols {
            let mut header = [0; RTMSG];
            header[0] = family(of);
            header[5] = *protocol;
            let mut batch = Batch::new();
            batch.message(RTM_GETROUTE, NLM_F_DUMP, &header, |_| {});
            let replies = match socket.dump(&mut batch) {
                Ok(replies) => replies,
                // A kernel without IPv6.
                Err(Error::Refused(_)) if of == Family::V6 => continue,
                Err(e) => return Err(e),
            };
            let found = replies.iter().filter_map(|message| read(message, &name_of));
            routes.extend(found.filter(|it| it.protocol == *protocol && it.family == of));
        }
    }
    Ok(routes)
}

#[cfg(test)]
mod tests;

//! `virtual_server`: one service of IPVS, or several by a group (reference §2.14, §4.1).

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr};

use super::checker::{self, Around, DELAY_LOOP, Inherited};
use super::global_defs::GlobalDefs;
use super::real_server::{self, RealServerLines};
use super::service::{
    Granularity, PERSISTENCE, forward, granularity, ip_family, persistence, protocol, scheduler,
};
use super::virtual_server_group::{Entry, VirtualServerGroup};
use super::{Argument, Keyword, Table, kw, lines, to_u32};
use crate::command::Command;
use crate::config::diagnostic::{At, Diagnostics, Span, closest, code};
use crate::config::keyword::Reload::Live;
use crate::config::keyword::Repeated::{Add, First, Last};
use crate::config::keyword::{extra, ignored, not_yet};
use crate::config::tree::Node;
use crate::config::value;
use crate::ipvs::settings as ipvs;
use crate::ipvs::table::{Family, Forward, Persistence, Protocol, ServiceKey};

/// How the configuration names a service.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Header {
    Address(IpAddr, u16),
    Mark(u32),
    Group(String),
}

/// A virtual server as written.
#[derive(Clone, Debug)]
pub struct VirtualServer {
    header: At<Header>,
    family: Option<At<Family>>,
    inherited: Inherited,
    inhibit_on_failure: bool,
    scheduler: Option<At<String>>,
    ops: Option<Span>,
    flags: u32,
    scheduler_flags: Vec<(&'static str, u32, Span)>,
    forward: Option<Forward>,
    persistence_engine: Option<At<String>>,
    persistence_timeout: Option<At<u32>>,
    granularity: Option<At<Granularity>>,
    protocol: Option<At<Protocol>>,
    virtualhost: Option<String>,
    omega: bool,
    smtp_alert: Option<At<bool>>,
    quorum_up: Option<Command>,
    quorum_down: Option<Command>,
    quorum: Option<At<u32>>,
    hysteresis: Option<At<u32>>,
    weight: u32,
    sorry: Option<(At<IpAddr>, Option<u16>)>,
    sorry_inhibit: Option<Span>,
    sorry_forward: Option<Forward>,
    /// `real_server`
    pub real_servers: Vec<RealServerLines>,
}

const MAX: i64 = 0x7fff_ffff;
const SECONDS: u64 = 4_294_967_295;
/// IP_VS_SVC_F_ONEPACKET
const ONE_PACKET: u32 = 0x4;
/// IP_VS_SVC_F_SCHED1
const SCHED1: u32 = 0x8;
/// IP_VS_SVC_F_SCHED2
const SCHED2: u32 = 0x10;
/// IP_VS_SVC_F_SCHED3
const SCHED3: u32 = 0x20;

/// Its keywords.
pub const TABLE: Table<VirtualServer> = Table { block: "virtual_server", keywords: &[KEYWORDS] };

#[rustfmt::skip] // one row a line
const KEYWORDS: &[Keyword<VirtualServer>] = &[
    kw("ip_family", Live, Last, Argument::Line(|v, node, out| v.family = ip_family(node, out))),
    kw("retry", Live, Last, Argument::Int(1, MAX, |v, n| v.inherited.retry = Some(to_u32(n)))),
    kw("delay_before_retry", Live, Last, Argument::Time(0, SECONDS, |v, t| v.inherited.delay_before_retry = Some(t.value))),
    kw("warmup", Live, Last, Argument::Time(0, SECONDS, |v, t| v.inherited.warmup = Some(t.value))),
    kw("connect_timeout", Live, Last, Argument::Time(1, SECONDS, |v, t| v.inherited.connect_timeout = Some(t.value))),
    kw("delay_loop", Live, Last, Argument::Time(1, SECONDS, |v, t| v.inherited.delay_loop = Some(t.value))),
    kw("inhibit_on_failure", Live, Last, Argument::Flag(|v, _| v.inhibit_on_failure = true)),
    kw("lb_algo", Live, Last, Argument::Line(|v, node, out| v.scheduler = scheduler(node, out).or(v.scheduler.take()))),
    kw("lvs_sched", Live, Last, Argument::Line(|v, node, out| v.scheduler = scheduler(node, out).or(v.scheduler.take()))),
    ignored("hashed", "keepalived never sets it in the kernel"),
    kw("ops", Live, Last, Argument::Flag(|v, at| v.ops = Some(at.span))),
    kw("flag-1", Live, Last, Argument::Flag(|v, _| v.flags |= SCHED1)),
    kw("flag-2", Live, Last, Argument::Flag(|v, _| v.flags |= SCHED2)),
    kw("flag-3", Live, Last, Argument::Flag(|v, _| v.flags |= SCHED3)),
    kw("sh-port", Live, Last, Argument::Flag(|v, at| v.scheduler_flags.push(("sh", SCHED2, at.span)))),
    kw("sh-fallback", Live, Last, Argument::Flag(|v, at| v.scheduler_flags.push(("sh", SCHED1, at.span)))),
    kw("mh-port", Live, Last, Argument::Flag(|v, at| v.scheduler_flags.push(("mh", SCHED2, at.span)))),
    kw("mh-fallback", Live, Last, Argument::Flag(|v, at| v.scheduler_flags.push(("mh", SCHED1, at.span)))),
    kw("lb_kind", Live, Last, Argument::Line(|v, node, out| v.forward = forward(node, out).or(v.forward))),
    kw("lvs_method", Live, Last, Argument::Line(|v, node, out| v.forward = forward(node, out).or(v.forward))),
    kw("persistence_engine", Live, Last, Argument::Word("a name", |v, w| v.persistence_engine = Some(w))),
    kw("persistence_timeout", Live, Last, Argument::Line(|v, node, out| v.persistence_timeout = persistence(node, out))),
    kw("persistence_granularity", Live, Last, Argument::Line(|v, node, out| v.granularity = granularity(node, out))),
    kw("protocol", Live, Last, Argument::Line(|v, node, out| v.protocol = protocol(node, out))),
    not_yet("ha_suspend"),
    kw("smtp_alert", Live, Last, Argument::Switch(|v, on| v.smtp_alert = Some(on))),
    kw("virtualhost", Live, Last, Argument::Word("a host name", |v, w| v.virtualhost = Some(w.value))),
    not_yet("snmp_name"),
    kw("alpha", Live, Last, Argument::Flag(|v, _| v.inherited.alpha = Some(true))),
    kw("omega", Live, Last, Argument::Flag(|v, _| v.omega = true)),
    kw("quorum_up", Live, First, Argument::Script(|v, c| v.quorum_up = Some(c.value))),
    kw("quorum_down", Live, First, Argument::Script(|v, c| v.quorum_down = Some(c.value))),
    kw("quorum", Live, Last, Argument::Int(1, MAX, |v, n| v.quorum = Some(At::new(to_u32(n.clone()), n.span)))),
    kw("hysteresis", Live, Last, Argument::Int(0, MAX, |v, n| v.hysteresis = Some(At::new(to_u32(n.clone()), n.span)))),
    kw("weight", Live, Last, Argument::Int(1, MAX, |v, n| v.weight = to_u32(n))),
    kw("sorry_server", Live, Last, Argument::Line(|v, node, out| v.sorry = real_server::address(node, out).or(v.sorry.take()))),
    kw("sorry_server_inhibit", Live, Last, Argument::Flag(|v, at| v.sorry_inhibit = Some(at.span))),
    kw("sorry_server_lvs_method", Live, Last, Argument::Line(|v, node, out| v.sorry_forward = forward(node, out))),
    kw("real_server", Live, Add, Argument::Block(|v, node, out| v.real_servers.extend(real_server::parse(node, out)))),
];

/// Reads the block.
pub fn parse(node: &Node, out: &mut Diagnostics) -> Option<VirtualServer> {
    let header = header(node, out)?;
    let mut server = VirtualServer {
        header,
        family: None,
        inherited: Inherited::default(),
        inhibit_on_failure: false,
        scheduler: None,
        ops: None,
        flags: 0,
        scheduler_flags: Vec::new(),
        forward: None,
        persistence_engine: None,
        persistence_timeout: None,
        granularity: None,
        protocol: None,
        virtualhost: None,
        omega: false,
        smtp_alert: None,
        quorum_up: None,
        quorum_down: None,
        quorum: None,
        hysteresis: None,
        weight: 1,
        sorry: None,
        sorry_inhibit: None,
        sorry_forward: None,
        real_servers: Vec::new(),
    };
    let place = format!("virtual_server `{}`", server.title());
    TABLE.apply(&place, &mut server, lines(node), out);
    Some(server)
}

/// `IP [PORT]`, `fwmark N` or `group NAME`
fn header(node: &Node, out: &mut Diagnostics) -> Option<At<Header>> {
    let keyword = node.keyword();
    let Some(first) = node.arguments().first() else {
        out.add(
            code::MISSING_ARGUMENT,
            keyword.span,
            "`virtual_server` needs `IP PORT`, `fwmark N` or `group NAME`",
        );
        return None;
    };
    if !matches!(first.text.as_str(), "fwmark" | "group") {
        let (ip, port) = real_server::address(node, out)?;
        return Some(At::new(Header::Address(ip.value, port.unwrap_or(0)), first.span));
    }
    let Some(second) = node.arguments().get(1) else {
        let what = if first.text == "group" { "a name" } else { "a number" };
        out.add(code::MISSING_ARGUMENT, first.span, format!("`{}` needs {what}", first.text));
        return None;
    };
    extra(node, 3, out);
    let header = if first.text == "group" {
        Header::Group(second.text.clone())
    } else {
        let mark = value::int("fwmark", second, 1, 0xffff_ffff, out)?;
        Header::Mark(u32::try_from(mark).unwrap_or(u32::MAX))
    };
    Some(At::new(header, second.span))
}

impl VirtualServer {
    fn title(&self) -> String {
        match &self.header.value {
            Header::Address(ip, 0) => ip.to_string(),
            Header::Address(ip, port) => format!("{ip} {port}"),
            Header::Mark(mark) => format!("fwmark {mark}"),
            Header::Group(name) => format!("group {name}"),
        }
    }

    /// The place of what it is called.
    #[must_use]
    pub const fn span(&self) -> Span {
        self.header.span
    }

    /// The final settings; `None` after an error.
    pub fn settings(
        &self,
        global: &GlobalDefs,
        groups: &[VirtualServerGroup],
        out: &mut Diagnostics,
    ) -> Option<ipvs::VirtualServer> {
        let title = self.title();
        let protocol = self.protocol(&title, groups, out);
        let keys = self.keys(protocol, groups, out)?;
        let scheduler = self.scheduler.as_ref().map_or("wlc", |s| &s.value);
        if self.scheduler.is_none() {
            out.add(
                code::ASSUMED,
                self.header.span,
                format!("virtual_server {title} has no `lvs_sched`"),
            )
            .label("wlc is used");
        }
        let without_method =
            self.forward.is_none() && self.real_servers.iter().any(|r| r.forward.is_none());
        if without_method {
            out.add(
                code::ASSUMED,
                self.header.span,
                format!("virtual_server {title} has no `lvs_method`"),
            )
            .label("NAT is used");
        }
        let real_servers = self.servers(&title, &keys, global, out);
        if self.real_servers.is_empty() {
            out.add(
                code::INCOMPLETE,
                self.header.span,
                format!("virtual_server {title} has no `real_server`"),
            );
            return None;
        }
        let (quorum, hysteresis) = self.quorum(&real_servers, out);
        let name = match (&self.header.value, protocol) {
            (Header::Address(..), Protocol::Tcp) => format!("{title} tcp"),
            (Header::Address(..), Protocol::Udp) => format!("{title} udp"),
            (Header::Address(..), Protocol::Sctp) => format!("{title} sctp"),
            _ => title,
        };
        Some(ipvs::VirtualServer {
            name,
            scheduler: scheduler.into(),
            flags: self.flags(scheduler, protocol, &keys, out),
            persistence: self.persistence(&keys, out),
            quorum,
            hysteresis,
            quorum_up: self.quorum_up.clone(),
            quorum_down: self.quorum_down.clone(),
            omega: self.omega,
            smtp_alert: global.mail.of_virtual_server(self.smtp_alert.as_ref(), out),
            sorry_server: self.sorry_server(&keys, &real_servers, out),
            real_servers,
            keys,
        })
    }

    fn protocol(
        &self,
        title: &str,
        groups: &[VirtualServerGroup],
        out: &mut Diagnostics,
    ) -> Protocol {
        let by_mark = match &self.header.value {
            Header::Address(..) => false,
            Header::Mark(_) => true,
            Header::Group(name) => groups
                .iter()
                .find(|g| g.name.value == *name)
                .is_none_or(|g| g.entries.iter().all(|(e, _)| matches!(e, Entry::Mark(..)))),
        };
        match &self.protocol {
            Some(protocol) if by_mark => {
                out.add(
                    code::NO_EFFECT,
                    protocol.span,
                    "`protocol` has no effect on a service by mark",
                )
                .label("the rule that sets the mark chooses the packets");
                protocol.value
            }
            Some(protocol) => protocol.value,
            None => {
                if !by_mark {
                    out.add(
                        code::ASSUMED,
                        self.header.span,
                        format!("virtual_server {title} has no `protocol`"),
                    )
                    .label("UDP is used")
                    .help("add `protocol TCP`, if that is meant");
                }
                Protocol::Udp
            }
        }
    }

    fn keys(
        &self,
        protocol: Protocol,
        groups: &[VirtualServerGroup],
        out: &mut Diagnostics,
    ) -> Option<Vec<ServiceKey>> {
        let of_servers =
            self.real_servers.iter().find_map(|r| r.ip.as_ref()).map(|ip| family(ip.value));
        let given = self.family.as_ref().map(|f| f.value);
        let default = given.or(of_servers).unwrap_or(Family::V4);
        let group = match &self.header.value {
            Header::Address(ip, port) => {
                if let Some(given) = &self.family
                    && given.value != family(*ip)
                {
                    out.add(code::CONFLICT, given.span, format!("`ip_family` is not that of {ip}"));
                }
                return Some(alloc::vec![ServiceKey::Address { protocol, ip: *ip, port: *port }]);
            }
            Header::Mark(mark) => {
                return Some(alloc::vec![ServiceKey::Mark { family: default, mark: *mark }]);
            }
            Header::Group(name) => name,
        };
        let Some(found) = groups.iter().find(|g| g.name.value == *group) else {
            let meant = closest(group, groups.iter().map(|g| g.name.value.as_str()));
            out.add(
                code::UNKNOWN_NAME,
                self.header.span,
                format!("there is no virtual_server_group `{group}`"),
            )
            .did_you_mean(meant);
            return None;
        };
        let mut keys = Vec::new();
        for (entry, _) in &found.entries {
            match entry {
                Entry::Addresses(ips, port) => {
                    keys.extend(ips.iter().map(|ip| ServiceKey::Address {
                        protocol,
                        ip: *ip,
                        port: *port,
                    }))
                }
                Entry::Mark(mark, family) => {
                    keys.push(ServiceKey::Mark { family: family.unwrap_or(default), mark: *mark })
                }
            }
        }
        Some(keys)
    }

    fn flags(
        &self,
        scheduler: &str,
        protocol: Protocol,
        keys: &[ServiceKey],
        out: &mut Diagnostics,
    ) -> u32 {
        let mut flags = self.flags;
        for (of, flag, span) in &self.scheduler_flags {
            if *of == scheduler {
                flags |= flag;
            } else {
                out.add(
                    code::NO_EFFECT,
                    *span,
                    format!("this has an effect with `lvs_sched {of}` only"),
                )
                .label(format!("the scheduler is {scheduler}"));
            }
        }
        if let Some(span) = self.ops {
            let by_address = keys.iter().any(|k| matches!(k, ServiceKey::Address { .. }));
            if protocol == Protocol::Udp || !by_address {
                flags |= ONE_PACKET;
            } else {
                out.add(code::NO_EFFECT, span, "`ops` has no effect unless the protocol is UDP");
            }
        }
        flags
    }

    fn persistence(&self, keys: &[ServiceKey], out: &mut Diagnostics) -> Option<Persistence> {
        let is_v6 = keys.first().is_some_and(|k| family_of_key(k) == Family::V6);
        let all_ports = keys.iter().any(|k| matches!(k, ServiceKey::Address { port: 0, .. }));
        let timeout = match &self.persistence_timeout {
            Some(timeout) => Some(timeout.value),
            None if self.granularity.is_some() => Some(PERSISTENCE),
            None if all_ports => {
                out.add(
                    code::ASSUMED,
                    self.header.span,
                    "a service for all ports must be persistent",
                )
                .label(format!("`persistence_timeout {PERSISTENCE}` is used"));
                Some(PERSISTENCE)
            }
            None => None,
        };
        if timeout.is_none()
            && let Some(engine) = &self.persistence_engine
        {
            out.add(
                code::NO_EFFECT,
                engine.span,
                "`persistence_engine` has no effect without `persistence_timeout`",
            );
        }
        let granularity = match (self.granularity.as_ref().map(|g| (g.value, g.span)), is_v6) {
            (None, false) => u32::MAX,
            (None, true) => 128,
            (Some((Granularity::Mask(mask), _)), false) => u32::from(mask),
            (Some((Granularity::Prefix(length), _)), true) => length.into(),
            (Some((Granularity::Prefix(length), span)), false) if length <= 32 => {
                // QUIRKS.md, persistence_granularity: keepalived takes it for the mask 0.0.0.N.
                let mask = u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0);
                out.add(code::ADJUSTED, span, "a prefix length where an IPv4 mask is expected")
                    .label(format!(
                        "taken as {}; keepalived takes 0.0.0.{length}",
                        Ipv4Addr::from(mask)
                    ))
                    .help(format!("write `persistence_granularity {}`", Ipv4Addr::from(mask)));
                mask
            }
            (Some((_, span)), _) => {
                out.add(
                    code::CONFLICT,
                    span,
                    "`persistence_granularity` is of the other address family",
                );
                0
            }
        };
        let engine = self.persistence_engine.as_ref().map(|e| e.value.clone());
        timeout.map(|timeout_s| Persistence { timeout_s, granularity, engine })
    }

    /// The real servers, doubles removed.
    fn servers(
        &self,
        title: &str,
        keys: &[ServiceKey],
        global: &GlobalDefs,
        out: &mut Diagnostics,
    ) -> Vec<ipvs::RealServer> {
        let mut seen: Vec<(&At<IpAddr>, Option<u16>)> = Vec::new();
        let mut servers = Vec::new();
        for lines in &self.real_servers {
            let Some(ip) = &lines.ip else { continue };
            if let Some((first, _)) =
                seen.iter().find(|(f, p)| f.value == ip.value && *p == lines.port)
            {
                out.add(
                    code::REPEATED,
                    ip.span,
                    format!("virtual_server {title} has {} twice", ip.value),
                )
                .label("ignored")
                .related(first.span, "given here first");
                continue;
            }
            seen.push((ip, lines.port));
            servers.push(self.server(lines, ip, keys, global, out));
        }
        servers
    }

    fn server(
        &self,
        lines: &RealServerLines,
        ip: &At<IpAddr>,
        keys: &[ServiceKey],
        global: &GlobalDefs,
        out: &mut Diagnostics,
    ) -> ipvs::RealServer {
        let forward = lines.forward.or(self.forward).unwrap_or(Forward::Nat);
        let (port, check_port) = ports(forward, ip, lines.port, keys, out);
        if !matches!(forward, Forward::Tun(_))
            && keys.iter().any(|k| family_of_key(k) != family(ip.value))
        {
            out.add(
                code::CONFLICT,
                ip.span,
                format!("{} is of another address family than its service", ip.value),
            )
            .label("only TUN allows that");
        }
        let inherited = lines.inherited.within(&self.inherited);
        let around = Around {
            inherited: &inherited,
            ip: ip.value,
            port: check_port,
            virtualhost: lines.virtualhost.as_deref().or(self.virtualhost.as_deref()),
            log_all_failures: global.log_all_failures,
            virtual_delay_loop: self.inherited.delay_loop.unwrap_or(DELAY_LOOP),
        };
        ipvs::RealServer {
            ip: ip.value,
            port,
            check_port: if port == 0 { check_port } else { port },
            forward,
            weight: lines.weight.unwrap_or(self.weight),
            upper: lines.upper,
            lower: lines.lower,
            inhibit_on_failure: lines.inhibit_on_failure.unwrap_or(self.inhibit_on_failure),
            alpha: inherited.alpha.unwrap_or(false),
            smtp_alert: global.mail.of_real_server(lines.smtp_alert.as_ref(), out),
            notify_up: lines.notify_up.clone(),
            notify_down: lines.notify_down.clone(),
            checks: checker::settings(&lines.checkers, &around, out),
        }
    }

    fn quorum(&self, servers: &[ipvs::RealServer], out: &mut Diagnostics) -> (u32, u32) {
        let total: u64 = servers.iter().map(|s| u64::from(s.weight)).sum();
        let total = u32::try_from(total).unwrap_or(u32::MAX);
        let mut quorum = self.quorum.as_ref().map_or(1, |q| q.value);
        if quorum > total {
            // Without a quorum of its own a service whose servers are all drained is as it was meant.
            if let Some(given) = &self.quorum {
                let message = format!("the quorum {quorum} is more than all weights");
                out.add(code::ADJUSTED, given.span, message).label(format!("taken as {total}"));
            }
            quorum = total;
        }
        let mut hysteresis = self.hysteresis.as_ref().map_or(0, |h| h.value);
        if hysteresis > 0 && hysteresis >= quorum {
            let most = quorum.saturating_sub(1);
            let span = self.hysteresis.as_ref().map_or(self.header.span, |h| h.span);
            out.add(
                code::ADJUSTED,
                span,
                format!("the hysteresis {hysteresis} is not below the quorum {quorum}"),
            )
            .label(format!("taken as {most}"));
            hysteresis = most;
        }
        (quorum, hysteresis)
    }

    fn sorry_server(
        &self,
        keys: &[ServiceKey],
        servers: &[ipvs::RealServer],
        out: &mut Diagnostics,
    ) -> Option<ipvs::SorryServer> {
        let Some((ip, port)) = &self.sorry else {
            if let Some(span) = self.sorry_inhibit {
                out.add(code::NO_EFFECT, span, "`sorry_server_inhibit` without `sorry_server`");
            }
            return None;
        };
        let forward = self.sorry_forward.or(self.forward).unwrap_or(Forward::Nat);
        let (port, _) = ports(forward, ip, *port, keys, out);
        let same = servers.iter().find(|s| s.ip == ip.value && s.port == port);
        let inhibit = same.map_or(self.sorry_inhibit.is_some(), |s| s.inhibit_on_failure);
        Some(ipvs::SorryServer { ip: ip.value, port, forward, inhibit })
    }
}

/// The port in the kernel's table, and the port that checks use (reference §4.1).
fn ports(
    forward: Forward,
    ip: &At<IpAddr>,
    given: Option<u16>,
    keys: &[ServiceKey],
    out: &mut Diagnostics,
) -> (u16, u16) {
    let own = given.unwrap_or(0);
    let service = keys.iter().find_map(|key| match key {
        ServiceKey::Address { port, .. } => Some(*port),
        ServiceKey::Mark { .. } => None,
    });
    let by_group = keys.len() > 1;
    match (forward, service) {
        (Forward::Nat, Some(port)) if given.is_none() => (port, port),
        (Forward::Nat, _) => (own, own),
        (Forward::Dr | Forward::Tun(_), None) => (0, own),
        (Forward::Dr | Forward::Tun(_), Some(port)) => {
            if given.is_some() && own != port && !by_group {
                out.add(
                    code::ADJUSTED,
                    ip.span,
                    format!("port {own} is not the service's port {port}"),
                )
                .label("DR and TUN can't change the port: the service's is used")
                .help(format!(
                    "write port {port}; a check may use another by `connect_port {own}`"
                ));
                return (port, own);
            }
            (port, if given.is_some() { own } else { port })
        }
    }
}

const fn family(ip: IpAddr) -> Family {
    if ip.is_ipv4() { Family::V4 } else { Family::V6 }
}

fn family_of_key(key: &ServiceKey) -> Family {
    match key {
        ServiceKey::Address { ip, .. } => family(*ip),
        ServiceKey::Mark { family, .. } => *family,
    }
}

//! Policy rules (linux/fib_rules.h, RTM_NEWRULE): what the kernel has, and changes to it.
//!
//! ```text
//! fib_rule_hdr: family u8 | dst_len u8 | src_len u8 | tos u8 | table u8 | 0 u8 | 0 u8 | action u8 | flags u32
//! ```

use understudy_core::net::prefix::{Family, Prefix};
use understudy_core::net::rule::{Action, Rule};

use super::message::{
    Batch, Error, Message, NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL, Socket, to_ip, to_text, to_u32,
};
use super::route::{family, to_family};

const RTM_NEWRULE: u16 = 32;
/// A rule went.
pub const RTM_DELRULE: u16 = 33;
const RTM_GETRULE: u16 = 34;
/// RTNLGRP_*: events of rules, IPv4 and IPv6.
pub const GROUPS: [libc::c_int; 2] = [8, 19];

const FRA_DST: u16 = 1;
const FRA_SRC: u16 = 2;
const FRA_IIFNAME: u16 = 3;
const FRA_GOTO: u16 = 4;
const FRA_PRIORITY: u16 = 6;
const FRA_FWMARK: u16 = 10;
const FRA_FLOW: u16 = 11;
const FRA_TUN_ID: u16 = 12;
const FRA_SUPPRESS_IFGROUP: u16 = 13;
const FRA_SUPPRESS_PREFIXLEN: u16 = 14;
const FRA_TABLE: u16 = 15;
const FRA_FWMASK: u16 = 16;
const FRA_OIFNAME: u16 = 17;
const FRA_L3MDEV: u16 = 19;
const FRA_UID_RANGE: u16 = 20;
const FRA_PROTOCOL: u16 = 21;
const FRA_IP_PROTO: u16 = 22;
const FRA_SPORT_RANGE: u16 = 23;
const FRA_DPORT_RANGE: u16 = 24;

const FR_ACT_TO_TBL: u8 = 1;
const FR_ACT_GOTO: u8 = 2;
const FR_ACT_NOP: u8 = 3;
const FR_ACT_BLACKHOLE: u8 = 6;
const FR_ACT_UNREACHABLE: u8 = 7;
const FR_ACT_PROHIBIT: u8 = 8;
const FIB_RULE_INVERT: u32 = 2;
/// sizeof(struct fib_rule_hdr)
const HEADER: usize = 12;

/// Adds the message that adds or removes a rule.
pub fn write(batch: &mut Batch, rule: &Rule, add: bool) {
    let (table, action) = match rule.action {
        Action::Table(table) => (table, FR_ACT_TO_TBL),
        Action::L3mdev => (0, FR_ACT_TO_TBL),
        Action::Goto(_) => (0, FR_ACT_GOTO),
        Action::Nop => (0, FR_ACT_NOP),
        Action::Blackhole => (0, FR_ACT_BLACKHOLE),
        Action::Unreachable => (0, FR_ACT_UNREACHABLE),
        Action::Prohibit => (0, FR_ACT_PROHIBIT),
    };
    let len = |prefix: Option<Prefix>| prefix.map_or(0, |prefix| prefix.len);
    let mut header = [0; HEADER];
    header[..5].copy_from_slice(&[
        family(rule.family),
        len(rule.to),
        len(rule.from),
        rule.tos,
        u8::try_from(table).unwrap_or(0),
    ]);
    header[7] = action;
    let flags = if rule.not { FIB_RULE_INVERT } else { 0 };
    header[8..].copy_from_slice(&flags.to_ne_bytes());
    let (kind, flags) =
        if add { (RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL) } else { (RTM_DELRULE, 0) };
    batch.message(kind, flags, &header, |a| {
        a.u32(FRA_PRIORITY, rule.priority);
        a.u8(FRA_PROTOCOL, rule.protocol);
        if let Some(from) = rule.from.filter(|it| it.len > 0) {
            a.ip(FRA_SRC, from.ip);
        }
        if let Some(to) = rule.to.filter(|it| it.len > 0) {
            a.ip(FRA_DST, to.ip);
        }
        if let Some((mark, mask)) = rule.fwmark {
            a.u32(FRA_FWMARK, mark);
            if mask != u32::MAX {
                a.u32(FRA_FWMASK, mask);
            }
        }
        if let Some(iif) = &rule.iif {
            a.text(FRA_IIFNAME, iif);
        }
        if let Some(oif) = &rule.oif {
            a.text(FRA_OIFNAME, oif);
        }
        if let Some((first, last)) = rule.uids {
            a.bytes(FRA_UID_RANGE, &[first.to_ne_bytes(), last.to_ne_bytes()].concat());
        }
        if let Some(id) = rule.tunnel_id {
            a.bytes(FRA_TUN_ID, &id.to_be_bytes());
        }
        if let Some(number) = rule.ip_protocol {
            a.u8(FRA_IP_PROTO, number);
        }
        for (kind, range) in [(FRA_SPORT_RANGE, rule.sport), (FRA_DPORT_RANGE, rule.dport)] {
            if let Some((first, last)) = range {
                a.bytes(kind, &[first.to_ne_bytes(), last.to_ne_bytes()].concat());
            }
        }
        if u8::try_from(table).is_err() {
            a.u32(FRA_TABLE, table);
        }
        match rule.action {
            Action::L3mdev => a.u8(FRA_L3MDEV, 1),
            Action::Goto(target) => a.u32(FRA_GOTO, target),
            _ => {}
        }
        if let Some(realms) = rule.realms {
            a.u32(FRA_FLOW, realms);
        }
        if let Some(length) = rule.suppress_prefixlength {
            a.u32(FRA_SUPPRESS_PREFIXLEN, length);
        }
        if let Some(group) = rule.suppress_ifgroup {
            a.u32(FRA_SUPPRESS_IFGROUP, group);
        }
    });
}

/// Reads an RTM_NEWRULE or RTM_DELRULE; `None`: it is something else.
pub fn read(message: Message<'_>) -> Option<Rule> {
    if !matches!(message.kind, RTM_NEWRULE | RTM_DELRULE) {
        return None;
    }
    let header: &[u8; HEADER] = message.payload.first_chunk()?;
    let [number, dst_len, src_len, tos, table, _, _, action, ..] = *header;
    let family = to_family(number)?;
    let mut rule = Rule::new(family, 0, Action::Nop);
    rule.protocol = 0;
    rule.tos = tos;
    rule.not = to_u32(&header[8..])? & FIB_RULE_INVERT != 0;
    let (mut table, mut target, mut l3mdev) = (u32::from(table), 0, false);
    let (mut mark, mut mask) = (None, None);
    for (kind, value) in message.attributes(HEADER) {
        match kind {
            FRA_DST => rule.to = Some(Prefix { ip: to_ip(value)?, len: dst_len }),
            FRA_SRC => rule.from = Some(Prefix { ip: to_ip(value)?, len: src_len }),
            FRA_IIFNAME => rule.iif = Some(to_text(value)),
            FRA_OIFNAME => rule.oif = Some(to_text(value)),
            FRA_GOTO => target = to_u32(value)?,
            FRA_PRIORITY => rule.priority = to_u32(value)?,
            FRA_FWMARK => mark = to_u32(value),
            FRA_FWMASK => mask = to_u32(value),
            FRA_FLOW => rule.realms = to_u32(value),
            FRA_TUN_ID => rule.tunnel_id = value.try_into().ok().map(u64::from_be_bytes),
            // What is not set is told as -1.
            FRA_SUPPRESS_IFGROUP => {
                rule.suppress_ifgroup = to_u32(value).filter(|group| *group != u32::MAX);
            }
            FRA_SUPPRESS_PREFIXLEN => {
                rule.suppress_prefixlength = to_u32(value).filter(|length| *length != u32::MAX);
            }
            FRA_TABLE => table = to_u32(value)?,
            FRA_L3MDEV => l3mdev = value.first().is_some_and(|on| *on != 0),
            FRA_UID_RANGE => rule.uids = to_u32(value.get(..4)?).zip(to_u32(value.get(4..)?)),
            FRA_PROTOCOL => rule.protocol = value.first().copied()?,
            FRA_IP_PROTO => rule.ip_protocol = value.first().copied(),
            FRA_SPORT_RANGE => rule.sport = ports(value),
            FRA_DPORT_RANGE => rule.dport = ports(value),
            _ => {}
        }
    }
    if mark.or(mask).is_some() {
        rule.fwmark = Some((mark.unwrap_or(0), mask.unwrap_or(u32::MAX)));
    }
    rule.action = match action {
        FR_ACT_TO_TBL if l3mdev => Action::L3mdev,
        FR_ACT_TO_TBL => Action::Table(table),
        FR_ACT_GOTO => Action::Goto(target),
        FR_ACT_NOP => Action::Nop,
        FR_ACT_BLACKHOLE => Action::Blackhole,
        FR_ACT_UNREACHABLE => Action::Unreachable,
        FR_ACT_PROHIBIT => Action::Prohibit,
        _ => return None,
    };
    Some(rule)
}

fn ports(value: &[u8]) -> Option<(u16, u16)> {
    let [a, b, c, d] = *<&[u8; 4]>::try_from(value).ok()?;
    Some((u16::from_ne_bytes([a, b]), u16::from_ne_bytes([c, d])))
}

/// All rules.
pub fn dump(socket: &mut Socket) -> Result<Vec<Rule>, Error> {
    let mut rules = Vec::new();
    for of in [Family::V4, Family::V6] {
        let mut header = [0; HEADER];
        header[0] = family(of);
        let mut batch = Batch::new();
        batch.message(RTM_GETRULE, NLM_F_DUMP, &header, |_| {});
        match socket.dump(&mut batch) {
            Ok(replies) => {
                rules.extend(replies.iter().filter_map(read).filter(|it| it.family == of));
            }
            // A kernel without policy rules, or without IPv6.
            Err(Error::Refused(_)) => {}
            Err(e) => return Err(e),
        }
    }
    Ok(rules)
}

#[cfg(test)]
mod tests {
    use super::super::message::messages;
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let plain = Rule::new(Family::V4, 100, Action::Table(254));
        let full = Rule {
            not: true,
            from: Some(Prefix { ip: "10.1.0.0".parse().unwrap(), len: 16 }),
            to: Some(Prefix { ip: "10.2.0.0".parse().unwrap(), len: 24 }),
            fwmark: Some((5, 7)),
            tos: 16,
            iif: Some("eth0".into()),
            oif: Some("eth1".into()),
            uids: Some((10, 20)),
            tunnel_id: Some(1 << 40),
            ip_protocol: Some(6),
            sport: Some((10, 20)),
            dport: Some((80, 80)),
            realms: Some(3 << 16 | 4),
            suppress_prefixlength: Some(0),
            suppress_ifgroup: Some(7),
            action: Action::Table(1000),
            ..plain.clone()
        };
        let of = |action| Rule { family: Family::V6, action, protocol: 4, ..plain.clone() };
        let rules = [
            plain.clone(),
            full,
            of(Action::L3mdev),
            of(Action::Goto(200)),
            of(Action::Nop),
            of(Action::Blackhole),
            of(Action::Unreachable),
            of(Action::Prohibit),
        ];
        for rule in rules {
            for add in [true, false] {
                let mut batch = Batch::new();
                write(&mut batch, &rule, add);
                assert_eq!(read(messages(batch.bytes()).next().unwrap()), Some(rule.clone()));
            }
        }
    }

    #[test]
    fn the_kernel_dumps_its_rules() {
        assert!(dump(&mut Socket::open(libc::NETLINK_ROUTE).unwrap()).is_ok());
    }
}

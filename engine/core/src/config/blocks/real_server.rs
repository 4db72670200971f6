//! `real_server` in `virtual_server` (reference §2.15).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use super::checker::{self, Checker, Inherited, Kind};
use super::service::forward;
use super::{Argument, Keyword, Table, kw, lines, to_u32};
use super::{bfd_check, http_get, misc_check, ping_check, ssl_get, tcp_check};
use crate::command::Command;
use crate::config::diagnostic::{At, Diagnostics, code};
use crate::config::keyword::Reload::Live;
use crate::config::keyword::Repeated::{Add, First, Last};
use crate::config::keyword::{extra, not_yet};
use crate::config::tree::Node;
use crate::config::value;
use crate::ipvs::table::Forward;

/// A real server as written.
#[derive(Clone, Debug, Default)]
pub struct RealServerLines {
    /// Its address.
    pub ip: Option<At<IpAddr>>,
    /// Its port, if given.
    pub port: Option<u16>,
    /// Its weight, if given.
    pub weight: Option<u32>,
    /// Its method, if given.
    pub forward: Option<Forward>,
    /// Upper connection limit.
    pub upper: u32,
    /// Lower connection limit.
    pub lower: u32,
    /// Weight 0 instead of removal.
    pub inhibit_on_failure: Option<bool>,
    /// Became up.
    pub notify_up: Option<Command>,
    /// Became down.
    pub notify_down: Option<Command>,
    /// Mails about it.
    pub smtp_alert: Option<At<bool>>,
    /// What its checks inherit.
    pub inherited: Inherited,
    /// Host header.
    pub virtualhost: Option<String>,
    /// Its checks.
    pub checkers: Vec<(Kind, Checker)>,
}

const MAX: i64 = 0x7fff_ffff;
const SECONDS: u64 = 4_294_967_295;

/// Its keywords.
pub const TABLE: Table<RealServerLines> =
    Table { block: "virtual_server/real_server", keywords: &[KEYWORDS] };

#[rustfmt::skip] // one row a line
const KEYWORDS: &[Keyword<RealServerLines>] = &[
    kw("weight", Live, Last, Argument::Int(0, MAX, |r, n| r.weight = Some(to_u32(n)))),
    kw("lvs_method", Live, Last, Argument::Line(|r, node, out| r.forward = forward(node, out))),
    kw("uthreshold", Live, Last, Argument::Int(0, MAX, |r, n| r.upper = to_u32(n))),
    kw("lthreshold", Live, Last, Argument::Int(0, MAX, |r, n| r.lower = to_u32(n))),
    kw("inhibit_on_failure", Live, Last, Argument::Switch(|r, on| r.inhibit_on_failure = Some(on.value))),
    kw("notify_up", Live, First, Argument::Script(|r, c| r.notify_up = Some(c.value))),
    kw("notify_down", Live, First, Argument::Script(|r, c| r.notify_down = Some(c.value))),
    kw("alpha", Live, Last, Argument::Switch(|r, on| r.inherited.alpha = Some(on.value))),
    kw("retry", Live, Last, Argument::Int(1, MAX, |r, n| r.inherited.retry = Some(to_u32(n)))),
    kw("delay_before_retry", Live, Last, Argument::Time(0, SECONDS, |r, t| r.inherited.delay_before_retry = Some(t.value))),
    kw("warmup", Live, Last, Argument::Time(0, SECONDS, |r, t| r.inherited.warmup = Some(t.value))),
    kw("connect_timeout", Live, Last, Argument::Time(1, SECONDS, |r, t| r.inherited.connect_timeout = Some(t.value))),
    kw("delay_loop", Live, Last, Argument::Time(1, SECONDS, |r, t| r.inherited.delay_loop = Some(t.value))),
    kw("smtp_alert", Live, Last, Argument::Switch(|r, on| r.smtp_alert = Some(on))),
    kw("virtualhost", Live, Last, Argument::Word("a host name", |r, w| r.virtualhost = Some(w.value))),
    not_yet("snmp_name"),
    kw("MISC_CHECK", Live, Add, Argument::Block(|r, node, out| r.checkers.push((Kind::Misc, checker::parse(&misc_check::TABLE, node, out))))),
    not_yet("SMTP_CHECK"),
    kw("TCP_CHECK", Live, Add, Argument::Block(|r, node, out| r.checkers.push((Kind::Tcp, checker::parse(&tcp_check::TABLE, node, out))))),
    kw("PING_CHECK", Live, Add, Argument::Block(|r, node, out| r.checkers.push((Kind::Ping, checker::parse(&ping_check::TABLE, node, out))))),
    not_yet("UDP_CHECK"),
    kw("HTTP_GET", Live, Add, Argument::Block(|r, node, out| r.checkers.push((Kind::Http, checker::parse(&http_get::TABLE, node, out))))),
    kw("SSL_GET", Live, Add, Argument::Block(|r, node, out| r.checkers.push((Kind::Ssl, checker::parse(&ssl_get::TABLE, node, out))))),
    not_yet("DNS_CHECK"),
    not_yet("FILE_CHECK"),
    kw("BFD_CHECK", Live, Add, Argument::Block(|r, node, out| r.checkers.push((Kind::Bfd, checker::parse(&bfd_check::TABLE, node, out))))),
];

/// Reads the block.
pub fn parse(node: &Node, out: &mut Diagnostics) -> Option<RealServerLines> {
    let (ip, port) = address(node, out)?;
    let mut server = RealServerLines { port, ..RealServerLines::default() };
    let place = format!("real_server `{}`", ip.value);
    server.ip = Some(ip);
    TABLE.apply(&place, &mut server, lines(node), out);
    Some(server)
}

/// `IP [PORT]`
pub fn address(node: &Node, out: &mut Diagnostics) -> Option<(At<IpAddr>, Option<u16>)> {
    let keyword = node.keyword();
    let Some(word) = node.arguments().first() else {
        let message = format!("`{}` needs an address", keyword.text);
        out.add(code::MISSING_ARGUMENT, keyword.span, message);
        return None;
    };
    let ip = value::ip(&keyword.text, word, out)?;
    let port = match node.arguments().get(1) {
        Some(word) => Some(value::int("port", word, 0, 65535, out)?),
        None => None,
    };
    extra(node, 3, out);
    Some((ip, port.and_then(|p| u16::try_from(p).ok()).filter(|p| *p != 0)))
}

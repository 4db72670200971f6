//! What checks have in common: the keywords of reference §2.16, and what they inherit (§4.1).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use super::bfd_check;
use super::http_get::Http;
use super::misc_check::Misc;
use super::{Argument, Keyword, Table, ip, kw, lines, to_u16, to_u32};
use crate::checks::settings::{CheckKind, CheckSettings, Connection, Schedule};
use crate::config::diagnostic::{At, Diagnostics, Span, code};
use crate::config::keyword::Reload::Live;
use crate::config::keyword::Repeated::Last;
use crate::config::tree::Node;

/// What a check inherits from its real server, and that from its virtual server.
#[derive(Clone, Debug, Default)]
pub struct Inherited {
    /// Further attempts.
    pub retry: Option<u32>,
    /// Between attempts.
    pub delay_before_retry: Option<Duration>,
    /// Random part of the first delay.
    pub warmup: Option<Duration>,
    /// For a connection.
    pub connect_timeout: Option<Duration>,
    /// Between checks.
    pub delay_loop: Option<Duration>,
    /// Starts as down.
    pub alpha: Option<bool>,
}

impl Inherited {
    /// What is not set here comes from `outer`.
    #[must_use]
    pub fn within(&self, outer: &Self) -> Self {
        Self {
            retry: self.retry.or(outer.retry),
            delay_before_retry: self.delay_before_retry.or(outer.delay_before_retry),
            warmup: self.warmup.or(outer.warmup),
            connect_timeout: self.connect_timeout.or(outer.connect_timeout),
            delay_loop: self.delay_loop.or(outer.delay_loop),
            alpha: self.alpha.or(outer.alpha),
        }
    }
}

/// A check as written, of any kind.
#[derive(Clone, Debug, Default)]
pub struct Checker {
    /// The place of its keyword.
    pub span: Span,
    /// Its own schedule.
    pub own: Inherited,
    log_all_failures: Option<bool>,
    connect_ip: Option<At<IpAddr>>,
    connect_port: Option<u16>,
    bindto: Option<At<IpAddr>>,
    bind_port: Option<u16>,
    bind_if: Option<String>,
    fwmark: u32,
    /// Of HTTP_GET and SSL_GET.
    pub http: Http,
    /// Of MISC_CHECK.
    pub misc: Misc,
    /// Of BFD_CHECK.
    pub session: Option<At<String>>,
}

const SECONDS: u64 = 4_294_967_295;

/// Connection keywords, those with ports first: an ICMP check has only the others.
#[rustfmt::skip] // one row a line
pub const PORTS: &[Keyword<Checker>] = &[
    kw("connect_port", Live, Last, Argument::Int(1, 65535, |c, n| c.connect_port = Some(to_u16(n)))),
    kw("bind_port", Live, Last, Argument::Int(1, 65535, |c, n| c.bind_port = Some(to_u16(n)))),
];

/// The other connection keywords.
#[rustfmt::skip] // one row a line
pub const CONNECTION: &[Keyword<Checker>] = &[
    kw("connect_ip", Live, Last, Argument::Line(|c, node, out| c.connect_ip = ip(node, out))),
    kw("bindto", Live, Last, Argument::Line(|c, node, out| c.bindto = ip(node, out))),
    kw("bind_if", Live, Last, Argument::Line(|c, node, out| c.bind_if = super::global_defs::interface(node, out).map(|i| i.value))),
    kw("connect_timeout", Live, Last, Argument::Time(1, SECONDS, |c, t| c.own.connect_timeout = Some(t.value))),
    kw("fwmark", Live, Last, Argument::Int(0, 0xffff_ffff, |c, n| c.fwmark = to_u32(n))),
];

/// Common keywords.
#[rustfmt::skip] // one row a line
pub const COMMON: &[Keyword<Checker>] = &[
    kw("retry", Live, Last, Argument::Int(0, 0x7fff_ffff, |c, n| c.own.retry = Some(to_u32(n)))),
    kw("delay_before_retry", Live, Last, Argument::Time(0, SECONDS, |c, t| c.own.delay_before_retry = Some(t.value))),
    kw("warmup", Live, Last, Argument::Time(0, SECONDS, |c, t| c.own.warmup = Some(t.value))),
    kw("delay_loop", Live, Last, Argument::Time(1, SECONDS, |c, t| c.own.delay_loop = Some(t.value))),
    kw("alpha", Live, Last, Argument::Switch(|c, on| c.own.alpha = Some(on.value))),
    kw("log_all_failures", Live, Last, Argument::Switch(|c, on| c.log_all_failures = Some(on.value))),
];

/// Reads a check's block.
pub fn parse(table: &Table<Checker>, node: &Node, out: &mut Diagnostics) -> Checker {
    let mut checker = Checker { span: node.keyword().span, ..Checker::default() };
    super::super::keyword::extra(node, 1, out);
    table.apply(&node.keyword().text, &mut checker, lines(node), out);
    checker
}

/// What a check is told by the servers around it.
pub struct Around<'a> {
    /// The real server's values, the virtual server's filled in.
    pub inherited: &'a Inherited,
    /// The real server.
    pub ip: IpAddr,
    /// Its port as configured; 0: none.
    pub port: u16,
    /// Host header of HTTP requests.
    pub virtualhost: Option<&'a str>,
    /// Default of `log_all_failures`.
    pub log_all_failures: bool,
    /// The virtual server's period: the default of `misc_timeout`.
    pub virtual_delay_loop: Duration,
}

impl Checker {
    /// When it runs; the defaults are those of its kind.
    fn schedule(&self, around: &Around<'_>, retry: u32, delay_before_retry: u64) -> Schedule {
        let all = self.own.within(around.inherited);
        let delay_loop = all.delay_loop.unwrap_or(DELAY_LOOP);
        Schedule {
            delay_loop,
            retry: all.retry.unwrap_or(retry),
            delay_before_retry: all
                .delay_before_retry
                .unwrap_or(Duration::from_secs(delay_before_retry)),
            warmup: all.warmup.unwrap_or(delay_loop),
            alpha: all.alpha.unwrap_or(false),
            log_all_failures: self.log_all_failures.unwrap_or(around.log_all_failures),
        }
    }

    fn connection(&self, around: &Around<'_>, out: &mut Diagnostics) -> Option<Connection> {
        let port = self.connect_port.unwrap_or(around.port);
        if port == 0 {
            out.add(code::INCOMPLETE, self.span, "this check has no port to connect to")
                .help("add `connect_port N`, or give the real server a port");
            return None;
        }
        self.connection_to(port, around, out)
    }

    fn connection_to(
        &self,
        port: u16,
        around: &Around<'_>,
        out: &mut Diagnostics,
    ) -> Option<Connection> {
        let ip = self.connect_ip.as_ref().map_or(around.ip, |ip| ip.value);
        if let Some(source) = &self.bindto
            && source.value.is_ipv4() != ip.is_ipv4()
        {
            out.add(
                code::CONFLICT,
                source.span,
                format!("`bindto` is of another address family than {ip}"),
            );
            return None;
        }
        let timeout = self.own.within(around.inherited).connect_timeout;
        Some(Connection {
            to: SocketAddr::new(ip, port),
            bind_ip: self.bindto.as_ref().map(|ip| ip.value),
            bind_port: self.bind_port,
            bind_if: self.bind_if.clone(),
            timeout: timeout.unwrap_or(Duration::from_secs(5)),
            fwmark: self.fwmark,
        })
    }

    /// Final settings of a TCP_CHECK.
    pub fn tcp(&self, around: &Around<'_>, out: &mut Diagnostics) -> Option<CheckSettings> {
        let kind = CheckKind::Tcp(self.connection(around, out)?);
        Some(CheckSettings { schedule: self.schedule(around, 1, 1), kind })
    }

    /// Final settings of a PING_CHECK.
    pub fn ping(&self, around: &Around<'_>, out: &mut Diagnostics) -> Option<CheckSettings> {
        let kind = CheckKind::Ping(self.connection_to(0, around, out)?);
        Some(CheckSettings { schedule: self.schedule(around, 1, 1), kind })
    }

    /// Final settings of an HTTP_GET, or with `tls` of an SSL_GET.
    pub fn http(
        &self,
        tls: bool,
        around: &Around<'_>,
        out: &mut Diagnostics,
    ) -> Option<CheckSettings> {
        let connection = self.connection(around, out)?;
        let kind = self.http.settings(self.span, tls, connection, around.virtualhost, out)?;
        Some(CheckSettings { schedule: self.schedule(around, 1, 3), kind })
    }

    /// Final settings of a MISC_CHECK.
    pub fn misc(&self, around: &Around<'_>, out: &mut Diagnostics) -> Option<CheckSettings> {
        let kind = self.misc.settings(self.span, around.virtual_delay_loop, out)?;
        Some(CheckSettings { schedule: self.schedule(around, 0, 1), kind })
    }
}

/// Between checks, if nothing is said.
pub const DELAY_LOOP: Duration = Duration::from_secs(60);

/// The kinds that work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// TCP_CHECK
    Tcp,
    /// PING_CHECK
    Ping,
    /// HTTP_GET
    Http,
    /// SSL_GET
    Ssl,
    /// MISC_CHECK
    Misc,
    /// BFD_CHECK
    Bfd,
}

/// Final settings of all checks of a real server.
pub fn settings(
    checkers: &[(Kind, Checker)],
    around: &Around<'_>,
    out: &mut Diagnostics,
) -> Vec<CheckSettings> {
    let one = |(kind, checker): &(Kind, Checker)| match kind {
        Kind::Tcp => checker.tcp(around, out),
        Kind::Ping => checker.ping(around, out),
        Kind::Http => checker.http(false, around, out),
        Kind::Ssl => checker.http(true, around, out),
        Kind::Misc => checker.misc(around, out),
        Kind::Bfd => {
            let alpha = checker.own.within(around.inherited).alpha.unwrap_or(false);
            bfd_check::settings(checker, alpha, out)
        }
    };
    checkers.iter().filter_map(one).collect()
}

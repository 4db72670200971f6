//! One run of TCP_CHECK or HTTP_GET over a non-blocking connection. The caller registers the descriptor, and calls
//! `ready` when it is, and `overdue` when the deadline has passed.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use understudy_core::checks::http::{self, Reply};
use understudy_core::checks::settings::{CheckKind, Connection};
use understudy_core::checks::tcp::{self, Connect};
use understudy_core::checks::verdict::{Failure, Step, Verdict};
use understudy_core::time::Time;

use crate::sys::epoll::Interest;
use crate::sys::socket::{self, RawAddress};

/// After so many reads the turn goes to others; the descriptor stays ready.
const READS_AT_ONCE: usize = 16;

/// A run under way.
#[derive(Debug)]
pub struct Probe {
    fd: OwnedFd,
    phase: Phase,
    connection: Connection,
    deadline: Time,
}

#[derive(Debug)]
enum Phase {
    /// Waits for the connection; what follows, if anything.
    Connecting(Option<Exchange>),
    Sending {
        exchange: Exchange,
        sent: usize,
    },
    Reading(Reply),
}

#[derive(Debug)]
struct Exchange {
    request: Vec<u8>,
    reply: Reply,
}

impl Probe {
    /// Begins a run; a verdict that is known at once is the error. Programs are not run here.
    pub fn start(kind: &CheckKind, page: usize, now: Time) -> Result<Self, Verdict> {
        match kind {
            CheckKind::Tcp(connection) => Self::connect(connection, None, now),
            CheckKind::Http { connection, version, urls, .. } => {
                let Some(url) = urls.get(page) else {
                    return Err(Verdict::Undecided(format!("no page {page}")));
                };
                let request = http::request(url, *version, connection.to);
                let reply = Reply::new(url);
                Self::connect(connection, Some(Exchange { request, reply }), now)
            }
            CheckKind::Misc { .. } => {
                Err(Verdict::Undecided("a program is no connection".to_owned()))
            }
        }
    }

    /// Begins a conversation with this request (`genhash`).
    pub fn ask(
        connection: &Connection,
        request: Vec<u8>,
        reply: Reply,
        now: Time,
    ) -> Result<Self, Verdict> {
        Self::connect(connection, Some(Exchange { request, reply }), now)
    }

    fn connect(
        connection: &Connection,
        exchange: Option<Exchange>,
        now: Time,
    ) -> Result<Self, Verdict> {
        let local = |what: &str, e: &io::Error| {
            tcp::verdict(Connect::Local(format!("{what}: {}", reason(e))))
        };
        let fd = open(connection).map_err(|(what, e)| local(what, &e))?;
        if exchange.is_none() {
            // The connection ends at once and leaves no TIME_WAIT behind.
            let linger = libc::linger { l_onoff: 1, l_linger: 0 };
            let set = socket::set(&fd, libc::SOL_SOCKET, libc::SO_LINGER, linger);
            set.map_err(|e| local("SO_LINGER", &e))?;
        }
        let deadline = now + connection.timeout;
        let phase = Phase::Connecting(exchange);
        let mut probe = Self { fd, phase, connection: connection.clone(), deadline };
        match socket::connect(&probe.fd, &RawAddress::from(connection.to)) {
            Ok(false) => Ok(probe),
            Ok(true) => probe.ready(now).map_or(Ok(probe), Err),
            Err(e) if is_of_the_way(&e) => Err(tcp::verdict(Connect::Refused(reason(&e)))),
            Err(e) => Err(local("connect", &e)),
        }
    }

    /// When the run fails for want of progress.
    pub fn deadline(&self) -> Time {
        self.deadline
    }

    /// What the descriptor is to be watched for.
    pub fn interest(&self) -> Interest {
        match self.phase {
            Phase::Connecting(_) | Phase::Sending { .. } => Interest::WRITE,
            Phase::Reading(_) => Interest::READ,
        }
    }

    /// The deadline has passed.
    pub fn overdue(&self) -> Verdict {
        let step = match self.phase {
            Phase::Connecting(_) => Step::Connect,
            Phase::Sending { .. } => Step::Send,
            Phase::Reading(_) => Step::Answer,
        };
        Verdict::Failed(Failure::Timeout { step, after: self.connection.timeout })
    }

    /// The reply, if one is being read.
    pub fn reply(&self) -> Option<&Reply> {
        match &self.phase {
            Phase::Reading(reply) => Some(reply),
            Phase::Connecting(_) | Phase::Sending { .. } => None,
        }
    }

    /// The descriptor is ready: goes on as far as it can; a verdict ends the run.
    pub fn ready(&mut self, now: Time) -> Option<Verdict> {
        if let Phase::Connecting(exchange) = &mut self.phase {
            match socket::error_of(&self.fd) {
                Ok(None) => {}
                Ok(Some(e)) | Err(e) => return Some(tcp::verdict(Connect::Refused(reason(&e)))),
            }
            let Some(exchange) = exchange.take() else {
                return Some(tcp::verdict(Connect::Established));
            };
            self.phase = Phase::Sending { exchange, sent: 0 };
            self.deadline = now + self.connection.timeout;
        }
        if let Phase::Sending { exchange, sent } = &mut self.phase {
            while *sent < exchange.request.len() {
                match socket::send(&self.fd, &exchange.request[*sent..]) {
                    Ok(n) => *sent += n,
                    Err(e) if e.kind() == io::ErrorKind::WouldBlock => return None,
                    Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                    Err(e) => return Some(Verdict::Failed(Failure::Broken(reason(&e)))),
                }
            }
            let Phase::Sending { exchange, .. } =
                std::mem::replace(&mut self.phase, Phase::Connecting(None))
            else {
                unreachable!("the phase was looked at above");
            };
            self.phase = Phase::Reading(exchange.reply);
            self.deadline = now + self.connection.timeout;
        }
        let Phase::Reading(reply) = &mut self.phase else { return None };
        let mut buffer = [0; 16 << 10];
        for _ in 0..READS_AT_ONCE {
            match socket::receive(&self.fd, &mut buffer) {
                Ok(0) => return Some(reply.end()),
                Ok(n) => {
                    // connect_timeout counts for each read anew (reference §4.7).
                    self.deadline = now + self.connection.timeout;
                    if let Err(failure) = reply.feed(&buffer[..n]) {
                        return Some(Verdict::Failed(failure));
                    }
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return None,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Some(Verdict::Failed(Failure::Broken(reason(&e)))),
            }
        }
        None
    }
}

impl AsFd for Probe {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

fn open(connection: &Connection) -> Result<OwnedFd, (&'static str, io::Error)> {
    let domain = socket::domain_of(&connection.to.ip());
    let fd = socket::open(domain, libc::SOCK_STREAM, 0).map_err(|e| ("socket", e))?;
    if connection.fwmark != 0 {
        let mark = socket::set(&fd, libc::SOL_SOCKET, libc::SO_MARK, connection.fwmark);
        mark.map_err(|e| ("SO_MARK", e))?;
    }
    if let Some(interface) = &connection.bind_if {
        socket::bind_to_device(&fd, interface).map_err(|e| ("bind to device", e))?;
    }
    if connection.bind_ip.is_some() || connection.bind_port.is_some() {
        let any = match connection.to {
            SocketAddr::V4(_) => std::net::Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::UNSPECIFIED.into(),
        };
        let from =
            SocketAddr::new(connection.bind_ip.unwrap_or(any), connection.bind_port.unwrap_or(0));
        if connection.bind_port.is_some() {
            // The last run's connection may still be in TIME_WAIT.
            socket::set(&fd, libc::SOL_SOCKET, libc::SO_REUSEADDR, 1).map_err(|e| ("reuse", e))?;
        }
        socket::bind(&fd, &RawAddress::from(from)).map_err(|e| ("bind", e))?;
    }
    Ok(fd)
}

/// Said by the server, or by the network on the way to it; everything else is this host's own trouble.
fn is_of_the_way(e: &io::Error) -> bool {
    matches!(
        e.raw_os_error(),
        Some(
            libc::ECONNREFUSED
                | libc::ECONNRESET
                | libc::ECONNABORTED
                | libc::EHOSTUNREACH
                | libc::EHOSTDOWN
                | libc::ENETUNREACH
                | libc::ENETDOWN
                | libc::ETIMEDOUT
        )
    )
}

/// The system's words without std's number behind them.
fn reason(e: &io::Error) -> String {
    let text = e.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}

#[cfg(test)]
mod tests;

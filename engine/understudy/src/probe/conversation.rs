//! One run of TCP_CHECK, HTTP_GET or SSL_GET over a non-blocking connection.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use understudy_core::checks::http::{self, Reply};
use understudy_core::checks::settings::{Connection, HttpVersion, ServerName, Url};
use understudy_core::checks::tcp::{self, Connect};
use understudy_core::checks::verdict::{Failure, Step, Verdict};
use understudy_core::time::Time;

use super::channel::{Channel, Plain, Stop};
use super::open::{self, reason};
use super::tls;
use crate::sys::epoll::Interest;
use crate::sys::socket::{self, RawAddress};

/// After so many reads the turn goes to others; the descriptor stays ready.
const READS_AT_ONCE: usize = 16;

/// A run under way.
#[derive(Debug)]
pub struct Conversation {
    fd: OwnedFd,
    step: Step,
    /// What is said; `None`: a connection is enough.
    exchange: Option<Exchange>,
    interest: Interest,
    timeout: std::time::Duration,
    deadline: Time,
}

#[derive(Debug)]
struct Exchange {
    channel: Box<dyn Channel>,
    request: Vec<u8>,
    sent: usize,
    reply: Reply,
}

impl Conversation {
    /// Connects, no more; a verdict that is known at once is the error.
    pub fn greet(connection: &Connection, now: Time) -> Result<Self, Verdict> {
        Self::connect(connection, None, now)
    }

    /// Asks for a page, over TLS if there is a word about the server's name. `digest`: also if none is compared.
    pub fn ask(
        connection: &Connection,
        url: &Url,
        version: HttpVersion,
        tls: Option<&ServerName>,
        digest: bool,
        now: Time,
    ) -> Result<Self, Verdict> {
        let channel: Box<dyn Channel> = match tls {
            None => Box::new(Plain),
            Some(name) => tls::channel(name.of(url), connection.to.ip(), url.close_notify)?,
        };
        let request = http::request(url, version, connection.to);
        let reply = if digest { Reply::with_digest(url) } else { Reply::new(url) };
        Self::connect(connection, Some(Exchange { channel, request, sent: 0, reply }), now)
    }

    fn connect(
        connection: &Connection,
        exchange: Option<Exchange>,
        now: Time,
    ) -> Result<Self, Verdict> {
        let domain = socket::domain_of(&connection.to.ip());
        let fd =
            socket::open(domain, libc::SOCK_STREAM, 0).map_err(|e| open::local(&("socket", e)))?;
        open::prepare(&fd, connection).map_err(|refusal| open::local(&refusal))?;
        if exchange.is_none() {
            // The connection ends at once and leaves no TIME_WAIT behind.
            let linger = libc::linger { l_onoff: 1, l_linger: 0 };
            let set = socket::set(&fd, libc::SOL_SOCKET, libc::SO_LINGER, linger);
            set.map_err(|e| open::local(&("SO_LINGER", e)))?;
        }
        let timeout = connection.timeout;
        let (step, interest, deadline) = (Step::Connect, Interest::WRITE, now + timeout);
        let mut this = Self { fd, step, exchange, interest, timeout, deadline };
        match socket::connect(&this.fd, &RawAddress::from(connection.to)) {
            Ok(false) => Ok(this),
            Ok(true) => this.ready(now).map_or(Ok(this), Err),
            Err(e) => Err(open::refused("connect", e)),
        }
    }

    /// When the run fails for want of progress.
    pub fn deadline(&self) -> Time {
        self.deadline
    }

    /// What the descriptor is to be watched for.
    pub fn interest(&self) -> Interest {
        self.interest
    }

    /// The deadline has passed.
    pub fn overdue(&self) -> Verdict {
        Verdict::Failed(Failure::Timeout { step: self.step, after: self.timeout })
    }

    /// The reply so far, if one is expected.
    pub fn reply(&self) -> Option<&Reply> {
        self.exchange.as_ref().map(|exchange| &exchange.reply)
    }

    /// The descriptor is ready: goes on as far as it can; a verdict ends the run.
    pub fn ready(&mut self, now: Time) -> Option<Verdict> {
        match self.go_on(now) {
            Ok(verdict) => Some(verdict),
            Err(Stop::Failed(failure)) => Some(Verdict::Failed(failure)),
            Err(Stop::Until(interest)) => {
                self.interest = interest;
                None
            }
        }
    }

    fn go_on(&mut self, now: Time) -> Result<Verdict, Stop> {
        if self.step == Step::Connect {
            match socket::error_of(&self.fd) {
                Ok(None) => {}
                Ok(Some(e)) | Err(e) => return Ok(tcp::verdict(Connect::Refused(reason(&e)))),
            }
            (self.step, self.deadline) = (Step::Handshake, now + self.timeout);
        }
        let Some(Exchange { channel, request, sent, reply }) = &mut self.exchange else {
            return Ok(tcp::verdict(Connect::Established));
        };
        if self.step == Step::Handshake {
            channel.handshake(&self.fd)?;
            (self.step, self.deadline) = (Step::Send, now + self.timeout);
        }
        if self.step == Step::Send {
            channel.send(&self.fd, request, sent)?;
            (self.step, self.deadline) = (Step::Answer, now + self.timeout);
        }
        let mut buffer = [0; 16 << 10];
        let mut reads = 0;
        while reads < READS_AT_ONCE || channel.holds() {
            reads += 1;
            let n = channel.receive(&self.fd, &mut buffer)?;
            if n == 0 {
                channel.close(&self.fd);
                return Ok(reply.end());
            }
            if channel.timeout_is_for_a_piece() {
                self.deadline = now + self.timeout;
            }
            reply.feed(&buffer[..n]).map_err(Stop::Failed)?;
        }
        Err(Stop::Until(Interest::READ))
    }
}

impl AsFd for Conversation {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

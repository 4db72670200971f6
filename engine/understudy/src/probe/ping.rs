//! One run of PING_CHECK. An ICMP socket that needs no privilege is tried first: the kernel gives it its own replies only.
//! Where `net.ipv4.ping_group_range` forbids that (keepalived changes it, we don't), a raw one does, with a filter.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use understudy_core::checks::ping::{Echo, Identifier, behind_ipv4_header};
use understudy_core::checks::settings::Connection;
use understudy_core::checks::verdict::{Failure, Step, Verdict};
use understudy_core::time::Time;

use super::channel::uninterrupted;
use super::open;
use crate::sys::random;
use crate::sys::socket::{self, RawAddress};

/// After so many packets the turn goes to others; the descriptor stays ready.
const READS_AT_ONCE: usize = 64;

/// A run under way.
#[derive(Debug)]
pub struct Ping {
    fd: OwnedFd,
    echo: Echo,
    timeout: Duration,
    deadline: Time,
}

impl Ping {
    /// Sends a request; a verdict that is known at once is the error.
    pub fn start(connection: &Connection, now: Time) -> Result<Self, Verdict> {
        let v6 = connection.to.is_ipv6();
        let (fd, raw) = open(v6).map_err(|e| open::local(&("ICMP socket", e)))?;
        let nonce = random::number().map_err(|e| open::local(&("getrandom", e)))?;
        let [a, b, c, d, ..] = nonce.to_ne_bytes();
        let identifier = Identifier::Ours(u16::from_ne_bytes([a, b]));
        let identifier = if raw { identifier } else { Identifier::Kernels };
        let echo = Echo { v6, identifier, sequence: u16::from_ne_bytes([c, d]), nonce };
        open::prepare(&fd, connection).map_err(|refusal| open::local(&refusal))?;
        // Connected, it hears nobody but the server, and what routers say of it.
        let sent = socket::connect(&fd, &RawAddress::from(connection.to))
            .and_then(|_| uninterrupted(|| socket::send(&fd, &echo.request())));
        sent.map_err(|e| open::refused("send", e))?;
        Ok(Self { fd, echo, timeout: connection.timeout, deadline: now + connection.timeout })
    }

    /// When the run fails for want of an answer.
    pub fn deadline(&self) -> Time {
        self.deadline
    }

    /// The deadline has passed.
    pub fn overdue(&self) -> Verdict {
        Verdict::Failed(Failure::Timeout { step: Step::Answer, after: self.timeout })
    }

    /// Something can be read: a verdict ends the run.
    pub fn ready(&mut self) -> Option<Verdict> {
        // Longer packets than an IPv4 header and our reply are not ours.
        let mut buffer = [0; 128];
        for _ in 0..READS_AT_ONCE {
            match uninterrupted(|| socket::receive_whole(&self.fd, &mut buffer)) {
                Ok(n) => {
                    if buffer.get(..n).is_some_and(|packet| self.is_reply(packet)) {
                        return Some(Verdict::PASSED);
                    }
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return None,
                Err(e) => return Some(open::refused("receive", e)),
            }
        }
        None
    }

    fn is_reply(&self, packet: &[u8]) -> bool {
        // Only a raw IPv4 socket gets the packet's header.
        let raw_v4 = !self.echo.v6 && self.echo.identifier != Identifier::Kernels;
        let icmp = if raw_v4 { behind_ipv4_header(packet) } else { Some(packet) };
        icmp.is_some_and(|icmp| self.echo.is_answered_by(icmp))
    }
}

impl AsFd for Ping {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// The socket, and whether it is a raw one.
fn open(v6: bool) -> io::Result<(OwnedFd, bool)> {
    let (domain, protocol) = match v6 {
        false => (libc::AF_INET, libc::IPPROTO_ICMP),
        true => (libc::AF_INET6, libc::IPPROTO_ICMPV6),
    };
    let (fd, raw) = match socket::open(domain, libc::SOCK_DGRAM, protocol) {
        Ok(fd) => (fd, false),
        // EACCES: the group may not; EPROTONOSUPPORT: this kernel has none.
        Err(_) => (socket::open(domain, libc::SOCK_RAW, protocol)?, true),
    };
    if raw {
        socket::only_echo_replies(&fd, v6)?;
    }
    // So that we hear at once when a router, or our own neighbour table, knows that nobody is there.
    if v6 {
        socket::set(&fd, libc::IPPROTO_IPV6, libc::IPV6_RECVERR, 1)?;
    } else {
        socket::set(&fd, libc::IPPROTO_IP, libc::IP_RECVERR, 1)?;
    }
    Ok((fd, raw))
}

#[cfg(test)]
mod tests;

//! BFD's sockets for the sessions of the node: opened when a session needs them, and again when that has failed.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::time::Duration;

use serde_json::json;
use understudy_core::bfd::news::News;
use understudy_core::node::vrrp::{Action, BfdDatagram, BfdPacket, Event, VrrpNode};
use understudy_core::time::Time;

use crate::daemon::worker::{Context, Interest, Token};
use crate::log::Level;
use crate::sys::packet::{Outgoing, Receiver, send_many};
use crate::sys::socket::RawAddress;
use crate::wire::bfd::{port, receiver, sender};

/// Receivers have the tokens from here on: IPv4, IPv6, then the same for the port of RFC 5883.
pub const FIRST: u64 = 1 << 33;
/// The last one.
pub const LAST: u64 = FIRST + 3;
const RECEIVERS: usize = 4;
/// Between attempts to open what could not be opened.
const RETRY: Duration = Duration::from_secs(1);

/// The check worker's question for what is known of sessions.
pub const ASK: &str = "ask_bfd";
/// The answer, and what is told at every change: a list of [`News`].
pub const NEWS: &str = "bfd";

/// Tells the check worker.
pub fn tell_checks(news: &[News], context: &mut Context) {
    if !news.is_empty() {
        context.peer_worker(&json!({ NEWS: news }));
    }
}

/// A socket that sends, and what it is set to.
#[derive(Debug)]
struct Sender {
    source: Option<IpAddr>,
    ttl: u8,
    fd: OwnedFd,
}

/// All sockets of BFD.
#[derive(Debug, Default)]
pub struct Bfd {
    receivers: [Option<OwnedFd>; RECEIVERS],
    /// By discriminator.
    senders: BTreeMap<u32, Sender>,
    /// What was said last about a socket that doesn't open or send: once, until it does.
    failures: BTreeMap<String, String>,
    buffers: Option<Receiver>,
    /// A receiver could not be opened; tried at that time.
    missing: Option<Time>,
}

const fn number(v6: bool, multihop: bool) -> usize {
    (if multihop { 2 } else { 0 }) + (if v6 { 1 } else { 0 })
}

impl Bfd {
    /// Opens and closes sockets so that they are those of the node's sessions.
    pub fn follow(&mut self, node: &VrrpNode, now: Time, context: &Context) {
        self.missing = None;
        let mut wanted = [false; RECEIVERS];
        for session in node.bfd_sessions() {
            let settings = session.settings();
            wanted[number(settings.neighbour.is_ipv6(), settings.multihop)] = true;
        }
        for (index, wanted) in wanted.into_iter().enumerate() {
            let (v6, multihop) = (index % 2 == 1, index >= 2);
            if !wanted {
                self.receivers[index] = None;
            } else if self.receivers[index].is_none() {
                let opened = receiver(v6, multihop).and_then(|fd| {
                    context.register(&fd, Token(FIRST + index as u64), Interest::READ)?;
                    Ok(fd)
                });
                let family = if v6 { "IPv6" } else { "IPv4" };
                let what = format!("receive BFD packets on {family} port {}", port(multihop));
                self.receivers[index] = self.unless_failed(&what, opened, context);
                if self.receivers[index].is_none() {
                    self.missing = Some(now);
                }
            }
        }
        self.senders.retain(|own, _| node.bfd_sessions().any(|it| it.discriminator() == *own));
    }

    /// Hands what has arrived to the node.
    pub fn receive(
        &mut self,
        token: Token,
        now: Time,
        node: &mut VrrpNode,
        actions: &mut Vec<Action>,
        context: &Context,
    ) {
        let index = usize::try_from(token.0 - FIRST).unwrap_or(usize::MAX);
        let Some(Some(fd)) = self.receivers.get(index) else { return };
        let buffers = self.buffers.get_or_insert_with(Receiver::new);
        let taken = buffers.drain(fd, |incoming| {
            // What the kernel doesn't tell can't be trusted.
            let (Some(from), Some(to), Some(ttl)) =
                (incoming.source, incoming.destination, incoming.hop_limit)
            else {
                return;
            };
            let (multihop, bytes) = (index >= 2, incoming.bytes);
            let datagram = BfdDatagram { from, to, ttl, multihop, bytes };
            node.handle(now, Event::Bfd(datagram), actions);
        });
        if let Err(e) = taken {
            context.log(Level::Warning, &format!("receive BFD packets: {e}"));
        }
    }

    /// Sends what the node wants to be sent; whether there was anything.
    pub fn send(
        &mut self,
        actions: &[Action],
        node: &VrrpNode,
        now: Time,
        context: &Context,
    ) -> bool {
        let mut any = false;
        for action in actions {
            let Action::SendBfd(packet) = action else { continue };
            if self.missing.is_some_and(|at| now.since(at) >= RETRY) {
                self.follow(node, now, context);
            }
            any = true;
            let sent = self.send_one(packet);
            // The usual case makes no text.
            if sent.is_err() || !self.failures.is_empty() {
                let what = format!("send BFD packets to {}", packet.neighbour);
                self.unless_failed(&what, sent, context);
            }
        }
        any
    }

    fn send_one(&mut self, packet: &BfdPacket) -> io::Result<()> {
        let BfdPacket { session, source, neighbour, ttl, multihop, bytes } = packet;
        let fits = |it: &Sender| (it.source, it.ttl) == (*source, *ttl);
        if !self.senders.get(session).is_some_and(fits) {
            // The port is free only when the former socket is closed.
            self.senders.remove(session);
            let fd = sender(*session, *source, neighbour.is_ipv6(), *ttl)?;
            self.senders.insert(*session, Sender { source: *source, ttl: *ttl, fd });
        }
        let to = RawAddress::from(SocketAddr::new(*neighbour, port(*multihop)));
        match send_many(&self.senders[session].fd, &[Outgoing { bytes, to: &to }]) {
            (_, Some(e)) => Err(e),
            (_, None) => Ok(()),
        }
    }

    fn unless_failed<T>(
        &mut self,
        what: &str,
        result: io::Result<T>,
        context: &Context,
    ) -> Option<T> {
        match result {
            Ok(it) => {
                self.failures.remove(what);
                Some(it)
            }
            Err(e) => {
                let why = e.to_string();
                if self.failures.get(what) != Some(&why) {
                    context.log(Level::Error, &format!("{what}: {why}"));
                    self.failures.insert(what.to_owned(), why);
                }
                None
            }
        }
    }
}

#[cfg(test)]
mod tests;

//! Mails, one after the other over a connection that never waits. They belong to the supervisor: no election and no
//! check is ever held up by a mail server, and a mail outlives the worker that asked for it.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::time::Duration;

use understudy_core::mail::mailbox::Mailbox;
use understudy_core::mail::message::{self, Alert};
use understudy_core::mail::session::{Envelope, Session};
use understudy_core::mail::settings::{MailSettings, Server};
use understudy_core::node::settings::ProcessSettings;
use understudy_core::time::Time;

use super::hosts;
use crate::say;
use crate::sys::epoll::{Epoll, Interest};
use crate::sys::socket::{self, RawAddress};

/// So many mails may wait: more means that nobody takes them.
const WAITING: usize = 100;
/// Failures are told no more often than this.
const TELL_EVERY: Duration = Duration::from_secs(60);
/// After so many reads the turn goes to others; the descriptor stays ready.
const READS_AT_ONCE: usize = 16;

/// A mail that waits.
#[derive(Debug)]
struct Mail {
    subject: String,
    envelope: Envelope,
}

/// A conversation under way.
#[derive(Debug)]
struct Talk {
    subject: String,
    fd: OwnedFd,
    connecting: bool,
    session: Session,
    output: Vec<u8>,
    sent: usize,
    /// Of the connection, then of each answer.
    deadline: Time,
}

/// Sends mails.
#[derive(Debug)]
pub struct Mailer {
    /// Its descriptor's in the epoll set.
    token: u64,
    settings: MailSettings,
    router_id: String,
    host: String,
    server: Option<SocketAddr>,
    waiting: VecDeque<Mail>,
    talk: Option<Talk>,
    /// When a failure was told last, and how many were not since then.
    told: Option<Time>,
    untold: u32,
    /// Then everything is given up.
    last_call: Option<Time>,
}

impl Mailer {
    /// Sends nothing until it is configured.
    pub fn new(token: u64) -> Self {
        Self {
            token,
            settings: MailSettings::default(),
            router_id: String::new(),
            host: String::new(),
            server: None,
            waiting: VecDeque::new(),
            talk: None,
            told: None,
            untold: 0,
            last_call: None,
        }
    }

    /// A configuration; what waits is sent by its server.
    pub fn configure(&mut self, process: &ProcessSettings) {
        self.settings = process.mail.clone();
        self.host = hosts::own();
        self.router_id = process.router_id.clone().unwrap_or_else(|| self.host.clone());
        self.server = None;
        let Some(Server { host, port }) =
            self.settings.server.as_ref().filter(|_| !process.mail.to.is_empty())
        else {
            return;
        };
        match hosts::address(host) {
            Some(ip) => self.server = Some(SocketAddr::new(ip, *port)),
            None => say!(
                Warning,
                "smtp_server {host}: not in /etc/hosts, so no mail is sent; write its address"
            ),
        }
    }

    /// Takes what there is to tell; `after` sends it. `sent_at`: time since 1970.
    pub fn add(&mut self, alert: &Alert, sent_at: Duration, now: Time) {
        if self.server.is_none() {
            return;
        }
        if self.waiting.len() >= WAITING {
            return self.failed(&alert.subject, "too many are waiting", now);
        }
        let own = || Mailbox { name: String::new(), address: format!("root@{}", self.host) };
        let from = self.settings.from.clone().unwrap_or_else(own);
        let to = &self.settings.to;
        let envelope = Envelope {
            helo: self.settings.helo.clone().unwrap_or_else(|| self.host.clone()),
            to: to.iter().map(|to| to.address.clone()).collect(),
            mail: message::compose(alert, &self.router_id, &from, to, sent_at.as_secs()),
            from: from.address,
        };
        self.waiting.push_back(Mail { subject: alert.subject.clone(), envelope });
    }

    /// Begins what can be begun; to be called when all events of a turn have been seen.
    pub fn after(&mut self, epoll: &Epoll, now: Time) {
        while self.talk.is_none()
            && let Some(mail) = self.waiting.pop_front()
        {
            let Some(server) = self.server else {
                self.failed(&mail.subject, "there is no server any more", now);
                continue;
            };
            match self.connect(mail.envelope, server, &mail.subject, now) {
                Ok(talk) => {
                    self.talk = Some(talk);
                    self.watch(epoll, now);
                }
                Err(e) => self.failed(&mail.subject, &format!("connect to {server}: {e}"), now),
            }
        }
    }

    fn connect(
        &self,
        envelope: Envelope,
        server: SocketAddr,
        subject: &str,
        now: Time,
    ) -> io::Result<Talk> {
        let fd = socket::open(socket::domain_of(&server.ip()), libc::SOCK_STREAM, 0)?;
        let connected = socket::connect(&fd, &RawAddress::from(server))?;
        Ok(Talk {
            subject: subject.to_owned(),
            fd,
            connecting: !connected,
            session: Session::new(envelope),
            output: Vec::new(),
            sent: 0,
            deadline: now + self.settings.timeout,
        })
    }

    /// The descriptor is ready.
    pub fn ready(&mut self, epoll: &Epoll, now: Time) {
        let Some(talk) = &mut self.talk else { return };
        if let Err(why) = talk.go_on(self.settings.timeout, now) {
            talk.session.end(&why);
        }
        self.watch(epoll, now);
    }

    /// Ends the conversation if it is over; else sees to it that we are woken for it.
    fn watch(&mut self, epoll: &Epoll, now: Time) {
        let Some(talk) = &mut self.talk else { return };
        if !talk.session.is_over() {
            let wants_to_write = talk.connecting || talk.sent < talk.output.len();
            let interest = if wants_to_write { Interest::BOTH } else { Interest::READ };
            match epoll.add(&talk.fd, interest, self.token) {
                Ok(()) => return,
                Err(e) => talk.session.end(&format!("watch the connection: {e}")),
            }
        }
        let Some(talk) = self.talk.take() else { return };
        match (talk.session.is_delivered(), talk.session.trouble()) {
            (true, None) => say!(Info, "mail sent: {}", talk.subject),
            (true, Some(why)) => {
                say!(Warning, "mail sent, but not to all: {}: {why}", talk.subject)
            }
            (false, why) => self.failed(&talk.subject, why.unwrap_or("no answer"), now),
        }
    }

    fn failed(&mut self, subject: &str, why: &str, now: Time) {
        if self.told.is_some_and(|at| now.since(at) < TELL_EVERY) {
            self.untold += 1;
            return;
        }
        let more = match std::mem::take(&mut self.untold) {
            0 => String::new(),
            n => format!(" (and {n} before)"),
        };
        self.told = Some(now);
        say!(Warning, "mail not sent: {subject}: {why}{more}");
    }

    /// Looks at the deadlines.
    pub fn timer(&mut self, epoll: &Epoll, now: Time) {
        if self.last_call.is_some_and(|at| at <= now) {
            self.last_call = None;
            for mail in std::mem::take(&mut self.waiting) {
                self.failed(&mail.subject, "the engine stops", now);
            }
            if let Some(talk) = &mut self.talk {
                talk.deadline = now;
            }
        }
        if let Some(talk) = self.talk.as_mut().filter(|talk| talk.deadline <= now) {
            let why = if talk.connecting { "no connection in time" } else { "no answer in time" };
            talk.session.end(why);
            self.watch(epoll, now);
        }
    }

    /// When `timer` is due.
    pub fn deadline(&self) -> Option<Time> {
        let last_call = self.last_call.filter(|_| !self.is_idle());
        self.talk.as_ref().map(|talk| talk.deadline).into_iter().chain(last_call).min()
    }

    /// The engine stops: what is not sent by then is given up.
    pub fn last_call(&mut self, by: Time) {
        self.last_call = Some(by);
    }

    /// Has everything been sent, or given up?
    pub fn is_idle(&self) -> bool {
        self.talk.is_none() && self.waiting.is_empty()
    }
}

impl Talk {
    /// As far as it goes without waiting; the error is why the connection is of no use any more.
    fn go_on(&mut self, timeout: Duration, now: Time) -> Result<(), String> {
        if self.connecting {
            match socket::error_of(&self.fd) {
                Ok(None) => self.connecting = false,
                Ok(Some(e)) | Err(e) => return Err(e.to_string()),
            }
            self.deadline = now + timeout;
        }
        self.write()?;
        let mut buffer = [0; 4096];
        for _ in 0..READS_AT_ONCE {
            match socket::receive(&self.fd, &mut buffer) {
                Ok(0) => return Err("the server closed the connection".to_owned()),
                Ok(n) => {
                    let before = self.output.len();
                    self.session.feed(&buffer[..n], &mut self.output);
                    if self.output.len() > before {
                        self.deadline = now + timeout; // a new question
                    }
                    if self.session.is_over() {
                        return Ok(());
                    }
                    self.write()?;
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e.to_string()),
            }
        }
        Ok(())
    }

    fn write(&mut self) -> Result<(), String> {
        while self.sent < self.output.len() {
            match socket::send(&self.fd, &self.output[self.sent..]) {
                Ok(n) => self.sent += n,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e.to_string()),
            }
        }
        self.output.clear();
        self.sent = 0;
        Ok(())
    }
}

#[cfg(test)]
pub mod tests;

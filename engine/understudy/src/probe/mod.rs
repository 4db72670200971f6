//! Sockets that carry core's check conversations; nothing waits.

pub mod channel;
pub mod conversation;
mod open;
pub mod ping;
pub mod tls;

use std::os::fd::{AsFd, BorrowedFd};

use understudy_core::checks::settings::CheckKind;
use understudy_core::checks::verdict::Verdict;
use understudy_core::time::Time;

use crate::sys::epoll::Interest;
use conversation::Conversation;
use ping::Ping;

/// A run under way. The caller registers the descriptor, and calls `ready` when it is, and `overdue` when the deadline
/// has passed.
#[derive(Debug)]
pub enum Probe {
    /// TCP_CHECK, HTTP_GET, SSL_GET.
    Conversation(Box<Conversation>),
    /// PING_CHECK.
    Ping(Ping),
}

impl Probe {
    /// Begins a run; a verdict that is known at once is the error. Programs are not run here.
    pub fn start(kind: &CheckKind, page: usize, now: Time) -> Result<Self, Verdict> {
        match kind {
            CheckKind::Tcp(connection) => Conversation::greet(connection, now),
            CheckKind::Http { connection, version, urls, tls, .. } => {
                let Some(url) = urls.get(page) else {
                    return Err(Verdict::Undecided(format!("no page {page}")));
                };
                Conversation::ask(connection, url, *version, tls.as_ref(), false, now)
            }
            CheckKind::Ping(connection) => return Ping::start(connection, now).map(Self::Ping),
            CheckKind::Misc { .. } | CheckKind::Bfd { .. } => {
                Err(Verdict::Undecided("not by a connection".to_owned()))
            }
        }
        .map(|conversation| Self::Conversation(Box::new(conversation)))
    }

    /// When the run fails for want of progress.
    pub fn deadline(&self) -> Time {
        match self {
            Self::Conversation(conversation) => conversation.deadline(),
            Self::Ping(ping) => ping.deadline(),
        }
    }

    /// What the descriptor is to be watched for.
    pub fn interest(&self) -> Interest {
        match self {
            Self::Conversation(conversation) => conversation.interest(),
            Self::Ping(_) => Interest::READ,
        }
    }

    /// The deadline has passed.
    pub fn overdue(&self) -> Verdict {
        match self {
            Self::Conversation(conversation) => conversation.overdue(),
            Self::Ping(ping) => ping.overdue(),
        }
    }

    /// The descriptor is ready: goes on as far as it can; a verdict ends the run.
    pub fn ready(&mut self, now: Time) -> Option<Verdict> {
        match self {
            Self::Conversation(conversation) => conversation.ready(now),
            Self::Ping(ping) => ping.ready(),
        }
    }
}

impl AsFd for Probe {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Conversation(conversation) => conversation.as_fd(),
            Self::Ping(ping) => ping.as_fd(),
        }
    }
}

#[cfg(test)]
mod tests;

//! Changes of servers and quorums, told to everybody who wants to know.

use alloc::format;
use alloc::string::ToString;

use super::{Action, Actions, journal, mail, names};
use crate::command::Command;
use crate::ipvs::settings::{RealServer, VirtualServer};
use crate::journal::Reason;
use crate::time::Time;

/// Who learns of a change: the journal, the notifier, the FIFO, the mail; in keepalived's order.
pub(super) struct News<'a> {
    pub settings: &'a VirtualServer,
    pub fifo_name: &'a str,
    pub cause: &'a Reason,
}

impl News<'_> {
    pub fn server(&self, out: &mut Actions, now: Time, server: &RealServer, up: bool) {
        self.server_without_mail(out, now, server, up);
        if server.smtp_alert && mail::is_news(self.cause) {
            out.push(mail::server(server, self.settings, self.fifo_name, up, self.cause));
        }
    }

    pub fn server_without_mail(&self, out: &mut Actions, now: Time, server: &RealServer, up: bool) {
        let change = format!("{} {}", names::server(server), if up { "up" } else { "down" });
        journal(out, now, &self.settings.name, change, self.cause.clone());
        self.notify(out, if up { &server.notify_up } else { &server.notify_down });
        let name = names::fifo_server(server, self.settings);
        let word = if up { "UP" } else { "DOWN" };
        // The NUL byte behind the line is keepalived's (reference §3.11).
        out.push(Action::Fifo(format!("RS {name} {} {word}\n\0", self.fifo_name)));
    }

    pub fn quorum(&self, out: &mut Actions, now: Time, up: bool) {
        let change = if up { "quorum up" } else { "quorum down" };
        journal(out, now, &self.settings.name, change.to_string(), self.cause.clone());
        let commands = (&self.settings.quorum_up, &self.settings.quorum_down);
        self.notify(out, if up { commands.0 } else { commands.1 });
        let word = if up { "UP" } else { "DOWN" };
        out.push(Action::Fifo(format!("VS {} {word}\n\0", self.fifo_name)));
        if self.settings.smtp_alert && mail::is_news(self.cause) {
            out.push(mail::quorum(self.fifo_name, up, self.cause));
        }
    }

    fn notify(&self, out: &mut Actions, command: &Option<Command>) {
        if let Some(command) = command {
            let queue = self.settings.name.clone();
            out.push(Action::Notify { queue, command: command.clone() });
        }
    }
}

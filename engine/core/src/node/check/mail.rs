//! Mails about servers and quorums (reference §3.11), with the subjects of keepalived and our reasons.

use alloc::format;
use alloc::vec::Vec;

use super::checks::CheckId;
use super::{Action, Actions, CheckNode, names};
use crate::ipvs::settings::{RealServer, VirtualServer};
use crate::journal::Reason;
use crate::mail::message::Alert;

/// A server's mail. `fifo_name`: what its virtual server is called.
pub(super) fn server(
    server: &RealServer,
    of: &VirtualServer,
    fifo_name: &str,
    up: bool,
    cause: &Reason,
) -> Action {
    let name = names::fifo_server(server, of);
    Action::Mail(Alert {
        subject: format!("Realserver {name} of virtual server {fifo_name} - {}", word(up)),
        body: format!("=> {cause} <="),
    })
}

/// A quorum's mail.
pub(super) fn quorum(fifo_name: &str, up: bool, cause: &Reason) -> Action {
    let subject = format!("Virtualserver {fifo_name} - {}", word(up));
    Action::Mail(Alert { subject, body: format!("=> {cause} <=") })
}

/// What is given up on purpose is no news for a mail.
pub(super) fn is_news(cause: &Reason) -> bool {
    !matches!(cause, Reason::Stopping | Reason::Removed)
}

const fn word(up: bool) -> &'static str {
    if up { "UP" } else { "DOWN" }
}

impl CheckNode {
    /// Servers that were down already when one of their checks changed its mind, and that want mails about that.
    /// `before`: what the check said until now.
    pub(super) fn down_beside(&self, check: CheckId, before: Option<bool>) -> Vec<(usize, usize)> {
        let now = self.checks.get(check).and_then(|run| run.machine.up());
        let mut found = Vec::new();
        let all = self.settings.virtual_servers.iter().zip(&self.virtual_servers);
        for (n, (settings, state)) in all.enumerate() {
            let servers = settings.real_servers.iter().zip(&state.servers).enumerate();
            found.extend(servers.filter_map(|(m, (server, known))| {
                let concerned = server.smtp_alert && known.checks.contains(&check);
                let says = |said: Option<bool>| said.unwrap_or(known.presumed);
                let changed = says(before) != says(now);
                (concerned && changed && !known.health.alive).then_some((n, m))
            }));
        }
        found
    }

    /// Mails about a check that changed its mind, where its server did not (not with `no_checker_emails`).
    pub(super) fn mail_beside(
        &self,
        down: &[(usize, usize)],
        passed: bool,
        cause: &Reason,
        out: &mut Actions,
    ) {
        for &(n, m) in down {
            let (settings, state) = (&self.settings.virtual_servers[n], &self.virtual_servers[n]);
            if self.settings.no_checker_emails || state.servers[m].health.alive {
                continue;
            }
            let real = &settings.real_servers[m];
            let mut mail = server(real, settings, &state.fifo_name, passed, cause);
            if let Action::Mail(alert) = &mut mail {
                alert.body.push_str("\nThe server stays down: another of its checks fails.");
            }
            out.push(mail);
        }
    }
}

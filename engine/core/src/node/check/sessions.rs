//! Servers that are checked by BFD sessions: the VRRP worker runs those, and tells of them.

use alloc::format;

use super::{Actions, CheckNode, SessionNews};
use crate::checks::settings::CheckKind;
use crate::checks::verdict::{Failure, Verdict};
use crate::time::Time;

impl CheckNode {
    /// Whether BFD sessions check servers.
    #[must_use]
    pub fn has_sessions(&self) -> bool {
        self.checks.iter().any(|run| matches!(run.settings.kind, CheckKind::Bfd { .. }))
    }

    /// A session that has changed counts at once.
    pub(super) fn session(&mut self, now: Time, news: SessionNews, out: &mut Actions) {
        let name = news.session.clone();
        let former = self.sessions.insert(name.clone(), news);
        if former.as_ref() != self.sessions.get(&name) {
            self.checks.hasten_session(&name, now);
            self.timer(now, out);
        }
    }

    pub(super) fn verdict_of_session(&self, session: &str) -> Verdict {
        let news = self.sessions.get(session);
        match news.map(|it| (it.up, &it.why)) {
            Some((Some(true), _)) => Verdict::PASSED,
            Some((Some(false), why)) => Verdict::Failed(Failure::Session(why.clone())),
            Some((None, why)) => Verdict::Undecided(why.clone()),
            None => Verdict::Undecided(format!("nothing is known of session {session}")),
        }
    }
}

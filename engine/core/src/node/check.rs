//! The check worker's side of a host: virtual servers, their checks, their quorum, and the table that follows.
//!
//! The kernel's table is adopted, not rebuilt: it is read at start and again every few seconds, and only differences are
//! sent. Until its first check has answered, a server keeps the state that the worker's former life or the kernel's
//! table shows; only a service that nobody knows begins with all its servers (reference §4.3).

mod checks;
mod configure;
mod handover;
mod mail;
mod names;
mod news;
mod sessions;
mod status;
#[cfg(test)]
mod tests;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

pub use checks::CheckId;
pub use handover::Memory;
pub use status::{CheckStatus, QuorumStatus, ServerStatus, VirtualServerStatus};

use self::checks::{Checks, Outcome};
use self::news::News;
use crate::bfd::news::News as SessionNews;
use crate::checks::settings::{CheckKind, CheckSettings};
use crate::checks::verdict::Verdict;
use crate::command::Command;
use crate::ipvs::desire::{self, Health, Pool};
use crate::ipvs::diff::{self, Change};
use crate::ipvs::quorum;
use crate::ipvs::settings::{FlushOnStop, RealServer, Timeouts, VirtualServer};
use crate::ipvs::table::{Service, ServiceKey};
use crate::journal::{Entry, Reason};
use crate::mail::message::Alert;
use crate::node::settings::CheckWorkerSettings;
use crate::random::Random;
use crate::time::Time;

/// How often the kernel's table is read again: IPVS tells nobody about changes.
pub const RECONCILE_PERIOD: Duration = Duration::from_secs(5);

/// How soon it is read after the kernel refused something.
const READ_AFTER_REFUSAL: Duration = Duration::from_millis(100);

/// All virtual servers of one host.
#[derive(Debug)]
pub struct CheckNode {
    settings: CheckWorkerSettings,
    virtual_servers: Vec<VirtualState>,
    checks: Checks,
    /// What is known of BFD sessions, by name.
    sessions: BTreeMap<String, SessionNews>,
    random: Random,
    /// What the kernel holds of our services, as far as we know.
    believed: Vec<Service>,
    /// The kernel refused a change, so that its table may differ by our own fault.
    doubt: bool,
    /// The refusal that was reported last, so that it is reported once.
    refused: Option<String>,
    /// Services that this configuration or a former one made.
    ours: BTreeSet<ServiceKey>,
    next_reading: Time,
    repairs: u64,
    /// What was there before ours.
    found_timeouts: Option<Timeouts>,
    stopped: bool,
}

/// One virtual server's state, beside its settings.
#[derive(Debug)]
struct VirtualState {
    /// Its name in FIFO lines.
    fifo_name: String,
    servers: Vec<ServerState>,
    quorum_up: bool,
}

/// One real server's state.
#[derive(Clone, Debug)]
struct ServerState {
    checks: Vec<CheckId>,
    /// Alive, as long as its checks don't know.
    presumed: bool,
    /// Weight from the kernel's table, as long as the check that sets it has not answered.
    presumed_weight: Option<u32>,
    /// The operator lets no new connection in.
    drained: bool,
    health: Health,
}

/// What the node is told.
#[derive(Debug)]
pub enum Event {
    /// Look at your deadlines.
    Timer,
    /// The run of a check ended.
    Finished {
        /// Which.
        check: CheckId,
        /// How.
        verdict: Verdict,
        /// How long it took.
        took: Duration,
    },
    /// The kernel's table, after [`Action::ReadTable`].
    Table(Vec<Service>),
    /// The kernel refused a change.
    Refused {
        /// The change and the kernel's reason.
        what: String,
    },
    /// A new configuration.
    Reload(CheckWorkerSettings),
    /// What is known of a BFD session.
    Session(SessionNews),
    /// The operator lets no new connection to a server in, or lets them in again.
    Drain {
        /// The server's address.
        ip: IpAddr,
        /// Its port; `None`: any.
        port: Option<u16>,
        /// False: let them in again.
        drain: bool,
    },
    /// The engine stops: services go.
    Stop,
}

/// What it answers, in the order in which to do it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Requests to the kernel, in this order.
    Kernel(Vec<Change>),
    /// Start a run; exactly one [`Event::Finished`] must follow unless it is cancelled.
    Run {
        /// Of this check.
        check: CheckId,
        /// HTTP: index of the page.
        page: usize,
    },
    /// Give up the run of a check that is no more.
    Cancel {
        /// Which.
        check: CheckId,
    },
    /// Nothing else, but [`CheckNode::memory`] is another now. All other actions but `Run` and `ReadTable` mean it too.
    Remember,
    /// Read the kernel's table: [`Event::Table`].
    ReadTable,
    /// Run a program; those of one queue one after another.
    Notify {
        /// The queue.
        queue: String,
        /// The program.
        command: Command,
    },
    /// Send a mail.
    Mail(Alert),
    /// Write to the FIFOs, without adding anything.
    Fifo(String),
    /// Keep and show.
    Journal(Entry),
}

/// Actions, in order; owned and reused by the caller.
pub type Actions = Vec<Action>;

impl CheckNode {
    /// Begins with the kernel's `table`, and with what the worker's former life remembered, if it had one.
    #[must_use]
    pub fn start(
        settings: CheckWorkerSettings,
        memory: Option<Memory>,
        table: Vec<Service>,
        seed: u64,
        now: Time,
        out: &mut Actions,
    ) -> Self {
        let mut node = Self {
            settings: CheckWorkerSettings::default(),
            virtual_servers: Vec::new(),
            checks: Checks::default(),
            sessions: BTreeMap::new(),
            random: Random::new(seed),
            believed: table,
            doubt: false,
            refused: None,
            ours: BTreeSet::new(),
            next_reading: now + RECONCILE_PERIOD,
            repairs: 0,
            found_timeouts: None,
            stopped: false,
        };
        // lvs_flush: whatever is there is ours to delete; but what is wanted is edited, not flushed.
        if settings.flush_at_start && memory.is_none() {
            node.ours.extend(node.believed.iter().map(|s| s.key));
        }
        let tells = settings.init_notifies && memory.is_none();
        let memory = memory.unwrap_or_default();
        node.ours.extend(memory.ours.iter().copied());
        node.repairs = memory.repairs;
        node.found_timeouts = memory.found_timeouts;
        node.configure(settings, &memory, now, out);
        if tells {
            node.tell_initial(now, out);
        }
        node
    }

    /// Takes one event at `now`; appends what to do to `out`.
    pub fn handle(&mut self, now: Time, event: Event, out: &mut Actions) {
        if self.stopped {
            return;
        }
        match event {
            Event::Timer => self.timer(now, out),
            Event::Finished { check, verdict, took } => {
                self.finished(now, check, &verdict, took, out)
            }
            Event::Table(actual) => self.table(now, actual, out),
            Event::Refused { what } => {
                self.doubt = true;
                if self.refused.as_ref() != Some(&what) {
                    let reason = Reason::Said(what.clone());
                    journal(out, now, "ipvs", "change refused".to_string(), reason);
                    self.refused = Some(what);
                    // Perhaps the table was not what we thought: look at once, but at a lasting trouble only as ever.
                    self.next_reading = self.next_reading.min(now + READ_AFTER_REFUSAL);
                }
            }
            Event::Reload(settings) => self.reload(settings, now, out),
            Event::Session(news) => self.session(now, news, out),
            Event::Drain { ip, port, drain } => self.drain(now, ip, port, drain, out),
            Event::Stop => self.stop(now, out),
        }
    }

    /// When [`Event::Timer`] is due next.
    #[must_use]
    pub fn deadline(&self) -> Option<Time> {
        if self.stopped || self.virtual_servers.is_empty() && self.ours.is_empty() {
            return None;
        }
        Some(self.checks.deadline().map_or(self.next_reading, |due| due.min(self.next_reading)))
    }

    /// The settings of a check that is to run.
    #[must_use]
    pub fn check(&self, check: CheckId) -> Option<&CheckSettings> {
        self.checks.settings(check)
    }

    /// The table that the kernel should hold.
    #[must_use]
    pub fn wanted(&self) -> Vec<Service> {
        let health: Vec<Vec<Health>> = self
            .virtual_servers
            .iter()
            .map(|v| v.servers.iter().map(|s| s.health).collect())
            .collect();
        let pools = self.settings.virtual_servers.iter().zip(&self.virtual_servers).zip(&health);
        desire::table(pools.map(|((settings, state), health)| Pool {
            settings,
            health,
            quorum_up: state.quorum_up,
        }))
    }

    /// The kernel's timeouts are set as the configuration wants, or as they were before; `found`: what they are now.
    /// First those that were there before, as one that is 0 leaves the kernel's.
    #[must_use]
    pub fn set_timeouts(&mut self, found: Timeouts) -> [Option<Timeouts>; 2] {
        let former = self.found_timeouts;
        let wanted = self.settings.timeouts.filter(|_| !self.stopped);
        self.found_timeouts = wanted.map(|_| former.unwrap_or(found));
        [former, wanted]
    }

    /// Whether a stop deletes others' services too.
    #[must_use]
    pub fn flushes_at_stop(&self) -> bool {
        self.settings.flush_on_stop == FlushOnStop::Everything
    }

    /// Whether they may have to be set.
    #[must_use]
    pub const fn needs_timeouts(&self) -> bool {
        self.found_timeouts.is_some() || self.settings.timeouts.is_some()
    }

    /// How many services were put right after somebody else had changed them.
    #[must_use]
    pub fn repairs(&self) -> u64 {
        self.repairs
    }

    fn timer(&mut self, now: Time, out: &mut Actions) {
        let mut due = Vec::new();
        self.checks.timer(now, |check, page| due.push((check, page)));
        for (check, page) in due {
            match self.checks.settings(check).map(|it| &it.kind) {
                Some(CheckKind::Bfd { session }) => {
                    let verdict = self.verdict_of_session(session);
                    self.finished(now, check, &verdict, Duration::ZERO, out);
                }
                _ => out.push(Action::Run { check, page }),
            }
        }
        if now >= self.next_reading {
            self.next_reading = now + RECONCILE_PERIOD;
            out.push(Action::ReadTable);
        }
    }

    fn finished(
        &mut self,
        now: Time,
        check: CheckId,
        verdict: &Verdict,
        took: Duration,
        out: &mut Actions,
    ) {
        let before = self.checks.get(check).and_then(|run| run.machine.up());
        let Some(outcome) = self.checks.finished(now, check, verdict, took) else { return };
        let kind = self.checks.settings(check).map_or("", names::kind);
        let cause = match (outcome, verdict) {
            (Outcome::Nothing, _) => return,
            (Outcome::Retry { report: false, .. }, _) => {
                out.push(Action::Remember);
                return;
            }
            (Outcome::Retry { tries, .. }, Verdict::Failed(failure)) => {
                out.push(Action::Remember);
                let reason = Reason::Said(format!("{failure} ({tries} tries so far)"));
                for (virtual_server, server) in self.users(check) {
                    let change = format!("{} {kind} failed", names::server(server));
                    journal(out, now, &virtual_server.name, change, reason.clone());
                }
                return;
            }
            (Outcome::Changed { tries }, Verdict::Failed(failure)) => match tries {
                1 => Reason::Said(format!("{kind}: {failure}")),
                _ => Reason::Said(format!("{kind}: {failure} ({tries} tries)")),
            },
            (Outcome::Changed { .. } | Outcome::Retry { .. }, _) => {
                Reason::Said(format!("{kind} passed in {} ms", took.as_millis()))
            }
        };
        let down = self.down_beside(check, before);
        let concerned: Vec<usize> = (0..self.virtual_servers.len())
            .filter(|n| self.virtual_servers[*n].servers.iter().any(|s| s.checks.contains(&check)))
            .collect();
        self.settle(now, &concerned, &cause, out);
        self.mail_beside(&down, matches!(verdict, Verdict::Passed { .. }), &cause, out);
    }

    fn users(&self, check: CheckId) -> impl Iterator<Item = (&VirtualServer, &RealServer)> {
        let all = self.settings.virtual_servers.iter().zip(&self.virtual_servers);
        all.flat_map(move |(settings, state)| {
            let servers = settings.real_servers.iter().zip(&state.servers);
            let using = servers.filter(move |(_, s)| s.checks.contains(&check));
            using.map(move |(server, _)| (settings, server))
        })
    }

    /// Recomputes the health of some virtual servers; first the kernel is told, then everybody else.
    fn settle(&mut self, now: Time, concerned: &[usize], cause: &Reason, out: &mut Actions) {
        let mut news = Vec::new();
        let mut changed = false;
        for &n in concerned {
            let settings = &self.settings.virtual_servers[n];
            let state = &mut self.virtual_servers[n];
            for (server, known) in settings.real_servers.iter().zip(&mut state.servers) {
                let health = health(&self.checks, server, known);
                let before = core::mem::replace(&mut known.health, health);
                changed |= before != health;
                if before.alive != health.alive {
                    let news_item = News { settings, fifo_name: &state.fifo_name, cause };
                    news_item.server(&mut news, now, server, health.alive);
                } else if before.weight != health.weight {
                    let change = format!("{} weight {}", names::server(server), health.weight);
                    journal(&mut news, now, &settings.name, change, cause.clone());
                }
            }
            let health: Vec<Health> = state.servers.iter().map(|s| s.health).collect();
            let have = desire::living_weight(&health);
            let up = quorum::next(state.quorum_up, have, settings.quorum, settings.hysteresis);
            if up != state.quorum_up {
                state.quorum_up = up;
                changed = true;
                let cause = quorum_reason(settings, have);
                News { settings, fifo_name: &state.fifo_name, cause: &cause }
                    .quorum(&mut news, now, up);
            }
        }
        out.push(Action::Remember);
        if changed {
            self.sync(out);
        }
        out.extend(news);
    }

    /// Tells the kernel what differs from what it is believed to hold.
    fn sync(&mut self, out: &mut Actions) {
        let wanted = self.wanted();
        self.ours.extend(wanted.iter().map(|s| s.key));
        let changes = diff::changes(&wanted, &self.believed, &self.ours);
        for change in &changes {
            diff::apply(&mut self.believed, change);
        }
        if !changes.is_empty() {
            out.push(Action::Kernel(changes));
        }
    }

    fn table(&mut self, now: Time, actual: Vec<Service>, out: &mut Actions) {
        let wanted = self.wanted();
        let changes = diff::changes(&wanted, &actual, &self.ours);
        if !self.doubt {
            self.report_repairs(now, &changes, out);
        }
        self.doubt = false;
        if changes.is_empty() {
            self.refused = None;
        }
        let present: BTreeSet<ServiceKey> = actual.iter().map(|s| s.key).collect();
        let kept: BTreeSet<ServiceKey> = wanted.iter().map(|s| s.key).collect();
        self.ours.retain(|key| kept.contains(key) || present.contains(key));
        self.believed = actual;
        self.sync(out);
    }

    fn report_repairs(&mut self, now: Time, changes: &[Change], out: &mut Actions) {
        let mut by_service: alloc::collections::BTreeMap<ServiceKey, Vec<String>> =
            alloc::collections::BTreeMap::new();
        for change in changes {
            let (key, what) = names::repair(change);
            by_service.entry(key).or_default().push(what);
        }
        for (key, whats) in by_service {
            self.repairs += 1;
            let mine = |v: &&VirtualServer| v.keys.contains(&key);
            let named = self.settings.virtual_servers.iter().find(mine);
            let subject = named.map_or_else(|| names::service(key), |v| v.name.clone());
            let more = whats.len().saturating_sub(3);
            let mut text = whats.into_iter().take(3).collect::<Vec<_>>().join(", ");
            if more > 0 {
                text = format!("{text} and {more} more");
            }
            let reason = Reason::Said(format!("somebody changed the kernel's table: {text}"));
            journal(out, now, &subject, "repaired".to_string(), reason);
        }
    }

    fn drain(&mut self, now: Time, ip: IpAddr, port: Option<u16>, drain: bool, out: &mut Actions) {
        let mut concerned = Vec::new();
        let all = self.settings.virtual_servers.iter().zip(&mut self.virtual_servers);
        for (n, (settings, state)) in all.enumerate() {
            for (server, known) in settings.real_servers.iter().zip(&mut state.servers) {
                let meant = server.ip == ip && port.is_none_or(|p| p == server.check_port);
                if meant && known.drained != drain {
                    known.drained = drain;
                    concerned.push(n);
                }
            }
        }
        self.settle(now, &concerned, &Reason::Operator, out);
    }

    fn stop(&mut self, now: Time, out: &mut Actions) {
        self.stopped = true;
        self.checks.cancel_all(|check| out.push(Action::Cancel { check }));
        let flush = self.settings.flush_on_stop;
        let goes = |key: &ServiceKey| flush == FlushOnStop::Everything || self.ours.contains(key);
        let present = self.believed.iter().map(|s| s.key).filter(goes);
        let changes: Vec<Change> = present.map(Change::DeleteService).collect();
        if !changes.is_empty() {
            out.push(Action::Kernel(changes));
        }
        let all = self.settings.virtual_servers.iter().zip(&self.virtual_servers);
        for (settings, state) in all.filter(|(v, _)| v.omega) {
            let news = News { settings, fifo_name: &state.fifo_name, cause: &Reason::Stopping };
            for (server, known) in settings.real_servers.iter().zip(&state.servers) {
                if known.health.alive && flush == FlushOnStop::Not {
                    news.server(out, now, server, false);
                }
            }
            if state.quorum_up {
                news.quorum(out, now, false);
            }
        }
    }

    /// Servers that are in the pool from the start are told as up (`rs_init_notifies`).
    fn tell_initial(&self, now: Time, out: &mut Actions) {
        let cause = Reason::Said("in the pool from the start".to_string());
        for (settings, state) in self.settings.virtual_servers.iter().zip(&self.virtual_servers) {
            let news = News { settings, fifo_name: &state.fifo_name, cause: &cause };
            for (server, known) in settings.real_servers.iter().zip(&state.servers) {
                if known.health.alive {
                    news.server_without_mail(out, now, server, true);
                }
            }
        }
    }
}

/// A server's health as its checks say, and as is presumed where they have not answered yet.
fn health(checks: &Checks, server: &RealServer, state: &ServerState) -> Health {
    let mut alive = true;
    let mut weight = i64::from(server.weight);
    for id in &state.checks {
        let Some(check) = checks.get(*id) else { continue };
        alive &= check.machine.up().unwrap_or(state.presumed);
        let dynamic = matches!(check.settings.kind, CheckKind::Misc { dynamic: true, .. });
        let asked = match check.machine.progress().up {
            None if dynamic => state.presumed_weight,
            _ => check.weight,
        };
        weight += asked.map_or(0, |asked| i64::from(asked) - i64::from(server.weight));
    }
    let weight = u32::try_from(weight.clamp(0, i64::from(i32::MAX))).unwrap_or(0);
    Health { alive, weight: if state.drained { 0 } else { weight } }
}

fn quorum_reason(settings: &VirtualServer, have: u64) -> Reason {
    Reason::Said(format!("living servers weigh {have}, needed {}", settings.quorum))
}

fn journal(out: &mut Actions, at: Time, subject: &str, change: String, reason: Reason) {
    out.push(Action::Journal(Entry {
        at,
        subject: subject.to_string(),
        change,
        reason,
        announced_after: None,
    }));
}

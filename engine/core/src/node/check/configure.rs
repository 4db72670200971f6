//! Taking over a configuration, at the start and at a reload: what is remembered goes on, what is new begins, what is no
//! more is reported as if it had failed.

use alloc::collections::BTreeMap;
use alloc::string::ToString;
use alloc::vec::Vec;

use super::news::News;
use super::{
    Action, Actions, CheckNode, Memory, ServerState, VirtualState, handover, health, names,
    quorum_reason,
};
use crate::ipvs::desire::{self, Health};
use crate::ipvs::quorum;
use crate::ipvs::settings::RealServer;
use crate::ipvs::table::{Service, ServiceKey};
use crate::journal::Reason;
use crate::node::settings::CheckWorkerSettings;
use crate::time::Time;

impl CheckNode {
    /// Takes over `settings`: what is remembered goes on, what is new begins, what is no more is given up.
    pub(super) fn configure(
        &mut self,
        settings: CheckWorkerSettings,
        memory: &Memory,
        now: Time,
        out: &mut Actions,
    ) {
        let remembered = memory.index();
        let kernel: BTreeMap<ServiceKey, &Service> =
            self.believed.iter().map(|s| (s.key, s)).collect();
        let mut states = Vec::with_capacity(settings.virtual_servers.len());
        let mut news = Vec::new();
        let mut builder = self.checks.rebuild(&memory.checks, now);
        let ids = names::identities(&settings.virtual_servers);
        for (n, (virtual_server, id)) in settings.virtual_servers.iter().zip(ids).enumerate() {
            let there = virtual_server.keys.iter().find_map(|k| kernel.get(k).copied());
            let mut servers = Vec::with_capacity(virtual_server.real_servers.len());
            for server in &virtual_server.real_servers {
                let known = remembered.server(&id, server);
                let trace = handover::trace(there, virtual_server, server);
                let presumed = match (&known, trace) {
                    (Some(known), _) => known.alive,
                    (None, Some(trace)) if memory.is_empty() => trace.serves,
                    (None, _) => true,
                };
                let check = |settings| builder.check(settings, !presumed, &mut self.random);
                let mut state = ServerState {
                    checks: server.checks.iter().map(check).collect(),
                    presumed,
                    presumed_weight: trace.filter(|_| memory.is_empty()).and_then(|t| t.weight),
                    drained: known.is_some_and(|k| k.drained),
                    health: Health { alive: false, weight: 0 },
                };
                state.health = health(builder.checks(), server, &state);
                servers.push(state);
            }
            let fifo_name = names::virtual_server(&settings.virtual_servers, n);
            let health: Vec<Health> = servers.iter().map(|s| s.health).collect();
            let have = desire::living_weight(&health);
            let (quorum, hysteresis) = (virtual_server.quorum, virtual_server.hysteresis);
            let before = remembered.quorum(&id);
            let sorry_serves = there.is_some_and(|s| handover::sorry_serves(s, virtual_server));
            // A cold start regains the quorum, so that the hysteresis counts: as keepalived does. What the kernel
            // shows to serve has it.
            let was_up = before.unwrap_or(there.is_some() && !sorry_serves);
            let quorum_up = quorum::next(was_up, have, quorum, hysteresis);
            for (server, state) in virtual_server.real_servers.iter().zip(&servers) {
                let was = remembered.server(&id, server).map(|k| k.alive);
                if was.is_some_and(|was| was != state.health.alive) {
                    let cause = Reason::Said("configuration changed".to_string());
                    News { settings: virtual_server, fifo_name: &fifo_name, cause: &cause }.server(
                        &mut news,
                        now,
                        server,
                        state.health.alive,
                    );
                }
            }
            if before != Some(quorum_up) {
                let cause = quorum_reason(virtual_server, have);
                News { settings: virtual_server, fifo_name: &fifo_name, cause: &cause }
                    .quorum(&mut news, now, quorum_up);
            }
            states.push(VirtualState { fifo_name, servers, quorum_up });
        }
        builder.finish(|check| out.push(Action::Cancel { check }));
        self.virtual_servers = states;
        self.settings = settings;
        self.sync(out);
        out.extend(news);
    }

    pub(super) fn reload(&mut self, settings: CheckWorkerSettings, now: Time, out: &mut Actions) {
        let memory = self.memory();
        let old = core::mem::take(&mut self.settings);
        self.news_of_removed(now, &old, &settings, out);
        self.configure(settings, &memory, now, out);
    }

    /// Servers and virtual servers that are no more are reported as if they had failed (reference §4.10).
    fn news_of_removed(
        &self,
        now: Time,
        old: &CheckWorkerSettings,
        new: &CheckWorkerSettings,
        out: &mut Actions,
    ) {
        let names_of_new = names::identities(&new.virtual_servers);
        for (n, id) in names::identities(&old.virtual_servers).into_iter().enumerate() {
            let (settings, state) = (&old.virtual_servers[n], &self.virtual_servers[n]);
            let news = News { settings, fifo_name: &state.fifo_name, cause: &Reason::Removed };
            let successor =
                names_of_new.iter().position(|x| *x == id).map(|m| &new.virtual_servers[m]);
            for (server, known) in settings.real_servers.iter().zip(&state.servers) {
                let same = |s: &RealServer| s.ip == server.ip && s.check_port == server.check_port;
                let stays = successor.is_some_and(|v| v.real_servers.iter().any(same));
                if !stays && known.health.alive {
                    news.server(out, now, server, false);
                }
            }
            if successor.is_none() && state.quorum_up {
                news.quorum(out, now, false);
            }
        }
    }
}

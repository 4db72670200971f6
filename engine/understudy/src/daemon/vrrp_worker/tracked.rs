//! Tracked files and processes in the node's words.

use understudy_core::node::settings::VrrpSettings;
use understudy_core::node::vrrp::{Event, Observations};
use understudy_core::time::Time;

use super::{FILES, PROCESSES, VrrpWorker};
use crate::daemon::worker::{Context, Interest};
use crate::log::Level;

impl VrrpWorker {
    /// Is woken when something happens to what is tracked.
    pub(super) fn listen_to_watches(&self, context: &Context) {
        let files = self.watches.files.descriptor();
        let files = files.map_or(Ok(()), |it| context.register(it, FILES, Interest::READ));
        let processes = self.watches.processes.descriptor();
        let processes =
            processes.map_or(Ok(()), |it| context.register(it, PROCESSES, Interest::READ));
        if let Err(e) = files.and(processes) {
            context.log(Level::Error, &format!("watch tracked files and processes: {e}"));
        }
    }

    /// Watches what a new configuration tracks; says what it is like.
    pub(super) fn set_watches(
        &mut self,
        settings: &VrrpSettings,
        now: Time,
        context: &Context,
    ) -> Observations {
        let asked = self.watches.beats.deadline().is_some() || !settings.link_beats.is_empty();
        let seen = self.watches.set(settings, now);
        self.listen_to_watches(context);
        // One that was asked is not any longer, or the other way round.
        for link in self.interfaces.values().filter(|_| asked) {
            let up = link.up && self.watches.beats.is_up(&link.name);
            self.node.handle(now, Event::Link { name: &link.name, up }, &mut self.actions);
        }
        seen
    }

    /// Something has happened to it.
    pub(super) fn watched(&mut self, now: Time) {
        let Self { node, watches, actions, .. } = self;
        watches.files.ready(|name, content| {
            node.handle(now, Event::File { name, content }, actions);
        });
        watches.processes.ready(now, |name, count| {
            node.handle(now, Event::Processes { name, count }, actions);
        });
    }

    /// What nobody tells of may have changed.
    pub(super) fn look(&mut self, now: Time) {
        let Self { node, watches, interfaces, actions, .. } = self;
        watches.beats.timer(now, |name, has_link| {
            if let Some(link) = interfaces.values().find(|it| it.name == name) {
                let up = link.up && has_link;
                node.handle(now, Event::Link { name, up }, actions);
            }
        });
        watches.files.timer(now, |name, content| {
            node.handle(now, Event::File { name, content }, actions);
        });
        watches.processes.timer(now, |name, count| {
            node.handle(now, Event::Processes { name, count }, actions);
        });
    }
}

#[cfg(test)]
mod tests;

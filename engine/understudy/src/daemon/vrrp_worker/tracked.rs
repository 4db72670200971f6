//! Tracked files and processes in the node's words.

use understudy_core::node::vrrp::Event;
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
        let Self { node, watches, actions, .. } = self;
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

//! Kernel settings: changed before addresses are, put back after that.

use understudy_core::net::kernel_setting::{self, Changed, Setting, Wish, Write};
use understudy_core::node::vrrp::{Action, Event};
use understudy_core::time::Time;

use super::VrrpWorker;
use crate::sys::kernel_setting::{read, write};

impl VrrpWorker {
    /// Gives settings their values.
    pub(super) fn tune(&mut self, actions: &[Action], now: Time) {
        for action in actions {
            let Action::Tune(wanted) = action else { continue };
            let mut changed = self.node.changed_settings().to_vec();
            let writes = kernel_setting::apply(wanted, &mut changed, read);
            self.write(&writes, changed, now);
        }
    }

    /// Puts back what is wanted no more.
    pub(super) fn put_back(&mut self, wanted: &[Setting], now: Time) {
        let mut changed = self.node.changed_settings().to_vec();
        let writes = kernel_setting::restore(wanted, &mut changed, read);
        self.write(&writes, changed, now);
    }

    fn write(&mut self, writes: &[Write], mut changed: Vec<Changed>, now: Time) {
        let refused = write_all(writes, &mut changed);
        let event = Event::Tuned { changed: &changed, refused: refused.as_deref() };
        self.node.handle(now, event, &mut self.actions);
    }
}

/// Writes settings that go with what they belong to, so that nothing is put back. Also those that are right already:
/// what was written once does not follow the kernel's `default`.
pub fn write_settings(settings: &[Setting]) -> Result<(), String> {
    let value = |it: &Setting| match it.wish {
        Wish::Exactly(value) => read(&it.path).map(|_| Write { path: it.path.clone(), value }),
        Wish::NoLessThan(_) => None,
    };
    let writes: Vec<Write> = settings.iter().filter_map(value).collect();
    write_all(&writes, &mut Vec::new()).map_or(Ok(()), Err)
}

/// Writes them all, forgets those that the kernel refuses, and tells of the first of these.
pub fn write_all(writes: &[Write], changed: &mut Vec<Changed>) -> Option<String> {
    let mut refused = None;
    for Write { path, value } in writes {
        if let Err(e) = write(path, *value) {
            changed.retain(|it| it.path != *path);
            refused.get_or_insert_with(|| format!("write {value} to /proc/sys/{path}: {e}"));
        }
    }
    refused
}

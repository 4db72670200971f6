//! When the node wants to be woken. With a thousand instances and as many adverts a second the question is cheap only if
//! it is not asked of everybody each time: what an advert moves is the deadline of one instance.

use super::{Script, Slot, VrrpNode};
use crate::time::Time;

impl VrrpNode {
    /// When [`super::Event::Timer`] is due next. Never too late; too early where an advert has moved a deadline since.
    #[must_use]
    pub const fn deadline(&self) -> Option<Time> {
        self.due
    }

    /// After anything may have moved any deadline.
    pub(super) fn plan(&mut self) {
        let slots = self.slots.iter().filter_map(|slot| self.due_of(slot));
        let scripts = self.scripts.iter().map(Script::deadline).filter(|_| !self.stopping);
        self.due = slots
            .chain(scripts)
            .chain(self.tracking_deadline())
            .chain(self.bfd.deadline())
            .chain(self.retry_at)
            .chain(self.routing.retry_at)
            .chain(self.beside.retry_at)
            .chain(self.interfaces.patience)
            .min();
    }

    /// After only this instance may have moved its own.
    pub(super) fn plan_for(&mut self, index: usize) {
        let own = self.due_of(&self.slots[index]);
        self.due = self.due.into_iter().chain(own).min();
    }

    fn due_of(&self, slot: &Slot) -> Option<Time> {
        let announcement = slot.announcer.deadline(self.gates.list());
        let times = [slot.instance.deadline(), announcement, slot.contested_until];
        times.into_iter().flatten().min()
    }
}

//! Routes or rules that should be there against those that are. What is missing is added, what is ours and not wanted is
//! removed. What the kernel has is read whole whenever it may have changed: many routes go without a word when their
//! address or interface does.

use alloc::string::String;
use alloc::vec::Vec;

use super::reconcile::Owner;

/// A route or a rule.
pub trait Entry: Clone + PartialEq {
    /// Whether the kernel's is this one, which may leave things open.
    fn is(&self, kernel: &Self) -> bool;
    /// Whether an engine as this one has set it.
    fn is_ours(&self) -> bool;
    /// The `ip` command that adds or removes it.
    fn change(&self, add: bool) -> String;
}

#[derive(Clone, Debug)]
struct Managed<T> {
    entry: T,
    owner: Owner,
    wanted: bool,
    /// The kernel has it, as far as we know.
    held: bool,
    /// The kernel won't take it; not tried again before [`Ledger::retry`].
    refused: bool,
}

/// All entries that we look after, and those of the kernel that may be ours.
#[derive(Clone, Debug)]
pub struct Ledger<T> {
    managed: Vec<Managed<T>>,
    present: Vec<T>,
    /// We held them, and no longer look after them.
    orphans: Vec<T>,
}

impl<T> Default for Ledger<T> {
    fn default() -> Self {
        Self { managed: Vec::new(), present: Vec::new(), orphans: Vec::new() }
    }
}

impl<T: Entry> Ledger<T> {
    /// Replaces the list of entries to look after.
    pub fn manage(&mut self, entries: impl Iterator<Item = (Owner, T, bool)>) {
        let former = core::mem::take(&mut self.managed);
        self.managed.extend(entries.map(|(owner, entry, wanted)| Managed {
            owner,
            wanted,
            held: former.iter().any(|it| it.held && it.entry == entry),
            refused: false,
            entry,
        }));
        self.orphans.extend(former.into_iter().filter(|it| it.wanted).map(|it| it.entry));
    }

    /// Whether there is anything to look after.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.managed.is_empty()
    }

    /// All entries that we look after.
    pub fn managed(&self) -> impl Iterator<Item = &T> {
        self.managed.iter().map(|it| &it.entry)
    }

    /// Whether the entries of `owner` should be there.
    pub fn want(&mut self, owner: Owner, wanted: bool) {
        for managed in self.managed.iter_mut().filter(|managed| managed.owner == owner) {
            managed.wanted = wanted;
            managed.refused &= wanted;
        }
    }

    /// The kernel's whole truth. Tells what is gone that should be there, and was.
    pub fn set_present(&mut self, present: Vec<T>) -> Vec<(Owner, T)> {
        self.present = present;
        let mut lost = Vec::new();
        for it in &mut self.managed {
            let there = self.present.iter().any(|kernel| it.entry.is(kernel));
            if it.wanted && it.held && !there {
                lost.push((it.owner, it.entry.clone()));
            }
            it.held = there;
        }
        lost
    }

    /// What the kernel has too much; the caller removes it at once.
    pub fn removals(&mut self, leftovers: bool) -> Vec<T> {
        let (managed, orphans) = (&self.managed, &self.orphans);
        let too_much = |kernel: &T| {
            let mut same = managed.iter().filter(|it| it.entry.is(kernel)).peekable();
            let known = same.peek().is_some() || orphans.iter().any(|it| it.is(kernel));
            (known || (leftovers && kernel.is_ours())) && !same.any(|it| it.wanted)
        };
        let removed: Vec<T> = self.present.extract_if(.., |it| too_much(it)).collect();
        for it in &mut self.managed {
            it.held &= !removed.iter().any(|kernel| it.entry.is(kernel));
        }
        self.orphans.clear();
        removed
    }

    /// What the kernel lacks and may be `ready` for; the caller adds it at once.
    pub fn additions(&mut self, ready: impl Fn(&T) -> bool) -> Vec<T> {
        let mut added = Vec::new();
        for it in self.managed.iter_mut().filter(|it| it.wanted && !it.refused) {
            if self.present.iter().any(|kernel| it.entry.is(kernel)) {
                it.held = true;
            } else if ready(&it.entry) {
                it.held = true;
                self.present.push(it.entry.clone());
                added.push(it.entry.clone());
            }
        }
        added
    }

    /// The kernel would not add it.
    pub fn failed(&mut self, entry: &T) {
        self.present.retain(|kernel| !entry.is(kernel));
        for it in self.managed.iter_mut().filter(|it| it.entry == *entry) {
            it.held = false;
            it.refused = true;
        }
    }

    /// What was refused may be tried again; says whether anything was.
    pub fn retry(&mut self) -> bool {
        let mut refused = false;
        for it in &mut self.managed {
            refused |= core::mem::take(&mut it.refused);
        }
        refused
    }

    /// Whether the kernel has it, as far as we know.
    #[must_use]
    pub fn has(&self, entry: &T) -> bool {
        self.managed.iter().any(|it| it.held && it.entry == *entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What it is, and who has set it.
    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Thing(u32, bool);

    impl Entry for Thing {
        fn is(&self, kernel: &Self) -> bool {
            self.0 == kernel.0
        }

        fn is_ours(&self) -> bool {
            self.1
        }

        fn change(&self, _: bool) -> String {
            String::new()
        }
    }

    const A: Thing = Thing(1, true);
    const B: Thing = Thing(2, true);
    const THEIRS: Thing = Thing(9, false);

    fn ledger(wanted: bool) -> Ledger<Thing> {
        let mut it = Ledger::default();
        it.manage([(7, A, wanted), (8, B, wanted)].into_iter());
        it.set_present([THEIRS].into());
        it
    }

    #[test]
    fn what_is_wanted_is_added_once_and_what_is_not_removed_once() {
        let mut it = ledger(true);
        assert_eq!((it.removals(false), it.additions(|_| true)), ([].into(), [A, B].into()));
        assert_eq!((it.removals(false), it.additions(|_| true)), ([].into(), [].into()));
        it.want(7, false);
        assert_eq!((it.removals(false), it.additions(|_| true)), ([A].into(), [].into()));
        assert_eq!((it.has(&A), it.has(&B)), (false, true));
    }

    #[test]
    fn what_is_gone_is_told_and_added_again() {
        let mut it = ledger(true);
        it.additions(|_| true);
        assert_eq!(it.set_present([THEIRS, B].into()), [(7, A)]);
        assert_eq!(it.additions(|_| true), [A]);
        it.want(7, false);
        it.removals(false);
        assert_eq!(it.set_present([THEIRS, B].into()), []);
    }

    #[test]
    fn what_was_there_before_is_adopted() {
        let mut it = ledger(true);
        assert_eq!(it.set_present([A].into()), []);
        assert_eq!(it.additions(|_| true), [B]);
        assert!(it.has(&A));
    }

    #[test]
    fn leftovers_go_and_others_stay() {
        let mut it = ledger(false);
        it.set_present([THEIRS, Thing(3, true), Thing(1, false)].into());
        assert_eq!(it.removals(true), [Thing(3, true), Thing(1, false)]);
    }

    #[test]
    fn what_is_no_longer_looked_after_is_removed() {
        let mut it = ledger(true);
        it.additions(|_| true);
        it.manage([(0, B, true)].into_iter());
        assert_eq!((it.removals(false), it.additions(|_| true)), ([A].into(), [].into()));
        assert!(it.has(&B));
    }

    #[test]
    fn what_two_want_stays_until_neither_does() {
        let mut it = Ledger::default();
        it.manage([(7, A, true), (8, A, true)].into_iter());
        assert_eq!(it.additions(|_| true), [A]);
        it.want(7, false);
        assert_eq!(it.removals(false), []);
        it.want(8, false);
        assert_eq!(it.removals(false), [A]);
    }

    #[test]
    fn what_is_not_ready_waits() {
        let mut it = ledger(true);
        assert_eq!(it.additions(|thing| *thing != A), [B]);
        assert_eq!((it.has(&A), it.set_present([B].into())), (false, [].into()));
        assert_eq!(it.additions(|_| true), [A]);
    }

    #[test]
    fn what_is_refused_is_tried_again_when_that_is_said() {
        let mut it = ledger(true);
        it.additions(|_| true);
        it.failed(&A);
        assert_eq!((it.additions(|_| true), it.has(&A)), ([].into(), false));
        it.retry();
        assert_eq!(it.additions(|_| true), [A]);
    }
}

//! Instances that change state together (reference §3.2): the group is master when all members would be, and leaves
//! when one does.

use alloc::string::String;
use alloc::vec::Vec;

use super::instance::State;
use super::notify::News;
use super::settings::SyncGroupSettings;

/// One sync group; members are known by their index in the node.
#[derive(Clone, Debug)]
pub struct SyncGroup {
    /// What the configuration says.
    pub settings: SyncGroupSettings,
    /// Its instances.
    pub members: Vec<usize>,
    /// The state that was last told.
    pub state: State,
    /// What the last mail was about.
    pub mailed: Option<News>,
}

impl SyncGroup {
    /// A group whose state nobody has been told yet.
    #[must_use]
    pub fn new(settings: SyncGroupSettings, members: Vec<usize>) -> Self {
        Self { settings, members, state: State::Init, mailed: None }
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &String {
        &self.settings.name
    }

    /// The state of all: faulty as one of them is, master as all of them are.
    #[must_use]
    pub fn state_of(&self, state: impl Fn(usize) -> State) -> State {
        let states = || self.members.iter().map(|member| state(*member));
        if states().any(|state| state == State::Fault) {
            State::Fault
        } else if states().all(|state| state == State::Master) {
            State::Master
        } else if states().any(|state| state == State::Init) {
            State::Init
        } else {
            State::Backup
        }
    }

    /// Whether all members are master or would be.
    #[must_use]
    pub fn all_wish(&self, wishes: impl Fn(usize) -> bool) -> bool {
        self.members.iter().all(|member| wishes(*member))
    }
}

#[cfg(test)]
mod tests {
    use std::vec;

    use super::*;
    use crate::vrrp::settings::Notify;

    #[test]
    fn the_state_of_a_group_is_that_of_its_members() {
        use State::{Backup, Fault, Init, Master};
        let settings = SyncGroupSettings {
            name: "g".into(),
            members: vec![],
            tracking_weight: false,
            notify: Notify::default(),
        };
        let group = SyncGroup::new(settings, vec![0, 1]);
        for (states, state) in [
            ([Master, Master], Master),
            ([Master, Backup], Backup),
            ([Backup, Backup], Backup),
            ([Init, Backup], Init),
            ([Init, Fault], Fault),
            ([Master, Fault], Fault),
        ] {
            assert_eq!(group.state_of(|member| states[member]), state, "{states:?}");
        }
    }
}

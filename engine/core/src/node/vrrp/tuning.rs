//! Kernel settings that the instances need: told whole, and only when they are different.

use alloc::string::String;
use alloc::vec::Vec;

use super::{Action, VrrpNode, Weight};
use crate::net::kernel_setting::{Changed, Setting, Wish};

/// Reports of groups that no router forwards, 224.0.0.0/24.
const LOCAL_IGMP: &str = "net/ipv4/igmp_link_local_mcast_reports";

/// What was told, and what came of it.
#[derive(Clone, Debug, Default)]
pub struct Tuning {
    /// `None`: nothing yet.
    told: Option<Vec<Setting>>,
    /// What we have changed, this life and those before.
    pub changed: Vec<Changed>,
    /// The last refusal that was told.
    refused: String,
}

impl Tuning {
    /// Goes on from what a former life has changed.
    pub fn inherit(changed: Vec<Changed>) -> Self {
        Self { changed, ..Self::default() }
    }
}

impl VrrpNode {
    /// What was changed and is to be put back some day.
    #[must_use]
    pub fn changed_settings(&self) -> &[Changed] {
        &self.tuning.changed
    }

    /// Says which settings are wanted, when they are others than before.
    pub(super) fn tune(&mut self, out: &mut Vec<Action>) {
        let wanted = if self.released { Vec::new() } else { self.wanted_settings() };
        let unchanged = match &self.tuning.told {
            Some(told) => *told == wanted,
            None => wanted.is_empty() && self.tuning.changed.is_empty(),
        };
        if !unchanged {
            self.tuning.told = Some(wanted.clone());
            out.push(Action::Tune(wanted));
        }
    }

    /// [`Action::Tune`] was carried out.
    pub(super) fn tuned(
        &mut self,
        changed: &[Changed],
        refused: Option<&str>,
        out: &mut Vec<Action>,
    ) {
        if self.tuning.changed != changed {
            self.tuning.changed = changed.to_vec();
            out.push(Action::Changed);
        }
        let refused = refused.unwrap_or_default();
        if self.tuning.refused != refused {
            self.tuning.refused = refused.into();
            if !refused.is_empty() {
                out.push(Action::Log(Weight::Error, refused.into()));
            }
        }
    }

    /// In the order in which they are written. Those of interfaces that are not there are left out, so that they are
    /// told as soon as these appear.
    fn wanted_settings(&self) -> Vec<Setting> {
        let mut wanted = Vec::new();
        if self.disable_local_igmp {
            wanted.push(Setting { path: LOCAL_IGMP.into(), wish: Wish::Exactly(0) });
        }
        let macvlans = || {
            let slots = self.slots.iter().filter(|slot| !slot.retired);
            slots.flat_map(|slot| slot.settings.virtual_links()).filter(|it| it.is_macvlan())
        };
        // Else the parent would answer for the addresses of its macvlans (reference §3.5).
        for parent in macvlans().filter(|it| it.ipv4).map(|it| &it.parent) {
            let known =
                wanted.iter().any(|it: &Setting| it.path.contains(&alloc::format!("/{parent}/")));
            if !known && self.exists(parent) {
                wanted.push(Setting::of_interface("ipv4", parent, "arp_ignore", 1));
                wanted.push(Setting::of_interface("ipv4", parent, "arp_filter", 1));
            }
        }
        // The greater one of an interface's and that of all counts, and macvlans need none.
        if macvlans().any(|it| it.ipv4) {
            let path = |name: &str| alloc::format!("net/ipv4/conf/{name}/rp_filter");
            let ours = |name: &str| macvlans().any(|it| it.name == name);
            let others = self.up.keys().map(String::as_str).filter(|name| !ours(name));
            let least = |name| Setting { path: path(name), wish: Wish::NoLessThan(path("all")) };
            wanted.extend(core::iter::once("default").chain(others).map(least));
            wanted.push(Setting { path: path("all"), wish: Wish::Exactly(0) });
        }
        // Virtual interfaces have it anyway.
        let slots = self.slots.iter().filter(|it| !it.retired && it.settings.promote_secondaries);
        let interfaces = slots.map(|slot| slot.settings.interface.as_str());
        for name in interfaces.filter(|name| !macvlans().any(|it| it.name == *name)) {
            let setting = Setting::of_interface("ipv4", name, "promote_secondaries", 1);
            if self.exists(name) && !wanted.contains(&setting) {
                wanted.push(setting);
            }
        }
        wanted
    }
}

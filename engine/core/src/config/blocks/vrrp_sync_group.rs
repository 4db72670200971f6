//! `vrrp_sync_group`: instances that change state together (reference §2.5).

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::mail::MailLines;
use super::track::{self, TrackLine};
use super::{Argument, Keyword, Table, kw, lines, list_of_words, name};
use crate::config::diagnostic::{At, Diagnostics};
use crate::config::keyword::Reload::Live;
use crate::config::keyword::Repeated::{Add, First, Last};
use crate::config::keyword::old;
use crate::config::tree::Node;
use crate::vrrp::settings::{Notify, SyncGroupSettings};

/// A group as written.
#[derive(Clone, Debug, Default)]
pub struct VrrpSyncGroup {
    /// Its name.
    pub name: At<String>,
    /// Its instances.
    pub members: Vec<At<String>>,
    /// Tracked by all members.
    pub track_interfaces: Vec<TrackLine>,
    /// Tracked by all members.
    pub track_scripts: Vec<TrackLine>,
    /// Tracked by all members.
    pub track_files: Vec<TrackLine>,
    /// Tracked by all members.
    pub track_processes: Vec<TrackLine>,
    /// Tracked by all members.
    pub track_bfds: Vec<TrackLine>,
    /// Weights count.
    pub tracking_weight: bool,
    /// Default of its members.
    pub notify_priority_changes: Option<bool>,
    smtp_alert: Option<At<bool>>,
    notify: Notify,
}

/// Its keywords.
pub const TABLE: Table<VrrpSyncGroup> = Table { block: "vrrp_sync_group", keywords: &[KEYWORDS] };

#[rustfmt::skip] // one row a line
const KEYWORDS: &[Keyword<VrrpSyncGroup>] = &[
    kw("group", Live, First, Argument::Block(|g, node, out| g.members = list_of_words(node, out))),
    kw("track_interface", Live, Add, Argument::Block(|g, node, out| track::parse(&mut g.track_interfaces, node, out))),
    kw("track_script", Live, Add, Argument::Block(|g, node, out| track::parse(&mut g.track_scripts, node, out))),
    kw("track_file", Live, Add, Argument::Block(|g, node, out| track::parse_wide(&mut g.track_files, node, out))),
    kw("track_process", Live, Add, Argument::Block(|g, node, out| track::parse_wide(&mut g.track_processes, node, out))),
    kw("track_bfd", Live, Add, Argument::Block(|g, node, out| track::parse(&mut g.track_bfds, node, out))),
    kw("notify_backup", Live, First, Argument::Script(|g, c| g.notify.backup = Some(Box::new(c.value)))),
    kw("notify_master", Live, First, Argument::Script(|g, c| g.notify.master = Some(Box::new(c.value)))),
    kw("notify_fault", Live, First, Argument::Script(|g, c| g.notify.fault = Some(Box::new(c.value)))),
    kw("notify_stop", Live, First, Argument::Script(|g, c| g.notify.stop = Some(Box::new(c.value)))),
    kw("notify", Live, First, Argument::Script(|g, c| g.notify.any = Some(Box::new(c.value)))),
    kw("smtp_alert", Live, Last, Argument::Switch(|g, on| g.smtp_alert = Some(on))),
    old(kw("global_tracking", Live, Last, Argument::Flag(|g, _| g.tracking_weight = true)), "sync_group_tracking_weight"),
    kw("sync_group_tracking_weight", Live, Last, Argument::Flag(|g, _| g.tracking_weight = true)),
    kw("notify_priority_changes", Live, Last, Argument::Switch(|g, on| g.notify_priority_changes = Some(on.value))),
];

/// Reads the block.
pub fn parse(node: &Node, out: &mut Diagnostics) -> Option<VrrpSyncGroup> {
    let mut group = VrrpSyncGroup { name: name(node, out)?, ..VrrpSyncGroup::default() };
    let place = format!("vrrp_sync_group `{}`", group.name.value);
    TABLE.apply(&place, &mut group, lines(node), out);
    Some(group)
}

impl VrrpSyncGroup {
    /// The final settings, with the members that exist.
    pub fn settings(
        &self,
        members: Vec<String>,
        mail: &MailLines,
        out: &mut Diagnostics,
    ) -> SyncGroupSettings {
        let mail = mail.of_vrrp(self.smtp_alert.as_ref(), out);
        SyncGroupSettings {
            name: self.name.value.clone(),
            members,
            tracking_weight: self.tracking_weight,
            notify: Notify { mail, ..self.notify.clone() },
        }
    }
}

//! Receive buffers in `global_defs` (reference §2.2).

use super::global_defs::GlobalDefs;
use crate::config::diagnostic::At;
use crate::config::keyword::Reload::Live;
use crate::config::keyword::Repeated::Last;
use crate::config::keyword::{Argument, Keyword, ignored, kw};
use crate::node::buffers::{Buffer, Buffers};

/// One buffer as written.
#[derive(Clone, Copy, Debug, Default)]
struct Line {
    bytes: u32,
    force: bool,
}

/// All of them as written.
#[derive(Clone, Copy, Debug, Default)]
pub struct BufferLines {
    commands: Line,
    events: Line,
    processes: Line,
    lvs: Line,
}

const MAX: i64 = 0x7fff_ffff;
const NO_EVENTS: &str = "the check worker listens to no events of the kernel";

#[rustfmt::skip] // one row a line
pub(super) const KEYWORDS: &[Keyword<GlobalDefs>] = &[
    kw("vrrp_netlink_cmd_rcv_bufs", Live, Last, Argument::Int(0, MAX, |g, n| g.buffers.commands.bytes = bytes(&n))),
    kw("vrrp_netlink_cmd_rcv_bufs_force", Live, Last, Argument::Switch(|g, on| g.buffers.commands.force = on.value)),
    kw("vrrp_netlink_monitor_rcv_bufs", Live, Last, Argument::Int(0, MAX, |g, n| g.buffers.events.bytes = bytes(&n))),
    kw("vrrp_netlink_monitor_rcv_bufs_force", Live, Last, Argument::Switch(|g, on| g.buffers.events.force = on.value)),
    kw("process_monitor_rcv_bufs", Live, Last, Argument::Int(0, MAX, |g, n| g.buffers.processes.bytes = bytes(&n))),
    kw("process_monitor_rcv_bufs_force", Live, Last, Argument::Switch(|g, on| g.buffers.processes.force = on.value)),
    kw("lvs_netlink_cmd_rcv_bufs", Live, Last, Argument::Int(0, MAX, |g, n| g.buffers.lvs.bytes = bytes(&n))),
    kw("lvs_netlink_cmd_rcv_bufs_force", Live, Last, Argument::Switch(|g, on| g.buffers.lvs.force = on.value)),
    ignored("lvs_netlink_monitor_rcv_bufs", NO_EVENTS),
    ignored("lvs_netlink_monitor_rcv_bufs_force", NO_EVENTS),
];

fn bytes(number: &At<i64>) -> u32 {
    u32::try_from(number.value).unwrap_or(0)
}

impl Line {
    fn settings(self) -> Option<Buffer> {
        (self.bytes > 0).then_some(Buffer { bytes: self.bytes, force: self.force })
    }
}

impl BufferLines {
    /// Of the VRRP worker.
    pub fn of_vrrp(&self) -> Buffers {
        Buffers {
            commands: self.commands.settings(),
            events: self.events.settings(),
            processes: self.processes.settings(),
        }
    }

    /// Of the check worker.
    pub fn of_checks(&self) -> Option<Buffer> {
        self.lvs.settings()
    }
}

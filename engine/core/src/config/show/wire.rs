//! How adverts are written and read, as an instance's lines.

use super::Page;
use crate::node::settings::VrrpSettings;
use crate::vrrp::auth_hmac::Mode;
use crate::vrrp::settings::{InstanceSettings, OldChecksum, ReceiveBuffer, Transport, Wire};

/// As long as the shortest key.
const HIDDEN: &str = "********************************";

/// Lines of `global_defs`.
pub fn defaults(page: &mut Page, settings: &VrrpSettings) {
    page.flag("log_unknown_vrids", settings.log_unknown_vrids);
    let buffers = settings.instances.iter().map(|it| it.wire.receive_buffer);
    let mut policy = buffers.filter_map(|it| match it {
        ReceiveBuffer::Packets(times) => Some(("MTU", times)),
        ReceiveBuffer::Adverts(times) => Some(("ADVERT", times)),
        ReceiveBuffer::Default | ReceiveBuffer::Bytes(_) => None,
    });
    if let Some((policy, times)) = policy.next() {
        page.set("vrrp_rx_bufs_policy", policy);
        page.set("vrrp_rx_bufs_multiplier", times);
    }
}

/// All lines of an instance.
pub fn lines(page: &mut Page, instance: &InstanceSettings) {
    let Wire { v3_checksum_as_v2, old_unicast_checksum, hmac, receive_buffer } = &instance.wire;
    page.flag("v3_checksum_as_v2", *v3_checksum_as_v2);
    match old_unicast_checksum {
        OldChecksum::Automatic => {}
        OldChecksum::Always => page.line("old_unicast_checksum"),
        OldChecksum::Never => page.line("old_unicast_checksum never"),
    }
    if let Transport::Unicast { peers, .. } = &instance.transport {
        page.flag("unicast_fault_no_peer", peers.is_empty());
    }
    // A policy stands in `global_defs`.
    if let ReceiveBuffer::Bytes(bytes) = receive_buffer {
        page.set("kernel_rx_buf_size", bytes);
    }
    if let Some(priority) = instance.timer_expired_backup {
        page.set("timer_expired_backup", priority);
    }
    let Some(hmac) = hmac else { return };
    page.open("auth_hmac");
    hmac.keys.iter().for_each(|key| page.set("key", alloc::format!("{} {HIDDEN}", key.id)));
    page.set("active_key", hmac.active);
    page.set("time_window", hmac.window.as_secs());
    page.set("anti_replay", if hmac.by_time { "time" } else { "monotonic" });
    let modes = [
        (Mode::Enforce, "enforce"),
        (Mode::Permissive, "permissive"),
        (Mode::ReceiveOnly, "receive-only"),
    ];
    modes
        .iter()
        .filter(|(mode, _)| *mode == hmac.mode)
        .for_each(|(_, word)| page.set("mode", word));
    page.close();
}

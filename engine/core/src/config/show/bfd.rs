//! `bfd_instance`.

use alloc::format;
use alloc::string::String;
use core::time::Duration;

use super::{Page, value, word};
use crate::bfd::settings::BfdSettings;

/// One session.
pub fn session(page: &mut Page, bfd: &BfdSettings) {
    page.open(&format!("bfd_instance {}", word(&bfd.name)));
    if let Some(source) = bfd.source {
        page.set("source_ip", source);
    }
    page.set("neighbor_ip", bfd.neighbour);
    page.set("min_rx", milliseconds(bfd.min_rx));
    page.set("min_tx", milliseconds(bfd.min_tx));
    page.set("idle_tx", milliseconds(bfd.idle_tx));
    page.set("multiplier", bfd.multiplier);
    page.flag("passive", bfd.passive);
    page.set("ttl", bfd.ttl);
    page.set("max_hops", bfd.max_hops.map_or(-1, i16::from));
    page.flag("multihop", bfd.multihop);
    page.flag("vrrp", !bfd.checker);
    page.flag("checker", !bfd.vrrp);
    page.close();
}

/// A thousand times as long as seconds are written.
fn milliseconds(time: Duration) -> String {
    value::seconds(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
}

//! `keepalived.stats`: labels and indents are keepalived's, to the letter.

use understudy_core::node::vrrp::{Counters, VrrpNode};

use super::living;
use crate::daemon::dump::Page;

/// All instances.
pub fn text(node: &VrrpNode) -> String {
    let mut page = Page::default();
    for slot in living(node) {
        page.line(0, &format!("VRRP Instance: {}", slot.settings.name));
        counters(&mut page, &slot.counters, slot.settings.wire.hmac.is_some());
    }
    page.text
}

/// keepalived 2.2.7 has no signatures: only instances with `auth_hmac` have counters of them.
fn counters(page: &mut Page, c: &Counters, signed: bool) {
    section(page, "Advertisements", &[("Received", c.advert_rcvd), ("Sent", c.advert_sent)]);
    page.line(2, &format!("Became master: {}", c.become_master));
    page.line(2, &format!("Released master: {}", c.release_master));
    let packet = [
        ("Length", c.packet_len_err),
        ("TTL", c.ip_ttl_err),
        ("Invalid Type", c.invalid_type_rcvd),
        ("Advertisement Interval", c.advert_interval_err),
        ("Address List", c.addr_list_err),
    ];
    section(page, "Packet Errors", &packet);
    let authentication = [
        ("Invalid Type", c.invalid_authtype),
        ("Type Mismatch", c.authtype_mismatch),
        ("Failure", c.auth_failure),
    ];
    section(page, "Authentication Errors", &authentication);
    let extension = [
        ("Missing", c.auth_ext_missing),
        ("Malformed", c.auth_ext_malformed),
        ("Unknown Key", c.auth_ext_unknown_key),
        ("Invalid HMAC", c.auth_ext_invalid_hmac),
        ("Stale", c.auth_ext_stale),
        ("Replay", c.auth_ext_replay),
    ];
    if signed {
        section(page, "Authentication Extension Errors", &extension);
    }
    section(page, "Priority Zero", &[("Received", c.pri_zero_rcvd), ("Sent", c.pri_zero_sent)]);
}

fn section(page: &mut Page, title: &str, rows: &[(&str, u64)]) {
    page.line(2, &format!("{title}:"));
    rows.iter().for_each(|(label, n)| page.line(4, &format!("{label}: {n}")));
}

//! `vrrp_sync_group` and `vrrp_instance`.

use alloc::format;
use alloc::string::String;

use super::net::routing;
use super::track::tracks;
use super::{Page, seconds, vmac, wire, word};
use crate::net::address::Address;
use crate::vrrp::settings::{
    Garp, InstanceSettings, Notify, SyncGroupSettings, Transport, Version,
};

/// `vrrp_sync_group`.
pub fn sync_group(page: &mut Page, group: &SyncGroupSettings) {
    page.open(&format!("vrrp_sync_group {}", word(&group.name)));
    page.open("group");
    group.members.iter().for_each(|m| page.line(&word(m)));
    page.close();
    page.flag("sync_group_tracking_weight", group.tracking_weight);
    notify(page, &group.notify);
    page.close();
}

fn notify(page: &mut Page, notify: &Notify) {
    page.script("notify_master", notify.master.as_deref());
    page.script("notify_backup", notify.backup.as_deref());
    page.script("notify_fault", notify.fault.as_deref());
    page.script("notify_stop", notify.stop.as_deref());
    match &notify.deleted {
        Some(None) => page.line("notify_deleted"),
        Some(script) => page.script("notify_deleted", script.as_deref()),
        None => {}
    }
    page.script("notify", notify.any.as_deref());
    page.flag("smtp_alert", notify.mail);
    page.script("notify_master_rx_lower_pri", notify.master_rx_lower_pri.as_deref());
}

/// `vrrp_instance`.
pub fn instance(page: &mut Page, i: &InstanceSettings) {
    page.open(&format!("vrrp_instance {}", word(&i.name)));
    page.set("state", if i.wants_master { "MASTER" } else { "BACKUP" });
    if !i.interface.is_empty() {
        page.set("interface", word(&i.interface));
    }
    if let Some(vrf) = &i.vrf {
        page.set("vrf", word(vrf));
    }
    page.set("virtual_router_id", i.vrid);
    vmac::lines(i).iter().for_each(|line| page.line(line));
    page.set("version", if i.version == Version::V2 { 2 } else { 3 });
    page.set("priority", i.priority);
    page.time("advert_int", i.advert_interval);
    page.flag("nopreempt", !i.preempt);
    if !i.preempt_delay.is_zero() {
        page.time("preempt_delay", i.preempt_delay);
    }
    page.set("down_timer_adverts", i.down_timer_adverts);
    if i.auth_pass.is_some() {
        page.open("authentication");
        page.set("auth_type", if i.auth_header { "AH" } else { "PASS" });
        page.line("auth_pass ********");
        page.close();
    }
    wire::lines(page, i);
    page.flag("no_accept", !i.accept);
    page.flag("skip_check_adv_addr", i.skip_check_adv_addr);
    page.flag("owner_ignore_adverts", i.ignore_adverts);
    transport(page, i);
    page.flag("dont_track_primary", i.dont_track_primary);
    page.flag("promote_secondaries", i.promote_secondaries);
    page.switch("lower_prio_no_advert", i.lower_prio_no_advert);
    page.switch("higher_prio_send_advert", i.higher_prio_send_advert);
    page.switch("notify_priority_changes", i.notify_priority_changes);
    garp(page, &i.garp);
    if i.vips.is_empty() {
        page.line("no_virtual_ipaddress");
    }
    addresses(page, "virtual_ipaddress", i, &i.vips);
    addresses(page, "virtual_ipaddress_excluded", i, &i.excluded);
    routing(page, "virtual", &i.routes, &i.rules);
    tracks(page, "track_interface", &i.tracks.interfaces);
    tracks(page, "track_script", &i.tracks.scripts);
    tracks(page, "track_file", &i.tracks.files);
    tracks(page, "track_process", &i.tracks.processes);
    tracks(page, "track_bfd", &i.tracks.bfds);
    notify(page, &i.notify);
    page.close();
}

fn transport(page: &mut Page, instance: &InstanceSettings) {
    match &instance.transport {
        Transport::Multicast { group } => {
            page.set("mcast_dst_ip", group);
            if let Some(source) = instance.source {
                page.set("mcast_src_ip", source);
            }
        }
        Transport::Unicast { peers, ttl, check_source } => {
            if let Some(source) = instance.source {
                page.set("unicast_src_ip", source);
            }
            page.set("unicast_ttl", ttl);
            page.flag("check_unicast_src", *check_source);
            page.open("unicast_peer");
            for peer in peers {
                let ttl = peer.ttl.map_or_else(String::new, |(low, high)| {
                    format!(" min_ttl {low} max_ttl {high}")
                });
                page.line(&format!("{}{ttl}", peer.address));
            }
            page.close();
        }
    }
}

fn garp(page: &mut Page, garp: &Garp) {
    page.time("garp_master_delay", garp.delay);
    page.set("garp_master_repeat", garp.repeat);
    page.time("garp_master_refresh", garp.refresh);
    page.set("garp_master_refresh_repeat", garp.refresh_repeat);
    page.time("garp_lower_prio_delay", garp.lower_prio_delay);
    page.set("garp_lower_prio_repeat", garp.lower_prio_repeat);
    if !garp.extra.is_zero() {
        let all = if garp.extra_all { "all " } else { "" };
        page.line(&format!("garp_extra_if {all}{}", seconds(garp.extra)));
    }
}

fn addresses(page: &mut Page, keyword: &str, i: &InstanceSettings, addresses: &[Address]) {
    if !addresses.is_empty() {
        page.open(keyword);
        addresses.iter().for_each(|a| page.line(&vmac::address(i, a)));
        page.close();
    }
}

//! `global_defs`, and what stands beside it.

use alloc::format;
use alloc::string::{String, ToString};

use super::{Page, process, run_as, wire, word};
use crate::config::blocks::vmac;
use crate::ipvs::settings::{FlushOnStop, Timeouts};
use crate::ipvs::sync::SyncDaemon;
use crate::mail::settings::{MailSettings, Server};
use crate::net::firewall::Firewall;
use crate::node::buffers::{Buffer, Buffers};
use crate::node::namespaces::{IpvsNamespace, Namespaces};
use crate::node::settings::{Fifo, HostSettings, ProcessSettings};
use crate::vrrp::settings::Pace;

/// Lines of the top level.
pub fn namespaces(page: &mut Page, namespaces: &Namespaces) {
    if let Some(name) = &namespaces.net {
        page.set("net_namespace", word(name));
    }
    match &namespaces.ipvs {
        IpvsNamespace::Same => {}
        IpvsNamespace::Initial => page.line("net_namespace_ipvs"),
        IpvsNamespace::Named(name) => page.set("net_namespace_ipvs", word(name)),
    }
}

/// The block.
pub fn global(page: &mut Page, settings: &HostSettings) {
    let ProcessSettings {
        router_id,
        mail,
        script_user,
        script_security,
        namespaces: _,
        engine,
        notify_fifo,
        vrrp_notify_fifo,
        lvs_notify_fifo,
    } = &settings.process;
    page.open("global_defs");
    if let Some(name) = router_id {
        page.set("router_id", word(name));
    }
    self::mail(page, mail);
    if let Some(user) = script_user {
        page.set("script_user", run_as(user));
    }
    page.flag("enable_script_security", *script_security);
    process::global(page, engine);
    fifo(page, "notify_fifo", notify_fifo.as_ref());
    fifo(page, "vrrp_notify_fifo", vrrp_notify_fifo.as_ref());
    fifo(page, "lvs_notify_fifo", lvs_notify_fifo.as_ref());
    if !settings.vrrp.startup_delay.is_zero() {
        page.time("vrrp_startup_delay", settings.vrrp.startup_delay);
    }
    let Pace { interval, na_interval } = settings.vrrp.paces.default;
    if !settings.vrrp.instances.is_empty() {
        page.time("vrrp_garp_interval", interval);
    }
    if !na_interval.is_zero() {
        page.time("vrrp_gna_interval", na_interval);
    }
    if settings.vrrp.vmac_addr_prefix != vmac::PREFIX {
        page.set("vmac_addr_prefix", word(&settings.vrrp.vmac_addr_prefix));
    }
    wire::defaults(page, &settings.vrrp);
    firewall(page, &settings.vrrp.firewall);
    if let Some(daemon) = &settings.vrrp.sync_daemon {
        page.line(&sync_daemon(daemon));
    }
    page.flag("lvs_flush", settings.check.flush_at_start);
    match settings.check.flush_on_stop {
        FlushOnStop::Not => {}
        FlushOnStop::Ours => page.line("lvs_flush_on_stop VS"),
        FlushOnStop::Everything => page.line("lvs_flush_on_stop"),
    }
    if let Some(Timeouts { tcp, tcp_fin, udp }) = settings.check.timeouts {
        page.line(&format!("lvs_timeouts tcp {tcp} tcpfin {tcp_fin} udp {udp}"));
    }
    page.flag("rs_init_notifies", settings.check.init_notifies);
    let Buffers { commands, events, processes } = settings.vrrp.buffers;
    buffer(page, "vrrp_netlink_cmd_rcv_bufs", commands);
    buffer(page, "vrrp_netlink_monitor_rcv_bufs", events);
    buffer(page, "process_monitor_rcv_bufs", processes);
    buffer(page, "lvs_netlink_cmd_rcv_bufs", settings.check.buffer);
    page.flag("fifo_write_vrrp_states_on_reload", settings.vrrp.fifo_states);
    if !settings.vrrp.delay_after_boot.is_zero() {
        page.time("vrrp_delay_after_boot", settings.vrrp.delay_after_boot);
    }
    page.flag("disable_local_igmp", settings.vrrp.disable_local_igmp);
    page.flag("no_email_faults", settings.vrrp.no_email_faults);
    page.flag("no_checker_emails", settings.check.no_checker_emails);
    page.close();
}

fn buffer(page: &mut Page, keyword: &str, buffer: Option<Buffer>) {
    if let Some(Buffer { bytes, force }) = buffer {
        page.set(keyword, bytes);
        page.flag(&format!("{keyword}_force"), force);
    }
}

fn mail(page: &mut Page, mail: &MailSettings) {
    let MailSettings { server, from, to, helo, timeout } = mail;
    if !to.is_empty() {
        page.open("notification_email");
        to.iter().for_each(|to| page.line(&word(&to.to_string())));
        page.close();
    }
    if let Some(from) = from {
        page.set("notification_email_from", word(&from.to_string()));
    }
    if let Some(helo) = helo {
        page.set("smtp_helo_name", word(helo));
    }
    if let Some(Server { host, port }) = server {
        page.line(&format!("smtp_server {} {port}", word(host)));
    }
    page.time("smtp_connect_timeout", *timeout);
}

fn firewall(page: &mut Page, firewall: &Firewall) {
    let default = Firewall::default();
    if firewall.table != default.table {
        page.set("nftables", word(&firewall.table));
    }
    if firewall.priority != default.priority {
        page.set("nftables_priority", firewall.priority);
    }
    page.flag("nftables_counters", firewall.counters);
    page.flag("nftables_ifindex", firewall.by_index);
}

fn sync_daemon(daemon: &SyncDaemon) -> String {
    let options = &daemon.options;
    let mut line = format!("lvs_sync_daemon {}", word(&options.interface));
    if let Some(name) = &daemon.instance {
        line.push_str(&format!(" inst {}", word(name)));
    }
    line.push_str(&format!(" id {}", options.id));
    if let Some(max_len) = options.max_len {
        line.push_str(&format!(" maxlen {max_len}"));
    }
    if let Some(port) = options.port {
        line.push_str(&format!(" port {port}"));
    }
    if let Some(ttl) = options.ttl {
        line.push_str(&format!(" ttl {ttl}"));
    }
    if let Some(group) = options.group {
        line.push_str(&format!(" group {group}"));
    }
    line
}

fn fifo(page: &mut Page, keyword: &str, fifo: Option<&Fifo>) {
    let Some(Fifo { path, owner, script }) = fifo else { return };
    let owner = owner.as_ref().map_or_else(String::new, |o| format!(" {}", run_as(o)));
    page.line(&format!("{keyword} {}{owner}", word(path)));
    page.script(&format!("{keyword}_script"), script.as_ref());
}

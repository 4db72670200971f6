//! The effective configuration as a configuration: every default filled in, nothing inherited, secrets masked. Reading
//! it again gives the same settings.

mod bfd;
mod process;
mod vmac;
mod wire;

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt::Display;
use core::net::Ipv4Addr;
use core::time::Duration;

use super::value;
use crate::checks::settings::{
    CheckKind, CheckSettings, Connection, HttpVersion, Schedule, ServerName, Url,
};
use crate::command::{Command, RunAs};
use crate::ipvs::settings::{FlushOnStop, RealServer, Timeouts, VirtualServer};
use crate::ipvs::sync::SyncDaemon;
use crate::ipvs::table::{Family, Forward, Protocol, ServiceKey};
use crate::mail::settings::{MailSettings, Server};
use crate::net::address::{Address, Broadcast, WORDS, default_flags, default_preferred};
use crate::net::firewall::Firewall;
use crate::net::route::Route;
use crate::net::rule::Rule;
use crate::node::buffers::{Buffer, Buffers};
use crate::node::namespaces::{IpvsNamespace, Namespaces};
use crate::node::settings::{Fifo, HostSettings, ProcessSettings, VrrpSettings};
use crate::track::settings::{
    FileInit, FileSettings, LinkDelays, Method, Parameters, ScriptSettings, TrackRef, WatchSettings,
};
use crate::vrrp::settings::{
    Garp, InstanceSettings, Notify, Pace, SyncGroupSettings, Transport, Version,
};

/// Settings as a configuration file.
#[must_use]
pub fn show(settings: &HostSettings) -> String {
    let mut page = Page::default();
    process::top(&mut page, &settings.process.engine);
    namespaces(&mut page, &settings.process.namespaces);
    global(&mut page, settings);
    if !settings.vrrp.static_addresses.is_empty() {
        page.open("static_ipaddress");
        settings.vrrp.static_addresses.iter().for_each(|a| page.line(&address(a)));
        page.close();
    }
    links(&mut page, &settings.vrrp);
    routing(&mut page, "static", &settings.vrrp.static_routes, &settings.vrrp.static_rules);
    settings.vrrp.scripts.iter().for_each(|s| script(&mut page, s));
    settings.vrrp.files.iter().for_each(|f| track_file(&mut page, f));
    settings.vrrp.processes.iter().for_each(|p| track_process(&mut page, p));
    settings.vrrp.bfd.iter().for_each(|b| bfd::session(&mut page, b));
    settings.vrrp.sync_groups.iter().for_each(|g| sync_group(&mut page, g));
    settings.vrrp.instances.iter().for_each(|i| instance(&mut page, i));
    settings.check.virtual_servers.iter().for_each(|v| virtual_server(&mut page, v));
    page.text
}

/// Lines with their indentation.
#[derive(Default)]
struct Page {
    text: String,
    depth: usize,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.text.extend(core::iter::repeat_n("    ", self.depth));
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn open(&mut self, header: &str) {
        if self.depth == 0 && !self.text.is_empty() {
            self.text.push('\n');
        }
        self.line(&format!("{header} {{"));
        self.depth += 1;
    }

    fn close(&mut self) {
        self.depth -= 1;
        self.line("}");
    }

    fn set(&mut self, keyword: &str, value: impl Display) {
        self.line(&format!("{keyword} {value}"));
    }

    fn time(&mut self, keyword: &str, time: Duration) {
        self.set(keyword, seconds(time));
    }

    fn flag(&mut self, keyword: &str, on: bool) {
        if on {
            self.line(keyword);
        }
    }

    fn switch(&mut self, keyword: &str, on: bool) {
        self.set(keyword, if on { "on" } else { "off" });
    }

    fn script(&mut self, keyword: &str, script: Option<&Command>) {
        if let Some(command) = script {
            let user =
                command.run_as.as_ref().map_or_else(String::new, |u| format!(" {}", run_as(u)));
            self.line(&format!("{keyword} {}{user}", command_word(command)));
        }
    }
}

fn seconds(time: Duration) -> String {
    value::seconds(u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
}

fn run_as(user: &RunAs) -> String {
    match &user.group {
        Some(group) => format!("{} {}", word(&user.user), word(group)),
        None => word(&user.user),
    }
}

/// One word of an ordinary line. A `"` in it can't be written, and can't have been read.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,*?~^&[]()<>|".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_string()
    } else {
        format!("\"{text}\"")
    }
}

/// A command as the one word of a script line: cut again when it is read.
fn command_word(command: &Command) -> String {
    let argument = |text: &String| {
        let mut out = String::new();
        for c in text.chars() {
            match c {
                '\\' => out.push_str("\\\\"),
                // Neither kind of quote may end the word, and `$` must not begin a definition.
                '"' | '\'' | '$' | '\n' | '\r' | '\x0b' | '\x0c' => {
                    out.push_str(&format!("\\x{:02x}", u32::from(c)));
                }
                _ => out.push(c),
            }
        }
        let bare = !out.is_empty() && !out.contains([' ', '\t']);
        if bare { out } else { format!("'{out}'") }
    };
    let arguments: alloc::vec::Vec<String> = command.argv.iter().map(argument).collect();
    format!("\"{}\"", arguments.join(" "))
}

// -- the top level

fn namespaces(page: &mut Page, namespaces: &Namespaces) {
    if let Some(name) = &namespaces.net {
        page.set("net_namespace", word(name));
    }
    match &namespaces.ipvs {
        IpvsNamespace::Same => {}
        IpvsNamespace::Initial => page.line("net_namespace_ipvs"),
        IpvsNamespace::Named(name) => page.set("net_namespace_ipvs", word(name)),
    }
}

// -- global_defs

fn global(page: &mut Page, settings: &HostSettings) {
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
    if settings.vrrp.vmac_addr_prefix != super::blocks::vmac::PREFIX {
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

// -- VRRP

fn address(address: &Address) -> String {
    let mut line = format!("{}/{} dev {}", address.ip, address.prefix_len, address.dev);
    if let Some(label) = &address.label {
        line.push_str(&format!(" label {}", word(label)));
    }
    if address.scope != 0 {
        line.push_str(&format!(" scope {}", address.scope));
    }
    match address.broadcast {
        Some(Broadcast::Ones) => line.push_str(" brd +"),
        Some(Broadcast::Zeros) => line.push_str(" brd -"),
        Some(Broadcast::Address(ip)) => line.push_str(&format!(" brd {ip}")),
        None => {}
    }
    if let Some(peer) = address.peer {
        line.push_str(&format!(" peer {peer}"));
    }
    let default = default_flags(address.ip);
    let given = WORDS.iter().filter(|(_, flag)| (address.flags ^ default) & flag != 0);
    given.for_each(|(word, _)| line.push_str(&format!(" {word}")));
    if address.preferred_lft != default_preferred(address.ip, address.prefix_len) {
        let seconds = address.preferred_lft.map_or_else(|| "forever".into(), |s| s.to_string());
        line.push_str(&format!(" preferred_lft {seconds}"));
    }
    if address.no_track {
        line.push_str(" no_track");
    }
    line
}

fn script(page: &mut Page, script: &ScriptSettings) {
    page.open(&format!("vrrp_script {}", word(&script.name)));
    page.line(&format!("script {}", command_word(&script.command)));
    if let Some(user) = &script.command.run_as {
        page.set("user", run_as(user));
    }
    page.time("interval", script.interval);
    page.time("timeout", script.timeout);
    page.set("rise", script.rise);
    page.set("fall", script.fall);
    page.flag("init_fail", script.init_fail);
    page.close();
}

fn links(page: &mut Page, settings: &VrrpSettings) {
    if !settings.link_beats.is_empty() {
        page.open("linkbeat_interfaces");
        for beat in &settings.link_beats {
            let method = beat.method.map_or("", |method| match method {
                Method::Mii => " MII",
                Method::Ethtool => " ETHTOOL",
                Method::Ioctl => " IOCTL",
            });
            page.line(&format!("{}{method}", word(&beat.interface)));
        }
        page.close();
    }
    if !settings.link_delays.is_empty() {
        page.open("interface_up_down_delays");
        for (name, LinkDelays { down, up }) in &settings.link_delays {
            page.line(&format!("{} {} {}", word(name), seconds(*down), seconds(*up)));
        }
        page.close();
    }
    for group in &settings.paces.groups {
        page.open("garp_group");
        page.time("garp_interval", group.pace.interval);
        page.time("gna_interval", group.pace.na_interval);
        page.open("interfaces");
        group.interfaces.iter().for_each(|it| page.line(&word(it)));
        page.close();
        page.close();
    }
}

fn track_file(page: &mut Page, file: &FileSettings) {
    page.open(&format!("track_file {}", word(&file.name)));
    page.set("file", word(&file.path));
    if let Some(FileInit { value, overwrite }) = file.init {
        let overwrite = if overwrite { " overwrite" } else { "" };
        page.line(&format!("init_file {value}{overwrite}"));
    }
    page.close();
}

fn track_process(page: &mut Page, watch: &WatchSettings) {
    page.open(&format!("vrrp_track_process {}", word(&watch.name)));
    let (parameters, matching) = match &watch.parameters {
        Parameters::Any => (&[][..], None),
        Parameters::Exactly(parameters) => (&parameters[..], Some("param_match")),
        Parameters::First(parameters) => (&parameters[..], Some("param_match partial")),
        Parameters::Begin(parameters) => (&parameters[..], Some("param_match initial")),
    };
    let mut line = format!("process {}", word(&watch.process));
    parameters.iter().for_each(|it| line.push_str(&format!(" {}", word(it))));
    page.line(&line);
    page.flag("full_command", watch.full_command);
    page.flag(matching.unwrap_or_default(), matching.is_some());
    if watch.quorum > 0 {
        page.set("quorum", watch.quorum);
    }
    if watch.quorum_max < u32::MAX {
        page.set("quorum_max", watch.quorum_max);
    }
    for (keyword, delay) in
        [("terminate_delay", watch.terminate_delay), ("fork_delay", watch.fork_delay)]
    {
        if !delay.is_zero() {
            page.time(keyword, delay);
        }
    }
    page.close();
}

fn sync_group(page: &mut Page, group: &SyncGroupSettings) {
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

fn instance(page: &mut Page, i: &InstanceSettings) {
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

fn routing(page: &mut Page, which: &str, routes: &[Route], rules: &[Rule]) {
    if !routes.is_empty() {
        page.open(&format!("{which}_routes"));
        routes.iter().for_each(|route| page.line(&route.line()));
        page.close();
    }
    if !rules.is_empty() {
        page.open(&format!("{which}_rules"));
        rules.iter().for_each(|rule| page.line(&rule.line()));
        page.close();
    }
}

fn tracks(page: &mut Page, keyword: &str, tracks: &[TrackRef]) {
    if tracks.is_empty() {
        return;
    }
    page.open(keyword);
    for track in tracks {
        let reverse = if track.reverse { " reverse" } else { "" };
        page.line(&format!("{} weight {}{reverse}", word(&track.name), track.weight));
    }
    page.close();
}

// -- IPVS

fn virtual_server(page: &mut Page, v: &VirtualServer) {
    let group = v.name.strip_prefix("group ");
    if let Some(name) = group {
        page.open(&format!("virtual_server_group {}", word(name)));
        for key in &v.keys {
            page.line(&match key {
                ServiceKey::Address { ip, port, .. } => format!("{ip} {port}"),
                ServiceKey::Mark { family, mark } => format!("fwmark {mark} {}", inet(*family)),
            });
        }
        page.close();
    }
    let header = match (group, v.keys.first()) {
        (Some(name), _) => format!("group {}", word(name)),
        (None, Some(ServiceKey::Address { ip, port, .. })) => format!("{ip} {port}"),
        (None, Some(ServiceKey::Mark { mark, .. })) => format!("fwmark {mark}"),
        (None, None) => return,
    };
    page.open(&format!("virtual_server {header}"));
    if let (None, Some(ServiceKey::Mark { family, .. })) = (group, v.keys.first()) {
        page.set("ip_family", inet(*family));
    }
    let by_address = v.keys.iter().find_map(|key| match key {
        ServiceKey::Address { protocol, .. } => Some(*protocol),
        ServiceKey::Mark { .. } => None,
    });
    if let Some(protocol) = by_address {
        page.set(
            "protocol",
            match protocol {
                Protocol::Tcp => "TCP",
                Protocol::Udp => "UDP",
                Protocol::Sctp => "SCTP",
            },
        );
    }
    page.set("lvs_sched", &v.scheduler);
    page.flag("ops", v.flags & 0x4 != 0);
    page.flag("flag-1", v.flags & 0x8 != 0);
    page.flag("flag-2", v.flags & 0x10 != 0);
    page.flag("flag-3", v.flags & 0x20 != 0);
    if let Some(persistence) = &v.persistence {
        page.set("persistence_timeout", persistence.timeout_s);
        let is_v6 = v.keys.iter().any(|k| match k {
            ServiceKey::Address { ip, .. } => ip.is_ipv6(),
            ServiceKey::Mark { family, .. } => *family == Family::V6,
        });
        let granularity = persistence.granularity;
        let mask = || Ipv4Addr::from(granularity).to_string();
        page.set("persistence_granularity", if is_v6 { granularity.to_string() } else { mask() });
        if let Some(engine) = &persistence.engine {
            page.set("persistence_engine", word(engine));
        }
    }
    page.flag("omega", v.omega);
    page.switch("smtp_alert", v.smtp_alert);
    if v.quorum > 0 {
        page.set("quorum", v.quorum);
    }
    page.set("hysteresis", v.hysteresis);
    page.script("quorum_up", v.quorum_up.as_ref());
    page.script("quorum_down", v.quorum_down.as_ref());
    if let Some(sorry) = &v.sorry_server {
        page.line(&format!("sorry_server {} {}", sorry.ip, sorry.port));
        page.set("sorry_server_lvs_method", method(sorry.forward));
        page.flag("sorry_server_inhibit", sorry.inhibit);
    }
    v.real_servers.iter().for_each(|r| real_server(page, r));
    page.close();
}

const fn inet(family: Family) -> &'static str {
    match family {
        Family::V4 => "inet",
        Family::V6 => "inet6",
    }
}

fn method(forward: Forward) -> String {
    let tunnel = match forward {
        Forward::Nat => return "NAT".into(),
        Forward::Dr => return "DR".into(),
        Forward::Tun(tunnel) => tunnel,
    };
    let kind = ["ipip", "gue", "gre"].get(usize::from(tunnel.kind)).unwrap_or(&"ipip");
    let port = if tunnel.port == 0 { String::new() } else { format!(" port {}", tunnel.port) };
    let sum = [" nocsum", " csum", " remcsum"].get(usize::from(tunnel.flags)).unwrap_or(&"");
    format!("TUN type {kind}{port}{}", if tunnel.kind == 0 { "" } else { sum })
}

fn real_server(page: &mut Page, r: &RealServer) {
    // The port that checks use by default; the kernel's follows from it.
    page.open(&format!("real_server {} {}", r.ip, r.check_port));
    page.set("weight", r.weight);
    page.set("lvs_method", method(r.forward));
    page.set("uthreshold", r.upper);
    page.set("lthreshold", r.lower);
    page.switch("inhibit_on_failure", r.inhibit_on_failure);
    page.switch("alpha", r.alpha);
    page.switch("smtp_alert", r.smtp_alert);
    page.script("notify_up", r.notify_up.as_ref());
    page.script("notify_down", r.notify_down.as_ref());
    r.checks.iter().for_each(|c| check(page, c));
    page.close();
}

fn check(page: &mut Page, check: &CheckSettings) {
    match &check.kind {
        CheckKind::Bfd { session } => {
            page.open("BFD_CHECK");
            page.set("name", word(session));
            page.switch("alpha", check.schedule.alpha);
            return page.close();
        }
        CheckKind::Tcp(to) => {
            page.open("TCP_CHECK");
            connection(page, to);
        }
        CheckKind::Ping(to) => {
            page.open("PING_CHECK");
            connection(page, to);
        }
        CheckKind::Http { connection: to, version, urls, fast_recovery, tls } => {
            page.open(if tls.is_some() { "SSL_GET" } else { "HTTP_GET" });
            connection(page, to);
            match tls {
                Some(ServerName::Fixed(name)) => page.set("sni_name", word(name)),
                Some(name) => page.switch("enable_sni", *name == ServerName::Virtualhost),
                None => {}
            }
            page.set(
                "http_protocol",
                match version {
                    HttpVersion::V10 => "1.0",
                    HttpVersion::V10Close => "1.0C",
                    HttpVersion::V11 => "1.1",
                },
            );
            page.switch("fast_recovery", *fast_recovery);
            urls.iter().for_each(|u| url(page, u, tls.is_some()));
        }
        CheckKind::Misc { command, timeout, dynamic } => {
            page.open("MISC_CHECK");
            page.line(&format!("misc_path {}", command_word(command)));
            if let Some(user) = &command.run_as {
                page.set("user", run_as(user));
            }
            page.time("misc_timeout", *timeout);
            page.flag("misc_dynamic", *dynamic);
        }
    }
    let Schedule { delay_loop, retry, delay_before_retry, warmup, alpha, log_all_failures } =
        &check.schedule;
    page.time("delay_loop", *delay_loop);
    page.set("retry", retry);
    page.time("delay_before_retry", *delay_before_retry);
    page.time("warmup", *warmup);
    page.switch("alpha", *alpha);
    page.switch("log_all_failures", *log_all_failures);
    page.close();
}

fn connection(page: &mut Page, to: &Connection) {
    page.set("connect_ip", to.to.ip());
    if to.to.port() != 0 {
        page.set("connect_port", to.to.port());
    }
    if let Some(ip) = to.bind_ip {
        page.set("bindto", ip);
    }
    if let Some(port) = to.bind_port {
        page.set("bind_port", port);
    }
    if let Some(name) = &to.bind_if {
        page.set("bind_if", word(name));
    }
    page.time("connect_timeout", to.timeout);
    page.set("fwmark", to.fwmark);
}

fn url(page: &mut Page, url: &Url, tls: bool) {
    page.open("url");
    page.set("path", word(&url.path));
    if let Some(digest) = &url.digest {
        page.set("digest", digest.iter().map(|b| format!("{b:02x}")).collect::<String>());
    }
    let codes = url.status.iter().map(|(low, high)| match low == high {
        true => low.to_string(),
        false => format!("{low}-{high}"),
    });
    page.set("status_code", codes.collect::<alloc::vec::Vec<_>>().join(" "));
    if let Some(host) = &url.virtualhost {
        page.set("virtualhost", word(host));
    }
    if tls {
        page.switch("tls_compliant", url.close_notify);
    }
    page.close();
}

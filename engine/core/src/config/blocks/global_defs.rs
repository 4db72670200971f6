//! `global_defs`: defaults and what concerns every process (reference §2.2).

use alloc::format;
use alloc::string::String;
use core::net::IpAddr;
use core::time::Duration;

use super::buffers::{self, BufferLines};
use super::family;
use super::garp_extra;
use super::iptables;
use super::ipvs;
use super::mail::{self, MailLines};
use super::process::{self, ProcessLines};
use super::sync_daemon::{self, SyncDaemonLine};
use super::vrrp_instance::{GarpLines, version};
use super::wire::{self, WireDefaults};
use super::{Keyword, Table, address, to_u8};
use crate::command::{Command, RunAs};
use crate::config::diagnostic::{At, Diagnostics, closest, code};
use crate::config::include::CHECKS;
use crate::config::keyword::Argument;
use crate::config::keyword::Reload::{Live, Restart};
use crate::config::keyword::Repeated::{Add, First, Last};
use crate::config::keyword::{extra, ignored, kw, not_yet, old};
use crate::config::script;
use crate::config::tree::Node;
use crate::ipvs::settings::{FlushOnStop, Timeouts};
use crate::net::firewall::Firewall;
use crate::node::namespaces::Namespaces;
use crate::node::settings::{Fifo, ProcessSettings};
use crate::vrrp::settings::Version;

/// A FIFO as written.
#[derive(Clone, Debug, Default)]
pub struct FifoLines {
    path: Option<At<(String, Option<RunAs>)>>,
    script: Option<At<Command>>,
}

/// All `global_defs` blocks together.
#[derive(Clone, Debug, Default)]
pub struct GlobalDefs {
    router_id: Option<String>,
    script_user: Option<RunAs>,
    script_security: bool,
    /// The processes themselves.
    pub process: ProcessLines,
    fifo: FifoLines,
    vrrp_fifo: FifoLines,
    lvs_fifo: FifoLines,
    /// How mails are sent, and about what.
    pub mail: MailLines,
    /// No IGMP reports of link-local groups.
    pub disable_local_igmp: bool,
    /// No mails about faults.
    pub no_email_faults: bool,
    /// Mails about servers, not about each of their checks.
    pub no_checker_emails: bool,
    /// Interface of addresses that have no other.
    pub default_interface: Option<At<String>>,
    /// Where a distribution keeps names of numbers; default /usr/share/iproute2.
    pub iproute_usr_dir: Option<String>,
    /// Where an administrator does; default /etc/iproute2.
    pub iproute_etc_dir: Option<String>,
    /// Default of `log_all_failures`.
    pub log_all_failures: bool,
    /// Delete all of the kernel's services at start.
    pub lvs_flush: bool,
    /// Default destination of adverts.
    pub mcast_group4: Option<IpAddr>,
    /// The same over IPv6.
    pub mcast_group6: Option<IpAddr>,
    /// Defaults of announcements.
    pub garp: GarpLines,
    /// Least distance between two announcements on one interface.
    pub garp_interval: Duration,
    /// One announcement per address, where nothing else is said.
    pub min_garp: bool,
    /// Default of `down_timer_adverts`.
    pub down_timer_adverts: Option<u8>,
    /// Default of the instance's keyword.
    pub lower_prio_no_advert: bool,
    /// Default of the instance's keyword.
    pub higher_prio_send_advert: bool,
    /// Default version of IPv4 instances.
    pub version: Option<Version>,
    /// Default of `check_unicast_src`.
    pub check_unicast_src: bool,
    /// Default of the instance's keyword.
    pub notify_priority_changes: bool,
    /// No instance becomes master before.
    pub startup_delay: Duration,
    /// Least distance between two neighbour advertisements on one interface.
    pub gna_interval: Duration,
    /// Default of the instance's keyword.
    pub skip_check_adv_addr: bool,
    /// Adverts for virtual routers that are not configured are logged.
    pub log_unknown_vrids: bool,
    /// Defaults of how adverts are written and read.
    pub wire: WireDefaults,
    /// Default of the instance's keyword.
    pub owner_ignore_adverts: bool,
    /// Default of `strict_mode`.
    pub strict: bool,
    /// What names of virtual interfaces begin with.
    pub vmac_prefix: Option<At<String>>,
    vmac_addr_prefix: Option<At<String>>,
    nftables: Option<String>,
    nftables_priority: Option<i32>,
    nftables_counters: bool,
    nftables_ifindex: bool,
    /// The IPVS sync daemon.
    pub sync_daemon: Option<SyncDaemonLine>,
    /// Receive buffers.
    pub buffers: BufferLines,
    /// FIFO lines of all states at a reload.
    pub fifo_states: bool,
    /// No instance becomes master before, counted from the boot.
    pub delay_after_boot: Duration,
    /// Servers that begin in the pool are told.
    pub rs_init_notifies: bool,
    /// What is deleted at a stop.
    pub lvs_flush_on_stop: FlushOnStop,
    /// When IPVS forgets connections.
    pub lvs_timeouts: Option<Timeouts>,
}

const MAX: i64 = 0x7fff_ffff;
const SECONDS: u64 = 4_294_967_295;

/// Its keywords.
pub const TABLE: Table<GlobalDefs> =
    Table { block: "global_defs", keywords: &[KEYWORDS, process::KEYWORDS, buffers::KEYWORDS] };

#[rustfmt::skip] // one row a line
const KEYWORDS: &[Keyword<GlobalDefs>] = &[
    kw("router_id", Live, Last, Argument::Word("a name", |g, w| g.router_id = Some(w.value))),
    kw("notification_email_from", Live, Last, Argument::Line(|g, node, out| mail::from(&mut g.mail, node, out))),
    kw("smtp_server", Live, Last, Argument::Line(|g, node, out| mail::server(&mut g.mail, node, out))),
    kw("smtp_helo_name", Live, Last, Argument::Line(|g, node, out| mail::helo(&mut g.mail, node, out))),
    kw("smtp_connect_timeout", Live, Last, Argument::Int(0, 4294, |g, n| g.mail.timeout = Some(n))),
    kw("notification_email", Live, Add, Argument::Block(|g, node, out| mail::recipients(&mut g.mail, node, out))),
    kw("smtp_alert", Live, Last, Argument::Switch(|g, on| g.mail.alert = Some(on))),
    kw("smtp_alert_vrrp", Live, Last, Argument::Switch(|g, on| g.mail.alert_vrrp = Some(on))),
    kw("smtp_alert_checker", Live, Last, Argument::Switch(|g, on| g.mail.alert_checker = Some(on))),
    kw("checker_log_all_failures", Live, Last, Argument::Switch(|g, on| g.log_all_failures = on.value)),
    kw("dynamic_interfaces", Live, Last, Argument::Line(|_, node, out| dynamic_interfaces(node, out))),
    kw("no_email_faults", Live, Last, Argument::Flag(|g, _| g.no_email_faults = true)),
    kw("default_interface", Live, Last, Argument::Line(|g, node, out| g.default_interface = interface(node, out))),
    kw("disable_local_igmp", Live, Last, Argument::Flag(|g, _| g.disable_local_igmp = true)),
    kw("v3_checksum_as_v2", Live, Last, Argument::Flag(|g, _| g.wire.checksum_as_v2 = true)),
    kw("lvs_timeouts", Live, Last, Argument::Line(|g, node, out| g.lvs_timeouts = ipvs::timeouts(node, out))),
    kw("lvs_flush", Restart, Last, Argument::Flag(|g, _| g.lvs_flush = true)),
    kw("lvs_flush_on_stop", Live, Last, Argument::Line(|g, node, out| g.lvs_flush_on_stop = ipvs::flush(node, out))),
    old(kw("lvs_flush_onstop", Live, Last, Argument::Line(|g, node, out| g.lvs_flush_on_stop = ipvs::flush(node, out))), "lvs_flush_on_stop"),
    kw("lvs_sync_daemon", Live, First, Argument::Line(|g, node, out| g.sync_daemon = sync_daemon::parse(node, out))),
    kw("vrrp_mcast_group4", Live, Last, Argument::Line(|g, node, out| g.mcast_group4 = group4(node, out))),
    kw("vrrp_mcast_group6", Live, Last, Argument::Line(|g, node, out| g.mcast_group6 = family::group6(node, out))),
    kw("vrrp_garp_master_delay", Live, Last, Argument::Int(0, 4294, |g, n| g.garp.delay = Some(secs(n)))),
    kw("vrrp_garp_master_repeat", Live, Last, Argument::Int(0, MAX, |g, n| g.garp.repeat = Some(n))),
    kw("vrrp_garp_master_refresh", Live, Last, Argument::Int(0, MAX, |g, n| g.garp.refresh = Some(secs(n)))),
    kw("vrrp_garp_master_refresh_repeat", Live, Last, Argument::Int(0, MAX, |g, n| g.garp.refresh_repeat = Some(n))),
    kw("vrrp_garp_lower_prio_delay", Live, Last, Argument::Int(0, 4294, |g, n| g.garp.lower_prio_delay = Some(secs(n)))),
    kw("vrrp_garp_lower_prio_repeat", Live, Last, Argument::Int(0, MAX, |g, n| g.garp.lower_prio_repeat = Some(n))),
    kw("vrrp_down_timer_adverts", Live, Last, Argument::Int(1, 100, |g, n| g.down_timer_adverts = Some(to_u8(n)))),
    kw("vrrp_garp_interval", Live, Last, Argument::Time(0, SECONDS, |g, t| g.garp_interval = t.value)),
    kw("vrrp_gna_interval", Live, Last, Argument::Time(0, SECONDS, |g, t| g.gna_interval = t.value)),
    kw("vrrp_min_garp", Live, Last, Argument::Switch(|g, on| g.min_garp = on.value)),
    kw("vrrp_garp_extra_if", Live, Last, Argument::Line(|g, node, out| g.garp.extra = garp_extra::parse(node, 1, out))),
    old(kw("vrrp_vmac_garp_intvl", Live, Last, Argument::Line(|g, node, out| g.garp.extra = garp_extra::parse(node, 1, out))), "vrrp_garp_extra_if"),
    kw("vrrp_lower_prio_no_advert", Live, Last, Argument::Switch(|g, on| g.lower_prio_no_advert = on.value)),
    kw("vrrp_higher_prio_send_advert", Live, Last, Argument::Switch(|g, on| g.higher_prio_send_advert = on.value)),
    kw("vrrp_version", Live, Last, Argument::Int(2, 3, |g, n| g.version = Some(version(&n)))),
    kw("vrrp_iptables", Live, Last, Argument::Line(|_, node, out| iptables::chains(node, out))),
    kw("vrrp_ipsets", Live, Last, Argument::Line(|_, node, out| iptables::sets(node, out))),
    kw("nftables", Live, First, Argument::Line(|g, node, out| g.nftables = table(node, out))),
    kw("nftables_priority", Live, Last, Argument::Int(-MAX, MAX, |g, n| g.nftables_priority = i32::try_from(n.value).ok())),
    kw("nftables_ifindex", Live, Last, Argument::Flag(|g, _| g.nftables_ifindex = true)),
    kw("vrrp_check_unicast_src", Live, Last, Argument::Flag(|g, _| g.check_unicast_src = true)),
    kw("vrrp_skip_check_adv_addr", Live, Last, Argument::Switch(|g, on| g.skip_check_adv_addr = on.value)),
    kw("vrrp_strict", Live, Last, Argument::Switch(|g, on| g.strict = on.value)),
    not_yet("nftables_ipvs"),
    not_yet("nftables_ipvs_priority"),
    not_yet("nftables_ipvs_start_fwmark"),
    kw("nftables_counters", Live, Last, Argument::Flag(|g, _| g.nftables_counters = true)),
    kw("notify_fifo", Live, First, Argument::Line(|g, node, out| g.fifo.path = fifo_path(node, out))),
    kw("notify_fifo_script", Live, First, Argument::Script(|g, c| g.fifo.script = Some(c))),
    kw("vrrp_notify_fifo", Live, First, Argument::Line(|g, node, out| g.vrrp_fifo.path = fifo_path(node, out))),
    kw("vrrp_notify_fifo_script", Live, First, Argument::Script(|g, c| g.vrrp_fifo.script = Some(c))),
    kw("vrrp_notify_priority_changes", Live, Last, Argument::Switch(|g, on| g.notify_priority_changes = on.value)),
    kw("fifo_write_vrrp_states_on_reload", Live, Last, Argument::Flag(|g, _| g.fifo_states = true)),
    kw("lvs_notify_fifo", Live, First, Argument::Line(|g, node, out| g.lvs_fifo.path = fifo_path(node, out))),
    kw("lvs_notify_fifo_script", Live, First, Argument::Script(|g, c| g.lvs_fifo.script = Some(c))),
    not_yet("snmp_socket"),
    not_yet("enable_traps"),
    not_yet("enable_snmp_vrrp"),
    not_yet("enable_snmp_keepalived"),
    not_yet("enable_snmp_rfc"),
    not_yet("enable_snmp_rfcv2"),
    not_yet("enable_snmp_rfcv3"),
    not_yet("enable_snmp_checker"),
    not_yet("snmp_vs_stats_update_interval"),
    not_yet("snmp_rs_stats_update_interval"),
    not_yet("enable_dbus"),
    not_yet("dbus_service_name"),
    not_yet("dbus_no_interface_name"),
    kw("script_user", Live, Last, Argument::Line(|g, node, out| g.script_user = script::user(node, out))),
    kw("enable_script_security", Live, Last, Argument::Flag(|g, _| g.script_security = true)),
    kw("rs_init_notifies", Restart, Last, Argument::Switch(|g, on| g.rs_init_notifies = on.value)),
    kw("no_checker_emails", Live, Last, Argument::Switch(|g, on| g.no_checker_emails = on.value)),
    kw("vrrp_rx_bufs_policy", Live, Last, Argument::Line(|g, node, out| g.wire.policy = wire::policy(node, out))),
    kw("vrrp_rx_bufs_multiplier", Live, Last, Argument::Int(1, MAX, |g, n| g.wire.multiplier = Some(n))),
    kw("vrrp_startup_delay", Live, Last, Argument::Time(1_000, SECONDS, |g, t| g.startup_delay = t.value)),
    kw("vrrp_delay_after_boot", Restart, Last, Argument::Time(1_000, SECONDS, |g, t| g.delay_after_boot = t.value)),
    kw("log_unknown_vrids", Live, Last, Argument::Flag(|g, _| g.log_unknown_vrids = true)),
    kw("vrrp_owner_ignore_adverts", Live, Last, Argument::Switch(|g, on| g.owner_ignore_adverts = on.value)),
    kw("vmac_prefix", Live, First, Argument::Line(|g, node, out| g.vmac_prefix = interface(node, out))),
    kw("vmac_addr_prefix", Live, First, Argument::Line(|g, node, out| g.vmac_addr_prefix = interface(node, out))),
    ignored("random_seed", "keepalived reads it and clears it again"),
    kw("include_check", Live, Add, Argument::Line(|_, node, out| include_check(node, out))),
    kw("iproute_usr_dir", Live, Last, Argument::Word("a folder", |g, dir| g.iproute_usr_dir = Some(dir.value))),
    kw("iproute_etc_dir", Live, Last, Argument::Word("a folder", |g, dir| g.iproute_etc_dir = Some(dir.value))),
    ignored("stats_dump_file", "keepalived never uses the name"),
    ignored("json_dump_file", "keepalived never uses the name"),
];

impl GlobalDefs {
    /// The final settings of every process.
    pub fn settings(&self, out: &mut Diagnostics) -> ProcessSettings {
        ProcessSettings {
            router_id: self.router_id.clone(),
            mail: self.mail.settings(out),
            script_user: self.script_user.clone(),
            script_security: self.script_security,
            namespaces: Namespaces::default(),
            engine: self.process.settings(out),
            notify_fifo: self.fifo.settings("notify_fifo", out),
            vrrp_notify_fifo: self.vrrp_fifo.settings("vrrp_notify_fifo", out),
            lvs_notify_fifo: self.lvs_fifo.settings("lvs_notify_fifo", out),
        }
    }

    /// The table for what is dropped.
    #[must_use]
    pub fn firewall(&self) -> Firewall {
        let default = Firewall::default();
        Firewall {
            table: self.nftables.clone().unwrap_or(default.table),
            priority: self.nftables_priority.unwrap_or(default.priority),
            counters: self.nftables_counters,
            by_index: self.nftables_ifindex,
        }
    }

    /// What names of virtual interfaces of addresses begin with.
    #[must_use]
    pub fn vmac_addr_prefix(&self) -> &str {
        let prefix = self.vmac_addr_prefix.as_ref().or(self.vmac_prefix.as_ref());
        prefix.map_or(super::vmac::PREFIX, |it| &it.value)
    }

    /// Where an address goes that names no interface and has no instance.
    #[must_use]
    pub fn default_interface(&self) -> &str {
        self.default_interface.as_ref().map_or("eth0", |i| &i.value)
    }
}

impl FifoLines {
    fn settings(&self, name: &str, out: &mut Diagnostics) -> Option<Fifo> {
        let script = self.script.as_ref();
        let Some(At { value: (path, owner), .. }) = &self.path else {
            if let Some(script) = script {
                out.add(code::NO_EFFECT, script.span, format!("`{name}_script` without `{name}`"))
                    .label("never started");
            }
            return None;
        };
        let script = script.map(|s| s.value.clone());
        Some(Fifo { path: path.clone(), owner: owner.clone(), script })
    }
}

const fn secs(number: At<i64>) -> Duration {
    Duration::from_secs(number.value.unsigned_abs())
}

/// `[allow_if_changes]`: both are how it always is (QUIRKS.md, VRRP).
fn dynamic_interfaces(node: &Node, out: &mut Diagnostics) {
    extra(node, 2, out);
    if let Some(word) = node.arguments().first().filter(|it| it.text != "allow_if_changes") {
        let message = format!("`dynamic_interfaces`: unknown `{}`", word.text);
        out.add(code::BAD_ARGUMENT, word.span, message)
            .label("expected allow_if_changes or nothing");
    }
}

/// `PATH [USER [GROUP]]`
fn fifo_path(node: &Node, out: &mut Diagnostics) -> Option<At<(String, Option<RunAs>)>> {
    let Some(path) = node.arguments().first() else {
        let message = format!("`{}` needs a path", node.keyword().text);
        out.add(code::MISSING_ARGUMENT, node.keyword().span, message);
        return None;
    };
    let owner = node.arguments().get(1).map(|user| RunAs {
        user: user.text.clone(),
        group: node.arguments().get(2).map(|group| group.text.clone()),
    });
    extra(node, 4, out);
    Some(At::new((path.text.clone(), owner), path.span))
}

/// `[[+|-]CHECK ...]`: the reader of lines has acted on it already.
fn include_check(node: &Node, out: &mut Diagnostics) {
    for word in node.arguments() {
        let name = word.text.strip_prefix(['+', '-']).unwrap_or(&word.text);
        if !CHECKS.contains(&name) {
            let message = format!("`include_check`: there is no check `{name}`");
            out.add(code::BAD_ARGUMENT, word.span, message)
                .label("expected read, match, wildcard_match or brace_match")
                .did_you_mean(closest(name, CHECKS));
        }
    }
}

/// `[TABLE]`
fn table(node: &Node, out: &mut Diagnostics) -> Option<String> {
    extra(node, 2, out);
    let word = node.arguments().first()?;
    // NFT_TABLE_MAXNAMELEN, and what `nft` can name.
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./\\".contains(c);
    let good = word.text.len() < 256
        && word.text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && word.text.chars().all(plain);
    if !good {
        let message = format!("`nftables`: `{}` is no name of a table", word.text);
        out.add(code::BAD_ARGUMENT, word.span, message)
            .label("expected a letter, then letters, digits, _, -, . and /");
        return None;
    }
    Some(word.text.clone())
}

/// `IF`
pub fn interface(node: &Node, out: &mut Diagnostics) -> Option<At<String>> {
    let Some(word) = node.arguments().first() else {
        let message = format!("`{}` needs an interface", node.keyword().text);
        out.add(code::MISSING_ARGUMENT, node.keyword().span, message);
        return None;
    };
    extra(node, 2, out);
    address::interface(&node.keyword().text, word, out)
}

/// An IPv4 multicast group.
fn group4(node: &Node, out: &mut Diagnostics) -> Option<IpAddr> {
    let ip = super::ip(node, out)?;
    if !ip.value.is_ipv4() || !ip.value.is_multicast() {
        let message =
            format!("`{}`: {} is no IPv4 multicast address", node.keyword().text, ip.value);
        out.add(code::BAD_ARGUMENT, ip.span, message)
            .label("expected 224.0.0.0 to 239.255.255.255");
        return None;
    }
    Some(ip.value)
}

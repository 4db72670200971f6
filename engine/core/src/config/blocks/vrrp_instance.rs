//! `vrrp_instance`: one virtual router on one interface (reference §2.7).

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use super::address::{self, AddressLine};
use super::auth_hmac::{self, AuthHmac};
use super::authentication::{self, Authentication, Password};
use super::family;
use super::garp_extra::{self, GarpExtra};
use super::global_defs::{GlobalDefs, interface};
use super::ip_words;
use super::strict_mode;
use super::track::{self, TrackLine};
use super::vmac::{self, VmacLines};
use super::wire::{self, WireLines};
use super::{Argument, Keyword, Table, ip, kw, lines, name, to_u8, to_u32};
use crate::command::Command;
use crate::config::diagnostic::{At, Diagnostics, Span, code, count};
use crate::config::keyword::Reload::Live;
use crate::config::keyword::Repeated::{Add, First, Last};
use crate::config::keyword::{extra, ignored, old};
use crate::config::tree::Node;
use crate::config::{script, value};
use crate::net::address::Address;
use crate::track::settings::Tracks;
use crate::vrrp::settings::{
    Garp, InstanceSettings, Notify, Peer, Transport, Version, Vmacs, Wire,
};

/// Announcements as written; what is missing comes from `global_defs`.
#[derive(Clone, Debug, Default)]
pub struct GarpLines {
    /// Before the second set.
    pub delay: Option<Duration>,
    /// In the first and second set.
    pub repeat: Option<At<i64>>,
    /// Period.
    pub refresh: Option<Duration>,
    /// In each refresh.
    pub refresh_repeat: Option<At<i64>>,
    /// Second set after a worse advert.
    pub lower_prio_delay: Option<Duration>,
    /// After a worse advert.
    pub lower_prio_repeat: Option<At<i64>>,
    /// Where no adverts are sent.
    pub extra: Option<GarpExtra>,
}

/// An instance as written.
#[derive(Clone, Debug, Default)]
pub struct VrrpInstance {
    /// Its name.
    pub name: At<String>,
    pub(super) interface: Option<At<String>>,
    /// Its identifier.
    pub vrid: Option<At<u8>>,
    pub(super) version: Option<At<Version>>,
    pub(super) native_ipv6: Option<Span>,
    pub(super) state: Option<At<bool>>,
    priority: Option<At<u8>>,
    advert_int: Option<At<Duration>>,
    nopreempt: Option<Span>,
    pub(super) preempt_delay: Option<At<Duration>>,
    pub(super) unicast: Option<Span>,
    pub(super) peers: Vec<At<Peer>>,
    unicast_ttl: Option<At<u8>>,
    check_unicast_src: bool,
    pub(super) source: Option<At<IpAddr>>,
    pub(super) group: Option<At<IpAddr>>,
    pub(super) authentication: Option<Authentication>,
    /// `auth_hmac`.
    pub auth_hmac: Option<AuthHmac>,
    pub(super) wire: WireLines,
    /// Addresses in adverts.
    pub vips: Vec<AddressLine>,
    /// Addresses beside those.
    pub excluded: Vec<AddressLine>,
    /// `virtual_routes`.
    pub routes: Vec<ip_words::Line>,
    /// `virtual_rules`.
    pub rules: Vec<ip_words::Line>,
    /// `no_virtual_ipaddress`.
    pub(super) no_vips: Option<Span>,
    /// A line of `virtual_ipaddress` could not be read.
    bad_vips: bool,
    pub(super) accept: Option<At<bool>>,
    skip_check_adv_addr: Option<bool>,
    strict_mode: Option<bool>,
    pub(super) owner_ignore_adverts: Option<At<bool>>,
    /// `lvs_sync_daemon_interface`.
    pub sync_interface: Option<At<String>>,
    pub(super) down_timer_adverts: Option<At<u8>>,
    pub(super) garp: GarpLines,
    /// `track_interface`.
    pub track_interfaces: Vec<TrackLine>,
    /// `linkbeat_use_polling`.
    pub polls_link: bool,
    /// `track_script`.
    pub track_scripts: Vec<TrackLine>,
    /// `track_file`.
    pub track_files: Vec<TrackLine>,
    /// `track_process`.
    pub track_processes: Vec<TrackLine>,
    /// `track_bfd`.
    pub track_bfds: Vec<TrackLine>,
    dont_track_primary: bool,
    promote_secondaries: bool,
    pub(super) vmac: VmacLines,
    vrf: Option<At<String>>,
    pub(super) lower_prio_no_advert: Option<bool>,
    pub(super) higher_prio_send_advert: Option<bool>,
    notify: Notify,
    smtp_alert: Option<At<bool>>,
    notify_priority_changes: Option<bool>,
}

const MAX: i64 = 0x7fff_ffff;

/// Its keywords.
pub const TABLE: Table<VrrpInstance> = Table { block: "vrrp_instance", keywords: &[KEYWORDS] };

#[rustfmt::skip] // one row a line
const KEYWORDS: &[Keyword<VrrpInstance>] = &[
    kw("use_vmac", Live, Last, Argument::Line(|v, node, out| vmac::use_vmac(&mut v.vmac, node, out))),
    kw("use_vmac_addr", Live, Last, Argument::Flag(|v, _| v.vmac.for_addresses = true)),
    kw("vmac_xmit_base", Live, Last, Argument::Flag(|v, at| v.vmac.xmit_base = Some(at.span))),
    kw("use_ipvlan", Live, Last, Argument::Line(|v, node, out| vmac::use_ipvlan(&mut v.vmac, node, out))),
    kw("unicast_peer", Live, Add, Argument::Block(unicast_peers)),
    kw("unicast_fault_no_peer", Live, Last, Argument::Flag(|v, at| v.wire.fault_without_peers = Some(at.span))),
    kw("check_unicast_src", Live, Last, Argument::Flag(|v, _| v.check_unicast_src = true)),
    kw("old_unicast_checksum", Live, Last, Argument::Line(|v, node, out| v.wire.old_checksum = wire::old_checksum(node, out))),
    kw("native_ipv6", Live, Last, Argument::Flag(|v, at| v.native_ipv6 = Some(at.span))),
    kw("state", Live, Last, Argument::Line(|v, node, out| v.state = state(node, out).or(v.state.take()))),
    kw("interface", Live, Last, Argument::Line(|v, node, out| v.interface = interface(node, out))),
    kw("vrf", Live, Last, Argument::Line(|v, node, out| v.vrf = interface(node, out))),
    kw("dont_track_primary", Live, Last, Argument::Flag(|v, _| v.dont_track_primary = true)),
    kw("track_interface", Live, Add, Argument::Block(|v, node, out| track::parse(&mut v.track_interfaces, node, out))),
    kw("track_script", Live, Add, Argument::Block(|v, node, out| track::parse(&mut v.track_scripts, node, out))),
    kw("track_file", Live, Add, Argument::Block(|v, node, out| track::parse_wide(&mut v.track_files, node, out))),
    kw("track_process", Live, Add, Argument::Block(|v, node, out| track::parse_wide(&mut v.track_processes, node, out))),
    kw("track_bfd", Live, Add, Argument::Block(|v, node, out| track::parse(&mut v.track_bfds, node, out))),
    kw("mcast_src_ip", Live, Last, Argument::Line(|v, node, out| v.source = ip(node, out))),
    kw("unicast_src_ip", Live, Last, Argument::Line(|v, node, out| { v.unicast = Some(node.keyword().span); v.source = ip(node, out); })),
    kw("mcast_dst_ip", Live, Last, Argument::Line(|v, node, out| v.group = family::group(node, out))),
    ignored("track_src_ip", "keepalived 2.4.3 never finds the address missing"),
    kw("virtual_router_id", Live, Last, Argument::Int(1, 255, |v, n| v.vrid = Some(At::new(to_u8(n.clone()), n.span)))),
    kw("unicast_ttl", Live, Last, Argument::Int(0, 255, |v, n| v.unicast_ttl = Some(At::new(to_u8(n.clone()), n.span)))),
    kw("version", Live, Last, Argument::Int(2, 3, |v, n| v.version = Some(At::new(version(&n), n.span)))),
    kw("priority", Live, Last, Argument::Int(1, 255, |v, n| v.priority = Some(At::new(to_u8(n.clone()), n.span)))),
    kw("advert_int", Live, Last, Argument::Time(10_000, 255_000_000, |v, t| v.advert_int = Some(t))),
    kw("virtual_ipaddress", Live, Add, Argument::Block(|v, node, out| v.bad_vips |= !address_lines(&mut v.vips, node, out))),
    kw("virtual_ipaddress_excluded", Live, Add, Argument::Block(|v, node, out| _ = address_lines(&mut v.excluded, node, out))),
    kw("no_virtual_ipaddress", Live, Last, Argument::Flag(|v, at| v.no_vips = Some(at.span))),
    kw("promote_secondaries", Live, Last, Argument::Flag(|v, _| v.promote_secondaries = true)),
    old(kw("linkbeat_use_polling", Live, Last, Argument::Flag(|v, _| v.polls_link = true)), "linkbeat_interfaces"),
    kw("v3_checksum_as_v2", Live, Last, Argument::Switch(|v, on| v.wire.checksum_as_v2 = Some(on))),
    kw("virtual_routes", Live, Add, Argument::Block(|v, node, out| ip_words::parse(&mut v.routes, "route", node, out))),
    kw("virtual_rules", Live, Add, Argument::Block(|v, node, out| ip_words::parse(&mut v.rules, "rule", node, out))),
    kw("accept", Live, Last, Argument::Flag(|v, at| v.accept = Some(at))),
    kw("no_accept", Live, Last, Argument::Flag(|v, at| v.accept = Some(At::new(false, at.span)))),
    kw("skip_check_adv_addr", Live, Last, Argument::Switch(|v, on| v.skip_check_adv_addr = Some(on.value))),
    kw("strict_mode", Live, Last, Argument::Switch(|v, on| v.strict_mode = Some(on.value))),
    kw("preempt", Live, Last, Argument::Flag(|v, _| v.nopreempt = None)),
    kw("nopreempt", Live, Last, Argument::Flag(|v, at| v.nopreempt = Some(at.span))),
    kw("preempt_delay", Live, Last, Argument::Time(0, 1_000_000_000, |v, t| v.preempt_delay = Some(t))),
    ignored("debug", "keepalived stores it and never looks at it"),
    kw("notify_backup", Live, First, Argument::Script(|v, c| v.notify.backup = Some(Box::new(c.value)))),
    kw("notify_master", Live, First, Argument::Script(|v, c| v.notify.master = Some(Box::new(c.value)))),
    kw("notify_fault", Live, First, Argument::Script(|v, c| v.notify.fault = Some(Box::new(c.value)))),
    kw("notify_stop", Live, First, Argument::Script(|v, c| v.notify.stop = Some(Box::new(c.value)))),
    kw("notify_deleted", Live, First, Argument::Line(|v, node, out| v.notify.deleted = deleted(node, out))),
    kw("notify", Live, First, Argument::Script(|v, c| v.notify.any = Some(Box::new(c.value)))),
    kw("notify_master_rx_lower_pri", Live, First, Argument::Script(|v, c| v.notify.master_rx_lower_pri = Some(Box::new(c.value)))),
    kw("smtp_alert", Live, Last, Argument::Switch(|v, on| v.smtp_alert = Some(on))),
    kw("notify_priority_changes", Live, Last, Argument::Switch(|v, on| v.notify_priority_changes = Some(on.value))),
    kw("lvs_sync_daemon_interface", Live, Last, Argument::Line(|v, node, out| v.sync_interface = interface(node, out))),
    kw("garp_master_delay", Live, Last, Argument::Int(0, 4294, |v, n| v.garp.delay = Some(secs(n)))),
    kw("garp_master_refresh", Live, Last, Argument::Int(0, MAX, |v, n| v.garp.refresh = Some(secs(n)))),
    kw("garp_master_repeat", Live, Last, Argument::Int(0, MAX, |v, n| v.garp.repeat = Some(n))),
    kw("garp_master_refresh_repeat", Live, Last, Argument::Int(0, MAX, |v, n| v.garp.refresh_repeat = Some(n))),
    kw("garp_lower_prio_delay", Live, Last, Argument::Int(0, 4294, |v, n| v.garp.lower_prio_delay = Some(secs(n)))),
    kw("garp_lower_prio_repeat", Live, Last, Argument::Int(0, MAX, |v, n| v.garp.lower_prio_repeat = Some(n))),
    kw("down_timer_adverts", Live, Last, Argument::Int(1, 100, |v, n| v.down_timer_adverts = Some(At::new(to_u8(n.clone()), n.span)))),
    kw("timer_expired_backup", Live, Last, Argument::Line(|v, node, out| v.wire.timer_expired = wire::timer_expired(node, out))),
    old(kw("thread_timer_expired", Live, Last, Argument::Line(|v, node, out| v.wire.timer_expired = wire::timer_expired(node, out))), "timer_expired_backup"),
    kw("garp_extra_if", Live, Last, Argument::Line(|v, node, out| v.garp.extra = garp_extra::parse(node, 0, out))),
    old(kw("vmac_garp_intvl", Live, Last, Argument::Line(|v, node, out| v.garp.extra = garp_extra::parse(node, 0, out))), "garp_extra_if"),
    kw("lower_prio_no_advert", Live, Last, Argument::Switch(|v, on| v.lower_prio_no_advert = Some(on.value))),
    kw("higher_prio_send_advert", Live, Last, Argument::Switch(|v, on| v.higher_prio_send_advert = Some(on.value))),
    kw("owner_ignore_adverts", Live, Last, Argument::Switch(|v, on| v.owner_ignore_adverts = Some(on))),
    kw("kernel_rx_buf_size", Live, Last, Argument::Int(1, MAX, |v, n| v.wire.buffer = Some(to_u32(n)))),
    kw("authentication", Live, Last, Argument::Block(|v, node, out| v.authentication = Some(authentication::parse(node, out)))),
    kw("auth_hmac", Live, Last, Argument::Block(|v, node, out| v.auth_hmac = Some(auth_hmac::parse(node, out)))),
];

/// Reads the block.
pub fn parse(node: &Node, out: &mut Diagnostics) -> Option<VrrpInstance> {
    let mut instance = VrrpInstance { name: name(node, out)?, ..VrrpInstance::default() };
    let place = format!("vrrp_instance `{}`", instance.name.value);
    TABLE.apply(&place, &mut instance, lines(node), out);
    Some(instance)
}

/// What an instance gets from its sync group.
#[derive(Clone, Copy, Debug, Default)]
pub struct FromGroup {
    /// The group's `notify_priority_changes`.
    pub notify_priority_changes: Option<bool>,
}

impl VrrpInstance {
    /// The final settings, with everything that is tracked; `None` after an error.
    pub fn settings(
        &self,
        global: &GlobalDefs,
        tracks: Tracks,
        group: FromGroup,
        out: &mut Diagnostics,
    ) -> Option<InstanceSettings> {
        let name = &self.name.value;
        let version = self.version(global, out);
        let interface = self.interface(out);
        let vrid = self.vrid.as_ref().map(|v| v.value);
        if vrid.is_none() {
            out.add(
                code::INCOMPLETE,
                self.name.span,
                format!("vrrp_instance `{name}` has no `virtual_router_id`"),
            )
            .help("add `virtual_router_id N`, the same on all its routers, 1 to 255");
        }
        let wants_master = self.state.as_ref().is_some_and(|s| s.value);
        let default = if wants_master { 255 } else { 100 };
        let priority = self.priority.as_ref().map_or(default, |p| p.value);
        let wants_master = self.state.as_ref().map_or(priority == 255, |s| s.value);
        self.check_priority(priority, out);
        let transport = self.transport(global, out);
        let dev = interface.filter(|it| !it.is_empty()).unwrap_or(global.default_interface());
        let (vips, excluded) = self.addresses(dev, version, out);
        let vrf = self.vrf(out);
        self.check_family(global, out);
        let interface = interface?.to_string();
        let password = self.authentication.as_ref().and_then(|a| a.settings(version, out));
        let Password { secret: auth_pass, header: auth_header } = password.unwrap_or_default();
        let preempt = self.preempt(wants_master, priority, out);
        let advert_interval = self.advert_interval(version, out);
        let hmac = self.auth_hmac.as_ref().and_then(|it| it.settings(advert_interval, out));
        let mut settings = InstanceSettings {
            name: name.clone(),
            interface,
            vrf,
            vrid: vrid?,
            version,
            priority,
            // Below 255 it changes nothing (QUIRKS.md, VRRP).
            wants_master: wants_master && priority == 255,
            advert_interval,
            preempt,
            preempt_delay: self.preempt_delay(wants_master, out),
            transport,
            source: self.source.as_ref().map(|s| s.value),
            auth_pass,
            auth_header,
            wire: Wire { hmac, ..self.wire(global, version, out) },
            timer_expired_backup: self.timer_expired_backup(preempt, out),
            vips,
            excluded,
            routes: Vec::new(),
            rules: Vec::new(),
            accept: self.accept(priority, out),
            skip_check_adv_addr: self.skip_check_adv_addr.unwrap_or(global.skip_check_adv_addr),
            ignore_adverts: self.ignore_adverts(priority, global, out),
            down_timer_adverts: self
                .down_timer_adverts
                .as_ref()
                .map(|n| n.value)
                .or(global.down_timer_adverts)
                .unwrap_or(3),
            garp: self.garp.settings(global, out),
            vmacs: Vmacs::default(),
            tracks,
            dont_track_primary: self.dont_track_primary,
            promote_secondaries: self.promote_secondaries,
            lower_prio_no_advert: self.lower_prio_no_advert.unwrap_or(global.lower_prio_no_advert),
            higher_prio_send_advert: self
                .higher_prio_send_advert
                .unwrap_or(global.higher_prio_send_advert),
            notify: Notify {
                mail: global.mail.of_vrrp(self.smtp_alert.as_ref(), out),
                ..self.notify.clone()
            },
            notify_priority_changes: self
                .notify_priority_changes
                .or(group.notify_priority_changes)
                .unwrap_or(global.notify_priority_changes),
        };
        if self.is_strict(global) {
            strict_mode::apply(self, &mut settings, out);
        }
        Some(settings)
    }

    /// Whether it keeps to the RFC.
    pub(super) fn is_strict(&self, global: &GlobalDefs) -> bool {
        self.strict_mode.unwrap_or(global.strict)
    }

    /// The owner always accepts (RFC 9568 §6.4.3).
    fn accept(&self, priority: u8, out: &mut Diagnostics) -> bool {
        match &self.accept {
            Some(At { value: false, span }) if priority == 255 => {
                out.add(code::NO_EFFECT, *span, "`no_accept` has no effect with priority 255")
                    .label("an address owner accepts packets");
                true
            }
            given => given.as_ref().is_none_or(|accept| accept.value),
        }
    }

    fn ignore_adverts(&self, priority: u8, global: &GlobalDefs, out: &mut Diagnostics) -> bool {
        if let Some(At { value: true, span }) = &self.owner_ignore_adverts
            && priority < 255
        {
            let message = format!("`owner_ignore_adverts` has no effect with priority {priority}");
            out.add(code::NO_EFFECT, *span, message);
        }
        let own = self.owner_ignore_adverts.as_ref().map(|on| on.value);
        priority == 255 && own.unwrap_or(global.owner_ignore_adverts)
    }

    fn interface(&self, out: &mut Diagnostics) -> Option<&str> {
        let Some(interface) = &self.interface else {
            // Unicast leaves by whatever interface the routes say.
            if self.source.is_some() && !self.peers.is_empty() && !self.vmac.is_used() {
                return Some("");
            }
            out.add(
                code::INCOMPLETE,
                self.name.span,
                format!("vrrp_instance `{}` has no `interface`", self.name.value),
            )
            .help("add `interface IF`, where adverts are sent; only unicast with a source and without VMAC needs none");
            return None;
        };
        if interface.value == "lo" {
            out.add(code::BAD_ARGUMENT, interface.span, "VRRP can't run on the loopback interface")
                .help("VIPs may lie on it: `virtual_ipaddress { IP dev lo }`");
            return None;
        }
        Some(&interface.value)
    }

    fn vrf(&self, out: &mut Diagnostics) -> Option<String> {
        let vrf = self.vrf.as_ref()?;
        if let Some(interface) = &self.interface {
            out.add(code::NO_EFFECT, vrf.span, "`vrf` has no effect with `interface`")
                .related(interface.span, "this interface's VRF is used");
            return None;
        }
        Some(vrf.value.clone())
    }

    fn check_priority(&self, priority: u8, out: &mut Diagnostics) {
        let Some(state) = &self.state else { return };
        let name = &self.name.value;
        if state.value && self.priority.is_none() {
            out.add(
                code::ASSUMED,
                state.span,
                format!("vrrp_instance `{name}`: `state MASTER` without `priority`"),
            )
            .label("priority 255: the owner, master at once")
            .help("add `priority N`");
        } else if state.value && priority < 255 {
            out.add(
                code::NO_EFFECT,
                state.span,
                format!(
                    "vrrp_instance `{name}`: `state MASTER` has no effect with priority {priority}"
                ),
            )
            .label("it starts as BACKUP, and the priorities decide")
            .help("write `state BACKUP`, or leave it out");
        }
    }

    fn advert_interval(&self, version: Version, out: &mut Diagnostics) -> Duration {
        let Some(given) = &self.advert_int else { return Duration::from_secs(1) };
        let step = match version {
            Version::V2 => Duration::from_secs(1),
            Version::V3 => Duration::from_millis(10),
        };
        if version == Version::V3 && given.value > Duration::from_millis(40_950) {
            out.add(code::OUT_OF_RANGE, given.span, "`advert_int` is out of range")
                .label("version 3 carries at most 40.95 s");
        }
        let steps = (given.value.as_micros() + step.as_micros() / 2) / step.as_micros();
        let rounded = step * u32::try_from(steps).unwrap_or(u32::MAX).max(1);
        if rounded != given.value {
            let (unit, help) = match version {
                Version::V2 => {
                    ("whole seconds", Some("use `version 3` on all routers for less than a second"))
                }
                Version::V3 => ("steps of 0.01 s", None),
            };
            let micros = u64::try_from(rounded.as_micros()).unwrap_or(u64::MAX);
            let finding = out
                .add(
                    code::ADJUSTED,
                    given.span,
                    format!("`advert_int` has only {unit} in this version"),
                )
                .label(format!("taken as {} s", value::seconds(micros)));
            if let Some(help) = help {
                finding.help(help);
            }
        }
        rounded
    }

    fn preempt(&self, wants_master: bool, priority: u8, out: &mut Diagnostics) -> bool {
        let Some(span) = self.nopreempt else { return true };
        if self.state.as_ref().is_some_and(|s| s.value) || wants_master {
            out.add(code::NO_EFFECT, span, "`nopreempt` has no effect with `state MASTER`")
                .label("this router will preempt")
                .help("use `state BACKUP` on all routers");
            return true;
        }
        if priority == 255 {
            out.add(code::NO_EFFECT, span, "`nopreempt` has no effect with priority 255")
                .label("an address owner always preempts");
            return true;
        }
        false
    }

    fn preempt_delay(&self, wants_master: bool, out: &mut Diagnostics) -> Duration {
        let Some(delay) = &self.preempt_delay else { return Duration::ZERO };
        let against = match (self.nopreempt, wants_master) {
            _ if delay.value.is_zero() => return Duration::ZERO,
            (_, true) => "state MASTER",
            (Some(_), false) => "nopreempt",
            (None, false) => return delay.value,
        };
        out.add(
            code::NO_EFFECT,
            delay.span,
            format!("`preempt_delay` has no effect with `{against}`"),
        );
        Duration::ZERO
    }

    fn transport(&self, global: &GlobalDefs, out: &mut Diagnostics) -> Transport {
        let faulty = self.peers.is_empty()
            && self.unicast.is_some()
            && self.wire.fault_without_peers.is_some();
        if faulty {
            let span = self.unicast.unwrap_or(self.name.span);
            out.add(code::ASSUMED, span, "unicast without peers")
                .label("it stays in FAULT (`unicast_fault_no_peer`)")
                .help("add `unicast_peer { IP }`");
        } else if self.peers.is_empty() {
            if let Some(span) = self.unicast {
                out.add(code::ASSUMED, span, "unicast without peers")
                    .label("adverts go to the multicast group")
                    .help("add `unicast_peer { IP }`");
            } else if let Some(ttl) = &self.unicast_ttl {
                out.add(
                    code::NO_EFFECT,
                    ttl.span,
                    "`unicast_ttl` has no effect without `unicast_peer`",
                );
            }
            let group = self.group.as_ref().map(|g| g.value);
            let group = group.unwrap_or_else(|| self.default_group(global));
            return Transport::Multicast { group };
        }
        if let Some(group) = &self.group {
            out.add(
                code::NO_EFFECT,
                group.span,
                "`mcast_dst_ip` has no effect with `unicast_peer`",
            );
        }
        let limited = self.peers.iter().any(|p| p.value.ttl.is_some());
        Transport::Unicast {
            peers: self.peers.iter().map(|p| p.value).collect(),
            ttl: self.unicast_ttl(),
            check_source: self.check_unicast_src || global.check_unicast_src || limited,
        }
    }

    /// Of IPv6, 0 stands for the kernel's default, as nothing does.
    fn unicast_ttl(&self) -> u8 {
        let given = self.unicast_ttl.as_ref().map(|ttl| ttl.value);
        if self.is_ipv6() {
            given.filter(|ttl| *ttl > 0).unwrap_or(64)
        } else {
            given.unwrap_or(255)
        }
    }

    /// VIPs and excluded VIPs, on their interfaces.
    fn addresses(
        &self,
        dev: &str,
        version: Version,
        out: &mut Diagnostics,
    ) -> (Vec<Address>, Vec<Address>) {
        let name = &self.name.value;
        if self.vips.is_empty() && self.no_vips.is_none() && !self.bad_vips {
            let code = if version == Version::V3 { code::INCOMPLETE } else { code::ASSUMED };
            out.add(code, self.name.span, format!("vrrp_instance `{name}` has no virtual address"))
                .help("add `virtual_ipaddress { IP }`, or `no_virtual_ipaddress` if none is meant");
        }
        let mut seen: Vec<&AddressLine> = Vec::new();
        for line in self.vips.iter().chain(&self.excluded) {
            match seen.iter().find(|s| s.ip.value == line.ip.value) {
                Some(first) => {
                    out.add(
                        code::REPEATED,
                        line.ip.span,
                        format!("{} is given twice", line.ip.value),
                    )
                    .label("ignored")
                    .related(first.ip.span, "given here first");
                }
                None => seen.push(line),
            }
        }
        let kept = |line: &&AddressLine| seen.iter().any(|s| core::ptr::eq(*s, *line));
        let mut vips: Vec<Address> =
            self.vips.iter().filter(kept).map(|line| line.settings(dev)).collect();
        let mut excluded = Vec::new();
        let trailer = if self.auth_hmac.is_some() { crate::vrrp::auth_hmac::LENGTH } else { 0 };
        let most = self.most_vips(trailer);
        if vips.len() > most {
            excluded = vips.split_off(most);
            out.add(
                code::ADJUSTED,
                self.name.span,
                format!(
                    "vrrp_instance `{name}` has {}",
                    count(vips.len() + excluded.len(), "virtual address")
                ),
            )
            .label(format!("an advert carries {most}; the others are held without"))
            .help("move them to `virtual_ipaddress_excluded`");
        }
        excluded.extend(self.excluded.iter().filter(kept).map(|line| line.settings(dev)));
        (vips, excluded)
    }
}

impl GarpLines {
    fn settings(&self, global: &GlobalDefs, out: &mut Diagnostics) -> Garp {
        let all = &global.garp;
        let default = match global.min_garp {
            true => Garp { delay: Duration::ZERO, repeat: 1, ..Garp::default() },
            false => Garp::default(),
        };
        let extra = self.extra.or(all.extra).filter(|it| !it.every.is_zero());
        let delay = self.delay.or(all.delay).unwrap_or(default.delay);
        let repeat =
            at_least_one(self.repeat.as_ref().or(all.repeat.as_ref()), default.repeat, out);
        let refresh_repeat = self.refresh_repeat.as_ref().or(all.refresh_repeat.as_ref());
        let lower = self.lower_prio_repeat.as_ref().or(all.lower_prio_repeat.as_ref());
        // Without a value of their own these follow the global ones, not the instance's.
        let global_repeat =
            all.repeat.as_ref().map_or(default.repeat, |n| to_u32(n.clone()).max(1));
        Garp {
            delay,
            repeat,
            refresh: self.refresh.or(all.refresh).unwrap_or(default.refresh),
            refresh_repeat: at_least_one(refresh_repeat, default.refresh_repeat, out),
            lower_prio_delay: self
                .lower_prio_delay
                .or(all.lower_prio_delay)
                .or(all.delay)
                .unwrap_or(default.delay),
            lower_prio_repeat: lower.map_or(global_repeat, |n| to_u32(n.clone())),
            extra: extra.map_or(Duration::ZERO, |it| it.every),
            extra_all: extra.is_some_and(|it| it.all),
        }
    }
}

fn at_least_one(given: Option<&At<i64>>, default: u32, out: &mut Diagnostics) -> u32 {
    let Some(given) = given else { return default };
    if given.value == 0 {
        out.add(code::ADJUSTED, given.span, "at least one announcement is sent")
            .label("taken as 1");
    }
    to_u32(given.clone()).max(1)
}

/// Adds the addresses of a block; `false` if a line could not be read.
fn address_lines(addresses: &mut Vec<AddressLine>, node: &Node, out: &mut Diagnostics) -> bool {
    let before = addresses.len();
    addresses.extend(lines(node).iter().filter_map(|line| address::parse(line, out)));
    addresses.len() - before == lines(node).len()
}

/// 2 or 3; the range was checked.
#[must_use]
pub const fn version(number: &At<i64>) -> Version {
    if number.value == 3 { Version::V3 } else { Version::V2 }
}

const fn secs(number: At<i64>) -> Duration {
    Duration::from_secs(number.value.unsigned_abs())
}

/// `MASTER` is true.
fn state(node: &Node, out: &mut Diagnostics) -> Option<At<bool>> {
    let keyword = node.keyword();
    let word = node.arguments().first();
    extra(node, 2, out);
    match word.map(|w| (w.text.as_str(), w.span)) {
        Some(("MASTER", span)) => Some(At::new(true, span)),
        Some(("BACKUP", span)) => Some(At::new(false, span)),
        Some((other, span)) => {
            out.add(code::BAD_ARGUMENT, span, format!("`state`: unknown state `{other}`"))
                .label("expected MASTER or BACKUP");
            None
        }
        None => {
            out.add(code::MISSING_ARGUMENT, keyword.span, "`state` needs MASTER or BACKUP");
            None
        }
    }
}

/// `notify_deleted [SCRIPT [USER [GROUP]]]`
#[expect(clippy::option_option, reason = "the settings distinguish all three")]
fn deleted(node: &Node, out: &mut Diagnostics) -> Option<Option<Box<Command>>> {
    match node.arguments() {
        [] => Some(None),
        _ => script::with_user(node, out).map(|c| Some(Box::new(c.value))),
    }
}

/// `IP [min_ttl N] [max_ttl N]`, one peer per line.
fn unicast_peers(instance: &mut VrrpInstance, node: &Node, out: &mut Diagnostics) {
    instance.unicast = Some(node.keyword().span);
    for line in lines(node).iter().filter(|l| !l.is_stray_close()) {
        let Some(address) = value::ip("unicast_peer", line.keyword(), out) else { continue };
        let mut ttl = None;
        let mut words = line.arguments().iter();
        while let Some(word) = words.next() {
            let limit = match word.text.as_str() {
                "min_ttl" | "max_ttl" => words.next(),
                other => {
                    out.add(code::BAD_ARGUMENT, word.span, format!("unexpected `{other}`"))
                        .label("expected min_ttl, max_ttl or the end of the line")
                        .help("each peer stands on a line of its own");
                    break;
                }
            };
            let Some(limit) = limit else {
                let message = format!("`{}` needs a number from 0 to 255", word.text);
                out.add(code::MISSING_ARGUMENT, word.span, message);
                break;
            };
            let Some(number) = value::int(&word.text, limit, 0, 255, out) else { break };
            let number = u8::try_from(number).unwrap_or(u8::MAX);
            let (low, high) = ttl.unwrap_or((0, 255));
            ttl = Some(if word.text == "min_ttl" { (number, high) } else { (low, number) });
        }
        if let Some((low, high)) = ttl.filter(|(low, high)| low > high) {
            out.add(
                code::CONFLICT,
                address.span,
                format!("no TTL is at least {low} and at most {high}: nothing of it is accepted"),
            );
        }
        if let Some(first) = instance.peers.iter().find(|p| p.value.address == address.value) {
            out.add(code::REPEATED, address.span, format!("{} is given twice", address.value))
                .label("ignored")
                .related(first.span, "given here first");
            continue;
        }
        instance.peers.push(At::new(Peer { address: address.value, ttl }, address.span));
    }
}

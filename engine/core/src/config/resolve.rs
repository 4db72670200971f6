//! From what is written to settings: names become references, members inherit from their group, and what does not fit
//! together is found (reference §3.1, §3.8, §4.1).

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use super::blocks::Configuration;
use super::blocks::sync_daemon;
use super::blocks::track::TrackLine;
use super::blocks::vmac;
use super::blocks::vrrp_instance::{FromGroup, VrrpInstance};
use super::blocks::vrrp_sync_group::VrrpSyncGroup;
use super::diagnostic::{At, Diagnostics, Span, closest, code};
use crate::ipvs::settings::VirtualServer;
use crate::ipvs::table::ServiceKey;
use crate::node::settings::{CheckWorkerSettings, HostSettings, VrrpSettings};
use crate::track::settings::{ScriptSettings, TrackRef, Tracks};
use crate::vrrp::settings::{InstanceSettings, SyncGroupSettings, Transport};

/// All settings of a host. They are good only if `out` has no error.
pub fn resolve(written: &Configuration, out: &mut Diagnostics) -> HostSettings {
    let global = &written.global;
    let default_interface = global.default_interface();
    let instances = instances(written, out);
    let mut scripts = scripts(written, out);
    // What nothing tracks (any more) never runs.
    scripts.retain(|script| {
        instances.iter().any(|i| i.tracks.scripts.iter().any(|t| t.name == script.name))
    });
    let groups = &written.virtual_server_groups;
    let servers: Vec<(Span, VirtualServer)> = written
        .virtual_servers
        .iter()
        .filter_map(|v| Some((v.span(), v.settings(global, groups, out)?)))
        .collect();
    same_services(&servers, out);
    HostSettings {
        process: global.settings(out),
        vrrp: VrrpSettings {
            startup_delay: global.startup_delay,
            no_email_faults: global.no_email_faults,
            disable_local_igmp: global.disable_local_igmp,
            instances,
            sync_groups: sync_groups(written, out),
            scripts,
            static_addresses: written
                .static_addresses
                .iter()
                .map(|line| line.settings(default_interface))
                .collect(),
            vmac_addr_prefix: global.vmac_addr_prefix().into(),
            firewall: global.firewall(),
            sync_daemon: sync_daemon::settings(
                global.sync_daemon.as_ref(),
                &written.instances,
                out,
            ),
        },
        check: CheckWorkerSettings {
            virtual_servers: servers.into_iter().map(|(_, server)| server).collect(),
            flush_at_start: global.lvs_flush,
            no_checker_emails: global.no_checker_emails,
        },
    }
}

/// Two virtual servers that are one service in the kernel.
fn same_services(servers: &[(Span, VirtualServer)], out: &mut Diagnostics) {
    let mut taken: BTreeMap<ServiceKey, (Span, &str)> = BTreeMap::new();
    for (span, server) in servers {
        for key in &server.keys {
            let Some((first, name)) = taken.insert(*key, (*span, &server.name)) else { continue };
            out.add(
                code::DUPLICATE,
                *span,
                format!(
                    "virtual_server {} is a service of virtual_server {name} already",
                    server.name
                ),
            )
            .related(first, "given here first");
            break;
        }
    }
}

fn scripts(written: &Configuration, out: &mut Diagnostics) -> Vec<ScriptSettings> {
    let instances = written.instances.iter().flat_map(|i| &i.track_scripts);
    let groups = written.sync_groups.iter().flat_map(|g| &g.track_scripts);
    let used: BTreeSet<&str> = instances.chain(groups).map(|t| t.name.value.as_str()).collect();
    let mut settings = Vec::new();
    for script in &written.scripts {
        if !used.contains(script.name.value.as_str()) {
            out.add(
                code::UNUSED,
                script.name.span,
                format!("nothing tracks the script `{}`", script.name.value),
            )
            .label("it never runs")
            .help(format!("add `track_script {{ {} }}` to an instance", script.name.value));
        }
        settings.extend(script.settings(out));
    }
    settings
}

fn sync_groups(written: &Configuration, out: &mut Diagnostics) -> Vec<SyncGroupSettings> {
    let names = || written.instances.iter().map(|i| i.name.value.as_str());
    let mut taken: Vec<(&At<String>, &str)> = Vec::new();
    let mut settings = Vec::new();
    for group in &written.sync_groups {
        let name = &group.name.value;
        let mut members = Vec::new();
        for member in &group.members {
            if !names().any(|n| n == member.value) {
                out.add(
                    code::UNKNOWN_NAME,
                    member.span,
                    format!("there is no vrrp_instance `{}`", member.value),
                )
                .did_you_mean(closest(&member.value, names()));
            } else if let Some((first, of)) = taken.iter().find(|(m, _)| m.value == member.value) {
                out.add(
                    code::DUPLICATE,
                    member.span,
                    format!("`{}` is already in the sync group `{of}`", member.value),
                )
                .related(first.span, "here");
            } else {
                taken.push((member, name));
                members.push(member.value.clone());
            }
        }
        match group.members.len() {
            0 => {
                out.add(
                    code::INCOMPLETE,
                    group.name.span,
                    format!("vrrp_sync_group `{name}` has no members"),
                )
                .help("add `group { INSTANCE ... }`");
            }
            1 => {
                out.add(
                    code::NO_EFFECT,
                    group.name.span,
                    format!("vrrp_sync_group `{name}` has one member only"),
                );
            }
            _ => {}
        }
        settings.push(group.settings(members, &written.global.mail, out));
    }
    settings
}

fn instances(written: &Configuration, out: &mut Diagnostics) -> Vec<InstanceSettings> {
    let mut all: Vec<(&VrrpInstance, InstanceSettings)> = Vec::new();
    let mut names = vmac::Names::given(&written.instances);
    for instance in &written.instances {
        let name = &instance.name.value;
        let group = written.sync_groups.iter().find(|g| g.members.iter().any(|m| m.value == *name));
        let tracks = tracks(written, instance, group, out);
        let from_group =
            FromGroup { notify_priority_changes: group.and_then(|g| g.notify_priority_changes) };
        let Some(mut settings) = instance.settings(&written.global, tracks, from_group, out) else {
            continue;
        };
        vmac::apply(instance, &mut settings, &written.global, &mut names, out);
        weights(instance, &mut settings, group, out);
        for (other, earlier) in &all {
            clash(instance, &settings, other, earlier, out);
            vmac::clash(instance, &settings, earlier, out);
        }
        all.push((instance, settings));
    }
    all.into_iter().map(|(_, settings)| settings).collect()
}

// -- tracking

/// What an instance watches: its own and its group's; the group's weight wins.
fn tracks(
    written: &Configuration,
    instance: &VrrpInstance,
    group: Option<&VrrpSyncGroup>,
    out: &mut Diagnostics,
) -> Tracks {
    let mut tracks = Tracks::default();
    let groups_scripts = group.map_or(&[][..], |g| &g.track_scripts);
    for line in merged(groups_scripts, &instance.track_scripts) {
        let found = written.scripts.iter().find(|s| s.name.value == line.name.value);
        let Some(script) = found else {
            let names = written.scripts.iter().map(|s| s.name.value.as_str());
            let meant = closest(&line.name.value, names);
            let message = format!("there is no vrrp_script `{}`", line.name.value);
            out.add(code::UNKNOWN_NAME, line.name.span, message).did_you_mean(meant);
            continue;
        };
        tracks.scripts.push(line.settings(script.weight));
    }
    let groups_interfaces = group.map_or(&[][..], |g| &g.track_interfaces);
    for line in merged(groups_interfaces, &instance.track_interfaces) {
        tracks.interfaces.push(line.settings(None));
    }
    tracks
}

fn merged<'l>(group: &'l [TrackLine], own: &'l [TrackLine]) -> impl Iterator<Item = &'l TrackLine> {
    let only_own = own.iter().filter(|line| !group.iter().any(|g| g.name.value == line.name.value));
    only_own.chain(group)
}

/// Weights that can't have their effect.
fn weights(
    instance: &VrrpInstance,
    settings: &mut InstanceSettings,
    group: Option<&VrrpSyncGroup>,
    out: &mut Diagnostics,
) {
    let name = &settings.name;
    let tracks = &mut settings.tracks;
    let place = |track: &TrackRef| place(instance, group, &track.name);
    tracks.interfaces.retain(|track| {
        let own = track.name == settings.interface;
        if own {
            out.add(
                code::NO_EFFECT,
                place(track),
                format!("`{}` is the interface of {name} itself", track.name),
            )
            .label("tracked anyway");
        }
        !own
    });
    if settings.priority == 255 {
        let mut unweighted = |track: &TrackRef| {
            if track.weight != 0 {
                out.add(
                    code::NO_EFFECT,
                    place(track),
                    format!("{name}: a weight has no effect with priority 255"),
                )
                .label("not tracked")
                .help("an address owner keeps its priority: use a priority below 255");
            }
            track.weight == 0
        };
        tracks.scripts.retain(&mut unweighted);
        tracks.interfaces.retain(&mut unweighted);
        return;
    }
    if let Some(group) = group
        && !group.tracking_weight
    {
        let help = "add `sync_group_tracking_weight` to the group, or leave the weight out";
        tracks.scripts.retain(|track| {
            if track.weight != 0 {
                out.add(
                    code::NO_EFFECT,
                    place(track),
                    format!("{name}: a member of a sync group can't track by weight"),
                )
                .label("not tracked")
                .help(help);
            }
            track.weight == 0
        });
        for track in tracks.interfaces.iter_mut().filter(|t| t.weight != 0) {
            out.add(
                code::NO_EFFECT,
                place(track),
                format!("{name}: a member of a sync group can't track by weight"),
            )
            .label("a failure is a fault")
            .help(help);
            track.weight = 0;
        }
    }
    let highest = i32::from(settings.priority)
        + tracks.scripts.iter().chain(&tracks.interfaces).map(gain).sum::<i32>();
    if highest > 254 {
        out.add(
            code::NO_EFFECT,
            instance.name.span,
            format!("{name}: priority {} and all weights make {highest}", settings.priority),
        )
        .label("an effective priority is at most 254")
        .help("a failure moves less than its weight says: lower the priority");
    }
}

/// The most that a track adds.
fn gain(track: &TrackRef) -> i32 {
    let weight = if track.reverse { -track.weight } else { track.weight };
    i32::from(weight.max(0))
}

/// Where an instance, or its group, names a tracked object.
fn place(instance: &VrrpInstance, group: Option<&VrrpSyncGroup>, name: &str) -> Span {
    let own = instance.track_scripts.iter().chain(&instance.track_interfaces);
    let groups = group.into_iter().flat_map(|g| g.track_scripts.iter().chain(&g.track_interfaces));
    own.chain(groups).find(|t| t.name.value == name).map_or(instance.name.span, |t| t.name.span)
}

// -- clashes

/// Two instances on one host that nobody could tell apart (reference §3.1), or that hold the same address.
fn clash(
    instance: &VrrpInstance,
    settings: &InstanceSettings,
    other: &VrrpInstance,
    earlier: &InstanceSettings,
    out: &mut Diagnostics,
) {
    let same_space = match (&settings.transport, &earlier.transport) {
        (Transport::Multicast { group: a }, Transport::Multicast { group: b }) => a == b,
        (Transport::Unicast { peers: a, .. }, Transport::Unicast { peers: b, .. }) => {
            settings.source == earlier.source
                && a.iter().any(|a| b.iter().any(|b| a.address == b.address))
        }
        _ => false,
    };
    if same_space && settings.vrid == earlier.vrid && settings.interface == earlier.interface {
        let span = |i: &VrrpInstance| i.vrid.as_ref().map_or(i.name.span, |v| v.span);
        out.add(
            code::VRID_CLASH,
            span(instance),
            format!(
                "vrrp_instance `{}` has the virtual_router_id {} of `{}` on {}",
                settings.name, settings.vrid, earlier.name, settings.interface
            ),
        )
        .related(span(other), "used here first")
        .help("each virtual router on a segment needs an identifier of its own");
    }
    let taken = |ip: IpAddr| earlier.vips.iter().chain(&earlier.excluded).any(|a| a.ip == ip);
    for line in instance.vips.iter().filter(|line| taken(line.ip.value)) {
        let first = other.vips.iter().find(|l| l.ip.value == line.ip.value);
        let finding = out.add(
            code::REPEATED,
            line.ip.span,
            format!("{} is an address of vrrp_instance `{}` already", line.ip.value, earlier.name),
        );
        if let Some(first) = first {
            finding.related(first.ip.span, "here");
        }
    }
}

//! From what is written to settings: names become references, members inherit from their group, and what does not fit
//! together is found (reference §3.1, §3.8, §4.1).

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use super::blocks::Configuration;
use super::blocks::bfd_check;
use super::blocks::sync_daemon;
use super::blocks::vmac;
use super::blocks::vrrp_instance::{FromGroup, VrrpInstance};
use super::blocks::{garp_group, link_lists};
use super::diagnostic::{At, Diagnostics, Span, closest, code};
use super::routing::{self, OfInstance};
use super::tracking::{self, Objects};
use crate::bfd::settings::BfdSettings;
use crate::ipvs::settings::VirtualServer;
use crate::ipvs::table::ServiceKey;
use crate::net::names::Names;
use crate::node::settings::{CheckWorkerSettings, HostSettings, VrrpSettings};
use crate::vrrp::settings::{InstanceSettings, Pace, Paces, SyncGroupSettings, Transport};

/// All settings of a host. They are good only if `out` has no error.
pub fn resolve(written: &Configuration, names: &Names, out: &mut Diagnostics) -> HostSettings {
    let global = &written.global;
    let default_interface = global.default_interface();
    let mut routing = routing::resolve(written, names, out);
    let instances = instances(written, &mut routing.instances, out);
    let Objects { scripts, files, processes } = tracking::objects(written, &instances, out);
    let groups = &written.virtual_server_groups;
    let servers: Vec<(Span, VirtualServer)> = written
        .virtual_servers
        .iter()
        .filter_map(|v| Some((v.span(), v.settings(global, groups, out)?)))
        .collect();
    same_services(&servers, out);
    for server in written.virtual_servers.iter().flat_map(|v| &v.real_servers) {
        bfd_check::check(&server.checkers, &written.bfd_instances, out);
    }
    let bfd = bfd(written, out);
    let mut process = global.settings(out);
    process.namespaces.clone_from(&written.namespaces);
    if !bfd.is_empty() {
        global.process.with_sessions(&mut process.engine);
    }
    HostSettings {
        process,
        vrrp: VrrpSettings {
            startup_delay: global.startup_delay,
            no_email_faults: global.no_email_faults,
            buffers: global.buffers.of_vrrp(),
            fifo_states: global.fifo_states,
            delay_after_boot: global.delay_after_boot,
            log_unknown_vrids: global.log_unknown_vrids,
            disable_local_igmp: global.disable_local_igmp,
            sync_groups: sync_groups(written, out),
            scripts,
            files,
            processes,
            bfd,
            link_delays: link_lists::delay_settings(&written.link_delays, &instances, out),
            link_beats: link_lists::beat_settings(
                &written.link_beats,
                written.polls_links,
                &written.instances,
                &instances,
            ),
            paces: Paces {
                default: Pace { interval: global.garp_interval, na_interval: global.gna_interval },
                groups: garp_group::settings(&written.garp_groups, out),
            },
            instances,
            static_addresses: written
                .static_addresses
                .iter()
                .map(|line| line.settings(default_interface))
                .collect(),
            vmac_addr_prefix: global.vmac_addr_prefix().into(),
            static_routes: routing.routes,
            static_rules: routing.rules,
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
            init_notifies: global.rs_init_notifies,
            flush_on_stop: global.lvs_flush_on_stop,
            timeouts: global.lvs_timeouts,
            buffer: global.buffers.of_checks(),
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

/// Sessions, of which two have not the same two ends.
fn bfd(written: &Configuration, out: &mut Diagnostics) -> Vec<BfdSettings> {
    let mut taken: Vec<(BfdSettings, Span)> = Vec::new();
    for session in &written.bfd_instances {
        let Some(settings) = session.settings(out) else { continue };
        let ends = |it: &BfdSettings| (it.source, it.neighbour, it.multihop);
        if let Some((first, span)) = taken.iter().find(|(it, _)| ends(it) == ends(&settings)) {
            let message =
                format!("bfd_instance `{}` has the same ends as `{}`", settings.name, first.name);
            out.add(code::DUPLICATE, session.span(), message).related(*span, "the first one");
            continue;
        }
        taken.push((settings, session.span()));
    }
    taken.into_iter().map(|(settings, _)| settings).collect()
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

fn instances(
    written: &Configuration,
    routing: &mut [OfInstance],
    out: &mut Diagnostics,
) -> Vec<InstanceSettings> {
    let mut all: Vec<(&VrrpInstance, InstanceSettings)> = Vec::new();
    let mut names = vmac::Names::given(&written.instances);
    for (instance, routing) in written.instances.iter().zip(routing) {
        let name = &instance.name.value;
        let group = written.sync_groups.iter().find(|g| g.members.iter().any(|m| m.value == *name));
        let tracks = tracking::tracks(written, instance, group, out);
        let from_group =
            FromGroup { notify_priority_changes: group.and_then(|g| g.notify_priority_changes) };
        let Some(mut settings) = instance.settings(&written.global, tracks, from_group, out) else {
            continue;
        };
        vmac::apply(instance, &mut settings, &written.global, &mut names, out);
        tracking::weights(instance, &mut settings, group, out);
        routing::apply(routing, &mut settings);
        for (other, earlier) in &all {
            clash(instance, &settings, other, earlier, out);
            vmac::clash(instance, &settings, earlier, out);
        }
        all.push((instance, settings));
    }
    all.into_iter().map(|(_, settings)| settings).collect()
}

// -- clashes

/// What an instance runs on.
fn base(settings: &InstanceSettings) -> &str {
    settings.vrf.as_ref().unwrap_or(&settings.interface)
}

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
    if same_space && settings.vrid == earlier.vrid && base(settings) == base(earlier) {
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

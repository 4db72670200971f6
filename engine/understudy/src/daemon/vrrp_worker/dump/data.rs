//! `keepalived.data`: what the VRRP worker has, section by section, in keepalived's words and order.

use understudy_core::command::Command;
use understudy_core::node::settings::ProcessSettings;
use understudy_core::node::vrrp::Slot;
use understudy_core::track::process::Process;
use understudy_core::track::script::Script;
use understudy_core::track::settings::{TrackRef, Tracks};
use understudy_core::track::verdict::Health;
use understudy_core::vrrp::instance::State;
use understudy_core::vrrp::settings::{InstanceSettings, Notify, Paces, Transport, Version};
use understudy_core::vrrp::sync_group::SyncGroup;

use super::{Dates, address, bfd, living, routing, wanted};
use crate::daemon::dump::{ENABLED, Page, TRUE, YES, owner, quoted, word};
use crate::daemon::vrrp_worker::VrrpWorker;
use crate::netlink::link::Link;

/// Everything after the global definitions.
pub fn write(page: &mut Page, worker: &VrrpWorker, process: &ProcessSettings, dates: &Dates) {
    let node = &worker.node;
    announcements(page, node.paces());
    if !node.static_addresses().is_empty() {
        page.section("Static Addresses");
        for it in node.static_addresses() {
            page.line(5, &address(it, node.holds(it)));
        }
    }
    if !node.static_routes().is_empty() {
        page.section("Static Routes");
        node.static_routes().iter().for_each(|it| page.line(5, &routing::route(it)));
    }
    if !node.static_rules().is_empty() {
        page.section("Static Rules");
        node.static_rules().iter().for_each(|it| page.line(5, &routing::rule(it)));
    }
    if living(node).next().is_some() {
        page.section("VRRP Topology");
        living(node).for_each(|slot| instance(page, slot, worker, process, dates));
    }
    if !node.groups().is_empty() {
        page.section("VRRP Sync groups");
        node.groups().iter().for_each(|group| sync_group(page, group, worker, process));
    }
    if !node.scripts().is_empty() {
        page.section("VRRP Scripts");
        node.scripts().iter().for_each(|script| self::script(page, script, worker, process));
    }
    if !node.files().is_empty() {
        page.section("VRRP Track files");
        for file in node.files() {
            let settings = file.settings();
            page.object("Track file", &settings.name);
            page.field("File", &settings.path);
            page.field("Status", file.value());
            users(page, worker, |tracks| &tracks.files, &settings.name);
        }
    }
    if !node.processes().is_empty() {
        page.section("VRRP Track processes");
        node.processes().iter().for_each(|process| self::process(page, process, worker));
    }
    bfd::tracked(page, worker);
    page.section("Interfaces");
    worker.interfaces.values().for_each(|link| interface(page, link, worker));
    bfd::topology(page, node, dates);
}

fn instance(
    page: &mut Page,
    slot: &Slot,
    worker: &VrrpWorker,
    process: &ProcessSettings,
    dates: &Dates,
) {
    let (settings, it) = (&slot.settings, &slot.instance);
    page.object("VRRP Instance", &settings.name);
    page.field("VRRP Version", if settings.version == Version::V2 { 2 } else { 3 });
    if let Some(group) = slot.group.and_then(|group| worker.node.groups().get(group)) {
        page.field("Sync group", group.name());
    }
    page.field("State", it.state());
    if let (State::Backup, Some(heard)) = (it.state(), it.heard()) {
        page.field("Master router", heard.address);
        page.field("Master priority", heard.priority);
    }
    flags(page, settings);
    page.field("Wantstate", wanted(slot));
    page.field("Number of config faults", 0);
    let faults = u8::from(it.state() == State::Fault);
    page.field("Number of interface and track script faults", faults);
    page.field("Number of track scripts init", unknown_scripts(slot, worker));
    page.field("Last transition", dates.text(it.since()));
    if let Some(deadline) = it.deadline() {
        page.field("Read timeout", dates.text(deadline));
    }
    let down = it.master_down_interval().as_micros();
    page.field("Master down timer", format!("{down} usecs"));
    page.field("Interface", &settings.interface);
    if let Some(source) = slot.source {
        page.field("Using src_ip", source);
    }
    if let Transport::Multicast { group } = settings.transport {
        page.line(3, &format!("Multicast address {group}"));
    }
    timers(page, settings);
    page.field("Virtual Router ID", settings.vrid);
    page.field("Priority", settings.priority);
    page.field("Effective priority", it.priority());
    page.field("Total priority", it.priority());
    let interval = settings.advert_interval;
    match settings.version {
        Version::V2 => page.field("Advert interval", format!("{} sec", interval.as_secs())),
        Version::V3 => {
            page.field("Advert interval", format!("{} milli-sec", interval.as_millis()));
        }
    }
    page.field("Accept", word(settings.accept, ENABLED));
    page.field("Preempt", word(settings.preempt, ENABLED));
    if !settings.preempt_delay.is_zero() {
        page.field("Preempt delay", format!("{} secs", settings.preempt_delay.as_secs_f64()));
    }
    page.field("Promote_secondaries", word(settings.promote_secondaries, ENABLED));
    if settings.auth_pass.is_some() {
        let kind = if settings.auth_header { "IPSEC_AH" } else { "SIMPLE_PASSWORD" };
        page.field("Authentication type", kind);
        page.field("Password", "********");
    }
    let line = |it: &_| address(it, worker.node.holds(it));
    let title = format!("Virtual IP ({}):", settings.vips.len());
    page.list(&title, settings.vips.iter().map(line));
    page.list("Virtual IP Excluded :", settings.excluded.iter().map(line));
    unicast(page, settings);
    page.list("Virtual Routes :", settings.routes.iter().map(routing::route));
    page.list("Virtual Rules :", settings.rules.iter().map(routing::rule));
    let tracks = &settings.tracks;
    page.list("Tracked interfaces :", tracks.interfaces.iter().map(|t| tracked(t, " weight")));
    page.list("Tracked scripts :", tracks.scripts.iter().map(|t| tracked(t, " weight")));
    page.list("Tracked files :", tracks.files.iter().map(|t| tracked(t, ", weight")));
    page.list("Tracked processes :", tracks.processes.iter().map(|t| tracked(t, ", weight")));
    page.list("Tracked BFDs :", tracks.bfds.iter().map(|t| tracked(t, ": weight")));
    page.field("Using smtp notification", word(settings.notify.mail, YES));
    let deleted = settings.notify.deleted.is_some();
    page.field("Notify deleted", if deleted { "Deleted" } else { "Fault" });
    notify(page, &settings.notify, process);
    page.field("Notify priority changes", word(settings.notify_priority_changes, TRUE));
}

fn unknown_scripts(slot: &Slot, worker: &VrrpWorker) -> usize {
    let tracked = |name: &str| slot.settings.tracks.scripts.iter().any(|t| t.name == name);
    let scripts = worker.node.scripts().iter();
    scripts.filter(|s| tracked(&s.settings().name) && s.health() == Health::Unknown).count()
}

fn flags(page: &mut Page, settings: &InstanceSettings) {
    let unicast = matches!(settings.transport, Transport::Unicast { .. });
    let flags = [
        (unicast, "Using unicast"),
        (settings.dont_track_primary, "Don't track primary"),
        (settings.skip_check_adv_addr, "Skip check of advert addresses"),
    ];
    let set: Vec<&str> = flags.iter().filter(|(on, _)| *on).map(|(_, name)| *name).collect();
    if set.is_empty() {
        page.line(3, "Flags: none");
    } else {
        page.line(3, "Flags:");
        set.into_iter().for_each(|name| page.line(5, name));
    }
}

fn timers(page: &mut Page, settings: &InstanceSettings) {
    let garp = &settings.garp;
    page.field("Gratuitous ARP delay", garp.delay.as_secs());
    page.field("Gratuitous ARP repeat", garp.repeat);
    page.field("Gratuitous ARP refresh", garp.refresh.as_secs());
    page.field("Gratuitous ARP refresh repeat", garp.refresh_repeat);
    page.field("Gratuitous ARP lower priority delay", garp.lower_prio_delay.as_secs());
    page.field("Gratuitous ARP lower priority repeat", garp.lower_prio_repeat);
    page.field("Down timer adverts", settings.down_timer_adverts);
    page.field(
        "Send advert after receive lower priority advert",
        word(!settings.lower_prio_no_advert, TRUE),
    );
    page.field(
        "Send advert after receive higher priority advert",
        word(settings.higher_prio_send_advert, TRUE),
    );
}

fn unicast(page: &mut Page, settings: &InstanceSettings) {
    let Transport::Unicast { peers, ttl, check_source } = &settings.transport else { return };
    page.field("Unicast TTL", ttl);
    page.line(3, &format!("Check unicast src : {}", word(*check_source, YES)));
    page.list(
        "Unicast Peer :",
        peers.iter().map(|peer| {
            let (low, high) = peer.ttl.unwrap_or((0, 255));
            format!("{} min_ttl {low} max_ttl {high}", peer.address)
        }),
    );
}

fn tracked(track: &TrackRef, weight: &str) -> String {
    let reverse = if track.reverse { " reverse" } else { "" };
    format!("{}{weight} {}{reverse}", track.name, track.weight)
}

fn notify(page: &mut Page, notify: &Notify, process: &ProcessSettings) {
    let deleted = notify.deleted.as_ref().and_then(Option::as_deref);
    let scripts: [(&str, Option<&Command>); 7] = [
        ("Backup", notify.backup.as_deref()),
        ("Master", notify.master.as_deref()),
        ("Fault", notify.fault.as_deref()),
        ("Stop", notify.stop.as_deref()),
        ("Deleted", deleted),
        ("Generic", notify.any.as_deref()),
        ("Master rx lower pri", notify.master_rx_lower_pri.as_deref()),
    ];
    for (name, script) in scripts {
        if let Some(command) = script {
            let text = format!("{}, uid:gid {}", quoted(command), owner(command, process));
            page.field(&format!("{name} state transition script"), text);
        }
    }
}

/// Limits that interfaces share.
fn announcements(page: &mut Page, paces: &Paces) {
    if !paces.groups.is_empty() {
        page.section("Gratuitous ARP delays");
    }
    let mut shared = 0;
    for group in &paces.groups {
        // An interface alone is in no group that has a number.
        let number = if group.interfaces.len() > 1 {
            shared += 1;
            shared
        } else {
            0
        };
        page.section(&format!("GARP delay group {number}"));
        let intervals = [("GARP", group.pace.interval), ("GNA", group.pace.na_interval)];
        for (what, interval) in intervals.into_iter().filter(|(_, it)| !it.is_zero()) {
            page.object(&format!("{what} interval"), interval.as_secs_f64());
        }
        page.line(1, "Interfaces");
        group.interfaces.iter().for_each(|name| page.line(2, name));
    }
}

fn sync_group(page: &mut Page, group: &SyncGroup, worker: &VrrpWorker, process: &ProcessSettings) {
    page.object("VRRP Sync Group", format!("{}, {}", group.name(), group.state));
    let count = |state: State| {
        let members = group.members.iter().filter_map(|index| worker.node.slots().get(*index));
        members.filter(|slot| slot.instance.state() == state).count()
    };
    let (fault, init) = (count(State::Fault), count(State::Init));
    page.line(3, &format!("Num member fault {fault}, num member init {init}"));
    page.list("VRRP member instances :", group.settings.members.iter().cloned());
    page.field("Using smtp notification", word(group.settings.notify.mail, YES));
    notify(page, &group.settings.notify, process);
}

fn script(page: &mut Page, script: &Script, worker: &VrrpWorker, process: &ProcessSettings) {
    let settings = script.settings();
    page.object("VRRP Script", &settings.name);
    page.field("Command", quoted(&settings.command));
    page.field("Interval", format!("{} sec", settings.interval.as_secs_f64()));
    page.field("Timeout", format!("{} sec", settings.timeout.as_secs_f64()));
    page.field("Rise", settings.rise);
    page.field("Fall", settings.fall);
    page.field("Result", script.state().counter);
    page.field("Init state", if settings.init_fail { "bad" } else { "unknown" });
    let status = match script.health() {
        Health::Good => "GOOD",
        Health::Bad => "BAD",
        Health::Unknown => "INIT",
    };
    page.field("Status", status);
    page.field("Script uid:gid", owner(&settings.command, process));
    users(page, worker, |tracks| &tracks.scripts, &settings.name);
    page.field("State", if script.is_running() { "running" } else { "idle" });
}

/// Who tracks an object.
pub(super) fn users(
    page: &mut Page,
    worker: &VrrpWorker,
    of: fn(&Tracks) -> &Vec<TrackRef>,
    name: &str,
) {
    let users = living(&worker.node).filter_map(|slot| {
        let track = of(&slot.settings.tracks).iter().find(|track| track.name == name)?;
        Some(TrackRef { name: slot.settings.name.clone(), ..track.clone() })
    });
    page.list("Tracking instances :", users.map(|track| tracked(&track, ", weight")));
}

fn process(page: &mut Page, process: &Process, worker: &VrrpWorker) {
    let settings = process.settings();
    page.object("VRRP Track process", &settings.name);
    page.field("Process", &settings.process);
    page.field("Min processes", settings.quorum);
    page.field("Current processes", process.count());
    page.field("Have quorum", word(process.health() == Health::Good, TRUE));
    page.field("Terminate delay", format!("{:.6}s", settings.terminate_delay.as_secs_f64()));
    page.field("Fork delay", format!("{:.6}s", settings.fork_delay.as_secs_f64()));
    page.field("Full command", word(settings.full_command, TRUE));
    users(page, worker, |tracks| &tracks.processes, &settings.name);
}

fn interface(page: &mut Page, link: &Link, worker: &VrrpWorker) {
    page.object("Name", &link.name);
    page.field("index", link.index);
    if let Some(mac) = link.mac {
        let bytes: Vec<String> = mac.iter().map(|byte| format!("{byte:02x}")).collect();
        page.field("MAC", bytes.join(":"));
    }
    let state = match (link.on, link.up) {
        (_, true) => "UP, RUNNING",
        (true, false) => "UP, not RUNNING",
        (false, false) => "not UP, not RUNNING",
    };
    page.field("State", state);
    let own = living(&worker.node).filter_map(|slot| {
        let settings = &slot.settings;
        if settings.interface == link.name {
            return (!settings.dont_track_primary).then(|| format!("{}, weight 0", settings.name));
        }
        let track = settings.tracks.interfaces.iter().find(|track| track.name == link.name)?;
        Some(tracked(&TrackRef { name: settings.name.clone(), ..track.clone() }, ", weight"))
    });
    page.list("Tracking VRRP instances :", own);
}

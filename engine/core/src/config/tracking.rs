//! What instances track: names become references, members inherit from their group, and weights that can't have their
//! effect are found (reference §3.8).

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::blocks::Configuration;
use super::blocks::bfd_instance::BfdInstance;
use super::blocks::track::{TrackLine, Weight};
use super::blocks::vrrp_instance::VrrpInstance;
use super::blocks::vrrp_sync_group::VrrpSyncGroup;
use super::diagnostic::{At, Diagnostics, Span, closest, code};
use crate::track::settings::{FileSettings, ScriptSettings, TrackRef, Tracks, WatchSettings};
use crate::vrrp::settings::InstanceSettings;

/// All that is tracked by some instance.
pub struct Objects {
    pub scripts: Vec<ScriptSettings>,
    pub files: Vec<FileSettings>,
    pub processes: Vec<WatchSettings>,
}

/// A kind of tracked object.
struct Kind {
    /// Where it is defined.
    block: &'static str,
    /// As people call it.
    noun: &'static str,
    /// Where it is tracked.
    keyword: &'static str,
    /// What becomes of one that nothing tracks.
    idle: &'static str,
    of_instance: fn(&VrrpInstance) -> &[TrackLine],
    of_group: fn(&VrrpSyncGroup) -> &[TrackLine],
    of_tracks: fn(&Tracks) -> &[TrackRef],
}

const SCRIPT: Kind = Kind {
    block: "vrrp_script",
    noun: "script",
    keyword: "track_script",
    idle: "it never runs",
    of_instance: |i| &i.track_scripts,
    of_group: |g| &g.track_scripts,
    of_tracks: |t| &t.scripts,
};
const FILE: Kind = Kind {
    block: "track_file",
    noun: "file",
    keyword: "track_file",
    idle: "it is never read",
    of_instance: |i| &i.track_files,
    of_group: |g| &g.track_files,
    of_tracks: |t| &t.files,
};
const BFD: Kind = Kind {
    block: "bfd_instance",
    noun: "BFD session",
    keyword: "track_bfd",
    idle: "",
    of_instance: |i| &i.track_bfds,
    of_group: |g| &g.track_bfds,
    of_tracks: |t| &t.bfds,
};
const PROCESS: Kind = Kind {
    block: "vrrp_track_process",
    noun: "process",
    keyword: "track_process",
    idle: "it is not counted",
    of_instance: |i| &i.track_processes,
    of_group: |g| &g.track_processes,
    of_tracks: |t| &t.processes,
};

const KINDS: [Kind; 4] = [SCRIPT, FILE, PROCESS, BFD];

/// The settings of everything that an instance tracks; what nothing tracks is reported and left out.
pub fn objects(
    written: &Configuration,
    instances: &[InstanceSettings],
    out: &mut Diagnostics,
) -> Objects {
    let scripts = written.scripts.iter().map(|s| (&s.name, s.settings(out))).collect();
    let files = written.track_files.iter().map(|f| (&f.name, f.settings(out))).collect();
    let processes = written.track_processes.iter().map(|p| (&p.name, p.settings(out))).collect();
    Objects {
        scripts: tracked(&SCRIPT, written, instances, scripts, out),
        files: tracked(&FILE, written, instances, files, out),
        processes: tracked(&PROCESS, written, instances, processes, out),
    }
}

fn tracked<S>(
    kind: &Kind,
    written: &Configuration,
    instances: &[InstanceSettings],
    objects: Vec<(&At<String>, Option<S>)>,
    out: &mut Diagnostics,
) -> Vec<S> {
    let Kind { noun, keyword, idle, .. } = kind;
    // What was asked for and had to be dropped was reported there.
    let named = names_of(written, kind);
    let mut kept = Vec::new();
    for (At { value: name, span }, settings) in objects {
        if !named.contains(name.as_str()) {
            out.add(code::UNUSED, *span, format!("nothing tracks the {noun} `{name}`"))
                .label(*idle)
                .help(format!("add `{keyword} {{ {name} }}` to an instance"));
        }
        let refers =
            |i: &InstanceSettings| (kind.of_tracks)(&i.tracks).iter().any(|t| t.name == *name);
        kept.extend(settings.filter(|_| instances.iter().any(refers)));
    }
    kept
}

fn names_of<'c>(written: &'c Configuration, kind: &Kind) -> BTreeSet<&'c str> {
    let instances = written.instances.iter().flat_map(kind.of_instance);
    let groups = written.sync_groups.iter().flat_map(kind.of_group);
    instances.chain(groups).map(|t| t.name.value.as_str()).collect()
}

/// What an instance watches: its own and its group's; the group's weight wins.
pub fn tracks(
    written: &Configuration,
    instance: &VrrpInstance,
    group: Option<&VrrpSyncGroup>,
    out: &mut Diagnostics,
) -> Tracks {
    let known = |weights: Vec<(&At<String>, Option<Weight>)>| -> Vec<(String, Option<Weight>)> {
        weights.into_iter().map(|(name, weight)| (name.value.clone(), weight)).collect()
    };
    let scripts = known(written.scripts.iter().map(|s| (&s.name, s.weight)).collect());
    let files = known(written.track_files.iter().map(|f| (&f.name, f.weight)).collect());
    let processes = known(written.track_processes.iter().map(|p| (&p.name, p.weight)).collect());
    let bfds = known(written.bfd_instances.iter().map(|b| (&b.name, b.weight)).collect());
    let groups_interfaces = group.map_or(&[][..], |g| &g.track_interfaces);
    let mut tracks = Tracks {
        scripts: references(&SCRIPT, &scripts, 0, instance, group, out),
        files: references(&FILE, &files, 1, instance, group, out),
        processes: references(&PROCESS, &processes, 0, instance, group, out),
        bfds: references(&BFD, &bfds, 0, instance, group, out),
        interfaces: merged(groups_interfaces, &instance.track_interfaces, |_| false)
            .map(|line| line.settings(None))
            .collect(),
    };
    tracks.bfds.retain(|track| {
        let tells = |b: &BfdInstance| b.name.value == track.name && b.tells_vrrp();
        let told = written.bfd_instances.iter().any(tells);
        if !told {
            let message = format!("bfd_instance `{}` is for `checker` only", track.name);
            out.add(code::NO_EFFECT, place(instance, group, &track.name), message)
                .label("not tracked")
                .help("add `vrrp` to it");
        }
        told
    });
    tracks
}

/// `default`: the weight of objects that have none.
fn references(
    kind: &Kind,
    known: &[(String, Option<Weight>)],
    default: i16,
    instance: &VrrpInstance,
    group: Option<&VrrpSyncGroup>,
    out: &mut Diagnostics,
) -> Vec<TrackRef> {
    let of_group = group.map_or(&[][..], kind.of_group);
    // A file that is a fault of the instance stays one.
    let stays =
        |own: &TrackLine| kind.block == FILE.block && own.weight.is_some_and(|w| w.value == 0);
    let mut references = Vec::new();
    for line in merged(of_group, (kind.of_instance)(instance), stays) {
        let name = &line.name.value;
        let Some((_, own)) = known.iter().find(|(known, _)| known == name) else {
            let meant = closest(name, known.iter().map(|(known, _)| known.as_str()));
            let message = format!("there is no {} `{name}`", kind.block);
            out.add(code::UNKNOWN_NAME, line.name.span, message).did_you_mean(meant);
            continue;
        };
        references.push(line.settings_or(*own, default));
    }
    references
}

fn merged<'l>(
    group: &'l [TrackLine],
    own: &'l [TrackLine],
    stays: impl Fn(&TrackLine) -> bool,
) -> impl Iterator<Item = &'l TrackLine> {
    let same = |a: &TrackLine, b: &TrackLine| a.name.value == b.name.value;
    let wins = move |line: &TrackLine| stays(line) || !group.iter().any(|g| same(g, line));
    let mine: Vec<&TrackLine> = own.iter().filter(|line| wins(line)).collect();
    let groups: Vec<&TrackLine> =
        group.iter().filter(|g| !mine.iter().any(|line| same(line, g))).collect();
    mine.into_iter().chain(groups)
}

/// Weights that can't have their effect.
pub fn weights(
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
        tracks.files.retain(&mut unweighted);
        tracks.processes.retain(&mut unweighted);
        tracks.bfds.retain(&mut unweighted);
        tracks.interfaces.retain(&mut unweighted);
        return;
    }
    if let Some(group) = group
        && !group.tracking_weight
    {
        let mut report = |track: &TrackRef, label: &'static str| {
            out.add(
                code::NO_EFFECT,
                place(track),
                format!("{name}: a member of a sync group can't track by weight"),
            )
            .label(label)
            .help("add `sync_group_tracking_weight` to the group, or leave the weight out");
        };
        for list in [&mut tracks.scripts, &mut tracks.processes, &mut tracks.bfds] {
            list.iter().filter(|t| t.weight != 0).for_each(|t| report(t, "not tracked"));
            list.retain(|track| track.weight == 0);
        }
        for track in tracks.files.iter_mut().filter(|t| t.weight == 1) {
            report(track, "a value other than 0 is a fault");
            track.weight = 0;
        }
        tracks.files.iter().filter(|t| t.weight != 0).for_each(|t| report(t, "not tracked"));
        tracks.files.retain(|track| track.weight == 0);
        for track in tracks.interfaces.iter_mut().filter(|t| t.weight != 0) {
            report(track, "a failure is a fault");
            track.weight = 0;
        }
    }
    let with_gain = tracks.scripts.iter().chain(&tracks.processes).chain(&tracks.interfaces);
    let with_gain = with_gain.chain(&tracks.bfds);
    let highest = i32::from(settings.priority) + with_gain.map(gain).sum::<i32>();
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
    let own = KINDS.iter().flat_map(|kind| (kind.of_instance)(instance));
    let groups = group.into_iter().flat_map(|g| {
        let kinds = KINDS.iter().flat_map(|kind| (kind.of_group)(g));
        kinds.chain(&g.track_interfaces)
    });
    let mut all = own.chain(&instance.track_interfaces).chain(groups);
    all.find(|t| t.name.value == name).map_or(instance.name.span, |t| t.name.span)
}

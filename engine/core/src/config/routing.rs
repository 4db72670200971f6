//! Routes and rules as settings: names from iproute2's files, priorities of rules that have none, and the interfaces
//! that instances follow because of them (reference §2.3, §2.4).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::Source;
use super::blocks::Configuration;
use super::blocks::ip_words::{Line, Place};
use super::blocks::rule::Written;
use super::blocks::{route, rule};
use super::diagnostic::{At, Diagnostics, closest, code};
use crate::net::names::{Kind, Names};
use crate::net::prefix::Family;
use crate::net::route::Route;
use crate::net::rule::Rule;
use crate::track::settings::TrackRef;
use crate::vrrp::settings::InstanceSettings;

const USR_DIR: &str = "/usr/share/iproute2";
const ETC_DIR: &str = "/etc/iproute2";

/// keepalived counts down from here for rules without priority, for each family.
const FIRST_PRIORITY: u32 = 16384;

/// The names that this configuration's routes and rules may use; files are only read if there are any.
pub fn names(source: &mut dyn Source, written: &Configuration) -> Names {
    let mut names = Names::default();
    let virtual_ones =
        written.instances.iter().any(|i| !i.routes.is_empty() || !i.rules.is_empty());
    if !virtual_ones && written.static_routes.is_empty() && written.static_rules.is_empty() {
        return names;
    }
    let global = &written.global;
    let usr = global.iproute_usr_dir.as_deref().unwrap_or(USR_DIR);
    let etc = global.iproute_etc_dir.as_deref().unwrap_or(ETC_DIR);
    for folder in [usr, etc] {
        for kind in Kind::ALL {
            let file = format!("{folder}/{}", kind.file());
            let more = match kind {
                Kind::Table | Kind::Protocol => source.glob(&format!("{file}.d/*.conf")),
                _ => Vec::new(),
            };
            for file in core::iter::once(file).chain(more) {
                // None of these files has to be there.
                if let Ok(bytes) = source.read(&file) {
                    names.learn(kind, &String::from_utf8_lossy(&bytes));
                }
            }
        }
    }
    names
}

/// What an instance gets from here.
#[derive(Debug, Default)]
pub struct OfInstance {
    /// Its routes.
    pub routes: Vec<Route>,
    /// Its rules.
    pub rules: Vec<Rule>,
    /// Interfaces that it tracks because of these, or because of static entries.
    pub interfaces: Vec<String>,
}

/// Everything about routes and rules.
#[derive(Debug, Default)]
pub struct Routing {
    /// `static_routes`.
    pub routes: Vec<Route>,
    /// `static_rules`.
    pub rules: Vec<Rule>,
    /// For each instance as written.
    pub instances: Vec<OfInstance>,
}

/// Settings of all routes and rules.
pub fn resolve(written: &Configuration, names: &Names, out: &mut Diagnostics) -> Routing {
    let mut followed: Vec<(At<String>, String)> = Vec::new();
    let mut routing = Routing::default();
    for line in &written.static_addresses {
        if let Some(group) = &line.track_group {
            let dev = line.settings(written.global.default_interface()).dev;
            followed.push((group.clone(), dev));
        }
    }
    for line in &written.static_routes {
        let Some(it) = route::read(line, Place::Static, names, out) else { continue };
        let dev = it.route.hops.first().and_then(|hop| hop.dev.clone());
        followed.extend(it.track_group.zip(dev));
        routing.routes.push(it.route);
    }
    let mut rules = Vec::new();
    let mut read = |owner: Option<usize>, lines: &[Line], place, out: &mut Diagnostics| {
        let found = lines.iter().filter_map(|line| rule::read(line, place, names, out));
        rules.extend(found.map(|it| (owner, it)));
    };
    read(None, &written.static_rules, Place::Static, out);
    for (owner, instance) in written.instances.iter().enumerate() {
        read(Some(owner), &instance.rules, Place::Virtual, out);
        let routes = instance.routes.iter();
        let routes = routes.filter_map(|line| route::read(line, Place::Virtual, names, out));
        let routes = routes.map(|it| it.route).collect();
        routing.instances.push(OfInstance { routes, ..OfInstance::default() });
    }
    place(&mut rules, out);
    for (owner, it) in rules {
        match owner {
            None => {
                followed.extend(it.track_group.zip(it.rule.iif.clone()));
                routing.rules.push(it.rule);
            }
            Some(owner) => routing.instances[owner].rules.push(it.rule),
        }
    }
    for (instance, it) in written.instances.iter().zip(&mut routing.instances) {
        let routes = it.routes.iter().filter_map(Route::tracked);
        let both = routes.chain(it.rules.iter().flat_map(Rule::tracked));
        it.interfaces = both.map(String::from).collect();
        let groups = written.track_groups.iter();
        let of = groups.filter(|g| g.members.iter().any(|m| m.value == instance.name.value));
        for group in of {
            let devs = followed.iter().filter(|(name, _)| name.value == group.name.value);
            it.interfaces.extend(devs.map(|(_, dev)| dev.clone()));
        }
    }
    groups(written, &followed, out);
    routing
}

/// Gives an instance its own. Interfaces that it tracks anyway keep their weight.
pub fn apply(own: &mut OfInstance, settings: &mut InstanceSettings) {
    settings.routes = core::mem::take(&mut own.routes);
    settings.rules = core::mem::take(&mut own.rules);
    for name in &own.interfaces {
        let tracked = &mut settings.tracks.interfaces;
        if *name != settings.interface && !tracked.iter().any(|track| track.name == *name) {
            tracked.push(TrackRef { name: name.clone(), weight: 0, reverse: false });
        }
    }
}

/// Gives a priority to each rule that has none, in the order of the file.
fn place(rules: &mut [(Option<usize>, Written)], out: &mut Diagnostics) {
    let mut unplaced: Vec<&mut Written> =
        rules.iter_mut().map(|(_, it)| it).filter(|it| it.unplaced).collect();
    unplaced.sort_by_key(|it| it.span);
    let mut next = [FIRST_PRIORITY; 2];
    for it in unplaced {
        let next = &mut next[usize::from(it.rule.family == Family::V6)];
        it.rule.priority = *next;
        *next = next.saturating_sub(1);
        out.add(code::ASSUMED, it.span, "a rule without `priority`")
            .label(format!("gets {}", it.rule.priority))
            .help("say where it stands among the others: `priority N`");
    }
    rules.iter().for_each(|(_, it)| it.check(out));
}

/// What is wrong with track groups.
fn groups(written: &Configuration, followed: &[(At<String>, String)], out: &mut Diagnostics) {
    let names = || written.track_groups.iter().map(|group| group.name.value.as_str());
    for (group, _) in followed {
        if !names().any(|name| name == group.value) {
            let message = format!("there is no track_group `{}`", group.value);
            let meant = closest(&group.value, names());
            out.add(code::UNKNOWN_NAME, group.span, message).did_you_mean(meant);
        }
    }
    let vips = written.instances.iter().flat_map(|i| i.vips.iter().chain(&i.excluded));
    for group in vips.filter_map(|line| line.track_group.as_ref()) {
        let message = "`track_group` is for static entries only";
        out.add(code::NO_EFFECT, group.span, message).label("ignored");
    }
    for group in &written.track_groups {
        let name = &group.name;
        for member in &group.members {
            let instances = || written.instances.iter().map(|i| i.name.value.as_str());
            if !instances().any(|instance| instance == member.value) {
                let message = format!("there is no vrrp_instance `{}`", member.value);
                let meant = closest(&member.value, instances());
                out.add(code::UNKNOWN_NAME, member.span, message).did_you_mean(meant);
            }
        }
        if group.members.is_empty() {
            let message = format!("track_group `{}` has no members", name.value);
            out.add(code::INCOMPLETE, name.span, message).help("add `group { INSTANCE ... }`");
        } else if !followed.iter().any(|(used, _)| used.value == name.value) {
            let message = format!("no static entry names the track_group `{}`", name.value);
            out.add(code::UNUSED, name.span, message).label("nothing is tracked");
        }
    }
}

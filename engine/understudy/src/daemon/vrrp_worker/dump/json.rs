//! `keepalived.json`: names, order and types are keepalived's.

use std::time::Duration;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value, json};
use understudy_core::command::Command;
use understudy_core::node::vrrp::{Slot, VrrpNode};
use understudy_core::track::process::Process;
use understudy_core::track::settings::Parameters;
use understudy_core::track::verdict::Health;
use understudy_core::vrrp::instance::State;
use understudy_core::vrrp::settings::Version;

use super::{Dates, address, living, routing, wanted};
use crate::daemon::dump::quoted;

/// All instances; `None`: there is none, and no file.
pub fn text(node: &VrrpNode, version: u8, dates: &Dates) -> Option<String> {
    let instances: Vec<Object> = living(node)
        .map(|slot| {
            Object(vec![("data", data(node, slot, dates).into()), ("stats", stats(slot).into())])
        })
        .collect();
    if instances.is_empty() {
        return None;
    }
    let track_process = node.processes().iter().map(process).collect();
    let text = match version {
        2 => serde_json::to_string(&Whole { vrrp: instances, track_process }),
        _ => serde_json::to_string(&instances),
    };
    Some(text.expect("plain data becomes JSON") + "\n")
}

/// Version 2.
#[derive(serde::Serialize)]
struct Whole {
    vrrp: Vec<Object>,
    track_process: Vec<Object>,
}

/// An object whose members stay in order.
struct Object(Vec<(&'static str, Member)>);

enum Member {
    Value(Value),
    Object(Object),
}

impl From<Object> for Member {
    fn from(object: Object) -> Self {
        Self::Object(object)
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, member) in &self.0 {
            match member {
                Member::Value(value) => map.serialize_entry(name, value)?,
                Member::Object(object) => map.serialize_entry(name, object)?,
            }
        }
        map.end()
    }
}

impl Object {
    fn set(&mut self, name: &'static str, value: impl Into<Value>) {
        self.0.push((name, Member::Value(value.into())));
    }

    fn list(&mut self, name: &'static str, entries: Vec<String>) {
        if !entries.is_empty() {
            self.set(name, entries);
        }
    }
}

/// Whole seconds are integers: some readers know no other.
fn seconds(time: Duration) -> Value {
    if time.subsec_micros() == 0 { json!(time.as_secs()) } else { json!(time.as_secs_f64()) }
}

fn number(state: State) -> u8 {
    match state {
        State::Init => 0,
        State::Backup => 1,
        State::Master => 2,
        State::Fault => 3,
    }
}

fn data(node: &VrrpNode, slot: &Slot, dates: &Dates) -> Object {
    let (settings, it) = (&slot.settings, &slot.instance);
    let (garp, notify) = (&settings.garp, &settings.notify);
    let heard = it.heard().filter(|_| it.state() != State::Master);
    let mut o = Object(Vec::with_capacity(48));
    o.set("iname", settings.name.as_str());
    o.set("dont_track_primary", u8::from(settings.dont_track_primary));
    o.set("skip_check_adv_addr", u8::from(settings.skip_check_adv_addr));
    o.set("strict_mode", 0);
    let own = settings.vmacs.own.as_ref();
    o.set("vmac_ifname", own.map_or("", |link| link.name.as_str()));
    o.set("ifp_ifname", settings.interface.as_str());
    o.set("master_priority", heard.map_or(0, |heard| heard.priority));
    // Microseconds are exact in a double until the year 2255.
    let since = dates.of(it.since());
    o.set("last_transition", Duration::from_micros(micros(since)).as_secs_f64());
    o.set("garp_delay", garp.delay.as_secs());
    o.set("garp_refresh", garp.refresh.as_secs());
    o.set("garp_rep", garp.repeat);
    o.set("garp_refresh_rep", garp.refresh_repeat);
    o.set("garp_lower_prio_delay", garp.lower_prio_delay.as_secs());
    o.set("garp_lower_prio_rep", garp.lower_prio_repeat);
    o.set("lower_prio_no_advert", u8::from(settings.lower_prio_no_advert));
    o.set("higher_prio_send_advert", u8::from(settings.higher_prio_send_advert));
    o.set("vrid", settings.vrid);
    o.set("base_priority", settings.priority);
    o.set("effective_priority", it.priority());
    o.set("vipset", slot.holding);
    o.set("promote_secondaries", settings.promote_secondaries);
    o.set("adver_int", seconds(settings.advert_interval));
    o.set("master_adver_int", seconds(settings.advert_interval));
    o.set("accept", u8::from(settings.accept));
    o.set("nopreempt", !settings.preempt);
    o.set("preempt_delay", seconds(settings.preempt_delay));
    o.set("state", number(it.state()));
    o.set("wantstate", number(wanted(slot)));
    o.set("version", if settings.version == Version::V2 { 2 } else { 3 });
    o.set("smtp_alert", notify.mail);
    o.set("notify_deleted", notify.deleted.is_some());
    let deleted = notify.deleted.as_ref().and_then(Option::as_deref);
    let scripts: [(&str, Option<&Command>); 7] = [
        ("script_backup", notify.backup.as_deref()),
        ("script_master", notify.master.as_deref()),
        ("script_fault", notify.fault.as_deref()),
        ("script_stop", notify.stop.as_deref()),
        ("script_deleted", deleted),
        ("script", notify.any.as_deref()),
        ("script_master_rx_lower_pri", notify.master_rx_lower_pri.as_deref()),
    ];
    for (name, script) in scripts {
        if let Some(command) = script {
            o.set(name, quoted(command));
        }
    }
    let addresses = |list: &[understudy_core::net::address::Address]| {
        list.iter().map(|it| address(it, node.holds(it))).collect()
    };
    o.list("vips", addresses(&settings.vips));
    o.list("evips", addresses(&settings.excluded));
    o.list("vroutes", settings.routes.iter().map(routing::route).collect());
    o.list("vrules", settings.rules.iter().map(routing::rule).collect());
    let tracks = &settings.tracks;
    o.list("track_ifp", tracks.interfaces.iter().map(|t| t.name.clone()).collect());
    let command = |name: &str| {
        let found = node.scripts().iter().find(|script| script.settings().name == name);
        found.map(|script| quoted(&script.settings().command))
    };
    o.list("track_script", tracks.scripts.iter().filter_map(|t| command(&t.name)).collect());
    o.list("track_process", tracks.processes.iter().map(|t| t.name.clone()).collect());
    let auth_type = match (&settings.auth_pass, settings.auth_header) {
        (None, _) => 0,
        (Some(_), false) => 1,
        (Some(_), true) => 2,
    };
    o.set("auth_type", auth_type);
    if auth_type > 0 {
        o.set("auth_data", "********");
    }
    o
}

fn process(process: &Process) -> Object {
    let settings = process.settings();
    let mut o = Object(Vec::with_capacity(12));
    o.set("process", settings.process.as_str());
    let (words, how) = match &settings.parameters {
        Parameters::Any => (None, ""),
        Parameters::Exactly(words) => (Some(words), "exact"),
        Parameters::First(words) => (Some(words), "partial"),
        Parameters::Begin(words) => (Some(words), "initial"),
    };
    if let Some(words) = words {
        o.set("parameters", words.join(" "));
        o.set("param_match", how);
    }
    o.set("min_processes", settings.quorum);
    o.set("max_processes", settings.quorum_max);
    o.set("current_processes", process.count());
    o.set("have_quorum", process.health() == Health::Good);
    o.set("terminate_delay", seconds(settings.terminate_delay));
    o.set("fork_delay", seconds(settings.fork_delay));
    o.set("full_command", settings.full_command);
    o
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

fn stats(slot: &Slot) -> Object {
    let c = &slot.counters;
    let rows = [
        ("advert_rcvd", c.advert_rcvd),
        ("advert_sent", c.advert_sent),
        ("become_master", c.become_master),
        ("release_master", c.release_master),
        ("packet_len_err", c.packet_len_err),
        ("advert_interval_err", c.advert_interval_err),
        ("ip_ttl_err", c.ip_ttl_err),
        ("invalid_type_rcvd", c.invalid_type_rcvd),
        ("addr_list_err", c.addr_list_err),
        ("invalid_authtype", c.invalid_authtype),
        ("authtype_mismatch", c.authtype_mismatch),
        ("auth_failure", c.auth_failure),
        ("auth_ext_missing", c.auth_ext_missing),
        ("auth_ext_malformed", c.auth_ext_malformed),
        ("auth_ext_unknown_key", c.auth_ext_unknown_key),
        ("auth_ext_invalid_hmac", c.auth_ext_invalid_hmac),
        ("auth_ext_stale", c.auth_ext_stale),
        ("auth_ext_replay", c.auth_ext_replay),
        ("pri_zero_rcvd", c.pri_zero_rcvd),
        ("pri_zero_sent", c.pri_zero_sent),
    ];
    // keepalived 2.2.7 has no signatures: only instances with `auth_hmac` have counters of them.
    let signed = slot.settings.wire.hmac.is_some();
    let rows = rows.into_iter().filter(|(name, _)| signed || !name.starts_with("auth_ext_"));
    Object(rows.map(|(name, count)| (name, Member::Value(count.into()))).collect())
}

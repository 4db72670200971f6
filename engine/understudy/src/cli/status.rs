//! `understudy status` and `understudy explain`.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::process::ExitCode;

use serde_json::Value;

use super::options::Options;
use crate::control::Ask;
use crate::control::client::{self, Client};
use crate::daemon::status;

/// No engine runs.
const ABSENT: u8 = 3;

/// Asks the running engine. `explain`: only why each instance is in its state.
pub fn main(arguments: Vec<OsString>, explain: bool) -> ExitCode {
    let options = match Options::parse(arguments, &[], &[]) {
        Ok(options) => options,
        Err(text) => return super::usage(&text),
    };
    let path = options.paths().socket();
    let asked = Client::connect(&path).and_then(|mut client| client.ask(&Ask::Status));
    let whole = match asked {
        Ok(Ok(whole)) => whole,
        Ok(Err(text)) => {
            super::error(&format!("status: {text}"));
            return ExitCode::from(2);
        }
        Err(e) => {
            super::error(&client::explain(&path, &e));
            return ExitCode::from(ABSENT);
        }
    };
    let code = ExitCode::from(status::severity(&whole));
    let only = options.words.first().map(String::as_str);
    if options.json {
        println!("{whole}");
    } else if explain {
        print!("{}", explained(&whole, only));
    } else {
        print!("{}", text(&whole, only));
    }
    code
}

/// As a person reads it.
pub fn text(whole: &Value, only: Option<&str>) -> String {
    let mut out = String::new();
    let wanted = |value: &&Value| only.is_none_or(|name| value["name"] == name);
    for instance in list(&whole["instances"]).filter(wanted) {
        write_instance(&mut out, instance);
    }
    for session in list(&whole["bfd"]).filter(wanted) {
        write_bfd(&mut out, session);
    }
    for server in list(&whole["virtual_servers"]).filter(wanted) {
        write_server(&mut out, server);
    }
    let config = &whole["config"];
    let digest = config["sha256"].as_str().and_then(|d| d.get(..6)).unwrap_or("none");
    let state = match (config["error"].is_string(), config["stale"] == true) {
        (true, _) => "in force; a newer one was refused",
        (false, true) => "loaded; the file has changed since",
        (false, false) => "loaded",
    };
    let problems: Vec<&str> = list(&whole["problems"]).filter_map(Value::as_str).collect();
    let health = if problems.is_empty() { "healthy" } else { "NOT healthy" };
    let repairs = whole["repairs"].as_u64().unwrap_or(0);
    let _ = writeln!(
        out,
        "{health}; {} since start; configuration {digest} {state}",
        count(repairs, "repair")
    );
    for problem in problems {
        let _ = writeln!(out, "  ! {problem}");
    }
    for worker in list(&whole["workers"]).filter(|w| w["restarts"].as_u64().unwrap_or(0) > 0) {
        let (name, n) = (word(&worker["name"]), worker["restarts"].as_u64().unwrap_or(0));
        let _ = writeln!(out, "  {name} worker was replaced {}", times(n));
    }
    out
}

fn write_instance(out: &mut String, instance: &Value) {
    let since = instance["since_ms_ago"].as_u64();
    let since = since.map(|ms| format!(" for {}", long(ms))).unwrap_or_default();
    let _ = write!(
        out,
        "{}  {}  VRID {}  {}{since}   priority {} (base {})",
        word(&instance["name"]),
        word(&instance["interface"]),
        instance["vrid"],
        word(&instance["state"]),
        instance["priority"],
        instance["base_priority"],
    );
    let peer = &instance["peer"];
    if peer.is_object() {
        let _ = write!(out, "   peer {} {}", word(&peer["address"]), peer["priority"]);
        // To a master a peer that says nothing is a backup in good order.
        if instance["state"] != "MASTER"
            && let Some(ms) = peer["heard_ms_ago"].as_u64()
        {
            let _ = write!(out, ", heard {} ago", short(ms));
        }
    }
    let _ = writeln!(out);
    for vip in list(&instance["vips"]) {
        let held = if vip["held"] == true { "held" } else { "not held" };
        let _ = writeln!(out, "  VIP {} on {} {held}", word(&vip["address"]), word(&vip["dev"]));
    }
    for it in list(&instance["routing"]) {
        let held = if it["held"] == true { "held" } else { "not held" };
        let _ = writeln!(out, "  {} {held}", word(&it["line"]));
    }
    if let Some(why) = instance["why"].as_str() {
        let _ = writeln!(out, "  why: {why}");
    }
    for track in list(&instance["tracks"]) {
        let _ = write!(
            out,
            "  {} {}  {}",
            word(&track["kind"]),
            word(&track["name"]),
            word(&track["state"])
        );
        if let Some(ms) = track["duration_ms"].as_u64() {
            let _ = write!(out, "  {}", short(ms));
        }
        match (word(&track["kind"]), track["value"].as_i64()) {
            ("process", Some(count)) => _ = write!(out, "  {count} running"),
            (_, Some(value)) => _ = write!(out, "  holds {value}"),
            (_, None) => {}
        }
        if let Some(weight) = track["weight"].as_i64().filter(|w| *w != 0) {
            let _ = write!(out, "  weight {weight}");
        }
        if let Some(output) = track["output"].as_str().filter(|o| !o.is_empty()) {
            let _ = write!(out, "  {output}");
        }
        let _ = writeln!(out);
    }
}

fn write_bfd(out: &mut String, session: &Value) {
    let since = session["since_ms_ago"].as_u64().map(|ms| format!(" for {}", long(ms)));
    let _ = write!(
        out,
        "{}  BFD with {}  {}{}",
        word(&session["name"]),
        word(&session["neighbour"]),
        word(&session["state"]),
        since.unwrap_or_default(),
    );
    let ms = |it: &Value| it.as_u64().map(|us| format!("{}.{} ms", us / 1000, us % 1000 / 100));
    if let (Some(interval), Some(detection)) =
        (ms(&session["interval_us"]), ms(&session["detection_us"]))
        && session["state"] == "up"
    {
        let _ = write!(out, "   sends every {interval}, down after {detection} of silence");
    }
    let _ = writeln!(out, "\n  why: {}", word(&session["why"]));
}

fn write_server(out: &mut String, server: &Value) {
    let servers: Vec<&Value> = list(&server["servers"]).collect();
    let up = servers.iter().filter(|real| real["up"] == true).count();
    let _ = write!(
        out,
        "{}  {}  {up} of {} up",
        word(&server["name"]),
        word(&server["scheduler"]),
        servers.len()
    );
    if server["quorum"]["up"] == false {
        let _ = write!(
            out,
            "  QUORUM LOST ({} of {})",
            server["quorum"]["have"], server["quorum"]["need"]
        );
    }
    if server["sorry_active"] == true {
        let _ = write!(out, "  sorry server serves");
    }
    let _ = writeln!(out);
    for real in servers {
        let state = if real["up"] == true { "up" } else { "DOWN" };
        let (address, weight) = (status::server_name(real), &real["weight"]);
        let _ = write!(out, "  {address}  {state}  weight {weight}");
        if let Some(active) = real["active_connections"].as_u64() {
            let _ = write!(out, "  {active} active");
        }
        for check in list(&real["checks"]) {
            let _ = write!(out, "   {}", word(&check["kind"]));
            match (check["last_error"].as_str(), check["duration_ms"].as_u64()) {
                (Some(error), _) if check["up"] != true => {
                    let _ = write!(out, ": {error}");
                }
                (_, Some(ms)) => {
                    let _ = write!(out, " {}", short(ms));
                }
                _ => {}
            }
        }
        let _ = writeln!(out);
    }
}

fn explained(whole: &Value, only: Option<&str>) -> String {
    let mut out = String::new();
    for instance in list(&whole["instances"]).filter(|i| only.is_none_or(|name| i["name"] == name))
    {
        let why = instance["why"].as_str().unwrap_or("no reason was given");
        let _ = writeln!(out, "{} is {}: {why}", word(&instance["name"]), word(&instance["state"]));
        let (now, base) = (&instance["priority"], &instance["base_priority"]);
        if now != base {
            let failed = list(&instance["tracks"]).filter(|t| t["state"] == "failed");
            let names: Vec<&str> = failed.map(|t| word(&t["name"])).collect();
            let _ =
                writeln!(out, "  priority {now} instead of {base}; failing: {}", names.join(", "));
        }
    }
    if out.is_empty() {
        out.push_str("There is no such instance.\n");
    }
    out
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or("-")
}

/// Seconds where milliseconds would be too fine.
fn short(ms: u64) -> String {
    if ms < 1000 { format!("{ms} ms") } else { format!("{}.{} s", ms / 1000, ms % 1000 / 100) }
}

/// In the two largest units.
fn long(ms: u64) -> String {
    let seconds = ms / 1000;
    match (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0, s) => format!("{s}s"),
        (0, 0, m, s) => format!("{m}m {s}s"),
        (0, h, m, _) => format!("{h}h {m}m"),
        (d, h, ..) => format!("{d}d {h}h"),
    }
}

fn count(n: u64, unit: &str) -> String {
    if n == 1 { format!("{n} {unit}") } else { format!("{n} {unit}s") }
}

fn times(n: u64) -> String {
    if n == 1 { "once".to_owned() } else { format!("{n} times") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_backup_tells_when_it_heard_its_master() {
        let whole = json!({ "instances": [{"name": "read", "state": "BACKUP",
            "peer": {"address": "10.0.0.2", "priority": 100, "heard_ms_ago": 400}}] });
        assert!(text(&whole, None).contains("peer 10.0.0.2 100, heard 400 ms ago\n"));
    }

    #[test]
    fn a_person_sees_who_why_and_what_is_wrong() {
        let whole = json!({
            "instances": [{"name": "read", "interface": "eth0", "vrid": 51, "state": "MASTER", "priority": 100,
                "since_ms_ago": 273_600_000, "base_priority": 100, "why": "db2 went silent (3 adverts missed)",
                "peer": {"address": "10.0.0.2", "priority": 90, "heard_ms_ago": 32_900},
                "vips": [{"address": "10.0.0.9/32", "dev": "eth0", "held": true}],
                "tracks": [{"kind": "script", "name": "mha", "state": "ok", "duration_ms": 30},
                    {"kind": "file", "name": "load", "state": "ok", "value": -4, "weight": 2},
                    {"kind": "process", "name": "proxy", "state": "failed", "value": 0, "weight": 0}]}],
            "bfd": [{"name": "gw", "neighbour": "10.0.0.254", "state": "up", "since_ms_ago": 61_000,
                "why": "neighbour 10.0.0.254 answers", "interval_us": 10_500, "detection_us": 50_000}],
            "virtual_servers": [{"name": "fwmark 2", "scheduler": "rr", "quorum": {"up": true},
                "servers": [{"address": "10.0.0.3", "port": 0, "weight": 1, "up": true, "checks": []},
                    {"address": "db1", "port": 3306, "weight": 3, "up": false,
                    "checks": [{"kind": "tcp", "up": false, "last_error": "connection refused"}]}]}],
            "problems": ["fwmark 2: server db1:3306 is down"], "repairs": 1, "workers": [],
            "config": {"sha256": "7f3a9cdd", "stale": false, "error": null},
        });
        let text = text(&whole, None);
        let expected = "\
read  eth0  VRID 51  MASTER for 3d 4h   priority 100 (base 100)   peer 10.0.0.2 90
  VIP 10.0.0.9/32 on eth0 held
  why: db2 went silent (3 adverts missed)
  script mha  ok  30 ms
  file load  ok  holds -4  weight 2
  process proxy  failed  0 running
gw  BFD with 10.0.0.254  up for 1m 1s   sends every 10.5 ms, down after 50.0 ms of silence
  why: neighbour 10.0.0.254 answers
fwmark 2  rr  1 of 2 up
  10.0.0.3  up  weight 1
  db1:3306  DOWN  weight 3   tcp: connection refused
NOT healthy; 1 repair since start; configuration 7f3a9c loaded
  ! fwmark 2: server db1:3306 is down
";
        assert_eq!(text, expected);
    }
}

//! `understudy status --json`: the workers' parts put together, and what is wrong with the whole.

use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::load::{self, ReadFile};

/// What the supervisor knows of a worker.
#[derive(Clone, Debug)]
pub struct WorkerFacts {
    /// `vrrp` or `check`.
    pub name: &'static str,
    /// Its process, if there is one.
    pub pid: Option<u32>,
    /// Lives beyond the first.
    pub restarts: u64,
    /// Why there is no process.
    pub trouble: Option<String>,
    /// Its part; `None`: it didn't answer.
    pub part: Option<Value>,
}

/// What the supervisor knows of the engine.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// Since 1970.
    pub started_at: Duration,
    /// Since 1970.
    pub now: Duration,
    /// The main file.
    pub file: &'a Path,
    /// What was read.
    pub files: &'a [ReadFile],
    /// Why the last reload was refused.
    pub error: Option<&'a str>,
    /// Warnings about the configuration.
    pub warnings: u32,
    /// The workers are not there yet.
    pub starting: bool,
    /// The workers that are wanted.
    pub workers: Vec<WorkerFacts>,
}

/// The whole status.
pub fn compose(facts: &Facts<'_>) -> Value {
    let stale = load::is_stale(facts.files);
    let mut whole = Map::new();
    let mut problems = Vec::new();
    let mut repairs = 0;
    if facts.starting {
        problems.push("the engine is starting".to_owned());
    }
    whole.insert("instances".to_owned(), json!([]));
    whole.insert("virtual_servers".to_owned(), json!([]));
    for worker in &facts.workers {
        match (&worker.part, &worker.trouble) {
            (_, Some(trouble)) => problems.push(format!("{} worker: {trouble}", worker.name)),
            (None, None) => problems.push(format!("{} worker does not answer", worker.name)),
            (Some(_), None) => {}
        }
        let Some(Value::Object(part)) = &worker.part else { continue };
        for (key, value) in part {
            if key == "repairs" {
                repairs += value.as_u64().unwrap_or(0);
            } else {
                whole.insert(key.clone(), value.clone());
            }
        }
    }
    if let Some(error) = facts.error {
        problems.push(format!("configuration: {error}; the former one is in force"));
    } else if stale {
        problems.push(format!(
            "configuration: {} has changed since it was loaded; run `understudy reload`",
            facts.file.display()
        ));
    }
    for instance in whole["instances"].as_array_mut().into_iter().flatten() {
        if let Some(ms) = instance["since_ms_ago"].as_u64() {
            instance["since"] = json!(rfc3339(facts.now.saturating_sub(Duration::from_millis(ms))));
        }
    }
    list(&whole["instances"]).for_each(|instance| instance_problems(instance, &mut problems));
    list(&whole["virtual_servers"]).for_each(|server| server_problems(server, &mut problems));

    whole.insert("version".to_owned(), json!(env!("CARGO_PKG_VERSION")));
    whole.insert("healthy".to_owned(), json!(problems.is_empty()));
    whole.insert("problems".to_owned(), json!(problems));
    whole.insert("generated_at".to_owned(), json!(rfc3339(facts.now)));
    whole.insert("started_at".to_owned(), json!(rfc3339(facts.started_at)));
    whole.insert("repairs".to_owned(), json!(repairs));
    let config = json!({
        "file": facts.file,
        "sha256": facts.files.first().map(|file| &file.sha256),
        "stale": stale,
        "error": facts.error,
        "warnings": facts.warnings,
    });
    whole.insert("config".to_owned(), config);
    let worker = |w: &WorkerFacts| json!({ "name": w.name, "pid": w.pid, "restarts": w.restarts });
    whole.insert("workers".to_owned(), facts.workers.iter().map(worker).collect());
    Value::Object(whole)
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn instance_problems(instance: &Value, problems: &mut Vec<String>) {
    let name = instance["name"].as_str().unwrap_or("?");
    match instance["state"].as_str() {
        Some("FAULT") => {
            let why = instance["why"].as_str().unwrap_or("unknown");
            problems.push(format!("{name}: FAULT: {why}"));
        }
        Some("MASTER") => {
            for vip in list(&instance["vips"]).filter(|vip| vip["held"] == false) {
                let address = vip["address"].as_str().unwrap_or("?");
                problems.push(format!("{name}: MASTER, but VIP {address} is missing"));
            }
        }
        _ => {}
    }
    for track in list(&instance["tracks"]).filter(|track| track["state"] == "failed") {
        let of = track["name"].as_str().unwrap_or("?");
        let kind = track["kind"].as_str().unwrap_or("track");
        let output = track["output"].as_str().filter(|text| !text.is_empty());
        let output = output.map_or_else(String::new, |text| format!(": {text}"));
        problems.push(format!("{name}: {kind} {of} fails{output}"));
    }
}

fn server_problems(server: &Value, problems: &mut Vec<String>) {
    let name = server["name"].as_str().unwrap_or("?");
    if server["quorum"]["up"] == false {
        let (need, have) = (&server["quorum"]["need"], &server["quorum"]["have"]);
        problems.push(format!("{name}: quorum lost: {have} of {need}"));
    }
    for real in list(&server["servers"]).filter(|real| real["up"] == false) {
        let checks = list(&real["checks"]).filter(|check| check["up"] == false);
        let why = checks.filter_map(|check| check["last_error"].as_str()).next();
        let why = why.map_or_else(String::new, |text| format!(": {text}"));
        problems.push(format!("{name}: server {} is down{why}", server_name(real)));
    }
}

/// A real server as people write it. Behind a mark it has no port: each connection brings its own.
pub fn server_name(real: &Value) -> String {
    let address = real["address"].as_str().unwrap_or("?");
    match (real["port"].as_u64().filter(|port| *port != 0), address.contains(':')) {
        (None, _) => address.to_owned(),
        (Some(port), false) => format!("{address}:{port}"),
        (Some(port), true) => format!("[{address}]:{port}"),
    }
}

/// How bad it is: 0 healthy, 1 degraded, 2 faulty (the exit code of `status`).
pub fn severity(status: &Value) -> u8 {
    let faulty = list(&status["instances"]).any(|instance| {
        instance["state"] == "FAULT"
            || instance["state"] == "MASTER"
                && list(&instance["vips"]).any(|vip| vip["held"] == false)
    }) || list(&status["virtual_servers"])
        .any(|server| server["quorum"]["up"] == false)
        || list(&status["workers"]).any(|worker| worker["pid"].is_null());
    match (faulty, status["healthy"] == true) {
        (true, _) => 2,
        (false, false) => 1,
        (false, true) => 0,
    }
}

/// As `2026-01-31T21:07:16.912Z`.
pub fn rfc3339(since_epoch: Duration) -> String {
    let seconds = since_epoch.as_secs();
    let (days, of_day) = (seconds / 86_400, seconds % 86_400);
    // Days since 0000-03-01, in eras of 400 years: the leap day is then the last of its year.
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    let ms = since_epoch.subsec_millis();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(part: Value) -> Value {
        let worker = WorkerFacts {
            name: "vrrp",
            pid: Some(7),
            restarts: 1,
            trouble: None,
            part: Some(part),
        };
        compose(&Facts {
            started_at: Duration::ZERO,
            now: Duration::from_millis(1_800_000_000_123),
            file: Path::new("/none"),
            files: &[],
            error: None,
            warnings: 0,
            starting: false,
            workers: vec![worker],
        })
    }

    #[test]
    fn a_missing_vip_of_a_master_is_a_fault_and_said_so() {
        let good = facts(json!({"repairs": 2, "instances": [
            {"name": "a", "state": "MASTER", "vips": [{"address": "10.0.0.1/32", "held": true}]},
            {"name": "b", "state": "BACKUP", "vips": [{"address": "10.0.0.2/32", "held": false}]},
        ]}));
        assert_eq!(
            (severity(&good), &good["healthy"], &good["repairs"]),
            (0, &json!(true), &json!(2))
        );
        let bad = facts(json!({"instances": [
            {"name": "a", "state": "MASTER", "vips": [{"address": "10.0.0.1/32", "held": false}]},
        ]}));
        assert_eq!(severity(&bad), 2);
        assert_eq!(bad["problems"], json!(["a: MASTER, but VIP 10.0.0.1/32 is missing"]));
    }

    #[test]
    fn a_server_that_is_down_degrades_and_a_lost_quorum_is_a_fault() {
        let server = |up: bool| {
            json!({"virtual_servers": [{"name": "web", "quorum": {"up": up, "need": 1, "have": 0},
                "servers": [{"address": "10.0.0.3", "port": 80, "up": false, "checks": [
                    {"up": false, "last_error": "connection refused"}]}]}]})
        };
        let degraded = facts(server(true));
        assert_eq!(severity(&degraded), 1);
        assert_eq!(degraded["problems"][0], "web: server 10.0.0.3:80 is down: connection refused");
        assert_eq!(severity(&facts(server(false))), 2);
    }

    #[test]
    fn a_server_is_named_as_people_write_it() {
        let name =
            |address: &str, port: u16| server_name(&json!({"address": address, "port": port}));
        assert_eq!(name("10.0.0.3", 80), "10.0.0.3:80");
        assert_eq!(name("10.0.0.3", 0), "10.0.0.3");
        assert_eq!(name("fd00::3", 80), "[fd00::3]:80");
    }

    #[test]
    fn dates_are_the_calendars() {
        assert_eq!(rfc3339(Duration::ZERO), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(Duration::from_secs(951_782_400)), "2000-02-29T00:00:00.000Z");
        assert_eq!(rfc3339(Duration::from_millis(1_798_761_599_999)), "2026-12-31T23:59:59.999Z");
    }
}

//! What concerns the processes themselves. Only what is not usual is shown: almost nobody says any of it.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::{Page, word};
use crate::node::process::{AwaitedScript, EngineSettings, ProcessNames, Scheduling};

/// Lines of the top level.
pub fn top(page: &mut Page, engine: &EngineSettings) {
    let usual = EngineSettings::default();
    if let Some(name) = &engine.instance {
        page.set("instance", word(name));
    }
    page.flag("use_pid_dir", engine.use_pid_dir);
    if engine.child_wait != usual.child_wait {
        page.set("child_wait_time", engine.child_wait.as_secs());
    }
}

/// Lines of `global_defs`.
pub fn global(page: &mut Page, engine: &EngineSettings) {
    let usual = EngineSettings::default();
    let ProcessNames { engine: own, vrrp, check } = &engine.names;
    text(page, "process_name", own.as_deref());
    text(page, "vrrp_process_name", vrrp.as_deref());
    text(page, "checker_process_name", check.as_deref());
    if engine.use_symlink_paths {
        page.switch("use_symlink_paths", true);
    }
    if engine.supplementary_groups {
        page.switch("set_supplementary_groups", true);
    }
    script(page, "startup_script", engine.startup_script.as_ref());
    script(page, "shutdown_script", engine.shutdown_script.as_ref());
    if engine.max_auto_priority > 0 {
        page.set("max_auto_priority", engine.max_auto_priority);
    }
    if engine.min_auto_priority_delay != usual.min_auto_priority_delay {
        page.set("min_auto_priority_delay", engine.min_auto_priority_delay.as_micros());
    }
    scheduling(page, "vrrp", &engine.vrrp);
    scheduling(page, "checker", &engine.check);
    if let Some(mask) = engine.umask {
        page.set("umask", format!("0{mask:o}"));
    }
    let reload = &engine.reload;
    if reload.check {
        let log = reload.check_log.as_deref().map_or_else(String::new, |l| format!(" {}", word(l)));
        page.line(&format!("reload_check_config{log}"));
    }
    text(page, "reload_time_file", reload.time_file.as_deref());
    page.flag("reload_repeat", reload.repeat);
    match reload.marker.as_deref() {
        Some("") => page.line("reload_file"),
        marker => text(page, "reload_file", marker),
    }
    text(page, "config_save_dir", engine.save_dir.as_deref());
    if engine.data_use_instance {
        page.switch("data_use_instance", true);
    }
    if engine.json_version != usual.json_version {
        page.set("json_version", engine.json_version);
    }
    text(page, "state_dump_file", engine.dump_file.as_deref());
}

fn text(page: &mut Page, keyword: &str, value: Option<&str>) {
    if let Some(value) = value {
        page.set(keyword, word(value));
    }
}

fn script(page: &mut Page, keyword: &str, script: Option<&AwaitedScript>) {
    if let Some(AwaitedScript { command, timeout }) = script {
        page.script(keyword, Some(command));
        page.set(&format!("{keyword}_timeout"), timeout.as_secs());
    }
}

fn scheduling(page: &mut Page, worker: &str, scheduling: &Scheduling) {
    if scheduling.nice != 0 {
        page.set(&format!("{worker}_priority"), scheduling.nice);
    }
    page.flag(&format!("{worker}_no_swap"), scheduling.no_swap);
    if let Some(priority) = scheduling.rt_priority {
        page.set(&format!("{worker}_rt_priority"), priority);
    }
    if !scheduling.cpus.is_empty() {
        let cpus: Vec<String> = scheduling.cpus.iter().map(ToString::to_string).collect();
        page.set(&format!("{worker}_cpu_affinity"), cpus.join(" "));
    }
    if let Some(limit) = scheduling.rt_limit {
        page.set(&format!("{worker}_rlimit_rttime"), limit);
    }
}

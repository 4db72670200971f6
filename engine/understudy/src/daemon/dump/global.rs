//! `Global definitions`: the settings of every process.

use understudy_core::node::process::{EngineSettings, Scheduling};
use understudy_core::node::settings::{Fifo, ProcessSettings};

use super::{Page, TRUE, owner, quoted, word};

/// The section, in the order of keepalived's.
pub fn global(page: &mut Page, process: &ProcessSettings) {
    let engine = &process.engine;
    page.section("Global definitions");
    set(page, "Config save dir", engine.save_dir.as_deref());
    set(page, "Instance name", engine.instance.as_deref());
    set(page, "Parent process name", engine.names.engine.as_deref());
    set(page, "VRRP process name", engine.names.vrrp.as_deref());
    set(page, "LVS process name", engine.names.check.as_deref());
    let host = process.router_id.clone().unwrap_or_else(crate::config_files::host_name);
    page.object("Router ID", host);
    mail(page, process);
    reload(page, engine);
    if engine.data_use_instance {
        page.line(1, "Use instance name in data dumps");
    }
    for (name, script) in
        [("Startup script", &engine.startup_script), ("Shutdown script", &engine.shutdown_script)]
    {
        if let Some(script) = script {
            let who = owner(&script.command, process);
            page.object(name, format!("{}, uid:gid {who}", quoted(&script.command)));
            page.object(&format!("{name} timeout"), script.timeout.as_secs());
        }
    }
    fifo(page, "Global", process.notify_fifo.as_ref(), process);
    fifo(page, "VRRP", process.vrrp_notify_fifo.as_ref(), process);
    fifo(page, "LVS", process.lvs_notify_fifo.as_ref(), process);
    page.object("Max auto priority", engine.max_auto_priority);
    let delay = engine.min_auto_priority_delay.as_micros();
    page.object("Min auto priority delay", format!("{delay} usecs"));
    scheduling(page, "VRRP", &engine.vrrp);
    scheduling(page, "Checker", &engine.check);
    let secure = word(process.script_security, ["enabled", "disabled"]);
    page.line(1, &format!("Script security {secure}"));
    if let Some(user) = &process.script_user
        && let Ok(found) = crate::notify::user::look_up(user)
    {
        page.line(1, &format!("Default script uid:gid {}:{}", found.uid, found.gid));
    }
    page.object("umask", format!("0{:o}", engine.umask.unwrap_or(super::MASK)));
}

fn set(page: &mut Page, key: &str, value: Option<&str>) {
    if let Some(value) = value {
        page.object(key, value);
    }
}

fn mail(page: &mut Page, process: &ProcessSettings) {
    let mail = &process.mail;
    if let Some(server) = &mail.server {
        page.object("Smtp server", &server.host);
        page.object("Smtp server port", server.port);
        set(page, "Smtp HELO name", mail.helo.as_deref());
        page.object("Smtp server connection timeout", mail.timeout.as_secs());
    }
    if let Some(from) = &mail.from {
        page.object("Email notification from", from);
    }
    if !mail.to.is_empty() {
        page.line(1, "Email notification to:");
        mail.to.iter().for_each(|to| page.line(3, &to.to_string()));
    }
}

fn reload(page: &mut Page, engine: &EngineSettings) {
    let reload = &engine.reload;
    match (&reload.check_log, reload.check) {
        (Some(log), true) => page.object("Test config before reload, log to", log),
        (_, true) => page.line(1, "Test config before reload"),
        (_, false) => page.line(1, "No test config before reload"),
    }
    set(page, "Reload time file", reload.time_file.as_deref());
    set(page, "Reload_file", reload.marker.as_deref());
}

fn fifo(page: &mut Page, kind: &str, fifo: Option<&Fifo>, process: &ProcessSettings) {
    let Some(Fifo { path, script, .. }) = fifo else { return };
    page.object(&format!("{kind} notify fifo"), path);
    if let Some(script) = script {
        let who = owner(script, process);
        let text = format!("{}, uid:gid {who}", quoted(script));
        page.object(&format!("{kind} notify fifo script"), text);
    }
}

fn scheduling(page: &mut Page, worker: &str, scheduling: &Scheduling) {
    page.object(&format!("{worker} process priority"), scheduling.nice);
    page.object(&format!("{worker} don't swap"), word(scheduling.no_swap, TRUE));
    page.object(&format!("{worker} realtime priority"), scheduling.rt_priority.unwrap_or(0));
    if !scheduling.cpus.is_empty() {
        let cpus: Vec<String> = scheduling.cpus.iter().map(u16::to_string).collect();
        page.object(&format!("{worker} CPU Affinity"), cpus.join(" "));
    }
    page.object(&format!("{worker} realtime limit"), scheduling.rt_limit.unwrap_or(0));
}

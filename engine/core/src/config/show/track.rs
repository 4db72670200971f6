//! What is tracked: scripts, files, processes and links.

use alloc::format;

use super::{Page, command_word, run_as, seconds, word};
use crate::node::settings::VrrpSettings;
use crate::track::settings::{
    FileInit, FileSettings, LinkDelays, Method, Parameters, ScriptSettings, TrackRef, WatchSettings,
};

/// `vrrp_script`.
pub fn script(page: &mut Page, script: &ScriptSettings) {
    page.open(&format!("vrrp_script {}", word(&script.name)));
    page.line(&format!("script {}", command_word(&script.command)));
    if let Some(user) = &script.command.run_as {
        page.set("user", run_as(user));
    }
    page.time("interval", script.interval);
    page.time("timeout", script.timeout);
    page.set("rise", script.rise);
    page.set("fall", script.fall);
    page.flag("init_fail", script.init_fail);
    page.close();
}

/// What holds for interfaces.
pub fn links(page: &mut Page, settings: &VrrpSettings) {
    if !settings.link_beats.is_empty() {
        page.open("linkbeat_interfaces");
        for beat in &settings.link_beats {
            let method = beat.method.map_or("", |method| match method {
                Method::Mii => " MII",
                Method::Ethtool => " ETHTOOL",
                Method::Ioctl => " IOCTL",
            });
            page.line(&format!("{}{method}", word(&beat.interface)));
        }
        page.close();
    }
    if !settings.link_delays.is_empty() {
        page.open("interface_up_down_delays");
        for (name, LinkDelays { down, up }) in &settings.link_delays {
            page.line(&format!("{} {} {}", word(name), seconds(*down), seconds(*up)));
        }
        page.close();
    }
    for group in &settings.paces.groups {
        page.open("garp_group");
        page.time("garp_interval", group.pace.interval);
        page.time("gna_interval", group.pace.na_interval);
        page.open("interfaces");
        group.interfaces.iter().for_each(|it| page.line(&word(it)));
        page.close();
        page.close();
    }
}

/// `track_file`.
pub fn track_file(page: &mut Page, file: &FileSettings) {
    page.open(&format!("track_file {}", word(&file.name)));
    page.set("file", word(&file.path));
    if let Some(FileInit { value, overwrite }) = file.init {
        let overwrite = if overwrite { " overwrite" } else { "" };
        page.line(&format!("init_file {value}{overwrite}"));
    }
    page.close();
}

/// `vrrp_track_process`.
pub fn track_process(page: &mut Page, watch: &WatchSettings) {
    page.open(&format!("vrrp_track_process {}", word(&watch.name)));
    let (parameters, matching) = match &watch.parameters {
        Parameters::Any => (&[][..], None),
        Parameters::Exactly(parameters) => (&parameters[..], Some("param_match")),
        Parameters::First(parameters) => (&parameters[..], Some("param_match partial")),
        Parameters::Begin(parameters) => (&parameters[..], Some("param_match initial")),
    };
    let mut line = format!("process {}", word(&watch.process));
    parameters.iter().for_each(|it| line.push_str(&format!(" {}", word(it))));
    page.line(&line);
    page.flag("full_command", watch.full_command);
    page.flag(matching.unwrap_or_default(), matching.is_some());
    if watch.quorum > 0 {
        page.set("quorum", watch.quorum);
    }
    if watch.quorum_max < u32::MAX {
        page.set("quorum_max", watch.quorum_max);
    }
    for (keyword, delay) in
        [("terminate_delay", watch.terminate_delay), ("fork_delay", watch.fork_delay)]
    {
        if !delay.is_zero() {
            page.time(keyword, delay);
        }
    }
    page.close();
}

/// What an instance tracks of one kind.
pub fn tracks(page: &mut Page, keyword: &str, tracks: &[TrackRef]) {
    if tracks.is_empty() {
        return;
    }
    page.open(keyword);
    for track in tracks {
        let reverse = if track.reverse { " reverse" } else { "" };
        page.line(&format!("{} weight {}{reverse}", word(&track.name), track.weight));
    }
    page.close();
}

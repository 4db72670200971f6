//! The effective configuration as a configuration: every default filled in, nothing inherited, secrets masked. Reading
//! it again gives the same settings.

mod bfd;
mod check;
mod global;
mod net;
mod process;
mod track;
mod virtual_server;
mod vmac;
mod vrrp;
mod wire;

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt::Display;
use core::time::Duration;

use self::virtual_server::virtual_server;
use super::value;
use crate::command::{Command, RunAs};
use crate::node::settings::HostSettings;

/// Settings as a configuration file.
#[must_use]
pub fn show(settings: &HostSettings) -> String {
    let mut page = Page::default();
    process::top(&mut page, &settings.process.engine);
    global::namespaces(&mut page, &settings.process.namespaces);
    global::global(&mut page, settings);
    if !settings.vrrp.static_addresses.is_empty() {
        page.open("static_ipaddress");
        settings.vrrp.static_addresses.iter().for_each(|a| page.line(&net::address(a)));
        page.close();
    }
    track::links(&mut page, &settings.vrrp);
    net::routing(&mut page, "static", &settings.vrrp.static_routes, &settings.vrrp.static_rules);
    settings.vrrp.scripts.iter().for_each(|s| track::script(&mut page, s));
    settings.vrrp.files.iter().for_each(|f| track::track_file(&mut page, f));
    settings.vrrp.processes.iter().for_each(|p| track::track_process(&mut page, p));
    settings.vrrp.bfd.iter().for_each(|b| bfd::session(&mut page, b));
    settings.vrrp.sync_groups.iter().for_each(|g| vrrp::sync_group(&mut page, g));
    settings.vrrp.instances.iter().for_each(|i| vrrp::instance(&mut page, i));
    settings.check.virtual_servers.iter().for_each(|v| virtual_server(&mut page, v));
    page.text
}

/// Lines with their indentation.
#[derive(Default)]
struct Page {
    text: String,
    depth: usize,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.text.extend(core::iter::repeat_n("    ", self.depth));
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn open(&mut self, header: &str) {
        if self.depth == 0 && !self.text.is_empty() {
            self.text.push('\n');
        }
        self.line(&format!("{header} {{"));
        self.depth += 1;
    }

    fn close(&mut self) {
        self.depth -= 1;
        self.line("}");
    }

    fn set(&mut self, keyword: &str, value: impl Display) {
        self.line(&format!("{keyword} {value}"));
    }

    fn time(&mut self, keyword: &str, time: Duration) {
        self.set(keyword, seconds(time));
    }

    fn flag(&mut self, keyword: &str, on: bool) {
        if on {
            self.line(keyword);
        }
    }

    fn switch(&mut self, keyword: &str, on: bool) {
        self.set(keyword, if on { "on" } else { "off" });
    }

    fn script(&mut self, keyword: &str, script: Option<&Command>) {
        if let Some(command) = script {
            let user =
                command.run_as.as_ref().map_or_else(String::new, |u| format!(" {}", run_as(u)));
            self.line(&format!("{keyword} {}{user}", command_word(command)));
        }
    }
}

fn seconds(time: Duration) -> String {
    value::seconds(u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
}

fn run_as(user: &RunAs) -> String {
    match &user.group {
        Some(group) => format!("{} {}", word(&user.user), word(group)),
        None => word(&user.user),
    }
}

/// One word of an ordinary line. A `"` in it can't be written, and can't have been read.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,*?~^&[]()<>|".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_string()
    } else {
        format!("\"{text}\"")
    }
}

/// A command as the one word of a script line: cut again when it is read.
fn command_word(command: &Command) -> String {
    let argument = |text: &String| {
        let mut out = String::new();
        for c in text.chars() {
            match c {
                '\\' => out.push_str("\\\\"),
                // Neither kind of quote may end the word, and `$` must not begin a definition.
                '"' | '\'' | '$' | '\n' | '\r' | '\x0b' | '\x0c' => {
                    out.push_str(&format!("\\x{:02x}", u32::from(c)));
                }
                _ => out.push(c),
            }
        }
        let bare = !out.is_empty() && !out.contains([' ', '\t']);
        if bare { out } else { format!("'{out}'") }
    };
    let arguments: alloc::vec::Vec<String> = command.argv.iter().map(argument).collect();
    format!("\"{}\"", arguments.join(" "))
}

//! The process side of `global_defs` and of the top level: names, scheduling, files, start, reload and stop (reference
//! §2.1, §2.2).

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use super::global_defs::GlobalDefs;
use super::{Argument, Configuration, Keyword, kw};
use crate::command::Command;
use crate::config::diagnostic::{At, Diagnostics, code};
use crate::config::keyword::Reload::{Live, Restart};
use crate::config::keyword::Repeated::{First, Last};
use crate::config::keyword::{extra, ignored, old};
use crate::config::lexer::Word;
use crate::config::tree::Node;
use crate::config::value;
use crate::node::process::{AwaitedScript, EngineSettings, Scheduling};

/// As written.
#[derive(Clone, Debug, Default)]
pub struct ProcessLines {
    /// What is final already.
    pub settings: EngineSettings,
    named: bool,
    /// What is said of keepalived's BFD process: it counts for the worker that runs the sessions.
    bfd: Scheduling,
    bfd_name: Option<String>,
    startup: Option<At<Command>>,
    startup_timeout: Option<At<i64>>,
    shutdown: Option<At<Command>>,
    shutdown_timeout: Option<At<i64>>,
    repeat: Option<At<bool>>,
}

/// `comm` of a process is so long (TASK_COMM_LEN without the zero).
const NAME_MAX: usize = 15;
/// SCHED_RR's highest priority.
const RT_MAX: i64 = 99;
/// CPU_SETSIZE.
const CPUS: i64 = 1024;

/// Rows of `global_defs`.
#[rustfmt::skip] // one row a line
pub const KEYWORDS: &[Keyword<GlobalDefs>] = &[
    kw("process_names", Live, Last, Argument::Flag(|g, _| g.process.named = true)),
    kw("process_name", Live, Last, Argument::Line(|g, node, out| g.process.settings.names.engine = process_name(node, out))),
    kw("vrrp_process_name", Live, Last, Argument::Line(|g, node, out| g.process.settings.names.vrrp = process_name(node, out))),
    kw("checker_process_name", Live, Last, Argument::Line(|g, node, out| g.process.settings.names.check = process_name(node, out))),
    old(kw("lvs_process_name", Live, Last, Argument::Line(|g, node, out| g.process.settings.names.check = process_name(node, out))), "checker_process_name"),
    kw("use_symlink_paths", Live, Last, Argument::Switch(|g, on| g.process.settings.use_symlink_paths = on.value)),
    kw("set_supplementary_groups", Live, Last, Argument::Switch(|g, on| g.process.settings.supplementary_groups = on.value)),
    kw("startup_script", Restart, First, Argument::Script(|g, c| g.process.startup = Some(c))),
    kw("startup_script_timeout", Restart, Last, Argument::Int(1, 1000, |g, n| g.process.startup_timeout = Some(n))),
    kw("shutdown_script", Live, First, Argument::Script(|g, c| g.process.shutdown = Some(c))),
    kw("shutdown_script_timeout", Live, Last, Argument::Int(1, 1000, |g, n| g.process.shutdown_timeout = Some(n))),
    kw("max_auto_priority", Live, Last, Argument::Line(|g, node, out| auto_priority(&mut g.process.settings, node, out))),
    kw("min_auto_priority_delay", Live, Last, Argument::Int(1, 10_000_000, |g, n| g.process.settings.min_auto_priority_delay = micros(&n))),
    kw("vrrp_priority", Live, Last, Argument::Int(-20, 19, |g, n| g.process.settings.vrrp.nice = nice(&n))),
    kw("vrrp_no_swap", Live, Last, Argument::Flag(|g, _| g.process.settings.vrrp.no_swap = true)),
    kw("vrrp_rt_priority", Live, Last, Argument::Int(0, RT_MAX, |g, n| g.process.settings.vrrp.rt_priority = priority(&n))),
    kw("vrrp_cpu_affinity", Live, Last, Argument::Line(|g, node, out| g.process.settings.vrrp.cpus = cpus(node, out))),
    kw("vrrp_rlimit_rttime", Live, Last, Argument::Line(|g, node, out| limit(&mut g.process.settings.vrrp, node, out))),
    old(kw("vrrp_rlimit_rtime", Live, Last, Argument::Line(|g, node, out| limit(&mut g.process.settings.vrrp, node, out))), "vrrp_rlimit_rttime"),
    kw("checker_priority", Live, Last, Argument::Int(-20, 19, |g, n| g.process.settings.check.nice = nice(&n))),
    kw("checker_no_swap", Live, Last, Argument::Flag(|g, _| g.process.settings.check.no_swap = true)),
    kw("checker_rt_priority", Live, Last, Argument::Int(0, RT_MAX, |g, n| g.process.settings.check.rt_priority = priority(&n))),
    kw("checker_cpu_affinity", Live, Last, Argument::Line(|g, node, out| g.process.settings.check.cpus = cpus(node, out))),
    kw("checker_rlimit_rttime", Live, Last, Argument::Line(|g, node, out| limit(&mut g.process.settings.check, node, out))),
    old(kw("checker_rlimit_rtime", Live, Last, Argument::Line(|g, node, out| limit(&mut g.process.settings.check, node, out))), "checker_rlimit_rttime"),
    kw("bfd_process_name", Live, Last, Argument::Line(|g, node, out| g.process.bfd_name = process_name(node, out))),
    kw("bfd_priority", Live, Last, Argument::Int(-20, 19, |g, n| g.process.bfd.nice = nice(&n))),
    kw("bfd_no_swap", Live, Last, Argument::Flag(|g, _| g.process.bfd.no_swap = true)),
    kw("bfd_rt_priority", Live, Last, Argument::Int(0, RT_MAX, |g, n| g.process.bfd.rt_priority = priority(&n))),
    kw("bfd_cpu_affinity", Live, Last, Argument::Line(|g, node, out| g.process.bfd.cpus = cpus(node, out))),
    kw("bfd_rlimit_rttime", Live, Last, Argument::Line(|g, node, out| limit(&mut g.process.bfd, node, out))),
    old(kw("bfd_rlimit_rtime", Live, Last, Argument::Line(|g, node, out| limit(&mut g.process.bfd, node, out))), "bfd_rlimit_rttime"),
    kw("umask", Live, Last, Argument::Line(|g, node, out| g.process.settings.umask = umask(node, out))),
    kw("reload_check_config", Live, Last, Argument::Line(|g, node, out| check_config(&mut g.process.settings, node, out))),
    kw("reload_time_file", Live, Last, Argument::Word("a path", |g, w| g.process.settings.reload.time_file = Some(w.value))),
    kw("reload_repeat", Live, Last, Argument::Flag(|g, on| g.process.repeat = Some(on))),
    kw("reload_file", Live, Last, Argument::Line(|g, node, out| g.process.settings.reload.marker = Some(optional(node, out).unwrap_or_default()))),
    kw("config_save_dir", Restart, Last, Argument::Word("a directory", |g, w| g.process.settings.save_dir = Some(w.value))),
    ignored("tmp_config_directory", "the text that was read is kept in memory only"),
    kw("data_use_instance", Live, Last, Argument::Switch(|g, on| g.process.settings.data_use_instance = on.value)),
    kw("json_version", Live, Last, Argument::Int(1, 2, |g, n| g.process.settings.json_version = super::to_u8(n))),
    kw("state_dump_file", Live, Last, Argument::Word("a path", |g, w| g.process.settings.dump_file = Some(w.value))),
];

/// Rows of the top level.
#[rustfmt::skip] // one row a line
pub const TOP: &[Keyword<Configuration>] = &[
    kw("use_pid_dir", Restart, Last, Argument::Flag(|c, _| c.global.process.settings.use_pid_dir = true)),
    kw("instance", Restart, First, Argument::Line(|c, node, out| c.global.process.settings.instance = instance(node, out))),
    kw("child_wait_time", Live, Last, Argument::Int(0, u32::MAX as i64, |c, n| c.global.process.settings.child_wait = Duration::from_secs(n.value.unsigned_abs()))),
];

impl ProcessLines {
    /// The VRRP worker runs BFD sessions: what is said of such a process and not of this one counts. QUIRKS.md, "BFD".
    pub fn with_sessions(&self, settings: &mut EngineSettings) {
        settings.names.vrrp = settings.names.vrrp.take().or_else(|| self.bfd_name.clone());
        let (own, bfd) = (&mut settings.vrrp, &self.bfd);
        own.nice = if own.nice == 0 { bfd.nice } else { own.nice };
        own.no_swap |= bfd.no_swap;
        own.rt_priority = own.rt_priority.or(bfd.rt_priority);
        own.rt_limit = own.rt_limit.or(bfd.rt_limit);
        if own.cpus.is_empty() {
            own.cpus.clone_from(&bfd.cpus);
        }
    }

    /// The final settings.
    pub fn settings(&self, out: &mut Diagnostics) -> EngineSettings {
        let mut settings = self.settings.clone();
        if self.named {
            // Those that are named one by one keep their names.
            settings.names.vrrp.get_or_insert_with(|| "keepalived_vrrp".to_string());
            settings.names.check.get_or_insert_with(|| "keepalived_lvs".to_string());
        }
        let scripts = [
            ("startup_script", &self.startup, &self.startup_timeout),
            ("shutdown_script", &self.shutdown, &self.shutdown_timeout),
        ];
        let [startup, shutdown] = scripts.map(|(name, script, timeout)| {
            if let (None, Some(timeout)) = (script, timeout) {
                let message = format!("`{name}_timeout` without `{name}`");
                out.add(code::NO_EFFECT, timeout.span, message);
            }
            let seconds = timeout.as_ref().map_or(10, |t| t.value.unsigned_abs());
            let timeout = Duration::from_secs(seconds);
            script.as_ref().map(|s| AwaitedScript { command: s.value.clone(), timeout })
        });
        settings.startup_script = startup;
        settings.shutdown_script = shutdown;
        if let (Some(repeat), None) = (&self.repeat, &settings.reload.time_file) {
            out.add(code::NO_EFFECT, repeat.span, "`reload_repeat` without `reload_time_file`");
        }
        settings.reload.repeat = self.repeat.is_some() && settings.reload.time_file.is_some();
        settings
    }
}

fn nice(number: &At<i64>) -> i8 {
    i8::try_from(number.value).unwrap_or(0)
}

/// 0: none.
fn priority(number: &At<i64>) -> Option<u8> {
    u8::try_from(number.value).ok().filter(|n| *n > 0)
}

const fn micros(number: &At<i64>) -> Duration {
    Duration::from_micros(number.value.unsigned_abs())
}

/// The one word that must follow a keyword.
fn needed<'n>(node: &'n Node, what: &str, out: &mut Diagnostics) -> Option<&'n Word> {
    let keyword = node.keyword();
    let Some(word) = node.arguments().first() else {
        let message = format!("`{}` needs {what}", keyword.text);
        out.add(code::MISSING_ARGUMENT, keyword.span, message);
        return None;
    };
    extra(node, 2, out);
    Some(word)
}

/// The one word that may follow.
fn optional(node: &Node, out: &mut Diagnostics) -> Option<String> {
    extra(node, 2, out);
    node.arguments().first().map(|word| word.text.clone())
}

/// `NAME`, cut where the kernel would cut it.
fn process_name(node: &Node, out: &mut Diagnostics) -> Option<String> {
    let word = needed(node, "a name", out)?;
    let name = &word.text;
    if name.contains('\0') || name.is_empty() {
        let message = format!("`{}`: a process needs a name", node.keyword().text);
        out.add(code::BAD_ARGUMENT, word.span, message);
        return None;
    }
    let end = (0..=NAME_MAX.min(name.len())).rev().find(|end| name.is_char_boundary(*end));
    let cut = &name[..end.unwrap_or(0)];
    if cut.len() < name.len() {
        let message =
            format!("`{}`: a process has a name of {NAME_MAX} bytes", node.keyword().text);
        out.add(code::ADJUSTED, word.span, message).label(format!("taken as `{cut}`"));
    }
    Some(cut.to_string())
}

/// `NAME`: part of the names of files.
fn instance(node: &Node, out: &mut Diagnostics) -> Option<String> {
    let word = needed(node, "a name", out)?;
    if word.text.is_empty() || word.text.contains(['/', '\0']) || word.text.len() > 200 {
        let message = format!("`instance`: `{}` can be no part of a file's name", word.text);
        out.add(code::BAD_ARGUMENT, word.span, message).label("expected a name without `/`");
        return None;
    }
    Some(word.text.clone())
}

/// `[NUMBER]`: without it the highest there is; -1 and 0 are off.
fn auto_priority(settings: &mut EngineSettings, node: &Node, out: &mut Diagnostics) {
    extra(node, 2, out);
    let number = match node.arguments().first() {
        None => Some(RT_MAX),
        Some(word) => value::int("max_auto_priority", word, -1, RT_MAX, out),
    };
    settings.max_auto_priority = number.map_or(0, |n| u8::try_from(n).unwrap_or(0));
}

/// `CPU ...`
fn cpus(node: &Node, out: &mut Diagnostics) -> Vec<u16> {
    if node.arguments().is_empty() {
        needed(node, "numbers of processors", out);
    }
    let name = &node.keyword().text;
    let mut cpus: Vec<u16> = node
        .arguments()
        .iter()
        .filter_map(|word| value::int(name, word, 0, CPUS - 1, out))
        .filter_map(|n| u16::try_from(n).ok())
        .collect();
    cpus.sort_unstable();
    cpus.dedup();
    cpus
}

/// Microseconds.
fn limit(scheduling: &mut Scheduling, node: &Node, out: &mut Diagnostics) {
    let Some(word) = needed(node, "microseconds", out) else { return };
    let name = &node.keyword().text;
    let Some(number) = value::int(name, word, 1, i64::from(u32::MAX), out) else { return };
    if number == 1 {
        // The soft limit is the half of it.
        out.add(code::ADJUSTED, word.span, format!("`{name}`: 1 is too short")).label("taken as 2");
    }
    scheduling.rt_limit = u32::try_from(number).ok().map(|n| n.max(2));
}

/// `[LOGFILE]`
fn check_config(settings: &mut EngineSettings, node: &Node, out: &mut Diagnostics) {
    settings.reload.check = true;
    settings.reload.check_log = optional(node, out);
}

/// A number as in C, or names of mode bits.
fn umask(node: &Node, out: &mut Diagnostics) -> Option<u16> {
    let word = needed(node, "a mask", out)?;
    let mask = umask_of(&word.text);
    if mask.is_none() {
        out.add(code::BAD_ARGUMENT, word.span, format!("`umask`: `{}` is no mask", word.text))
            .label("expected 0 to 0777, or names such as IRWXG|IRWXO");
    }
    mask
}

/// The bits of a mask, written as a number or by the names of sys/stat.h without their `S_`.
#[must_use]
pub fn umask_of(text: &str) -> Option<u16> {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        let (digits, radix) = match (text.strip_prefix("0x"), text.strip_prefix('0')) {
            (Some(hex), _) => (hex, 16),
            (None, Some(octal)) if !octal.is_empty() => (octal, 8),
            _ => (text, 10),
        };
        return u16::from_str_radix(digits, radix).ok().filter(|mask| *mask <= 0o777);
    }
    let bit = |name: &str| {
        let (kind, who) = name.strip_prefix('I')?.split_at_checked(1)?;
        if kind == "R"
            && let Some(who) = who.strip_prefix("WX")
        {
            return Some(match who {
                "U" => 0o700,
                "G" => 0o070,
                "O" => 0o007,
                _ => return None,
            });
        }
        let kind = match kind {
            "R" => 4,
            "W" => 2,
            "X" => 1,
            _ => return None,
        };
        Some(match who {
            "USR" => kind << 6,
            "GRP" => kind << 3,
            "OTH" => kind,
            _ => return None,
        })
    };
    text.split('|').map(|name| bit(name.trim())).try_fold(0, |mask, bit| Some(mask | bit?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_is_a_number_or_names_of_bits() {
        assert_eq!(umask_of("0177"), Some(0o177));
        assert_eq!(umask_of("0x3f"), Some(0o077));
        assert_eq!(umask_of("18"), Some(0o022));
        assert_eq!(umask_of("0"), Some(0));
        assert_eq!(umask_of("IXUSR|IRWXG|IRWXO"), Some(0o177));
        assert_eq!(umask_of("IRUSR|IWGRP|IXOTH"), Some(0o421));
        for wrong in ["01000", "08", "IRWX", "RUSR", "IRUSR|", "", "é", "IR"] {
            assert_eq!(umask_of(wrong), None, "{wrong}");
        }
    }
}

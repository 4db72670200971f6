//! `vrrp_script`: a program that instances track (reference §2.8).

use alloc::format;
use alloc::string::String;
use core::time::Duration;

use super::track::{Weight, weight};
use super::{Argument, Keyword, Table, kw, lines, name};
use crate::command::{Command, RunAs};
use crate::config::diagnostic::{At, Diagnostics, code};
use crate::config::keyword::Reload::Live;
use crate::config::keyword::Repeated::Last;
use crate::config::script;
use crate::config::tree::Node;
use crate::track::settings::ScriptSettings;

/// A script as written.
#[derive(Clone, Debug)]
pub struct VrrpScript {
    /// Its name.
    pub name: At<String>,
    command: Option<At<Command>>,
    user: Option<RunAs>,
    interval: Option<At<Duration>>,
    timeout: Option<At<Duration>>,
    /// The weight of references that give none.
    pub weight: Option<Weight>,
    rise: u32,
    fall: u32,
    init_fail: bool,
}

/// Its keywords.
pub const TABLE: Table<VrrpScript> = Table { block: "vrrp_script", keywords: &[KEYWORDS] };

/// Seconds that an interval or a timeout may have, in microseconds.
const RANGE: (u64, u64) = (0, 4_294_000_000);

#[rustfmt::skip] // one row a line
const KEYWORDS: &[Keyword<VrrpScript>] = &[
    kw("script", Live, Last, Argument::Line(|s, node, out| s.command = script::alone(node, out).or(s.command.take()))),
    kw("interval", Live, Last, Argument::Time(RANGE.0, RANGE.1, |s, t| s.interval = Some(t))),
    kw("timeout", Live, Last, Argument::Time(RANGE.0, RANGE.1, |s, t| s.timeout = Some(t))),
    kw("weight", Live, Last, Argument::Line(|s, node, out| s.weight = weight(node.keyword(), node.arguments(), out))),
    kw("rise", Live, Last, Argument::Int(1, 0x7fff_ffff, |s, n| s.rise = super::to_u32(n))),
    kw("fall", Live, Last, Argument::Int(1, 0x7fff_ffff, |s, n| s.fall = super::to_u32(n))),
    kw("user", Live, Last, Argument::Line(|s, node, out| s.user = script::user(node, out))),
    kw("init_fail", Live, Last, Argument::Flag(|s, _| s.init_fail = true)),
];

/// Reads the block.
pub fn parse(node: &Node, out: &mut Diagnostics) -> Option<VrrpScript> {
    let name = name(node, out)?;
    let mut script = VrrpScript {
        name,
        command: None,
        user: None,
        interval: None,
        timeout: None,
        weight: None,
        rise: 1,
        fall: 1,
        init_fail: false,
    };
    let place = format!("vrrp_script `{}`", script.name.value);
    TABLE.apply(&place, &mut script, lines(node), out);
    Some(script)
}

impl VrrpScript {
    /// The final settings.
    pub fn settings(&self, out: &mut Diagnostics) -> Option<ScriptSettings> {
        let name = &self.name.value;
        let Some(command) = &self.command else {
            out.add(
                code::INCOMPLETE,
                self.name.span,
                format!("vrrp_script `{name}` has no `script`"),
            )
            .help("add `script \"/path/to/program argument\"`");
            return None;
        };
        let second = Duration::from_secs(1);
        let interval = at_least_a_millisecond("interval", self.interval.as_ref(), second, out);
        let timeout = at_least_a_millisecond("timeout", self.timeout.as_ref(), interval, out);
        if timeout > interval
            && let Some(at) = &self.timeout
        {
            out.add(
                code::NO_EFFECT,
                at.span,
                format!("vrrp_script `{name}`: the timeout is longer than the interval"),
            )
            .label("runs are skipped while one goes on");
        }
        let mut command = command.value.clone();
        if let Some(path) = command.argv[0].strip_prefix('<') {
            // QUIRKS.md, "A script that is a file": good if the file can be opened.
            let path =
                if path.is_empty() { command.argv.get(1).cloned() } else { Some(path.into()) };
            let path = path.unwrap_or_default();
            command.argv = ["/usr/bin/test".into(), "-r".into(), path].into();
        }
        command.run_as.clone_from(&self.user);
        Some(ScriptSettings {
            name: name.clone(),
            command,
            interval,
            timeout,
            rise: self.rise,
            fall: self.fall,
            init_fail: self.init_fail,
        })
    }
}

/// 0 becomes 1 s, as in keepalived; less than 1 ms is refused.
fn at_least_a_millisecond(
    keyword: &str,
    given: Option<&At<Duration>>,
    default: Duration,
    out: &mut Diagnostics,
) -> Duration {
    let Some(given) = given else { return default };
    if given.value.is_zero() {
        out.add(code::ADJUSTED, given.span, format!("`{keyword}` can't be 0"))
            .label("taken as 1 s");
        return Duration::from_secs(1);
    }
    if given.value < Duration::from_millis(1) {
        out.add(code::OUT_OF_RANGE, given.span, format!("`{keyword}` is out of range"))
            .label("expected seconds from 0.001 to 4294");
    }
    given.value
}

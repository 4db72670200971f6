//! `vrrp_track_process`: processes that are counted (reference §2.9).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::track::{Weight, wide_weight};
use super::{Argument, Keyword, Table, kw, lines, name, to_u32};
use crate::config::diagnostic::{At, Diagnostics, code};
use crate::config::keyword::Reload::Live;
use crate::config::keyword::Repeated::{First, Last};
use crate::config::keyword::extra;
use crate::config::tree::Node;
use crate::track::settings::{Parameters, WatchSettings};

/// Processes as written.
#[derive(Clone, Debug, Default)]
pub struct VrrpTrackProcess {
    /// Their name.
    pub name: At<String>,
    process: Option<At<String>>,
    parameters: Vec<String>,
    matching: Option<Match>,
    /// The weight of references that give none.
    pub weight: Option<Weight>,
    quorum: Option<At<u32>>,
    quorum_max: Option<u32>,
    terminate_delay: Duration,
    fork_delay: Duration,
    full_command: bool,
}

/// `param_match`
#[derive(Clone, Copy, Debug)]
enum Match {
    Exact,
    Partial,
    Initial,
}

/// Its keywords.
pub const TABLE: Table<VrrpTrackProcess> =
    Table { block: "vrrp_track_process", keywords: &[KEYWORDS] };

/// Microseconds that a delay may have.
const DELAY: (u64, u64) = (1, 3_600_000_000);

#[rustfmt::skip] // one row a line
const KEYWORDS: &[Keyword<VrrpTrackProcess>] = &[
    kw("process", Live, First, Argument::Line(process)),
    kw("param_match", Live, Last, Argument::Line(|p, node, out| p.matching = matching(node, out))),
    kw("weight", Live, Last, Argument::Line(|p, node, out| p.weight = wide_weight(node.keyword(), node.arguments(), out))),
    kw("quorum", Live, Last, Argument::Int(1, 65_535, |p, n| p.quorum = Some(At::new(to_u32(n.clone()), n.span)))),
    kw("quorum_max", Live, Last, Argument::Int(0, 65_535, |p, n| p.quorum_max = Some(to_u32(n)))),
    kw("delay", Live, Last, Argument::Time(DELAY.0, DELAY.1, |p, t| { p.terminate_delay = t.value; p.fork_delay = t.value; })),
    kw("terminate_delay", Live, Last, Argument::Time(DELAY.0, DELAY.1, |p, t| p.terminate_delay = t.value)),
    kw("fork_delay", Live, Last, Argument::Time(DELAY.0, DELAY.1, |p, t| p.fork_delay = t.value)),
    kw("full_command", Live, Last, Argument::Flag(|p, _| p.full_command = true)),
];

/// Reads the block.
pub fn parse(node: &Node, out: &mut Diagnostics) -> Option<VrrpTrackProcess> {
    let mut process = VrrpTrackProcess { name: name(node, out)?, ..VrrpTrackProcess::default() };
    let place = format!("vrrp_track_process `{}`", process.name.value);
    TABLE.apply(&place, &mut process, lines(node), out);
    Some(process)
}

/// `PATH|NAME [PARAMETER ...]`
fn process(target: &mut VrrpTrackProcess, node: &Node, out: &mut Diagnostics) {
    let [word, parameters @ ..] = node.arguments() else {
        let message = "`process` needs the name or the command of a process";
        out.add(code::MISSING_ARGUMENT, node.keyword().span, message);
        return;
    };
    target.process = Some(At::new(word.text.clone(), word.span));
    target.parameters = parameters.iter().map(|word| word.text.clone()).collect();
}

/// `[initial|partial]`
fn matching(node: &Node, out: &mut Diagnostics) -> Option<Match> {
    extra(node, 2, out);
    let Some(word) = node.arguments().first() else { return Some(Match::Exact) };
    match word.text.as_str() {
        "partial" => Some(Match::Partial),
        "initial" => Some(Match::Initial),
        other => {
            out.add(code::BAD_ARGUMENT, word.span, format!("`param_match`: unexpected `{other}`"))
                .label("expected initial, partial or the end of the line");
            None
        }
    }
}

impl VrrpTrackProcess {
    /// The final settings.
    pub fn settings(&self, out: &mut Diagnostics) -> Option<WatchSettings> {
        let name = &self.name.value;
        let Some(process) = &self.process else {
            let message = format!("vrrp_track_process `{name}` has no `process`");
            out.add(code::INCOMPLETE, self.name.span, message)
                .help("add `process NAME`, as in /proc/PID/comm");
            return None;
        };
        let given = !self.parameters.is_empty();
        let full_command = self.full_command || given || process.value.contains('/');
        if full_command && !self.full_command && !given {
            // No name has a slash in it. QUIRKS.md, "VRRP".
            out.add(
                code::ASSUMED,
                process.span,
                format!("vrrp_track_process `{name}`: a path without `full_command`"),
            )
            .label("compared with the command by which processes were started")
            .help("add `full_command`, or give the bare name");
        }
        let parameters = match self.matching {
            None if !given => Parameters::Any,
            None | Some(Match::Exact) => Parameters::Exactly(self.parameters.clone()),
            Some(Match::Partial) => Parameters::First(self.parameters.clone()),
            Some(Match::Initial) => Parameters::Begin(self.parameters.clone()),
        };
        let quorum_max = self.quorum_max.unwrap_or(u32::MAX);
        if let Some(quorum) = &self.quorum
            && quorum.value > quorum_max
        {
            let message = format!("`quorum` {} is more than `quorum_max`", quorum.value);
            out.add(code::CONFLICT, quorum.span, message)
                .label("no number of processes would be right");
        }
        Some(WatchSettings {
            name: name.clone(),
            process: process.value.clone(),
            parameters,
            full_command,
            quorum: self.quorum.as_ref().map_or(1, |n| n.value).min(quorum_max),
            quorum_max,
            terminate_delay: self.terminate_delay,
            fork_delay: self.fork_delay,
        })
    }
}

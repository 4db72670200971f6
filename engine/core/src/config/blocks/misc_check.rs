//! `MISC_CHECK`: a program decides (reference §2.17, §4.8).

use alloc::string::String;
use core::time::Duration;

use super::checker::{COMMON, Checker};
use super::{Argument, Keyword, Table, kw};
use crate::checks::settings::CheckKind;
use crate::command::{Command, RunAs};
use crate::config::diagnostic::{At, Diagnostics, Span, code};
use crate::config::keyword::Reload::Live;
use crate::config::keyword::Repeated::{First, Last};
use crate::config::script;

/// The block's own part.
#[derive(Clone, Debug, Default)]
pub struct Misc {
    command: Option<At<Command>>,
    user: Option<RunAs>,
    timeout: Option<Duration>,
    dynamic: bool,
}

/// Its keywords.
pub const TABLE: Table<Checker> =
    Table { block: "virtual_server/real_server/MISC_CHECK", keywords: &[KEYWORDS, COMMON] };

#[rustfmt::skip] // one row a line
const KEYWORDS: &[Keyword<Checker>] = &[
    kw("misc_path", Live, First, Argument::Line(|c, node, out| c.misc.command = script::alone(node, out))),
    kw("misc_timeout", Live, Last, Argument::Time(0, 4_294_000_000, |c, t| c.misc.timeout = Some(t.value).filter(|t| !t.is_zero()))),
    kw("misc_dynamic", Live, Last, Argument::Flag(|c, _| c.misc.dynamic = true)),
    kw("user", Live, Last, Argument::Line(|c, node, out| c.misc.user = script::user(node, out))),
];

impl Misc {
    /// What the check does; its time limit is by default the virtual server's period.
    pub fn settings(
        &self,
        span: Span,
        virtual_delay_loop: Duration,
        out: &mut Diagnostics,
    ) -> Option<CheckKind> {
        let Some(command) = &self.command else {
            out.add(code::INCOMPLETE, span, String::from("`MISC_CHECK` has no `misc_path`"))
                .help("add `misc_path \"/path/to/program argument\"`");
            return None;
        };
        let mut command = command.value.clone();
        command.run_as.clone_from(&self.user);
        let timeout = self.timeout.unwrap_or(virtual_delay_loop);
        Some(CheckKind::Misc { command, timeout, dynamic: self.dynamic })
    }
}

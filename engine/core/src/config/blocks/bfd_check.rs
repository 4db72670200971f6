//! `BFD_CHECK`: a BFD session decides (reference §2.26).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::bfd_instance::BfdInstance;
use super::checker::{Checker, Kind};
use super::{Argument, Keyword, Table, kw};
use crate::checks::settings::{CheckKind, CheckSettings, Schedule};
use crate::config::diagnostic::{At, Diagnostics, closest, code};
use crate::config::keyword::Reload::Live;
use crate::config::keyword::Repeated::Last;

/// Its keywords.
pub const TABLE: Table<Checker> =
    Table { block: "virtual_server/real_server/BFD_CHECK", keywords: &[KEYWORDS] };

#[rustfmt::skip] // one row a line
const KEYWORDS: &[Keyword<Checker>] = &[
    kw("name", Live, Last, Argument::Word("the name of a bfd_instance", |c, w| c.session = Some(w))),
    kw("alpha", Live, Last, Argument::Switch(|c, on| c.own.alpha = Some(on.value))),
];

/// Final settings. A change is told at once; what is known is looked at again every minute.
pub fn settings(checker: &Checker, alpha: bool, out: &mut Diagnostics) -> Option<CheckSettings> {
    let Some(session) = &checker.session else {
        out.add(code::INCOMPLETE, checker.span, "`BFD_CHECK` has no `name`")
            .help("add `name BFD_INSTANCE`");
        return None;
    };
    let schedule = Schedule {
        delay_loop: super::checker::DELAY_LOOP,
        retry: 0,
        delay_before_retry: Duration::from_secs(1),
        warmup: Duration::ZERO,
        alpha,
        log_all_failures: false,
    };
    Some(CheckSettings { schedule, kind: CheckKind::Bfd { session: session.value.clone() } })
}

/// The sessions that a real server's checks name, against those that there are.
pub fn check(checkers: &[(Kind, Checker)], sessions: &[BfdInstance], out: &mut Diagnostics) {
    let mut seen: Vec<&At<String>> = Vec::new();
    for name in checkers.iter().filter_map(|(_, checker)| checker.session.as_ref()) {
        match sessions.iter().find(|it| it.name.value == name.value) {
            None => {
                let meant = closest(&name.value, sessions.iter().map(|it| it.name.value.as_str()));
                let message = format!("there is no bfd_instance `{}`", name.value);
                out.add(code::UNKNOWN_NAME, name.span, message).did_you_mean(meant);
            }
            Some(session) if !session.tells_checker() => {
                let message = format!("bfd_instance `{}` is for `vrrp` only", name.value);
                out.add(code::CONFLICT, name.span, message).help("add `checker` to it");
            }
            Some(_) => {}
        }
        match seen.iter().find(|it| it.value == name.value) {
            Some(first) => {
                let message = format!("`{}` checks this server already", name.value);
                out.add(code::REPEATED, name.span, message).related(first.span, "here first");
            }
            None => seen.push(name),
        }
    }
}

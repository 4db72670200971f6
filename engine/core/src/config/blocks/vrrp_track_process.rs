//! `vrrp_track_process`: processes that are counted (reference §2.9).
//! It does not work yet: the block is reported and skipped.

use crate::config::keyword::{Keyword, Table, not_yet};

/// Its keywords.
pub const TABLE: Table<()> = Table { block: "vrrp_track_process", keywords: &[KEYWORDS] };

const KEYWORDS: &[Keyword<()>] = &[
    not_yet("process"),
    not_yet("param_match"),
    not_yet("weight"),
    not_yet("quorum"),
    not_yet("quorum_max"),
    not_yet("delay"),
    not_yet("terminate_delay"),
    not_yet("fork_delay"),
    not_yet("full_command"),
];

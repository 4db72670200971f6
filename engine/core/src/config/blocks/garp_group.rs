//! `garp_group`: rate limits of announcements (reference §2.6).
//! It does not work yet: the block is reported and skipped.

use crate::config::keyword::{Keyword, Table, not_yet};

/// Its keywords.
pub const TABLE: Table<()> = Table { block: "garp_group", keywords: &[KEYWORDS] };

const KEYWORDS: &[Keyword<()>] = &[
    not_yet("garp_interval"),
    not_yet("gna_interval"),
    not_yet("interface"),
    not_yet("interfaces"),
];

//! `track_file`: files that hold a number (reference §2.10).
//! It does not work yet: the block is reported and skipped.

use crate::config::keyword::{Keyword, Table, not_yet};

/// Its keywords.
pub const TABLE: Table<()> = Table { block: "track_file", keywords: &[KEYWORDS] };

const KEYWORDS: &[Keyword<()>] = &[not_yet("file"), not_yet("weight"), not_yet("init_file")];

/// The same by its old name.
pub const DEPRECATED: Table<()> =
    Table { block: "vrrp_track_file", keywords: &[DEPRECATED_KEYWORDS] };

const DEPRECATED_KEYWORDS: &[Keyword<()>] =
    &[not_yet("file"), not_yet("weight"), not_yet("init_file")];

//! `FILE_CHECK` (reference §2.25).
//! It does not work yet: the block is reported and skipped.

use crate::config::keyword::{Keyword, Table, not_yet};

/// Its keywords.
pub const TABLE: Table<()> =
    Table { block: "virtual_server/real_server/FILE_CHECK", keywords: &[KEYWORDS] };

const KEYWORDS: &[Keyword<()>] = &[not_yet("track_file"), not_yet("weight")];

//! `track_group`: instances that follow the interfaces of static entries (reference §2.3).
//! It does not work yet: the block is reported and skipped.

use crate::config::keyword::{Keyword, Table, not_yet};

/// Its keywords.
pub const TABLE: Table<()> = Table { block: "track_group", keywords: &[KEYWORDS] };

const KEYWORDS: &[Keyword<()>] = &[not_yet("group")];

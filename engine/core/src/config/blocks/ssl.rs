//! `SSL`: certificates of the checks (reference §2.12).
//! It does not work yet: the block is reported and skipped.

use crate::config::keyword::{Keyword, Table, not_yet};

/// Its keywords.
pub const TABLE: Table<()> = Table { block: "SSL", keywords: &[KEYWORDS] };

const KEYWORDS: &[Keyword<()>] =
    &[not_yet("password"), not_yet("ca"), not_yet("certificate"), not_yet("key")];

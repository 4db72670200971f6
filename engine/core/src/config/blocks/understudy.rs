//! `understudy`: what keepalived does not have. Reserved; it has no keywords yet.

use crate::config::keyword::Table;

/// Its keywords.
pub const TABLE: Table<()> = Table { block: "understudy", keywords: &[] };

//! `TCP_CHECK`: a connection is enough (reference §2.19).

use super::Table;
use super::checker::{COMMON, CONNECTION, Checker, PORTS};

/// Its keywords.
pub const TABLE: Table<Checker> =
    Table { block: "virtual_server/real_server/TCP_CHECK", keywords: &[PORTS, CONNECTION, COMMON] };

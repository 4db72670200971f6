//! `PING_CHECK` (reference §2.20).
//! It does not work yet: the block is reported and skipped.

use crate::config::keyword::{Keyword, Table, not_yet};

/// Its keywords.
pub const TABLE: Table<()> =
    Table { block: "virtual_server/real_server/PING_CHECK", keywords: &[KEYWORDS] };

const KEYWORDS: &[Keyword<()>] = &[
    not_yet("connect_ip"),
    not_yet("connect_port"),
    not_yet("bindto"),
    not_yet("bind_port"),
    not_yet("bind_if"),
    not_yet("connect_timeout"),
    not_yet("fwmark"),
    not_yet("retry"),
    not_yet("delay_before_retry"),
    not_yet("warmup"),
    not_yet("delay_loop"),
    not_yet("alpha"),
    not_yet("log_all_failures"),
];

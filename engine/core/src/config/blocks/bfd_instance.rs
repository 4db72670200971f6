//! `bfd_instance`: one BFD session (reference §2.11).
//! It does not work yet: the block is reported and skipped.

use crate::config::keyword::{Keyword, Table, not_yet};

/// Its keywords.
pub const TABLE: Table<()> = Table { block: "bfd_instance", keywords: &[KEYWORDS] };

const KEYWORDS: &[Keyword<()>] = &[
    not_yet("source_ip"),
    not_yet("neighbor_ip"),
    not_yet("neighbour_ip"),
    not_yet("min_rx"),
    not_yet("min_tx"),
    not_yet("idle_tx"),
    not_yet("multiplier"),
    not_yet("passive"),
    not_yet("ttl"),
    not_yet("hoplimit"),
    not_yet("max_hops"),
    not_yet("multihop"),
    not_yet("weight"),
    not_yet("vrrp"),
    not_yet("checker"),
];

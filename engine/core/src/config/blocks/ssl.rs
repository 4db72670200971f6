//! `SSL`: certificates of SSL_GET (reference §2.12). That of the engine itself does not work yet.

use crate::config::keyword::{Keyword, Table, ignored, not_yet};

/// Its keywords.
pub const TABLE: Table<()> = Table { block: "SSL", keywords: &[KEYWORDS] };

const KEYWORDS: &[Keyword<()>] = &[
    not_yet("password"),
    ignored("ca", "SSL_GET verifies no certificate"),
    not_yet("certificate"),
    not_yet("key"),
];

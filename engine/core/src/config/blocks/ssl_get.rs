//! `SSL_GET` (reference §2.23).
//! It does not work yet: the block is reported and skipped.

use crate::config::keyword::{Keyword, Table, not_yet};

/// Its keywords.
pub const TABLE: Table<()> =
    Table { block: "virtual_server/real_server/SSL_GET", keywords: &[KEYWORDS] };

const KEYWORDS: &[Keyword<()>] = &[
    not_yet("nb_get_retry"),
    not_yet("virtualhost"),
    not_yet("http_protocol"),
    not_yet("enable_sni"),
    not_yet("sni_name"),
    not_yet("fast_recovery"),
    not_yet("tls_compliant"),
    not_yet("url"),
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

/// Keywords of `url` in it.
pub const URL: Table<()> =
    Table { block: "virtual_server/real_server/SSL_GET/url", keywords: &[URL_KEYWORDS] };

const URL_KEYWORDS: &[Keyword<()>] = &[
    not_yet("path"),
    not_yet("digest"),
    not_yet("status_code"),
    not_yet("virtualhost"),
    not_yet("regex"),
    not_yet("regex_no_match"),
    not_yet("regex_options"),
    not_yet("regex_min_offset"),
    not_yet("regex_max_offset"),
    not_yet("regex_stack"),
    not_yet("tls_compliant"),
];

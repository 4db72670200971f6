//! `PING_CHECK`: an ICMP echo is enough (reference §2.20, §4.6).

use super::checker::{COMMON, CONNECTION, Checker};
use super::{Keyword, Table};
use crate::config::keyword::ignored;

/// Its keywords.
pub const TABLE: Table<Checker> = Table {
    block: "virtual_server/real_server/PING_CHECK",
    keywords: &[KEYWORDS, CONNECTION, COMMON],
};

const NO_PORT: &str = "an echo request has no port";

const KEYWORDS: &[Keyword<Checker>] =
    &[ignored("connect_port", NO_PORT), ignored("bind_port", NO_PORT)];

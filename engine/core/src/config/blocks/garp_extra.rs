//! `garp_extra_if` and `vrrp_garp_extra_if`: announcements that keep switches from forgetting where an interface is that
//! sends no adverts (reference §2.2).

use alloc::format;
use core::time::Duration;

use crate::config::diagnostic::{Diagnostics, code};
use crate::config::keyword::extra;
use crate::config::tree::Node;
use crate::config::value;

/// A day, in seconds.
const MOST: i64 = 86_400;

/// As written.
#[derive(Clone, Copy, Debug)]
pub struct GarpExtra {
    /// Also on interfaces that are not virtual.
    pub all: bool,
    /// Their period; zero: none.
    pub every: Duration,
}

/// `[all] SECONDS`, at least `least` of them.
pub fn parse(node: &Node, least: i64, out: &mut Diagnostics) -> Option<GarpExtra> {
    let keyword = node.keyword();
    let mut words = node.arguments().iter().peekable();
    let all = words.next_if(|word| word.text == "all").is_some();
    let Some(word) = words.next() else {
        let message = format!("`{}` needs a number of seconds", keyword.text);
        out.add(code::MISSING_ARGUMENT, keyword.span, message).label("[all] SECONDS");
        return None;
    };
    extra(node, if all { 3 } else { 2 }, out);
    let seconds = value::int(&keyword.text, word, least, MOST, out)?;
    Some(GarpExtra { all, every: Duration::from_secs(seconds.unsigned_abs()) })
}

//! `track_group`: instances that follow the interfaces of static addresses, routes and rules (reference §2.3).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Argument, Keyword, Table, kw, lines, list_of_words, name};
use crate::config::diagnostic::{At, Diagnostics};
use crate::config::keyword::Reload::Live;
use crate::config::keyword::Repeated::Add;
use crate::config::tree::Node;

/// A group as written.
#[derive(Clone, Debug, Default)]
pub struct TrackGroup {
    /// Its name.
    pub name: At<String>,
    /// Names of instances.
    pub members: Vec<At<String>>,
}

/// Its keywords.
pub const TABLE: Table<TrackGroup> = Table { block: "track_group", keywords: &[KEYWORDS] };

const KEYWORDS: &[Keyword<TrackGroup>] = &[kw(
    "group",
    Live,
    Add,
    Argument::Block(|g, node, out| g.members.extend(list_of_words(node, out))),
)];

/// Reads the block.
pub fn parse(node: &Node, out: &mut Diagnostics) -> Option<TrackGroup> {
    let mut group = TrackGroup { name: name(node, out)?, ..TrackGroup::default() };
    let place = format!("track_group `{}`", group.name.value);
    TABLE.apply(&place, &mut group, lines(node), out);
    Some(group)
}

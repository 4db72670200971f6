//! `garp_group`: rate limits of announcements that interfaces share (reference §2.6).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::address;
use super::{Argument, Keyword, Table, lines, list_of_words};
use crate::config::diagnostic::{At, Diagnostics, Span, code};
use crate::config::keyword::Reload::Live;
use crate::config::keyword::Repeated::{Add, Last};
use crate::config::keyword::kw;
use crate::config::lexer::Word;
use crate::config::tree::Node;
use crate::vrrp::settings::{Pace, PaceGroup};

/// A group as written.
#[derive(Clone, Debug, Default)]
pub struct GarpGroup {
    span: Span,
    interval: Duration,
    na_interval: Duration,
    interfaces: Vec<At<String>>,
}

/// Its keywords.
pub const TABLE: Table<GarpGroup> = Table { block: "garp_group", keywords: &[KEYWORDS] };

/// Microseconds that an interval may have.
const RANGE: (u64, u64) = (0, 4_294_967_295);

#[rustfmt::skip] // one row a line
const KEYWORDS: &[Keyword<GarpGroup>] = &[
    kw("garp_interval", Live, Last, Argument::Time(RANGE.0, RANGE.1, |g, t| g.interval = t.value)),
    kw("gna_interval", Live, Last, Argument::Time(RANGE.0, RANGE.1, |g, t| g.na_interval = t.value)),
    kw("interface", Live, Add, Argument::Line(|g, node, out| g.interfaces.extend(super::global_defs::interface(node, out)))),
    kw("interfaces", Live, Add, Argument::Block(interfaces)),
];

fn interfaces(group: &mut GarpGroup, node: &Node, out: &mut Diagnostics) {
    for At { value: text, span } in list_of_words(node, out) {
        group.interfaces.extend(address::interface("interfaces", &Word { text, span }, out));
    }
}

/// Reads the block.
pub fn parse(node: &Node, out: &mut Diagnostics) -> GarpGroup {
    let mut group = GarpGroup { span: node.keyword().span, ..GarpGroup::default() };
    TABLE.apply("garp_group", &mut group, lines(node), out);
    group
}

/// The final settings of all groups.
pub fn settings(groups: &[GarpGroup], out: &mut Diagnostics) -> Vec<PaceGroup> {
    let mut settings: Vec<PaceGroup> = Vec::new();
    let mut taken: Vec<&At<String>> = Vec::new();
    for group in groups {
        let pace = Pace { interval: group.interval, na_interval: group.na_interval };
        let mut interfaces = Vec::new();
        for interface in &group.interfaces {
            if let Some(first) = taken.iter().find(|it| it.value == interface.value) {
                let message = format!("`{}` is in a garp_group already", interface.value);
                out.add(code::DUPLICATE, interface.span, message).related(first.span, "here");
                continue;
            }
            taken.push(interface);
            interfaces.push(interface.value.clone());
        }
        if group.interfaces.is_empty() {
            out.add(code::INCOMPLETE, group.span, "garp_group has no interfaces")
                .help("add `interfaces { IF ... }`");
        } else if pace == Pace::default() {
            out.add(code::NO_EFFECT, group.span, "garp_group without an interval")
                .label("nothing is limited")
                .help("add `garp_interval SECONDS` or `gna_interval SECONDS`");
            continue;
        }
        settings.push(PaceGroup { pace, interfaces });
    }
    settings
}

//! Network namespaces, on the top level (reference §2.1).

use alloc::format;
use alloc::string::String;

use super::{Argument, Configuration, Keyword, kw};
use crate::config::diagnostic::{Diagnostics, code};
use crate::config::keyword::Reload::Restart;
use crate::config::keyword::Repeated::First;
use crate::config::keyword::{extra, ignored};
use crate::config::tree::Node;
use crate::node::namespaces::IpvsNamespace;

/// Rows of the top level.
#[rustfmt::skip] // one row a line
pub const TOP: &[Keyword<Configuration>] = &[
    kw("net_namespace", Restart, First, Argument::Line(|c, node, out| c.namespaces.net = name(node, true, out))),
    kw("net_namespace_ipvs", Restart, First, Argument::Line(|c, node, out| {
        c.namespaces.ipvs = name(node, false, out).map_or(IpvsNamespace::Initial, IpvsNamespace::Named);
    })),
    ignored("namespace_with_ipsets", "sets have known namespaces since Linux 3.13"),
];

/// A name as `ip netns` takes it.
fn name(node: &Node, needed: bool, out: &mut Diagnostics) -> Option<String> {
    let keyword = node.keyword();
    extra(node, 2, out);
    let Some(word) = node.arguments().first() else {
        if needed {
            let message = format!("`{}` needs the name of a network namespace", keyword.text);
            out.add(code::MISSING_ARGUMENT, keyword.span, message);
        }
        return None;
    };
    let name = word.text.as_str();
    if name.is_empty() || name.contains('/') || matches!(name, "." | "..") || name.len() > 255 {
        let message = format!("`{}`: `{name}` is no name of a network namespace", keyword.text);
        out.add(code::BAD_ARGUMENT, word.span, message)
            .label("expected one that `ip netns list` shows");
        return None;
    }
    Some(word.text.clone())
}

//! `track_file` at the top level: files that hold a number (reference §2.10).

use alloc::format;
use alloc::string::String;

use super::track::{Weight, wide_weight};
use super::{Argument, Keyword, Table, kw, lines, name};
use crate::config::diagnostic::{At, Diagnostics, code};
use crate::config::keyword::Reload::{Live, Restart};
use crate::config::keyword::Repeated::Last;
use crate::config::keyword::extra;
use crate::config::tree::Node;
use crate::config::value;
use crate::track::settings::{FileInit, FileSettings};

/// A file as written.
#[derive(Clone, Debug, Default)]
pub struct TrackFile {
    /// Its name.
    pub name: At<String>,
    path: Option<At<String>>,
    /// The weight of references that give none.
    pub weight: Option<Weight>,
    init: Option<FileInit>,
}

/// Its keywords.
pub const TABLE: Table<TrackFile> = Table { block: "track_file", keywords: &[KEYWORDS] };
/// The same by its old name.
pub const DEPRECATED: Table<TrackFile> = Table { block: "vrrp_track_file", keywords: &[KEYWORDS] };

#[rustfmt::skip] // one row a line
const KEYWORDS: &[Keyword<TrackFile>] = &[
    kw("file", Live, Last, Argument::Line(|f, node, out| f.path = path(node, out).or(f.path.take()))),
    kw("weight", Live, Last, Argument::Line(|f, node, out| f.weight = wide_weight(node.keyword(), node.arguments(), out))),
    kw("init_file", Restart, Last, Argument::Line(|f, node, out| f.init = init(node, out))),
];

/// Reads the block.
pub fn parse(node: &Node, out: &mut Diagnostics) -> Option<TrackFile> {
    let mut file = TrackFile { name: name(node, out)?, ..TrackFile::default() };
    let place = format!("{} `{}`", node.keyword().text, file.name.value);
    TABLE.apply(&place, &mut file, lines(node), out);
    Some(file)
}

/// `PATH`
fn path(node: &Node, out: &mut Diagnostics) -> Option<At<String>> {
    let Some(word) = node.arguments().first() else {
        out.add(code::MISSING_ARGUMENT, node.keyword().span, "`file` needs a path");
        return None;
    };
    extra(node, 2, out);
    if !word.text.starts_with('/') {
        out.add(code::BAD_ARGUMENT, word.span, format!("`file`: `{}` is no whole path", word.text))
            .label("expected a path that begins with /");
        return None;
    }
    Some(At::new(word.text.clone(), word.span))
}

/// `[N] [overwrite]`
fn init(node: &Node, out: &mut Diagnostics) -> Option<FileInit> {
    let mut init = FileInit { value: 0, overwrite: false };
    let mut words = node.arguments().iter().peekable();
    if let Some(word) = words.next_if(|word| word.text != "overwrite") {
        let number = value::int("init_file", word, -254, 254, out)?;
        init.value = i32::try_from(number).unwrap_or(0);
    }
    init.overwrite = words.next_if(|word| word.text == "overwrite").is_some();
    if let Some(word) = words.next() {
        out.add(code::BAD_ARGUMENT, word.span, format!("unexpected `{}`", word.text))
            .label("expected `overwrite` or the end of the line");
    }
    Some(init)
}

impl TrackFile {
    /// The final settings.
    pub fn settings(&self, out: &mut Diagnostics) -> Option<FileSettings> {
        let name = &self.name.value;
        let Some(path) = &self.path else {
            let message = format!("track_file `{name}` has no `file`");
            out.add(code::INCOMPLETE, self.name.span, message).help("add `file /path/to/file`");
            return None;
        };
        Some(FileSettings { name: name.clone(), path: path.value.clone(), init: self.init })
    }
}

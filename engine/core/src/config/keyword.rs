//! The tables' types: what a block accepts, as data. `Table::apply` is the only code that walks a block's lines; it
//! reports unknown keywords, repetitions, missing braces and bad arguments, so that blocks say only what they mean.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use core::time::Duration;

use super::diagnostic::{At, Diagnostics, Span, closest, code};
use super::lexer::Word;
use super::script;
use super::tree::Node;
use super::value;
use crate::command::Command;

/// When a changed value takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reload {
    /// At a reload.
    Live,
    /// At the next start.
    Restart,
}

/// What a second occurrence does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeated {
    /// It wins; reported.
    Last,
    /// It is dropped; reported.
    First,
    /// Both count.
    Add,
}

/// Whether a keyword does anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It does.
    Working,
    /// It does nothing, in keepalived neither; why.
    Ignored(&'static str),
    /// It works in keepalived only: reported and skipped with its block.
    NotYet,
}

/// What comes after a keyword, and where it goes.
pub enum Argument<T: 'static> {
    /// Nothing.
    Flag(fn(&mut T, At<bool>)),
    /// `on`, `true`, `yes`, `off`, `false`, `no`, or nothing, which means on.
    Switch(fn(&mut T, At<bool>)),
    /// A decimal number in a range.
    Int(i64, i64, fn(&mut T, At<i64>)),
    /// Decimal seconds in a range of microseconds.
    Time(u64, u64, fn(&mut T, At<Duration>)),
    /// One word; what it is called in messages.
    Word(&'static str, fn(&mut T, At<String>)),
    /// One word that is never shown.
    Secret(fn(&mut T, At<String>)),
    /// A command, a user, a group (reference §1.9).
    Script(fn(&mut T, At<Command>)),
    /// Anything on one line.
    Line(fn(&mut T, &Node, &mut Diagnostics)),
    /// A block.
    Block(fn(&mut T, &Node, &mut Diagnostics)),
    /// Nothing is done with it.
    Skip,
}

/// One row of a table.
pub struct Keyword<T: 'static> {
    /// Its name.
    pub name: &'static str,
    /// When a change of it takes effect.
    pub reload: Reload,
    /// What a second one does.
    pub repeated: Repeated,
    /// Whether it works.
    pub status: Status,
    /// What it takes.
    pub argument: Argument<T>,
    /// The name that it should be called by, if this is an old one.
    pub instead: Option<&'static str>,
}

/// A row of a keyword that works.
pub const fn kw<T>(
    name: &'static str,
    reload: Reload,
    repeated: Repeated,
    argument: Argument<T>,
) -> Keyword<T> {
    Keyword { name, reload, repeated, status: Status::Working, argument, instead: None }
}

/// A row of a keyword that has a better name.
pub const fn old<T>(mut keyword: Keyword<T>, instead: &'static str) -> Keyword<T> {
    keyword.instead = Some(instead);
    keyword
}

/// A row of a keyword that does nothing in keepalived either.
pub const fn ignored<T>(name: &'static str, why: &'static str) -> Keyword<T> {
    let status = Status::Ignored(why);
    let (reload, repeated) = (Reload::Live, Repeated::Add);
    Keyword { name, reload, repeated, status, argument: Argument::Skip, instead: None }
}

/// A row of a keyword that is still to come.
pub const fn not_yet<T>(name: &'static str) -> Keyword<T> {
    let (reload, repeated) = (Reload::Live, Repeated::Add);
    Keyword {
        name,
        reload,
        repeated,
        status: Status::NotYet,
        argument: Argument::Skip,
        instead: None,
    }
}

/// What one kind of block accepts.
pub struct Table<T: 'static> {
    /// The block's path, as `virtual_server/real_server`; `top` for the file itself.
    pub block: &'static str,
    /// The rows; several lists, as some are shared between blocks.
    pub keywords: &'static [&'static [Keyword<T>]],
}

/// A row without its types, for lists of keywords.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The block's path.
    pub block: &'static str,
    /// The keyword.
    pub keyword: &'static str,
    /// Whether it works.
    pub status: Status,
    /// When a change of it takes effect.
    pub reload: Reload,
}

impl<T> Keyword<T> {
    /// The row without its types.
    #[must_use]
    pub const fn listed(&self, block: &'static str) -> Listed {
        Listed { block, keyword: self.name, status: self.status, reload: self.reload }
    }
}

impl<T> Table<T> {
    /// All rows.
    pub fn rows(&self) -> impl Iterator<Item = &'static Keyword<T>> {
        self.keywords.iter().flat_map(|list| list.iter())
    }

    /// All rows, without types.
    pub fn list(&self) -> impl Iterator<Item = Listed> {
        self.rows().map(|k| k.listed(self.block))
    }

    /// Reads the lines of a block into `target`. `place` names the block in messages.
    pub fn apply(&self, place: &str, target: &mut T, nodes: &[Node], out: &mut Diagnostics) {
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        let mut nodes = nodes.iter().peekable();
        while let Some(node) = nodes.next() {
            let word = node.keyword();
            if node.is_stray_close() || word.text.is_empty() {
                continue;
            }
            let Some(row) = self.rows().find(|row| row.name == word.text) else {
                if let Some(meant) = self.unknown(place, node, out) {
                    // Taken as meant, so that its absence is not reported too; its findings are not shown.
                    let mut unseen = Diagnostics::default();
                    meant.apply(target, node, &mut unseen);
                    unseen.finish().1.into_iter().for_each(|span| out.hide(span));
                }
                continue;
            };
            if matches!(row.argument, Argument::Block(_)) && node.block.is_none() {
                out.add(code::MISSING_OPEN, word.span, format!("`{}` needs a block", row.name))
                    .label("`{` is missing after this line");
                // What was meant to be inside is not looked at.
                let more = |n: &&Node| !n.is_stray_close() && !self.has(&n.keyword().text);
                while nodes.next_if(more).is_some() {}
                continue;
            }
            match row.repeated {
                Repeated::Add => {}
                repeated => {
                    if let Some(first) = seen.insert(row.name, word.span) {
                        let counts = if repeated == Repeated::Last { "last" } else { "first" };
                        out.add(
                            code::REPEATED,
                            word.span,
                            format!("`{}` is given twice", row.name),
                        )
                        .label(format!("the {counts} one counts"))
                        .related(first, "given here first");
                        if repeated == Repeated::First {
                            continue;
                        }
                    }
                }
            }
            row.apply(target, node, out);
        }
    }

    fn has(&self, name: &str) -> bool {
        self.rows().any(|row| row.name == name)
    }

    /// Reports an unknown keyword; returns the row that was probably meant.
    fn unknown(
        &self,
        place: &str,
        node: &Node,
        out: &mut Diagnostics,
    ) -> Option<&'static Keyword<T>> {
        let word = node.keyword();
        let meant = closest(&word.text, self.rows().map(|row| row.name));
        let elsewhere = match meant {
            Some(_) => None,
            None => super::keywords().into_iter().find(|l| l.keyword == word.text),
        };
        let finding = out
            .add(code::UNKNOWN_KEYWORD, word.span, format!("unknown keyword `{}`", word.text))
            .label(if place.is_empty() {
                "at the top level".into()
            } else {
                format!("in block {place}")
            })
            .did_you_mean(meant);
        match elsewhere {
            Some(Listed { block: "top", .. }) => {
                finding.help("this belongs at the top level: is a `}` missing before it?");
            }
            Some(listed) => _ = finding.help(format!("this belongs in a block {}", listed.block)),
            None => {}
        }
        self.rows().find(|row| meant == Some(row.name))
    }
}

impl<T> Keyword<T> {
    fn apply(&self, target: &mut T, node: &Node, out: &mut Diagnostics) {
        let span = node.keyword().span;
        match self.status {
            Status::Working => {}
            Status::Ignored(why) => {
                out.add(code::IGNORED, span, format!("`{}` has no effect", self.name)).label(why);
                return;
            }
            Status::NotYet => {
                let what = if node.block.is_some() { "it and its block are" } else { "it is" };
                out.add(code::NOT_YET, span, format!("`{}` does not work yet", self.name))
                    .label(format!("{what} skipped"));
                return;
            }
        }
        if let Some(unmatched) = node.unmatched
            && !matches!(self.argument, Argument::Script(_) | Argument::Line(_))
        {
            out.add(code::UNMATCHED_QUOTE, unmatched, "a quote is not closed on its line");
            return;
        }
        if let Some(block) = &node.block
            && !matches!(self.argument, Argument::Block(_))
        {
            out.add(code::UNEXPECTED_OPEN, block.open, format!("`{}` takes no block", self.name));
        }
        if let Some(name) = self.instead {
            out.add(code::DEPRECATED, span, format!("`{}` is an old name", self.name))
                .help(format!("write `{name}`"));
        }
        self.value(target, node, out);
    }

    fn value(&self, target: &mut T, node: &Node, out: &mut Diagnostics) {
        let name = self.name;
        let word = node.arguments().first();
        match self.argument {
            Argument::Line(set) | Argument::Block(set) => return set(target, node, out),
            Argument::Script(set) => {
                if let Some(command) = script::with_user(node, out) {
                    set(target, command);
                }
                return;
            }
            Argument::Skip => return,
            Argument::Flag(set) => {
                set(target, At::new(true, node.keyword().span));
                return extra(node, 1, out);
            }
            Argument::Switch(set) => {
                if let Some(on) = value::switch(node.keyword(), word, out) {
                    set(target, on);
                }
            }
            _ => {
                let Some(word) = word else {
                    out.add(
                        code::MISSING_ARGUMENT,
                        node.keyword().span,
                        format!("`{name}` needs {}", self.needs()),
                    );
                    return;
                };
                self.one_word(target, word, out);
            }
        }
        extra(node, 2, out);
    }

    fn one_word(&self, target: &mut T, word: &Word, out: &mut Diagnostics) {
        match self.argument {
            Argument::Int(low, high, set) => {
                if let Some(number) = value::int(self.name, word, low, high, out) {
                    set(target, At::new(number, word.span));
                }
            }
            Argument::Time(low, high, set) => {
                if let Some(time) = value::time(self.name, word, low, high, out) {
                    set(target, At::new(time, word.span));
                }
            }
            Argument::Word(_, set) => set(target, At::new(word.text.clone(), word.span)),
            Argument::Secret(set) => {
                out.hide(word.span);
                set(target, At::new(word.text.clone(), word.span));
            }
            _ => {}
        }
    }

    fn needs(&self) -> String {
        match self.argument {
            Argument::Int(low, high, _) => format!("a number from {low} to {high}"),
            Argument::Time(low, high, _) => {
                format!("seconds from {} to {}", value::seconds(low), value::seconds(high))
            }
            Argument::Word(what, _) => what.into(),
            Argument::Secret(_) => "a text".into(),
            _ => "an argument".into(),
        }
    }
}

/// Reports the words from number `from` on (0 is the keyword), which nothing reads.
pub fn extra(node: &Node, from: usize, out: &mut Diagnostics) {
    let (Some(first), Some(last)) = (node.words.get(from), node.words.last()) else { return };
    let span = if first.span.file == last.span.file && last.span.end > first.span.start {
        Span { end: last.span.end, ..first.span }
    } else {
        first.span
    };
    let message = format!("more words than `{}` takes", node.keyword().text);
    out.add(code::EXTRA_WORDS, span, message).label("ignored");
}

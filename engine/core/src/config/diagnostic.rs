//! What is wrong with a configuration: code, severity, place, message, label and remedy. Places are byte ranges of the
//! files that were read; `Files` turns them into line and column, and hides secrets from every excerpt.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

/// A byte range in one of the files that were read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// Index in `Files`.
    pub file: u16,
    /// First byte.
    pub start: u32,
    /// After the last byte.
    pub end: u32,
}

/// A value, and where it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Its place.
    pub span: Span,
}

impl<T> At<T> {
    /// `value`, written at `span`.
    pub const fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The configuration is used, but not quite as written.
    Warning,
    /// The configuration is refused.
    Error,
}

/// A stable number for one kind of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    number: u16,
    /// Every kind of finding has one severity.
    pub severity: Severity,
}

impl Code {
    const fn error(number: u16) -> Self {
        Self { number, severity: Severity::Error }
    }

    const fn warning(number: u16) -> Self {
        Self { number, severity: Severity::Warning }
    }
}

impl Code {
    /// Whether keepalived complains about the same, so that its test of a configuration fails: not about what an
    /// `include` leaves out, and not where we only advise.
    #[must_use]
    pub const fn is_keepalived_too(self) -> bool {
        !matches!(
            self,
            code::INCLUDE_SKIPPED
                | code::PERHAPS_UNDEFINED
                | code::NOT_UTF8
                | code::NOT_YET
                | code::IGNORED
                | code::REPEATED
                | code::DEPRECATED
                | code::EXTRA_WORDS
                | code::SCRIPT_SUSPICIOUS
                | code::ASSUMED
                | code::NO_EFFECT
                | code::UNUSED
        )
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = match self.severity {
            Severity::Error => 'E',
            Severity::Warning => 'W',
        };
        write!(f, "{letter}{:04}", self.number)
    }
}

/// All kinds of findings. 01xx: text and files; 02xx: keywords and blocks; 03xx: arguments; 04xx: what does not fit
/// together.
pub mod code {
    use super::Code;

    /// A file can't be read.
    pub const UNREADABLE: Code = Code::error(101);
    /// An `include` that finds nothing, or skips what it finds.
    pub const INCLUDE_SKIPPED: Code = Code::warning(102);
    /// An `include` with a strict variant that finds nothing.
    pub const INCLUDE_FAILED: Code = Code::error(103);
    /// An odd number of quotes.
    pub const UNMATCHED_QUOTE: Code = Code::error(104);
    /// Too deep, too long, too many: a bound of this program.
    pub const TOO_LARGE: Code = Code::error(105);
    /// A `${NAME}` that nothing defines.
    pub const UNDEFINED: Code = Code::error(106);
    /// A `$NAME` that nothing defines, but something like it is defined.
    pub const PERHAPS_UNDEFINED: Code = Code::warning(107);
    /// A part of the language that does not work yet.
    pub const LANGUAGE_NOT_YET: Code = Code::error(108);
    /// Bytes that are not UTF-8.
    pub const NOT_UTF8: Code = Code::warning(109);
    /// A definition used in a way that it can't be.
    pub const BAD_REFERENCE: Code = Code::error(110);
    /// A byte that no text has.
    pub const NUL: Code = Code::error(111);

    /// A `}` too many.
    pub const UNEXPECTED_CLOSE: Code = Code::error(201);
    /// A `}` is missing.
    pub const MISSING_CLOSE: Code = Code::error(202);
    /// A `{` where none belongs.
    pub const UNEXPECTED_OPEN: Code = Code::error(203);
    /// A `{` is missing.
    pub const MISSING_OPEN: Code = Code::error(204);
    /// A keyword that works in keepalived, but not here yet.
    pub const NOT_YET: Code = Code::warning(205);
    /// The same, where going on without it would do harm.
    pub const NOT_YET_REFUSED: Code = Code::error(206);
    /// A keyword that nobody knows.
    pub const UNKNOWN_KEYWORD: Code = Code::error(207);
    /// A keyword without effect.
    pub const IGNORED: Code = Code::warning(208);
    /// A keyword given twice.
    pub const REPEATED: Code = Code::warning(209);
    /// A keyword with a better name.
    pub const DEPRECATED: Code = Code::warning(210);

    /// An argument is missing.
    pub const MISSING_ARGUMENT: Code = Code::error(301);
    /// An argument is not what it should be.
    pub const BAD_ARGUMENT: Code = Code::error(302);
    /// A number is out of its range.
    pub const OUT_OF_RANGE: Code = Code::error(303);
    /// More words than the keyword takes.
    pub const EXTRA_WORDS: Code = Code::warning(304);
    /// A script line that will not do what it seems to.
    pub const SCRIPT_SUSPICIOUS: Code = Code::warning(305);
    /// A value that is changed to one that can be used.
    pub const ADJUSTED: Code = Code::warning(306);
    /// A password longer than the protocol carries.
    pub const PASSWORD_TOO_LONG: Code = Code::error(307);

    /// Two things of one name.
    pub const DUPLICATE: Code = Code::error(401);
    /// A name that nothing has.
    pub const UNKNOWN_NAME: Code = Code::error(402);
    /// Something needed is not there.
    pub const INCOMPLETE: Code = Code::error(403);
    /// Something usual is not there.
    pub const ASSUMED: Code = Code::warning(404);
    /// Two virtual routers that nobody could tell apart.
    pub const VRID_CLASH: Code = Code::error(405);
    /// A setting that can't have its effect.
    pub const NO_EFFECT: Code = Code::warning(406);
    /// Two settings that exclude each other.
    pub const CONFLICT: Code = Code::error(407);
    /// Something that is defined and never used.
    pub const UNUSED: Code = Code::warning(408);
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its kind.
    pub code: Code,
    /// Where; `None` if it is about a whole file that can't be shown.
    pub span: Option<Span>,
    /// What is wrong, in one line.
    pub message: String,
    /// Said at the place.
    pub label: String,
    /// Other places that matter, with what is said there.
    pub related: Vec<(Span, String)>,
    /// The way out.
    pub help: Option<String>,
}

impl Diagnostic {
    /// Says something at the place.
    pub fn label(&mut self, label: impl Into<String>) -> &mut Self {
        self.label = label.into();
        self
    }

    /// Says the way out.
    pub fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(help.into());
        self
    }

    /// Proposes a name, if there is one.
    pub fn did_you_mean(&mut self, name: Option<&str>) -> &mut Self {
        match name {
            Some(name) => self.help(alloc::format!("did you mean `{name}`?")),
            None => self,
        }
    }

    /// Points at another place.
    pub fn related(&mut self, span: Span, text: impl Into<String>) -> &mut Self {
        self.related.push((span, text.into()));
        self
    }
}

/// Collects all findings of one run, and the places of secrets.
#[derive(Debug, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    secrets: Vec<Span>,
}

impl Diagnostics {
    /// Adds a finding at a place.
    pub fn add(&mut self, code: Code, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.push(code, Some(span), message.into())
    }

    /// Adds a finding that has no place.
    pub fn add_anywhere(&mut self, code: Code, message: impl Into<String>) -> &mut Diagnostic {
        self.push(code, None, message.into())
    }

    /// This place is never shown.
    pub fn hide(&mut self, span: Span) {
        self.secrets.push(span);
    }

    /// Is there an error?
    #[must_use]
    pub fn failed(&self) -> bool {
        self.list.iter().any(|d| d.code.severity == Severity::Error)
    }

    /// The findings in the order of the files, and the places to hide.
    #[must_use]
    pub fn finish(mut self) -> (Vec<Diagnostic>, Vec<Span>) {
        self.list.sort_by_key(|d| d.span.map(|s| (s.file, s.start)));
        (self.list, self.secrets)
    }

    fn push(&mut self, code: Code, span: Option<Span>, message: String) -> &mut Diagnostic {
        self.list.push(Diagnostic {
            code,
            span,
            message,
            label: String::new(),
            related: Vec::new(),
            help: None,
        });
        let last = self.list.len() - 1;
        &mut self.list[last]
    }
}

/// A file that was read.
#[derive(Clone, Debug)]
pub struct File {
    /// As it was asked for.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// All files that were read, in the order of reading.
#[derive(Clone, Debug, Default)]
pub struct Files(pub Vec<File>);

impl Files {
    /// File, line and column (both from 1; the column counts characters).
    #[must_use]
    pub fn position(&self, span: Span) -> (&str, usize, usize) {
        let Some(file) = self.0.get(usize::from(span.file)) else { return ("", 0, 0) };
        let before = file.text.get(..span.start as usize).unwrap_or(&file.text);
        let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        (&file.name, line, column)
    }

    /// Overwrites secrets with asterisks; lengths stay, so that all places stay right.
    pub fn hide(&mut self, secrets: &[Span]) {
        for span in secrets {
            let Some(file) = self.0.get_mut(usize::from(span.file)) else { continue };
            let (start, end) = (span.start as usize, span.end as usize);
            if file.text.get(start..end).is_some() {
                let stars: String = core::iter::repeat_n('*', end - start).collect();
                file.text.replace_range(start..end, &stars);
            }
        }
    }
}

/// The candidate that looks most like `word`, if one is close enough to be meant.
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).clamp(1, 4);
    // Bytes instead of characters will do for the first look.
    let likely = |c: &&str| c.len().abs_diff(word.len()) <= 3 * limit;
    candidates
        .into_iter()
        .filter(likely)
        .filter_map(|c| Some((distance(word, c, limit)?, c)))
        .min_by_key(|(d, _)| *d)
        .map(|(_, c)| c)
}

/// Edit distance with swaps of neighbours, if at most `limit`.
fn distance(a: &str, b: &str, limit: usize) -> Option<usize> {
    let a: Vec<char> = a.chars().map(|c| c.to_ascii_lowercase()).collect();
    let b: Vec<char> = b.chars().map(|c| c.to_ascii_lowercase()).collect();
    if a.len().abs_diff(b.len()) > limit {
        return None;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = alloc::vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut best = (last[j] + usize::from(x != y)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = core::mem::replace(&mut last, row);
    }
    Some(last[b.len()]).filter(|d| *d <= limit)
}

/// A number with its unit's plural: `1 byte`, `2 bytes`.
#[must_use]
pub fn count(number: usize, unit: &str) -> String {
    let mut text = number.to_string();
    text.push(' ');
    text.push_str(unit);
    if number != 1 {
        text.push('s');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_name_is_found_and_a_far_one_is_not() {
        let names = ["virtual_router_id", "virtual_ipaddress", "priority"];
        assert_eq!(closest("virtual_routr_id", names), Some("virtual_router_id"));
        assert_eq!(closest("pirority", names), Some("priority"));
        assert_eq!(closest("weight", names), None);
    }

    #[test]
    fn positions_count_lines_and_characters() {
        let files = Files(alloc::vec![File { name: "f".into(), text: "é a\nxy z".into() }]);
        assert_eq!(files.position(Span { file: 0, start: 3, end: 4 }), ("f", 1, 3));
        assert_eq!(files.position(Span { file: 0, start: 8, end: 9 }), ("f", 2, 4));
    }

    #[test]
    fn hidden_places_are_overwritten() {
        let mut files = Files(alloc::vec![File { name: "f".into(), text: "auth_pass s3c".into() }]);
        files.hide(&[Span { file: 0, start: 10, end: 13 }]);
        assert_eq!(files.0[0].text, "auth_pass ***");
    }
}

//! From files to logical lines: `include`, `$definitions`, `@conditions`, comments and braces (reference §1.1, §1.3,
//! §1.6 to §1.8, §1.10). Everything is bounded, so no input can make it run for ever.

use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::diagnostic::{Code, Diagnostics, File, Files, Span, closest, code};
use super::glob;
use super::include::{self, Strictness};
use super::lexer::{Stripped, Text, split_braces, strip};
use super::sequence;

/// Where files come from: the disk in the engine, a map in tests.
pub trait Source {
    /// Names that match a glob pattern, sorted, directories too; braces are already expanded. A pattern without
    /// wildcards matches itself if there is such a file.
    fn glob(&mut self, pattern: &str) -> Vec<String>;

    /// The content of a file.
    ///
    /// # Errors
    /// Says why it can't be used: not there, a directory, executable, not permitted.
    fn read(&mut self, name: &str) -> Result<Vec<u8>, String>;
}

/// What the configuration may depend on beside its text.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// For `@ID` and `$_INSTANCE`: the option `-i`, else the host's name up to the first dot.
    pub config_id: String,
    /// For `${_ENV NAME}`.
    pub variables: BTreeMap<String, String>,
    /// For `$_RANDOM`.
    pub seed: u64,
    /// For `$_PWD` where a file's name is relative: the working directory; empty: unknown.
    pub directory: String,
    /// Every `include` must succeed in every respect (keepalived's option `-e`).
    pub strict_includes: bool,
}

/// Includes in includes, and multi-line definitions in each other.
const MAX_DEPTH: usize = 64;
/// Lines of one configuration, expanded.
const MAX_LINES: usize = 200_000;
/// Characters of one line, expanded.
const MAX_LINE: usize = 65_536;
/// Replacements in one line.
const MAX_REPLACEMENTS: usize = 1_000;
/// The largest `$_RANDOM`.
const RANDOM_MAX: u64 = 32_767;
/// Bytes of one file.
const MAX_FILE: usize = 16 << 20;

/// Where the next line comes from.
enum Frame {
    /// A file, from this byte on, and how strict includes were where it was opened.
    File { index: u16, offset: usize, outside: Strictness },
    /// Lines of a definition or of a sequence: they get the full treatment.
    Lines(VecDeque<Text>),
    /// Pieces of a line that are ready.
    Pieces(VecDeque<Text>),
    /// Files that an `include` at this place still has to read, and what it is if one can't be read.
    Files(VecDeque<String>, Span, Code),
}

/// The lines of a definition's value; never empty.
struct Definition {
    lines: Vec<Text>,
}

/// Reads a configuration.
pub struct Reader<'a> {
    source: &'a mut dyn Source,
    environment: &'a Environment,
    out: &'a mut Diagnostics,
    files: Files,
    frames: Vec<Frame>,
    definitions: BTreeMap<String, Definition>,
    /// Which places were filled from which definition: to hide a secret's definition too.
    uses: Vec<(Span, Span)>,
    lines: usize,
    random: u64,
    /// What an `include` requires here, beside its own word.
    strictness: Strictness,
}

impl<'a> Reader<'a> {
    /// A reader of the file `main` and what it includes.
    pub fn new(
        source: &'a mut dyn Source,
        main: &str,
        environment: &'a Environment,
        out: &'a mut Diagnostics,
    ) -> Self {
        let mut reader = Self {
            source,
            environment,
            out,
            files: Files::default(),
            frames: Vec::new(),
            definitions: BTreeMap::new(),
            uses: Vec::new(),
            lines: 0,
            random: environment.seed | 1,
            strictness: if environment.strict_includes {
                Strictness::ALL
            } else {
                Strictness::default()
            },
        };
        if let Err(why) = reader.open(main) {
            reader.out.add_anywhere(code::UNREADABLE, format!("{main}: {why}"));
        }
        reader
    }

    /// The files that were read, and which places were filled from which definition.
    #[must_use]
    pub fn finish(self) -> (Files, Vec<(Span, Span)>) {
        (self.files, self.uses)
    }

    /// Findings of later stages go to the same list.
    pub const fn out(&mut self) -> &mut Diagnostics {
        self.out
    }

    /// The next logical line: words, `{` or `}`.
    pub fn next_piece(&mut self) -> Option<Text> {
        loop {
            match self.frames.last_mut()? {
                Frame::Pieces(pieces) => match pieces.pop_front() {
                    Some(piece) if self.include(&piece) => {}
                    Some(piece) => return Some(piece),
                    None => _ = self.frames.pop(),
                },
                Frame::Files(names, place, code) => {
                    let (place, code) = (*place, *code);
                    let Some(name) = names.pop_front() else {
                        self.frames.pop();
                        continue;
                    };
                    if let Err(why) = self.open(&name) {
                        self.out.add(code, place, format!("{name}: {why}"));
                    }
                }
                Frame::File { .. } | Frame::Lines(_) => {
                    if let Some(line) = self.next_line() {
                        self.line(&line);
                    }
                }
            }
        }
    }

    /// The next line of the topmost file or definition; `None` at its end.
    fn next_line(&mut self) -> Option<Text> {
        let line = match self.frames.last_mut()? {
            Frame::File { index, offset, .. } => {
                let text = &self.files.0[usize::from(*index)].text;
                let rest = &text[*offset..];
                let end = rest.find('\n').unwrap_or(rest.len());
                let line = Text::line(rest[..end].trim_end_matches('\r'), *index, *offset);
                *offset = (*offset + end + 1).min(text.len());
                if rest.is_empty() { None } else { Some(line) }
            }
            Frame::Lines(lines) => lines.pop_front(),
            Frame::Pieces(_) | Frame::Files(..) => return None,
        };
        let Some(line) = line else {
            if let Some(Frame::File { outside, .. }) = self.frames.pop() {
                self.strictness = outside;
            }
            return None;
        };
        self.lines += 1;
        if self.lines > MAX_LINES {
            let message = format!("the configuration has more than {MAX_LINES} lines");
            self.out.add(code::TOO_LARGE, line.whole(), message);
            self.frames.clear();
            return None;
        }
        Some(line)
    }

    fn stripped(&mut self, line: &Text) -> Stripped {
        let stripped = strip(line);
        if let Some(span) = stripped.unmatched {
            self.out.add(code::UNMATCHED_QUOTE, span, "a quote is not closed on its line");
        }
        stripped
    }

    /// One line, from comment to pieces.
    fn line(&mut self, line: &Text) {
        if let Some(at) = line.text.find('\0') {
            self.out
                .add(code::NUL, line.span(at..at + 1), "a NUL byte")
                .label("this line is skipped");
            return;
        }
        let Stripped { mut text, continued, .. } = self.stripped(line);
        if let Some(rest) = text.text.strip_prefix('@') {
            let end = rest.find([' ', '\t']).unwrap_or(rest.len());
            let wanted = match rest[..end].strip_prefix('^') {
                Some(id) => id != self.environment.config_id,
                None => rest[..end] == self.environment.config_id,
            };
            if !wanted {
                return;
            }
            text = text.slice(end + 1..text.text.len()).trim();
        }
        if text.text.is_empty() {
            return;
        }
        if text.text.starts_with("~SEQ") || text.text.starts_with("~LST") {
            return self.sequence(&text);
        }
        if let Some((name, at)) = definition(&text.text) {
            let name = name.to_owned();
            return self.define(name, &text.slice(at..text.text.len()).trim(), continued);
        }
        let before = text.text.clone();
        let (mut text, tails) = self.replace(text);
        for tail in tails {
            self.push(Frame::Lines(tail));
        }
        // What came out of a definition may begin a comment.
        if text.text != before {
            text = self.stripped(&text).text;
        }
        // A pattern's braces open no block.
        let includes = text.text.split([' ', '\t']).next().and_then(Strictness::of).is_some();
        let pieces = if includes { alloc::vec![text] } else { split_braces(&text) };
        self.push(Frame::Pieces(pieces.into()));
    }

    fn push(&mut self, frame: Frame) {
        if self.frames.len() < 3 * MAX_DEPTH {
            self.frames.push(frame);
        } else {
            self.out.add_anywhere(code::TOO_LARGE, "definitions are nested too deeply");
        }
    }

    // -- definitions

    fn define(&mut self, name: String, value: &Text, continued: bool) {
        let mut lines = Vec::new();
        let mut add = |text: &Text, continued: bool| {
            let end = text.text.len() - usize::from(continued);
            let text = text.slice(0..end).trim();
            if !text.text.is_empty() || lines.is_empty() {
                lines.push(text);
            }
        };
        add(value, continued);
        let mut more = continued;
        while more && let Some(line) = self.next_line() {
            let next = self.stripped(&line);
            more = next.continued;
            add(&next.text, next.continued);
        }
        self.definitions.insert(name, Definition { lines });
    }

    /// Puts definitions in place of references. Also returns the further lines of multi-line definitions, the
    /// innermost last.
    fn replace(&mut self, mut text: Text) -> (Text, Vec<VecDeque<Text>>) {
        let mut tails = Vec::new();
        let mut at = 0;
        let mut replaced = 0;
        while let Some(found) = text.text[at..].find('$') {
            at += found;
            let Some(reference) = reference(&text.text[at..]) else {
                self.glued(&text, at);
                at += 1;
                continue;
            };
            let place = text.span(at..at + reference.length);
            let end = at + reference.length;
            let Some(value) = self.value(&reference, place, &text.text, at) else {
                at += 1;
                continue;
            };
            replaced += 1;
            let length: usize = value.iter().map(|line| line.text.len()).sum();
            if replaced > MAX_REPLACEMENTS || text.text.len() + length > MAX_LINE {
                let message = format!("`${}` makes this line too long", reference.name);
                self.out
                    .add(code::TOO_LARGE, place, message)
                    .help("does the definition refer to itself?");
                return (Text::default(), Vec::new());
            }
            let mut result = text.slice(0..at);
            if let [line] = value.as_slice() {
                self.uses.push((place, line.whole()));
                result.push_from(&line.text, place);
                result.push(&text.slice(end..text.text.len()));
            } else if text.text[end..].trim().is_empty() {
                let mut lines: VecDeque<Text> = value.into();
                result.push(&lines.pop_front().unwrap_or_default());
                tails.push(lines);
            } else {
                let message = format!("`${}` has several lines", reference.name);
                self.out
                    .add(code::BAD_REFERENCE, place, message)
                    .label("must be the last thing on its line");
                at += 1;
                continue;
            }
            text = result;
        }
        (text, tails)
    }

    /// The lines that a reference stands for.
    fn value(
        &mut self,
        reference: &Reference<'_>,
        place: Span,
        line: &str,
        at: usize,
    ) -> Option<Vec<Text>> {
        let made = |text: String| {
            let mut value = Text::default();
            value.push_from(&text, place);
            Some(alloc::vec![value])
        };
        if reference.parameters.is_empty()
            && let Some(definition) = self.definitions.get(reference.name)
        {
            return Some(definition.lines.clone());
        }
        match (reference.name, reference.parameters.as_slice()) {
            ("_PWD", []) => made(self.working_directory()),
            ("_INSTANCE", []) => made(self.environment.config_id.clone()),
            ("_HASH", []) => made("#".to_owned()),
            ("_BANG", []) => made("!".to_owned()),
            ("_ENV", [name]) => {
                made(self.environment.variables.get(*name).cloned().unwrap_or_default())
            }
            ("_ENV", _) => self.bad_reference(place, "`${_ENV NAME}` takes exactly one name"),
            ("_RANDOM", bounds) => {
                let digits = |b: &&str| b.bytes().all(|c| c.is_ascii_digit());
                let bounds: Option<Vec<u64>> =
                    bounds.iter().map(|b| digits(b).then(|| b.parse().ok()).flatten()).collect();
                let (low, high) = match bounds.as_deref() {
                    Some([]) => (0, RANDOM_MAX),
                    Some([low]) => (*low, RANDOM_MAX),
                    Some([low, high]) => (*low, *high),
                    _ => {
                        let why = "`${_RANDOM MIN MAX}` takes at most two numbers";
                        return self.bad_reference(place, why);
                    }
                };
                if low > high {
                    let why = format!("`${{_RANDOM MIN MAX}}`: {low} is more than {high}");
                    return self.bad_reference(place, &why);
                }
                made(self.random(low, high).to_string())
            }
            ("_PWD" | "_INSTANCE" | "_HASH" | "_BANG", _) => {
                let why = format!("`${}` takes no parameters", reference.name);
                self.bad_reference(place, &why)
            }
            (name, parameters) => {
                let quoted = line[..at].bytes().filter(|b| *b == b'"').count() % 2 == 1;
                let similar = closest(name, self.definitions.keys().map(String::as_str));
                if !parameters.is_empty() && self.definitions.contains_key(name) {
                    self.out.add(code::BAD_REFERENCE, place, "a definition takes no parameters");
                    return made(name.to_owned());
                }
                if reference.braced && !quoted {
                    self.out
                        .add(code::UNDEFINED, place, format!("nothing defines `${name}`"))
                        .did_you_mean(similar);
                    // Without its braces, which would open and close blocks.
                    return made(name.to_owned());
                } else if similar.is_some() {
                    self.out
                        .add(
                            code::PERHAPS_UNDEFINED,
                            place,
                            "nothing defines this: it is kept as text",
                        )
                        .did_you_mean(similar);
                }
                None
            }
        }
    }

    /// Nothing takes its place: a brace that stayed would open or close a block.
    fn bad_reference(&mut self, place: Span, message: &str) -> Option<Vec<Text>> {
        self.out.add(code::BAD_REFERENCE, place, message);
        let mut value = Text::default();
        value.push_from("_", place);
        Some(alloc::vec![value])
    }

    /// `$NAME` of a definition, directly followed by something that makes it text.
    fn glued(&mut self, text: &Text, at: usize) {
        let rest = &text.text[at + 1..];
        let name = &rest[..name_length(rest)];
        if self.definitions.contains_key(name) {
            let place = text.span(at..at + 1 + name.len());
            let next = rest[name.len()..].chars().next().unwrap_or(' ');
            self.out
                .add(code::PERHAPS_UNDEFINED, place, format!("`${name}` before `{next}` is text"))
                .label("not replaced")
                .help(format!("write `${{{name}}}`"));
        }
    }

    /// An xorshift generator: repeatable with the environment's seed.
    const fn random(&mut self, low: u64, high: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        if low >= high { low } else { low + self.random % (high - low).saturating_add(1) }
    }

    // -- sequences

    fn sequence(&mut self, text: &Text) {
        let (text, tails) = self.replace_head(text);
        debug_assert!(tails.is_empty());
        match sequence::parse(&text.text) {
            Ok(sequence) => {
                let mut lines = VecDeque::new();
                let body = text.slice(sequence.body..text.text.len()).trim();
                for values in sequence.values {
                    for (name, value) in sequence.names.iter().zip(values) {
                        let mut line = Text::default();
                        line.push_from(&format!("${name}={value}"), text.whole());
                        lines.push_back(line);
                    }
                    lines.push_back(body.clone());
                }
                self.push(Frame::Lines(lines));
            }
            Err(why) => _ = self.out.add(code::BAD_REFERENCE, text.whole(), why),
        }
    }

    /// References between the parentheses of a sequence are replaced, its text is not.
    fn replace_head(&mut self, text: &Text) -> (Text, Vec<VecDeque<Text>>) {
        let end = text.text.find(')').map_or(text.text.len(), |i| i + 1);
        let (mut head, tails) = self.replace(text.slice(0..end));
        head.push(&text.slice(end..text.text.len()));
        (head, tails)
    }

    // -- include

    /// Follows an `include`; `false`: the piece is something else.
    fn include(&mut self, piece: &Text) -> bool {
        let (keyword, rest) = piece.text.split_once([' ', '\t']).unwrap_or((&piece.text, ""));
        if keyword == "include_check" {
            // The keyword's own table says what is wrong with it.
            self.strictness = self.strictness.changed(rest.split_ascii_whitespace());
            return false;
        }
        let Some(own) = Strictness::of(keyword) else { return false };
        let strict = self.strictness.with(own);
        let pattern = rest.trim();
        if pattern.is_empty() {
            return false;
        }
        let at = piece.text.len() - pattern.len();
        let place = piece.span(at..piece.text.len());
        let full = match pattern.starts_with('/') {
            true => pattern.to_owned(),
            false => format!("{}{pattern}", self.directory()),
        };
        let alternatives = include::braces(&full);
        let mut names = Vec::new();
        for alternative in &alternatives {
            let found = self.source.glob(alternative);
            if found.is_empty() {
                let is_wild = glob::is_pattern(alternative);
                let fails = match (alternatives.len(), is_wild) {
                    (2.., _) => strict.braces,
                    (_, true) => strict.wildcards,
                    (_, false) => strict.names,
                };
                if fails || !is_wild {
                    let code = if fails { code::INCLUDE_FAILED } else { code::INCLUDE_SKIPPED };
                    self.out.add(code, place, format!("no file matches `{alternative}`"));
                }
            }
            names.extend(found);
        }
        let code = if strict.read { code::INCLUDE_FAILED } else { code::INCLUDE_SKIPPED };
        self.push(Frame::Files(names.into(), place, code));
        true
    }

    fn open(&mut self, name: &str) -> Result<(), String> {
        let open_files = self.frames.iter().filter_map(|frame| match frame {
            Frame::File { index, .. } => Some(usize::from(*index)),
            _ => None,
        });
        if open_files.clone().count() >= MAX_DEPTH {
            return Err(format!("more than {MAX_DEPTH} files are open"));
        }
        if open_files.clone().any(|index| self.files.0[index].name == name) {
            return Err("this file includes itself".to_owned());
        }
        let index = u16::try_from(self.files.0.len()).map_err(|_| "too many files".to_owned())?;
        let bytes = self.source.read(name)?;
        if bytes.len() > MAX_FILE {
            return Err(format!("larger than {MAX_FILE} bytes"));
        }
        let text = String::from_utf8(bytes).unwrap_or_else(|e| {
            let message = format!("{name}: not UTF-8; bytes that are not are replaced");
            self.out.add_anywhere(code::NOT_UTF8, message);
            String::from_utf8_lossy(e.as_bytes()).into_owned()
        });
        self.files.0.push(File { name: name.to_owned(), text });
        self.frames.push(Frame::File { index, offset: 0, outside: self.strictness });
        Ok(())
    }

    /// The directory of the file that is being read, with a slash at its end; empty for the working directory.
    fn directory(&self) -> &str {
        let name = self.frames.iter().rev().find_map(|frame| match frame {
            Frame::File { index, .. } => Some(self.files.0[usize::from(*index)].name.as_str()),
            _ => None,
        });
        name.and_then(|name| name.rfind('/').map(|i| &name[..=i])).unwrap_or("")
    }

    /// The same for `$_PWD`: from the root, if the working directory is known.
    fn working_directory(&self) -> String {
        let own = self.directory().trim_end_matches('/');
        let base = &self.environment.directory;
        match (self.directory(), base.as_str()) {
            ("", "") => ".".to_owned(),
            ("", _) => base.clone(),
            ("/", _) => "/".to_owned(),
            (directory, base) if directory.starts_with('/') || base.is_empty() => own.to_owned(),
            _ => format!("{}/{own}", base.trim_end_matches('/')),
        }
    }
}

/// `$NAME=`: the name, and where the value begins.
fn definition(line: &str) -> Option<(&str, usize)> {
    let rest = line.strip_prefix('$')?;
    let name = &rest[..name_length(rest)];
    (!name.is_empty() && rest[name.len()..].starts_with('=')).then_some((name, name.len() + 2))
}

/// A reference at the start of a text.
struct Reference<'t> {
    name: &'t str,
    parameters: Vec<&'t str>,
    braced: bool,
    length: usize,
}

fn reference(text: &str) -> Option<Reference<'_>> {
    let rest = text.strip_prefix('$')?;
    if let Some(rest) = rest.strip_prefix('{') {
        let end = rest.find('}')?;
        let mut words = rest[..end].split_ascii_whitespace();
        let name = words.next()?;
        (name_length(name) == name.len()).then_some(())?;
        return Some(Reference {
            name,
            parameters: words.collect(),
            braced: true,
            length: end + 3,
        });
    }
    let name = &rest[..name_length(rest)];
    let ends =
        rest[name.len()..].chars().next().is_none_or(|c| matches!(c, ' ' | '\t' | ',' | ')'));
    (!name.is_empty() && ends).then_some(Reference {
        name,
        parameters: Vec::new(),
        braced: false,
        length: name.len() + 1,
    })
}

fn name_length(text: &str) -> usize {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return 0;
    }
    text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())
}

//! Lines and words (reference §1.1 to §1.3). The lexer knows no keyword. A line is a `Text`: characters together with
//! the place that each of them came from, so that a word keeps its place through comments and definitions.

use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use super::diagnostic::Span;

/// Characters with their origin.
#[derive(Clone, Debug, Default)]
pub struct Text {
    /// The characters.
    pub text: String,
    pieces: Vec<Piece>,
}

/// A run of characters from one place.
#[derive(Clone, Copy, Debug)]
struct Piece {
    at: usize,
    span: Span,
    /// Character by character; else the whole run comes from the whole place (a definition's use).
    verbatim: bool,
}

impl Text {
    /// A line of a file that starts at byte `start`.
    #[must_use]
    pub fn line(text: &str, file: u16, start: usize) -> Self {
        let mut line = Self::default();
        line.push_piece(text, span(file, start, start + text.len()), true);
        line
    }

    /// Where the characters `range` come from.
    #[must_use]
    pub fn span(&self, range: Range<usize>) -> Span {
        let first = self.origin(range.start);
        let last = self.origin(range.end.saturating_sub(1).max(range.start));
        if first.file == last.file && last.end >= first.start {
            Span { end: last.end, ..first }
        } else {
            first
        }
    }

    /// Where all of it comes from.
    #[must_use]
    pub fn whole(&self) -> Span {
        self.span(0..self.text.len())
    }

    /// A part, with its origin. The range must lie on character boundaries.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        let mut part = Self::default();
        for (i, piece) in self.pieces.iter().enumerate() {
            let end = self.pieces.get(i + 1).map_or(self.text.len(), |next| next.at);
            let (from, to) = (piece.at.max(range.start), end.min(range.end));
            if from >= to {
                continue;
            }
            let place = if piece.verbatim {
                let start = piece.span.start as usize + (from - piece.at);
                span(piece.span.file, start, start + (to - from))
            } else {
                piece.span
            };
            part.push_piece(&self.text[from..to], place, piece.verbatim);
        }
        part
    }

    /// Appends `other`.
    pub fn push(&mut self, other: &Self) {
        let shift = self.text.len();
        self.text.push_str(&other.text);
        self.pieces.extend(other.pieces.iter().map(|p| Piece { at: p.at + shift, ..*p }));
    }

    /// Appends characters that all come from `place`.
    pub fn push_from(&mut self, text: &str, place: Span) {
        self.push_piece(text, place, false);
    }

    /// Without blanks at both ends.
    #[must_use]
    pub fn trim(&self) -> Self {
        let start = self.text.len() - self.text.trim_start().len();
        let end = self.text.trim_end().len();
        self.slice(start..end.max(start))
    }

    fn push_piece(&mut self, text: &str, span: Span, verbatim: bool) {
        if !text.is_empty() {
            self.pieces.push(Piece { at: self.text.len(), span, verbatim });
            self.text.push_str(text);
        }
    }

    fn origin(&self, offset: usize) -> Span {
        let index = self.pieces.partition_point(|p| p.at <= offset);
        let Some(piece) = index.checked_sub(1).and_then(|i| self.pieces.get(i)) else {
            return Span::default();
        };
        if !piece.verbatim {
            return piece.span;
        }
        let start = piece.span.start as usize + (offset - piece.at);
        span(piece.span.file, start, start + 1)
    }
}

fn span(file: u16, start: usize, end: usize) -> Span {
    let place = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Span { file, start: place(start), end: place(end) }
}

/// One word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Without quotes.
    pub text: String,
    /// Its place, quotes included.
    pub span: Span,
}

/// A line without its comment.
pub struct Stripped {
    /// What remains, trimmed.
    pub text: Text,
    /// The place of a quote that nothing closes.
    pub unmatched: Option<Span>,
    /// It ends with a single backslash (which is still there), blanks behind it aside.
    pub continued: bool,
}

/// Removes a comment: `!` or `#` outside double quotes, unless a backslash stands before it.
#[must_use]
pub fn strip(line: &Text) -> Stripped {
    let mut kept = Text::default();
    let mut from = 0;
    let mut quote = None;
    let mut continued = false;
    let mut end = line.text.len();
    let mut chars = line.text.char_indices();
    while let Some((i, c)) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some((j, '!' | '#')) if quote.is_none() => {
                    kept.push(&line.slice(from..i));
                    from = j;
                }
                // Also with blanks behind it, which nobody sees.
                next if next.is_none_or(|_| line.text[i + 1..].trim().is_empty()) => {
                    continued = true;
                    break;
                }
                _ => {}
            },
            '"' => quote = if quote.is_some() { None } else { Some(i) },
            '!' | '#' if quote.is_none() => {
                end = i;
                break;
            }
            _ => {}
        }
    }
    kept.push(&line.slice(from..end));
    let unmatched = quote.map(|i| line.span(i..i + 1));
    Stripped { text: kept.trim(), unmatched, continued }
}

/// Cuts a line at its braces: each brace is a piece of its own, also behind a backslash. Braces in double quotes are
/// text; a line with an unpaired quote is not cut.
#[must_use]
pub fn split_braces(line: &Text) -> Vec<Text> {
    let mut pieces = Vec::new();
    let mut from = 0;
    let mut quoted = false;
    let mut chars = line.text.char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        match c {
            '\\' => _ = chars.next_if(|(_, c)| matches!(c, '\\' | '"')),
            '"' => quoted = !quoted,
            '{' | '}' if !quoted => {
                pieces.push(line.slice(from..i).trim());
                pieces.push(line.slice(i..i + 1));
                from = i + 1;
            }
            _ => {}
        }
    }
    if quoted {
        return alloc::vec![line.trim()];
    }
    pieces.push(line.slice(from..line.text.len()).trim());
    pieces.retain(|p| !p.text.is_empty());
    pieces
}

/// Words of an ordinary line. A word that begins with `"` runs to the next `"`, without escapes; a `"` inside a bare
/// word ends it. The second value is the place of a quote that nothing closes; the rest of the line is then lost.
#[must_use]
pub fn words(line: &Text) -> (Vec<Word>, Option<Span>) {
    let mut words = Vec::new();
    let text = &line.text;
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        if is_blank(c) {
            at += c.len_utf8();
            continue;
        }
        let (content, end) = if c == '"' {
            let Some(length) = text[at + 1..].find('"') else {
                return (words, Some(line.span(at..at + 1)));
            };
            (at + 1..at + 1 + length, at + length + 2)
        } else {
            let end = text[at..].find(|c| is_blank(c) || c == '"').map_or(text.len(), |n| at + n);
            (at..end, end)
        };
        words.push(Word { text: text[content].into(), span: line.span(at..end) });
        at = end;
    }
    (words, None)
}

/// Words of a script line: both kinds of quotes, also in the middle of a word; backslash pairs are kept for `decode`.
///
/// # Errors
/// The place of a quote that nothing closes, or of a backslash at the end.
pub fn script_words(line: &Text) -> Result<Vec<Word>, Span> {
    let mut found = Vec::new();
    for range in cut(&line.text).map_err(|i| line.span(i..i + 1))? {
        let text = unquote(&line.text[range.clone()]);
        found.push(Word { text, span: line.span(range) });
    }
    Ok(found)
}

/// Cuts a command into program and arguments, decoding escapes (reference §1.2, second tokenizer).
///
/// # Errors
/// Says what is wrong with it.
pub fn decode(command: &str) -> Result<Vec<String>, &'static str> {
    let ranges =
        cut(command).map_err(|_| "a quote is not closed, or a backslash ends the command")?;
    Ok(ranges.into_iter().map(|range| unescape(&command[range])).collect())
}

/// The ranges of words, quotes included; the offset of what is not closed otherwise.
fn cut(text: &str) -> Result<Vec<Range<usize>>, usize> {
    let mut ranges = Vec::new();
    let mut start: Option<usize> = None;
    let mut quote: Option<(usize, char)> = None;
    let mut chars = text.char_indices();
    while let Some((i, c)) = chars.next() {
        if quote.is_none() && is_blank(c) {
            ranges.extend(start.take().map(|s| s..i));
            continue;
        }
        start = start.or(Some(i));
        match (c, quote) {
            ('\\', _) => _ = chars.next().ok_or(i)?,
            ('"' | '\'', None) => quote = Some((i, c)),
            (c, Some((_, open))) if c == open => quote = None,
            _ => {}
        }
    }
    if let Some((i, _)) = quote {
        return Err(i);
    }
    ranges.extend(start.map(|s| s..text.len()));
    Ok(ranges)
}

/// Without quotes; backslash pairs stay.
fn unquote(word: &str) -> String {
    let mut out = String::new();
    let mut quote = None;
    let mut chars = word.chars();
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('\\', _) => {
                out.push(c);
                out.extend(chars.next());
            }
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            _ => out.push(c),
        }
    }
    out
}

/// Without quotes, escapes decoded.
fn unescape(word: &str) -> String {
    let mut out = String::new();
    let mut quote = None;
    let mut rest = word.chars().peekable();
    while let Some(c) = rest.next() {
        match (c, quote) {
            ('\\', _) => match rest.next() {
                Some('a') => out.push('\x07'),
                Some('b') => out.push('\x08'),
                Some('E') => out.push('\x1b'),
                Some('f') => out.push('\x0c'),
                Some('n') => out.push('\n'),
                Some('r') => out.push('\r'),
                Some('t') => out.push('\t'),
                Some('v') => out.push('\x0b'),
                Some('c') => out.extend(rest.next().map(|c| char::from((c as u32 & 0x1f) as u8))),
                Some('x') => out.push(digits(&mut rest, 0, 16, 2).unwrap_or('x')),
                Some(c @ '0'..='7') => {
                    let first = c.to_digit(8).unwrap_or(0);
                    let number = digits(&mut rest, first, 8, 2).or(char::from_u32(first));
                    out.extend(number);
                }
                Some(c) => out.push(c),
                None => {}
            },
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            _ => out.push(c),
        }
    }
    out
}

/// Up to `most` further digits of a character's number; `None` if there is none.
fn digits(
    rest: &mut core::iter::Peekable<core::str::Chars<'_>>,
    first: u32,
    radix: u32,
    most: usize,
) -> Option<char> {
    let mut value = first;
    let mut found = 0;
    while found < most
        && let Some(digit) = rest.peek().and_then(|c| c.to_digit(radix))
    {
        value = value * radix + digit;
        rest.next();
        found += 1;
    }
    if found > 0 { char::from_u32(value) } else { None }
}

const fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\x0c' | '\n' | '\r' | '\x0b')
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn stripped(line: &str) -> String {
        strip(&Text::line(line, 0, 0)).text.text
    }

    fn cut_words(line: &str) -> Vec<String> {
        words(&Text::line(line, 0, 0)).0.into_iter().map(|w| w.text).collect()
    }

    #[test]
    fn comments_start_anywhere_but_in_quotes() {
        assert_eq!(stripped("  state MASTER # why"), "state MASTER");
        assert_eq!(stripped("state!x"), "state");
        assert_eq!(stripped("a \"b # c\" ! d"), "a \"b # c\"");
        assert_eq!(stripped("a \\# b \\! c"), "a # b ! c");
        assert_eq!(stripped("a '# b'"), "a '");
        assert_eq!(stripped("a \\\" # b"), "a \\\"");
    }

    #[test]
    fn words_know_double_quotes_only() {
        assert_eq!(cut_words("a \"b c\"\td"), vec!["a", "b c", "d"]);
        assert_eq!(cut_words("a\"b c\""), vec!["a", "b c"]);
        assert_eq!(cut_words("'a b'"), vec!["'a", "b'"]);
        let (found, unmatched) = words(&Text::line("\"c\\\"d\" e", 0, 0));
        assert_eq!(found.len(), 2); // `c\` and `d`, as keepalived sees it
        assert!(unmatched.is_some());
    }

    #[test]
    fn braces_stand_alone_unless_quoted() {
        let cut = |line| -> Vec<String> {
            split_braces(&Text::line(line, 0, 0)).into_iter().map(|t| t.text).collect()
        };
        assert_eq!(
            cut("vrrp_instance A { state MASTER }"),
            vec!["vrrp_instance A", "{", "state MASTER", "}"]
        );
        assert_eq!(cut("{}"), vec!["{", "}"]);
        assert_eq!(cut("path \"/{x}\""), vec!["path \"/{x}\""]);
        assert_eq!(cut("a\\{b"), vec!["a\\", "{", "b"]);
        assert_eq!(cut("a \\\" {"), vec!["a \\\"", "{"]);
    }

    #[test]
    fn a_backslash_at_the_end_continues_whatever_blanks_are_behind_it() {
        let continued = |line| strip(&Text::line(line, 0, 0)).continued;
        assert!(continued("$A=x \\"));
        assert!(continued("$A=x \\ \t"));
        assert!(!continued("$A=x \\\\"));
        assert!(!continued("$A=x \\ # why"));
        assert!(!continued("$A=x \\n"));
    }

    #[test]
    fn a_word_keeps_its_place() {
        let line = strip(&Text::line("  a \\# bc", 3, 100)).text;
        let (found, _) = words(&line);
        assert_eq!(found[0].span, Span { file: 3, start: 102, end: 103 });
        assert_eq!(found[2].span, Span { file: 3, start: 107, end: 109 });
    }

    #[test]
    fn scripts_are_cut_twice() {
        let line = Text::line(r#"notify_up "/bin/x 'one arg' \x41\t" bob"#, 0, 0);
        let found = script_words(&line).unwrap();
        assert_eq!(found[1].text, r"/bin/x 'one arg' \x41\t");
        assert_eq!(found[2].text, "bob");
        assert_eq!(decode(&found[1].text).unwrap(), vec!["/bin/x", "one arg", "A\t"]);
        assert!(decode("a 'b").is_err());
        assert!(decode("a \\").is_err());
        assert_eq!(decode(r#"'' "a"'b'"#).unwrap(), vec!["", "ab"]);
    }
}

//! What lines of routes and rules have in common: words one after the other, as `ip` takes them (reference §2.4).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use crate::config::diagnostic::{At, Code, Diagnostic, Diagnostics, Span, closest, code};
use crate::config::lexer::Word;
use crate::config::tree::Node;
use crate::config::value;
use crate::net::names::{Kind, Names, number_of};
use crate::net::prefix::{Family, Prefix};

/// A line as written. What its words mean depends on names that come from files, and so is found later.
#[derive(Clone, Debug)]
pub struct Line {
    words: Vec<Word>,
    /// Its place.
    pub span: Span,
}

/// Adds the lines of a block.
pub fn parse(all: &mut Vec<Line>, what: &str, node: &Node, out: &mut Diagnostics) {
    for node in super::lines(node).iter().filter(|node| !node.is_stray_close()) {
        if let Some(block) = &node.block {
            out.add(code::UNEXPECTED_OPEN, block.open, format!("a {what} has no block"));
            continue;
        }
        if let Some(unmatched) = node.unmatched {
            out.add(code::UNMATCHED_QUOTE, unmatched, "a quote is not closed on its line");
            continue;
        }
        all.push(Line { words: node.words.clone(), span: node.span() });
    }
}

/// Whose line it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// `static_*`.
    Static,
    /// `virtual_*`.
    Virtual,
}

/// Reads a line word by word. Every question that is not answered well leaves a finding.
pub struct Words<'a> {
    rest: core::slice::Iter<'a, Word>,
    /// `route` or `rule`.
    what: &'static str,
    line: Span,
    names: &'a Names,
    out: &'a mut Diagnostics,
    family: Option<(Family, Span)>,
}

impl<'a> Words<'a> {
    /// At the beginning of a line.
    pub fn new(
        what: &'static str,
        line: &'a Line,
        names: &'a Names,
        out: &'a mut Diagnostics,
    ) -> Self {
        Self { rest: line.words.iter(), what, line: line.span, names, out, family: None }
    }

    /// The next word.
    pub fn take(&mut self) -> Option<&'a Word> {
        self.rest.next()
    }

    /// The word after that which was read last.
    pub fn peek(&self) -> Option<&'a Word> {
        self.rest.as_slice().first()
    }

    /// Goes on behind the next word if it is this one.
    pub fn skip(&mut self, text: &str) -> bool {
        let found = self.peek().is_some_and(|word| word.text == text);
        if found {
            self.take();
        }
        found
    }

    /// The value of an option.
    pub fn value(&mut self, option: &Word) -> Option<&'a Word> {
        let value = self.take();
        if value.is_none() {
            let message = format!("`{}` needs a value", option.text);
            self.out.add(code::MISSING_ARGUMENT, option.span, message);
        }
        value
    }

    /// A finding.
    pub fn find(&mut self, code: Code, span: Span, message: String) -> &mut Diagnostic {
        self.out.add(code, span, message)
    }

    /// A finding about the whole line.
    pub fn find_all(&mut self, code: Code, message: String) -> &mut Diagnostic {
        self.out.add(code, self.line, message)
    }

    /// A word that is not what it should be.
    pub fn bad(&mut self, option: &Word, value: &Word, expected: &str) -> &mut Diagnostic {
        let message = format!("`{}`: `{}` is not {expected}", option.text, value.text);
        self.out.add(code::BAD_ARGUMENT, value.span, message)
    }

    /// A word that no option has.
    pub fn unknown(&mut self, word: &Word, options: &[&str]) {
        let message = format!("unknown option `{}` of a {}", word.text, self.what);
        let meant = closest(&word.text, options.iter().copied());
        self.out.add(code::BAD_ARGUMENT, word.span, message).did_you_mean(meant);
    }

    /// An option twice.
    pub fn once(&mut self, option: &Word, given: bool) -> Option<()> {
        if given {
            let message = format!("`{}` is given twice", option.text);
            self.out.add(code::BAD_ARGUMENT, option.span, message);
        }
        (!given).then_some(())
    }

    /// A decimal number.
    pub fn number(&mut self, option: &Word, low: u32, high: u32) -> Option<u32> {
        let word = self.value(option)?;
        let number = value::int(&option.text, word, low.into(), high.into(), self.out)?;
        u32::try_from(number).ok()
    }

    /// The same for a smaller type.
    pub fn small<T: TryFrom<u32>>(&mut self, option: &Word, low: u32, high: u32) -> Option<T> {
        T::try_from(self.number(option, low, high)?).ok()
    }

    /// A decimal or hexadecimal number.
    pub fn hex(&mut self, option: &Word) -> Option<u32> {
        let word = self.value(option)?;
        let number = number_of(&word.text);
        if number.is_none() {
            self.bad(option, word, "a number");
        }
        number
    }

    /// A name from iproute2's files, or a number.
    pub fn named(&mut self, option: &Word, kind: Kind) -> Option<u32> {
        let word = self.value(option)?;
        self.named_word(word, &word.text, kind)
    }

    fn named_word(&mut self, word: &Word, text: &str, kind: Kind) -> Option<u32> {
        let number = self.names.number(kind, text);
        if number.is_none() {
            let message = format!("unknown {} `{text}`", kind.word());
            let low = u8::from(kind == Kind::Table);
            let (max, file) = (kind.max(), kind.file());
            let label = format!("expected a name of iproute2's {file}, or {low} to {max}");
            let meant = closest(text, self.names.all(kind));
            self.out.add(code::BAD_ARGUMENT, word.span, message).label(label).did_you_mean(meant);
        }
        number
    }

    /// `SOURCE/DESTINATION`, or the destination alone.
    pub fn realms(&mut self, option: &Word) -> Option<u32> {
        let word = self.value(option)?;
        match word.text.split_once('/') {
            Some((from, to)) => {
                let from = self.named_word(word, from, Kind::Realm)?;
                Some(from << 16 | self.named_word(word, to, Kind::Realm)?)
            }
            None => self.named_word(word, &word.text, Kind::Realm),
        }
    }

    /// Two numbers `A-B`, A not above B; or one.
    pub fn range(&mut self, option: &Word, low: u32, high: u32) -> Option<(u32, u32)> {
        let word = self.value(option)?;
        let (first, last) = word.text.split_once('-').unwrap_or((&word.text, &word.text));
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            text.parse().ok().filter(|n| digits && (low..=high).contains(n))
        };
        let range = number(first).zip(number(last)).filter(|(first, last)| first <= last);
        if range.is_none() {
            self.bad(option, word, "a range")
                .label(format!("expected FIRST-LAST, each {low} to {high}"));
        }
        range
    }

    /// The name of an interface.
    pub fn interface(&mut self, option: &Word) -> Option<At<String>> {
        let word = self.value(option)?;
        super::address::interface(&option.text, word, self.out)
    }

    /// A name that this program's configuration gives.
    pub fn name(&mut self, option: &Word) -> Option<At<String>> {
        let word = self.value(option)?;
        Some(At::new(word.text.clone(), word.span))
    }

    /// `inet` or `inet6`, or an address that makes it so.
    pub fn family_is(&mut self, family: Family, span: Span) -> Option<()> {
        match self.family {
            Some((known, first)) if known != family => {
                let name = |family| if family == Family::V4 { "IPv4" } else { "IPv6" };
                let message =
                    format!("this is {}, the {} is {}", name(family), self.what, name(known));
                self.out.add(code::CONFLICT, span, message).related(first, "because of this");
                None
            }
            _ => {
                self.family.get_or_insert((family, span));
                Some(())
            }
        }
    }

    /// What is known so far; IPv4 if nothing is.
    pub fn family(&self) -> Family {
        self.family.map_or(Family::V4, |(family, _)| family)
    }

    /// An address of the line's family.
    pub fn ip(&mut self, option: &Word) -> Option<IpAddr> {
        let word = self.value(option)?;
        let ip = self.any_ip(option, word)?;
        self.family_is(Family::of(ip), word.span)?;
        Some(ip)
    }

    /// An address of any family.
    pub fn any_ip(&mut self, option: &Word, word: &Word) -> Option<IpAddr> {
        value::ip(&option.text, word, self.out).map(|ip| ip.value)
    }

    /// An option of one family only.
    pub fn only(&mut self, family: Family, option: &str, span: Span) -> Option<()> {
        let name = if family == Family::V4 { "IPv4" } else { "IPv6" };
        let fits = self.family() == family;
        if !fits {
            let message = format!("`{option}` is for {name} only");
            self.out.add(code::BAD_ARGUMENT, span, message);
        }
        fits.then_some(())
    }

    /// `IP[/LENGTH]`, `default`, `any` or `all`; `None` inside: everything.
    pub fn network(&mut self, word: &Word) -> Option<Option<Prefix>> {
        if matches!(word.text.as_str(), "default" | "any" | "all") {
            return Some(None);
        }
        let (ip, len) = super::address::with_prefix(word, self.out)?;
        let prefix = Prefix { ip: ip.value, len };
        self.family_is(prefix.family(), word.span)?;
        if !prefix.is_network() {
            let message = format!("`{}` has bits behind its prefix length", word.text);
            self.out
                .add(code::BAD_ARGUMENT, word.span, message)
                .did_you_mean(Some(&alloc::string::ToString::to_string(&prefix.network())));
            return None;
        }
        Some(Some(prefix))
    }
}

/// Whether a word could be the beginning of `IP[/LENGTH]`.
pub fn is_network(text: &str) -> bool {
    matches!(text, "default" | "any" | "all")
        || text.split('/').next().is_some_and(|ip| ip.parse::<IpAddr>().is_ok())
}

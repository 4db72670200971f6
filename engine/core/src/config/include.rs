//! What an `include` requires, and the patterns that it takes (reference §1.8).

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// What makes an `include` an error; else it is skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Strictness {
    /// A match that is no regular file, can be executed, or can't be read.
    pub read: bool,
    /// A name without wildcard that does not exist.
    pub names: bool,
    /// A pattern that matches nothing.
    pub wildcards: bool,
    /// An alternative of `{a,b}` that matches nothing; the two above do not concern these.
    pub braces: bool,
}

/// The words of `include_check`.
pub const CHECKS: [&str; 4] = ["read", "match", "wildcard_match", "brace_match"];

impl Strictness {
    /// Everything.
    pub const ALL: Self = Self { read: true, names: true, wildcards: true, braces: true };

    /// That of a keyword; `None`: it includes nothing.
    #[must_use]
    pub fn of(keyword: &str) -> Option<Self> {
        let none = Self::default();
        let read = Self { read: true, ..none };
        Some(match keyword.strip_prefix("include")? {
            "" => none,
            "r" => read,
            "m" => Self { names: true, ..read },
            "w" => Self { names: true, wildcards: true, ..read },
            "b" => Self { braces: true, ..read },
            "a" => Self::ALL,
            _ => return None,
        })
    }

    /// Both together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self {
            read: self.read || other.read,
            names: self.names || other.names,
            wildcards: self.wildcards || other.wildcards,
            braces: self.braces || other.braces,
        }
    }

    /// After `include_check WORD ...`: without a word everything; a plain word sets `read` and itself, and forgets
    /// what was before; `+` and `-` change one thing. Unknown words change nothing.
    #[must_use]
    pub fn changed<'w>(self, words: impl Iterator<Item = &'w str>) -> Self {
        let mut result = self;
        let (mut any, mut fresh) = (false, false);
        for word in words {
            any = true;
            let (name, on) = match word.split_at_checked(1) {
                Some(("+", name)) => (name, true),
                Some(("-", name)) => (name, false),
                _ => {
                    if !fresh {
                        result = Self { read: true, ..Self::default() };
                        fresh = true;
                    }
                    (word, true)
                }
            };
            match CHECKS.iter().position(|check| *check == name) {
                Some(0) => result.read = on,
                Some(1) => result.names = on,
                Some(2) => result.wildcards = on,
                Some(_) => result.braces = on,
                None => {}
            }
        }
        if any { result } else { Self::ALL }
    }
}

/// The alternatives of `{a,b}`, all combinations, at most 1000.
pub fn braces(pattern: &str) -> Vec<String> {
    let mut done = Vec::new();
    let mut open = alloc::vec![pattern.to_owned()];
    while let Some(pattern) = open.pop() {
        match outermost(&pattern) {
            Some((head, choices, tail)) if done.len() + open.len() < 1000 => {
                open.extend(choices.iter().rev().map(|choice| format!("{head}{choice}{tail}")));
            }
            _ => done.push(pattern),
        }
    }
    done
}

/// The first braces that are closed: what is before them, their alternatives (which may have braces in them), and what
/// is behind.
fn outermost(pattern: &str) -> Option<(&str, Vec<&str>, &str)> {
    pattern.match_indices('{').find_map(|(start, _)| {
        let (mut depth, mut from, mut choices) = (0_usize, start + 1, Vec::new());
        for (at, c) in pattern.char_indices().skip_while(|(at, _)| *at <= start) {
            match c {
                '{' => depth += 1,
                ',' if depth == 0 => {
                    choices.push(&pattern[from..at]);
                    from = at + 1;
                }
                '}' if depth == 0 => {
                    choices.push(&pattern[from..at]);
                    return Some((&pattern[..start], choices, &pattern[at + 1..]));
                }
                '}' => depth -= 1,
                _ => {}
            }
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternatives_are_combined_in_order() {
        assert_eq!(braces("a{1,2}{x,y}"), ["a1x", "a1y", "a2x", "a2y"]);
        assert_eq!(braces("a{1,b{2,3}}"), ["a1", "ab2", "ab3"]);
        assert_eq!(braces("a}{"), ["a}{"]);
    }

    #[test]
    fn checks_are_set_added_and_taken_away() {
        let changed = |from: Strictness, words: &str| from.changed(words.split_ascii_whitespace());
        let none = Strictness::default();
        assert_eq!(changed(none, ""), Strictness::ALL);
        assert_eq!(changed(none, "match"), Strictness { read: true, names: true, ..none });
        assert_eq!(changed(Strictness::ALL, "read"), Strictness { read: true, ..none });
        assert_eq!(changed(none, "+brace_match"), Strictness { braces: true, ..none });
        let without = Strictness { wildcards: false, ..Strictness::ALL };
        assert_eq!(changed(Strictness::ALL, "-wildcard_match"), without);
        assert_eq!(changed(none, "nonsense"), Strictness { read: true, ..none });
    }
}

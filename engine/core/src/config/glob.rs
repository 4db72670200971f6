//! Patterns of file names, as glob(7) has them: `*`, `?`, `[a-z]`, `[!a-z]`. For one part of a path.

/// Does `name` match `pattern`? A leading dot is matched by a dot only.
#[must_use]
pub fn matches(pattern: &str, name: &str) -> bool {
    if name.starts_with('.') && !pattern.starts_with('.') {
        return false;
    }
    let (pattern, name): (alloc::vec::Vec<char>, alloc::vec::Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    // The last `*`, and how far it has been stretched: enough to go back to.
    let mut star: Option<(usize, usize)> = None;
    let (mut p, mut n) = (0, 0);
    while n < name.len() {
        if pattern.get(p) == Some(&'*') {
            star = Some((p, n));
            p += 1;
        } else if let Some(next) = one(&pattern, p, name[n]) {
            p = next;
            n += 1;
        } else if let Some((at, stretched)) = star {
            star = Some((at, stretched + 1));
            p = at + 1;
            n = stretched + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// Is there anything in `text` that makes it a pattern?
#[must_use]
pub fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// Matches one character at `p`; the place after it in the pattern.
fn one(pattern: &[char], p: usize, c: char) -> Option<usize> {
    match *pattern.get(p)? {
        '?' => Some(p + 1),
        '[' => {
            let negated = matches!(pattern.get(p + 1), Some('!' | '^'));
            let first = p + 1 + usize::from(negated);
            let end = pattern.iter().skip(first + 1).position(|c| *c == ']').map(|i| i + first + 1);
            let Some(end) = end else { return (c == '[').then_some(p + 1) };
            let set = &pattern[first..end];
            let mut found = false;
            let mut i = 0;
            while i < set.len() {
                if set.get(i + 1) == Some(&'-') && i + 2 < set.len() {
                    found |= (set[i]..=set[i + 2]).contains(&c);
                    i += 3;
                } else {
                    found |= set[i] == c;
                    i += 1;
                }
            }
            (found != negated).then_some(end + 1)
        }
        '\\' => (pattern.get(p + 1) == Some(&c)).then_some(p + 2),
        literal => (literal == c).then_some(p + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_match_as_in_a_shell() {
        assert!(matches("*.conf", "a.conf"));
        assert!(matches("a*b*c", "axxbyyc"));
        assert!(matches("?[a-c]x", "1bx"));
        assert!(matches("[!a]b", "cb"));
        assert!(matches("a\\*", "a*"));
        assert!(!matches("*.conf", ".a.conf"));
        assert!(!matches("*.conf", "a.conf~"));
        assert!(!matches("[!a]b", "ab"));
        assert!(!matches("a\\*", "ab"));
        assert!(matches("*", "x"));
        assert!(!matches("", "x"));
    }
}

//! `~SEQ`, `~SEQx` and `~LST`: one line for each of several values (reference §1.7).

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Values of one sequence.
const MAX_VALUES: i64 = 10_000;

/// A parsed head.
pub struct Sequence {
    /// The definitions to set.
    pub names: Vec<String>,
    /// Their values, one set per repetition.
    pub values: Vec<Vec<String>>,
    /// Where the text begins that is repeated.
    pub body: usize,
}

/// Parses the head of a line that begins with `~SEQ` or `~LST`, references already replaced.
///
/// # Errors
/// Says what is wrong.
pub fn parse(line: &str) -> Result<Sequence, String> {
    let open = line.find('(').ok_or("a `(` is missing")?;
    let length = line[open..].find(')').ok_or("a `)` is missing")?;
    let inner = &line[open + 1..open + length];
    let body = open + length + 1;
    let (names, values) = match &line[..open] {
        "~SEQ" => numbers(inner, false)?,
        "~SEQx" => numbers(inner, true)?,
        "~LST" => list(inner)?,
        other => return Err(format!("unknown sequence `{other}`")),
    };
    if names.iter().any(|n| n.is_empty() || n.contains(|c: char| !c.is_alphanumeric() && c != '_'))
    {
        return Err("the name of a definition is missing".to_owned());
    }
    Ok(Sequence { names, values, body })
}

type NamesAndValues = (Vec<String>, Vec<Vec<String>>);

fn numbers(inner: &str, hexadecimal: bool) -> Result<NamesAndValues, String> {
    let mut words = inner.split(',').map(str::trim);
    let name = words.next().unwrap_or("").to_owned();
    let numbers: Vec<i64> = words.map(number).collect::<Result<_, _>>()?;
    let (start, step, end) = match numbers[..] {
        [end] => (if end < 0 { -1 } else { 1 }, if end < 1 { -1 } else { 1 }, end),
        [start, end] => (start, if end < start { -1 } else { 1 }, end),
        [start, step, end] => (start, step, end),
        _ => return Err("one to three numbers are needed after the name".to_owned()),
    };
    if step == 0 || (end > start && step < 0) || (end < start && step > 0) {
        return Err(format!("step {step} never leads from {start} to {end}"));
    }
    if (i128::from(end) - i128::from(start)).abs() / i128::from(step).abs() > i128::from(MAX_VALUES)
    {
        return Err(format!("more than {MAX_VALUES} values"));
    }
    if hexadecimal && (start < 0 || end < 0) {
        return Err("~SEQx takes no negative numbers".to_owned());
    }
    let mut values = Vec::new();
    let mut value = start;
    while if step > 0 { value <= end } else { value >= end } {
        values.push(alloc::vec![if hexadecimal {
            format!("{value:x}")
        } else {
            value.to_string()
        }]);
        let Some(next) = value.checked_add(step) else { break };
        value = next;
    }
    Ok((alloc::vec![name], values))
}

fn number(word: &str) -> Result<i64, String> {
    let (sign, digits) = word.strip_prefix('-').map_or((1, word), |digits| (-1, digits));
    let value = if let Some(hex) = digits.strip_prefix("0x") {
        i64::from_str_radix(hex, 16)
    } else if digits.len() > 1 && digits.starts_with('0') {
        i64::from_str_radix(digits, 8)
    } else {
        digits.parse()
    };
    value.map(|v| v * sign).map_err(|_| format!("`{word}` is not a number"))
}

fn list(inner: &str) -> Result<NamesAndValues, String> {
    let mut sets = sets(inner)?.into_iter();
    let names = sets.next().unwrap_or_default();
    let mut values = Vec::new();
    for mut set in sets {
        if set.len() > names.len() {
            return Err(format!("{} values for {} names", set.len(), names.len()));
        }
        set.resize(names.len(), String::new());
        values.push(set);
    }
    Ok((names, values))
}

/// `a, {b, c}` is two sets.
fn sets(inner: &str) -> Result<Vec<Vec<String>>, String> {
    let mut sets = Vec::new();
    let mut rest = inner.trim();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('{') {
            let end = after.find('}').ok_or("a `}` is missing")?;
            sets.push(after[..end].split(',').map(|v| v.trim().to_owned()).collect());
            rest = after[end + 1..].trim_start();
            rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
        } else {
            let (value, after) = rest.split_once(',').unwrap_or((rest, ""));
            sets.push(alloc::vec![value.trim().to_owned()]);
            rest = after.trim_start();
        }
    }
    Ok(sets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(line: &str) -> Vec<String> {
        parse(line).unwrap().values.into_iter().map(|set| set.join("/")).collect()
    }

    #[test]
    fn sequences_count_as_documented() {
        assert_eq!(values("~SEQ(I, 3) x"), ["1", "2", "3"]);
        assert_eq!(values("~SEQ(I, -2) x"), ["-1", "-2"]);
        assert_eq!(values("~SEQ(I, 0) x"), ["1", "0"]);
        assert_eq!(values("~SEQ(I, 4, 2) x"), ["4", "3", "2"]);
        assert_eq!(values("~SEQ(I, 1, 4, 10) x"), ["1", "5", "9"]);
        assert_eq!(values("~SEQx(I, 9, 0xb) x"), ["9", "a", "b"]);
        assert!(parse("~SEQ(I, 1, 0, 3) x").is_err());
        assert!(parse("~SEQ(I, 1, 1, 999999999999) x").is_err());
    }

    #[test]
    fn lists_fill_missing_values() {
        assert_eq!(values("~LST(A, x, y) t"), ["x", "y"]);
        assert_eq!(values("~LST({A, B}, {1, 2}, {3}) t"), ["1/2", "3/"]);
        assert!(parse("~LST({A, B}, {1, 2, 3}) t").is_err());
    }
}

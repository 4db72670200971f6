//! Lines of `track_interface`, `track_script`, `track_file`, `track_process` and
//! `track_bfd` (reference §2.7, §3.8).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::config::diagnostic::{At, Diagnostics, code};
use crate::config::lexer::Word;
use crate::config::tree::Node;
use crate::config::value;
use crate::track::settings::TrackRef;

/// A weight, if it is given.
#[derive(Clone, Copy, Debug)]
pub struct Weight {
    /// -253..=253, of files and processes -254..=254
    pub value: i16,
    /// Success and failure change places.
    pub reverse: bool,
}

/// One tracked object.
#[derive(Clone, Debug)]
pub struct TrackLine {
    /// Its name.
    pub name: At<String>,
    /// `None`: the object's own weight.
    pub weight: Option<Weight>,
}

impl TrackLine {
    /// The final reference; `own` is the object's weight.
    #[must_use]
    pub fn settings(&self, own: Option<Weight>) -> TrackRef {
        self.settings_or(own, 0)
    }

    /// The same where the object has a weight in any case.
    #[must_use]
    pub fn settings_or(&self, own: Option<Weight>, default: i16) -> TrackRef {
        let weight = self.weight.or(own).unwrap_or(Weight { value: default, reverse: false });
        TrackRef { name: self.name.value.clone(), weight: weight.value, reverse: weight.reverse }
    }
}

/// Adds the lines of a block: `NAME [weight W [reverse]]`.
pub fn parse(tracked: &mut Vec<TrackLine>, node: &Node, out: &mut Diagnostics) {
    parse_with(weight, tracked, node, out);
}

/// The same for files and processes, whose weights may be -254 and 254.
pub fn parse_wide(tracked: &mut Vec<TrackLine>, node: &Node, out: &mut Diagnostics) {
    parse_with(wide_weight, tracked, node, out);
}

fn parse_with(
    weight: fn(&Word, &[Word], &mut Diagnostics) -> Option<Weight>,
    tracked: &mut Vec<TrackLine>,
    node: &Node,
    out: &mut Diagnostics,
) {
    for node in super::lines(node).iter().filter(|n| !n.is_stray_close()) {
        if let Some(block) = &node.block {
            out.add(code::UNEXPECTED_OPEN, block.open, "a tracked object has no block here");
        }
        let name = At::new(node.keyword().text.clone(), node.keyword().span);
        let weight = match node.arguments() {
            [] => None,
            [word, rest @ ..] if word.text == "weight" => {
                let Some(weight) = weight(word, rest, out) else { continue };
                Some(weight)
            }
            [word, ..] => {
                out.add(code::BAD_ARGUMENT, word.span, format!("unexpected `{}`", word.text))
                    .label("expected `weight` or the end of the line")
                    .help("each tracked object stands on a line of its own");
                continue;
            }
        };
        if let Some(first) = tracked.iter().find(|t| t.name.value == name.value) {
            out.add(code::REPEATED, name.span, format!("`{}` is tracked twice", name.value))
                .label("ignored")
                .related(first.name.span, "tracked here first");
            continue;
        }
        tracked.push(TrackLine { name, weight });
    }
}

/// `W [reverse|noreverse]`
pub fn weight(keyword: &Word, words: &[Word], out: &mut Diagnostics) -> Option<Weight> {
    let weight = wide_weight(keyword, words, out)?;
    let value = weight.value.clamp(-253, 253);
    if value != weight.value {
        let span = words.first().unwrap_or(keyword).span;
        out.add(code::ADJUSTED, span, format!("weight {} is out of range", weight.value))
            .label(format!("taken as {value}"));
    }
    Some(Weight { value, ..weight })
}

/// The same, with -254 and 254.
pub fn wide_weight(keyword: &Word, words: &[Word], out: &mut Diagnostics) -> Option<Weight> {
    let Some(word) = words.first() else {
        out.add(code::MISSING_ARGUMENT, keyword.span, "`weight` needs a number from -253 to 253");
        return None;
    };
    let number = value::int("weight", word, -254, 254, out)?;
    let reverse = match words.get(1).map(|w| (w.text.as_str(), w.span)) {
        None | Some(("noreverse", _)) => false,
        Some(("reverse", _)) => true,
        Some((text, span)) => {
            out.add(code::BAD_ARGUMENT, span, format!("unexpected `{text}`"))
                .label("expected `reverse` or the end of the line");
            return None;
        }
    };
    Some(Weight { value: i16::try_from(number).unwrap_or(0), reverse })
}

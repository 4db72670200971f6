//! `auth_hmac` in `vrrp_instance`: adverts are signed (reference §2.7.2, §3.10).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::{Argument, Keyword, Table, kw, lines, to_u8};
use crate::config::Source;
use crate::config::diagnostic::{At, Diagnostics, Span, code};
use crate::config::keyword::Reload::Live;
use crate::config::keyword::Repeated::{Add, Last};
use crate::config::keyword::extra;
use crate::config::tree::Node;
use crate::config::value;
use crate::vrrp::auth_hmac::{HmacKey, HmacSettings, Mode, key_bytes};
use crate::vrrp::settings::Secret;

/// The shortest default of `time_window`.
const SHORTEST_WINDOW: Duration = Duration::from_secs(5);

#[derive(Clone, Debug)]
struct KeyLine {
    id: u8,
    /// A text, `hex:DIGITS` or `file:PATH`.
    value: Secret,
    span: Span,
}

/// The block as written.
#[derive(Clone, Debug, Default)]
pub struct AuthHmac {
    /// Where it stands.
    pub span: Span,
    keys: Vec<KeyLine>,
    active: Option<At<u8>>,
    window: Option<Duration>,
    monotonic: bool,
    /// `mode`.
    pub mode: Option<At<Mode>>,
}

/// Its keywords.
pub const TABLE: Table<AuthHmac> =
    Table { block: "vrrp_instance/auth_hmac", keywords: &[KEYWORDS] };

#[rustfmt::skip] // one row a line
const KEYWORDS: &[Keyword<AuthHmac>] = &[
    kw("key", Live, Add, Argument::Line(key)),
    kw("active_key", Live, Last, Argument::Int(1, 255, |v, n| v.active = Some(At::new(to_u8(n.clone()), n.span)))),
    kw("time_window", Live, Last, Argument::Int(1, 300, |v, n| v.window = Some(Duration::from_secs(n.value.unsigned_abs())))),
    kw("anti_replay", Live, Last, Argument::Line(anti_replay)),
    kw("mode", Live, Last, Argument::Line(mode)),
];

/// Reads the block.
pub fn parse(node: &Node, out: &mut Diagnostics) -> AuthHmac {
    let mut block = AuthHmac { span: node.keyword().span, ..AuthHmac::default() };
    TABLE.apply("auth_hmac", &mut block, lines(node), out);
    block
}

/// `ID VALUE`
fn key(block: &mut AuthHmac, node: &Node, out: &mut Diagnostics) {
    node.arguments().iter().skip(1).for_each(|word| out.hide(word.span));
    let [id, word, ..] = node.arguments() else {
        let message = "`key` needs a number from 1 to 255 and a text";
        out.add(code::MISSING_ARGUMENT, node.keyword().span, message);
        return;
    };
    extra(node, 3, out);
    let Some(number) = value::int("key", id, 1, 255, out) else { return };
    let number = u8::try_from(number).unwrap_or(u8::MAX);
    if let Some(first) = block.keys.iter().find(|key| key.id == number) {
        out.add(code::DUPLICATE, id.span, format!("key {number} is given twice"))
            .related(first.span, "given here first");
        return;
    }
    let value = Secret(word.text.clone().into_bytes());
    block.keys.push(KeyLine { id: number, value, span: word.span });
}

fn anti_replay(block: &mut AuthHmac, node: &Node, out: &mut Diagnostics) {
    if let Some(n) = choice(node, &["time", "monotonic"], out) {
        block.monotonic = n.value == 1;
    }
}

fn mode(block: &mut AuthHmac, node: &Node, out: &mut Diagnostics) {
    let modes = [Mode::Enforce, Mode::Permissive, Mode::ReceiveOnly];
    if let Some(n) = choice(node, &["enforce", "permissive", "receive-only"], out) {
        block.mode = Some(At::new(modes[n.value], n.span));
    }
}

/// One of these words, by its number.
fn choice(node: &Node, words: &[&str], out: &mut Diagnostics) -> Option<At<usize>> {
    extra(node, 2, out);
    let keyword = node.keyword();
    let expected = format!("expected {}", words.join(" or "));
    let Some(word) = node.arguments().first() else {
        let message = format!("`{}` needs an argument", keyword.text);
        out.add(code::MISSING_ARGUMENT, keyword.span, message).label(expected);
        return None;
    };
    let found = words.iter().position(|known| *known == word.text);
    if found.is_none() {
        let message = format!("`{}`: unknown word `{}`", keyword.text, word.text);
        out.add(code::BAD_ARGUMENT, word.span, message).label(expected);
    }
    found.map(|n| At::new(n, word.span))
}

impl AuthHmac {
    /// Reads keys that are in files of their own (`file:PATH`; one newline at the end is none of it).
    pub fn read_files(&mut self, source: &mut dyn Source, out: &mut Diagnostics) {
        self.keys.retain_mut(|key| {
            let text = String::from_utf8_lossy(&key.value.0).into_owned();
            let Some(path) = text.strip_prefix("file:") else { return true };
            match source.read(path) {
                Ok(mut bytes) => {
                    if bytes.last() == Some(&b'\n') {
                        bytes.pop();
                    }
                    key.value = Secret(bytes);
                    true
                }
                Err(why) => {
                    let message = format!("the file of key {} can't be read: {why}", key.id);
                    out.add(code::UNREADABLE, key.span, message);
                    false
                }
            }
        });
    }

    /// The final settings.
    pub fn settings(&self, interval: Duration, out: &mut Diagnostics) -> Option<HmacSettings> {
        let mut keys = Vec::new();
        for KeyLine { id, value, span } in &self.keys {
            match core::str::from_utf8(&value.0).map_err(|_| "not UTF-8".into()).and_then(key_bytes)
            {
                Ok(bytes) => keys.push(HmacKey { id: *id, value: Secret(bytes) }),
                Err(why) => {
                    out.add(code::BAD_ARGUMENT, *span, format!("key {id} can't be used: {why}"));
                }
            }
        }
        keys.sort_by_key(|key| key.id);
        let Some(active) = &self.active else {
            out.add(code::INCOMPLETE, self.span, "`auth_hmac` has no `active_key`")
                .label("adverts would not be signed")
                .help("add `active_key ID`");
            return None;
        };
        if !self.keys.iter().any(|key| key.id == active.value) {
            out.add(code::UNKNOWN_NAME, active.span, format!("there is no key {}", active.value))
                .label("adverts would not be signed");
            return None;
        }
        let three = Duration::from_secs((interval * 3).as_secs());
        Some(HmacSettings {
            keys,
            active: active.value,
            window: self.window.unwrap_or(three.max(SHORTEST_WINDOW)),
            by_time: !self.monotonic,
            mode: self.mode.as_ref().map(|mode| mode.value).unwrap_or_default(),
        })
    }
}

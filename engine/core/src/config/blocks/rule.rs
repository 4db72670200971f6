//! Lines of `static_rules` and `virtual_rules` (reference §2.4): the words of `ip rule`.

use alloc::format;
use alloc::string::{String, ToString};

use super::ip_words::{Line, Place, Words};
use crate::config::diagnostic::{At, Diagnostics, Span, code};
use crate::config::lexer::Word;
use crate::net::names::{Kind as Named, Names, number_of};
use crate::net::prefix::{Family, Prefix};
use crate::net::rule::{Action, Rule};

/// All options, for proposals.
const OPTIONS: &[&str] = &[
    "inet",
    "inet6",
    "not",
    "from",
    "to",
    "fwmark",
    "tos",
    "dsfield",
    "iif",
    "dev",
    "oif",
    "uidrange",
    "tunnel-id",
    "ipproto",
    "sport",
    "dport",
    "l3mdev",
    "protocol",
    "preference",
    "order",
    "priority",
    "table",
    "lookup",
    "realms",
    "suppress_prefixlength",
    "sup_pl",
    "suppress_ifgroup",
    "sup_group",
    "goto",
    "nop",
    "type",
    "blackhole",
    "unreachable",
    "prohibit",
    "no_track",
    "track_group",
];

/// Names of IP protocols that rules are likely to speak of.
const IP_PROTOCOLS: &[(&str, u8)] = &[
    ("icmp", 1),
    ("igmp", 2),
    ("ipip", 4),
    ("tcp", 6),
    ("udp", 17),
    ("dccp", 33),
    ("ipv6", 41),
    ("gre", 47),
    ("esp", 50),
    ("ah", 51),
    ("ipv6-icmp", 58),
    ("ospf", 89),
    ("vrrp", 112),
    ("sctp", 132),
    ("udplite", 136),
];

/// A rule, and what else its line says.
#[derive(Clone, Debug)]
pub struct Written {
    /// The rule; without a priority it has 0.
    pub rule: Rule,
    /// No priority was given.
    pub unplaced: bool,
    /// The place of `table`, `goto` and the like.
    action: Span,
    /// `track_group`, static ones only.
    pub track_group: Option<At<String>>,
    /// The place of the line.
    pub span: Span,
}

impl Written {
    /// `goto` goes forward only; looked at when the rule has its priority.
    pub fn check(&self, out: &mut Diagnostics) {
        let own = self.rule.priority;
        if let Action::Goto(target) = self.rule.action
            && target <= own
        {
            let text = format!("`goto {target}` leads back: the rule's own priority is {own}");
            out.add(code::BAD_ARGUMENT, self.action, text);
        }
    }
}

/// Reads one line. One that is wrong is dropped as a whole.
pub fn read(line: &Line, place: Place, names: &Names, out: &mut Diagnostics) -> Option<Written> {
    let mut words = Words::new("rule", line, names, out);
    let mut draft = Draft {
        rule: Rule::new(Family::V4, 0, Action::Nop),
        action: None,
        priority: None,
        from: None,
        to: None,
        track_group: None,
    };
    while let Some(word) = words.take() {
        draft.option(word, place, &mut words)?;
    }
    draft.finish(line.span, &mut words)
}

struct Draft {
    rule: Rule,
    action: Option<At<Action>>,
    priority: Option<u32>,
    /// `Some(None)`: `any`.
    from: Option<Option<Prefix>>,
    to: Option<Option<Prefix>>,
    track_group: Option<At<String>>,
}

impl Draft {
    fn option(&mut self, word: &Word, place: Place, words: &mut Words<'_>) -> Option<()> {
        let rule = &mut self.rule;
        match word.text.as_str() {
            "inet" => words.family_is(Family::V4, word.span)?,
            "inet6" => words.family_is(Family::V6, word.span)?,
            "not" => rule.not = true,
            "from" | "to" => {
                let value = words.value(word)?;
                let network = words.network(value)?;
                let place = if word.text == "from" { &mut self.from } else { &mut self.to };
                words.once(word, place.is_some())?;
                *place = Some(network);
            }
            "fwmark" => rule.fwmark = Some(mark(word, words)?),
            "tos" | "dsfield" => {
                rule.tos = u8::try_from(words.named(word, Named::DsField)?).ok()?;
            }
            "iif" | "dev" => {
                words.once(word, rule.iif.is_some())?;
                rule.iif = Some(words.interface(word)?.value);
            }
            "oif" => {
                words.once(word, rule.oif.is_some())?;
                rule.oif = Some(words.interface(word)?.value);
            }
            // 4294967295 is "nobody", which the kernel refuses.
            "uidrange" => rule.uids = Some(words.range(word, 0, u32::MAX - 1)?),
            "tunnel-id" => {
                let value = words.value(word)?;
                let digits = value.text.bytes().all(|b| b.is_ascii_digit());
                let id = value.text.parse().ok().filter(|_| digits);
                if id.is_none() {
                    words.bad(word, value, "a number");
                }
                rule.tunnel_id = Some(id?);
            }
            "ipproto" => rule.ip_protocol = Some(ip_protocol(word, words)?),
            "sport" => rule.sport = Some(ports(word, words)?),
            "dport" => rule.dport = Some(ports(word, words)?),
            "protocol" => {
                rule.protocol = u8::try_from(words.named(word, Named::Protocol)?).ok()?;
            }
            "preference" | "order" | "priority" => {
                words.once(word, self.priority.is_some())?;
                self.priority = Some(words.number(word, 0, u32::MAX)?);
            }
            "realms" => rule.realms = Some(words.realms(word)?),
            "suppress_prefixlength" | "sup_pl" => {
                rule.suppress_prefixlength = Some(words.number(word, 0, 128)?);
            }
            "suppress_ifgroup" | "sup_group" => {
                rule.suppress_ifgroup = Some(words.named(word, Named::Group)?);
            }
            "no_track" => rule.no_track = true,
            "track_group" => {
                let group = words.name(word)?;
                if place == Place::Virtual {
                    let text = "`track_group` is for static entries only".to_string();
                    words.find(code::BAD_ARGUMENT, word.span, text);
                    return None;
                }
                self.track_group = Some(group);
            }
            "table" | "lookup" => {
                let table = words.named(word, Named::Table)?;
                self.act(Action::Table(table), word, words)?;
            }
            "goto" => {
                let target = words.number(word, 0, u32::MAX)?;
                self.act(Action::Goto(target), word, words)?;
            }
            "type" => {
                let value = words.value(word)?;
                let Some(action) = end(&value.text) else {
                    words.bad(word, value, "`blackhole`, `unreachable` or `prohibit`");
                    return None;
                };
                self.act(action, word, words)?;
            }
            "l3mdev" => self.act(Action::L3mdev, word, words)?,
            "nop" => self.act(Action::Nop, word, words)?,
            name => {
                let Some(action) = end(name) else {
                    words.unknown(word, OPTIONS);
                    return None;
                };
                self.act(action, word, words)?;
            }
        }
        Some(())
    }

    fn act(&mut self, action: Action, word: &Word, words: &mut Words<'_>) -> Option<()> {
        if let Some(first) = &self.action {
            let text = "a rule does one thing".to_string();
            words.find(code::CONFLICT, word.span, text).related(first.span, "given here first");
            return None;
        }
        self.action = Some(At::new(action, word.span));
        Some(())
    }

    fn finish(self, span: Span, words: &mut Words<'_>) -> Option<Written> {
        let family = words.family();
        let Some(action) = self.action else {
            let text = "a rule that does nothing".to_string();
            words
                .find_all(code::INCOMPLETE, text)
                .help("add `table T`, `goto N`, `nop`, `blackhole`, `unreachable` or `prohibit`");
            return None;
        };
        let longest = u32::from(family.host());
        if self.rule.suppress_prefixlength.is_some_and(|length| length > longest) {
            let text = format!("`suppress_prefixlength` is at most {longest} here");
            words.find_all(code::OUT_OF_RANGE, text);
            return None;
        }
        if let Some(group) = &self.track_group
            && self.rule.iif.is_none()
        {
            let text = "`track_group` follows an interface, and the rule names none".to_string();
            words.find(code::INCOMPLETE, group.span, text).help("add `iif IF`");
            return None;
        }
        let prefix = |it: Option<Option<Prefix>>| it.map(|it| it.unwrap_or(Prefix::all(family)));
        let rule = Rule {
            family,
            priority: self.priority.unwrap_or(0),
            from: prefix(self.from),
            to: prefix(self.to),
            action: action.value,
            ..self.rule
        };
        let unplaced = self.priority.is_none();
        Some(Written { rule, unplaced, action: action.span, track_group: self.track_group, span })
    }
}

fn end(word: &str) -> Option<Action> {
    match word {
        "blackhole" => Some(Action::Blackhole),
        "unreachable" => Some(Action::Unreachable),
        "prohibit" => Some(Action::Prohibit),
        _ => None,
    }
}

fn mark(word: &Word, words: &mut Words<'_>) -> Option<(u32, u32)> {
    let value = words.value(word)?;
    let (mark, mask) = match value.text.split_once('/') {
        Some((mark, mask)) => (number_of(mark), number_of(mask)),
        None => (number_of(&value.text), Some(u32::MAX)),
    };
    let both = mark.zip(mask);
    if both.is_none() {
        words.bad(word, value, "a mark").label("expected as 5, 0x5 or 0x5/0xff");
    }
    both
}

fn ip_protocol(word: &Word, words: &mut Words<'_>) -> Option<u8> {
    let value = words.value(word)?;
    let lower = value.text.to_ascii_lowercase();
    let named = IP_PROTOCOLS.iter().find(|(name, _)| *name == lower).map(|(_, number)| *number);
    let digits = value.text.bytes().all(|b| b.is_ascii_digit());
    let number = named.or_else(|| value.text.parse().ok().filter(|n| digits && *n > 0));
    if number.is_none() {
        words.bad(word, value, "an IP protocol").label("expected tcp, udp, icmp ... or 1 to 255");
    }
    number
}

fn ports(word: &Word, words: &mut Words<'_>) -> Option<(u16, u16)> {
    let (first, last) = words.range(word, 1, 65535)?;
    Some((u16::try_from(first).ok()?, u16::try_from(last).ok()?))
}

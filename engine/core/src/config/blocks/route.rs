//! Lines of `static_routes` and `virtual_routes` (reference §2.4): the words of `ip route`.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::IpAddr;

use super::encap;
use super::ip_words::{Line, Place, Words, is_network};
use crate::config::diagnostic::{At, Diagnostics, Span, code};
use crate::config::lexer::Word;
use crate::net::metric::{self, Metric, Unit, Value};
use crate::net::names::{Kind as Named, Names};
use crate::net::prefix::{Family, Prefix};
use crate::net::route::{Hop, Kind, MAIN, Mode, Preference, Route};

/// All options, for proposals.
const OPTIONS: &[&str] = &[
    "inet",
    "inet6",
    "to",
    "src",
    "as",
    "via",
    "gw",
    "or",
    "from",
    "tos",
    "dsfield",
    "table",
    "protocol",
    "scope",
    "metric",
    "priority",
    "preference",
    "dev",
    "oif",
    "onlink",
    "encap",
    "expires",
    "mtu",
    "hoplimit",
    "advmss",
    "rtt",
    "rttvar",
    "reordering",
    "window",
    "cwnd",
    "ssthresh",
    "realms",
    "rto_min",
    "initcwnd",
    "initrwnd",
    "features",
    "quickack",
    "congctl",
    "pref",
    "ttl-propagate",
    "fastopen_no_cookie",
    "vrf",
    "add",
    "prepend",
    "append",
    "nexthop",
    "no_track",
    "track_group",
    "unicast",
    "local",
    "broadcast",
    "anycast",
    "multicast",
    "throw",
    "unreachable",
    "prohibit",
    "blackhole",
];
const HOP_OPTIONS: &[&str] =
    &["via", "gw", "dev", "oif", "weight", "onlink", "encap", "realms", "as", "nexthop"];

/// A route, and what else its line says.
#[derive(Clone, Debug)]
pub struct Written {
    /// The route.
    pub route: Route,
    /// `track_group`, static ones only.
    pub track_group: Option<At<String>>,
}

/// Reads one line. One that is wrong is dropped as a whole.
pub fn read(line: &Line, place: Place, names: &Names, out: &mut Diagnostics) -> Option<Written> {
    let mut words = Words::new("route", line, names, out);
    let mut draft = Draft::default();
    while let Some(word) = words.take() {
        draft.option(word, place, &mut words)?;
    }
    draft.finish(&mut words)
}

/// What is read so far.
#[derive(Default)]
struct Draft {
    kind: Option<(Kind, Span)>,
    /// `Some(None)`: `default`.
    to: Option<Option<Prefix>>,
    from: Option<At<Option<Prefix>>>,
    src: Option<IpAddr>,
    tos: Option<At<u8>>,
    table: Option<u32>,
    vrf: Option<At<String>>,
    protocol: Option<u8>,
    scope: Option<At<u8>>,
    metric: Option<u32>,
    /// Without `nexthop`.
    hop: Hop,
    /// The place of what `hop` has.
    hop_given: Option<Span>,
    or: Option<IpAddr>,
    hops: Vec<Hop>,
    metrics: Vec<Metric>,
    expires: Option<At<u32>>,
    pref: Option<At<Preference>>,
    ttl_propagate: Option<bool>,
    mode: Mode,
    no_track: bool,
    track_group: Option<At<String>>,
}

impl Draft {
    fn option(&mut self, word: &Word, place: Place, words: &mut Words<'_>) -> Option<()> {
        match word.text.as_str() {
            "inet" => words.family_is(Family::V4, word.span)?,
            "inet6" => words.family_is(Family::V6, word.span)?,
            "to" => {
                let mut value = words.value(word)?;
                if let Some(kind) = Kind::named(&value.text) {
                    self.kind(kind, value, words)?;
                    value = words.value(word)?;
                }
                self.destination(value, words)?;
            }
            "src" => self.src = Some(words.ip(word)?),
            "or" => {
                words
                    .find(code::DEPRECATED, word.span, "`or` is an old way to say it".to_string())
                    .help("write `nexthop via IP nexthop via IP`");
                self.or = Some(words.ip(word)?);
            }
            "from" => {
                let value = words.value(word)?;
                self.from = Some(At::new(words.network(value)?, word.span));
            }
            "tos" | "dsfield" => {
                let tos = words.named(word, Named::DsField)?;
                self.tos = Some(At::new(u8::try_from(tos).ok()?, word.span));
            }
            "table" => self.table = Some(words.named(word, Named::Table)?),
            "protocol" => {
                self.protocol = Some(u8::try_from(words.named(word, Named::Protocol)?).ok()?);
            }
            "scope" => {
                let scope = words.named(word, Named::Scope)?;
                self.scope = Some(At::new(u8::try_from(scope).ok()?, word.span));
            }
            "metric" | "priority" | "preference" => {
                self.metric = Some(words.number(word, 0, u32::MAX)?);
            }
            "expires" => {
                self.expires = Some(At::new(words.number(word, 0, u32::MAX)?, word.span));
            }
            "pref" => self.pref = Some(At::new(preference(word, words)?, word.span)),
            "ttl-propagate" => {
                let value = words.value(word)?;
                self.ttl_propagate = Some(match value.text.as_str() {
                    "enabled" => true,
                    "disabled" => false,
                    _ => {
                        words.bad(word, value, "`enabled` or `disabled`");
                        return None;
                    }
                });
            }
            "add" => self.mode = Mode::Add,
            "prepend" => self.mode = Mode::Prepend,
            "append" => self.mode = Mode::Append,
            "no_track" => self.no_track = true,
            "track_group" => {
                let group = words.name(word)?;
                if place == Place::Virtual {
                    let text = "`track_group` is for static entries only".to_string();
                    words.find(code::BAD_ARGUMENT, word.span, text);
                    return None;
                }
                self.track_group = Some(group);
            }
            "vrf" => self.vrf = Some(words.interface(word)?),
            "nat" => {
                let text = "Linux has had no routes of type `nat` since 2.6".to_string();
                words.find(code::BAD_ARGUMENT, word.span, text);
                return None;
            }
            "nexthop" => self.nexthops(word, words)?,
            name => {
                if let Some(kind) = metric::KINDS.iter().find(|kind| kind.word == name) {
                    self.metric(kind, word, words)?;
                } else if let Some(kind) = Kind::named(name) {
                    self.kind(kind, word, words)?;
                } else if self.to.is_none() && (is_network(name) || name.contains('/')) {
                    self.destination(word, words)?;
                } else if hop_option(&mut self.hop, word, words)? {
                    self.hop_given.get_or_insert(word.span);
                } else {
                    words.unknown(word, OPTIONS);
                    return None;
                }
            }
        }
        Some(())
    }

    fn kind(&mut self, kind: Kind, word: &Word, words: &mut Words<'_>) -> Option<()> {
        words.once(word, self.kind.is_some())?;
        self.kind = Some((kind, word.span));
        Some(())
    }

    fn destination(&mut self, word: &Word, words: &mut Words<'_>) -> Option<()> {
        if self.to.is_some() {
            let message = format!("a second destination, `{}`", word.text);
            words
                .find(code::BAD_ARGUMENT, word.span, message)
                .help("each route stands on a line of its own");
            return None;
        }
        self.to = Some(words.network(word)?);
        Some(())
    }

    fn metric(&mut self, kind: &metric::Kind, word: &Word, words: &mut Words<'_>) -> Option<()> {
        let lock = words.peek().filter(|next| next.text == "lock");
        if let Some(lock) = lock {
            words.take();
            if !kind.lockable {
                let message = format!("`{}` can't be locked", kind.word);
                words.find(code::BAD_ARGUMENT, lock.span, message);
                return None;
            }
        }
        let value = match kind.unit {
            Unit::Number(low, high) => Value::Number(words.number(word, low, high)?),
            Unit::Time(parts) => {
                let value = words.value(word)?;
                let Some(number) = metric::time(&value.text, parts) else {
                    words.bad(word, value, "a time").label("expected as `250ms`, `1.5s`, `1000`");
                    return None;
                };
                Value::Number(number)
            }
            Unit::Features => {
                let value = words.value(word)?;
                if !matches!(value.text.as_str(), "ecn" | "1" | "0x1") {
                    words.bad(word, value, "a feature").label("expected `ecn`");
                    return None;
                }
                Value::Number(1)
            }
            Unit::Name => Value::Name(words.value(word)?.text.clone()),
        };
        self.metrics.retain(|it| it.number != kind.number);
        self.metrics.push(Metric { number: kind.number, value, locked: lock.is_some() });
        self.metrics.sort();
        Some(())
    }

    /// `nexthop` up to the end of the line.
    fn nexthops(&mut self, first: &Word, words: &mut Words<'_>) -> Option<()> {
        if let Some(other) = self.hop_given {
            let text = "a route has a way of its own or `nexthop`, not both".to_string();
            words.find(code::CONFLICT, first.span, text).related(other, "given here");
            return None;
        }
        let mut hop = Hop { weight: 1, ..Hop::default() };
        let mut keyword = first;
        while let Some(word) = words.take() {
            match word.text.as_str() {
                "nexthop" => {
                    self.hop(core::mem::take(&mut hop), keyword, words)?;
                    hop.weight = 1;
                    keyword = word;
                }
                "weight" => hop.weight = words.small(word, 1, 256)?,
                _ => {
                    if !hop_option(&mut hop, word, words)? {
                        if OPTIONS.contains(&word.text.as_str()) {
                            let message = format!("`{}` stands behind `nexthop`", word.text);
                            words
                                .find(code::BAD_ARGUMENT, word.span, message)
                                .help("`nexthop` comes last");
                        } else {
                            words.unknown(word, HOP_OPTIONS);
                        }
                        return None;
                    }
                }
            }
        }
        self.hop(hop, keyword, words)
    }

    fn hop(&mut self, hop: Hop, keyword: &Word, words: &mut Words<'_>) -> Option<()> {
        if hop.via.is_none() && hop.dev.is_none() {
            let text = "a `nexthop` without way".to_string();
            words.find(code::INCOMPLETE, keyword.span, text).help("add `via IP` or `dev IF`");
            return None;
        }
        self.hops.push(hop);
        Some(())
    }

    fn finish(mut self, words: &mut Words<'_>) -> Option<Written> {
        let Some(to) = self.to else {
            let text = "a route without destination".to_string();
            words.find_all(code::INCOMPLETE, text).help("begin with `IP/LENGTH` or `default`");
            return None;
        };
        let family = words.family();
        self.fits(family, words)?;
        let (kind, _) = self.kind.unwrap_or_default();
        if let Some(or) = self.or {
            if self.hop.via.is_none() {
                let text = "`or` is a second gateway, and there is no first".to_string();
                words.find_all(code::INCOMPLETE, text).help("add `via IP`");
                return None;
            }
            let second = Hop { via: Some(or), weight: 1, ..self.hop.clone() };
            self.hops = alloc::vec![Hop { weight: 1, ..self.hop.clone() }, second];
        } else if self.hops.is_empty() && self.hop_given.is_some() {
            self.hop.weight = 1;
            self.hops.push(self.hop.clone());
        }
        self.way(kind, words)?;
        if let (Some(vrf), Some(_)) = (&self.vrf, self.table) {
            let text = "a VRF has its own table: `vrf` or `table`, not both".to_string();
            words.find(code::CONFLICT, vrf.span, text);
            return None;
        }
        if let [hop] = self.hops.as_mut_slice() {
            hop.weight = 1;
        }
        if let Some(group) = &self.track_group
            && self.hops.first().is_none_or(|hop| hop.dev.is_none())
        {
            let text = "`track_group` follows an interface, and the route names none".to_string();
            words.find(code::INCOMPLETE, group.span, text).help("add `dev IF`");
            return None;
        }
        let scope = self.scope.map_or_else(|| default_scope(kind), |it| it.value);
        let route = Route {
            family,
            kind,
            to: to.unwrap_or(Prefix::all(family)),
            from: self.from.and_then(|it| it.value).filter(|it| it.len > 0),
            src: self.src,
            tos: self.tos.map_or(0, |it| it.value),
            table: self.table.unwrap_or(MAIN),
            vrf: self.vrf.map(|it| it.value),
            protocol: self.protocol.unwrap_or(crate::net::route::KEEPALIVED),
            scope: if family == Family::V4 { scope } else { 0 },
            metric: self.metric,
            hops: self.hops,
            metrics: self.metrics,
            expires: self.expires.map(|it| it.value),
            pref: self.pref.map(|it| it.value),
            ttl_propagate: self.ttl_propagate,
            mode: self.mode,
            no_track: self.no_track,
        };
        Some(Written { route, track_group: self.track_group })
    }

    /// What only one of the families has.
    fn fits(&self, family: Family, words: &mut Words<'_>) -> Option<()> {
        if let Some(from) = &self.from {
            words.only(Family::V6, "from", from.span)?;
        }
        if let Some(expires) = &self.expires {
            words.only(Family::V6, "expires", expires.span)?;
        }
        if let Some(pref) = &self.pref {
            words.only(Family::V6, "pref", pref.span)?;
        }
        if let Some(tos) = &self.tos {
            words.only(Family::V4, "tos", tos.span)?;
        }
        if let Some(scope) = &self.scope
            && family == Family::V6
        {
            let text = "`scope` has no effect on an IPv6 route".to_string();
            words.find(code::NO_EFFECT, scope.span, text);
        }
        Some(())
    }

    /// A packet must go somewhere, or nowhere.
    fn way(&self, kind: Kind, words: &mut Words<'_>) -> Option<()> {
        if kind.is_end() {
            if self.hop_given.is_some() || !self.hops.is_empty() {
                let message = format!("a route of type `{}` leads nowhere", kind.word());
                let span = self.hop_given.or(self.kind.map(|(_, span)| span)).unwrap_or_default();
                words.find(code::CONFLICT, span, message).help("leave `via`, `dev` out");
                return None;
            }
            return Some(());
        }
        if self.hops.iter().all(|hop| hop.via.is_none() && hop.dev.is_none()) {
            let text = "a route that leads nowhere".to_string();
            words.find_all(code::INCOMPLETE, text).help("add `via IP` or `dev IF`");
            return None;
        }
        if self.hops.iter().any(|hop| hop.onlink && hop.dev.is_none()) {
            let text = "`onlink` needs to know the link".to_string();
            words.find_all(code::INCOMPLETE, text).help("add `dev IF`");
            return None;
        }
        Some(())
    }
}

/// What one hop may have; `Some(false)`: the word is none of these.
fn hop_option(hop: &mut Hop, word: &Word, words: &mut Words<'_>) -> Option<bool> {
    match word.text.as_str() {
        "via" | "gw" => {
            let family = if words.skip("inet6") {
                Some(Family::V6)
            } else if words.skip("inet") {
                Some(Family::V4)
            } else {
                None
            };
            hop.via = Some(match family {
                None => words.ip(word)?,
                Some(family) => {
                    let value = words.value(word)?;
                    let ip = words.any_ip(word, value)?;
                    if Family::of(ip) != family {
                        words.bad(word, value, "of this family");
                        return None;
                    }
                    ip
                }
            });
        }
        "dev" | "oif" => {
            words.once(word, hop.dev.is_some())?;
            hop.dev = Some(words.interface(word)?.value);
        }
        "onlink" => hop.onlink = true,
        "realms" => hop.realms = Some(words.realms(word)?),
        "as" => {
            words.skip("to");
            let value = words.value(word)?;
            hop.new_to = Some(words.any_ip(word, value)?);
        }
        "encap" => hop.encap = Some(encap::read(word, words)?),
        _ => return Some(false),
    }
    Some(true)
}

fn preference(word: &Word, words: &mut Words<'_>) -> Option<Preference> {
    let value = words.value(word)?;
    match value.text.as_str() {
        "low" => Some(Preference::Low),
        "medium" => Some(Preference::Medium),
        "high" => Some(Preference::High),
        _ => {
            words.bad(word, value, "`low`, `medium` or `high`");
            None
        }
    }
}

/// The kernel demands it of these; elsewhere keepalived leaves it global, where `ip` does not.
const fn default_scope(kind: Kind) -> u8 {
    match kind {
        Kind::Local => 254,
        Kind::Broadcast | Kind::Anycast => 253,
        _ => 0,
    }
}

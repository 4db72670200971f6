//! Names of numbers: tables, protocols, scopes, realms, values of the DS field, groups of interfaces. What everybody
//! knows is built in; the rest comes from iproute2's files (`/usr/share/iproute2`, then `/etc/iproute2`).

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `rt_tables`: 1..=4294967295.
    Table,
    /// `rt_protos`: 0..=255.
    Protocol,
    /// `rt_scopes`: 0..=255.
    Scope,
    /// `rt_realms`: 0..=65535.
    Realm,
    /// `rt_dsfield`: 0..=255.
    DsField,
    /// `group`: 0..=4294967295.
    Group,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 6] =
        [Self::Table, Self::Protocol, Self::Scope, Self::Realm, Self::DsField, Self::Group];

    /// Its file below an iproute2 folder.
    #[must_use]
    pub const fn file(self) -> &'static str {
        match self {
            Self::Table => "rt_tables",
            Self::Protocol => "rt_protos",
            Self::Scope => "rt_scopes",
            Self::Realm => "rt_realms",
            Self::DsField => "rt_dsfield",
            Self::Group => "group",
        }
    }

    /// What messages call it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Protocol => "protocol",
            Self::Scope => "scope",
            Self::Realm => "realm",
            Self::DsField => "tos",
            Self::Group => "group",
        }
    }

    /// The greatest number.
    #[must_use]
    pub const fn max(self) -> u32 {
        match self {
            Self::Table | Self::Group => u32::MAX,
            Self::Protocol | Self::Scope | Self::DsField => 0xff,
            Self::Realm => 0xffff,
        }
    }

    /// What every Linux host knows by these names (linux/rtnetlink.h).
    const fn builtin(self) -> &'static [(&'static str, u32)] {
        match self {
            Self::Table => &[("default", 253), ("main", 254), ("local", 255)],
            Self::Protocol => &[
                ("unspec", 0),
                ("redirect", 1),
                ("kernel", 2),
                ("boot", 3),
                ("static", 4),
                ("gated", 8),
                ("ra", 9),
                ("mrt", 10),
                ("zebra", 11),
                ("bird", 12),
                ("dnrouted", 13),
                ("xorp", 14),
                ("ntk", 15),
                ("dhcp", 16),
                ("keepalived", 18),
                ("babel", 42),
                ("bgp", 186),
                ("isis", 187),
                ("ospf", 188),
                ("rip", 189),
                ("eigrp", 192),
            ],
            Self::Scope => {
                &[("global", 0), ("site", 200), ("link", 253), ("host", 254), ("nowhere", 255)]
            }
            Self::Realm => &[("cosmos", 0)],
            Self::DsField => &[("default", 0)],
            Self::Group => &[("default", 0)],
        }
    }
}

/// All names that are known.
#[derive(Clone, Debug)]
pub struct Names([BTreeMap<String, u32>; 6]);

impl Default for Names {
    fn default() -> Self {
        let known = |kind: Kind| kind.builtin().iter().map(|(name, n)| (name.to_string(), *n));
        Self(Kind::ALL.map(|kind| known(kind).collect()))
    }
}

impl Names {
    /// Learns the names of a file: a number and a name on each line, `#` begins a comment. What is neither is skipped,
    /// as iproute2 does; a later name wins.
    pub fn learn(&mut self, kind: Kind, text: &str) {
        for line in text.lines() {
            let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
            let (Some(number), Some(name)) = (words.next(), words.next()) else { continue };
            if let Some(number) = number_of(number).filter(|number| *number <= kind.max()) {
                self.map_mut(kind).insert(name.to_string(), number);
            }
        }
    }

    /// The number that a word stands for: a name, or itself a number (decimal, or hexadecimal with `0x`).
    #[must_use]
    pub fn number(&self, kind: Kind, word: &str) -> Option<u32> {
        let number = self.map(kind).get(word).copied().or_else(|| number_of(word))?;
        (number <= kind.max() && !(kind == Kind::Table && number == 0)).then_some(number)
    }

    /// All names of a kind.
    pub fn all(&self, kind: Kind) -> impl Iterator<Item = &str> {
        self.map(kind).keys().map(String::as_str)
    }

    fn map(&self, kind: Kind) -> &BTreeMap<String, u32> {
        &self.0[kind as usize]
    }

    fn map_mut(&mut self, kind: Kind) -> &mut BTreeMap<String, u32> {
        &mut self.0[kind as usize]
    }
}

/// Decimal, or hexadecimal with `0x`.
#[must_use]
pub fn number_of(text: &str) -> Option<u32> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) if hex.bytes().all(|b| b.is_ascii_hexdigit()) => {
            u32::from_str_radix(hex, 16).ok()
        }
        None if text.bytes().all(|b| b.is_ascii_digit()) => text.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_files_and_numbers_are_themselves() {
        let mut names = Names::default();
        names.learn(Kind::Table, "# mine\n100\tisp1\n0x65 isp2 # the other\nbroken\n\n254 main\n");
        names.learn(Kind::DsField, "0x28\tAF11\n256 too-large\n");
        for (kind, word, number) in [
            (Kind::Table, "isp1", Some(100)),
            (Kind::Table, "isp2", Some(101)),
            (Kind::Table, "main", Some(254)),
            (Kind::Table, "broken", None),
            (Kind::Table, "0", None),
            (Kind::Table, "4294967295", Some(u32::MAX)),
            (Kind::Table, "0x10", Some(16)),
            (Kind::Table, "-1", None),
            (Kind::Protocol, "bird", Some(12)),
            (Kind::Protocol, "256", None),
            (Kind::DsField, "AF11", Some(0x28)),
            (Kind::DsField, "too-large", None),
            (Kind::Realm, "70000", None),
        ] {
            assert_eq!(names.number(kind, word), number, "{kind:?} {word}");
        }
    }
}

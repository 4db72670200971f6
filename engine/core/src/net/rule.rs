//! A policy rule, as `ip rule` takes it (linux/fib_rules.h): packets that fit look into a table, or end.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::ledger::Entry;
use super::prefix::{Family, Prefix};
use super::route::{KEEPALIVED, Realms, table};

/// FR_ACT_*: what happens to a packet that fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Action {
    /// Looks into this table.
    Table(u32),
    /// Looks into the table of the VRF device that it uses.
    L3mdev,
    /// Goes on with the rule of this priority.
    Goto(u32),
    /// Nothing.
    Nop,
    /// Is dropped.
    Blackhole,
    /// Is answered by "network unreachable".
    Unreachable,
    /// Is answered by "administratively prohibited".
    Prohibit,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Rule {
    /// Its family.
    pub family: Family,
    /// Its place; smaller is looked at first.
    pub priority: u32,
    /// Packets that do not fit.
    pub not: bool,
    /// Source.
    pub from: Option<Prefix>,
    /// Destination.
    pub to: Option<Prefix>,
    /// Mark and mask.
    pub fwmark: Option<(u32, u32)>,
    /// Type of service, 0: any.
    pub tos: u8,
    /// The interface that they came from.
    pub iif: Option<String>,
    /// The interface that their socket is bound to.
    pub oif: Option<String>,
    /// Users of their sockets, first and last.
    pub uids: Option<(u32, u32)>,
    /// Tunnel key.
    pub tunnel_id: Option<u64>,
    /// IP protocol.
    pub ip_protocol: Option<u8>,
    /// Source ports, first and last.
    pub sport: Option<(u16, u16)>,
    /// Destination ports, first and last.
    pub dport: Option<(u16, u16)>,
    /// What happens.
    pub action: Action,
    /// Source realm << 16 | destination realm.
    pub realms: Option<u32>,
    /// Routes with prefixes up to this length don't count.
    pub suppress_prefixlength: Option<u32>,
    /// Routes by interfaces of this group don't count.
    pub suppress_ifgroup: Option<u32>,
    /// Who has set it.
    pub protocol: u8,
    /// Its interfaces being down is no fault.
    pub no_track: bool,
}

impl Rule {
    /// One that every packet fits.
    #[must_use]
    pub const fn new(family: Family, priority: u32, action: Action) -> Self {
        Self {
            family,
            priority,
            not: false,
            from: None,
            to: None,
            fwmark: None,
            tos: 0,
            iif: None,
            oif: None,
            uids: None,
            tunnel_id: None,
            ip_protocol: None,
            sport: None,
            dport: None,
            action,
            realms: None,
            suppress_prefixlength: None,
            suppress_ifgroup: None,
            protocol: KEEPALIVED,
            no_track: false,
        }
    }

    /// The interfaces that an instance tracks.
    pub fn tracked(&self) -> impl Iterator<Item = &str> {
        let both = [&self.iif, &self.oif].into_iter().flatten();
        both.filter(|_| !self.no_track).map(String::as_str)
    }

    /// As a line of a configuration.
    #[must_use]
    pub fn line(&self) -> String {
        let addressed = self.from.or(self.to).is_some();
        let family = match self.family {
            Family::V6 if !addressed => "inet6 ",
            Family::V4 | Family::V6 => "",
        };
        let no_track = if self.no_track { " no_track" } else { "" };
        let protocol = match self.protocol {
            KEEPALIVED => String::new(),
            number => format!(" protocol {number}"),
        };
        let action = match self.action {
            Action::Blackhole => "blackhole".to_string(),
            Action::Unreachable => "unreachable".to_string(),
            Action::Prohibit => "prohibit".to_string(),
            _ => self.action_words(),
        };
        format!("{family}{}{protocol} {action}{no_track}", self.words("tunnel-id", Prefix::line))
    }

    /// ip-rule(8)
    #[must_use]
    pub fn command(&self, verb: &str) -> String {
        let family = if self.family == Family::V6 { "-6 " } else { "" };
        let protocol = match self.protocol {
            KEEPALIVED => "keepalived".to_string(),
            number => number.to_string(),
        };
        let action = self.action_words();
        let words = self.words("tun_id", |prefix| match prefix.len {
            0 => "all".to_string(),
            _ => prefix.to_string(),
        });
        format!("ip {family}rule {verb} {words} protocol {protocol} {action}")
    }

    fn words(&self, tunnel: &str, prefix: fn(&Prefix) -> String) -> String {
        let mut words = Vec::new();
        let mut set = |word: &str, value: Option<String>| {
            words.extend(value.map(|value| format!("{word} {value}")));
        };
        let hex = |n: u32| format!("0x{n:x}");
        // An identity of the rule, and so first.
        set("priority", Some(self.priority.to_string()));
        if self.not {
            set("not", Some(String::new()));
        }
        set("from", self.from.as_ref().map(prefix));
        set("to", self.to.as_ref().map(prefix));
        set("tos", (self.tos != 0).then(|| format!("0x{:02x}", self.tos)));
        set(
            "fwmark",
            self.fwmark.map(|(mark, mask)| match mask {
                u32::MAX => hex(mark),
                mask => format!("{}/{}", hex(mark), hex(mask)),
            }),
        );
        set("iif", self.iif.clone());
        set("oif", self.oif.clone());
        set("uidrange", self.uids.map(|(first, last)| format!("{first}-{last}")));
        set(tunnel, self.tunnel_id.map(|n| n.to_string()));
        set("ipproto", self.ip_protocol.map(|n| n.to_string()));
        let range = |(first, last): (u16, u16)| format!("{first}-{last}");
        set("sport", self.sport.map(range));
        set("dport", self.dport.map(range));
        set("realms", self.realms.map(|it| Realms(it).to_string()));
        set("suppress_prefixlength", self.suppress_prefixlength.map(|n| n.to_string()));
        set("suppress_ifgroup", self.suppress_ifgroup.map(|n| n.to_string()));
        let words: Vec<&str> = words.iter().map(|word: &String| word.trim_end()).collect();
        words.join(" ")
    }

    fn action_words(&self) -> String {
        match self.action {
            Action::Table(number) => format!("table {}", table(number)),
            Action::L3mdev => "l3mdev".to_string(),
            Action::Goto(target) => format!("goto {target}"),
            Action::Nop => "nop".to_string(),
            Action::Blackhole => "type blackhole".to_string(),
            Action::Unreachable => "type unreachable".to_string(),
            Action::Prohibit => "type prohibit".to_string(),
        }
    }
}

impl Prefix {
    /// With its family, whatever its length.
    fn line(&self) -> String {
        match self.len {
            0 => format!("{}/0", self.ip),
            _ => self.to_string(),
        }
    }
}

impl Entry for Rule {
    fn is(&self, kernel: &Self) -> bool {
        // The kernel keeps nothing of a prefix that holds everything, and of a mark that is none.
        let plain = |rule: &Self| Self {
            from: rule.from.filter(|it| it.len > 0),
            to: rule.to.filter(|it| it.len > 0),
            realms: rule.realms.filter(|it| *it != 0),
            fwmark: rule.fwmark.filter(|(mark, mask)| *mark != 0 || ![0, u32::MAX].contains(mask)),
            no_track: false,
            ..rule.clone()
        };
        plain(self) == plain(kernel)
    }

    fn is_ours(&self) -> bool {
        self.protocol == KEEPALIVED
    }

    fn change(&self, add: bool) -> String {
        self.command(if add { "add" } else { "del" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_lines() {
        let rule = Rule {
            not: true,
            from: Some(Prefix { ip: "10.1.0.0".parse().unwrap(), len: 16 }),
            fwmark: Some((5, 7)),
            iif: Some("eth0".to_string()),
            sport: Some((80, 80)),
            ..Rule::new(Family::V4, 100, Action::Table(254))
        };
        let want = "ip rule add priority 100 not from 10.1.0.0/16 fwmark 0x5/0x7 iif eth0 \
                    sport 80-80 protocol keepalived table main";
        assert_eq!(rule.change(true), want);
        let want =
            "priority 100 not from 10.1.0.0/16 fwmark 0x5/0x7 iif eth0 sport 80-80 table main";
        assert_eq!(rule.line(), want);
        let rule = Rule { protocol: 4, ..Rule::new(Family::V6, 7, Action::Prohibit) };
        assert_eq!(rule.command("del"), "ip -6 rule del priority 7 protocol 4 type prohibit");
        assert_eq!(rule.line(), "inet6 priority 7 protocol 4 prohibit");
    }

    #[test]
    fn everything_is_nothing_to_the_kernel() {
        let kernel = Rule::new(Family::V4, 100, Action::Table(7));
        let all = Some(Prefix::all(Family::V4));
        assert!(Rule { from: all, no_track: true, ..kernel.clone() }.is(&kernel));
        assert!(!Rule { tos: 8, ..kernel.clone() }.is(&kernel));
    }
}

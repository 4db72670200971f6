//! An address on an interface, as `ip address add` takes it (rtnetlink(7), RTM_NEWADDR).

use alloc::string::String;
use core::net::{IpAddr, Ipv4Addr};

/// How the broadcast address is given; IPv4 only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Broadcast {
    /// All host bits set (`brd +`).
    Ones,
    /// All host bits clear (`brd -`).
    Zeros,
    /// This address.
    Address(Ipv4Addr),
}

/// linux/if_addr.h: it is used at once, without looking for duplicates.
pub const IFA_F_NODAD: u32 = 0x02;
/// linux/if_addr.h: multicast groups are joined by having them as addresses.
pub const IFA_F_MCAUTOJOIN: u32 = 0x400;
/// linux/if_addr.h: temporary addresses are made of it.
pub const IFA_F_MANAGETEMPADDR: u32 = 0x100;
/// Flags that IPv4 has too.
pub const OF_IPV4: u32 = 0x200 | IFA_F_MCAUTOJOIN;
/// What a line says for each flag that it may change (linux/if_addr.h).
pub const WORDS: [(&str, u32); 5] = [
    ("home", 0x10),
    ("-nodad", IFA_F_NODAD),
    ("mngtmpaddr", IFA_F_MANAGETEMPADDR),
    ("noprefixroute", 0x200),
    ("autojoin", IFA_F_MCAUTOJOIN),
];

/// Flags of an address of which nothing is said.
#[must_use]
pub const fn default_flags(ip: IpAddr) -> u32 {
    if ip.is_ipv6() { IFA_F_NODAD } else { 0 }
}

/// `preferred_lft` of an address of which nothing is said.
#[must_use]
pub fn default_preferred(ip: IpAddr, prefix_len: u8) -> Option<u32> {
    (ip.is_ipv6() && prefix_len == 128).then_some(0)
}

/// One address with what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Address {
    /// The address.
    pub ip: IpAddr,
    /// Prefix length, 0..=32 or 0..=128; default 32 or 128.
    pub prefix_len: u8,
    /// Interface name; resolved by the configuration, never empty.
    pub dev: String,
    /// IFA_LABEL, at most 15 bytes; IPv4 only.
    pub label: Option<String>,
    /// `rt_scope` value (rtnetlink.h); default 0 (global).
    pub scope: u8,
    /// Broadcast address; IPv4 only.
    pub broadcast: Option<Broadcast>,
    /// Point-to-point peer.
    pub peer: Option<IpAddr>,
    /// IFA_F_*, of [`WORDS`]; default IFA_F_NODAD for IPv6, nothing for IPv4.
    pub flags: u32,
    /// Seconds until it is no longer chosen as a source; 0: it never is; `None`: for ever. Default 0 for IPv6 with prefix
    /// length 128, else `None`.
    pub preferred_lft: Option<u32>,
    /// Its loss, or that of its interface, is no fault (`no_track`).
    pub no_track: bool,
}

impl Address {
    /// One without anything else.
    #[must_use]
    pub fn plain(ip: IpAddr, prefix_len: u8, dev: &str) -> Self {
        Self {
            ip,
            prefix_len,
            dev: dev.into(),
            label: None,
            scope: 0,
            broadcast: None,
            peer: None,
            flags: default_flags(ip),
            preferred_lft: default_preferred(ip, prefix_len),
            no_track: false,
        }
    }
}

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
    /// IFA_F_NOPREFIXROUTE.
    pub noprefixroute: bool,
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
            noprefixroute: false,
            no_track: false,
        }
    }
}

//! Which packets are dropped: those to and from virtual addresses that are held, but do not accept (RFC 9568 §6.4.3).

use alloc::string::String;

/// The nftables table that holds the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Firewall {
    /// Its name; it is ours alone.
    pub table: String,
    /// Priority of its chains; default -1, just before those of `filter`.
    pub priority: i32,
    /// Dropped packets are counted.
    pub counters: bool,
    /// Rules of link-local addresses name interfaces by number.
    pub by_index: bool,
}

impl Default for Firewall {
    fn default() -> Self {
        Self { table: "keepalived".into(), priority: -1, counters: false, by_index: false }
    }
}

//! What a session is told by the configuration. Every value is final.

use alloc::string::String;
use core::net::IpAddr;
use core::time::Duration;

/// One BFD session (`bfd_instance`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct BfdSettings {
    /// Name in the configuration.
    pub name: String,
    /// Own address; `None`: the kernel's choice, and packets to any own address are taken.
    pub source: Option<IpAddr>,
    /// The other end.
    pub neighbour: IpAddr,
    /// Required Min RX Interval; default 10 ms.
    pub min_rx: Duration,
    /// Desired Min TX Interval while the session is up; default 10 ms.
    pub min_tx: Duration,
    /// The same while it is not up, at least 1 s (RFC 5880 §6.8.3); default 1 s.
    pub idle_tx: Duration,
    /// Detect Mult, 1..=255; default 5.
    pub multiplier: u8,
    /// Says nothing before the neighbour does. Default false.
    pub passive: bool,
    /// TTL or hop limit of sent packets, 1..=255; default 255 for IPv4, 64 for IPv6.
    pub ttl: u8,
    /// Routers that a packet of a neighbour with the same `ttl` may have passed, at most `ttl`; `None`: any number.
    /// Default 0.
    pub max_hops: Option<u8>,
    /// UDP port 4784 (RFC 5883) and not 3784 (RFC 5881). Default false.
    pub multihop: bool,
    /// Instances may track it. Default true.
    pub vrrp: bool,
    /// Real servers may be checked by it. Default true.
    pub checker: bool,
}

impl BfdSettings {
    /// The least TTL or hop limit of a packet that is accepted.
    #[must_use]
    pub fn least_ttl(&self) -> u8 {
        self.max_hops.map_or(0, |hops| self.ttl.saturating_sub(hops))
    }
}

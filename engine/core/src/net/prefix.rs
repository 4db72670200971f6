//! Networks of both families, as routes and rules name them.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address family.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Family {
    /// AF_INET.
    #[default]
    V4,
    /// AF_INET6.
    V6,
}

impl Family {
    /// The family of an address.
    #[must_use]
    pub const fn of(ip: IpAddr) -> Self {
        if ip.is_ipv4() { Self::V4 } else { Self::V6 }
    }

    /// Prefix length of a single address.
    #[must_use]
    pub const fn host(self) -> u8 {
        match self {
            Self::V4 => 32,
            Self::V6 => 128,
        }
    }
}

/// A network. Bits behind its length stay as they were written: the kernel refuses them, in words of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Prefix {
    /// The address.
    pub ip: IpAddr,
    /// Leading bits that count, 0..=32 or 0..=128.
    pub len: u8,
}

impl Prefix {
    /// `default`: everything.
    #[must_use]
    pub const fn all(family: Family) -> Self {
        let ip = match family {
            Family::V4 => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            Family::V6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        Self { ip, len: 0 }
    }

    /// Its family.
    #[must_use]
    pub const fn family(&self) -> Family {
        Family::of(self.ip)
    }

    /// Whether no bit is set behind its length, as the kernel demands of routes.
    #[must_use]
    pub fn is_network(&self) -> bool {
        self.network() == *self
    }

    /// The same without the bits behind its length.
    #[must_use]
    pub fn network(&self) -> Self {
        let ip = match self.ip {
            IpAddr::V4(ip) => {
                let host = u32::MAX.checked_shr(u32::from(self.len)).unwrap_or(0);
                IpAddr::V4(Ipv4Addr::from_bits(ip.to_bits() & !host))
            }
            IpAddr::V6(ip) => {
                let host = u128::MAX.checked_shr(u32::from(self.len)).unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & !host))
            }
        };
        Self { ip, len: self.len }
    }
}

/// As iproute2 writes it: without the length of a single address, `default` for everything.
impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.len {
            0 if self.ip.is_unspecified() => f.write_str("default"),
            len if len == self.family().host() => write!(f, "{}", self.ip),
            len => write!(f, "{}/{len}", self.ip),
        }
    }
}

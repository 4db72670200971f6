//! The kernel's side: services and their destinations, with the names and numbers of linux/ip_vs.h.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

/// Transport protocol of a service, by its IP protocol number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(u16)]
pub enum Protocol {
    /// IPPROTO_TCP.
    Tcp = 6,
    /// IPPROTO_UDP.
    Udp = 17,
    /// IPPROTO_SCTP.
    Sctp = 132,
}

/// Address family of a service by firewall mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Family {
    /// AF_INET.
    V4,
    /// AF_INET6.
    V6,
}

/// What the kernel knows a service by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ServiceKey {
    /// Protocol, address and port.
    Address {
        /// Transport protocol.
        protocol: Protocol,
        /// Virtual address.
        ip: IpAddr,
        /// Port; 0: all (persistent services only).
        port: u16,
    },
    /// Firewall mark, 1..
    Mark {
        /// Family of the packets.
        family: Family,
        /// The mark.
        mark: u32,
    },
}

/// Persistence: one client stays with one destination.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Persistence {
    /// IPVS_SVC_ATTR_TIMEOUT, seconds, 1..=2678400.
    pub timeout_s: u32,
    /// IPVS_SVC_ATTR_NETMASK as the kernel takes it: an IPv4 mask (need not be contiguous), or an IPv6 prefix length.
    pub granularity: u32,
    /// IPVS_SVC_ATTR_PE_NAME, as `sip`.
    pub engine: Option<String>,
}

/// How packets reach a destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Forward {
    /// IP_VS_CONN_F_MASQ.
    Nat,
    /// IP_VS_CONN_F_DROUTE.
    Dr,
    /// IP_VS_CONN_F_TUNNEL.
    Tun(Tunnel),
}

/// Encapsulation of a tunnelled destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Tunnel {
    /// IP_VS_CONN_F_TUNNEL_TYPE_*: 0 IPIP, 1 GUE, 2 GRE.
    pub kind: u8,
    /// UDP port; GUE only.
    pub port: u16,
    /// IP_VS_TUNNEL_ENCAP_FLAG_*: 0 none, 1 checksum, 2 remote checksum offload.
    pub flags: u16,
}

/// One server of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Destination {
    /// Its address.
    pub ip: IpAddr,
    /// Its port; 0 in a service by mark with DR or TUN.
    pub port: u16,
    /// Forwarding method.
    pub forward: Forward,
    /// Weight, 0..=2147483647; 0: no new connections.
    pub weight: u32,
    /// Upper connection limit; 0: none.
    pub upper: u32,
    /// Lower connection limit; 0: none.
    pub lower: u32,
}

/// One service with its destinations.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Service {
    /// What it is known by.
    pub key: ServiceKey,
    /// Scheduler, as `rr`.
    pub scheduler: String,
    /// IP_VS_SVC_F_* beside persistence: one-packet and the scheduler's flags.
    pub flags: u32,
    /// Persistence, if any.
    pub persistence: Option<Persistence>,
    /// Its servers, in the order of the configuration.
    pub destinations: Vec<Destination>,
}

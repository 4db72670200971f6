//! What goes over the wire beside TCP and UDP: VRRP adverts, gratuitous ARP and its counterpart of IPv6.

pub mod arp;
pub mod bfd;
pub mod na;
pub mod vrrp;

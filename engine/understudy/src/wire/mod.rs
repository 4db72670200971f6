//! What goes over the wire beside TCP and UDP: VRRP adverts and gratuitous ARP.

pub mod arp;
pub mod vrrp;

//! The VRRP sockets of one interface and family: a raw one that sends with our own IP header (so that source, TTL and
//! traffic class are the instance's), and one that receives what is for the groups of this interface or for us.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::OwnedFd;

use understudy_core::node::vrrp::{PortNeeds, Room};
use understudy_core::vrrp::envelope::{self, Envelope};
use understudy_core::vrrp::{authentication_header, packet};

use crate::sys::packet::Incoming;
use crate::sys::socket;

/// TC_PRIO_INTERACTIVE: before everything else in the default queueing discipline.
const PRIORITY: libc::c_int = 6;
/// Adverts that arrive while we are not scheduled.
const RECEIVE_BUFFER: libc::c_int = 1 << 20;
/// linux/in6.h, since Linux 4.20; libc has no name for it.
const IPV6_MULTICAST_ALL: libc::c_int = 29;

/// The sockets of one interface and family.
#[derive(Debug)]
pub struct Port {
    /// Sends.
    pub sender: OwnedFd,
    /// Receives.
    pub receiver: OwnedFd,
    /// Receives those with an authentication header in front; IPv4 only.
    pub sealed: Option<OwnedFd>,
}

impl Port {
    /// Opens them on `interface` (empty: on all) and joins the groups. Needs CAP_NET_RAW.
    pub fn open(interface: &str, index: u32, ipv6: bool, needs: &PortNeeds) -> io::Result<Self> {
        let receiver = |protocol: u8| {
            if ipv6 {
                receiver6(protocol, interface, index, needs)
            } else {
                receiver4(protocol, interface, index, needs)
            }
        };
        let header = authentication_header::PROTOCOL;
        Ok(Self {
            sender: if ipv6 { sender6(interface)? } else { sender4(interface, index)? },
            receiver: receiver(packet::PROTOCOL)?,
            sealed: (needs.headers && !ipv6).then(|| receiver(header)).transpose()?,
        })
    }
}

fn sender4(interface: &str, index: u32) -> io::Result<OwnedFd> {
    let sender = sender(libc::AF_INET, interface)?;
    socket::set(&sender, libc::IPPROTO_IP, libc::IP_HDRINCL, 1)?;
    socket::set(&sender, libc::IPPROTO_IP, libc::IP_MULTICAST_LOOP, 0)?;
    if !interface.is_empty() {
        let own = membership(Ipv4Addr::UNSPECIFIED, index);
        socket::set(&sender, libc::IPPROTO_IP, libc::IP_MULTICAST_IF, own)?;
    }
    Ok(sender)
}

fn sender6(interface: &str) -> io::Result<OwnedFd> {
    // Of IPPROTO_RAW the kernel knows that the header is ours.
    let sender = sender(libc::AF_INET6, interface)?;
    socket::set(&sender, libc::IPPROTO_IPV6, libc::IPV6_MULTICAST_LOOP, 0)?;
    Ok(sender)
}

fn sender(family: libc::c_int, interface: &str) -> io::Result<OwnedFd> {
    let sender = socket::open(family, libc::SOCK_RAW, libc::IPPROTO_RAW)?;
    socket::receive_nothing(&sender)?;
    // IP_TOS would reset SO_PRIORITY, but the header is ours anyway.
    socket::set(&sender, libc::SOL_SOCKET, libc::SO_PRIORITY, PRIORITY)?;
    if !interface.is_empty() {
        socket::bind_to_device(&sender, interface)?;
    }
    Ok(sender)
}

fn receiver4(protocol: u8, interface: &str, index: u32, needs: &PortNeeds) -> io::Result<OwnedFd> {
    let receiver = receiver(libc::AF_INET, protocol, interface, needs.buffer)?;
    // Else it would get what any other program on this host has joined.
    socket::set(&receiver, libc::IPPROTO_IP, libc::IP_MULTICAST_ALL, 0)?;
    for group in &needs.groups {
        if let IpAddr::V4(group) = group {
            let membership = membership(*group, index);
            socket::set(&receiver, libc::IPPROTO_IP, libc::IP_ADD_MEMBERSHIP, membership)?;
        }
    }
    Ok(receiver)
}

fn receiver6(protocol: u8, interface: &str, index: u32, needs: &PortNeeds) -> io::Result<OwnedFd> {
    let receiver = receiver(libc::AF_INET6, protocol, interface, needs.buffer)?;
    // Older kernels deliver more; the instances choose by address anyway.
    let _ = socket::set(&receiver, libc::IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0);
    // What a header would say.
    socket::set(&receiver, libc::IPPROTO_IPV6, libc::IPV6_RECVHOPLIMIT, 1)?;
    socket::set(&receiver, libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO, 1)?;
    for group in &needs.groups {
        if let IpAddr::V6(group) = group {
            let membership = libc::ipv6_mreq {
                ipv6mr_multiaddr: libc::in6_addr { s6_addr: group.octets() },
                ipv6mr_interface: index,
            };
            socket::set(&receiver, libc::IPPROTO_IPV6, libc::IPV6_ADD_MEMBERSHIP, membership)?;
        }
    }
    Ok(receiver)
}

fn receiver(family: libc::c_int, protocol: u8, interface: &str, room: Room) -> io::Result<OwnedFd> {
    let receiver = socket::open(family, libc::SOCK_RAW, protocol.into())?;
    socket::receive_buffer(&receiver, buffer(room, interface))?;
    if !interface.is_empty() {
        socket::bind_to_device(&receiver, interface)?;
    }
    Ok(receiver)
}

/// Bytes; [`RECEIVE_BUFFER`] if nobody asks for anything.
fn buffer(room: Room, interface: &str) -> libc::c_int {
    if room == Room::default() {
        return RECEIVE_BUFFER;
    }
    let bytes = room.bytes + room.packets.saturating_mul(mtu(interface));
    libc::c_int::try_from(bytes).unwrap_or(libc::c_int::MAX)
}

/// What the interface carries in one packet.
fn mtu(interface: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/sys/class/net/{interface}/mtu"));
    text.ok().and_then(|text| text.trim().parse().ok()).unwrap_or(1500)
}

fn membership(group: Ipv4Addr, index: u32) -> libc::ip_mreqn {
    libc::ip_mreqn {
        imr_multiaddr: libc::in_addr { s_addr: u32::from_ne_bytes(group.octets()) },
        imr_address: libc::in_addr { s_addr: 0 },
        imr_ifindex: libc::c_int::try_from(index).unwrap_or(0),
    }
}

/// Writes a datagram of IPv6 to `out`, with the header that the kernel has kept; false if it told too little of it.
pub fn with_header(incoming: &Incoming<'_>, out: &mut Vec<u8>) -> bool {
    out.clear();
    let Incoming { source: Some(source), destination: Some(destination), hop_limit, .. } =
        *incoming
    else {
        return false;
    };
    let ttl = hop_limit.unwrap_or(0);
    let header = Envelope { source, destination, ttl, protocol: packet::PROTOCOL };
    if !matches!(source, IpAddr::V6(_)) || !header.open(out) {
        return false;
    }
    out.extend_from_slice(incoming.bytes);
    envelope::close(out);
    true
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use super::*;

    #[test]
    fn a_datagram_without_header_gets_one() {
        let source: IpAddr = "fe80::1".parse().unwrap();
        let destination: IpAddr = Ipv6Addr::LOCALHOST.into();
        let incoming = Incoming {
            bytes: &[0x31, 51],
            received: None,
            hop_limit: Some(254),
            source: Some(source),
            destination: Some(destination),
        };
        let mut out = vec![9; 100];
        assert!(with_header(&incoming, &mut out));
        let (header, length) = Envelope::read(&out).unwrap();
        assert_eq!((header.source, header.destination, header.ttl), (source, destination, 254));
        assert_eq!((&out[length..], envelope::length(&out)), (&[0x31, 51][..], out.len()));
        assert!(!with_header(&Incoming { source: None, ..incoming }, &mut out));
    }
}

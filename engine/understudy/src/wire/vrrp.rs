//! The two VRRP sockets of one interface: a raw one that sends with our own IPv4 header (so that source and TTL are the
//! instance's), and one that receives what is for the groups of this interface or for us.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::OwnedFd;

use understudy_core::vrrp::{authentication_header, packet};

use crate::sys::socket;

/// Length of the header that [`header`] writes.
pub const HEADER: usize = 20;
/// DSCP CS6, internetwork control.
const TOS: u8 = 0xc0;
/// TC_PRIO_INTERACTIVE: before everything else in the default queueing discipline.
const PRIORITY: libc::c_int = 6;
/// Adverts that arrive while we are not scheduled.
const RECEIVE_BUFFER: libc::c_int = 1 << 20;

/// The sockets of one interface.
#[derive(Debug)]
pub struct Port {
    /// Sends.
    pub sender: OwnedFd,
    /// Receives.
    pub receiver: OwnedFd,
    /// Receives those with an authentication header in front.
    pub sealed: Option<OwnedFd>,
}

impl Port {
    /// Opens both on `interface` (empty: on all) and joins the groups. Needs CAP_NET_RAW.
    pub fn open(interface: &str, index: u32, groups: &[IpAddr], sealed: bool) -> io::Result<Self> {
        let sender = socket::open(libc::AF_INET, libc::SOCK_RAW, libc::IPPROTO_RAW)?;
        socket::receive_nothing(&sender)?;
        socket::set(&sender, libc::IPPROTO_IP, libc::IP_HDRINCL, 1)?;
        socket::set(&sender, libc::IPPROTO_IP, libc::IP_MULTICAST_LOOP, 0)?;
        // IP_TOS would reset SO_PRIORITY, but the header is ours anyway.
        socket::set(&sender, libc::SOL_SOCKET, libc::SO_PRIORITY, PRIORITY)?;
        let receiver = receiver(packet::PROTOCOL, interface, index, groups)?;
        let header = authentication_header::PROTOCOL;
        let sealed =
            sealed.then(|| self::receiver(header, interface, index, groups)).transpose()?;
        if !interface.is_empty() {
            socket::bind_to_device(&sender, interface)?;
            socket::set(
                &sender,
                libc::IPPROTO_IP,
                libc::IP_MULTICAST_IF,
                membership(Ipv4Addr::UNSPECIFIED, index),
            )?;
        }
        Ok(Self { sender, receiver, sealed })
    }
}

fn receiver(protocol: u8, interface: &str, index: u32, groups: &[IpAddr]) -> io::Result<OwnedFd> {
    let receiver = socket::open(libc::AF_INET, libc::SOCK_RAW, protocol.into())?;
    // Else it would get what any other program on this host has joined.
    socket::set(&receiver, libc::IPPROTO_IP, libc::IP_MULTICAST_ALL, 0)?;
    socket::receive_buffer(&receiver, RECEIVE_BUFFER)?;
    if !interface.is_empty() {
        socket::bind_to_device(&receiver, interface)?;
    }
    for group in groups {
        if let IpAddr::V4(group) = group {
            let membership = membership(*group, index);
            socket::set(&receiver, libc::IPPROTO_IP, libc::IP_ADD_MEMBERSHIP, membership)?;
        }
    }
    Ok(receiver)
}

fn membership(group: Ipv4Addr, index: u32) -> libc::ip_mreqn {
    libc::ip_mreqn {
        imr_multiaddr: libc::in_addr { s_addr: u32::from_ne_bytes(group.octets()) },
        imr_address: libc::in_addr { s_addr: 0 },
        imr_ifindex: libc::c_int::try_from(index).unwrap_or(0),
    }
}

/// The IPv4 header in front of an advert; the kernel fills in length, identification and checksum.
pub fn header(source: Ipv4Addr, destination: Ipv4Addr, ttl: u8) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[0] = 0x45;
    header[1] = TOS;
    header[8] = ttl;
    header[9] = packet::PROTOCOL;
    header[12..16].copy_from_slice(&source.octets());
    header[16..20].copy_from_slice(&destination.octets());
    header
}

//! The sockets of BFD: one for each session that sends, from a source port of its own (RFC 5881 §4), and one for each
//! port and family that receives, with the TTL and the address that a packet came to.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;

use understudy_core::bfd::packet::{MULTIHOP_PORT, PORT, SOURCE_PORTS};

use crate::sys::socket::{self, RawAddress};

/// DSCP CS6, internetwork control.
const TOS: libc::c_int = 0xc0;
/// TC_PRIO_INTERACTIVE: before everything else in the default queueing discipline.
const PRIORITY: libc::c_int = 6;
/// Packets that arrive while we are not scheduled.
const RECEIVE_BUFFER: libc::c_int = 1 << 18;
/// Source ports that are tried.
const ATTEMPTS: u16 = 64;

/// Port that packets of a session go to.
pub const fn port(multihop: bool) -> u16 {
    if multihop { MULTIHOP_PORT } else { PORT }
}

/// Receives everything that comes to a port in one family.
pub fn receiver(v6: bool, multihop: bool) -> io::Result<OwnedFd> {
    let family = if v6 { libc::AF_INET6 } else { libc::AF_INET };
    let fd = socket::open(family, libc::SOCK_DGRAM, libc::IPPROTO_UDP)?;
    if v6 {
        socket::set(&fd, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, 1)?;
        socket::set(&fd, libc::IPPROTO_IPV6, libc::IPV6_RECVHOPLIMIT, 1)?;
        socket::set(&fd, libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO, 1)?;
    } else {
        socket::set(&fd, libc::IPPROTO_IP, libc::IP_RECVTTL, 1)?;
        socket::set(&fd, libc::IPPROTO_IP, libc::IP_PKTINFO, 1)?;
    }
    socket::receive_buffer(&fd, RECEIVE_BUFFER)?;
    socket::bind(&fd, &SocketAddr::new(any(v6), port(multihop)).into())?;
    Ok(fd)
}

/// Sends the packets of one session. The port follows from its discriminator, so that a successor's is the same.
pub fn sender(session: u32, source: Option<IpAddr>, v6: bool, ttl: u8) -> io::Result<OwnedFd> {
    let (family, ttl) = (if v6 { libc::AF_INET6 } else { libc::AF_INET }, libc::c_int::from(ttl));
    let fd = socket::open(family, libc::SOCK_DGRAM, libc::IPPROTO_UDP)?;
    socket::receive_nothing(&fd)?;
    if v6 {
        socket::set(&fd, libc::IPPROTO_IPV6, libc::IPV6_UNICAST_HOPS, ttl)?;
        socket::set(&fd, libc::IPPROTO_IPV6, libc::IPV6_TCLASS, TOS)?;
    } else {
        socket::set(&fd, libc::IPPROTO_IP, libc::IP_TTL, ttl)?;
        socket::set(&fd, libc::IPPROTO_IP, libc::IP_TOS, TOS)?;
    }
    socket::set(&fd, libc::SOL_SOCKET, libc::SO_PRIORITY, PRIORITY)?;
    let (first, number) = SOURCE_PORTS;
    let own = u16::try_from(session % u32::from(number)).unwrap_or(0);
    let mut result = Ok(());
    for attempt in 0..ATTEMPTS {
        let port = first + (own + attempt) % number;
        let at = RawAddress::from(SocketAddr::new(source.unwrap_or(any(v6)), port));
        result = socket::bind(&fd, &at);
        let taken = result.as_ref().is_err_and(|e| e.kind() == io::ErrorKind::AddrInUse);
        if !taken {
            break;
        }
    }
    result.map(|()| fd)
}

const fn any(v6: bool) -> IpAddr {
    if v6 { IpAddr::V6(Ipv6Addr::UNSPECIFIED) } else { IpAddr::V4(Ipv4Addr::UNSPECIFIED) }
}

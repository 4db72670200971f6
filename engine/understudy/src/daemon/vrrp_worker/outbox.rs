//! What a turn has to send, collected so that it leaves with as few system calls as possible.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::Range;

use understudy_core::node::vrrp::Slot;

use crate::sys::packet::{Outgoing, send_many};
use crate::sys::socket::RawAddress;

/// Datagrams that are handed to the kernel together.
const TOGETHER: usize = 32;

/// A datagram or frame that waits to be sent with others.
#[derive(Debug)]
pub struct Queued {
    pub link: usize,
    pub ipv6: bool,
    pub bytes: Range<usize>,
    pub to: RawAddress,
}

/// Whether the kernel is a router for IPv6 on this interface.
pub fn forwards(interface: &str) -> bool {
    let path = format!("/proc/sys/net/ipv6/conf/{interface}/forwarding");
    std::fs::read(path).is_ok_and(|text| text.starts_with(b"1"))
}

/// Appends an advert with its IP header, and queues it.
pub fn queue_advert(
    bytes: &mut Vec<u8>,
    queue: &mut Vec<Queued>,
    slot: &mut Slot,
    priority: u8,
    destination: IpAddr,
    ttl: u8,
) {
    let start = bytes.len();
    if slot.write_advert(priority, destination, ttl, bytes) {
        let to = RawAddress::from(SocketAddr::new(destination, 0));
        let (link, ipv6) = (slot.link, slot.is_ipv6());
        queue.push(Queued { link, ipv6, bytes: start..bytes.len(), to });
    }
}

/// Sends with as few system calls as possible, and without allocating.
pub fn send_together<'a>(
    fd: &impl std::os::fd::AsFd,
    mut queue: impl Iterator<Item = &'a Queued>,
    bytes: &[u8],
) -> (usize, Option<std::io::Error>) {
    let nobody = RawAddress::from(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0));
    let (mut sent, mut error) = (0, None);
    loop {
        let mut batch = [Outgoing { bytes: &[], to: &nobody }; TOGETHER];
        let mut count = 0;
        for queued in queue.by_ref().take(TOGETHER) {
            batch[count] = Outgoing { bytes: &bytes[queued.bytes.clone()], to: &queued.to };
            count += 1;
        }
        if count == 0 {
            return (sent, error);
        }
        let (some, problem) = send_many(fd, &batch[..count]);
        sent += some;
        error = error.or(problem);
    }
}

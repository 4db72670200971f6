//! Addresses on interfaces (rtnetlink(7), RTM_NEWADDR; linux/if_addr.h): what the kernel has, and changes to it.

use std::net::{IpAddr, Ipv4Addr};

use understudy_core::net::address::{Address, Broadcast};
use understudy_core::net::reconcile::{Change, Present};

use super::message::{
    Batch, Error, Message, NLM_F_CREATE, NLM_F_DUMP, NLM_F_REPLACE, Socket, to_ip, to_u32,
};

/// An address was added or changed.
pub const RTM_NEWADDR: u16 = 20;
/// An address was removed.
pub const RTM_DELADDR: u16 = 21;
const RTM_GETADDR: u16 = 22;
/// Events of IPv4 addresses.
pub const RTMGRP_IPV4_IFADDR: u32 = 0x10;
/// Events of IPv6 addresses.
pub const RTMGRP_IPV6_IFADDR: u32 = 0x100;

const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const IFA_LABEL: u16 = 3;
const IFA_BROADCAST: u16 = 4;
const IFA_CACHEINFO: u16 = 6;
const IFA_FLAGS: u16 = 8;
/// Since Linux 5.18; older kernels ignore it.
const IFA_PROTO: u16 = 11;

/// keepalived's number (RTPROT_KEEPALIVED); the same, so that either finds the other's leftovers.
const PROTO: u8 = 18;
/// sizeof(struct ifaddrmsg)
const IFADDRMSG: usize = 8;

/// Reads an RTM_NEWADDR or RTM_DELADDR as (ifindex, address).
pub fn read(message: Message<'_>) -> Option<(u32, Present)> {
    if !matches!(message.kind, RTM_NEWADDR | RTM_DELADDR) {
        return None;
    }
    let prefix_len = *message.payload.get(1)?;
    let index = to_u32(message.payload.get(4..8)?)?;
    let (mut local, mut address, mut ours) = (None, None, false);
    for (kind, value) in message.attributes(IFADDRMSG) {
        match kind {
            IFA_LOCAL => local = to_ip(value),
            IFA_ADDRESS => address = to_ip(value),
            IFA_PROTO => ours = value == [PROTO],
            _ => {}
        }
    }
    // IFA_ADDRESS is the peer of a point-to-point address; IPv6 has only it.
    let ip = local.or(address)?;
    Some((index, Present { ip, prefix_len, ours }))
}

/// All addresses as (ifindex, address), in the kernel's order.
pub fn dump(socket: &mut Socket) -> Result<Vec<(u32, Present)>, Error> {
    let mut batch = Batch::new();
    batch.message(RTM_GETADDR, NLM_F_DUMP, &[0; IFADDRMSG], |_| {});
    Ok(socket.dump(&mut batch)?.iter().filter_map(read).collect())
}

/// Adds the message that makes this change on the interface with this number.
pub fn write(batch: &mut Batch, index: u32, change: &Change) {
    match change {
        Change::Add(address) => add(batch, index, address),
        Change::Remove { ip, prefix_len, .. } => {
            let header = header(*ip, *prefix_len, 0, index);
            batch.message(RTM_DELADDR, 0, &header, |a| a.ip(IFA_LOCAL, *ip));
        }
    }
}

fn add(batch: &mut Batch, index: u32, address: &Address) {
    let header = header(address.ip, address.prefix_len, address.scope, index);
    batch.message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, &header, |a| {
        a.ip(IFA_LOCAL, address.ip);
        a.ip(IFA_ADDRESS, address.peer.unwrap_or(address.ip));
        if let Some(label) = &address.label {
            a.text(IFA_LABEL, label);
        }
        if let Some(broadcast) = broadcast(address) {
            a.ip(IFA_BROADCAST, broadcast.into());
        }
        if let Some(preferred) = address.preferred_lft {
            a.bytes(IFA_CACHEINFO, &cacheinfo(preferred));
        }
        a.u32(IFA_FLAGS, address.flags);
        a.u8(IFA_PROTO, PROTO);
    });
}

/// struct ifa_cacheinfo: preferred and valid for so many seconds, then two times of the kernel's own.
fn cacheinfo(preferred: u32) -> [u8; 16] {
    let mut info = [0; 16];
    info[..4].copy_from_slice(&preferred.to_ne_bytes());
    info[4..8].fill(0xff);
    info
}

fn header(ip: IpAddr, prefix_len: u8, scope: u8, index: u32) -> [u8; IFADDRMSG] {
    let family = if ip.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    let mut header = [0; IFADDRMSG];
    header[0] = u8::try_from(family).expect("a small constant");
    header[1] = prefix_len;
    header[3] = scope;
    header[4..].copy_from_slice(&index.to_ne_bytes());
    header
}

fn broadcast(address: &Address) -> Option<Ipv4Addr> {
    let IpAddr::V4(ip) = address.ip else { return None };
    let host = u32::MAX.checked_shr(u32::from(address.prefix_len)).unwrap_or(0);
    match address.broadcast? {
        Broadcast::Ones => Some(Ipv4Addr::from(u32::from(ip) | host)),
        Broadcast::Zeros => Some(Ipv4Addr::from(u32::from(ip) & !host)),
        Broadcast::Address(given) => Some(given),
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::messages;
    use super::*;

    fn address() -> Address {
        Address {
            ip: "10.0.0.100".parse().unwrap(),
            prefix_len: 24,
            dev: "eth0".into(),
            label: Some("eth0:1".into()),
            scope: 0,
            broadcast: Some(Broadcast::Ones),
            peer: None,
            flags: 0,
            preferred_lft: None,
            no_track: false,
        }
    }

    #[test]
    fn what_is_added_is_read_back_as_ours() {
        let mut batch = Batch::new();
        write(&mut batch, 7, &Change::Add(address()));
        let message = messages(batch.bytes()).next().unwrap();
        let present = Present { ip: address().ip, prefix_len: 24, ours: true };
        assert_eq!(read(message), Some((7, present)));
        let broadcast = message.attributes(IFADDRMSG).find(|(kind, _)| *kind == IFA_BROADCAST);
        assert_eq!(broadcast.unwrap().1, [10, 0, 0, 255]);
    }

    #[test]
    fn a_removal_names_address_prefix_and_interface() {
        let change =
            Change::Remove { dev: "eth0".into(), ip: "10.0.0.1".parse().unwrap(), prefix_len: 32 };
        let mut batch = Batch::new();
        write(&mut batch, 9, &change);
        let message = messages(batch.bytes()).next().unwrap();
        assert_eq!(message.kind, RTM_DELADDR);
        let (index, present) = read(message).unwrap();
        assert_eq!((index, present.prefix_len, present.ours), (9, 32, false));
    }

    #[test]
    fn broadcast_of_a_host_address_is_itself() {
        let host = Address { prefix_len: 32, ..address() };
        assert_eq!(broadcast(&host), Some("10.0.0.100".parse().unwrap()));
        let all = Address { prefix_len: 0, ..address() };
        assert_eq!(broadcast(&all), Some(Ipv4Addr::BROADCAST));
    }

    #[test]
    fn the_kernel_dumps_its_addresses() {
        assert!(dump(&mut Socket::open(libc::NETLINK_ROUTE).unwrap()).is_ok());
    }
}

//! Interfaces as the kernel tells of them (rtnetlink(7), RTM_NEWLINK; linux/if_link.h).

use std::collections::BTreeMap;

use super::message::{Batch, Error, Message, NLM_F_DUMP, Socket, to_text, to_u32};

/// An interface appeared or changed.
pub const RTM_NEWLINK: u16 = 16;
/// An interface disappeared.
pub const RTM_DELLINK: u16 = 17;
const RTM_GETLINK: u16 = 18;
/// Events of interfaces.
pub const RTMGRP_LINK: u32 = 1;

const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
/// sizeof(struct ifinfomsg)
const IFINFOMSG: usize = 16;

const IFF_UP: u32 = 0x1;
const IFF_LOOPBACK: u32 = 0x8;
const IFF_RUNNING: u32 = 0x40;
const IFF_NOARP: u32 = 0x80;

/// One interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// ifindex.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// IFF_UP and IFF_RUNNING.
    pub up: bool,
    /// Where ARP is spoken: its Ethernet address.
    pub mac: Option<[u8; 6]>,
}

/// Reads an RTM_NEWLINK or RTM_DELLINK; `None` if it is none, or speaks of a bridge's port.
pub fn read(message: Message<'_>) -> Option<Link> {
    if !matches!(message.kind, RTM_NEWLINK | RTM_DELLINK) || *message.payload.first()? != 0 {
        return None;
    }
    let index = to_u32(message.payload.get(4..8)?)?;
    let flags = to_u32(message.payload.get(8..12)?)?;
    let mut link = Link {
        index,
        name: String::new(),
        up: flags & (IFF_UP | IFF_RUNNING) == IFF_UP | IFF_RUNNING,
        mac: None,
    };
    for (kind, value) in message.attributes(IFINFOMSG) {
        match kind {
            IFLA_IFNAME => link.name = to_text(value),
            IFLA_ADDRESS if flags & (IFF_NOARP | IFF_LOOPBACK) == 0 => {
                link.mac = value.try_into().ok();
            }
            _ => {}
        }
    }
    Some(link)
}

/// All interfaces, by ifindex.
pub fn dump(socket: &mut Socket) -> Result<BTreeMap<u32, Link>, Error> {
    let mut batch = Batch::new();
    batch.message(RTM_GETLINK, NLM_F_DUMP, &[0; IFINFOMSG], |_| {});
    let replies = socket.dump(&mut batch)?;
    Ok(replies.iter().filter_map(read).map(|link| (link.index, link)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_is_there_and_speaks_no_arp() {
        let links = dump(&mut Socket::open(libc::NETLINK_ROUTE).unwrap()).unwrap();
        let lo = links.values().find(|link| link.name == "lo").unwrap();
        assert_eq!(lo.mac, None);
    }
}

//! Interfaces as the kernel tells of them (rtnetlink(7), RTM_NEWLINK; linux/if_link.h).

use std::collections::BTreeMap;

use understudy_core::net::link::{IpvlanFlag, Kind, Shape};

use super::message::{
    Batch, Error, Message, NLM_F_DUMP, Socket, attributes, to_text, to_u16, to_u32,
};

/// An interface appeared or changed.
pub const RTM_NEWLINK: u16 = 16;
/// An interface disappeared.
pub const RTM_DELLINK: u16 = 17;
const RTM_GETLINK: u16 = 18;
/// Events of interfaces.
pub const RTMGRP_LINK: u32 = 1;

pub const IFLA_ADDRESS: u16 = 1;
pub const IFLA_IFNAME: u16 = 3;
pub const IFLA_LINK: u16 = 5;
pub const IFLA_MASTER: u16 = 10;
pub const IFLA_LINKINFO: u16 = 18;
pub const IFLA_GROUP: u16 = 27;
const IFLA_LINK_NETNSID: u16 = 37;
pub const IFLA_INFO_KIND: u16 = 1;
pub const IFLA_INFO_DATA: u16 = 2;
pub const IFLA_MACVLAN_MODE: u16 = 1;
const IFLA_VRF_TABLE: u16 = 1;
pub const IFLA_IPVLAN_MODE: u16 = 1;
pub const IFLA_IPVLAN_FLAGS: u16 = 2;
pub const MACVLAN_MODE_PRIVATE: u32 = 1;
pub const IPVLAN_MODE_L2: u16 = 0;
pub const IPVLAN_F_PRIVATE: u16 = 1;
pub const IPVLAN_F_VEPA: u16 = 2;
/// sizeof(struct ifinfomsg)
pub const IFINFOMSG: usize = 16;

pub const IFF_UP: u32 = 0x1;
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
    /// IFF_UP alone: it is not switched off.
    pub on: bool,
    /// ifindex of the interface below it, if that is in our network namespace.
    pub parent: Option<u32>,
    /// ifindex of the bridge, VRF and the like that it belongs to.
    pub master: Option<u32>,
    /// IFLA_GROUP.
    pub group: u32,
    /// Whether it is such as we make.
    pub shape: Shape,
    /// The table of a VRF.
    pub vrf: Option<u32>,
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
        on: flags & IFF_UP != 0,
        parent: None,
        master: None,
        group: 0,
        shape: Shape::Foreign,
        vrf: None,
    };
    let (mut address, mut elsewhere, mut info) = (None, false, &[][..]);
    for (kind, value) in message.attributes(IFINFOMSG) {
        match kind {
            IFLA_IFNAME => link.name = to_text(value),
            IFLA_ADDRESS => address = value.try_into().ok(),
            IFLA_LINK => link.parent = to_u32(value),
            IFLA_MASTER => link.master = to_u32(value),
            IFLA_GROUP => link.group = to_u32(value).unwrap_or(0),
            IFLA_LINK_NETNSID => elsewhere = true,
            IFLA_LINKINFO => info = value,
            _ => {}
        }
    }
    link.parent = link.parent.filter(|_| !elsewhere);
    link.mac = address.filter(|_| flags & (IFF_NOARP | IFF_LOOPBACK) == 0);
    let kind = attributes(info).find(|(kind, _)| *kind == IFLA_INFO_KIND);
    let kind = kind.map(|(_, value)| to_text(value)).unwrap_or_default();
    if kind == "vrf" {
        let data = attributes(info).find(|(kind, _)| *kind == IFLA_INFO_DATA);
        let table =
            data.and_then(|(_, it)| attributes(it).find(|(kind, _)| *kind == IFLA_VRF_TABLE));
        link.vrf = table.and_then(|(_, value)| to_u32(value));
    }
    link.shape = shape(&kind, info, address);
    Some(link)
}

fn shape(kind: &str, info: &[u8], mac: Option<[u8; 6]>) -> Shape {
    let data = attributes(info).find(|(kind, _)| *kind == IFLA_INFO_DATA);
    let data = data.map_or(&[][..], |(_, value)| value);
    let value = |wanted| attributes(data).find(|(kind, _)| *kind == wanted).map(|(_, it)| it);
    let good = match (kind, mac) {
        ("macvlan", Some(mac)) => {
            let mode = value(IFLA_MACVLAN_MODE).and_then(to_u32);
            (mode == Some(MACVLAN_MODE_PRIVATE)).then_some(Kind::Macvlan { mac })
        }
        ("ipvlan", _) => {
            let mode = value(IFLA_IPVLAN_MODE).and_then(to_u16);
            let flag = match value(IFLA_IPVLAN_FLAGS).and_then(to_u16).unwrap_or(0) {
                IPVLAN_F_PRIVATE => IpvlanFlag::Private,
                IPVLAN_F_VEPA => IpvlanFlag::Vepa,
                _ => IpvlanFlag::Bridge,
            };
            (mode == Some(IPVLAN_MODE_L2)).then_some(Kind::Ipvlan { flag })
        }
        ("macvlan", None) => None,
        _ => return Shape::Foreign,
    };
    good.map_or(Shape::Other, Shape::Good)
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

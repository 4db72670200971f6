//! Making and removing virtual interfaces (rtnetlink(7), RTM_NEWLINK; linux/if_link.h): macvlan and ipvlan.

use understudy_core::net::link::{IpvlanFlag, Kind, VirtualLink};

use super::link::{
    IFF_UP, IFINFOMSG, IFLA_ADDRESS, IFLA_GROUP, IFLA_IFNAME, IFLA_INFO_DATA, IFLA_INFO_KIND,
    IFLA_IPVLAN_FLAGS, IFLA_IPVLAN_MODE, IFLA_LINK, IFLA_LINKINFO, IFLA_MACVLAN_MODE, IFLA_MASTER,
    IPVLAN_F_PRIVATE, IPVLAN_F_VEPA, IPVLAN_MODE_L2, Link, MACVLAN_MODE_PRIVATE, RTM_DELLINK,
    RTM_NEWLINK,
};
use super::message::{Attributes, Batch, NLM_F_CREATE};

const NLM_F_EXCL: u16 = 0x200;
const IFLA_AF_SPEC: u16 = 26;
const IFLA_INET6_ADDR_GEN_MODE: u16 = 8;
const IN6_ADDR_GEN_MODE_NONE: u8 = 1;

/// Creates it on `parent`, switched off, in its group and VRF.
pub fn create(batch: &mut Batch, link: &VirtualLink, parent: &Link, vrf: Option<u32>) {
    batch.message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &header(0, 0, 0), |a| {
        a.text(IFLA_IFNAME, &link.name);
        a.u32(IFLA_LINK, parent.index);
        a.u32(IFLA_GROUP, link.group.unwrap_or(parent.group));
        if let Kind::Macvlan { mac } = link.kind {
            a.bytes(IFLA_ADDRESS, &mac);
        }
        if let Some(vrf) = vrf {
            a.u32(IFLA_MASTER, vrf);
        }
        a.nest(IFLA_LINKINFO, |a| kind(a, link.kind));
    });
}

fn kind(a: &mut Attributes<'_>, kind: Kind) {
    match kind {
        Kind::Macvlan { .. } => {
            a.text(IFLA_INFO_KIND, "macvlan");
            a.nest(IFLA_INFO_DATA, |a| a.u32(IFLA_MACVLAN_MODE, MACVLAN_MODE_PRIVATE));
        }
        Kind::Ipvlan { flag } => {
            a.text(IFLA_INFO_KIND, "ipvlan");
            a.nest(IFLA_INFO_DATA, |a| {
                a.u16(IFLA_IPVLAN_MODE, IPVLAN_MODE_L2);
                a.u16(
                    IFLA_IPVLAN_FLAGS,
                    match flag {
                        IpvlanFlag::Bridge => 0,
                        IpvlanFlag::Private => IPVLAN_F_PRIVATE,
                        IpvlanFlag::Vepa => IPVLAN_F_VEPA,
                    },
                );
            });
        }
    }
}

/// It gets no IPv6 address but those that it is given.
pub fn no_own_address(batch: &mut Batch, name: &str) {
    batch.message(RTM_NEWLINK, 0, &header(0, 0, 0), |a| {
        a.text(IFLA_IFNAME, name);
        a.nest(IFLA_AF_SPEC, |a| {
            a.nest(u16::try_from(libc::AF_INET6).expect("a small constant"), |a| {
                a.u8(IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
            });
        });
    });
}

/// Switches it on or off.
pub fn switch(batch: &mut Batch, name: &str, on: bool) {
    let flags = if on { IFF_UP } else { 0 };
    batch.message(RTM_NEWLINK, 0, &header(0, flags, IFF_UP), |a| a.text(IFLA_IFNAME, name));
}

/// Gives it another name; it must be switched off.
pub fn rename(batch: &mut Batch, index: u32, name: &str) {
    batch.message(RTM_NEWLINK, 0, &header(index, 0, 0), |a| a.text(IFLA_IFNAME, name));
}

/// Makes the kernel tell of an interface that does not change.
pub fn tell(batch: &mut Batch, link: &Link) {
    batch.message(RTM_NEWLINK, 0, &header(link.index, 0, 0), |a| a.u32(IFLA_GROUP, link.group));
}

/// Removes it.
pub fn delete(batch: &mut Batch, name: &str) {
    batch.message(RTM_DELLINK, 0, &header(0, 0, 0), |a| a.text(IFLA_IFNAME, name));
}

/// ifinfomsg: family u8, pad u8, type u16, index u32, flags u32, mask of the flags to change u32
fn header(index: u32, flags: u32, change: u32) -> [u8; IFINFOMSG] {
    let mut header = [0; IFINFOMSG];
    header[4..8].copy_from_slice(&index.to_ne_bytes());
    header[8..12].copy_from_slice(&flags.to_ne_bytes());
    header[12..].copy_from_slice(&change.to_ne_bytes());
    header
}

#[cfg(test)]
mod tests {
    use understudy_core::net::link::Shape;

    use super::super::link;
    use super::super::message::messages;
    use super::*;

    #[test]
    fn what_is_created_is_read_back_as_such() {
        let parent = Link {
            index: 7,
            name: "eth0".into(),
            up: true,
            mac: None,
            on: true,
            parent: None,
            master: None,
            group: 3,
            shape: Shape::Foreign,
            vrf: None,
        };
        let mac = VirtualLink::virtual_mac(false, 51);
        for kind in [
            Kind::Macvlan { mac },
            Kind::Ipvlan { flag: IpvlanFlag::Bridge },
            Kind::Ipvlan { flag: IpvlanFlag::Private },
            Kind::Ipvlan { flag: IpvlanFlag::Vepa },
        ] {
            let link = VirtualLink {
                name: "vrrp.51".into(),
                parent: "eth0".into(),
                kind,
                group: None,
                ipv4: true,
                ipv6: false,
                notify: false,
            };
            let mut batch = Batch::new();
            create(&mut batch, &link, &parent, Some(9));
            let read = link::read(messages(batch.bytes()).next().unwrap()).unwrap();
            assert_eq!(read.shape, Shape::Good(kind));
            assert_eq!((read.name.as_str(), read.parent), ("vrrp.51", Some(7)));
            assert_eq!((read.master, read.group), (Some(9), 3));
        }
    }
}

//! Virtual interfaces of instances (`use_vmac`, `use_ipvlan`; reference §2.7, §3.5): which there should be, against those
//! that the kernel has. What fits is adopted, whoever made it.

use alloc::string::String;
use alloc::vec::Vec;

use super::kernel_setting::Setting;

/// An Ethernet address.
pub type Mac = [u8; 6];

/// Who may talk to whom among the ipvlan interfaces of one parent (linux/if_link.h, IPVLAN_F_*).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum IpvlanFlag {
    /// All.
    Bridge,
    /// None.
    Private,
    /// All, by way of the switch.
    Vepa,
}

/// What kind of interface it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Kind {
    /// macvlan in private mode.
    Macvlan {
        /// Its address.
        mac: Mac,
    },
    /// ipvlan in L2 mode.
    Ipvlan {
        /// Who may talk to whom.
        flag: IpvlanFlag,
    },
}

/// A virtual interface that should be there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct VirtualLink {
    /// Its name, at most 15 bytes.
    pub name: String,
    /// The interface below it.
    pub parent: String,
    /// Its kind.
    pub kind: Kind,
    /// IFLA_GROUP; default the parent's.
    pub group: Option<u32>,
    /// It belongs to IPv4.
    pub ipv4: bool,
    /// It may carry IPv6 addresses.
    pub ipv6: bool,
    /// The kernel is made to tell of the parent afterwards (`netlink_notify_msg`).
    pub notify: bool,
}

impl VirtualLink {
    /// The address of a virtual router (RFC 9568 §7.3).
    #[must_use]
    pub const fn virtual_mac(ipv6: bool, vrid: u8) -> Mac {
        [0, 0, 0x5e, 0, if ipv6 { 2 } else { 1 }, vrid]
    }

    /// Whether it has an Ethernet address of its own.
    #[must_use]
    pub const fn is_macvlan(&self) -> bool {
        matches!(self.kind, Kind::Macvlan { .. })
    }

    /// Its kernel settings, which go with it.
    #[must_use]
    pub fn settings(&self) -> Vec<Setting> {
        let mut settings = Vec::new();
        let mut add = |family, name, value| {
            settings.push(Setting::of_interface(family, &self.name, name, value));
        };
        add("ipv6", "disable_ipv6", i32::from(!self.ipv6));
        if self.is_macvlan() {
            add("ipv4", "arp_ignore", 1);
        }
        if self.ipv4 && self.is_macvlan() {
            add("ipv4", "accept_local", 1);
            add("ipv4", "rp_filter", 0);
            add("ipv4", "promote_secondaries", 1);
        }
        settings
    }

    /// What makes it, ip-link(8).
    #[must_use]
    pub fn command(&self) -> String {
        let mut line = alloc::format!("ip link add link {} name {}", self.parent, self.name);
        if let Kind::Macvlan { mac: [a, b, c, d, e, f] } = self.kind {
            line += &alloc::format!(" address {a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}");
        }
        if let Some(group) = self.group {
            line += &alloc::format!(" group {group}");
        }
        line += match self.kind {
            Kind::Macvlan { .. } => " type macvlan mode private",
            Kind::Ipvlan { flag: IpvlanFlag::Bridge } => " type ipvlan mode l2 bridge",
            Kind::Ipvlan { flag: IpvlanFlag::Private } => " type ipvlan mode l2 private",
            Kind::Ipvlan { flag: IpvlanFlag::Vepa } => " type ipvlan mode l2 vepa",
        };
        line
    }

    /// The same interface, whatever its name.
    fn is_like(&self, present: &Present<'_>) -> bool {
        present.parent == Some(self.parent.as_str()) && present.kind == Shape::Good(self.kind)
    }
}

/// What an interface of the kernel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// As ours are.
    Good(Kind),
    /// macvlan or ipvlan in another mode.
    Other,
    /// None of them.
    Foreign,
}

/// An interface that the kernel has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Present<'a> {
    /// Its name.
    pub name: &'a str,
    /// The interface below it, if that is in the same network namespace.
    pub parent: Option<&'a str>,
    /// What it is.
    pub kind: Shape,
}

/// What to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change<'a> {
    /// Delete it.
    Delete(&'a str),
    /// Give it another name.
    Rename {
        /// The name that it has.
        from: &'a str,
        /// That which it should have.
        to: &'a VirtualLink,
    },
    /// Create it.
    Create(&'a VirtualLink),
    /// It is there: adopt it, and switch it on if need be.
    Adopt(&'a VirtualLink),
    /// Something else has its name.
    Taken(&'a VirtualLink),
}

/// What the kernel lacks. Those whose parent is missing wait for it.
#[must_use]
pub fn missing<'a>(wanted: &'a [VirtualLink], present: &[Present<'a>]) -> Vec<Change<'a>> {
    let mut changes = Vec::new();
    for link in wanted {
        let free = |it: &Present<'_>| !wanted.iter().any(|other| other.name == it.name);
        let has_parent = present.iter().any(|it| it.name == link.parent);
        let mut create = true;
        if let Some(found) = present.iter().find(|it| it.name == link.name) {
            match found.kind {
                _ if link.is_like(found) => {
                    changes.push(Change::Adopt(link));
                    create = false;
                }
                Shape::Good(_) | Shape::Other => changes.push(Change::Delete(found.name)),
                Shape::Foreign => {
                    changes.push(Change::Taken(link));
                    create = false;
                }
            }
        } else if let Some(found) = present.iter().find(|it| link.is_like(it) && free(it)) {
            // The kernel refuses a second one of this address.
            if link.is_macvlan() {
                changes.push(Change::Rename { from: found.name, to: link });
                create = false;
            }
        }
        if create && has_parent {
            changes.push(Change::Create(link));
        }
    }
    changes
}

/// What the kernel has of those that we wanted before and do no longer.
#[must_use]
pub fn superfluous<'a>(
    wanted: &[VirtualLink],
    former: &[VirtualLink],
    present: &[Present<'a>],
) -> Vec<&'a str> {
    let gone = former.iter().filter(|it| !wanted.iter().any(|other| other.name == it.name));
    let there =
        gone.filter_map(|link| present.iter().find(|it| it.name == link.name && link.is_like(it)));
    there.map(|it| it.name).collect()
}

#[cfg(test)]
mod tests {
    use std::vec;

    use super::*;

    const MAC: Mac = VirtualLink::virtual_mac(false, 51);
    const GOOD: Shape = Shape::Good(Kind::Macvlan { mac: MAC });

    fn link(name: &str) -> VirtualLink {
        VirtualLink {
            name: name.into(),
            parent: "eth0".into(),
            kind: Kind::Macvlan { mac: MAC },
            group: None,
            ipv4: true,
            ipv6: false,
            notify: false,
        }
    }

    const fn present<'a>(name: &'a str, parent: Option<&'a str>, kind: Shape) -> Present<'a> {
        Present { name, parent, kind }
    }

    const ETH0: Present<'_> = present("eth0", None, Shape::Foreign);

    #[test]
    fn it_is_told_as_a_command() {
        assert_eq!(
            link("vrrp.51").command(),
            "ip link add link eth0 name vrrp.51 address 00:00:5e:00:01:33 type macvlan mode private"
        );
        let kind = Kind::Ipvlan { flag: IpvlanFlag::Vepa };
        let ipvlan = VirtualLink { kind, group: Some(7), ..link("ip0") };
        let command = "ip link add link eth0 name ip0 group 7 type ipvlan mode l2 vepa";
        assert_eq!(ipvlan.command(), command);
    }

    #[test]
    fn what_is_missing_is_created_once_its_parent_is_there() {
        let wanted = [link("vrrp.51")];
        assert_eq!(missing(&wanted, &[]), []);
        assert_eq!(missing(&wanted, &[ETH0]), [Change::Create(&wanted[0])]);
    }

    #[test]
    fn what_a_former_life_or_keepalived_has_left_is_adopted_whatever_its_name() {
        let wanted = [link("vrrp.51")];
        let same = present("vrrp.51", Some("eth0"), GOOD);
        assert_eq!(missing(&wanted, &[ETH0, same]), [Change::Adopt(&wanted[0])]);
        let other = present("vip", Some("eth0"), GOOD);
        let renamed = Change::Rename { from: "vip", to: &wanted[0] };
        assert_eq!(missing(&wanted, &[ETH0, other]), [renamed]);
    }

    #[test]
    fn another_macvlan_of_the_name_gives_way_and_anything_else_does_not() {
        let wanted = [link("vrrp.51")];
        let elsewhere = present("vrrp.51", Some("eth1"), GOOD);
        let expected = [Change::Delete("vrrp.51"), Change::Create(&wanted[0])];
        assert_eq!(missing(&wanted, &[ETH0, elsewhere]), expected);
        let bridge = present("vrrp.51", Some("eth0"), Shape::Other);
        assert_eq!(missing(&wanted, &[ETH0, bridge]), expected);
        let dummy = present("vrrp.51", None, Shape::Foreign);
        assert_eq!(missing(&wanted, &[ETH0, dummy]), [Change::Taken(&wanted[0])]);
    }

    #[test]
    fn what_is_no_longer_wanted_goes_if_it_is_still_ours() {
        let former = vec![link("vrrp.51"), link("vip")];
        let ours = present("vrrp.51", Some("eth0"), GOOD);
        let foreign = present("vip", None, Shape::Foreign);
        assert_eq!(superfluous(&[], &former, &[ETH0, ours, foreign]), ["vrrp.51"]);
        assert_eq!(superfluous(&former[..1], &former, &[ETH0, ours]), Vec::<&str>::new());
    }
}

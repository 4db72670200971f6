//! What an instance and a sync group are told by the configuration. Every value is final: defaults are filled in, and
//! inheritance from `global_defs` is resolved.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use crate::command::Command;
use crate::net::address::Address;
use crate::net::link::VirtualLink;
use crate::net::route::Route;
use crate::net::rule::Rule;
use crate::track::settings::Tracks;
use crate::vrrp::auth_hmac::HmacSettings;

/// Virtual router identifier, 1..=255 (RFC 9568 §5.2.3).
pub type Vrid = u8;

/// Protocol version on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Version {
    /// RFC 3768: whole seconds, authentication field.
    V2,
    /// RFC 9568: centiseconds.
    V3,
}

/// One unicast neighbour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Peer {
    /// Its address.
    pub address: IpAddr,
    /// Accepted TTL of its adverts; `None`: any.
    pub ttl: Option<(u8, u8)>,
}

/// Whom adverts are sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Transport {
    /// To a group, default 224.0.0.18 (RFC 9568 §5.1.1.2).
    Multicast {
        /// The group's address.
        group: IpAddr,
    },
    /// To named neighbours.
    Unicast {
        /// The neighbours.
        peers: Vec<Peer>,
        /// TTL of sent adverts, default 255.
        ttl: u8,
        /// Adverts of others are dropped (`check_unicast_src`, or any peer with a TTL range).
        check_source: bool,
    },
}

/// How gratuitous ARPs are sent. Repeats are counted per address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Garp {
    /// Second set this long after becoming master; zero: none. Default 5 s.
    pub delay: Duration,
    /// Messages in the first and in the delayed set, 1.. Default 5.
    pub repeat: u32,
    /// Period while master; zero: none. Default zero.
    pub refresh: Duration,
    /// Messages in each refresh. Default 1.
    pub refresh_repeat: u32,
    /// Second set after an advert of lower priority. Default: `delay`.
    pub lower_prio_delay: Duration,
    /// Messages after an advert of lower priority; 0: none. Default: `repeat`.
    pub lower_prio_repeat: u32,
    /// Period of those on interfaces that send no adverts (`garp_extra_if`); zero: none. Default zero.
    pub extra: Duration,
    /// Those are all interfaces with addresses, not only the virtual ones.
    pub extra_all: bool,
}

impl Default for Garp {
    fn default() -> Self {
        Self {
            delay: Duration::from_secs(5),
            repeat: 5,
            refresh: Duration::ZERO,
            refresh_repeat: 1,
            lower_prio_delay: Duration::from_secs(5),
            lower_prio_repeat: 5,
            extra: Duration::ZERO,
            extra_all: false,
        }
    }
}

/// Least distances between two announcements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Pace {
    /// Of gratuitous ARPs; default zero.
    pub interval: Duration,
    /// Of unsolicited neighbour advertisements; default zero.
    pub na_interval: Duration,
}

/// Interfaces that share one limit (`garp_group`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PaceGroup {
    /// Their limit.
    pub pace: Pace,
    /// Their names.
    pub interfaces: Vec<String>,
}

/// How fast announcements leave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Paces {
    /// By each interface in no group (`vrrp_garp_interval`, `vrrp_gna_interval`).
    pub default: Pace,
    /// By others.
    pub groups: Vec<PaceGroup>,
}

/// Programs to run when the state changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Notify {
    /// Entered MASTER.
    pub master: Option<Box<Command>>,
    /// Entered BACKUP.
    pub backup: Option<Box<Command>>,
    /// Entered FAULT.
    pub fault: Option<Box<Command>>,
    /// The engine stops.
    pub stop: Option<Box<Command>>,
    /// Removed by a reload. `Some(None)`: report DELETED, run nothing.
    pub deleted: Option<Option<Box<Command>>>,
    /// Every change; gets `INSTANCE|GROUP`, name, state, priority as further arguments.
    pub any: Option<Box<Command>>,
    /// MASTER heard an advert of lower priority.
    pub master_rx_lower_pri: Option<Box<Command>>,
    /// A mail at every change of state (`smtp_alert`).
    pub mail: bool,
}

/// The virtual interfaces of an instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Vmacs {
    /// On the instance's interface: carries addresses and adverts (`use_vmac`, `use_ipvlan`).
    pub own: Option<Box<VirtualLink>>,
    /// Adverts use the instance's interface all the same (`vmac_xmit_base`).
    pub xmit_base: bool,
    /// Addresses on other interfaces, or of the other family, have virtual interfaces too (`use_vmac_addr`).
    pub for_addresses: bool,
    /// Those.
    pub others: Vec<VirtualLink>,
    /// The address of an ipvlan interface itself.
    pub address: Option<Box<Address>>,
}

/// One virtual router on one interface.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct InstanceSettings {
    /// Name in the configuration.
    pub name: String,
    /// Interface that adverts use; empty: whichever the routes say, for unicast.
    pub interface: String,
    /// Without an interface: the VRF whose routes these are.
    pub vrf: Option<String>,
    /// Virtual router identifier.
    pub vrid: Vrid,
    /// Protocol version; default 2 for IPv4, 3 for IPv6.
    pub version: Version,
    /// Base priority, 1..=255; 255 is the address owner. Default 100, or 255 with `state MASTER`.
    pub priority: u8,
    /// `state MASTER`: matters only for the owner (reference §3.2).
    pub wants_master: bool,
    /// Interval between adverts; default 1 s. Version 2: whole seconds; version 3: steps of 10 ms up to 40.95 s.
    pub advert_interval: Duration,
    /// A better backup takes over from a worse master. Default true.
    pub preempt: bool,
    /// Wait before doing so, counted from the first worse advert. Default zero.
    pub preempt_delay: Duration,
    /// Whom adverts go to.
    pub transport: Transport,
    /// Source of adverts; `None`: the interface's first address.
    pub source: Option<IpAddr>,
    /// RFC 2338 password, at most 8 bytes, zero padded; version 2 only.
    pub auth_pass: Option<Secret>,
    /// The password does not stand in the message (`auth_type PASS`): it is the key of an authentication header in front
    /// of it (`auth_type AH`).
    pub auth_header: bool,
    /// How adverts are written and read where routers differ.
    pub wire: Wire,
    /// Backup at once if nothing was sent for so long that a router of at most this priority must have taken over;
    /// 1..=254, only without preempt. Default `None`.
    pub timer_expired_backup: Option<u8>,
    /// Addresses that adverts carry.
    pub vips: Vec<Address>,
    /// Addresses held and announced, but not in adverts.
    pub excluded: Vec<Address>,
    /// Routes that are there while it is master, behind the addresses.
    pub routes: Vec<Route>,
    /// Rules, behind the routes.
    pub rules: Vec<Rule>,
    /// Packets to and from the addresses are let through. Default true; with `strict_mode` only for the owner.
    pub accept: bool,
    /// The addresses of an advert are compared only when it is another router's than the last one.
    pub skip_check_adv_addr: bool,
    /// The owner (priority 255) listens to nobody.
    pub ignore_adverts: bool,
    /// Missed adverts before a backup takes over, 1..=100; default 3.
    pub down_timer_adverts: u8,
    /// Announcements.
    pub garp: Garp,
    /// Virtual interfaces.
    pub vmacs: Vmacs,
    /// What is watched, members' and group's merged.
    pub tracks: Tracks,
    /// Own interface's state is no fault.
    pub dont_track_primary: bool,
    /// The kernel setting of this name of its interface: other addresses stay when the first of their network goes.
    pub promote_secondaries: bool,
    /// A worse advert is not answered at once. Default false.
    pub lower_prio_no_advert: bool,
    /// One more advert before giving way to a better master. Default false.
    pub higher_prio_send_advert: bool,
    /// Programs to run.
    pub notify: Notify,
    /// FIFO lines on changes of the effective priority.
    pub notify_priority_changes: bool,
}

impl InstanceSettings {
    /// The interface that adverts leave by and come in on.
    #[must_use]
    pub fn port(&self) -> &str {
        match &self.vmacs.own {
            Some(own) if !self.vmacs.xmit_base => &own.name,
            _ => self.vrf.as_deref().unwrap_or(&self.interface),
        }
    }

    /// Whether adverts travel over IPv6.
    #[must_use]
    pub fn is_ipv6(&self) -> bool {
        match &self.transport {
            Transport::Multicast { group } => group.is_ipv6(),
            Transport::Unicast { peers, .. } => {
                let vip = self.vips.first().map(|vip| vip.ip);
                let address = peers.first().map(|peer| peer.address).or(self.source).or(vip);
                address.is_some_and(|ip| ip.is_ipv6())
            }
        }
    }

    /// All its virtual interfaces.
    pub fn virtual_links(&self) -> impl Iterator<Item = &VirtualLink> {
        self.vmacs.own.as_deref().into_iter().chain(&self.vmacs.others)
    }
}

/// How adverts are written and read where routers differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Wire {
    /// The checksum of version 3 is without pseudo header; IPv4 only. Default false.
    pub v3_checksum_as_v2: bool,
    /// The checksum of version 3 names the group also in unicast; IPv4 only.
    pub old_unicast_checksum: OldChecksum,
    /// Signatures.
    pub hmac: Option<HmacSettings>,
    /// Room for adverts that wait to be read.
    pub receive_buffer: ReceiveBuffer,
}

/// `old_unicast_checksum`: that of keepalived up to 1.3.6.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum OldChecksum {
    /// As soon as an advert with it is heard.
    #[default]
    Automatic,
    /// From the start.
    Always,
    /// Adverts with it are dropped.
    Never,
}

/// Room for adverts that wait to be read, for one instance; those that share a socket add up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ReceiveBuffer {
    /// 1 MiB for all.
    #[default]
    Default,
    /// So many bytes.
    Bytes(u32),
    /// So many times what the interface can carry in one packet.
    Packets(u32),
    /// So many of its adverts.
    Adverts(u32),
}

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Secret(pub Vec<u8>);

impl core::fmt::Debug for Secret {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("********")
    }
}

/// Instances that change state together.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SyncGroupSettings {
    /// Name in the configuration.
    pub name: String,
    /// Names of its instances.
    pub members: Vec<String>,
    /// Weighted tracking of members counts (`sync_group_tracking_weight`).
    pub tracking_weight: bool,
    /// Programs to run.
    pub notify: Notify,
}

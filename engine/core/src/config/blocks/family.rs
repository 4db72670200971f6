//! The address family of a `vrrp_instance`, and what follows from it (reference §2.7, §3.9).

use alloc::format;
use core::net::IpAddr;

use super::global_defs::GlobalDefs;
use super::vrrp_instance::VrrpInstance;
use crate::config::diagnostic::{At, Diagnostics, code};
use crate::config::tree::Node;
use crate::vrrp::packet;
use crate::vrrp::settings::Version;

/// The number of addresses in an advert is one byte.
const MOST_IPV4: usize = 255;
/// What fits into 1500 bytes behind the headers of IPv6 (40) and VRRP (8).
const ROOM: usize = 1500 - 40 - 8;

impl VrrpInstance {
    /// Whether adverts travel over IPv6: what is written first says so.
    pub(super) fn is_ipv6(&self) -> bool {
        self.native_ipv6.is_some()
            || self.family_words().next().is_some_and(|ip| ip.value.is_ipv6())
    }

    /// All addresses that must be of the instance's family.
    fn family_words(&self) -> impl Iterator<Item = At<IpAddr>> {
        let vips = self.vips.iter().map(|vip| vip.ip.clone());
        let peers = self.peers.iter().map(|peer| At::new(peer.value.address, peer.span));
        let group = self.group.clone().filter(|_| self.peers.is_empty());
        vips.chain(peers).chain(self.source.clone()).chain(group)
    }

    /// Version 2 knows IPv4 only (RFC 3768).
    pub(super) fn version(&self, global: &GlobalDefs, out: &mut Diagnostics) -> Version {
        let own = self.version.as_ref();
        if !self.is_ipv6() {
            return own.map(|it| it.value).or(global.version).unwrap_or(Version::V2);
        }
        if let Some(given) = own.filter(|it| it.value == Version::V2) {
            if self.is_strict(global) {
                out.add(code::ADJUSTED, given.span, "`version 2` is for IPv4 only")
                    .label("taken as 3");
            } else {
                out.add(code::CONFLICT, given.span, "`version 2` is for IPv4 only")
                    .label("this instance is of IPv6")
                    .help("write `version 3` on all its routers");
            }
        }
        Version::V3
    }

    /// All addresses of an instance are of one family, except excluded ones; the first of IPv6 is link-local.
    pub(super) fn check_family(&self, global: &GlobalDefs, out: &mut Diagnostics) {
        let v6 = self.family_words().find(|ip| ip.value.is_ipv6()).map(|ip| ip.span);
        let v4 = self.family_words().find(|ip| ip.value.is_ipv4()).map(|ip| ip.span);
        if let (Some(v6), Some(v4)) = (v6.or(self.native_ipv6), v4) {
            out.add(code::CONFLICT, v6, "IPv4 and IPv6 in one instance")
                .related(v4, "IPv4 here")
                .help("make an instance of its own, or use `virtual_ipaddress_excluded`");
            return;
        }
        let Some(first) = self.vips.first().filter(|vip| vip.ip.value.is_ipv6()) else { return };
        if !matches!(first.ip.value, IpAddr::V6(ip) if ip.is_unicast_link_local()) {
            let strict = self.is_strict(global);
            let code = if strict { code::CONFLICT } else { code::ASSUMED };
            let message = format!("the first address, {}, is not link-local", first.ip.value);
            out.add(code, first.ip.span, message)
                .label("hosts that learn their router by router advertisements need it")
                .help("put an address such as fe80::1 before it, on all routers");
        }
    }

    /// Addresses that fit into an advert of `trailer` further bytes.
    pub(super) fn most_vips(&self, trailer: usize) -> usize {
        if self.is_ipv6() { (ROOM - trailer) / 16 } else { MOST_IPV4 }
    }

    /// Where adverts go if nothing is said.
    pub(super) fn default_group(&self, global: &GlobalDefs) -> IpAddr {
        if self.is_ipv6() {
            global.mcast_group6.unwrap_or(packet::GROUP6.into())
        } else {
            global.mcast_group4.unwrap_or(packet::GROUP.into())
        }
    }
}

/// A multicast group of either family.
pub fn group(node: &Node, out: &mut Diagnostics) -> Option<At<IpAddr>> {
    let ip = super::ip(node, out)?;
    if !ip.value.is_multicast() {
        let message = format!("`{}`: {} is no multicast address", node.keyword().text, ip.value);
        out.add(code::BAD_ARGUMENT, ip.span, message)
            .label("expected 224.0.0.0 to 239.255.255.255, or ff02::/16");
        return None;
    }
    // Scope 2 of RFC 4291 §2.7.
    if let IpAddr::V6(v6) = ip.value
        && v6.segments()[0] & 0x0f != 2
    {
        out.add(code::ASSUMED, ip.span, format!("{v6} is not link-local"))
            .label("adverts must not leave the segment")
            .help("use ff02::/16");
    }
    Some(ip)
}

/// A multicast group of IPv6.
pub fn group6(node: &Node, out: &mut Diagnostics) -> Option<IpAddr> {
    let ip = group(node, out)?;
    if ip.value.is_ipv4() {
        let message = format!("`{}`: {} is of IPv4", node.keyword().text, ip.value);
        out.add(code::BAD_ARGUMENT, ip.span, message).label("expected ff02::/16");
        return None;
    }
    Some(ip.value)
}

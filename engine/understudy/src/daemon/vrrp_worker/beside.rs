//! What goes beside addresses, in the kernel: the table that drops packets, and the IPVS sync daemons.

use understudy_core::ipvs::sync::{Daemon, changes};
use understudy_core::net::firewall::Firewall;
use understudy_core::node::namespaces::IpvsNamespace;

use crate::netlink::ipvs::Ipvs;
use crate::netlink::message::Socket;
use crate::netlink::nft::{self, Dropped, Family};

/// Connections to the kernel, opened when they are first needed.
#[derive(Debug, Default)]
pub struct Beside {
    netfilter: Option<Socket>,
    ipvs: Option<Ipvs>,
    /// Where that is.
    namespace: IpvsNamespace,
    /// Looking for IPVS again would load modules again, in the middle of adverts.
    no_ipvs: Option<String>,
    /// The table that is there.
    table: Option<String>,
    /// There may be one of IPv6.
    ipv6: bool,
    /// The kernel can't send what is dropped by another interface.
    no_dup: bool,
}

impl Beside {
    /// With IPVS in this network namespace.
    pub fn new(namespace: IpvsNamespace) -> Self {
        Self { namespace, ..Self::default() }
    }

    /// Drops exactly this: the table of each family is replaced as a whole, in one transaction.
    pub fn block(&mut self, firewall: &Firewall, dropped: Dropped<'_>) -> Result<(), String> {
        let dup = !self.no_dup && !dropped.vmacs.is_empty();
        match self.replace(firewall, Dropped { dup, ..dropped }) {
            Err(_) if dup => {
                // A kernel without it: reports of groups are dropped only.
                self.no_dup = true;
                self.replace(firewall, Dropped { dup: false, ..dropped })
            }
            result => result,
        }
    }

    fn replace(&mut self, firewall: &Firewall, dropped: Dropped<'_>) -> Result<(), String> {
        let words = |e: String| format!("drop packets by nftables table {}: {e}", firewall.table);
        if self.netfilter.is_none() {
            let socket = Socket::open(libc::NETLINK_NETFILTER).map_err(|e| words(e.to_string()))?;
            self.netfilter = Some(socket);
        }
        let Some(socket) = &mut self.netfilter else { return Ok(()) };
        let any = |family| dropped.any(family);
        if self.table.is_none() && !any(Family::V6) {
            // A former life's. Apart, as a kernel without tables of IPv6 refuses it.
            let mut batch = nft::begin();
            nft::delete(&mut batch, Family::V6, &firewall.table);
            nft::end(&mut batch);
            let _ = socket.transact(&mut batch);
        }
        self.ipv6 |= any(Family::V6);
        let mut batch = nft::begin();
        for family in [Family::V4, Family::V6] {
            if family == Family::V6 && !self.ipv6 {
                continue;
            }
            if let Some(former) = self.table.as_ref().filter(|it| **it != firewall.table) {
                nft::delete(&mut batch, family, former);
            }
            nft::delete(&mut batch, family, &firewall.table);
            if any(family) {
                nft::create(&mut batch, family, firewall, &dropped);
            }
        }
        nft::end(&mut batch);
        match socket.transact(&mut batch) {
            Ok(refusals) if refusals.is_empty() => {
                self.table = Some(firewall.table.clone());
                self.ipv6 = any(Family::V6);
                Ok(())
            }
            Ok(refusals) => Err(words(refusals[0].to_string())),
            Err(e) => {
                self.netfilter = None;
                Err(words(e.to_string()))
            }
        }
    }

    /// Lets exactly these sync daemons run. One that runs as it should is not touched.
    pub fn run_daemons(&mut self, wanted: &[Daemon]) -> Result<(), String> {
        if let Some(why) = &self.no_ipvs {
            return Err(why.clone());
        }
        if self.ipvs.is_none() {
            self.ipvs = Some(Ipvs::open_in(&self.namespace).map_err(|e| {
                let why = format!("run sync daemon: {e}");
                self.no_ipvs = Some(why.clone());
                why
            })?);
        }
        let Some(ipvs) = &mut self.ipvs else { return Ok(()) };
        let present = ipvs.daemons().map_err(|e| e.to_string())?;
        let refused = ipvs.change_daemons(&changes(&present, wanted)).map_err(|e| e.to_string())?;
        match refused.into_iter().next() {
            Some(words) => Err(words),
            None => Ok(()),
        }
    }
}

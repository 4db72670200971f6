//! Virtual interfaces: made before addresses are changed, removed after that.

use std::collections::BTreeMap;
use std::net::IpAddr;

use understudy_core::net::link::{Change, Present, VirtualLink, missing, superfluous};
use understudy_core::node::vrrp::{Action, Event, VrrpNode};
use understudy_core::time::Time;

use super::super::worker::Context;
use super::VrrpWorker;
use super::tuning::write_settings;
use crate::log::Level;
use crate::netlink::link::{self, Link};
use crate::netlink::message::{Batch, Error, Socket};
use crate::netlink::nft::Vmac;
use crate::netlink::virtual_link;

/// By ifindex.
type Links = BTreeMap<u32, Link>;

impl VrrpWorker {
    /// Makes what is missing.
    pub(super) fn make_links(&mut self, actions: &[Action], now: Time) {
        for action in actions {
            let Action::Interfaces(wanted) = action else { continue };
            let made = make(&mut self.requests, &self.interfaces, wanted).or_else(|why| {
                // Perhaps we have not read yet what somebody has just done.
                let links = link::dump(&mut self.requests).map_err(|_| why)?;
                make(&mut self.requests, &links, wanted)
            });
            if let Err(why) = made {
                self.node.handle(now, Event::Failed { action, why: &why }, &mut self.actions);
            }
        }
    }

    /// Removes what is wanted no more.
    pub(super) fn remove_links(&mut self, wanted: &[VirtualLink], now: Time, context: &Context) {
        let made = self.node.made_links();
        let names = superfluous(wanted, made, &present(&self.interfaces));
        if let Err(e) = remove(&mut self.requests, &names) {
            context.log(Level::Warning, &format!("remove {}: {e}", names.join(", ")));
        }
        self.node.handle(now, Event::InterfacesMade, &mut self.actions);
    }
}

/// Makes what is missing of `wanted`. Says what could not be made, and why.
pub fn make(socket: &mut Socket, links: &Links, wanted: &[VirtualLink]) -> Result<(), String> {
    let mut trouble = Ok(());
    for change in missing(wanted, &present(links)) {
        if let Err(why) = make_one(socket, links, &change) {
            trouble = trouble.and(Err(why));
        }
    }
    trouble
}

/// Removes those that a worker has made and can't remove itself. Says what was done, one line each.
pub fn remove_made(made: &[VirtualLink]) -> Vec<String> {
    let removed = Socket::open(libc::NETLINK_ROUTE).and_then(|mut socket| {
        let links = link::dump(&mut socket)?;
        let names = superfluous(&[], made, &present(&links));
        remove(&mut socket, &names)?;
        Ok(names.iter().map(|name| format!("removed {name}")).collect())
    });
    removed.unwrap_or_else(|e| vec![format!("remove virtual interfaces: {e}")])
}

/// Removes interfaces by their names.
fn remove(socket: &mut Socket, names: &[&str]) -> Result<(), Error> {
    let mut batch = Batch::new();
    names.iter().for_each(|name| virtual_link::delete(&mut batch, name));
    let refusals = socket.transact(&mut batch)?;
    // One that somebody has removed meanwhile is no trouble.
    let refusal = refusals.into_iter().find(|it| it.errno != libc::ENODEV);
    refusal.map_or(Ok(()), |refusal| Err(Error::Refused(refusal)))
}

fn make_one(socket: &mut Socket, links: &Links, change: &Change<'_>) -> Result<(), String> {
    let of_name = |name: &str| links.values().find(|it| it.name == name);
    let mut batch = Batch::new();
    let (link, what) = match change {
        Change::Delete(name) => {
            return remove(socket, &[name]).map_err(|e| format!("remove {name}: {e}"));
        }
        Change::Taken(link) => {
            return Err(format!(
                "create {} on {}: another interface has this name",
                link.name, link.parent
            ));
        }
        Change::Rename { from, to } => {
            let Some(found) = of_name(from) else { return Ok(()) };
            virtual_link::switch(&mut batch, from, false);
            virtual_link::rename(&mut batch, found.index, &to.name);
            (*to, "rename")
        }
        Change::Create(link) => {
            let Some(parent) = of_name(&link.parent) else { return Ok(()) };
            let vrf = parent.master.filter(|it| links.get(it).is_some_and(|it| it.vrf.is_some()));
            virtual_link::create(&mut batch, link, parent, vrf);
            (*link, "create")
        }
        Change::Adopt(link) => (*link, "adopt"),
    };
    let words = |why: String| format!("{what} {} on {}: {why}", link.name, link.parent);
    let mut run = |batch: &mut Batch| match socket.transact(batch) {
        Ok(refusals) => refusals.first().map_or(Ok(()), |it| Err(words(it.to_string()))),
        Err(e) => Err(words(e.to_string())),
    };
    run(&mut batch)?;
    batch.clear();
    if link.is_macvlan() {
        // Not in one batch: the kernel refuses it where IPv6 is switched off, and that is as good.
        virtual_link::no_own_address(&mut batch, &link.name);
        let _ = run(&mut batch);
    }
    write_settings(&link.settings()).map_err(words)?;
    batch.clear();
    let is_on = matches!(change, Change::Adopt(_)) && of_name(&link.name).is_some_and(|it| it.on);
    if !is_on {
        virtual_link::switch(&mut batch, &link.name, true);
    }
    if let (Change::Create(_), true, Some(parent)) = (change, link.notify, of_name(&link.parent)) {
        virtual_link::tell(&mut batch, parent);
    }
    run(&mut batch)
}

/// Those whose packets are filtered, by their numbers.
pub fn filtered(node: &VrrpNode, index: impl Fn(&str) -> Option<u32>) -> Vec<Vmac> {
    let vmacs = node.filtered().iter().filter_map(|it| {
        let link_local = match it.link_local {
            Some(IpAddr::V6(ip)) => Some(ip),
            _ => None,
        };
        let (index, parent) = (index(&it.name)?, index(&it.parent)?);
        Some(Vmac { index, parent, ipv4: it.ipv4, ipv6: it.ipv6, link_local })
    });
    vmacs.collect()
}

fn present(links: &Links) -> Vec<Present<'_>> {
    let name = |index: u32| links.get(&index).map(|it| it.name.as_str());
    let all = links.values().map(|link| Present {
        name: link.name.as_str(),
        parent: link.parent.and_then(name),
        kind: link.shape,
    });
    all.collect()
}

//! The kernel's interfaces and addresses in the node's words.

use std::collections::BTreeMap;

use understudy_core::net::reconcile::Change;
use understudy_core::node::vrrp::{Action, Event, LinkState, Snapshot, VrrpNode};
use understudy_core::time::Time;

use super::routing;
use crate::netlink::address;
use crate::netlink::link::{self, Link};
use crate::netlink::message::{self, Socket};
use crate::watch::link_beats::LinkBeats;

/// Tells the node of an interface. `true`: it got another name, so everything must be read again.
pub fn link_event(
    node: &mut VrrpNode,
    interfaces: &mut BTreeMap<u32, Link>,
    kind: u16,
    link: Link,
    beats: &LinkBeats,
    now: Time,
    actions: &mut Vec<Action>,
) -> bool {
    if kind == link::RTM_DELLINK {
        interfaces.remove(&link.index);
        node.handle(now, Event::LinkGone { name: &link.name }, actions);
        return false;
    }
    let up = link.up && beats.is_up(&link.name);
    node.handle(now, Event::Link { name: &link.name, up }, actions);
    let name = link.name.clone();
    let former = interfaces.insert(link.index, link);
    former.is_some_and(|former| former.name != name)
}

pub fn index_of(interfaces: &BTreeMap<u32, Link>, change: &Change) -> Option<u32> {
    let dev = match change {
        Change::Add(address) => &address.dev,
        Change::Remove { dev, .. } => dev,
    };
    interfaces.values().find(|it| it.name == *dev).map(|it| it.index)
}

pub fn take_snapshot(
    socket: &mut Socket,
    beats: &LinkBeats,
    protocols: &[u8],
) -> Result<(BTreeMap<u32, Link>, Snapshot), message::Error> {
    let interfaces = link::dump(socket)?;
    let addresses = address::dump(socket)?;
    let named = addresses
        .into_iter()
        .filter_map(|(index, present)| Some((interfaces.get(&index)?.name.clone(), present)));
    let routing = routing::read(socket, &interfaces, protocols)?;
    let snapshot = Snapshot {
        addresses: named.collect(),
        links: interfaces
            .values()
            .map(|link| LinkState {
                name: link.name.clone(),
                up: link.up && beats.is_up(&link.name),
            })
            .collect(),
        routing,
        ..Snapshot::default()
    };
    Ok((interfaces, snapshot))
}

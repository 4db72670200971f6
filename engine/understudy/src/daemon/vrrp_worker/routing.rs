//! Routes and rules: the kernel's in the node's words, and changes to them.

use std::collections::BTreeMap;

use understudy_core::node::vrrp::{Action, Event, Item, Refusal, Reroute, Tables, VrrpNode};
use understudy_core::time::Time;

use super::{BATCH, Context, VrrpWorker};
use crate::log::Level;
use crate::netlink::link::Link;
use crate::netlink::message::{Error, Message, NLM_F_REPLACE, Socket};
use crate::netlink::{message, route, rule};

/// What the kernel has of these protocols, and all rules.
pub fn read(
    socket: &mut Socket,
    interfaces: &BTreeMap<u32, Link>,
    protocols: &[u8],
) -> Result<Tables, Error> {
    let name_of = |index| interfaces.get(&index).map(|link| link.name.clone());
    let routes = route::dump(socket, protocols, name_of)?;
    let vrfs = interfaces.values().filter_map(|link| Some((link.name.clone(), link.vrf?)));
    Ok(Tables { routes, rules: rule::dump(socket)?, vrfs: vrfs.collect() })
}

/// Tells the node of somebody else's change.
pub fn event(
    message: Message<'_>,
    requests: &Socket,
    node: &mut VrrpNode,
    now: Time,
    actions: &mut Vec<Action>,
) {
    if requests.is_mine(message) {
        return;
    }
    // Interfaces don't matter here: everything is read again if it concerns us.
    let item = route::read(message, |_| None).map(Item::Route);
    let Some(item) = item.or_else(|| rule::read(message).map(Item::Rule)) else { return };
    let gone = matches!(message.kind, route::RTM_DELROUTE | rule::RTM_DELRULE);
    // One that takes the place of ours is told as new only.
    let replaced = message.flags & NLM_F_REPLACE != 0;
    let by_somebody = message.port != 0 && (gone || replaced);
    node.handle(now, Event::Rerouted { item: &item, by_somebody }, actions);
}

/// Listens to events of routes and rules, from when they matter: on some hosts many routes change all day.
pub fn listen(monitor: &Socket, context: &Context) {
    for group in route::GROUPS.into_iter().chain(rule::GROUPS) {
        if let Err(e) = monitor.join(group) {
            context.log(Level::Error, &format!("listen to routes and rules: {e}"));
        }
    }
}

impl VrrpWorker {
    /// Answers the node's wish to know.
    pub(super) fn read_routing(&mut self, actions: &[Action], now: Time, context: &Context) {
        if !actions.contains(&Action::ReadRouting) {
            return;
        }
        match read(&mut self.requests, &self.interfaces, &self.node.protocols()) {
            Ok(tables) => self.node.handle(now, Event::Routing(&tables), &mut self.actions),
            Err(e) => context.log(Level::Error, &format!("read routes and rules: {e}")),
        }
    }

    /// Removes or adds.
    pub(super) fn reroute(&mut self, actions: &[Action], add: bool, now: Time, context: &Context) {
        let changes = actions.iter().filter_map(|action| match action {
            Action::Reroute(change) if change.add == add => Some(change.as_ref()),
            _ => None,
        });
        let mut changes = changes.peekable();
        while changes.peek().is_some() {
            self.batch.clear();
            let mut made: Vec<&Reroute> = Vec::new();
            for change in changes.by_ref().take(BATCH) {
                if self.write_reroute(change) {
                    made.push(change);
                } else {
                    let why = if add { Refusal::Other("no such interface") } else { Refusal::Gone };
                    let event = Event::NotRerouted { change, why };
                    self.node.handle(now, event, &mut self.actions);
                }
            }
            if made.is_empty() {
                continue;
            }
            match self.requests.transact(&mut self.batch) {
                Ok(refusals) => {
                    for refusal in refusals {
                        let change = made[refusal.index];
                        let words = refusal.to_string();
                        let event = Event::NotRerouted { change, why: why(&refusal, add, &words) };
                        self.node.handle(now, event, &mut self.actions);
                    }
                }
                Err(e) => context.log(Level::Error, &format!("change routes and rules: {e}")),
            }
        }
    }

    /// `false`: an interface is not there.
    fn write_reroute(&mut self, change: &Reroute) -> bool {
        let interfaces = &self.interfaces;
        match &change.item {
            Item::Rule(it) => rule::write(&mut self.batch, it, change.add),
            Item::Route(it) => {
                let index_of = |name: &str| {
                    interfaces.values().find(|link| link.name == name).map(|link| link.index)
                };
                return route::write(&mut self.batch, it, change.add, index_of).is_some();
            }
        }
        true
    }
}

fn why<'a>(refusal: &message::Refusal, add: bool, words: &'a str) -> Refusal<'a> {
    match refusal.errno {
        libc::EEXIST if add => Refusal::Exists,
        libc::ESRCH | libc::ENOENT | libc::ENODEV if !add => Refusal::Gone,
        _ => Refusal::Other(words),
    }
}

#[cfg(test)]
mod tests;

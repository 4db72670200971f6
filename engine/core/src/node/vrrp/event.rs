//! What comes in.

use core::net::IpAddr;
use core::time::Duration;

use super::{Action, BfdDatagram, Item, Refusal, Reroute, Snapshot, Tables};
use crate::net::kernel_setting::Changed;
use crate::net::reconcile::{Change, Present};
use crate::track::file::Content;
use crate::vrrp::instance::Move;

/// What happens to the host.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// "Look at your deadlines."
    Timer,
    /// A datagram of IP protocol 112, or 51 with such a one in it, with its IP header.
    Datagram {
        /// Index of the interface in [`VrrpNode::links`].
        link: usize,
        /// Its bytes.
        bytes: &'a [u8],
    },
    /// A datagram of BFD.
    Bfd(BfdDatagram<'a>),
    /// An interface appeared or changed.
    Link {
        /// Its name.
        name: &'a str,
        /// IFF_UP and IFF_RUNNING.
        up: bool,
    },
    /// An interface disappeared.
    LinkGone {
        /// Its name.
        name: &'a str,
    },
    /// The kernel has an address.
    AddressAdded {
        /// Its interface.
        dev: &'a str,
        /// What it is.
        present: Present,
    },
    /// The kernel has it no more.
    AddressRemoved {
        /// Its interface.
        dev: &'a str,
        /// The address.
        ip: IpAddr,
        /// Its prefix length.
        prefix_len: u8,
    },
    /// Everything that the kernel has, after events were lost.
    Everything(&'a Snapshot),
    /// The kernel refused a change.
    Refused {
        /// The change.
        change: &'a Change,
        /// Its words.
        why: &'a str,
    },
    /// The kernel tells of a route or a rule that we have not changed.
    Rerouted {
        /// It came or went.
        item: &'a Item,
        /// A process did it, not the kernel by itself.
        by_somebody: bool,
    },
    /// The kernel's routes and rules, as [`Action::ReadRouting`] asked for.
    Routing(&'a Tables),
    /// The kernel refused [`Action::Reroute`].
    NotRerouted {
        /// The change.
        change: &'a Reroute,
        /// Why.
        why: Refusal<'a>,
    },
    /// [`Action::Interfaces`], [`Action::Block`], [`Action::Unblock`] or [`Action::Daemons`] could not be carried out.
    Failed {
        /// Which of them.
        action: &'a Action,
        /// Why.
        why: &'a str,
    },
    /// [`Action::Interfaces`] was carried out.
    InterfacesMade,
    /// [`Action::Tune`] was carried out.
    Tuned {
        /// All that is changed now.
        changed: &'a [Changed],
        /// What could not be changed, and why.
        refused: Option<&'a str>,
    },
    /// A script ended.
    ScriptEnded {
        /// Its name.
        name: &'a str,
        /// Exit status 0.
        success: bool,
        /// How long it ran.
        took: Duration,
        /// The last line that it printed.
        output: &'a str,
    },
    /// A tracked file was looked at.
    File {
        /// Its name.
        name: &'a str,
        /// What it holds.
        content: Content,
    },
    /// Tracked processes were counted.
    Processes {
        /// Their name.
        name: &'a str,
        /// How many there are.
        count: u32,
    },
    /// The machine slept while the network did not.
    Slept,
    /// An operator's move.
    Operator {
        /// Name of the instance.
        instance: &'a str,
        /// The move.
        the_move: Move,
    },
    /// Leave in order.
    Stop,
}

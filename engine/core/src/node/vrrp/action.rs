//! What goes out.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::bfd::BfdPacket;
use super::routing::Reroute;
use crate::bfd::news as bfd_news;
use crate::command::Command;
use crate::ipvs::sync::Daemon;
use crate::journal::Entry;
use crate::mail::message::Alert;
use crate::net::address::Address;
use crate::net::kernel_setting::Setting;
use crate::net::link::VirtualLink;
use crate::net::reconcile::Change;

/// How much a line of the log matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// It does not work.
    Error,
    /// It looks wrong.
    Warning,
    /// It is worth knowing.
    Notice,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send an advert ([`VrrpNode::slot`] writes it) to all destinations of the instance.
    SendAdvert {
        /// Index of the instance.
        instance: usize,
        /// 0: leaving.
        priority: u8,
    },
    /// Send a packet of BFD.
    SendBfd(BfdPacket),
    /// Tell the checks of a BFD session.
    TellChecks(bfd_news::News),
    /// Change an address in the kernel; answer with [`Event::Refused`] if it won't.
    Change(Change),
    /// Change a route or a rule: removals before addresses are changed, additions after that; answer with
    /// [`Event::NotRerouted`] if the kernel won't.
    Reroute(Box<Reroute>),
    /// Answer with [`Event::Routing`].
    ReadRouting,
    /// Drop packets to and from exactly these from now on; before addresses are changed.
    Block(Vec<Address>),
    /// The same, after addresses were changed.
    Unblock(Vec<Address>),
    /// Run exactly these IPVS sync daemons.
    Daemons(Vec<Daemon>),
    /// Make these virtual interfaces before addresses are changed, and remove others of [`VrrpNode::made_links`] after
    /// it; answer with [`Event::InterfacesMade`].
    Interfaces(Vec<VirtualLink>),
    /// Give exactly these kernel settings their values before addresses are changed, and put others back that
    /// [`VrrpNode::changed_settings`] names after it; answer with [`Event::Tuned`].
    Tune(Vec<Setting>),
    /// Announce one address of an instance.
    Announce {
        /// Index of the instance.
        instance: usize,
        /// Index of the address, for [`Slot::address`].
        address: usize,
    },
    /// Announce the address that the adverts of a unicast instance come from: its interface is back, perhaps elsewhere.
    AnnounceSource {
        /// Index of the instance.
        instance: usize,
    },
    /// Start a tracked script; answer with [`Event::ScriptEnded`].
    RunScript {
        /// Index in [`VrrpNode::scripts`].
        script: usize,
    },
    /// Run a notification; those of a queue one after the other.
    Notify {
        /// The queue: the name of an instance or group.
        queue: String,
        /// The program with all its arguments.
        command: Command,
    },
    /// Send a mail.
    Mail(Alert),
    /// Write a line to the FIFOs.
    Fifo(String),
    /// Put a change into the journal.
    Record(Box<Entry>),
    /// Write a line to the log.
    Log(Weight, String),
    /// [`VrrpNode::handover`] is different now.
    Changed,
    /// [`VrrpNode::links`] is different now.
    Links,
    /// After [`Event::Stop`]: all addresses are given up.
    Released,
}

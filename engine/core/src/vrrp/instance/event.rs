//! What happens to an instance, what it says is to be done, and the states between which it moves.

use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;
use core::time::Duration;

use super::parameters::Parameters;
use crate::journal::Reason;
use crate::time::Time;

/// Where an instance is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum State {
    /// Not started, not yet decided, or stopped.
    Init,
    /// Listens to a master.
    Backup,
    /// Holds the addresses.
    Master,
    /// Neither listens nor sends: something it needs is missing.
    Fault,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Init => "INIT",
            Self::Backup => "BACKUP",
            Self::Master => "MASTER",
            Self::Fault => "FAULT",
        })
    }
}

/// Whether an instance can do its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It can.
    Good,
    /// An unweighted script has no result yet.
    Undecided,
    /// It can't, and why.
    Faulty(Reason),
}

/// What happens to an instance.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// The engine starts; until `quiet_until` adverts are not listened to.
    Start {
        /// Whether it can work.
        condition: &'a Condition,
        /// End of `vrrp_startup_delay`.
        quiet_until: Time,
    },
    /// A successor goes on in this state.
    Resume {
        /// `Backup` or `Master`.
        state: State,
        /// When the last advert was sent, or the last one of the master was heard.
        last_advert: Time,
    },
    /// "Look at your deadlines."
    Timer,
    /// An advert that has passed all checks.
    Advert {
        /// Its sender.
        source: IpAddr,
        /// 0: leaving.
        priority: u8,
        /// The sender's interval.
        interval: Duration,
    },
    /// The effective priority, after tracking.
    Priority(u8),
    /// Whether it can work.
    Condition(&'a Condition),
    /// The sync group has decided.
    Together {
        /// `Master` or `Backup`.
        state: State,
        /// Why.
        reason: &'a Reason,
    },
    /// New settings.
    Parameters(Parameters),
    /// The operator's move.
    Operator(Move),
    /// The machine slept; the own clock stood still, that of the peers did not.
    Slept,
    /// The engine stops, or the instance has been removed.
    Stop(&'a Reason),
}

/// What an operator can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// Hand over to the peer, and don't come back while it lives.
    Yield,
    /// Take part again as configured.
    Reclaim,
}

/// What is to be done, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send an advert with this priority.
    SendAdvert(u8),
    /// Hold the addresses.
    Hold,
    /// Release the addresses, if held.
    Release,
    /// Announce all addresses, now and later.
    Announce,
    /// Announce them because a worse master was heard.
    AnnounceAgain,
    /// Write it down and tell everybody.
    Became {
        /// The former state.
        from: State,
        /// The new state.
        to: State,
        /// Why.
        reason: Reason,
    },
    /// As member of a group: would be master.
    Wish,
    /// A master with lower priority was heard.
    HeardLower,
}

/// Appended to by [`Instance::handle`]; owned and reused by the caller.
pub type Actions = Vec<Action>;

/// A neighbour that was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Heard {
    /// Its address.
    pub address: IpAddr,
    /// Its priority.
    pub priority: u8,
    /// When.
    pub at: Time,
}

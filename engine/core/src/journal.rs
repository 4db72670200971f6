//! Why something changed: one entry for each change of state, in words for `events` and `status`. No transition of a
//! state machine is possible without a [`Reason`].

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;
use core::net::IpAddr;
use core::time::Duration;

use crate::time::Time;

/// What `events` prints on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Entry {
    /// When it happened.
    pub at: Time,
    /// What it happened to: an instance, a group, a server.
    pub subject: String,
    /// What happened, as `BACKUP -> MASTER` or `db3 down`.
    pub change: String,
    /// Why.
    pub reason: Reason,
    /// Became master: from the decision to the first announcement on the wire.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub announced_after: Option<Duration>,
}

impl Entry {
    /// The reason in words, with what is known of the consequences.
    #[must_use]
    pub fn why(&self) -> String {
        match self.announced_after {
            Some(after) => {
                let tenths = after.as_micros() / 100;
                format!("{}; announced after {}.{} ms", self.reason, tenths / 10, tenths % 10)
            }
            None => self.reason.to_string(),
        }
    }
}

/// Why something changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Reason {
    /// The engine started; a backup listens first.
    Started,
    /// The engine started and owns the addresses (priority 255, `state MASTER`).
    Owner,
    /// A successor of the same state goes on after this long.
    Resumed {
        /// Since the last sign of life of the former process.
        away: Duration,
    },
    /// No advert was ever heard.
    Alone {
        /// How long it listened.
        waited: Duration,
    },
    /// The master sent no more adverts.
    Silent {
        /// The master.
        peer: IpAddr,
        /// Since its last advert.
        silent: Duration,
        /// Adverts that were due in that time.
        adverts: u32,
        /// How late the own timer was.
        stall: Duration,
    },
    /// The master sent priority 0.
    Left {
        /// The master.
        peer: IpAddr,
    },
    /// A backup of higher priority took over.
    Preempted {
        /// The former master.
        peer: IpAddr,
        /// Its priority.
        theirs: u8,
        /// The own.
        ours: u8,
    },
    /// Another master has a better claim.
    Better {
        /// The other master.
        peer: IpAddr,
        /// Its priority.
        theirs: u8,
        /// The own; equal when the address decided.
        ours: u8,
    },
    /// The own process was not scheduled for so long that another master had to take over, and it has.
    Stalled {
        /// The other master.
        peer: IpAddr,
        /// Since the own last advert.
        silent: Duration,
    },
    /// The own process was not scheduled for so long that another router must have taken over.
    Expired {
        /// Since the own last advert.
        silent: Duration,
    },
    /// Unicast, but nobody to send to (`unicast_fault_no_peer`).
    NoPeer,
    /// The machine slept.
    Slept,
    /// An interface is down or gone.
    LinkDown {
        /// Its name.
        interface: String,
    },
    /// An interface has no address to send from.
    NoSource {
        /// Its name.
        interface: String,
    },
    /// An unweighted tracked object failed.
    Track {
        /// `script`, `interface`, `file` or `process`.
        kind: String,
        /// Its name.
        name: String,
        /// What was found, where that is more than a failure.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        found: Option<String>,
    },
    /// Somebody deletes an address again and again.
    Contested {
        /// The address.
        address: IpAddr,
        /// How often it was put back within a minute.
        repairs: u32,
    },
    /// Another member of the sync group changed.
    Group {
        /// That member.
        member: String,
    },
    /// The last cause of the fault is gone.
    Recovered,
    /// The operator asked for it.
    Operator,
    /// The engine stops.
    Stopping,
    /// No longer in the configuration.
    Removed,
    /// An address was put back after somebody had deleted it.
    Repaired {
        /// The address.
        address: IpAddr,
    },
    /// A route or a rule was put back after somebody had deleted it.
    Rerouted {
        /// Which, as a line of the configuration.
        what: String,
    },
    /// Words of a check or a program, as they are.
    Said(String),
    /// A BFD neighbour answers.
    BfdHeard {
        /// The neighbour.
        neighbour: IpAddr,
    },
    /// A BFD neighbour sent nothing for the detection time.
    BfdSilent {
        /// The neighbour.
        neighbour: IpAddr,
        /// Since its last packet.
        silent: Duration,
    },
    /// A BFD neighbour says that the session is down.
    BfdSaid {
        /// The neighbour.
        neighbour: IpAddr,
        /// Its diagnostic, in the words of RFC 5880.
        diagnostic: String,
    },
    /// A BFD neighbour was told to end the session.
    BfdAdminDown {
        /// The neighbour.
        neighbour: IpAddr,
    },
    /// A BFD neighbour was never heard.
    BfdUnheard {
        /// The neighbour.
        neighbour: IpAddr,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started => write!(f, "engine started; listening first"),
            Self::Owner => write!(f, "engine started as owner of the addresses"),
            Self::Resumed { away } => write!(f, "taken up again after {}", Seconds(*away)),
            Self::Alone { waited } => write!(f, "no master heard for {}", Seconds(*waited)),
            Self::Silent { peer, silent, adverts, stall } => write!(
                f,
                "{peer} silent for {} ({adverts} adverts); own stall {} ms",
                Seconds(*silent),
                stall.as_millis()
            ),
            Self::Left { peer } => write!(f, "{peer} is leaving (priority 0)"),
            Self::Preempted { peer, theirs, ours } => {
                write!(f, "preempts {peer}: {ours} against {theirs}")
            }
            Self::Better { peer, theirs, ours } if theirs == ours => {
                write!(f, "{peer} is master with the same priority {theirs} and a higher address")
            }
            Self::Better { peer, theirs, ours } => {
                write!(f, "{peer} is master with {theirs} against {ours}")
            }
            Self::Stalled { peer, silent } => {
                write!(f, "{peer} took over during an own stall of {}", Seconds(*silent))
            }
            Self::Expired { silent } => write!(
                f,
                "not scheduled for {}: another router must have taken over",
                Seconds(*silent)
            ),
            Self::NoPeer => write!(f, "unicast without peers"),
            Self::Slept => write!(f, "the machine slept; listening first"),
            Self::LinkDown { interface } => write!(f, "interface {interface} is down"),
            Self::NoSource { interface } => {
                write!(f, "interface {interface} has no address to send from")
            }
            Self::Track { kind, name, found: Some(found) } => {
                write!(f, "tracked {kind} {name}: {found}")
            }
            Self::Track { kind, name, found: None } => write!(f, "tracked {kind} {name} failed"),
            Self::Contested { address, repairs } => {
                write!(f, "somebody deletes {address}: put back {repairs} times within a minute")
            }
            Self::Group { member } => write!(f, "follows {member} of its group"),
            Self::Recovered => write!(f, "last cause of the fault is gone"),
            Self::Operator => write!(f, "operator's move"),
            Self::Stopping => write!(f, "engine stops"),
            Self::Removed => write!(f, "removed from the configuration"),
            Self::Repaired { address } => write!(f, "{address} was deleted by somebody; put back"),
            Self::Rerouted { what } => write!(f, "{what} was deleted by somebody; put back"),
            Self::Said(text) => f.write_str(text),
            Self::BfdHeard { neighbour } => write!(f, "neighbour {neighbour} answers"),
            Self::BfdSilent { neighbour, silent } => write!(
                f,
                "neighbour {neighbour} silent for {} (control detection time expired)",
                Seconds(*silent)
            ),
            Self::BfdSaid { neighbour, diagnostic } => {
                write!(f, "neighbour {neighbour} signals down ({diagnostic})")
            }
            Self::BfdAdminDown { neighbour } => {
                write!(f, "neighbour {neighbour} is administratively down, which is no failure")
            }
            Self::BfdUnheard { neighbour } => write!(f, "neighbour {neighbour} was never heard"),
        }
    }
}

/// A duration as people read it: seconds with two decimals, short ones in milliseconds.
struct Seconds(Duration);

const SHORT: Duration = Duration::from_millis(100);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < SHORT {
            return write!(f, "{} ms", self.0.as_millis());
        }
        write!(f, "{}.{:02} s", self.0.as_secs(), self.0.subsec_millis() / 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_reads_as_a_sentence() {
        let reason = Reason::Silent {
            peer: "10.0.0.2".parse().unwrap(),
            silent: Duration::from_millis(3654),
            adverts: 3,
            stall: Duration::from_micros(300),
        };
        assert_eq!(reason.to_string(), "10.0.0.2 silent for 3.65 s (3 adverts); own stall 0 ms");
        let entry = Entry {
            at: Time::ZERO,
            subject: "read".into(),
            change: "BACKUP -> MASTER".into(),
            reason,
            announced_after: Some(Duration::from_micros(840)),
        };
        assert!(entry.why().ends_with("own stall 0 ms; announced after 0.8 ms"), "{}", entry.why());
        let better = Reason::Better { peer: "10.0.0.2".parse().unwrap(), theirs: 100, ours: 90 };
        assert_eq!(better.to_string(), "10.0.0.2 is master with 100 against 90");
    }
}

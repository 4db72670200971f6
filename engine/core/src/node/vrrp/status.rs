//! What `status` shows of the instances, and words for the log.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use super::{Counters, Odd, Seen, Slot, VrrpNode};
use crate::time::Time;

/// One instance.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct InstanceStatus {
    /// Its name.
    pub name: String,
    /// Its interface.
    pub interface: String,
    /// Virtual router.
    pub vrid: u8,
    /// `MASTER`, `BACKUP`, `FAULT` or `INIT`.
    pub state: String,
    /// Effective priority.
    pub priority: u8,
    /// Configured priority.
    pub base_priority: u8,
    /// In this state for so long.
    pub since_ms_ago: u64,
    /// Why it is in this state.
    pub why: String,
    /// The router heard last.
    pub peer: Option<PeerStatus>,
    /// Its addresses.
    pub vips: Vec<VipStatus>,
    /// Its routes and rules.
    pub routing: Vec<RoutingStatus>,
    /// What it tracks.
    pub tracks: Vec<TrackStatus>,
    /// What was counted.
    pub counters: Counters,
}

/// A router that was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct PeerStatus {
    /// Its address.
    pub address: IpAddr,
    /// The priority of its last advert.
    pub priority: u8,
    /// How long ago that was.
    pub heard_ms_ago: u64,
}

/// A virtual address.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct VipStatus {
    /// With prefix length.
    pub address: String,
    /// Its interface.
    pub dev: String,
    /// The kernel has it.
    pub held: bool,
}

/// A route or a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct RoutingStatus {
    /// As a line of the configuration.
    pub line: String,
    /// The kernel has it.
    pub held: bool,
}

/// A tracked object.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct TrackStatus {
    /// `script`, `interface`, `file`, `process` or `bfd`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// `ok`, `failed` or `unknown`.
    pub state: &'static str,
    /// 0: a failure is a fault.
    pub weight: i16,
    /// Files: the number that it holds. Processes: how many run.
    pub value: Option<i64>,
    /// Scripts: how long the last run took.
    pub duration_ms: Option<u64>,
    /// Scripts: the last line that it printed. BFD sessions: why they are up or down.
    pub output: Option<String>,
}

impl VrrpNode {
    /// All instances as they are at `now`.
    #[must_use]
    pub fn status(&self, now: Time) -> Vec<InstanceStatus> {
        let living = self.slots.iter().filter(|slot| !slot.retired);
        living.map(|slot| self.instance_status(slot, now)).collect()
    }

    fn instance_status(&self, slot: &Slot, now: Time) -> InstanceStatus {
        let (settings, it) = (&slot.settings, &slot.instance);
        let peer = it.heard().map(|heard| PeerStatus {
            address: heard.address,
            priority: heard.priority,
            heard_ms_ago: millis(now.since(heard.at)),
        });
        let vips = slot.addresses().map(|address| VipStatus {
            address: format!("{}/{}", address.ip, address.prefix_len),
            dev: address.dev.clone(),
            held: self.addresses.has(address),
        });
        let routing = self.routing_of(slot).into_iter();
        let routing = routing.map(|(line, held)| RoutingStatus { line, held });
        let tracks = self.tracked(slot).map(|tracked| {
            let script = match tracked.seen {
                Seen::Script(script) => Some(script),
                Seen::Interface(_) | Seen::File(_) | Seen::Process(_) | Seen::Bfd(_) => None,
            };
            TrackStatus {
                kind: tracked.seen.kind(),
                name: tracked.track.name.clone(),
                state: tracked.state(),
                weight: tracked.track.weight,
                value: tracked.seen.value(),
                duration_ms: script.map(|it| millis(it.took())),
                output: match tracked.seen {
                    Seen::Script(script) => Some(script.output().to_string()),
                    Seen::Bfd(session) => Some(super::bfd::why(session)),
                    Seen::Interface(_) | Seen::File(_) | Seen::Process(_) => None,
                },
            }
        });
        InstanceStatus {
            name: settings.name.clone(),
            interface: settings.interface.clone(),
            vrid: settings.vrid,
            state: it.state().to_string(),
            priority: it.priority(),
            base_priority: settings.priority,
            since_ms_ago: millis(now.since(it.since())),
            why: slot.last.as_ref().map(crate::journal::Entry::why).unwrap_or_default(),
            peer,
            vips: vips.collect(),
            routing: routing.collect(),
            tracks: tracks.collect(),
            counters: slot.counters,
        }
    }

    /// The instance's last change had been announced after this long.
    pub fn announced(&mut self, instance: usize, after: Duration) {
        if let Some(entry) = &mut self.slots[instance].last {
            entry.announced_after = Some(after);
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A line for the log.
pub(super) fn odd(slot: &Slot, source: IpAddr, odd: Odd) -> String {
    let (name, interface) = (&slot.settings.name, &slot.settings.interface);
    let vrid = slot.settings.vrid;
    let from = format!("{name}: advert of {source} for VRID {vrid} on {interface}");
    match odd {
        Odd::Bad(error) => format!("{from} dropped: {error}"),
        Odd::Stranger => format!("{from} dropped: sender or its TTL is not that of a unicast_peer"),
        Odd::OldChecksum => format!("{from}: old checksum; ours will be so too"),
        Odd::Addresses => format!("{from} lists other addresses than configured here"),
        Odd::Interval(interval) => {
            let ours = slot.settings.advert_interval;
            format!(
                "{from} says interval {} ms, ours is {} ms",
                interval.as_millis(),
                ours.as_millis()
            )
        }
    }
}

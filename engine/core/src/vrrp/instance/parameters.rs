//! What the state machine needs of an instance's settings, as plain numbers.

use core::time::Duration;

use crate::vrrp::priority::OWNER;
use crate::vrrp::settings::{InstanceSettings, Transport, Version};
use crate::vrrp::timers::master_down_interval;

/// Silence of a master that makes a backup the master (RFC 9568 §6.1).
const ADVERTS: u8 = 3;

/// What the state machine needs of the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    pub(super) version: Version,
    pub(super) owner_at_start: bool,
    pub(super) advert_interval: Duration,
    pub(super) preempt: bool,
    pub(super) preempt_delay: Duration,
    pub(super) down_timer_adverts: u8,
    pub(super) lower_prio_no_advert: bool,
    pub(super) higher_prio_send_advert: bool,
    pub(super) grouped: bool,
    /// A master that was silent for longer is none any more (`timer_expired_backup`).
    pub(super) expires_after: Option<Duration>,
    /// Somebody may hear its adverts.
    pub(super) speaks: bool,
}

impl Parameters {
    /// Takes what it needs; `grouped`: a member of a sync group.
    #[must_use]
    pub fn new(settings: &InstanceSettings, grouped: bool) -> Self {
        let speaks = match &settings.transport {
            Transport::Multicast { .. } => true,
            Transport::Unicast { peers, .. } => !peers.is_empty(),
        };
        Self {
            version: settings.version,
            owner_at_start: settings.wants_master && settings.priority == OWNER,
            advert_interval: settings.advert_interval,
            preempt: settings.preempt,
            preempt_delay: settings.preempt_delay,
            down_timer_adverts: settings.down_timer_adverts,
            lower_prio_no_advert: settings.lower_prio_no_advert,
            higher_prio_send_advert: settings.higher_prio_send_advert,
            grouped,
            expires_after: settings.timer_expired_backup.map(|priority| {
                let interval = settings.advert_interval;
                master_down_interval(settings.version, priority, interval, ADVERTS)
            }),
            speaks,
        }
    }
}

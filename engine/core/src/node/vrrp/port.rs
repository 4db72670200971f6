//! What adverts need on an interface.

use alloc::vec::Vec;
use core::net::IpAddr;

use super::{Slot, VrrpNode};
use crate::vrrp::settings::{ReceiveBuffer, Transport};

/// What adverts over one family need on an interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PortNeeds {
    /// Some have authentication headers.
    pub headers: bool,
    /// Multicast groups to be joined, sorted.
    pub groups: Vec<IpAddr>,
    /// Room for adverts that wait to be read.
    pub buffer: Room,
}

/// Room in a socket, of all instances that ask for some; both zero: nobody does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// Bytes.
    pub bytes: u64,
    /// Packets of the size that the interface carries.
    pub packets: u64,
}

impl Room {
    fn add(&mut self, slot: &Slot) {
        match slot.settings.wire.receive_buffer {
            ReceiveBuffer::Default => {}
            ReceiveBuffer::Bytes(bytes) => self.bytes += u64::from(bytes),
            ReceiveBuffer::Packets(count) => self.packets += u64::from(count),
            ReceiveBuffer::Adverts(count) => self.bytes += u64::from(count) * slot.advert_length(),
        }
    }
}

impl VrrpNode {
    /// What adverts over one family need on an interface; `None`: there are none.
    #[must_use]
    pub fn port(&self, link: usize, ipv6: bool) -> Option<PortNeeds> {
        let mut needs: Option<PortNeeds> = None;
        for slot in self.slots.iter().filter(|it| it.link == link && it.is_ipv6() == ipv6) {
            let needs = needs.get_or_insert_default();
            needs.headers |= slot.settings.auth_header;
            needs.buffer.add(slot);
            if let Transport::Multicast { group } = slot.settings.transport {
                needs.groups.push(group);
            }
        }
        let mut needs = needs?;
        needs.groups.sort_unstable();
        needs.groups.dedup();
        Some(needs)
    }
}

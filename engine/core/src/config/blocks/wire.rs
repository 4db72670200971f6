//! Keywords of `vrrp_instance` and `global_defs` about how adverts are written and read where routers differ, and about
//! the room that they wait in (reference §2.2, §2.7).

use alloc::format;

use super::global_defs::GlobalDefs;
use super::vrrp_instance::VrrpInstance;
use super::{to_u8, to_u32};
use crate::config::diagnostic::{At, Diagnostics, Span, code};
use crate::config::keyword::extra;
use crate::config::tree::Node;
use crate::config::value;
use crate::vrrp::settings::{OldChecksum, ReceiveBuffer, Version, Wire};

/// What an instance says.
#[derive(Clone, Debug, Default)]
pub struct WireLines {
    /// `v3_checksum_as_v2`.
    pub checksum_as_v2: Option<At<bool>>,
    /// `old_unicast_checksum`.
    pub old_checksum: Option<At<OldChecksum>>,
    /// `kernel_rx_buf_size`.
    pub buffer: Option<u32>,
    /// `timer_expired_backup`.
    pub timer_expired: Option<At<u8>>,
    /// `unicast_fault_no_peer`.
    pub fault_without_peers: Option<Span>,
}

/// What `global_defs` say.
#[derive(Clone, Debug, Default)]
pub struct WireDefaults {
    /// `v3_checksum_as_v2`.
    pub checksum_as_v2: bool,
    /// `vrrp_rx_bufs_policy`.
    pub policy: Option<Policy>,
    /// `vrrp_rx_bufs_multiplier`.
    pub multiplier: Option<At<i64>>,
}

/// `vrrp_rx_bufs_policy`.
#[derive(Clone, Copy, Debug)]
pub enum Policy {
    /// What the interface carries.
    Mtu,
    /// What an advert needs.
    Advert,
    /// Bytes.
    Bytes(u32),
}

/// `MTU`, `ADVERT` or a number.
pub fn policy(node: &Node, out: &mut Diagnostics) -> Option<Policy> {
    extra(node, 2, out);
    let Some(word) = node.arguments().first() else {
        let message = format!("`{}` needs an argument", node.keyword().text);
        out.add(code::MISSING_ARGUMENT, node.keyword().span, message)
            .label("expected MTU, ADVERT or a number of bytes");
        return None;
    };
    if word.text.eq_ignore_ascii_case("MTU") {
        return Some(Policy::Mtu);
    }
    if word.text.eq_ignore_ascii_case("ADVERT") {
        return Some(Policy::Advert);
    }
    let bytes = value::int("vrrp_rx_bufs_policy", word, 1, i64::from(i32::MAX), out)?;
    u32::try_from(bytes).ok().map(Policy::Bytes)
}

/// `[never]`
pub fn old_checksum(node: &Node, out: &mut Diagnostics) -> Option<At<OldChecksum>> {
    extra(node, 2, out);
    match node.arguments().first() {
        None => Some(At::new(OldChecksum::Always, node.keyword().span)),
        Some(word) if word.text == "never" => Some(At::new(OldChecksum::Never, word.span)),
        Some(word) => {
            let message = format!("`old_unicast_checksum`: unknown word `{}`", word.text);
            out.add(code::BAD_ARGUMENT, word.span, message).label("expected never, or nothing");
            None
        }
    }
}

/// `[PRIORITY]`
pub fn timer_expired(node: &Node, out: &mut Diagnostics) -> Option<At<u8>> {
    extra(node, 2, out);
    let keyword = node.keyword();
    match node.arguments().first() {
        None => Some(At::new(254, keyword.span)),
        Some(word) => {
            let number = value::int(&keyword.text, word, 1, 254, out)?;
            Some(At::new(to_u8(At::new(number, word.span)), keyword.span))
        }
    }
}

impl VrrpInstance {
    /// How its adverts are written and read, without signatures.
    pub(super) fn wire(
        &self,
        global: &GlobalDefs,
        version: Version,
        out: &mut Diagnostics,
    ) -> Wire {
        let plain = version == Version::V3 && !self.is_ipv6();
        let mut effect = |keyword: &str, span: Span, has: bool, of: &str| {
            if !has {
                let message = format!("`{keyword}` has no effect {of}");
                out.add(code::NO_EFFECT, span, message);
            }
            has
        };
        let as_v2 = match &self.wire.checksum_as_v2 {
            Some(given) if given.value => {
                effect("v3_checksum_as_v2", given.span, plain, "but with version 3 over IPv4")
            }
            Some(_) => false,
            None => plain && global.wire.checksum_as_v2,
        };
        let old = match &self.wire.old_checksum {
            Some(given) => {
                let has = plain && !self.peers.is_empty();
                let of = "but with version 3 over IPv4 to unicast peers";
                if effect("old_unicast_checksum", given.span, has, of) {
                    given.value
                } else {
                    OldChecksum::default()
                }
            }
            None => OldChecksum::default(),
        };
        let times = global.wire.multiplier.as_ref().map_or(3, |n| to_u32(n.clone()));
        let buffer = match (self.wire.buffer, global.wire.policy) {
            (Some(bytes), _) => ReceiveBuffer::Bytes(bytes),
            (None, Some(Policy::Bytes(bytes))) => ReceiveBuffer::Bytes(bytes),
            (None, Some(Policy::Mtu)) => ReceiveBuffer::Packets(times),
            (None, Some(Policy::Advert)) => ReceiveBuffer::Adverts(times),
            (None, None) => ReceiveBuffer::Default,
        };
        Wire {
            v3_checksum_as_v2: as_v2,
            old_unicast_checksum: old,
            hmac: None,
            receive_buffer: buffer,
        }
    }

    /// Only a router that does not preempt may step back by itself: else it would be back at once.
    pub(super) fn timer_expired_backup(&self, preempt: bool, out: &mut Diagnostics) -> Option<u8> {
        let given = self.wire.timer_expired.as_ref()?;
        if preempt {
            let message = "`timer_expired_backup` has no effect without `nopreempt`";
            out.add(code::NO_EFFECT, given.span, message);
            return None;
        }
        Some(given.value)
    }
}

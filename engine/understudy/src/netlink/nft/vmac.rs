//! What leaves by virtual interfaces and must not (reference §3.6): reports of groups go out by the parent instead, so
//! that switches learn the virtual Ethernet address from the master alone; nor do they ask for routers, or announce an
//! address that is their parent's.
//!
//! ```text
//! map vmac_map { type iface_index : iface_index; elements = { "vrrp.51" : "eth0" } }
//! chain out { ip protocol igmp meta oifkind "macvlan" dup to ip daddr device oif map @vmac_map drop }
//! ```

use std::net::Ipv6Addr;

use super::{
    Attributes, Batch, Family, NF_DROP, NFT_CMP_EQ, NFT_META_L4PROTO, NFT_MSG_NEWSET,
    NFT_MSG_NEWSETELEM, NFT_PAYLOAD_NETWORK_HEADER, NFT_PAYLOAD_TRANSPORT_HEADER, NFT_REG_1,
    NFTA_CMP_DATA, NFTA_CMP_OP, NFTA_CMP_SREG, NFTA_DATA_VALUE, NFTA_LIST_ELEM, NFTA_LOOKUP_SET,
    NFTA_LOOKUP_SREG, NFTA_META_DREG, NFTA_META_KEY, NFTA_SET_ELEM_KEY,
    NFTA_SET_ELEM_LIST_ELEMENTS, NFTA_SET_ELEM_LIST_SET, NFTA_SET_ELEM_LIST_TABLE, NFTA_SET_FLAGS,
    NFTA_SET_ID, NFTA_SET_KEY_LEN, NFTA_SET_KEY_TYPE, NFTA_SET_NAME, NFTA_SET_TABLE, NLM_F_CREATE,
    SIDES, Table, equal, expression, meta, payload,
};

const NFTA_SET_DATA_TYPE: u16 = 6;
const NFTA_SET_DATA_LEN: u16 = 7;
const NFTA_SET_USERDATA: u16 = 13;
const NFTA_SET_ELEM_DATA: u16 = 2;
const NFTA_LOOKUP_DREG: u16 = 3;
const NFTA_DUP_SREG_ADDR: u16 = 1;
const NFTA_DUP_SREG_DEV: u16 = 2;
const NFT_SET_MAP: u32 = 8;
const NFT_META_OIF: u32 = 5;
const NFT_META_OIFKIND: u32 = 27;
const NFT_REG_2: u32 = 2;

/// nft's own number of this type, for `nft list`.
const IFACE_INDEX: u32 = 20;
/// The same of `ipv6_addr`.
const IPV6_ADDR: u32 = 8;
/// For `nft list`: keys (0) and data (1) are in the host's order (1).
const HOST_ORDER: [u8; 12] = {
    let [a, b, c, d] = 1u32.to_ne_bytes();
    [0, 4, a, b, c, d, 1, 4, a, b, c, d]
};

const IGMP: u8 = 2;
const ICMPV6: u8 = 58;
const ROUTER_SOLICITATION: u8 = 133;
const NEIGHBOUR_ADVERTISEMENT: u8 = 136;
const MLD2_REPORT: u8 = 143;

const MAP: (&str, u32) = ("vmac_map", 11);
const SET: (&str, u32) = ("vmac_set", 12);
const LINK_LOCAL: (&str, u32) = ("parent_link_local", 13);

/// One virtual interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vmac {
    /// Its number.
    pub index: u32,
    /// That of its parent.
    pub parent: u32,
    /// It sends IGMP.
    pub ipv4: bool,
    /// It sends MLD and neighbour discovery.
    pub ipv6: bool,
    /// The parent's own address, that it has too.
    pub link_local: Option<Ipv6Addr>,
}

impl Vmac {
    /// Whether it concerns this family's table.
    pub const fn is_of(&self, family: Family) -> bool {
        match family {
            Family::V4 => self.ipv4,
            Family::V6 => self.ipv6,
        }
    }
}

/// Sets, before there are chains.
pub fn sets(table: Table<'_>, batch: &mut Batch, vmacs: &[Vmac], dup: bool) {
    let pairs: Vec<(u32, u32)> = vmacs.iter().map(|it| (it.index, it.parent)).collect();
    if dup {
        set(table, batch, MAP, IFACE_INDEX, 4, true);
        elements(table, batch, MAP.0, pairs.iter().map(|(index, _)| index.to_ne_bytes()), |at| {
            Some(pairs[at].1.to_ne_bytes())
        });
    }
    if table.family == Family::V6 || !dup {
        set(table, batch, SET, IFACE_INDEX, 4, false);
        elements(table, batch, SET.0, pairs.iter().map(|(index, _)| index.to_ne_bytes()), |_| None);
    }
    let mut own: Vec<[u8; 16]> =
        vmacs.iter().filter_map(|it| it.link_local).map(|ip| ip.octets()).collect();
    own.sort_unstable();
    own.dedup();
    if table.family == Family::V6 && !own.is_empty() {
        set(table, batch, LINK_LOCAL, IPV6_ADDR, 16, false);
        elements(table, batch, LINK_LOCAL.0, own.into_iter(), |_| None);
    }
}

/// Rules of the chain `out`, before all others.
pub fn rules(table: Table<'_>, batch: &mut Batch, vmacs: &[Vmac], dup: bool) {
    let out = &SIDES[0];
    table.rule(batch, out, |a| {
        match table.family {
            Family::V4 => {
                payload(a, NFT_PAYLOAD_NETWORK_HEADER, 9, 1);
                equal(a, &[IGMP]);
            }
            Family::V6 => icmpv6(a, MLD2_REPORT),
        }
        if dup {
            table.load_address(a, &SIDES[1]);
            is_macvlan(a);
            index(a);
            lookup(a, MAP, true);
            expression(a, "dup", |a| {
                a.u32_be(NFTA_DUP_SREG_ADDR, NFT_REG_1);
                a.u32_be(NFTA_DUP_SREG_DEV, NFT_REG_2);
            });
        } else {
            is_macvlan(a);
            index(a);
            lookup(a, SET, false);
        }
        table.verdict(a, NF_DROP);
    });
    if table.family == Family::V4 {
        return;
    }
    table.rule(batch, out, |a| {
        icmpv6(a, ROUTER_SOLICITATION);
        is_macvlan(a);
        index(a);
        lookup(a, SET, false);
        table.verdict(a, NF_DROP);
    });
    if vmacs.iter().any(|it| it.link_local.is_some()) {
        table.rule(batch, out, |a| {
            icmpv6(a, NEIGHBOUR_ADVERTISEMENT);
            is_macvlan(a);
            index(a);
            lookup(a, SET, false);
            payload(a, NFT_PAYLOAD_TRANSPORT_HEADER, 8, 16);
            expression(a, "lookup", |a| {
                a.text(NFTA_LOOKUP_SET, LINK_LOCAL.0);
                a.u32_be(NFTA_LOOKUP_SREG, NFT_REG_1);
                a.u32_be(super::NFTA_LOOKUP_SET_ID, LINK_LOCAL.1);
            });
            table.verdict(a, NF_DROP);
        });
    }
}

fn set(
    table: Table<'_>,
    batch: &mut Batch,
    (name, id): (&str, u32),
    kind: u32,
    length: u32,
    map: bool,
) {
    batch.message(NFT_MSG_NEWSET, NLM_F_CREATE, &table.header(), |a| {
        a.text(NFTA_SET_TABLE, &table.firewall.table);
        a.text(NFTA_SET_NAME, name);
        a.u32_be(NFTA_SET_FLAGS, if map { NFT_SET_MAP } else { 0 });
        a.u32_be(NFTA_SET_KEY_TYPE, kind);
        a.u32_be(NFTA_SET_KEY_LEN, length);
        if map {
            a.u32_be(NFTA_SET_DATA_TYPE, kind);
            a.u32_be(NFTA_SET_DATA_LEN, length);
        }
        a.u32_be(NFTA_SET_ID, id);
        if kind == IFACE_INDEX {
            a.bytes(NFTA_SET_USERDATA, if map { &HOST_ORDER } else { &HOST_ORDER[..6] });
        }
    });
}

fn elements<const N: usize>(
    table: Table<'_>,
    batch: &mut Batch,
    set: &str,
    keys: impl Iterator<Item = [u8; N]>,
    data: impl Fn(usize) -> Option<[u8; N]>,
) {
    batch.message(NFT_MSG_NEWSETELEM, NLM_F_CREATE, &table.header(), |a| {
        a.text(NFTA_SET_ELEM_LIST_TABLE, &table.firewall.table);
        a.text(NFTA_SET_ELEM_LIST_SET, set);
        a.nest(NFTA_SET_ELEM_LIST_ELEMENTS, |a| {
            for (at, key) in keys.enumerate() {
                a.nest(NFTA_LIST_ELEM, |a| {
                    a.nest(NFTA_SET_ELEM_KEY, |a| a.bytes(NFTA_DATA_VALUE, &key));
                    if let Some(data) = data(at) {
                        a.nest(NFTA_SET_ELEM_DATA, |a| a.bytes(NFTA_DATA_VALUE, &data));
                    }
                });
            }
        });
    });
}

fn icmpv6(a: &mut Attributes<'_>, kind: u8) {
    meta(a, NFT_META_L4PROTO);
    equal(a, &[ICMPV6]);
    payload(a, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1);
    equal(a, &[kind]);
}

/// Without touching the first register.
fn is_macvlan(a: &mut Attributes<'_>) {
    second_meta(a, NFT_META_OIFKIND);
    let mut kind = [0; libc::IFNAMSIZ];
    kind[..7].copy_from_slice(b"macvlan");
    expression(a, "cmp", |a| {
        a.u32_be(NFTA_CMP_SREG, NFT_REG_2);
        a.u32_be(NFTA_CMP_OP, NFT_CMP_EQ);
        a.nest(NFTA_CMP_DATA, |a| a.bytes(NFTA_DATA_VALUE, &kind));
    });
}

fn index(a: &mut Attributes<'_>) {
    second_meta(a, NFT_META_OIF);
}

fn second_meta(a: &mut Attributes<'_>, key: u32) {
    expression(a, "meta", |a| {
        a.u32_be(NFTA_META_DREG, NFT_REG_2);
        a.u32_be(NFTA_META_KEY, key);
    });
}

fn lookup(a: &mut Attributes<'_>, (set, id): (&str, u32), map: bool) {
    expression(a, "lookup", |a| {
        a.text(NFTA_LOOKUP_SET, set);
        a.u32_be(NFTA_LOOKUP_SREG, NFT_REG_2);
        if map {
            a.u32_be(NFTA_LOOKUP_DREG, NFT_REG_2);
        }
        a.u32_be(super::NFTA_LOOKUP_SET_ID, id);
    });
}

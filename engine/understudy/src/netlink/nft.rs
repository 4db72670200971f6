//! nf_tables by nfnetlink (linux/netfilter/nf_tables.h), without the `nft` program: one table of each family that drops
//! packets to and from addresses.
//!
//! ```text
//! table ip NAME {
//!     set vips { type ipv4_addr; elements = { ... } }
//!     chain out { type filter hook output priority -1; ip saddr @vips drop }
//!     chain in  { type filter hook input priority -1; ip daddr @vips drop }
//! }
//! ```
//! IPv6 has the same, and lets neighbour discovery through first; link-local addresses have rules of their own with the
//! name of their interface.

mod vmac;

use std::net::{IpAddr, Ipv6Addr};

use understudy_core::net::address::Address;
use understudy_core::net::firewall::Firewall;

use super::message::{Attributes, Batch, NLM_F_CREATE};
pub use vmac::Vmac;

const NLM_F_APPEND: u16 = 0x800;
const NFNL_SUBSYS_NFTABLES: u16 = 10;
const NFNL_MSG_BATCH_BEGIN: u16 = 16;
const NFNL_MSG_BATCH_END: u16 = 17;
const NFPROTO_UNSPEC: u8 = 0;
const NFPROTO_IPV4: u8 = 2;
const NFPROTO_IPV6: u8 = 10;

const NFT_MSG_NEWTABLE: u16 = NFNL_SUBSYS_NFTABLES << 8;
const NFT_MSG_DELTABLE: u16 = NFNL_SUBSYS_NFTABLES << 8 | 2;
const NFT_MSG_NEWCHAIN: u16 = NFNL_SUBSYS_NFTABLES << 8 | 3;
const NFT_MSG_NEWRULE: u16 = NFNL_SUBSYS_NFTABLES << 8 | 6;
const NFT_MSG_NEWSET: u16 = NFNL_SUBSYS_NFTABLES << 8 | 9;
const NFT_MSG_NEWSETELEM: u16 = NFNL_SUBSYS_NFTABLES << 8 | 12;

const NFTA_TABLE_NAME: u16 = 1;
const NFTA_SET_TABLE: u16 = 1;
const NFTA_SET_NAME: u16 = 2;
const NFTA_SET_FLAGS: u16 = 3;
const NFTA_SET_KEY_TYPE: u16 = 4;
const NFTA_SET_KEY_LEN: u16 = 5;
const NFTA_SET_ID: u16 = 10;
const NFTA_SET_ELEM_LIST_TABLE: u16 = 1;
const NFTA_SET_ELEM_LIST_SET: u16 = 2;
const NFTA_SET_ELEM_LIST_ELEMENTS: u16 = 3;
const NFTA_SET_ELEM_KEY: u16 = 1;
const NFTA_LIST_ELEM: u16 = 1;
const NFTA_DATA_VALUE: u16 = 1;
const NFTA_DATA_VERDICT: u16 = 2;
const NFTA_VERDICT_CODE: u16 = 1;
const NFTA_CHAIN_TABLE: u16 = 1;
const NFTA_CHAIN_NAME: u16 = 3;
const NFTA_CHAIN_HOOK: u16 = 4;
const NFTA_CHAIN_POLICY: u16 = 5;
const NFTA_CHAIN_TYPE: u16 = 7;
const NFTA_HOOK_HOOKNUM: u16 = 1;
const NFTA_HOOK_PRIORITY: u16 = 2;
const NFTA_RULE_TABLE: u16 = 1;
const NFTA_RULE_CHAIN: u16 = 2;
const NFTA_RULE_EXPRESSIONS: u16 = 4;
const NFTA_EXPR_NAME: u16 = 1;
const NFTA_EXPR_DATA: u16 = 2;
const NFTA_PAYLOAD_DREG: u16 = 1;
const NFTA_PAYLOAD_BASE: u16 = 2;
const NFTA_PAYLOAD_OFFSET: u16 = 3;
const NFTA_PAYLOAD_LEN: u16 = 4;
const NFTA_LOOKUP_SET: u16 = 1;
const NFTA_LOOKUP_SREG: u16 = 2;
const NFTA_LOOKUP_SET_ID: u16 = 4;
const NFTA_META_DREG: u16 = 1;
const NFTA_META_KEY: u16 = 2;
const NFTA_CMP_SREG: u16 = 1;
const NFTA_CMP_OP: u16 = 2;
const NFTA_CMP_DATA: u16 = 3;
const NFTA_IMMEDIATE_DREG: u16 = 1;
const NFTA_IMMEDIATE_DATA: u16 = 2;

const NFT_REG_VERDICT: u32 = 0;
const NFT_REG_1: u32 = 1;
const NFT_CMP_EQ: u32 = 0;
const NFT_PAYLOAD_NETWORK_HEADER: u32 = 1;
const NFT_PAYLOAD_TRANSPORT_HEADER: u32 = 2;
const NFT_META_IIF: u32 = 4;
const NFT_META_OIF: u32 = 5;
const NFT_META_IIFNAME: u32 = 6;
const NFT_META_OIFNAME: u32 = 7;
const NFT_META_L4PROTO: u32 = 16;
const NF_INET_LOCAL_IN: u32 = 1;
const NF_INET_LOCAL_OUT: u32 = 3;
const NF_DROP: u32 = 0;
const NF_ACCEPT: u32 = 1;

const ICMPV6: u8 = 58;
/// Neighbour solicitation and advertisement.
const DISCOVERY: [u8; 2] = [135, 136];
/// The length of an attribute has 16 bits; an element takes at most 28 bytes.
const ELEMENTS: usize = 1000;
const SET: &str = "vips";

/// A kind of table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// `ip`
    V4,
    /// `ip6`
    V6,
}

impl Family {
    const fn number(self) -> u8 {
        match self {
            Self::V4 => NFPROTO_IPV4,
            Self::V6 => NFPROTO_IPV6,
        }
    }

    /// Of an address.
    pub const fn of(ip: IpAddr) -> Self {
        if ip.is_ipv4() { Self::V4 } else { Self::V6 }
    }
}

/// Which side of the packet, and where.
struct Side {
    chain: &'static str,
    hook: u32,
    interface: u32,
    index: u32,
    /// Where the address stands in the IP header.
    v4: u32,
    v6: u32,
}

const SIDES: [Side; 2] = [
    Side {
        chain: "out",
        hook: NF_INET_LOCAL_OUT,
        interface: NFT_META_OIFNAME,
        index: NFT_META_OIF,
        v4: 12,
        v6: 8,
    },
    Side {
        chain: "in",
        hook: NF_INET_LOCAL_IN,
        interface: NFT_META_IIFNAME,
        index: NFT_META_IIF,
        v4: 16,
        v6: 24,
    },
];

/// Starts a transaction: nothing in it happens unless all of it does.
pub fn begin() -> Batch {
    let mut batch = Batch::transaction();
    batch.message(NFNL_MSG_BATCH_BEGIN, 0, &header(NFPROTO_UNSPEC, NFNL_SUBSYS_NFTABLES), |_| {});
    batch
}

/// Ends it.
pub fn end(batch: &mut Batch) {
    batch.message(NFNL_MSG_BATCH_END, 0, &header(NFPROTO_UNSPEC, NFNL_SUBSYS_NFTABLES), |_| {});
}

/// Deletes a table, whether it is there or not.
pub fn delete(batch: &mut Batch, family: Family, table: &str) {
    for (kind, flags) in [(NFT_MSG_NEWTABLE, NLM_F_CREATE), (NFT_MSG_DELTABLE, 0)] {
        batch.message(kind, flags, &header(family.number(), 0), |a| a.text(NFTA_TABLE_NAME, table));
    }
}

/// What a table drops.
#[derive(Clone, Copy)]
pub struct Dropped<'a> {
    /// Packets to and from these.
    pub addresses: &'a [Address],
    /// What these must not send.
    pub vmacs: &'a [Vmac],
    /// Their reports of groups leave by their parents instead.
    pub dup: bool,
    /// The number of an interface, where rules are to have it instead of its name.
    pub index_of: &'a dyn Fn(&str) -> Option<u32>,
}

impl Dropped<'_> {
    /// Whether there is anything of this family.
    pub fn any(&self, family: Family) -> bool {
        self.addresses.iter().any(|it| Family::of(it.ip) == family)
            || self.vmacs.iter().any(|it| it.is_of(family))
    }
}

/// Makes the table that drops what is of this family.
pub fn create(batch: &mut Batch, family: Family, firewall: &Firewall, dropped: &Dropped<'_>) {
    let table = Table { family, firewall };
    let Dropped { addresses, dup, index_of, .. } = *dropped;
    let vmacs: Vec<Vmac> = dropped.vmacs.iter().filter(|it| it.is_of(family)).copied().collect();
    batch.message(NFT_MSG_NEWTABLE, NLM_F_CREATE, &table.header(), |a| {
        a.text(NFTA_TABLE_NAME, &firewall.table);
    });
    let own = || addresses.iter().filter(|address| Family::of(address.ip) == family);
    let link_local = |ip: IpAddr| matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local());
    let global: Vec<IpAddr> = own().map(|it| it.ip).filter(|ip| !link_local(*ip)).collect();
    if !vmacs.is_empty() {
        vmac::sets(table, batch, &vmacs, dup);
    }
    let any = own().next().is_some();
    if any {
        table.set(batch, &global);
    }
    for side in SIDES.iter().filter(|side| any || side.hook == NF_INET_LOCAL_OUT) {
        table.chain(batch, side);
        if side.hook == NF_INET_LOCAL_OUT && !vmacs.is_empty() {
            vmac::rules(table, batch, &vmacs, dup);
        }
        if !any {
            continue;
        }
        if family == Family::V6 {
            DISCOVERY.iter().for_each(|kind| table.let_through(batch, side, *kind));
        }
        table.drop_all(batch, side);
        for address in own().filter(|it| link_local(it.ip)) {
            if let IpAddr::V6(ip) = address.ip {
                table.drop_one(batch, side, ip, &address.dev, index_of(&address.dev));
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Table<'a> {
    family: Family,
    firewall: &'a Firewall,
}

impl Table<'_> {
    fn header(self) -> [u8; 4] {
        header(self.family.number(), 0)
    }

    fn set(self, batch: &mut Batch, ips: &[IpAddr]) {
        // nft's own numbers of types, for `nft list`.
        let (kind, length) = match self.family {
            Family::V4 => (7, 4),
            Family::V6 => (8, 16),
        };
        batch.message(NFT_MSG_NEWSET, NLM_F_CREATE, &self.header(), |a| {
            a.text(NFTA_SET_TABLE, &self.firewall.table);
            a.text(NFTA_SET_NAME, SET);
            a.u32_be(NFTA_SET_FLAGS, 0);
            a.u32_be(NFTA_SET_KEY_TYPE, kind);
            a.u32_be(NFTA_SET_KEY_LEN, length);
            a.u32_be(NFTA_SET_ID, self.set_id());
        });
        for part in ips.chunks(ELEMENTS) {
            batch.message(NFT_MSG_NEWSETELEM, NLM_F_CREATE, &self.header(), |a| {
                a.text(NFTA_SET_ELEM_LIST_TABLE, &self.firewall.table);
                a.text(NFTA_SET_ELEM_LIST_SET, SET);
                a.nest(NFTA_SET_ELEM_LIST_ELEMENTS, |a| {
                    for ip in part {
                        a.nest(NFTA_LIST_ELEM, |a| {
                            a.nest(NFTA_SET_ELEM_KEY, |a| a.ip(NFTA_DATA_VALUE, *ip));
                        });
                    }
                });
            });
        }
    }

    /// Unique within a transaction.
    const fn set_id(self) -> u32 {
        match self.family {
            Family::V4 => 1,
            Family::V6 => 2,
        }
    }

    fn chain(self, batch: &mut Batch, side: &Side) {
        batch.message(NFT_MSG_NEWCHAIN, NLM_F_CREATE, &self.header(), |a| {
            a.text(NFTA_CHAIN_TABLE, &self.firewall.table);
            a.text(NFTA_CHAIN_NAME, side.chain);
            a.nest(NFTA_CHAIN_HOOK, |a| {
                a.u32_be(NFTA_HOOK_HOOKNUM, side.hook);
                a.u32_be(NFTA_HOOK_PRIORITY, self.firewall.priority.cast_unsigned());
            });
            a.text(NFTA_CHAIN_TYPE, "filter");
            a.u32_be(NFTA_CHAIN_POLICY, NF_ACCEPT);
        });
    }

    fn rule(self, batch: &mut Batch, side: &Side, inner: impl FnOnce(&mut Attributes<'_>)) {
        batch.message(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, &self.header(), |a| {
            a.text(NFTA_RULE_TABLE, &self.firewall.table);
            a.text(NFTA_RULE_CHAIN, side.chain);
            a.nest(NFTA_RULE_EXPRESSIONS, inner);
        });
    }

    fn drop_all(self, batch: &mut Batch, side: &Side) {
        self.rule(batch, side, |a| {
            self.load_address(a, side);
            expression(a, "lookup", |a| {
                a.text(NFTA_LOOKUP_SET, SET);
                a.u32_be(NFTA_LOOKUP_SREG, NFT_REG_1);
                a.u32_be(NFTA_LOOKUP_SET_ID, self.set_id());
            });
            self.verdict(a, NF_DROP);
        });
    }

    fn drop_one(
        self,
        batch: &mut Batch,
        side: &Side,
        ip: Ipv6Addr,
        interface: &str,
        index: Option<u32>,
    ) {
        // As the kernel pads names.
        let mut name = [0; libc::IFNAMSIZ];
        for (to, from) in name.iter_mut().zip(interface.bytes()) {
            *to = from;
        }
        self.rule(batch, side, |a| {
            if let Some(index) = index {
                meta(a, side.index);
                equal(a, &index.to_ne_bytes());
            } else {
                meta(a, side.interface);
                equal(a, &name);
            }
            self.load_address(a, side);
            equal(a, &ip.octets());
            self.verdict(a, NF_DROP);
        });
    }

    fn let_through(self, batch: &mut Batch, side: &Side, icmp_type: u8) {
        self.rule(batch, side, |a| {
            meta(a, NFT_META_L4PROTO);
            equal(a, &[ICMPV6]);
            payload(a, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1);
            equal(a, &[icmp_type]);
            self.verdict(a, NF_ACCEPT);
        });
    }

    fn load_address(self, a: &mut Attributes<'_>, side: &Side) {
        match self.family {
            Family::V4 => payload(a, NFT_PAYLOAD_NETWORK_HEADER, side.v4, 4),
            Family::V6 => payload(a, NFT_PAYLOAD_NETWORK_HEADER, side.v6, 16),
        }
    }

    fn verdict(self, a: &mut Attributes<'_>, code: u32) {
        if self.firewall.counters {
            expression(a, "counter", |_| {});
        }
        expression(a, "immediate", |a| {
            a.u32_be(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
            a.nest(NFTA_IMMEDIATE_DATA, |a| {
                a.nest(NFTA_DATA_VERDICT, |a| a.u32_be(NFTA_VERDICT_CODE, code));
            });
        });
    }
}

/// nfgenmsg: family u8 | version u8 | resource u16 in network order
const fn header(family: u8, resource: u16) -> [u8; 4] {
    let [high, low] = resource.to_be_bytes();
    [family, 0, high, low]
}

fn expression(a: &mut Attributes<'_>, name: &str, inner: impl FnOnce(&mut Attributes<'_>)) {
    a.nest(NFTA_LIST_ELEM, |a| {
        a.text(NFTA_EXPR_NAME, name);
        a.nest(NFTA_EXPR_DATA, inner);
    });
}

fn payload(a: &mut Attributes<'_>, base: u32, offset: u32, length: u32) {
    expression(a, "payload", |a| {
        a.u32_be(NFTA_PAYLOAD_DREG, NFT_REG_1);
        a.u32_be(NFTA_PAYLOAD_BASE, base);
        a.u32_be(NFTA_PAYLOAD_OFFSET, offset);
        a.u32_be(NFTA_PAYLOAD_LEN, length);
    });
}

fn meta(a: &mut Attributes<'_>, key: u32) {
    expression(a, "meta", |a| {
        a.u32_be(NFTA_META_DREG, NFT_REG_1);
        a.u32_be(NFTA_META_KEY, key);
    });
}

fn equal(a: &mut Attributes<'_>, value: &[u8]) {
    expression(a, "cmp", |a| {
        a.u32_be(NFTA_CMP_SREG, NFT_REG_1);
        a.u32_be(NFTA_CMP_OP, NFT_CMP_EQ);
        a.nest(NFTA_CMP_DATA, |a| a.bytes(NFTA_DATA_VALUE, value));
    });
}

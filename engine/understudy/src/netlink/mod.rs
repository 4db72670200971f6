//! Netlink: the kernel's bytes and core's types.

pub mod address;
pub mod connector;
pub mod ipvs;
pub mod link;
pub mod message;
pub mod nft;
pub mod route;
pub mod rule;
pub mod virtual_link;

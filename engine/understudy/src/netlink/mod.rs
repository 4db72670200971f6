//! Netlink: the kernel's bytes and core's types.

pub mod ipvs;
pub mod message;

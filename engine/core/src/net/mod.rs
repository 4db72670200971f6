//! What the kernel's network configuration should be.

pub mod address;
pub mod encap;
pub mod firewall;
pub mod kernel_setting;
pub mod ledger;
pub mod link;
pub mod metric;
pub mod names;
pub mod prefix;
pub mod reconcile;
pub mod route;
pub mod rule;

//! What the kernel's network configuration should be.

pub mod address;
pub mod firewall;
pub mod kernel_setting;
pub mod link;
pub mod reconcile;

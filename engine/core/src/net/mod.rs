//! What the kernel's network configuration should be.

pub mod address;
pub mod firewall;
pub mod reconcile;

//! The commands: one file each.

pub mod check;
pub mod diagnostics;
pub mod show;

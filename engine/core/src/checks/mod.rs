//! Health checks: when to run them, and what their conversation says.

pub mod md5;
pub mod settings;

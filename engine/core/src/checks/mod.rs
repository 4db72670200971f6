//! Health checks: when to run them, and what their conversation says.

pub mod settings;

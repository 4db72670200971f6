//! Health checks: when to run them, and what their conversation says.

pub mod http;
pub mod misc;
pub mod ping;
pub mod schedule;
pub mod settings;
pub mod tcp;
pub mod verdict;

//! The IP Virtual Server: what its table should hold, and the way there (linux/ip_vs.h).

pub mod desire;
pub mod diff;
pub mod quorum;
pub mod settings;
pub mod sync;
pub mod table;
pub mod text;

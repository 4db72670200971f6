//! Programs that the engine runs, and the notifications among them.

pub mod child;
pub mod program;
pub mod user;

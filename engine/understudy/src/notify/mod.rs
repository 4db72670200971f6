//! Programs that the engine runs, and the notifications among them.

pub mod child;
pub mod fifo;
pub mod program;
pub mod queue;
pub mod user;

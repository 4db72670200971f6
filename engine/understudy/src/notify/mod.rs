//! Programs that the engine runs, and the notifications among them.

pub mod child;
pub mod fifo;
pub mod hosts;
pub mod mail;
pub mod program;
pub mod queue;
pub mod user;

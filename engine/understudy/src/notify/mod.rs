//! Programs that the engine runs, the notifications among them, and mails.

pub mod child;
pub mod fifo;
pub mod hosts;
pub mod mail;
pub mod program;
pub mod queue;
pub mod user;

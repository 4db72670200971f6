//! Mails about changes (reference §3.11): who gets them, what they say, and the conversation that hands them to a server.

pub mod mailbox;
pub mod message;
pub mod session;
pub mod settings;

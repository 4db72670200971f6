//! Bidirectional forwarding detection: is a neighbour's data path alive (RFC 5880, asynchronous mode)?

pub mod news;
pub mod packet;
pub mod session;
pub mod settings;

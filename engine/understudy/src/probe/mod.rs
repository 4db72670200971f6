//! Sockets that carry core's check conversations; nothing waits.

pub mod connection;

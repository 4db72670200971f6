//! The Virtual Router Redundancy Protocol: RFC 9568 (version 3) and RFC 3768 (version 2).

pub mod instance;
pub mod packet;
pub mod priority;
pub mod settings;
pub mod timers;

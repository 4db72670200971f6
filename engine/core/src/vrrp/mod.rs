//! The Virtual Router Redundancy Protocol: RFC 9568 (version 3) and RFC 3768 (version 2).

pub mod announce;
pub mod auth_hmac;
pub mod authentication_header;
pub mod envelope;
pub mod instance;
pub mod notify;
pub mod pace;
pub mod packet;
pub mod priority;
pub mod settings;
pub mod sync_group;
pub mod timers;

//! What the engine decides. Nothing here reads a clock, a socket, a file or the environment: time is an argument, the
//! world comes in as events and goes out as actions. So the daemon, the rehearsal and the simulator run the same code.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod bfd;
pub mod checks;
pub mod command;
pub mod config;
pub mod ipvs;
pub mod journal;
pub mod mail;
pub mod md5;
pub mod net;
pub mod node;
pub mod random;
pub mod sha256;
pub mod time;
pub mod track;
pub mod vrrp;

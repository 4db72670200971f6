//! The engine's binary: everything that touches the host.
#![deny(unsafe_code)]
#![allow(dead_code)] // until every part has its user

mod daemon;
mod log;
mod netlink;
mod notify;
mod probe;
#[allow(unsafe_code)]
mod sys;

fn main() {}

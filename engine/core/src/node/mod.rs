//! All machines of one host wired together; the daemon, the rehearsal and the tests run the same node.

pub mod buffers;
pub mod check;
pub mod namespaces;
pub mod process;
pub mod reload_time;
pub mod settings;
pub mod vrrp;

//! The processes of the engine: a supervisor and two workers, of the same binary. Here core meets the edges.

pub mod channel;
pub mod check_worker;
pub mod context;
pub mod dump;
pub mod handover;
pub mod journal;
pub mod launch;
pub mod load;
pub mod paths;
pub mod pid_files;
pub mod record;
pub mod scheduling;
pub mod slot;
pub mod status;
pub mod supervisor;
pub mod systemd;
pub mod turn;
pub mod vrrp_worker;
pub mod withdraw;
pub mod worker;

//! The processes of the engine: a supervisor and two workers, of the same binary. Here core meets the edges.

pub mod channel;
pub mod check_worker;
pub mod context;
pub mod idle;
pub mod record;
pub mod turn;
pub mod worker;

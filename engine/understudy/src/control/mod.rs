//! The control socket: JSON lines, a request and its answer each on one.

pub mod client;
pub mod server;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::daemon::worker::Request;

/// What a client asks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Ask {
    /// The whole status.
    Status,
    /// The journal.
    Events {
        /// Only of this instance or virtual server.
        #[serde(default)]
        instance: Option<String>,
        /// And what comes, one line each.
        #[serde(default)]
        follow: bool,
    },
    /// Read the configuration again.
    Reload {
        /// Only say whether it could be.
        #[serde(default)]
        dry_run: bool,
    },
    /// An operator's move, for a worker.
    Move(Request),
}

impl Ask {
    /// Does it change something? Then only root may.
    pub fn is_move(&self) -> bool {
        match self {
            Self::Status | Self::Events { .. } => false,
            Self::Reload { dry_run } => !dry_run,
            Self::Move(_) => true,
        }
    }
}

/// What a client gets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It was done; with what there is to tell.
    Ok(Value),
    /// It was not, and why.
    Error(String),
}

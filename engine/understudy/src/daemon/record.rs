//! One line of `understudy events`: what changed, and why.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A change with its reason, as it is kept in the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// When, in milliseconds since 1970; filled in by `Context::record`.
    #[serde(default)]
    pub at_ms: u64,
    /// Whom it is about: the name of an instance, group, script or virtual server, or `engine`.
    pub subject: String,
    /// What changed, as `BACKUP -> MASTER`.
    pub change: String,
    /// Why, as `db2 silent for 3.65 s (3 adverts)`.
    pub why: String,
    /// The same for programs.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub detail: Value,
}

impl Record {
    /// Without detail.
    pub fn new(
        subject: impl Into<String>,
        change: impl Into<String>,
        why: impl Into<String>,
    ) -> Self {
        let (subject, change, why) = (subject.into(), change.into(), why.into());
        Self { at_ms: 0, subject, change, why, detail: Value::Null }
    }

    /// With this time of day.
    #[must_use]
    pub fn stamped(mut self, since_epoch: Duration) -> Self {
        self.at_ms = u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX);
        self
    }
}

//! What those who don't run the sessions are told of them.

use alloc::string::String;

/// One session, as far as a check is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct News {
    /// Its name.
    pub session: String,
    /// Is it up? `None`: it never was, which says nothing yet.
    pub up: Option<bool>,
    /// Why.
    pub why: String,
}

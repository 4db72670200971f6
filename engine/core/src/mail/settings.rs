//! What the configuration says about mails.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::mailbox::Mailbox;

/// The server that takes mails.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Server {
    /// An address, or a name.
    pub host: String,
    /// Default 25.
    pub port: u16,
}

/// How mails are sent. Without a server or without recipients none are.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MailSettings {
    /// Who takes them.
    pub server: Option<Server>,
    /// Who sends them; `None`: root at this host.
    pub from: Option<Mailbox>,
    /// Who gets them.
    pub to: Vec<Mailbox>,
    /// How we introduce ourselves; `None`: the host's name.
    pub helo: Option<String>,
    /// Limit of the connection and of each answer; default 30 s.
    pub timeout: Duration,
}

impl Default for MailSettings {
    fn default() -> Self {
        Self {
            server: None,
            from: None,
            to: Vec::new(),
            helo: None,
            timeout: Duration::from_secs(30),
        }
    }
}

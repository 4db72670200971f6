//! What a check is told by the configuration (reference §2.16 to §2.26), inheritance resolved.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use crate::command::Command;

/// What all checks share.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Schedule {
    /// Between checks; default 60 s.
    pub delay_loop: Duration,
    /// Further attempts before the server is down; default by kind.
    pub retry: u32,
    /// Between attempts; default by kind.
    pub delay_before_retry: Duration,
    /// The first check starts after 1 s and a random part of this; default `delay_loop`.
    pub warmup: Duration,
    /// The check starts as failed.
    pub alpha: bool,
    /// Every failure is reported, not only the one that takes the server down.
    pub log_all_failures: bool,
}

/// Where and how a network check connects.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Connection {
    /// Target; default the real server.
    pub to: SocketAddr,
    /// Source address.
    pub bind_ip: Option<IpAddr>,
    /// Source port.
    pub bind_port: Option<u16>,
    /// SO_BINDTODEVICE.
    pub bind_if: Option<String>,
    /// For the connect, and for every later step; default 5 s.
    pub timeout: Duration,
    /// SO_MARK; 0: none.
    pub fwmark: u32,
}

/// HTTP version of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum HttpVersion {
    /// `1.0`
    V10,
    /// `1.0C`: with `Connection: close`.
    V10Close,
    /// `1.1`: with `Connection: close`.
    V11,
}

/// One page of an HTTP check.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Url {
    /// Sent as is.
    pub path: String,
    /// MD5 of the body.
    pub digest: Option<[u8; 16]>,
    /// Accepted status codes, inclusive; default 200..=299.
    pub status: Vec<(u16, u16)>,
    /// Host header; `None`: address and port.
    pub virtualhost: Option<String>,
    /// SSL_GET: says `close_notify` at the end. Absent in what an older engine handed over.
    #[cfg_attr(feature = "serde", serde(default))]
    pub close_notify: bool,
}

/// The name that SSL_GET tells the server (SNI), so that it picks a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ServerName {
    /// None.
    Unsaid,
    /// The page's virtual host, if it has one.
    Virtualhost,
    /// This one.
    Fixed(String),
}

impl ServerName {
    /// The name for a page, without a port.
    #[must_use]
    pub fn of<'a>(&'a self, url: &'a Url) -> Option<&'a str> {
        let name = match self {
            Self::Unsaid => None,
            Self::Virtualhost => url.virtualhost.as_deref(),
            Self::Fixed(name) => Some(name.as_str()),
        }?;
        let port = |p: &str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit());
        match name.rsplit_once(':') {
            Some((host, p)) if port(p) && !host.contains(':') => Some(host),
            _ => Some(name),
        }
    }
}

/// What a check does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum CheckKind {
    /// Connects.
    Tcp(Connection),
    /// Asks for pages and looks at status and body.
    Http {
        /// Where.
        connection: Connection,
        /// Version of the requests.
        version: HttpVersion,
        /// Pages, all must succeed; never empty.
        urls: Vec<Url>,
        /// While down, test the next page without delay.
        fast_recovery: bool,
        /// SSL_GET: over TLS, with this name. Absent in what an older engine handed over.
        #[cfg_attr(feature = "serde", serde(default))]
        tls: Option<ServerName>,
    },
    /// Sends an ICMP echo request; of the connection neither port counts.
    Ping(Connection),
    /// Runs a program; exit status 0 is success.
    Misc {
        /// What to run.
        command: Command,
        /// Then the process group gets SIGTERM, 2 s later SIGKILL.
        timeout: Duration,
        /// Exit status 2..=255 sets the weight to status - 2.
        dynamic: bool,
    },
    /// Asks nobody: a session of the VRRP worker tells.
    Bfd {
        /// Its name.
        session: String,
    },
}

/// One check of one real server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CheckSettings {
    /// When.
    pub schedule: Schedule,
    /// What.
    pub kind: CheckKind,
}

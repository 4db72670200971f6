//! What one run of a check found out.

use alloc::string::String;
use core::fmt;
use core::time::Duration;

/// The end of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The server answers as it should. `weight` is what MISC_CHECK with `misc_dynamic` asks for; `None` leaves it.
    Passed {
        /// The server's new weight.
        weight: Option<u32>,
    },
    /// It does not.
    Failed(Failure),
    /// This host could not ask (no free port, no descriptor): says nothing about the server.
    Undecided(String),
}

impl Verdict {
    /// Passed, and the weight stays.
    pub const PASSED: Self = Self::Passed { weight: None };
}

/// What a network check was waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Step {
    /// The connection.
    Connect,
    /// The end of the TLS handshake.
    Handshake,
    /// Room to send the request.
    Send,
    /// The answer, or its rest.
    Answer,
}

/// Why a run failed, in words for `events` and `status`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Failure {
    /// The system's word for a connection that failed: `connection refused`, `no route to host`.
    Connect(String),
    /// Nothing came.
    Timeout {
        /// What was awaited.
        step: Step,
        /// For how long.
        after: Duration,
    },
    /// The server and we could not agree on how to encrypt, or it broke the rules; why.
    Tls(String),
    /// The server speaks TLS, but only versions that Understudy does not.
    OldTls,
    /// The connection broke during the conversation.
    Broken(String),
    /// The connection ended before a blank line ended the header.
    NoHeader {
        /// Bytes that had come.
        bytes: usize,
    },
    /// More header or body than a check reads.
    TooLong {
        /// `header` or `body`.
        what: Part,
        /// The limit, bytes.
        limit: u64,
    },
    /// A status code that is not accepted; `None`: no code where one should be.
    Status {
        /// The page.
        path: String,
        /// The code.
        got: Option<u16>,
    },
    /// Another digest.
    Digest {
        /// The page.
        path: String,
        /// The body's MD5.
        got: String,
    },
    /// The program ended with this status.
    Exit(i32),
    /// The program was ended by this signal.
    Signal(i32),
    /// The program did not end in time.
    Overdue(Duration),
    /// The program could not be started.
    NotStarted(String),
    /// The BFD session is down; why.
    Session(String),
}

/// Part of an HTTP reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Part {
    /// Up to the blank line.
    Header,
    /// After it.
    Body,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(why) => write!(f, "connect: {why}"),
            Self::Timeout { step, after } => {
                let awaited = match step {
                    Step::Connect => "connection",
                    Step::Handshake => "end of the TLS handshake",
                    Step::Send => "room to send",
                    Step::Answer => "answer",
                };
                write!(f, "no {awaited} within {after:?}")
            }
            Self::Tls(why) => write!(f, "TLS: {why}"),
            Self::OldTls => f.write_str(
                "TLS: the server has nothing newer than TLS 1.1, Understudy nothing older than 1.2",
            ),
            Self::Broken(why) => write!(f, "connection lost: {why}"),
            Self::NoHeader { bytes: 0 } => f.write_str("closed without an answer"),
            Self::NoHeader { bytes } => write!(f, "no HTTP header in {bytes} bytes"),
            Self::TooLong { what, limit } => {
                let what = if *what == Part::Header { "header" } else { "body" };
                write!(f, "{what} longer than {limit} bytes")
            }
            Self::Status { path, got: Some(code) } => write!(f, "{path}: status {code}"),
            Self::Status { path, got: None } => write!(f, "{path}: no status code"),
            Self::Digest { path, got } => write!(f, "{path}: digest {got}"),
            Self::Exit(status) => write!(f, "exit status {status}"),
            Self::Signal(signal) => write!(f, "ended by signal {signal}"),
            Self::Overdue(after) => write!(f, "not finished within {after:?}"),
            Self::NotStarted(why) => write!(f, "could not be started: {why}"),
            Self::Session(why) => f.write_str(why),
        }
    }
}

//! TCP_CHECK: a connection within its timeout is all it asks for (reference §4.6).

use alloc::string::String;

use super::verdict::{Failure, Verdict};

/// How a connect ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Connect {
    /// The server accepted.
    Established,
    /// The server or the way to it refused; in the system's words.
    Refused(String),
    /// This host had no port, address or descriptor for it.
    Local(String),
}

/// What the check says to that.
#[must_use]
pub fn verdict(connect: Connect) -> Verdict {
    match connect {
        Connect::Established => Verdict::PASSED,
        Connect::Refused(why) => Verdict::Failed(Failure::Connect(why)),
        Connect::Local(why) => Verdict::Undecided(why),
    }
}

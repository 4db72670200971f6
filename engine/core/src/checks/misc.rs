//! MISC_CHECK: what the end of a program says (reference §4.8).

use alloc::string::String;
use core::time::Duration;

use super::verdict::{Failure, Verdict};

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// By itself, with this status.
    Status(i32),
    /// By a signal.
    Signal(i32),
    /// It was killed at its timeout.
    Overdue(Duration),
    /// It never ran.
    NotStarted(String),
}

/// 0 is success. With `dynamic` 1 is failure and 2..=255 success with weight status - 2; without it all but 0 fails.
#[must_use]
pub fn verdict(exit: Exit, dynamic: bool) -> Verdict {
    match exit {
        Exit::Status(0) => Verdict::PASSED,
        Exit::Status(status @ 2..=255) if dynamic => {
            Verdict::Passed { weight: u32::try_from(status - 2).ok() }
        }
        Exit::Status(status) => Verdict::Failed(Failure::Exit(status)),
        Exit::Signal(signal) => Verdict::Failed(Failure::Signal(signal)),
        Exit::Overdue(after) => Verdict::Failed(Failure::Overdue(after)),
        Exit::NotStarted(why) => Verdict::Failed(Failure::NotStarted(why)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        let failed = |status| Verdict::Failed(Failure::Exit(status));
        let rows = [
            (0, false, Verdict::PASSED),
            (1, false, failed(1)),
            (2, false, failed(2)),
            (0, true, Verdict::PASSED),
            (1, true, failed(1)),
            (2, true, Verdict::Passed { weight: Some(0) }),
            (255, true, Verdict::Passed { weight: Some(253) }),
        ];
        for (status, dynamic, want) in rows {
            assert_eq!(verdict(Exit::Status(status), dynamic), want, "{status} {dynamic}");
        }
    }
}

//! Who is told of a change, and in which words (reference §3.11): programs get keepalived's arguments, FIFOs its lines.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use super::settings::Notify;
use crate::command::Command;

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// One instance.
    Instance,
    /// A sync group.
    Group,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Instance => "INSTANCE",
            Self::Group => "GROUP",
        })
    }
}

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// Entered MASTER.
    Master,
    /// Entered BACKUP.
    Backup,
    /// Entered FAULT.
    Fault,
    /// The engine stops.
    Stop,
    /// Removed by a reload.
    Deleted,
    /// As MASTER heard a lower priority.
    MasterHeardLower,
    /// The effective priority changed while MASTER.
    MasterPriority,
    /// The effective priority changed in another state.
    BackupPriority,
}

impl fmt::Display for News {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Master => "MASTER",
            Self::Backup => "BACKUP",
            Self::Fault => "FAULT",
            Self::Stop => "STOP",
            Self::Deleted => "DELETED",
            Self::MasterHeardLower => "MASTER_RX_LOWER_PRI",
            Self::MasterPriority => "MASTER_PRIORITY",
            Self::BackupPriority => "BACKUP_PRIORITY",
        })
    }
}

/// Programs to run, in this order and one after the other; then the line for the FIFOs, with its newline.
#[must_use]
pub fn tell(
    subject: Subject,
    name: &str,
    news: News,
    priority: u8,
    notify: &Notify,
) -> (Vec<Command>, String) {
    // Without `notify_deleted` a removal is told as FAULT, but notify_fault is not run.
    let told = match news {
        News::Deleted if notify.deleted.is_none() => News::Fault,
        other => other,
    };
    let own = match news {
        News::Master => notify.master.clone(),
        News::Backup => notify.backup.clone(),
        News::Fault => notify.fault.clone(),
        News::Stop => notify.stop.clone(),
        News::Deleted => notify.deleted.clone().flatten(),
        News::MasterHeardLower => notify.master_rx_lower_pri.clone(),
        News::MasterPriority | News::BackupPriority => None,
    };
    let any = match news {
        News::Master | News::Backup | News::Fault | News::Stop | News::Deleted => {
            notify.any.clone().map(|mut command| {
                command.argv.extend([
                    subject.to_string(),
                    name.into(),
                    told.to_string(),
                    priority.to_string(),
                ]);
                command
            })
        }
        News::MasterHeardLower | News::MasterPriority | News::BackupPriority => None,
    };
    let line = format!("{subject} \"{name}\" {told} {priority}\n");
    (own.into_iter().chain(any).map(|command| *command).collect(), line)
}

#[cfg(test)]
mod tests {
    use std::boxed::Box;
    use std::vec;

    use super::*;

    fn command(words: &[&str]) -> Command {
        Command { argv: words.iter().map(|word| (*word).into()).collect(), run_as: None }
    }

    #[test]
    fn the_own_program_comes_first_and_the_general_one_gets_arguments() {
        let notify = Notify {
            master: Some(Box::new(command(&["/m", "x"]))),
            any: Some(Box::new(command(&["/n", "y"]))),
            ..Notify::default()
        };
        let (commands, line) = tell(Subject::Instance, "read", News::Master, 100, &notify);
        let any = command(&["/n", "y", "INSTANCE", "read", "MASTER", "100"]);
        assert_eq!(commands, vec![command(&["/m", "x"]), any]);
        assert_eq!(line, "INSTANCE \"read\" MASTER 100\n");
        let (commands, line) = tell(Subject::Instance, "read", News::MasterPriority, 90, &notify);
        assert_eq!((commands.len(), line.as_str()), (0, "INSTANCE \"read\" MASTER_PRIORITY 90\n"));
    }

    #[test]
    fn a_removal_is_told_as_fault_unless_asked_for() {
        let mut notify = Notify {
            fault: Some(Box::new(command(&["/f"]))),
            any: Some(Box::new(command(&["/n"]))),
            ..Notify::default()
        };
        let (commands, line) = tell(Subject::Group, "g", News::Deleted, 0, &notify);
        assert_eq!(commands, vec![command(&["/n", "GROUP", "g", "FAULT", "0"])]);
        assert_eq!(line, "GROUP \"g\" FAULT 0\n");
        notify.deleted = Some(Some(Box::new(command(&["/d"]))));
        let (commands, line) = tell(Subject::Group, "g", News::Deleted, 0, &notify);
        assert_eq!(commands[0], command(&["/d"]));
        assert_eq!(line, "GROUP \"g\" DELETED 0\n");
    }
}

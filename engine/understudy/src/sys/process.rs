//! Starting, watching and ending processes.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

use super::{check, own};

/// Whom a child runs as, and what else is set between fork and exec.
#[derive(Clone, Debug, Default)]
pub struct Preparation {
    /// User, group and supplementary groups; `None`: as we are.
    pub credentials: Option<Credentials>,
    /// This signal when the parent dies.
    pub death_signal: Option<libc::c_int>,
    /// Leads a new process group.
    pub own_group: bool,
    /// Leads a new session, without terminal.
    pub own_session: bool,
    /// Nice value 0, whatever ours is.
    pub normal_priority: bool,
    /// A descriptor that the child finds as number 3.
    pub channel: Option<libc::c_int>,
}

/// Numbers of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// User.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Supplementary groups.
    pub groups: Vec<u32>,
}

/// The number of the descriptor that `Preparation::channel` becomes.
pub const CHANNEL: libc::c_int = 3;

/// Applies `preparation` to `command`. The child's signal mask is always empty (the parent's blocked signals would be
/// inherited) and its scheduling is normal (SCHED_RESET_ON_FORK).
pub fn prepare(command: &mut Command, preparation: Preparation) {
    let parent = std::process::id();
    let apply = move || {
        // SAFETY: only async-signal-safe system calls, on values that were prepared before the fork.
        unsafe {
            if preparation.own_session {
                check(libc::setsid())?;
            }
            if preparation.own_group {
                check(libc::setpgid(0, 0))?;
            }
            if let Some(c) = &preparation.credentials {
                check(libc::setgroups(c.groups.len(), c.groups.as_ptr()))?;
                check(libc::setresgid(c.gid, c.gid, c.gid))?;
                check(libc::setresuid(c.uid, c.uid, c.uid))?;
            }
            if let Some(signal) = preparation.death_signal {
                // After the change of user, which clears it.
                let signal = libc::c_ulong::try_from(signal).unwrap_or(0);
                check(libc::prctl(libc::PR_SET_PDEATHSIG, signal))?;
                if u32::try_from(libc::getppid()).ok() != Some(parent) {
                    return Err(io::Error::from_raw_os_error(libc::ESRCH)); // it died before
                }
            }
            if let Some(fd) = preparation.channel {
                if fd == CHANNEL {
                    check(libc::fcntl(fd, libc::F_SETFD, 0))?;
                } else {
                    check(libc::dup2(fd, CHANNEL))?;
                }
            }
            let mut empty: libc::sigset_t = std::mem::zeroed();
            libc::sigemptyset(&raw mut empty);
            check(libc::sigprocmask(libc::SIG_SETMASK, &raw const empty, std::ptr::null_mut()))?;
            libc::signal(libc::SIGPIPE, libc::SIG_DFL);
            if preparation.normal_priority {
                libc::setpriority(libc::PRIO_PROCESS, 0, 0); // may be forbidden, then it stays
            }
        }
        Ok(())
    };
    // SAFETY: `apply` makes only async-signal-safe calls and allocates nothing unless it fails.
    unsafe { command.pre_exec(apply) };
}

/// Takes over the descriptor that `Preparation::channel` left in this process. Call it once, first.
pub fn take_channel() -> io::Result<OwnedFd> {
    // SAFETY: no pointers; fails on a number that is not open.
    check(unsafe { libc::fcntl(CHANNEL, libc::F_SETFD, libc::FD_CLOEXEC) })?;
    own(CHANNEL)
}

/// A descriptor that becomes readable when the child ends.
pub fn pidfd(pid: u32) -> io::Result<OwnedFd> {
    let pid = libc::pid_t::try_from(pid).map_err(|_| io::ErrorKind::InvalidInput)?;
    // SAFETY: no pointers.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    own(libc::c_int::try_from(fd).unwrap_or(-1))
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With this status.
    Exit(i32),
    /// By this signal.
    Signal(i32),
}

/// Collects a child that has ended; `None` while it runs.
pub fn reap(pidfd: &impl AsFd) -> io::Result<Option<Ended>> {
    // SAFETY: all-zero is a valid value of this plain structure.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    let fd =
        libc::id_t::try_from(pidfd.as_fd().as_raw_fd()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let flags = libc::WEXITED | libc::WNOHANG;
    // SAFETY: `info` is valid for writing.
    check(unsafe { libc::waitid(libc::P_PIDFD, fd, &raw mut info, flags) })?;
    // SAFETY: waitid fills these fields for a child's end, and leaves them zero when there was none.
    let (pid, status) = unsafe { (info.si_pid(), info.si_status()) };
    if pid == 0 {
        return Ok(None);
    }
    Ok(Some(if info.si_code == libc::CLD_EXITED {
        Ended::Exit(status)
    } else {
        Ended::Signal(status)
    }))
}

/// Sends a signal to the child behind a pidfd: never to a stranger that got its number.
pub fn signal(pidfd: &impl AsFd, signal: libc::c_int) -> io::Result<()> {
    let fd = pidfd.as_fd().as_raw_fd();
    let none = std::ptr::null::<libc::siginfo_t>();
    // SAFETY: no siginfo is given.
    let result = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, fd, signal, none, 0) };
    check(libc::c_int::try_from(result).unwrap_or(-1)).map(drop)
}

/// Sends a signal to a process group that we started and whose leader is not yet collected.
pub fn signal_group(leader: u32, signal: libc::c_int) -> io::Result<()> {
    let group = libc::pid_t::try_from(leader).map_err(|_| io::ErrorKind::InvalidInput)?;
    assert!(group > 1, "never the own group or everybody");
    // SAFETY: no pointers.
    check(unsafe { libc::killpg(group, signal) }).map(drop)
}

/// This process gets `signal` when its parent dies.
pub fn die_with_parent(signal: libc::c_int) -> io::Result<()> {
    let signal = libc::c_ulong::try_from(signal).map_err(|_| io::ErrorKind::InvalidInput)?;
    // SAFETY: no pointers.
    check(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, signal) }).map(drop)
}

/// The name that `ps` and `top` show, at most 15 bytes.
pub fn set_name(name: &std::ffi::CStr) {
    // SAFETY: a valid C string; the kernel copies it.
    unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr()) };
}

/// Mode bits that new files do not get; returns those of before.
pub fn set_umask(mask: u16) -> u16 {
    // SAFETY: no pointers; cannot fail.
    let before = unsafe { libc::umask(libc::mode_t::from(mask)) };
    u16::try_from(before).unwrap_or(0)
}

/// Our effective user.
pub fn effective_uid() -> u32 {
    // SAFETY: cannot fail.
    unsafe { libc::geteuid() }
}

/// Our effective group.
pub fn effective_gid() -> u32 {
    // SAFETY: cannot fail.
    unsafe { libc::getegid() }
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;

    use super::*;
    use crate::sys::socket;

    #[test]
    fn a_child_is_watched_signalled_and_collected() {
        let mut command = Command::new("/bin/sleep");
        command.arg("30").stdin(Stdio::null());
        prepare(
            &mut command,
            Preparation {
                own_group: true,
                death_signal: Some(libc::SIGKILL),
                ..Preparation::default()
            },
        );
        let pid = command.spawn().unwrap().id();
        let fd = pidfd(pid).unwrap();
        assert_eq!(reap(&fd).unwrap(), None);
        signal_group(pid, libc::SIGTERM).unwrap();
        socket::wait_readable(&fd, 5000).unwrap();
        assert_eq!(reap(&fd).unwrap(), Some(Ended::Signal(libc::SIGTERM)));
    }

    #[test]
    fn an_exit_status_is_told() {
        let pid = Command::new("/bin/sh").args(["-c", "exit 7"]).spawn().unwrap().id();
        let fd = pidfd(pid).unwrap();
        socket::wait_readable(&fd, 5000).unwrap();
        assert_eq!(reap(&fd).unwrap(), Some(Ended::Exit(7)));
    }
}

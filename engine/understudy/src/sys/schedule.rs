//! How the kernel schedules this process.

use std::io;

use super::check;

/// SCHED_RR with `priority` 1..=99; 0: as everybody. Children do not inherit it.
pub fn realtime(priority: u8) -> io::Result<()> {
    // SAFETY: all-zero is a valid value of this plain structure.
    let mut parameter: libc::sched_param = unsafe { std::mem::zeroed() };
    parameter.sched_priority = libc::c_int::from(priority);
    let policy = match priority {
        0 => libc::SCHED_OTHER,
        _ => libc::SCHED_RR | libc::SCHED_RESET_ON_FORK,
    };
    // By system call: musl's sched_setscheduler only returns ENOSYS.
    // SAFETY: `parameter` is valid.
    let result =
        unsafe { libc::syscall(libc::SYS_sched_setscheduler, 0, policy, &raw const parameter) };
    check(libc::c_int::try_from(result).unwrap_or(-1)).map(drop)
}

/// Time without a pause that the kernel allows to a real-time process: at the half of it it ends it with SIGXCPU.
pub fn realtime_limit(micros: Option<u32>) -> io::Result<()> {
    let (soft, hard) = match micros.map(libc::rlim_t::from) {
        Some(micros) => ((micros / 2).max(1), micros),
        None => (libc::RLIM_INFINITY, libc::RLIM_INFINITY),
    };
    let limit = libc::rlimit { rlim_cur: soft, rlim_max: hard };
    // SAFETY: `limit` is valid.
    check(unsafe { libc::setrlimit(libc::RLIMIT_RTTIME, &raw const limit) }).map(drop)
}

/// Files with a core dump may be as large as they are.
pub fn allow_core_dumps() -> io::Result<()> {
    let limit = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: `limit` is valid.
    check(unsafe { libc::setrlimit(libc::RLIMIT_CORE, &raw const limit) }).map(drop)
}

/// The nice value, -20..=19.
pub fn nice(value: i8) -> io::Result<()> {
    // SAFETY: no pointers.
    check(unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, libc::c_int::from(value)) }).map(drop)
}

/// Runs on these processors only; none named: on all.
pub fn affinity(cpus: &[u16]) -> io::Result<()> {
    // SAFETY: all-zero is the empty set.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    let all = 0..u16::try_from(libc::CPU_SETSIZE).unwrap_or(1024);
    let mut add = |cpu: u16| {
        // SAFETY: the macro checks the number against the size of the set.
        unsafe { libc::CPU_SET(usize::from(cpu), &mut set) };
    };
    match cpus {
        [] => all.for_each(&mut add),
        cpus => cpus.iter().copied().for_each(&mut add),
    }
    let size = size_of::<libc::cpu_set_t>();
    // SAFETY: `set` is valid for `size` bytes.
    check(unsafe { libc::sched_setaffinity(0, size, &raw const set) }).map(drop)
}

/// Keeps all memory of this process in memory, or no longer.
pub fn lock_memory(lock: bool) -> io::Result<()> {
    // SAFETY: no pointers.
    check(unsafe {
        if lock { libc::mlockall(libc::MCL_CURRENT | libc::MCL_FUTURE) } else { libc::munlockall() }
    })
    .map(drop)
}

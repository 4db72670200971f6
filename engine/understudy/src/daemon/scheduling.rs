//! How the kernel schedules a worker: as configured, and higher while its timers come late. What can't be done is said;
//! the worker goes on without it.

use std::ffi::CString;
use std::io;
use std::time::Duration;

use understudy_core::node::process::{EngineSettings, Scheduling};
use understudy_core::node::settings::HostSettings;

use super::launch;
use crate::say;
use crate::sys::{process, schedule};

/// Adverts and BFD packets faster than this are worth the real-time class, also when nobody asks for it.
const FAST: Duration = Duration::from_millis(100);
/// The lowest that there is: above everything that is not real-time.
const LOWEST: u8 = 1;

/// Which worker this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The VRRP worker.
    Vrrp,
    /// The check worker.
    Check,
}

/// What is in force.
#[derive(Debug)]
pub struct Scheduler {
    role: Role,
    usual_name: &'static str,
    applied: Scheduling,
    max_auto: u8,
    delay: Duration,
    priority: u8,
}

impl Scheduler {
    /// As the process was started.
    pub fn new(role: Role, usual_name: &'static str) -> Self {
        Self {
            role,
            usual_name,
            applied: Scheduling::default(),
            max_auto: 0,
            delay: Duration::MAX,
            priority: 0,
        }
    }

    /// Makes it so; what is so already is not touched.
    pub fn apply(&mut self, settings: &HostSettings) {
        let engine = &settings.process.engine;
        let (name, wanted) = match self.role {
            Role::Vrrp => (&engine.names.vrrp, &engine.vrrp),
            Role::Check => (&engine.names.check, &engine.check),
        };
        let usual = if launch::current().as_keepalived { "keepalived" } else { self.usual_name };
        set_name(name.as_deref().unwrap_or(usual));
        adopt_umask(engine);
        self.max_auto = engine.max_auto_priority;
        self.delay = engine.min_auto_priority_delay;
        let adverts = settings.vrrp.instances.iter().map(|it| it.advert_interval);
        let sessions = settings.vrrp.bfd.iter().map(|it| it.min_tx.min(it.min_rx));
        let is_fast = self.role == Role::Vrrp && adverts.chain(sessions).any(|it| it < FAST);
        let wanted = Scheduling {
            rt_priority: wanted.rt_priority.or(is_fast.then_some(LOWEST)),
            ..wanted.clone()
        };
        let old = std::mem::replace(&mut self.applied, wanted);
        let new = &self.applied;
        if new.nice != old.nice {
            told(&format!("set the nice value {}", new.nice), schedule::nice(new.nice));
        }
        if new.cpus != old.cpus {
            told(&format!("run on the processors {:?}", new.cpus), schedule::affinity(&new.cpus));
        }
        if new.no_swap != old.no_swap {
            told("lock memory", schedule::lock_memory(new.no_swap));
        }
        if new.rt_limit != old.rt_limit {
            told("limit real-time runs", schedule::realtime_limit(new.rt_limit));
        }
        if new.rt_priority != old.rt_priority {
            self.set_priority(self.applied.rt_priority.unwrap_or(0));
        }
    }

    fn set_priority(&mut self, priority: u8) {
        self.priority = priority;
        if told(&format!("set SCHED_RR priority {priority}"), schedule::realtime(priority))
            && priority > 0
        {
            say!(Info, "runs with SCHED_RR priority {priority}");
        }
    }

    /// A timer came so late. `true`: the priority was raised for it.
    pub fn late(&mut self, by: Duration) -> bool {
        if by < self.delay || self.priority >= self.max_auto {
            return false;
        }
        let higher = self.priority + 1;
        say!(Warning, "a timer came {} ms late: the priority is raised", by.as_millis());
        self.set_priority(higher);
        true
    }
}

/// The name that `ps` and `top` show.
pub fn set_name(name: &str) {
    if let Ok(name) = CString::new(name) {
        process::set_name(&name);
    }
}

/// New files of this process, and of the programs that it runs.
pub fn adopt_umask(engine: &EngineSettings) {
    if let Some(mask) = launch::current().umask.or(engine.umask) {
        process::set_umask(mask);
    }
}

/// Says what failed. `true`: nothing.
fn told(what: &str, result: io::Result<()>) -> bool {
    if let Err(e) = &result {
        say!(Warning, "{what}: {e}");
    }
    result.is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In a thread of its own: all of it belongs to a thread, as far as Linux is concerned.
    fn in_thread(test: fn()) {
        std::thread::spawn(test).join().unwrap();
    }

    fn stat(field: usize) -> i64 {
        let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
        let after_name = stat.rsplit_once(')').unwrap().1;
        after_name.split_whitespace().nth(field - 3).unwrap().parse().unwrap()
    }

    fn settings(line: impl FnOnce(&mut EngineSettings)) -> HostSettings {
        let mut settings = HostSettings::default();
        line(&mut settings.process.engine);
        settings
    }

    #[test]
    fn a_worker_is_scheduled_as_configured_and_back_again() {
        if process::effective_uid() != 0 {
            eprintln!("skipped: real-time priority needs root");
            return;
        }
        in_thread(|| {
            let mut scheduler = Scheduler::new(Role::Vrrp, "usual");
            scheduler.apply(&settings(|engine| {
                engine.names.vrrp = Some("renamed".to_owned());
                engine.vrrp.nice = -3;
                engine.vrrp.cpus = vec![0];
                engine.vrrp.rt_priority = Some(7);
                engine.check.rt_priority = Some(9); // not ours
            }));
            let comm = || std::fs::read_to_string("/proc/thread-self/comm").unwrap();
            assert_eq!(comm(), "renamed\n");
            assert_eq!((stat(19), stat(40), stat(41)), (-3, 7, 2)); // nice, priority, SCHED_RR
            let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
            assert!(status.contains("Cpus_allowed_list:\t0\n"), "{status}");
            scheduler.apply(&HostSettings::default());
            assert_eq!(comm(), "usual\n");
            assert_eq!((stat(19), stat(40), stat(41)), (0, 0, 0));
        });
    }

    #[test]
    fn late_timers_raise_the_priority_up_to_its_limit() {
        if process::effective_uid() != 0 {
            eprintln!("skipped: real-time priority needs root");
            return;
        }
        in_thread(|| {
            let mut scheduler = Scheduler::new(Role::Check, "usual");
            assert!(!scheduler.late(Duration::from_secs(10)), "off by default");
            scheduler.apply(&settings(|engine| engine.max_auto_priority = 2));
            assert!(!scheduler.late(Duration::from_millis(999)));
            assert!(scheduler.late(Duration::from_secs(1)));
            assert!(scheduler.late(Duration::from_secs(1)));
            assert!(!scheduler.late(Duration::from_secs(1)));
            assert_eq!((stat(40), stat(41)), (2, 2));
        });
    }
}

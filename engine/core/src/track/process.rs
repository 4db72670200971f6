//! Tracked processes: which of those that run are meant, and whether there are as many as wanted (reference §2.9).

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::settings::{Parameters, WatchSettings};
use super::verdict::Health;
use crate::time::Time;

/// A process as `/proc` shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candidate {
    /// Its name (`/proc/PID/comm`), at most 15 bytes.
    pub name: Vec<u8>,
    /// Its command and arguments (`/proc/PID/cmdline`).
    pub command: Vec<Vec<u8>>,
}

/// The kernel keeps so much of a name (TASK_COMM_LEN without the closing zero).
const NAME: usize = 15;

impl WatchSettings {
    /// Whether the command of a process matters, beside its name.
    #[must_use]
    pub const fn looks_at_command(&self) -> bool {
        self.full_command || !matches!(self.parameters, Parameters::Any)
    }

    /// Whether this process is one of those that are meant.
    #[must_use]
    pub fn means(&self, candidate: &Candidate) -> bool {
        let called = if self.full_command {
            candidate.command.first().is_some_and(|it| it == self.process.as_bytes())
        } else {
            let process = self.process.as_bytes();
            candidate.name == process[..process.len().min(NAME)]
        };
        called && self.parameters.fit(candidate.command.get(1..).unwrap_or_default())
    }
}

impl Parameters {
    /// Whether these are wanted.
    fn fit(&self, given: &[Vec<u8>]) -> bool {
        let same = |(wanted, given): (&String, &Vec<u8>)| wanted.as_bytes() == given.as_slice();
        match self {
            Self::Any => true,
            Self::Exactly(wanted) => {
                wanted.len() == given.len() && wanted.iter().zip(given).all(same)
            }
            Self::First(wanted) => {
                wanted.len() <= given.len() && wanted.iter().zip(given).all(same)
            }
            Self::Begin(wanted) => {
                let Some((last, whole)) = wanted.split_last() else { return true };
                let begins = given.get(whole.len());
                begins.is_some_and(|it| it.starts_with(last.as_bytes()))
                    && whole.iter().zip(given).all(same)
            }
        }
    }
}

/// One kind of process with its number.
#[derive(Clone, Debug)]
pub struct Process {
    settings: WatchSettings,
    count: u32,
    health: Health,
    /// The number says otherwise, and counts from then on.
    turns_at: Option<Time>,
}

/// What a successor needs to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ProcessState {
    /// Its name.
    pub name: String,
    /// Its health.
    pub health: Health,
    /// When it changes.
    pub turns_at: Option<Time>,
}

impl Process {
    /// Not counted yet.
    #[must_use]
    pub const fn new(settings: WatchSettings) -> Self {
        Self { settings, count: 0, health: Health::Unknown, turns_at: None }
    }

    /// What the configuration says.
    #[must_use]
    pub const fn settings(&self) -> &WatchSettings {
        &self.settings
    }

    /// How many run.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// What counts.
    #[must_use]
    pub const fn health(&self) -> Health {
        self.health
    }

    /// When something else may count.
    #[must_use]
    pub const fn deadline(&self) -> Option<Time> {
        self.turns_at
    }

    /// So many run at `now`; says whether its health changed. The first number counts at once.
    pub fn observe(&mut self, count: u32, now: Time) -> bool {
        self.count = count;
        let health = self.settings.health(count);
        if health == self.health {
            self.turns_at = None;
            return false;
        }
        let delay = match health {
            Health::Good => self.settings.fork_delay,
            Health::Bad | Health::Unknown => self.settings.terminate_delay,
        };
        if self.health == Health::Unknown || delay.is_zero() {
            self.health = health;
            self.turns_at = None;
            return true;
        }
        self.turns_at.get_or_insert(now + delay);
        false
    }

    /// Says whether what has lasted counts now.
    pub fn timer(&mut self, now: Time) -> bool {
        let due = self.turns_at.is_some_and(|at| now >= at);
        if due {
            self.turns_at = None;
            self.health = self.settings.health(self.count);
        }
        due
    }

    /// Takes up what a former life or configuration knew.
    pub const fn restore(&mut self, state: &ProcessState) {
        self.health = state.health;
        self.turns_at = state.turns_at;
    }

    /// What a successor needs.
    #[must_use]
    pub fn state(&self) -> ProcessState {
        let name = self.settings.name.clone();
        ProcessState { name, health: self.health, turns_at: self.turns_at }
    }
}

impl WatchSettings {
    const fn health(&self, count: u32) -> Health {
        if count < self.quorum || count > self.quorum_max { Health::Bad } else { Health::Good }
    }
}

/// How many run, and how many should.
impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (low, high) = (self.settings.quorum, self.settings.quorum_max);
        write!(f, "{} running, ", self.count)?;
        match (low, high) {
            (0, 0) => write!(f, "none wanted"),
            (0, u32::MAX) => write!(f, "any number wanted"),
            (low, u32::MAX) => write!(f, "{low} or more wanted"),
            (low, high) if low == high => write!(f, "{low} wanted"),
            (low, high) => write!(f, "{low} to {high} wanted"),
        }
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;
    use std::string::ToString;
    use std::vec;

    use super::*;

    fn settings() -> WatchSettings {
        WatchSettings {
            name: "p".into(),
            process: "haproxy".into(),
            parameters: Parameters::Any,
            full_command: false,
            quorum: 1,
            quorum_max: u32::MAX,
            terminate_delay: Duration::ZERO,
            fork_delay: Duration::ZERO,
        }
    }

    fn candidate(name: &str, command: &str) -> Candidate {
        let command = command.split(' ').filter(|word| !word.is_empty());
        Candidate {
            name: name.as_bytes().to_vec(),
            command: command.map(|word| word.as_bytes().to_vec()).collect(),
        }
    }

    #[test]
    fn a_process_is_known_by_name_or_command_and_parameters() {
        let words =
            |text: &str| text.split(' ').filter(|it| !it.is_empty()).map(Into::into).collect();
        let sleep = candidate("sleep", "/bin/sleep 10 -v 100");
        let bare = candidate("sleep", "/bin/sleep");
        for (process, full, parameters, sleep_is_meant, bare_is_meant) in [
            ("sleep", false, Parameters::Any, true, true),
            ("slee", false, Parameters::Any, false, false),
            ("sleep", true, Parameters::Any, false, false),
            ("/bin/sleep", true, Parameters::Any, true, true),
            ("/bin/sleep", false, Parameters::Any, false, false),
            ("/bin/sleep", true, Parameters::Exactly(vec![]), false, true),
            ("/bin/sleep", true, Parameters::Exactly(words("10 -v 100")), true, false),
            ("/bin/sleep", true, Parameters::Exactly(words("10 -v")), false, false),
            ("/bin/sleep", true, Parameters::First(words("10 -v")), true, false),
            ("/bin/sleep", true, Parameters::First(words("10 -v 1")), false, false),
            ("/bin/sleep", true, Parameters::First(vec![]), true, true),
            ("/bin/sleep", true, Parameters::Begin(words("10 -v 1")), true, false),
            ("/bin/sleep", true, Parameters::Begin(words("1 -v 1")), false, false),
            ("/bin/sleep", true, Parameters::Begin(words("10 -v 100 x")), false, false),
            ("/bin/sleep", true, Parameters::Begin(vec![]), true, true),
        ] {
            let process = process.into();
            let it = WatchSettings { process, full_command: full, parameters, ..settings() };
            let meant = (it.means(&sleep), it.means(&bare));
            assert_eq!(meant, (sleep_is_meant, bare_is_meant), "{it:?}");
        }
        let long = WatchSettings { process: "a_very_long_name_indeed".into(), ..settings() };
        assert!(long.means(&candidate("a_very_long_nam", "")));
    }

    #[test]
    fn the_number_has_bounds_and_delays() {
        let at = |ms: u64| Time::from_nanos(ms * 1_000_000);
        let ms = Duration::from_millis;
        let mut it = Process::new(WatchSettings { quorum: 2, quorum_max: 3, ..settings() });
        for (count, health) in [(1, 'b'), (2, 'g'), (3, 'g'), (4, 'b'), (0, 'b')] {
            it.observe(count, at(0));
            let found = if it.health() == Health::Good { 'g' } else { 'b' };
            assert_eq!(found, health, "{it}");
        }
        assert_eq!(it.to_string(), "0 running, 2 to 3 wanted");

        let delays = WatchSettings { terminate_delay: ms(500), fork_delay: ms(200), ..settings() };
        let mut it = Process::new(delays);
        assert!(it.observe(1, at(0)), "the first number counts at once");
        assert!(!it.observe(0, at(1000)) && it.health() == Health::Good);
        assert_eq!(it.deadline(), Some(at(1500)));
        assert!(!it.observe(1, at(1400)), "it came back in time");
        assert_eq!(it.deadline(), None);
        it.observe(0, at(2000));
        let state = it.state();
        assert!(it.timer(at(2500)) && it.health() == Health::Bad);
        assert!(!it.observe(1, at(3000)));
        assert!(it.timer(at(3200)) && it.health() == Health::Good);

        // A successor waits for the rest only, and sees no fault before.
        let mut successor = Process::new(it.settings().clone());
        successor.restore(&state);
        assert!(!successor.observe(0, at(2300)));
        assert_eq!((successor.health(), successor.deadline()), (Health::Good, Some(at(2500))));
    }
}

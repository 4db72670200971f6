//! A tracked script: when it runs, and when its results count (reference §3.8).

use alloc::string::String;
use core::time::Duration;

use super::settings::ScriptSettings;
use super::verdict::Health;
use crate::time::Time;

/// One script with its results so far.
#[derive(Clone, Debug)]
pub struct Script {
    settings: ScriptSettings,
    /// 0..=rise+fall-1; good from `rise` on.
    counter: u32,
    health: Health,
    running: bool,
    next: Time,
    took: Duration,
    output: String,
}

/// What a successor needs to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ScriptState {
    /// Its name.
    pub name: String,
    /// Its counter.
    pub counter: u32,
    /// Its health.
    pub health: Health,
}

impl Script {
    /// Runs for the first time at `now`.
    #[must_use]
    pub fn new(settings: ScriptSettings, now: Time) -> Self {
        // One result decides, whatever `rise` and `fall` say.
        let (counter, health) = if settings.init_fail {
            (0, Health::Bad)
        } else {
            (settings.rise.saturating_sub(1), Health::Unknown)
        };
        Self {
            settings,
            counter,
            health,
            running: false,
            next: now,
            took: Duration::ZERO,
            output: String::new(),
        }
    }

    /// What the configuration says.
    #[must_use]
    pub const fn settings(&self) -> &ScriptSettings {
        &self.settings
    }

    /// Its health.
    #[must_use]
    pub const fn health(&self) -> Health {
        self.health
    }

    /// How long the last run took.
    #[must_use]
    pub const fn took(&self) -> Duration {
        self.took
    }

    /// The last line it printed.
    #[must_use]
    pub fn output(&self) -> &str {
        &self.output
    }

    /// Whether it runs now.
    #[must_use]
    pub const fn is_running(&self) -> bool {
        self.running
    }

    /// When it is to run next.
    #[must_use]
    pub const fn deadline(&self) -> Time {
        self.next
    }

    /// Whether it is to be started at `now`; start to start, and skipped while the former run is active.
    pub fn start_if_due(&mut self, now: Time) -> bool {
        if now < self.next {
            return false;
        }
        let planned = self.next + self.settings.interval;
        self.next = if planned > now { planned } else { now + self.settings.interval };
        !core::mem::replace(&mut self.running, true)
    }

    /// A run ended; says whether its health changed.
    pub fn ended(&mut self, success: bool, took: Duration, output: &str) -> bool {
        self.running = false;
        self.took = took;
        self.output.clear();
        self.output.push_str(output);
        let (rise, fall) = (self.settings.rise, self.settings.fall);
        if success {
            self.counter = self.counter.saturating_add(1);
            if self.counter >= rise {
                self.counter = rise.saturating_add(fall).saturating_sub(1);
            }
        } else if self.counter > rise {
            self.counter -= 1;
        } else {
            self.counter = 0;
        }
        let health = if self.counter >= rise { Health::Good } else { Health::Bad };
        let settled = health == Health::Good || self.health != Health::Unknown || !success;
        let changed = settled && health != self.health;
        if changed {
            self.health = health;
        }
        changed
    }

    /// Takes up what a former life or configuration knew.
    pub fn restore(&mut self, state: &ScriptState) {
        self.counter = state.counter.min(self.settings.rise + self.settings.fall - 1);
        self.health = state.health;
    }

    /// Takes up a former configuration's run too, so that two never overlap.
    pub fn continue_from(&mut self, former: &Self) {
        self.restore(&former.state());
        self.running = former.running;
        self.next = former.next.min(self.next + self.settings.interval);
        self.took = former.took;
        self.output.clone_from(&former.output);
    }

    /// What a successor needs.
    #[must_use]
    pub fn state(&self) -> ScriptState {
        ScriptState { name: self.settings.name.clone(), counter: self.counter, health: self.health }
    }
}

#[cfg(test)]
mod tests {
    use std::vec;

    use super::*;
    use crate::command::Command;

    fn script(rise: u32, fall: u32, init_fail: bool) -> Script {
        let settings = ScriptSettings {
            name: "s".into(),
            command: Command { argv: vec!["/bin/true".into()], run_as: None },
            interval: Duration::from_secs(1),
            timeout: Duration::from_secs(1),
            rise,
            fall,
            init_fail,
        };
        Script::new(settings, Time::ZERO)
    }

    /// Results as `+` and `-`; healths after each as `g`, `b`, `?`.
    fn run(mut script: Script, results: &str) -> std::string::String {
        let letters = results.chars().map(|result| {
            script.ended(result == '+', Duration::ZERO, "");
            match script.health() {
                Health::Good => 'g',
                Health::Bad => 'b',
                Health::Unknown => '?',
            }
        });
        letters.collect()
    }

    #[test]
    fn rise_and_fall_count_after_the_first_result() {
        for (rise, fall, init_fail, results, healths) in [
            (1, 1, false, "+-+", "gbg"),
            (3, 2, false, "+--", "ggb"),
            (3, 2, false, "-++-+++", "bbbbbbg"),
            (2, 3, false, "+--+--- ".trim_end(), "ggggggb"),
            (2, 1, true, "+-++", "bbbg"),
        ] {
            assert_eq!(
                run(script(rise, fall, init_fail), results),
                healths,
                "{rise} {fall} {results}"
            );
        }
    }

    #[test]
    fn a_run_that_is_still_active_is_not_doubled() {
        let mut script = script(1, 1, false);
        let second = Duration::from_secs(1);
        assert!(script.start_if_due(Time::ZERO));
        assert!(!script.start_if_due(Time::ZERO));
        assert!(!script.start_if_due(Time::ZERO + second));
        script.ended(true, second, "");
        assert!(!script.start_if_due(Time::ZERO + second));
        assert!(script.start_if_due(Time::ZERO + second * 2));
    }
}

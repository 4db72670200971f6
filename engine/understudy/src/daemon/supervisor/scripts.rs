//! What the engine waits for: `startup_script` before there is a worker, `shutdown_script` when there is none any more.
//! How it ends is told, and changes nothing.

use understudy_core::node::process::AwaitedScript;

use super::Supervisor;
use crate::daemon::launch;
use crate::daemon::load::{Loaded, Summary};
use crate::daemon::pid_files::{PidFile, Whose};
use crate::daemon::scheduling;
use crate::notify::child::Outcome;
use crate::say;
use crate::sys::clock;

impl Supervisor {
    /// The first configuration.
    pub(super) fn start_with(&mut self, loaded: Loaded) {
        let engine = &loaded.summary.process.engine;
        let namespace = loaded.summary.process.namespaces.net.as_deref();
        let told = &self.options.pid_files;
        let file = |whose| PidFile::at(told.path(whose, engine, namespace));
        self.pid_files = [Whose::Engine, Whose::Vrrp, Whose::Check].map(file);
        self.pid_files[0].set(Some(std::process::id()));
        self.save_dir = engine.save_dir.as_ref().map(Into::into);
        self.name_process(&loaded.summary);
        let script = engine.startup_script.clone();
        self.queues.reload(&loaded.summary.process);
        if script.is_some_and(|script| self.run_awaited("startup_script", &script)) {
            self.starting = Some(loaded);
        } else {
            self.apply(loaded);
        }
    }

    /// `true`: there is something to wait for.
    fn run_awaited(&mut self, name: &str, script: &AwaitedScript) -> bool {
        say!(Info, "{name}: {}", script.command.argv.join(" "));
        self.queues.start_awaited(&script.command, name, script.timeout, &self.epoll, clock::now());
        true
    }

    /// Runs it unless there is none. `true`: there is something to wait for.
    pub(super) fn run_shutdown_script(&mut self) -> bool {
        let script = self.config.process.engine.shutdown_script.clone();
        script.is_some_and(|script| self.run_awaited("shutdown_script", &script))
    }

    /// Whether the workers wait for `startup_script`.
    pub(super) const fn is_starting_script(&self) -> bool {
        self.starting.is_some()
    }

    /// It has ended.
    pub(super) fn awaited_ended(&mut self, outcome: &Outcome) {
        if outcome.is_success() {
            say!(Info, "{}: done", outcome.tag);
        } else {
            say!(Warning, "{}: {} {}", outcome.tag, outcome.exit, outcome.output);
        }
        if let Some(loaded) = self.starting.take() {
            self.apply(loaded);
        }
    }

    /// Names, and the mask of new files.
    pub(super) fn name_process(&self, summary: &Summary) {
        let engine = &summary.process.engine;
        let usual = if launch::current().as_keepalived { "keepalived" } else { "understudy" };
        scheduling::set_name(engine.names.engine.as_deref().unwrap_or(usual));
        scheduling::adopt_umask(engine);
    }

    /// The files with process numbers say what is.
    pub(super) fn update_pid_files(&mut self) {
        let pids = [Some(std::process::id()), self.slots[0].pid(), self.slots[1].pid()];
        for (file, pid) in self.pid_files.iter_mut().zip(pids) {
            file.set(pid);
        }
    }
}

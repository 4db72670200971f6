//! Reading the configuration, at the start and again: what can't be used changes nothing.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use serde_json::json;

use super::stopping::Stage;
use super::{CHECK, Failure, LOADER, Purpose, Supervisor, TIME_FILE, VRRP};
use crate::control::Answer;
use crate::daemon::load::{Loaded, Loader, Summary};
use crate::daemon::record::Record;
use crate::daemon::slot::{Heartbeat, Slot};
use crate::daemon::withdraw;
use crate::say;
use crate::sys::{clock, memory, namespace};

impl Supervisor {
    pub(super) fn read_configuration(&mut self, purpose: Purpose) {
        if purpose == Purpose::Reload {
            self.marker = self.reload_marker();
            if let Some(path) = &self.marker
                && let Err(e) = File::create(path)
            {
                say!(Warning, "create {}: {e}", path.display());
            }
        }
        let generation = (!matches!(purpose, Purpose::DryRun(_))).then_some(self.generation);
        match Loader::start(&self.options.source, generation, &self.epoll, LOADER, clock::now()) {
            Ok(loader) => self.loader = Some((loader, purpose)),
            Err(e) => {
                let error = Some(format!("start the reader of the configuration: {e}"));
                self.refused(purpose, Summary { error, ..Summary::default() });
            }
        }
    }

    pub(super) fn reload(&mut self) {
        if self.stage != Stage::Running {
            return;
        }
        if self.loader.is_some() || self.reloading || !self.announced {
            self.reload_again = true;
            return;
        }
        say!(Info, "reading {} again", self.options.source.file.display());
        self.reloaders = std::mem::take(&mut self.wanting_reload);
        self.systemd.reloading();
        self.reloading = true;
        self.read_configuration(Purpose::Reload);
    }

    pub(super) fn loaded(&mut self) {
        let Some((loader, purpose)) = &mut self.loader else { return };
        let purpose = *purpose;
        let Some(result) = loader.ready() else { return };
        self.loader = None;
        if let Some(path) = self.marker.take() {
            let _ = std::fs::remove_file(path);
        }
        if self.stage != Stage::Running {
            return;
        }
        let result = result.and_then(|loaded| self.in_namespace(loaded));
        match (result, purpose) {
            (Err(summary), _) => self.refused(purpose, *summary),
            (Ok(loaded), Purpose::DryRun(client)) => {
                let summary = loaded.summary;
                let answer = json!({ "usable": true, "warnings": summary.warnings, "findings": summary.findings });
                self.server.answer(client, &Answer::Ok(answer), &self.epoll);
            }
            (Ok(loaded), Purpose::Reload) => match self.objection(&loaded.summary) {
                Some(error) => {
                    let error = Some(error);
                    self.refused(purpose, Summary { error, ..loaded.summary });
                }
                None => self.apply(loaded),
            },
            (Ok(loaded), Purpose::Start) => self.start_with(loaded),
        }
    }

    /// Goes to the network namespace that the first configuration names, with all that is started from now on; later
    /// ones must name the same.
    fn in_namespace(&mut self, mut loaded: Loaded) -> Result<Loaded, Box<Summary>> {
        let wanted = &mut loaded.summary.process.namespaces;
        if let Some(name) = &self.options.namespace {
            wanted.net = Some(name.clone());
        }
        let why = match &self.namespaces {
            Some(former) if former == wanted => None,
            Some(_) => Some("network namespaces can't change at a reload; restart".to_owned()),
            None => {
                let name = wanted.net.as_ref();
                let entered = name.map_or(Ok(()), |it| namespace::enter(&namespace::of_name(it)));
                match entered {
                    Ok(()) => {
                        self.namespaces = Some(wanted.clone());
                        None
                    }
                    Err(e) => Some(format!(
                        "enter the network namespace {}: {e}",
                        name.map_or("", |it| it)
                    )),
                }
            }
        };
        match why {
            None => Ok(loaded),
            Some(why) => Err(Box::new(Summary { error: Some(why), ..loaded.summary })),
        }
    }

    fn refused(&mut self, purpose: Purpose, summary: Summary) {
        let error = summary.error.unwrap_or_else(|| "unusable".to_owned());
        if !summary.findings.is_empty() {
            say!(Error, "{}", summary.findings.trim_end());
        }
        match purpose {
            Purpose::Start => self.stop(Some(Failure { code: 2, text: error })),
            Purpose::DryRun(client) => {
                let text = if summary.findings.is_empty() { error } else { summary.findings };
                self.server.answer(client, &Answer::Error(text), &self.epoll);
            }
            Purpose::Reload => {
                say!(Error, "reload refused: {error}; the former configuration stays in force");
                self.record(Record::new("engine", "reload refused", error.as_str()));
                for client in std::mem::take(&mut self.reloaders) {
                    let text = format!("{error}; the former configuration stays in force");
                    self.server.answer(client, &Answer::Error(text), &self.epoll);
                }
                self.config_error = Some(error);
                self.reloading = false;
                self.systemd.ready();
                self.show_status();
            }
        }
    }

    /// With `reload_check_config` everything that `keepalived -t` would complain about stops a reload.
    fn objection(&self, summary: &Summary) -> Option<String> {
        let reload = &self.config.process.engine.reload;
        if let Some(log) = &reload.check_log
            && let Err(e) = append(log, &summary.findings)
        {
            say!(Warning, "write {log}: {e}");
        }
        (reload.check && summary.complaints > 0).then(|| {
            format!("it has warnings ({}), and reload_check_config is set", summary.complaints)
        })
    }

    /// Where the file is that says that the configuration is being read.
    fn reload_marker(&self) -> Option<PathBuf> {
        let engine = &self.config.process.engine;
        let told = engine.reload.marker.as_ref()?;
        Some(match told.as_str() {
            "" if engine.use_pid_dir || engine.instance.is_some() => {
                "/run/keepalived/keepalived.reload".into()
            }
            "" => "/run/keepalived.reload".into(),
            told => told.into(),
        })
    }

    pub(super) fn apply(&mut self, loaded: Loaded) {
        let now = clock::now();
        let Loaded { summary, vrrp, check } = loaded;
        let generation = self.generation;
        if generation > 0 {
            self.save_state(generation, "pre");
        }
        self.generation += 1;
        if let Some(shown) = &summary.shown {
            say!(Info, "{}", shown.trim_end());
        }
        self.name_process(&summary);
        if !summary.findings.is_empty() {
            say!(Warning, "{}", summary.findings.trim_end());
        }
        if self.announced {
            self.record(Record::new(
                "engine",
                "configuration reloaded",
                self.short_digest(&summary),
            ));
        }
        let beat = Heartbeat::for_patience(summary.patience);
        self.queues.reload(&summary.process);
        self.mailer.configure(&summary.process);
        self.timed.configure(&summary.process.engine.reload, &self.epoll, TIME_FILE);
        self.fifos.configure(&summary.process, &mut self.queues, &self.epoll, now);
        withdraw::remember(&self.options.paths, &summary.addresses, &summary.process.namespaces);
        self.config =
            Summary { findings: String::new(), addresses: Vec::new(), shown: None, ..summary };
        self.config_error = None;
        self.slots[CHECK].configure(check, beat, &self.epoll, now);
        self.slots[VRRP].configure(vrrp, beat, &self.epoll, now);
        memory::trim();
    }

    fn short_digest(&self, summary: &Summary) -> String {
        let digest = summary.files.first().map_or("", |file| &file.sha256);
        format!("{} is {}", self.options.source.file.display(), digest.get(..12).unwrap_or(digest))
    }

    /// All workers have what they need?
    pub(super) fn settle(&mut self) {
        let pending = self.loader.is_some() || !self.slots.iter().all(Slot::is_settled);
        if self.stage != Stage::Running || pending || self.is_starting_script() {
            return;
        }
        if !self.announced {
            self.announced = true;
            let digest = self.short_digest(&self.config);
            say!(Info, "Understudy {} is ready; {digest}", env!("CARGO_PKG_VERSION"));
            self.record(Record::new("engine", "started", digest));
            self.systemd.ready();
            self.show_status();
        }
        if self.reloading {
            self.reloading = false;
            self.save_state(self.generation - 1, "post");
            say!(Info, "the configuration was reloaded");
            for client in std::mem::take(&mut self.reloaders) {
                let done = json!({ "reloaded": true, "warnings": self.config.warnings });
                self.server.answer(client, &Answer::Ok(done), &self.epoll);
            }
            self.systemd.ready();
            self.show_status();
        }
        if std::mem::take(&mut self.reload_again) {
            self.reload();
        }
    }
}

/// Puts text at the end of a file.
fn append(path: &str, text: &str) -> io::Result<()> {
    File::options().create(true).append(true).open(path)?.write_all(text.as_bytes())
}

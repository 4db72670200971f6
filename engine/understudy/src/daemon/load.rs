//! Reading the configuration, in a process of its own: the supervisor never holds a parsed configuration (its memory
//! stays small), is not held up by a large one, and a crash of the parser is one more bad file.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use annotate_snippets::Renderer;
use serde::{Deserialize, Serialize};
use understudy_core::config::diagnostic::code;
use understudy_core::config::{self, Diagnostic, Files, Severity};
use understudy_core::net::address::Address;
use understudy_core::node::process::EngineSettings;
use understudy_core::node::settings::{
    CheckWorkerSettings, HostSettings, ProcessSettings, VrrpSettings,
};
use understudy_core::sha256;
use understudy_core::time::Time;

use super::channel::{Channel, Kind};
use super::worker::Error;
use super::{dump, launch, slot};
use crate::config_files::{self, ConfigFiles};
use crate::diagnostics::render;
use crate::say;
use crate::sys::epoll::{Epoll, Interest};
use crate::sys::process::{self, Ended, Preparation};
use crate::sys::signal;

/// Reading takes no longer than this.
const WITHIN: Duration = Duration::from_secs(30);

/// What to read, and for whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The main file.
    pub file: PathBuf,
    /// No VRRP worker.
    pub without_vrrp: bool,
    /// No check worker.
    pub without_check: bool,
    /// No BFD sessions.
    pub without_bfd: bool,
    /// For `@ID` lines; default the host's name.
    pub config_id: Option<String>,
    /// Every `include` must succeed in every respect.
    pub strict_includes: bool,
    /// Workers run that have nothing to do, too.
    pub all_workers: bool,
    /// The effective configuration is told.
    pub show: bool,
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadFile {
    /// Its path.
    pub path: PathBuf,
    /// Its digest.
    pub sha256: String,
}

/// What the supervisor wants to know of a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// The main file first, then what it includes.
    pub files: Vec<ReadFile>,
    /// All findings as text, for people.
    pub findings: String,
    /// The first error in a line; `None`: it can be used.
    pub error: Option<String>,
    /// Number of warnings.
    pub warnings: u32,
    /// Those of them that keepalived has, too.
    pub complaints: u32,
    /// An `include` found nothing to include, and had to.
    pub include_failed: bool,
    /// A keyword stands without the argument that it needs.
    pub argument_missing: bool,
    /// The effective configuration, if it was asked for.
    pub shown: Option<String>,
    /// Something for the VRRP worker.
    pub vrrp: bool,
    /// Something for the check worker.
    pub check: bool,
    /// All addresses that the VRRP worker may add.
    pub addresses: Vec<Address>,
    /// How long the least patient peer hears nothing before it takes the VRRP worker for dead.
    pub patience: Option<Duration>,
    /// What concerns every process.
    pub process: ProcessSettings,
}

/// A configuration that can be acted on.
#[derive(Debug)]
pub struct Loaded {
    /// About it.
    pub summary: Summary,
    /// For the VRRP worker, if there is something.
    pub vrrp: Option<File>,
    /// For the check worker, if there is something.
    pub check: Option<File>,
}

/// A reader at work.
#[derive(Debug)]
pub struct Loader {
    pidfd: OwnedFd,
    channel: Channel,
    /// When it is given up.
    pub deadline: Time,
    said: Said,
}

/// What a reader has said so far.
#[derive(Debug, Default)]
struct Said {
    summary: Option<Summary>,
    settings: Vec<io::Result<File>>,
}

impl Loader {
    /// Starts reading. `generation`: the text is kept under this number if the configuration says so. `token`: for both
    /// the channel and the process.
    pub fn start(
        source: &Source,
        generation: Option<u32>,
        epoll: &Epoll,
        token: u64,
        now: Time,
    ) -> io::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        let mut command = Command::new("/proc/self/exe");
        command.arg0("understudy").args(["worker", "load"]).arg(&source.file).stdin(Stdio::null());
        if source.without_vrrp {
            command.arg("--without-vrrp");
        }
        if source.without_bfd {
            command.arg("--without-bfd");
        }
        if source.without_check {
            command.arg("--without-check");
        }
        let flags = [
            (source.strict_includes, "--strict-includes"),
            (source.all_workers, "--all"),
            (source.show, "--show"),
        ];
        command.args(flags.into_iter().filter(|(on, _)| *on).map(|(_, flag)| flag));
        if let Some(generation) = generation {
            command.arg("--generation").arg(generation.to_string());
        }
        launch::current().pass_to(&mut command);
        if let Some(id) = &source.config_id {
            command.arg("--config-id").arg(id);
        }
        process::prepare(
            &mut command,
            Preparation {
                death_signal: Some(signal::SIGKILL),
                channel: Some(theirs.as_raw_fd()),
                ..Preparation::default()
            },
        );
        let pid = command.spawn()?.id();
        drop(theirs);
        let pidfd = process::pidfd(pid)?;
        let channel = Channel::new(ours)?;
        epoll.add(&channel, Interest::READ, token)?;
        epoll.add(&pidfd, Interest::READ, token)?;
        let deadline = now + WITHIN;
        Ok(Self { pidfd, channel, deadline, said: Said::default() })
    }

    /// Takes what it says; `Some` when it has ended, with the configuration or what is wrong with it.
    pub fn ready(&mut self) -> Option<Result<Loaded, Box<Summary>>> {
        // First this: what it said before its end is then in the channel, all of it.
        let ended = process::reap(&self.pidfd).ok().flatten();
        self.channel.fill();
        while let Some(message) = self.channel.pop() {
            match message.kind {
                Kind::Ready => self.said.summary = message.read(),
                Kind::Settings => self.said.settings.push(slot::keep(&message.body)),
                _ => {}
            }
        }
        let ended = ended?;
        Some(std::mem::take(&mut self.said).conclude(ended))
    }

    /// It takes too long.
    pub fn give_up(&self) {
        let _ = process::signal(&self.pidfd, signal::SIGKILL);
    }
}

impl Said {
    /// What it comes to, now that the reader has ended.
    fn conclude(self, ended: Ended) -> Result<Loaded, Box<Summary>> {
        let refused = |summary: Summary, why: &str| {
            let error = Some(format!("the configuration could not be read: {why}"));
            Err(Box::new(Summary { error, ..summary }))
        };
        let how = match ended {
            Ended::Exit(code) => format!("the reader ended with status {code}"),
            Ended::Signal(signal) => format!("the reader was killed by signal {signal}"),
        };
        let Some(summary) = self.summary else { return refused(Summary::default(), &how) };
        if summary.error.is_some() {
            return Err(Box::new(summary));
        }
        let mut files = match self.settings.into_iter().collect::<io::Result<Vec<File>>>() {
            Ok(files) => files.into_iter(),
            Err(e) => return refused(summary, &format!("keep the settings: {e}")),
        };
        let (Some(vrrp), Some(check)) = (files.next(), files.next()) else {
            return refused(summary, &format!("{how} before it had handed over all settings"));
        };
        let (vrrp, check) = (summary.vrrp.then_some(vrrp), summary.check.then_some(check));
        Ok(Loaded { summary, vrrp, check })
    }
}

/// The reader's process: reads, says, ends.
pub fn run(source: &Source, generation: Option<u32>) -> Result<(), Error> {
    let mut channel = Channel::new(process::take_channel()?)?;
    let (mut summary, mut settings) = read(source);
    if source.without_bfd {
        settings.vrrp.bfd.clear();
    }
    if source.without_vrrp {
        // Checks may need the sessions.
        settings.vrrp = VrrpSettings { bfd: settings.vrrp.bfd, ..VrrpSettings::default() };
    }
    if summary.error.is_some() {
        channel.push(Kind::Ready, &serde_json::to_vec(&summary)?);
    } else {
        summary.vrrp = source.all_workers && !source.without_vrrp || wants_vrrp(&settings.vrrp);
        summary.check =
            !source.without_check && (source.all_workers || wants_check(&settings.check));
        summary.shown = source.show.then(|| config::show(&settings));
        if let (Some(directory), Some(generation)) = (&settings.process.engine.save_dir, generation)
        {
            save(&summary.files, directory, generation);
        }
        summary.patience = patience(&settings.vrrp);
        summary.addresses = addresses(&settings.vrrp);
        channel.push(Kind::Ready, &serde_json::to_vec(&summary)?);
        let HostSettings { process, vrrp, check } = settings;
        let check_part = CheckWorkerSettings::default();
        let half = HostSettings { process: process.clone(), vrrp, check: check_part };
        channel.push(Kind::Settings, &serde_json::to_vec(&half)?);
        let half = HostSettings { process, vrrp: VrrpSettings::default(), check };
        channel.push(Kind::Settings, &serde_json::to_vec(&half)?);
    }
    // For as long as it takes: a machine that stood still has used up any limit before the supervisor got its turn. It
    // ends us when it is tired of waiting, and the kernel does when it is gone.
    while !channel.flush() {
        let _ = crate::sys::socket::wait_writable(&channel, 5000);
    }
    Ok(())
}

/// Keeps the text of all files that were read, in keepalived's form; its name has the supervisor's number.
fn save(files: &[ReadFile], directory: &str, generation: u32) {
    let mut text = String::new();
    for file in files {
        let content = fs::read_to_string(&file.path).unwrap_or_default();
        text += &format!("# {}\n{}\n!\n", file.path.display(), content.trim_end());
    }
    let parent = std::os::unix::process::parent_id();
    let path = Path::new(directory).join(format!("keepalived.conf.{parent}.{generation}"));
    let mut builder = fs::DirBuilder::new();
    let made = builder.recursive(true).mode(0o700).create(directory);
    let written = made.and_then(|()| dump::write(&path, &text, &EngineSettings::default()));
    if let Err(e) = written {
        say!(Warning, "keep the configuration as {}: {e}", path.display());
    }
}

fn addresses(vrrp: &VrrpSettings) -> Vec<Address> {
    let of_instances = vrrp.instances.iter().flat_map(|i| i.vips.iter().chain(&i.excluded));
    of_instances.chain(&vrrp.static_addresses).cloned().collect()
}

/// Three adverts without the skew (RFC 9568 §6.1), or the time in which a neighbour's BFD session detects it, which is
/// longer if the neighbour asks for slower packets.
fn patience(vrrp: &VrrpSettings) -> Option<Duration> {
    let of_adverts = vrrp.instances.iter().map(|it| it.advert_interval * 3);
    let of_bfd = vrrp.bfd.iter().map(|it| it.min_tx * u32::from(it.multiplier));
    of_adverts.chain(of_bfd).min()
}

fn wants_vrrp(vrrp: &VrrpSettings) -> bool {
    !vrrp.instances.is_empty() || !vrrp.static_addresses.is_empty() || !vrrp.bfd.is_empty()
}

fn wants_check(check: &CheckWorkerSettings) -> bool {
    !check.virtual_servers.is_empty()
}

/// Reads and validates, and says what it found.
pub fn examine(source: &Source) -> Summary {
    read(source).0
}

/// Parses and validates.
fn read(source: &Source) -> (Summary, HostSettings) {
    let mut files = Digesting::default();
    let environment = config_files::environment(source.config_id.clone(), source.strict_includes);
    let parsed = config::parse(&mut files, &source.file.to_string_lossy(), &environment);
    let mut summary = Summary { files: files.read, ..Summary::default() };
    let renderer = Renderer::plain();
    for finding in &parsed.diagnostics {
        summary.findings.push_str(&render(&renderer, &parsed.files, finding));
        summary.findings.push_str("\n\n");
        summary.include_failed |= finding.code == code::INCLUDE_FAILED;
        summary.argument_missing |= finding.code == code::MISSING_ARGUMENT;
        match finding.code.severity {
            Severity::Warning => {
                summary.warnings += 1;
                summary.complaints += u32::from(finding.code.is_keepalived_too());
            }
            Severity::Error => {
                summary.error.get_or_insert_with(|| in_a_line(&parsed.files, finding));
            }
        }
    }
    match parsed.settings {
        Some(settings) => {
            summary.process = settings.process.clone();
            (summary, settings)
        }
        None => {
            summary.error.get_or_insert_with(|| "the configuration can't be used".to_owned());
            (summary, HostSettings::default())
        }
    }
}

fn in_a_line(files: &Files, finding: &Diagnostic) -> String {
    match finding.span.map(|span| files.position(span)) {
        Some((file, line, column)) => format!("{file}:{line}:{column}: {}", finding.message),
        None => finding.message.clone(),
    }
}

/// The host's files, and what they were when they were read.
#[derive(Debug, Default)]
struct Digesting {
    files: ConfigFiles,
    read: Vec<ReadFile>,
}

impl config::Source for Digesting {
    fn glob(&mut self, pattern: &str) -> Vec<String> {
        self.files.glob(pattern)
    }

    fn read(&mut self, name: &str) -> Result<Vec<u8>, String> {
        let bytes = self.files.read(name)?;
        self.read.push(ReadFile { path: name.into(), sha256: sha256::hex(&bytes) });
        Ok(bytes)
    }
}

/// Does a file on disk differ from what was loaded?
pub fn is_stale(files: &[ReadFile]) -> bool {
    files.iter().any(|file| digest(&file.path).as_deref() != Some(&file.sha256))
}

fn digest(path: &Path) -> Option<String> {
    fs::read(path).ok().map(|bytes| sha256::hex(&bytes))
}

#[cfg(test)]
mod tests {
    use super::super::vrrp_worker::net::settings;
    use super::*;

    fn said(parts: usize) -> Said {
        let summary = Summary { vrrp: true, check: true, ..Summary::default() };
        Said { summary: Some(summary), settings: (0..parts).map(|_| slot::keep(b"{}")).collect() }
    }

    #[test]
    fn a_reader_that_has_said_everything_counts_however_it_ended() {
        let loaded = said(2).conclude(Ended::Signal(9)).unwrap();
        assert!(loaded.vrrp.is_some() && loaded.check.is_some());
    }

    #[test]
    fn a_bfd_session_makes_peers_as_impatient_as_short_adverts_do() {
        let instance =
            "vrrp_instance a {\n interface eth0\n virtual_router_id 1\n no_virtual_ipaddress\n}\n";
        let bfd = "bfd_instance b {\n neighbor_ip 192.0.2.1\n min_tx 10\n multiplier 5\n}\n";
        let patience = |text: &str| super::patience(&settings(text).vrrp);
        assert_eq!(patience(""), None);
        assert_eq!(patience(instance), Some(Duration::from_secs(3)));
        assert_eq!(patience(bfd), Some(Duration::from_millis(50)));
        assert_eq!(patience(&format!("{instance}{bfd}")), Some(Duration::from_millis(50)));
    }

    #[test]
    fn a_reader_that_ends_early_is_told_with_its_end() {
        let error = |said: Said, ended| said.conclude(ended).unwrap_err().error.unwrap();
        assert_eq!(
            error(said(1), Ended::Signal(9)),
            "the configuration could not be read: the reader was killed by signal 9 before it had handed over all settings"
        );
        assert_eq!(
            error(Said::default(), Ended::Exit(1)),
            "the configuration could not be read: the reader ended with status 1"
        );
        let full = || Err(io::Error::from(io::ErrorKind::StorageFull));
        let no_room = Said { settings: vec![full(), full()], ..said(0) };
        assert_eq!(
            error(no_room, Ended::Exit(0)),
            "the configuration could not be read: keep the settings: no storage space"
        );
    }
}

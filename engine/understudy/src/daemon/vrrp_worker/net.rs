//! A small network for the tests: hosts in network namespaces on one bridge, each with a VRRP worker (a process of its
//! own, driven over its channel as the supervisor does) or with keepalived.

use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use understudy_core::config::{self, Environment, Source};
use understudy_core::node::settings::HostSettings;

use crate::daemon::channel::{Channel, Kind, Message};
use crate::daemon::record::Record;
use crate::sys::process::{Preparation, effective_uid, prepare};
use crate::sys::{signal, socket};

/// How long anything is waited for. A busy machine is slow, and that is no failure: what is waited for must come, not
/// come early.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Runs `ip` and the like; panics with their words.
pub fn run(words: &str) -> String {
    let output = attempt(words);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}: {errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The same, whatever comes of it.
pub fn attempt(words: &str) -> Output {
    let mut words_of = words.split_whitespace();
    let program = words_of.next().unwrap();
    Command::new(program).args(words_of).output().unwrap_or_else(|e| panic!("{words}: {e}"))
}

/// Why these tests can't run here, if they can't; said once for each test.
pub fn unable(keepalived: bool) -> bool {
    let missing = if effective_uid() != 0 {
        "root"
    } else if !attempt("ip netns list").status.success() {
        "network namespaces"
    } else if keepalived && Command::new("keepalived").arg("-v").output().is_err() {
        "keepalived"
    } else {
        return false;
    };
    eprintln!("skipped: needs {missing}");
    true
}

/// Whether this program is not there; said once for each test.
pub fn missing(program: &str) -> bool {
    let missing = Command::new(program).arg("--version").output().is_err();
    if missing {
        eprintln!("skipped: needs {program}");
    }
    missing
}

/// A bridge with hosts 10.77.0.1, 10.77.0.2 ... on it and the observer 10.77.0.250 beside them.
pub struct Net {
    name: String,
    hosts: usize,
    directory: std::path::PathBuf,
}

impl Net {
    /// With so many hosts.
    pub fn new(hosts: usize) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("vrrp-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(&name);
        fs::create_dir_all(&directory).unwrap();
        let net = Self { name, hosts, directory };
        let observer = net.observer();
        run(&format!("ip netns add {observer}"));
        run(&format!("ip -n {observer} link add br0 type bridge"));
        run(&format!("ip -n {observer} address add 10.77.0.250/24 dev br0"));
        run(&format!("ip -n {observer} link set br0 up"));
        for host in 1..=hosts {
            let own = net.host(host);
            run(&format!("ip netns add {own}"));
            run(&format!("ip -n {own} link set lo up"));
            net.plug(host);
        }
        net
    }

    /// Connects a host by an interface v0.
    pub fn plug(&self, host: usize) {
        let (own, observer) = (self.host(host), self.observer());
        run(&format!("ip -n {own} link add v0 type veth peer name v{host} netns {observer}"));
        run(&format!("ip -n {own} address add 10.77.0.{host}/24 dev v0"));
        run(&format!("ip -n {own} link set v0 up"));
        run(&format!("ip -n {observer} link set v{host} master br0 up"));
    }

    /// What a program prints beside the hosts; nothing if it fails.
    pub fn observe(&self, words: &str) -> String {
        let output = attempt(&format!("ip netns exec {} {words}", self.observer()));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The namespace of a host, counted from 1.
    pub fn host(&self, host: usize) -> String {
        format!("{}-{host}", self.name)
    }

    fn observer(&self) -> String {
        format!("{}-c", self.name)
    }

    /// Whether a host has an address.
    pub fn has(&self, host: usize, address: &str) -> bool {
        run(&format!("ip -n {} -o address show to {address}", self.host(host))).contains(address)
    }

    /// What a program prints on a host; nothing if it fails.
    pub fn inside(&self, host: usize, words: &str) -> String {
        let output = attempt(&format!("ip netns exec {} {words}", self.host(host)));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Whether an address refuses the observer's connection, rather than drop it.
    pub fn answers(&self, address: &str) -> bool {
        let attempt = Command::new("ip")
            .args(["netns", "exec", &self.observer(), "timeout", "2", "bash", "-c"])
            .arg(format!("exec 3<>/dev/tcp/{address}/9"))
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        String::from_utf8_lossy(&attempt.stderr).contains("refused")
    }

    /// Cuts a host off, or joins it again.
    pub fn connect(&self, host: usize, connected: bool) {
        let how = if connected { "up" } else { "down" };
        run(&format!("ip -n {} link set v{host} {how}", self.observer()));
    }

    /// Keeps the hosts apart though their cables are well, or no longer.
    pub fn separate(&self, apart: bool) {
        let how = if apart { "on" } else { "off" };
        for host in 1..=self.hosts {
            let observer = self.observer();
            run(&format!("bridge -n {observer} link set dev v{host} isolated {how}"));
        }
    }

    /// A file of this net.
    pub fn file(&self, name: &str) -> String {
        self.directory.join(name).to_str().unwrap().to_owned()
    }

    /// Writes down every change of a host's addresses from now on.
    pub fn watch_addresses(&self, host: usize) -> Watch {
        self.watch(host, &["address"])
    }

    /// The same for other objects of `ip`, beside addresses of the loopback.
    pub fn watch(&self, host: usize, objects: &[&str]) -> Watch {
        let log = self.file(&format!("watch-{host}"));
        let monitor = Command::new("ip")
            .args(["-d", "-n", &self.host(host), "-o", "monitor", "address"])
            .args(objects)
            .stdout(fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let watch = Watch { _monitor: Killed(monitor), log };
        // It listens as soon as it tells of something.
        for n in 0.. {
            assert!(n < 2000, "ip monitor tells nothing");
            let action = if n % 2 == 0 { "add" } else { "del" };
            attempt(&format!("ip -n {} address {action} 127.9.9.9/32 dev lo", self.host(host)));
            if watch.seen().contains("127.9.9.9") {
                break;
            }
            std::thread::park_timeout(Duration::from_millis(10));
        }
        watch
    }

    /// Starts a worker on a host.
    pub fn engine(&self, host: usize, conf: &str) -> Engine {
        Engine::start(&self.host(host), &settings(conf), None)
    }

    /// Starts keepalived on a host.
    pub fn keepalived(&self, host: usize, conf: &str) -> Keepalived {
        let file = self.file(&format!("keepalived-{host}.conf"));
        fs::write(&file, conf).unwrap();
        let log = fs::File::create(self.file(&format!("keepalived-{host}.log"))).unwrap();
        // keepalived's BFD process has a fixed pid file, so each gets its own /run.
        let script = format!(
            "mount -t tmpfs none /run && exec keepalived -n -l -D -P -f {file} -p /run/k.pid -r /run/v.pid"
        );
        let child = Command::new("ip")
            .args(["netns", "exec", &self.host(host), "unshare", "-m", "sh", "-c", &script])
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Keepalived(Killed(child))
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        for host in 1..=self.hosts {
            attempt(&format!("ip netns del {}", self.host(host)));
        }
        attempt(&format!("ip netns del {}", self.observer()));
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// A running `ip monitor address`.
pub struct Watch {
    _monitor: Killed,
    log: String,
}

impl Watch {
    /// What it has told so far.
    pub fn seen(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }
}

/// A process that does not outlive its test.
pub struct Killed(pub Child);

impl Killed {
    /// Ends it.
    pub fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A running keepalived.
pub struct Keepalived(Killed);

impl Keepalived {
    /// Stops it in order.
    pub fn stop(mut self) {
        run(&format!("kill -TERM {}", self.0.0.id()));
        let _ = self.0.0.wait();
    }
}

impl Drop for Keepalived {
    fn drop(&mut self) {
        // Its child must not outlive it.
        if matches!(self.0.0.try_wait(), Ok(None)) {
            run(&format!("kill -TERM {}", self.0.0.id()));
            let _ = self.0.0.wait();
        }
    }
}

struct Text(String);

impl Source for Text {
    fn glob(&mut self, pattern: &str) -> Vec<String> {
        vec![pattern.to_owned()]
    }

    fn read(&mut self, name: &str) -> Result<Vec<u8>, String> {
        let text = (name == "test.conf").then(|| self.0.clone().into_bytes());
        text.ok_or_else(|| "no such file".to_owned())
    }
}

/// What this configuration says.
pub fn settings(conf: &str) -> HostSettings {
    let parsed = config::parse(&mut Text(conf.into()), "test.conf", &Environment::default());
    parsed.settings.unwrap_or_else(|| panic!("{:#?}", parsed.diagnostics))
}

/// A running VRRP worker, seen from its supervisor.
pub struct Engine {
    child: Killed,
    channel: Channel,
    /// Its last handover.
    pub handover: Vec<u8>,
    /// All changes so far.
    pub records: Vec<Record>,
    /// All FIFO lines so far.
    pub fifo: Vec<String>,
    /// Messages to the other worker so far.
    pub peers: Vec<Value>,
    asked: u64,
}

impl Engine {
    /// Starts one in a namespace, perhaps as a successor.
    pub fn start(namespace: &str, settings: &HostSettings, inherited: Option<&[u8]>) -> Self {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let mut command = Command::new("ip");
        command
            .args(["netns", "exec", namespace])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "daemon::vrrp_worker::tests::a_worker", "--ignored", "--nocapture"])
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        if std::env::var_os("TRACE").is_none() {
            command.stderr(Stdio::null());
        }
        let channel = Some(theirs.as_raw_fd());
        prepare(
            &mut command,
            Preparation { channel, death_signal: Some(signal::SIGKILL), ..Preparation::default() },
        );
        let child = Killed(command.spawn().unwrap());
        drop(theirs);
        let mut channel = Channel::new(ours).unwrap();
        if let Some(bytes) = inherited {
            channel.push(Kind::Inherit, bytes);
        }
        channel.push(Kind::Settings, &serde_json::to_vec(settings).unwrap());
        channel.flush();
        let mut engine = Self {
            child,
            channel,
            handover: Vec::new(),
            records: Vec::new(),
            fifo: Vec::new(),
            peers: Vec::new(),
            asked: 0,
        };
        engine.wait("Ready", |message| message.kind == Kind::Ready);
        engine
    }

    /// Ends it without a chance to say good-bye.
    pub fn kill(mut self) {
        self.child.kill();
    }

    /// The same, and a successor takes up what it left.
    pub fn replace(mut self, namespace: &str, conf: &str) -> Self {
        self.child.kill();
        self.take_in();
        Self::start(namespace, &settings(conf), Some(&self.handover))
    }

    /// Asks it to stop.
    pub fn begin_stop(&mut self) {
        self.channel.push(Kind::Stop, &[]);
        self.channel.flush();
    }

    /// Waits until it has stopped.
    pub fn stopped(mut self) {
        self.wait("Stopped", |message| message.kind == Kind::Stopped);
    }

    /// Gives it another configuration.
    pub fn reload(&mut self, conf: &str) {
        self.channel.push(Kind::Settings, &serde_json::to_vec(&settings(conf)).unwrap());
        self.channel.flush();
        self.wait("Ready", |message| message.kind == Kind::Ready);
    }

    /// Says something as the other worker.
    pub fn say_as_peer(&mut self, message: &Value) {
        self.channel.push(Kind::Peer, message.to_string().as_bytes());
        self.channel.flush();
    }

    /// Its part of `status`.
    pub fn status(&mut self) -> Value {
        self.asked += 1;
        let number = self.asked;
        self.channel.push(Kind::AskStatus, number.to_string().as_bytes());
        self.channel.flush();
        let mut status = Value::Null;
        self.wait("Status", |message| {
            if message.kind == Kind::Status
                && let Some((answered, value)) = message.read::<(u64, Value)>()
                && answered == number
            {
                status = value;
                return true;
            }
            false
        });
        status
    }

    /// The state of its first instance.
    pub fn state(&mut self) -> String {
        self.status()["instances"][0]["state"].as_str().unwrap().to_owned()
    }

    /// Waits for a change such as `BACKUP -> MASTER`; tells why it happened.
    pub fn until(&mut self, change: &str) -> String {
        let seen = |engine: &Self| {
            let found = engine.records.iter().find(|record| record.change.contains(change));
            found.map(|record| record.why.clone())
        };
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = seen(self) {
                return found;
            }
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "no {change} within {PATIENCE:?}: {:#?}", self.records);
            let ms = libc::c_int::try_from(left.as_millis() + 1).unwrap();
            let _ = socket::wait_readable(&self.channel, ms);
            self.take_in();
        }
    }

    /// Forgets the changes so far.
    pub fn forget(&mut self) {
        self.take_in();
        self.records.clear();
        self.fifo.clear();
    }

    /// Reads what it has said.
    pub fn take_in(&mut self) -> Vec<Message> {
        self.channel.fill();
        let mut messages = Vec::new();
        while let Some(message) = self.channel.pop() {
            match message.kind {
                Kind::Record => self.records.push(message.read().unwrap()),
                Kind::Handover => self.handover.clone_from(&message.body),
                Kind::Fifo => {
                    let line: Value = message.read().unwrap();
                    self.fifo.push(line["line"].as_str().unwrap().to_owned());
                }
                Kind::Peer => self.peers.push(message.read().unwrap()),
                Kind::Failed => panic!("{}", String::from_utf8_lossy(&message.body)),
                _ => {}
            }
            messages.push(message);
        }
        messages
    }

    fn wait(&mut self, what: &str, mut is_it: impl FnMut(&Message) -> bool) {
        let end = Instant::now() + PATIENCE;
        loop {
            if self.take_in().iter().any(&mut is_it) {
                return;
            }
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero() && !self.channel.is_closed(), "no {what} within {PATIENCE:?}");
            let ms = libc::c_int::try_from(left.as_millis() + 1).unwrap();
            let _ = socket::wait_readable(&self.channel, ms);
        }
    }
}

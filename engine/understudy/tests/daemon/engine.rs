//! The real binary: started, looked at, hurt, stopped. Each test has its own directories and its own network namespace
//! with one interface; without root there can be none, and the tests say that they are skipped.

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::{end_of, ip, wait};

const BINARY: &str = env!("CARGO_BIN_EXE_understudy");

const GOOD: &str = "\
vrrp_instance read {
    state BACKUP
    interface v0
    virtual_router_id 51
    priority 100
    version 3
    advert_int 0.1
    virtual_ipaddress {
        192.0.2.77/32
    }
}
";

struct Engine {
    directory: PathBuf,
    /// Its network namespace.
    namespace: String,
    process: Option<Child>,
    notify: Option<UnixDatagram>,
}

impl Engine {
    /// A place for an engine, with a good configuration. `None`: not root.
    fn place(name: &str) -> Option<Self> {
        if fs::metadata("/proc/self").map(|m| std::os::unix::fs::MetadataExt::uid(&m)).unwrap_or(1)
            != 0
        {
            eprintln!("skipped: {name} needs root for a network namespace");
            return None;
        }
        let directory =
            std::env::temp_dir().join(format!("understudy-engine-{name}-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("conf"), GOOD).unwrap();
        let namespace = format!("engine-{name}-{}", std::process::id());
        let engine = Self { directory, namespace, process: None, notify: None };
        ip(&format!("netns add {}", engine.namespace));
        for line in [
            "link set lo up",
            "link add v0 type veth peer name v1",
            "link set v1 up",
            "address add 192.0.2.2/24 dev v0",
            "link set v0 up",
        ] {
            ip(&format!("-netns {} {line}", engine.namespace));
        }
        Some(engine)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Starts the engine outside of its network namespace.
    fn launch_outside(&mut self) {
        let log = fs::File::options().create(true).append(true).open(self.path("log")).unwrap();
        let mut command = Command::new(BINARY);
        command.args(["run", "-f", "conf", "--run-dir", "run", "--state-dir", "state"]);
        command.current_dir(&self.directory).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        self.process = Some(command.spawn().unwrap());
    }

    /// Starts the engine; `launch` returns at once.
    fn launch(&mut self) {
        let log = fs::File::options().create(true).append(true).open(self.path("log")).unwrap();
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.namespace, BINARY]).current_dir(&self.directory);
        command.args(["run", "-f", "conf", "--run-dir", "run", "--state-dir", "state"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        if self.notify.is_some() {
            command.env("NOTIFY_SOCKET", self.path("notify")).env("WATCHDOG_USEC", "200000");
        }
        self.process = Some(command.spawn().unwrap());
    }

    /// Starts the engine and waits until it is healthy.
    fn start(&mut self) {
        self.launch();
        self.until("it is healthy", |engine| engine.status().is_some_and(|s| s["healthy"] == true));
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(BINARY);
        command.args(arguments).args(["--run-dir", "run", "--state-dir", "state"]);
        command.current_dir(&self.directory).output().unwrap()
    }

    fn status(&self) -> Option<Value> {
        serde_json::from_slice(&self.run(&["status", "--json"]).stdout).ok()
    }

    fn worker(&self) -> Option<i32> {
        let pid = self.status()?["workers"][0]["pid"].as_i64()?;
        i32::try_from(pid).ok()
    }

    /// The state of the instance.
    fn state(&self) -> Option<String> {
        self.status()?["instances"][0]["state"].as_str().map(str::to_owned)
    }

    /// Is the VIP on the interface?
    fn holds(&self) -> bool {
        ip(&format!("-netns {} -oneline address show dev v0", self.namespace))
            .contains(" 192.0.2.77/32 ")
    }

    fn restarts(&self) -> u64 {
        self.status().and_then(|s| s["workers"][0]["restarts"].as_u64()).unwrap_or(0)
    }

    fn events(&self) -> Vec<String> {
        let out = self.run(&["events", "--json"]).stdout;
        let records: Vec<Value> = serde_json::from_slice(&out).unwrap();
        records.iter().map(|r| r["change"].as_str().unwrap().to_owned()).collect()
    }

    fn signal(&self, signal: &str) {
        kill(signal, i32::try_from(self.process.as_ref().unwrap().id()).unwrap());
    }

    fn until(&self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        wait(|| holds(self)).unwrap_or_else(|()| {
            let log = fs::read_to_string(self.path("log")).unwrap_or_default();
            panic!("it never came that {what}; log:\n{log}");
        });
    }

    fn ended(&mut self) -> Option<i32> {
        end_of(self.process.take().unwrap())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
        let _ = Command::new("ip").args(["netns", "delete", &self.namespace]).status();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

fn kill(signal: &str, pid: i32) {
    let status = Command::new("kill").args([signal, &pid.to_string()]).status().unwrap();
    assert!(status.success());
}

fn exists(pid: i32) -> bool {
    // A zombie of a dead parent is gone in a moment; it runs nothing.
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

#[test]
fn a_killed_master_goes_on_without_an_election() {
    let Some(mut engine) = Engine::place("killed") else { return };
    engine.start();
    engine.until("it is master", |e| e.state().as_deref() == Some("MASTER") && e.holds());
    let first = engine.worker().unwrap();
    for life in 1..=3 {
        kill("-KILL", engine.worker().unwrap());
        engine.until("a successor runs", |e| {
            assert!(e.holds(), "the VIP stays all the time");
            e.restarts() == life && e.state().is_some()
        });
        assert_eq!(engine.state().unwrap(), "MASTER", "it goes on where it was");
    }
    assert_ne!(engine.worker().unwrap(), first);
    engine.until("it is healthy again", |e| e.status().unwrap()["healthy"] == true);
    let events = engine.events();
    assert_eq!(events.iter().filter(|e| *e == "vrrp worker goes on").count(), 3, "{events:?}");
    assert!(!events.iter().any(|e| e == "MASTER -> BACKUP"), "{events:?}");
}

#[test]
fn a_hung_worker_is_replaced() {
    let Some(mut engine) = Engine::place("hung") else { return };
    engine.start();
    let first = engine.worker().unwrap();
    let since = Instant::now();
    kill("-STOP", first);
    engine
        .until("a successor runs", |e| e.restarts() == 1 && e.worker().is_some_and(|w| w != first));
    assert!(since.elapsed() < Duration::from_secs(3), "{:?}", since.elapsed());
    assert!(!exists(first));
}

#[test]
fn a_worker_that_dies_again_and_again_is_given_up_and_its_addresses_go() {
    let Some(mut engine) = Engine::place("again") else { return };
    engine.start();
    engine.until("it is master", |e| e.state().as_deref() == Some("MASTER") && e.holds());
    engine.until("the worker is given up", |e| {
        if let Some(worker) = e.worker() {
            let _ = Command::new("kill")
                .args(["-KILL", &worker.to_string()])
                .stderr(Stdio::null())
                .status();
        }
        e.events().iter().any(|event| event == "vrrp worker given up")
    });
    assert!(!engine.holds(), "its addresses are withdrawn");
    let status = engine.status().unwrap();
    assert_eq!(engine.run(&["status"]).status.code(), Some(2));
    assert!(status["problems"][0].as_str().unwrap().starts_with("vrrp worker: "), "{status}");
    engine.signal("-TERM");
    assert_eq!(engine.ended(), Some(0));
}

#[test]
fn a_bad_reload_changes_nothing_and_is_told() {
    let Some(mut engine) = Engine::place("reload") else { return };
    engine.start();
    let worker = engine.worker();
    fs::write(engine.path("conf"), "vrrp_instance read {\n    virtual_routr_id 51\n").unwrap();
    engine.until("the status says that the file has changed", |e| {
        e.status().unwrap()["config"]["stale"] == true
    });
    assert_eq!(engine.run(&["reload", "--dry-run"]).status.code(), Some(2));
    assert!(engine.status().unwrap()["config"]["error"].is_null(), "a dry run changes nothing");
    engine.signal("-HUP");
    engine.until("the status tells the error", |e| {
        e.status().unwrap()["config"]["error"].is_string()
    });
    assert_eq!(engine.status().unwrap()["healthy"], false);
    assert_eq!(engine.run(&["status"]).status.code(), Some(1));
    assert_eq!(engine.worker(), worker, "the worker goes on undisturbed");

    fs::write(engine.path("conf"), GOOD.replace("priority 100", "priority 101")).unwrap();
    let reload = engine.run(&["reload"]);
    assert_eq!(reload.status.code(), Some(0), "{reload:?}");
    let status = engine.status().unwrap();
    assert_eq!(
        (&status["healthy"], &status["config"]["error"]),
        (&Value::Bool(true), &Value::Null)
    );
    assert_eq!(engine.worker(), worker);
}

#[test]
fn it_stops_in_good_order_and_its_events_survive() {
    let Some(mut engine) = Engine::place("stop") else { return };
    engine.start();
    engine.until("it is master", |e| e.holds());
    let worker = engine.worker().unwrap();
    engine.signal("-TERM");
    assert_eq!(engine.ended(), Some(0));
    assert!(!exists(worker));
    assert!(!engine.path("run/control.sock").exists());
    assert!(!engine.path("run/vrrp.state").exists(), "nothing is held any more");
    assert_eq!(engine.run(&["status"]).status.code(), Some(3));
    assert!(!engine.holds());
    assert!(engine.events().iter().any(|e| e == "stopping"));
    engine.start();
    let events = engine.events();
    assert_eq!(events.iter().filter(|e| *e == "started").count(), 2, "{events:?}");
}

#[test]
fn a_killed_engine_leaves_its_addresses_and_its_successor_goes_on() {
    let Some(mut engine) = Engine::place("supervisor") else { return };
    let more = "virtual_routes { 10.1.0.0/16 via 192.0.2.9 }
        virtual_rules { from 10.1.0.0/16 table 7 priority 70 }
        virtual_ipaddress {";
    fs::write(engine.path("conf"), GOOD.replace("virtual_ipaddress {", more)).unwrap();
    engine.start();
    engine.until("it is master", |e| e.state().as_deref() == Some("MASTER") && e.holds());
    let worker = engine.worker().unwrap();
    engine.until("the state is on disk", |e| e.path("run/vrrp.state").exists());
    engine.signal("-KILL");
    assert_eq!(engine.ended(), None);
    wait(|| !exists(worker)).expect("the worker outlives its supervisor");
    assert!(engine.holds(), "nothing is given up");
    engine.start();
    assert_eq!(engine.state().unwrap(), "MASTER", "it goes on where it was");
    assert!(engine.holds());

    engine.signal("-KILL");
    assert_eq!(engine.ended(), None);
    wait(|| engine.worker().is_none()).unwrap();
    let namespace = engine.namespace.clone();
    let withdraw = |extra: &str, result: &str| {
        let mut command = Command::new("ip");
        command
            .args(["netns", "exec", &namespace, BINARY, "withdraw", "--run-dir", "run"])
            .args(extra.split_whitespace());
        let out =
            command.env("SERVICE_RESULT", result).current_dir(&engine.directory).output().unwrap();
        (out.status.code(), String::from_utf8_lossy(&out.stdout).into_owned())
    };
    assert_eq!(withdraw("--unless-restarting", "signal").0, Some(0));
    assert!(engine.holds(), "its unit starts it again");
    let (code, text) = withdraw("--unless-restarting", "exit-code");
    let want = "withdrew rule priority 70 from 10.1.0.0/16 table 7
withdrew route 10.1.0.0/16 via 192.0.2.9 dev v0
withdrew 192.0.2.77/32 on v0
";
    assert_eq!((code, text.as_str()), (Some(0), want));
    assert!(!engine.holds());
    assert_eq!(withdraw("", "").1, "nothing was left\n");
}

#[test]
fn only_one_engine_runs_in_a_place_and_a_bad_file_starts_none() {
    let Some(mut engine) = Engine::place("one") else { return };
    engine.start();
    let second = engine.run(&["run", "-f", "conf"]);
    assert_eq!(second.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&second.stderr).contains("another engine runs here"));
    assert!(engine.worker().is_some(), "the first goes on, its socket in place");
    assert_eq!(engine.run(&["withdraw"]).status.code(), Some(1));
    engine.signal("-TERM");
    assert_eq!(engine.ended(), Some(0));
    fs::write(engine.path("conf"), "vrrp_instance {\n").unwrap();
    engine.launch();
    assert_eq!(engine.ended(), Some(2));
}

#[test]
fn systemd_is_told() {
    let Some(mut engine) = Engine::place("systemd") else { return };
    let notify = UnixDatagram::bind(engine.path("notify")).unwrap();
    notify.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    engine.notify = Some(notify);
    engine.start();
    let notify = engine.notify.take().unwrap();
    let next = |wanted: &str| {
        let mut buffer = [0; 1024];
        for _ in 0..1000 {
            match notify.recv(&mut buffer) {
                Ok(n) => {
                    let text = String::from_utf8_lossy(&buffer[..n]).into_owned();
                    if text.contains(wanted) {
                        return text;
                    }
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => panic!("{wanted}: {e}"),
            }
        }
        panic!("{wanted} never came");
    };
    next("READY=1");
    next("WATCHDOG=1");
    engine.signal("-HUP");
    assert!(next("RELOADING=1").contains("\nMONOTONIC_USEC="));
    next("READY=1");
    engine.signal("-TERM");
    next("STOPPING=1");
    assert_eq!(engine.ended(), Some(0));
}

#[test]
fn notifications_run_in_order_and_fifo_lines_arrive() {
    let Some(mut engine) = Engine::place("notify") else { return };
    let directory = engine.directory.display().to_string();
    fs::write(
        engine.path("note"),
        format!("#!/bin/sh\nsleep 0.1\necho \"$*\" >> {directory}/notes\n"),
    )
    .unwrap();
    fs::set_permissions(engine.path("note"), std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .unwrap();
    let globals = format!(
        "global_defs {{\n    script_user root\n    vrrp_notify_fifo {directory}/fifo\n}}\n"
    );
    let notify = format!(
        "    notify_master {directory}/note\n    notify {directory}/note\n    notify_stop {directory}/note\n"
    );
    let conf = GOOD.replace("    virtual_ipaddress", &(notify + "    virtual_ipaddress"));
    fs::write(engine.path("conf"), globals + &conf).unwrap();
    engine.start();
    let mut options = fs::File::options();
    let mut fifo =
        std::os::unix::fs::OpenOptionsExt::custom_flags(options.read(true), libc::O_NONBLOCK)
            .open(engine.path("fifo"))
            .unwrap();
    engine.until("it is master", |e| e.state().as_deref() == Some("MASTER"));
    engine.until("its notification has run", |e| {
        fs::read_to_string(e.path("notes")).is_ok_and(|notes| notes.contains("MASTER"))
    });
    engine.signal("-TERM");
    assert_eq!(engine.ended(), Some(0));
    let mut lines = Vec::new();
    std::io::Read::read_to_end(&mut fifo, &mut lines).unwrap();
    let lines = String::from_utf8(lines).unwrap();
    assert_eq!(
        lines,
        "INSTANCE \"read\" BACKUP 100\nINSTANCE \"read\" MASTER 100\nINSTANCE \"read\" STOP 100\n"
    );
    // Each instance's programs run one after the other: `notify_master` (without arguments), then `notify`.
    let notes = fs::read_to_string(engine.path("notes")).unwrap();
    let expected =
        ["INSTANCE read BACKUP 100", "", "INSTANCE read MASTER 100", "", "INSTANCE read STOP 100"];
    assert_eq!(notes.lines().collect::<Vec<_>>(), expected);
    assert!(!engine.path("fifo").exists(), "made by the engine, removed by it");
}

/// The test below starts it in its namespace: writes to the file `mails` what it is told.
#[test]
#[ignore = "the mail server of another test"]
fn mail_server() {
    let Some(directory) = std::env::var_os("MAILS") else { return };
    let listener = TcpListener::bind("127.0.0.1:25").unwrap();
    let mut mails = fs::File::create(PathBuf::from(directory).join("mails")).unwrap();
    for stream in listener.incoming() {
        let stream = stream.unwrap();
        let mut out = stream.try_clone().unwrap();
        out.write_all(b"220 here\r\n").unwrap();
        let mut in_mail = false;
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            writeln!(mails, "{line}").unwrap();
            let answer = match line.as_str() {
                "." => "250 taken",
                _ if in_mail => continue,
                "DATA" => "354 go on",
                "QUIT" => "221 bye",
                _ => "250 ok",
            };
            in_mail = line == "DATA";
            out.write_all(format!("{answer}\r\n").as_bytes()).unwrap();
        }
    }
}

#[test]
fn changes_of_state_are_mailed_also_those_of_the_stop() {
    let Some(mut engine) = Engine::place("mail") else { return };
    let mut server = Command::new("ip")
        .args(["netns", "exec", &engine.namespace])
        .arg(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "engine::mail_server"])
        .env("MAILS", &engine.directory)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    engine.until("the mail server listens", |e| e.path("mails").exists());
    let globals = "global_defs {\n    router_id db1\n    notification_email { root@a.example }\n    notification_email_from \"Data base <db1@a.example>\"\n    smtp_server localhost\n}\n";
    let conf = GOOD.replace("    virtual_ipaddress", "    smtp_alert\n    virtual_ipaddress");
    fs::write(engine.path("conf"), globals.to_owned() + &conf).unwrap();
    engine.start();
    let mails = |e: &Engine| fs::read_to_string(e.path("mails")).unwrap_or_default();
    engine.until("a mail tells of the new master", |e| {
        mails(e).contains("Subject: [db1] VRRP Instance read - Entering MASTER state\n")
    });
    engine.signal("-TERM");
    assert_eq!(engine.ended(), Some(0));
    let mails = mails(&engine);
    let _ = server.kill();
    let _ = server.wait();
    let subjects: Vec<&str> = mails.lines().filter(|line| line.starts_with("Subject:")).collect();
    let of = |what: &str| format!("Subject: [db1] VRRP Instance read - {what}");
    let expected = [of("Entering BACKUP state"), of("Entering MASTER state"), of("Stopping")];
    assert_eq!(subjects, expected, "{mails}");
    assert!(mails.contains("\nMAIL FROM:<db1@a.example>\nRCPT TO:<root@a.example>\nDATA\nDate: "));
    let tail = "\nFrom: Data base <db1@a.example>\n";
    assert!(mails.contains(tail), "{mails}");
    let body = "\nTo: root@a.example\n\n=> VRRP Instance is now owning VRRP VIPs <=\n";
    assert!(mails.contains(body), "{mails}");
}

#[test]
fn a_dead_mail_server_holds_nothing_up() {
    let Some(mut engine) = Engine::place("nomail") else { return };
    // Nobody answers for this address: no refusal, only silence.
    let globals = "global_defs {\n    notification_email { root }\n    smtp_server 192.0.2.25\n}\n";
    let conf = GOOD.replace("    virtual_ipaddress", "    smtp_alert\n    virtual_ipaddress");
    fs::write(engine.path("conf"), globals.to_owned() + &conf).unwrap();
    engine.start();
    engine.until("it is master", |e| e.state().as_deref() == Some("MASTER") && e.holds());
    let since = Instant::now();
    engine.signal("-TERM");
    engine.until("its addresses are gone", |e| !e.holds());
    assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
    assert_eq!(engine.ended(), Some(0));
    assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
    let log = fs::read_to_string(engine.path("log")).unwrap();
    assert!(log.contains("mail not sent: "), "{log}");
}

#[test]
fn the_engine_works_in_the_network_namespace_that_is_configured() {
    let Some(mut engine) = Engine::place("netns") else { return };
    let conf = |name: &str| format!("net_namespace {name}\n{GOOD}");
    fs::write(engine.path("conf"), conf("no-such-namespace")).unwrap();
    engine.launch_outside();
    assert_eq!(engine.ended(), Some(2));
    let log = fs::read_to_string(engine.path("log")).unwrap();
    assert!(log.contains("enter the network namespace no-such-namespace: No such file"), "{log}");

    let good = conf(&engine.namespace.clone());
    fs::write(engine.path("conf"), &good).unwrap();
    engine.launch_outside();
    engine.until("it is master", |e| e.state().as_deref() == Some("MASTER") && e.holds());
    // The whole reload is refused when that would change.
    fs::write(engine.path("conf"), GOOD).unwrap();
    let reload = engine.run(&["reload"]);
    let words = String::from_utf8_lossy(&reload.stderr).into_owned();
    assert!(!reload.status.success() && words.contains("can't change at a reload"), "{words}");
    fs::write(engine.path("conf"), good).unwrap();
    assert!(engine.run(&["reload"]).status.success());

    // What dies with both processes is taken back in the namespace, too.
    engine.signal("-KILL");
    engine.ended();
    assert!(engine.holds());
    assert!(engine.run(&["withdraw"]).status.success());
    assert!(!engine.holds());
}

#[test]
fn what_a_killed_engine_has_made_is_withdrawn() {
    let Some(mut engine) = Engine::place("vmac") else { return };
    let conf = GOOD.replace("interface v0", "interface v0\n    use_vmac");
    fs::write(engine.path("conf"), conf).unwrap();
    let namespace = engine.namespace.clone();
    let setting = move || {
        let path = "/proc/sys/net/ipv4/conf/v0/arp_ignore";
        let out = Command::new("ip").args(["netns", "exec", &namespace, "cat", path]).output();
        String::from_utf8_lossy(&out.unwrap().stdout).trim().to_owned()
    };
    let links = |engine: &Engine| ip(&format!("-netns {} -oneline address show", engine.namespace));
    assert_eq!(setting(), "0");
    engine.start();
    engine.until("it is master", |e| links(e).contains("vrrp.51    inet 192.0.2.77/32"));
    assert_eq!(setting(), "1");
    engine.until("the state is on disk", |e| {
        fs::read_to_string(e.path("run/vrrp.state")).is_ok_and(|it| it.contains("arp_ignore"))
    });
    engine.signal("-KILL");
    assert_eq!(engine.ended(), None);
    wait(|| engine.worker().is_none()).unwrap();
    let withdrawn = ip_output(&[
        "netns",
        "exec",
        &engine.namespace,
        BINARY,
        "withdraw",
        "--run-dir",
        engine.path("run").to_str().unwrap(),
    ]);
    assert!(withdrawn.contains("removed vrrp.51"), "{withdrawn}");
    assert!(withdrawn.contains("put back 2 kernel settings"), "{withdrawn}");
    assert_eq!(setting(), "0");
    assert!(!ip(&format!("-netns {} link show", engine.namespace)).contains("vrrp.51"));
}

fn ip_output(arguments: &[&str]) -> String {
    let out = Command::new("ip").args(arguments).output().unwrap();
    String::from_utf8_lossy(&out.stdout).into_owned()
}

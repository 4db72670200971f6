//! The binary under the name `keepalived`, and where it is installed the real one beside it: exit statuses, process
//! number files, signals, dumps as exporters read them. Lives in network namespaces of its own; skipped without root.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

use crate::{end_of, ip, wait};

/// The peer, as Debian installs it.
const PEER: &str = "/usr/sbin/keepalived";

const CONFIGURATION: &str = "\
global_defs {
    router_id lb1
    notification_email { root@localhost }
    notification_email_from ka@localhost
    smtp_server 127.0.0.1
    script_user root
    vrrp_garp_master_refresh 60
}
static_routes {
    198.51.101.0/24 dev v0 table 101
}
static_rules {
    to 198.51.101.0/24 table 101 priority 1004
}
garp_group {
    garp_interval 0.001
    gna_interval 0.002
    interfaces {
        lo
        v0
    }
}
bfd_instance path {
    source_ip 192.0.2.2
    neighbor_ip 192.0.2.3
}
vrrp_script chk {
    script \"/usr/bin/true a\"
    interval 1
}
vrrp_sync_group G {
    group { A B }
}
vrrp_instance A {
    interface v0
    state MASTER
    virtual_router_id 51
    priority 100
    advert_int 1
    authentication {
        auth_type PASS
        auth_pass secret1
    }
    track_script { chk }
    virtual_ipaddress {
        192.0.2.77/32 dev v0
        192.0.2.78/24
    }
    virtual_ipaddress_excluded { 192.0.2.79/32 }
    notify /usr/bin/true
    notify_master \"/usr/bin/true 'm x'\"
}
vrrp_instance B {
    interface v0
    version 3
    virtual_router_id 52
    priority 90
    advert_int 0.5
    nopreempt
    virtual_ipaddress { 192.0.2.80/32 }
    unicast_peer { 192.0.2.3 }
}
track_file number {
    file NUMBER
}
vrrp_track_process nobody {
    process no_such_program
}
vrrp_instance C {
    interface v0
    virtual_router_id 53
    virtual_ipaddress { 192.0.2.83/32 }
    track_file { number weight 3 }
    track_process { nobody weight 2 }
    track_interface { lo weight 1 }
    track_bfd { path weight 2 }
    virtual_routes {
        198.51.100.0/24 dev v0 table 100 metric 5
        198.51.102.0/24 dev v0 src 192.0.2.83 mtu 1400 append
    }
    virtual_rules {
        from 198.51.100.0/24 table 100 priority 1005
    }
}
";

/// A place of its own for one program.
struct Place {
    directory: PathBuf,
    namespace: String,
    program: PathBuf,
    process: Option<Child>,
}

impl Place {
    /// `None`: not root.
    fn new(name: &str, peer: bool) -> Option<Self> {
        let uid = fs::metadata("/proc/self").map(|m| m.uid()).unwrap_or(1);
        if uid != 0 {
            eprintln!("skipped: {name} needs root for a network namespace");
            return None;
        }
        let place = Self::without_network(name, peer);
        ip(&format!("netns add {}", place.namespace));
        for line in [
            "link set lo up",
            "link add v0 type veth peer name v1",
            "link set v1 up",
            "address add 192.0.2.2/24 dev v0",
            "link set v0 up",
        ] {
            ip(&format!("-netns {} {line}", place.namespace));
        }
        Some(place)
    }

    fn without_network(name: &str, peer: bool) -> Self {
        let id = format!("ka-{name}-{}-{}", u8::from(peer), std::process::id());
        let directory = std::env::temp_dir().join(&id);
        fs::create_dir_all(directory.join("tmp")).unwrap();
        fs::write(directory.join("number"), "4\n").unwrap();
        let program = if peer { PEER.into() } else { directory.join("keepalived") };
        if !peer {
            symlink(env!("CARGO_BIN_EXE_understudy"), &program).unwrap();
        }
        let place = Self { directory, namespace: id, program, process: None };
        fs::write(place.path("conf"), place.configuration()).unwrap();
        place
    }

    fn configuration(&self) -> String {
        CONFIGURATION.replace("NUMBER", self.path("number").to_str().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    fn with_environment<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command
            .current_dir(&self.directory)
            .env("TMPDIR", self.path("tmp"))
            .env("RUNTIME_DIRECTORY", self.path("run"))
            .env("STATE_DIRECTORY", self.path("state"))
            .env_remove("NOTIFY_SOCKET")
            .stdin(Stdio::null())
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(&self.program);
        self.with_environment(&mut command).args(arguments).output().unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.namespace]).arg(&self.program);
        let log = fs::File::options().create(true).append(true).open(self.path("log")).unwrap();
        self.with_environment(&mut command).args(["-f", "conf", "-p", "pid", "-l", "-P"]);
        command.args(["-r", "vrrp.pid", "-c", "check.pid"]).args(arguments);
        command.stdout(Stdio::null()).stderr(log);
        command
    }

    /// In the foreground, with absolute names, as the peer wants them in the background, too.
    fn start(&mut self, arguments: &[&str]) {
        self.process = Some(self.command(arguments).arg("-n").spawn().unwrap());
        self.until("it has its files with numbers", |p| {
            p.pid("pid").is_some() && p.pid("vrrp.pid").is_some()
        });
    }

    fn pid(&self, file: &str) -> Option<u32> {
        fs::read_to_string(self.path(file)).ok()?.trim().parse().ok()
    }

    fn signal(&self, signal: &str, file: &str) {
        let pid = self.pid(file).unwrap().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// What a signal makes the program write; the file of before is taken away first.
    fn dump(&self, signal: &str, to: &str, name: &str) -> String {
        let file = self.path("tmp").join(name);
        let _ = fs::remove_file(&file);
        self.signal(signal, to);
        self.until(name, |_| {
            fs::read_to_string(&file).is_ok_and(|text| text.ends_with(['\n', ']']))
        });
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
        fs::read_to_string(file).unwrap()
    }

    fn holds(&self, address: &str) -> bool {
        ip(&format!("-netns {} -oneline address show dev v0", self.namespace)).contains(address)
    }

    fn until(&self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        wait(|| holds(self)).unwrap_or_else(|()| {
            let log = fs::read_to_string(self.path("log")).unwrap_or_default();
            panic!("{}: it never came that {what}; log:\n{log}", self.program.display());
        });
    }

    fn ended(&mut self) -> Option<i32> {
        end_of(self.process.take().unwrap())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
        let mut delete = Command::new("ip");
        let _ = delete.args(["netns", "delete", &self.namespace]).stderr(Stdio::null()).status();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// Us, and the peer where there is one.
fn both() -> Vec<bool> {
    if Path::new(PEER).exists() {
        vec![false, true]
    } else {
        eprintln!("without a keepalived beside it: {PEER} is not installed");
        vec![false]
    }
}

// -- as exporters read the dumps

/// `keepalived.data` as mehdy/keepalived-exporter takes it: instances, their fields, their addresses.
fn read_data(text: &str) -> BTreeMap<String, BTreeMap<String, Vec<String>>> {
    let mut instances: BTreeMap<String, BTreeMap<String, Vec<String>>> = BTreeMap::new();
    let (mut instance, mut key) = (None::<String>, String::new());
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix(" VRRP Instance = ") {
            instance = Some(rest.trim().to_owned());
            instances.insert(rest.trim().to_owned(), BTreeMap::new());
        } else if let (true, Some(name)) = (line.starts_with("   "), &instance) {
            let fields = instances.get_mut(name).unwrap();
            if line.starts_with("     ") {
                fields.entry(key.clone()).or_default().push(line.trim().to_owned());
            } else if let Some((name, value)) =
                line.split_once('=').or_else(|| line.split_once(':'))
            {
                name.trim().clone_into(&mut key);
                let values = fields.entry(key.clone()).or_default();
                values.extend(Some(value.trim().to_owned()).filter(|v| !v.is_empty()));
            }
        } else {
            instance = None;
        }
    }
    instances
}

/// Its sections, objects and fields, without their values: the order of everything that there is.
fn skeleton(text: &str) -> Vec<String> {
    let of = |line: &str| {
        let name = line.split(['=', ':', ',']).next().unwrap_or("").trim_end();
        (!line.starts_with("     ")).then(|| name.to_owned())
    };
    text.lines().filter_map(of).collect()
}

/// `keepalived.stats`: the number behind section and label.
fn read_stats(text: &str) -> BTreeMap<(String, String, String), u64> {
    let mut counters = BTreeMap::new();
    let (mut instance, mut section) = (String::new(), String::new());
    for line in text.lines() {
        let (label, value) = line.trim().split_once(':').unwrap();
        let value = value.trim();
        match line.len() - line.trim_start().len() {
            0 => value.clone_into(&mut instance),
            2 if value.is_empty() => label.clone_into(&mut section),
            indent => {
                let section = if indent == 2 { String::new() } else { section.clone() };
                let key = (instance.clone(), section, label.to_owned());
                counters.insert(key, value.parse().unwrap());
            }
        }
    }
    counters
}

/// The members of all objects in order, with the types of their values.
fn members(text: &str) -> Vec<(String, &'static str)> {
    // serde_json sorts members, so the order is looked up in the text.
    let kind = |value: &Value| match value {
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        _ => "object",
    };
    let all: Value = serde_json::from_str(text).unwrap();
    let mut found = Vec::new();
    let mut from = 0;
    for instance in all.as_array().unwrap() {
        for part in ["data", "stats"] {
            let start = from + text[from..].find(&format!("\"{part}\":")).unwrap();
            let object = instance[part].as_object().unwrap();
            let place = |name: &str| text[start..].find(&format!("\"{name}\":")).unwrap() + start;
            let mut sorted: Vec<_> =
                object.iter().map(|(name, value)| (place(name), name, kind(value))).collect();
            sorted.sort_unstable();
            from = sorted.last().unwrap().0;
            found
                .extend(sorted.into_iter().map(|(_, name, kind)| (format!("{part}.{name}"), kind)));
        }
    }
    found
}

fn is_subsequence<T: PartialEq + std::fmt::Debug>(ours: &[T], theirs: &[T], what: &str) {
    let mut rest = theirs.iter();
    for item in ours {
        assert!(rest.any(|it| it == item), "{what}: {item:?} is not there, or not in this order");
    }
}

// -- tests

#[test]
fn its_life_is_that_of_keepalived() {
    let mut dumps = Vec::new();
    for peer in both() {
        let Some(mut place) = Place::new("life", peer) else { return };
        place.start(&[]);
        assert_eq!(Some(place.process.as_ref().unwrap().id()), place.pid("pid"));
        let comm = fs::read_to_string(format!("/proc/{}/comm", place.pid("pid").unwrap())).unwrap();
        assert_eq!(comm, "keepalived\n");
        place.until("it is master", |p| p.holds(" 192.0.2.77/32 ") && p.holds(" 192.0.2.80/32 "));

        let data = place.dump("-USR1", "pid", "keepalived.data");
        // Each process writes its own, in no order.
        place.until("the parent's is there", |p| p.path("tmp/keepalived_parent.data").exists());
        let stats = place.dump("-USR2", "pid", "keepalived.stats");
        let json = place.dump("-36", "pid", "keepalived.json");
        // To a child directly, too.
        place.dump("-USR2", "vrrp.pid", "keepalived.stats");

        place.until("adverts are sent", |p| {
            let sent = |p: &Place| {
                let stats = read_stats(&p.dump("-63", "pid", "keepalived.stats"));
                stats[&("A".into(), "Advertisements".into(), "Sent".into())]
            };
            sent(p) > 0 && sent(p) <= 1 // the second look sees what was counted since the first
        });

        let changed = place.configuration().replace("priority 100", "priority 77");
        fs::write(place.path("conf"), changed.replace("192.0.2.78/24", "192.0.2.90/24")).unwrap();
        place.signal("-HUP", "pid");
        place.until("the new address is there", |p| {
            p.holds(" 192.0.2.90/24 ") && !p.holds(" 192.0.2.78/24 ")
        });
        let reloaded = place.dump("-USR1", "pid", "keepalived.data");
        assert_eq!(read_data(&reloaded)["A"]["Priority"], ["77"]);

        place.signal("-TERM", "pid");
        assert_eq!(place.ended(), Some(0));
        assert!(!place.holds(" 192.0.2.77/32 ") && !place.holds(" 192.0.2.80/32 "));
        for file in ["pid", "vrrp.pid"] {
            assert!(!place.path(file).exists(), "{file}");
        }
        dumps.push((data, stats, json));
    }

    let (data, stats, json) = &dumps[0];
    let instances = read_data(data);
    let field = |instance: &str, key: &str| instances[instance][key].join("|");
    assert_eq!(field("A", "State"), "MASTER");
    assert_eq!(field("A", "Wantstate"), "MASTER");
    assert_eq!(field("A", "Interface"), "v0");
    assert_eq!(field("A", "Virtual Router ID"), "51");
    assert_eq!(field("A", "Gratuitous ARP delay"), "5");
    let vips = "192.0.2.77 dev v0 scope global set|192.0.2.78/24 dev v0 scope global set";
    assert_eq!(field("A", "Virtual IP (2)"), vips);
    assert_eq!(field("B", "Advert interval"), "500 milli-sec");
    assert!(data.contains(" VRRP Script = chk\n") && data.contains("   Status = GOOD\n"), "{data}");
    assert!(data.contains("   State = idle\n") || data.contains("   State = running\n"));
    assert!(data.contains(" Track file = number\n"), "{data}");
    assert!(data.contains("   Current processes = 0\n   Have quorum = false\n"), "{data}");
    assert_eq!(field("C", "Effective priority"), "113");
    for text in [data, json] {
        assert!(!text.contains("secret1"));
    }
    let json: Value = serde_json::from_str(json).unwrap();
    assert_eq!(json[0]["data"]["iname"], "A");
    assert_eq!(json[0]["data"]["state"], 2);
    assert_eq!(json[0]["data"]["adver_int"], Value::from(1), "an integer, where it is one");
    assert_eq!(json[1]["data"]["adver_int"], Value::from(0.5));
    assert_eq!(json[0]["data"]["script_master"], "'/usr/bin/true' 'm x'");
    assert!(json[0]["data"]["last_transition"].as_f64().unwrap() > 1.7e9);
    assert_eq!(json[0]["stats"]["become_master"], 1);
    let [ours, theirs] = &dumps[..] else { return };

    // keepalived 2.2.7 shows more of its own insides; what we show has its names and its order.
    // Of BFD its own process tells.
    let (common, sessions) = ours.0.split_once("------< BFD Topology >------\n").unwrap();
    assert!(sessions.contains(" BFD Instance = path\n   Neighbor IP = 192.0.2.3\n"), "{sessions}");
    is_subsequence(&skeleton(common), &skeleton(&theirs.0), "keepalived.data");
    let (ours_read, theirs_read) = (read_data(&ours.0), read_data(&theirs.0));
    let differing = ["Last transition", "Read timeout", "Password", "fd_in"];
    for (name, fields) in &ours_read {
        for (key, value) in fields.iter().filter(|(key, _)| !differing.contains(&key.as_str())) {
            assert_eq!(Some(value), theirs_read[name].get(key), "{name}: {key}");
        }
    }
    let labels = |stats: &str| read_stats(stats).into_keys().collect::<Vec<_>>();
    assert_eq!(labels(stats), labels(&theirs.1));
    let mut own_members = members(&ours.2);
    own_members.retain(|(name, _)| name != "data.track_process"); // since 2.4
    assert_eq!(own_members, members(&theirs.2));
}

#[test]
fn in_the_background_it_says_when_it_has_begun() {
    let Some(place) = Place::new("fork", false) else { return };
    let status = place.command(&[]).status().unwrap();
    assert_eq!(status.code(), Some(0));
    let pid = place.pid("pid").expect("it has begun, so the file is there");
    // One more of the same is none.
    assert_eq!(place.command(&[]).status().unwrap().code(), Some(0));
    assert_eq!(place.command(&["-n"]).status().unwrap().code(), Some(0));
    let log = fs::read_to_string(place.path("log")).unwrap();
    assert!(log.contains(&format!("daemon is already running (pid {pid})")), "{log}");
    place.until("it is master", |p| p.holds(" 192.0.2.77/32 "));
    place.signal("-INT", "pid");
    place.until("it has ended", |p| !p.path("pid").exists() && !p.holds(" 192.0.2.77/32 "));

    fs::write(place.path("conf"), "nonsense\n").unwrap();
    assert_eq!(place.command(&[]).status().unwrap().code(), Some(2));
}

#[test]
fn scripts_run_before_the_first_worker_and_after_the_last() {
    let Some(mut place) = Place::new("scripts", false) else { return };
    let script = place.path("script");
    let text = format!(
        "#!/bin/sh\nip -o address show dev v0 | grep -c 192.0.2.77 > {0}/$1\nsleep 0.2\necho done >> {0}/$1\n",
        place.directory.display()
    );
    fs::write(&script, text).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let globals = format!(
        "global_defs {{\n startup_script \"{0} up\"\n shutdown_script \"{0} down\"\n reload_file {1}\n reload_check_config {2}\n config_save_dir {3}\n reload_time_file {4}\n process_names\n umask 022\n}}\n",
        script.display(),
        place.path("reading").display(),
        place.path("findings").display(),
        place.path("saved").display(),
        place.path("when").display()
    );
    let conf = place.configuration() + &globals;
    fs::write(place.path("conf"), &conf).unwrap();
    place.start(&["--ignore-sigint", "-u", "0077"]);
    place.until("it is master", |p| p.holds(" 192.0.2.77/32 "));
    assert_eq!(fs::read_to_string(place.path("up")).unwrap(), "0\ndone\n");
    let comm = fs::read_to_string(format!("/proc/{}/comm", place.pid("vrrp.pid").unwrap()));
    assert_eq!(comm.unwrap(), "keepalived_vrrp\n");
    // The option wins over the configuration.
    assert_eq!(fs::metadata(place.path("up")).unwrap().mode() & 0o777, 0o600);
    place.signal("-INT", "pid"); // means nothing

    // The time of day in the file is a moment away, in UTC.
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let soon = now.as_secs() % 86_400 + 2;
    let (hour, minute, second) = (soon / 3600 % 24, soon / 60 % 60, soon % 60);
    let later = conf.replace("192.0.2.78/24", "192.0.2.89/24");
    fs::write(place.path("conf"), &later).unwrap();
    fs::write(place.path("when"), format!("{hour:02}:{minute:02}:{second:02}Z\n")).unwrap();
    place.until("it is time", |p| p.holds(" 192.0.2.89/24 ") && !p.path("when").exists());
    fs::write(place.path("conf"), &conf).unwrap();
    place.signal("-HUP", "pid");
    place.until("the address is back", |p| p.holds(" 192.0.2.78/24 "));

    // A warning of the kind that keepalived has, too, stops this reload.
    let warned = conf.replace("192.0.2.78/24", "192.0.2.90/24");
    let warned = warned.replace("router_id lb1", "vrrp_process_name a_name_that_is_too_long");
    fs::write(place.path("conf"), warned).unwrap();
    place.signal("-HUP", "pid");
    place.until("the findings are kept", |p| {
        fs::read_to_string(p.path("findings")).is_ok_and(|t| t.contains("15 bytes"))
    });
    assert!(place.holds(" 192.0.2.78/24 "));
    fs::write(place.path("conf"), conf.replace("192.0.2.78/24", "192.0.2.90/24")).unwrap();
    place.signal("-HUP", "pid");
    place.until("the new address is there", |p| p.holds(" 192.0.2.90/24 "));
    assert!(!place.path("reading").exists());
    let names: Vec<String> = fs::read_dir(place.path("saved"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let (pid, vrrp) = (place.pid("pid").unwrap(), place.pid("vrrp.pid").unwrap());
    for name in [
        format!("keepalived.conf.{pid}.0"),
        format!("keepalived.conf.{pid}.3"),
        format!("keepalived_vrrp.{vrrp}.3.pre"),
    ] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
    place.until("the data of after is saved, too", |p| {
        p.path(&format!("saved/keepalived_vrrp.{vrrp}.3.post")).exists()
    });

    place.signal("-TERM", "pid");
    assert_eq!(place.ended(), Some(0));
    assert_eq!(fs::read_to_string(place.path("down")).unwrap(), "0\ndone\n");
}

#[test]
fn with_v_the_addresses_stay_and_the_next_start_goes_on_with_them() {
    let Some(mut place) = Place::new("leave", false) else { return };
    place.start(&["-V"]);
    place.until("it is master", |p| p.holds(" 192.0.2.77/32 "));
    place.signal("-TERM", "pid");
    assert_eq!(place.ended(), Some(0));
    assert!(place.holds(" 192.0.2.77/32 "));
    place.start(&[]);
    place
        .until("it is master", |p| p.dump("-36", "pid", "keepalived.json").contains("\"state\":2"));
    place.signal("-TERM", "pid");
    assert_eq!(place.ended(), Some(0));
    assert!(!place.holds(" 192.0.2.77/32 "));
}

#[test]
fn with_r_the_end_of_a_worker_is_the_end() {
    let Some(mut place) = Place::new("once", false) else { return };
    place.start(&["-R"]);
    place.until("it is master", |p| p.holds(" 192.0.2.77/32 "));
    place.signal("-KILL", "vrrp.pid");
    assert_eq!(place.ended(), Some(1));
    assert!(!place.holds(" 192.0.2.77/32 "), "somebody else cleans up");
}

#[test]
fn the_log_goes_to_a_file_for_each_process() {
    let Some(mut place) = Place::new("log", false) else { return };
    let file = format!("-g{}", place.path("x.log").display());
    place.start(&[&file, "-G", "-D", "-a", "-d"]);
    place.until("it is master", |p| p.holds(" 192.0.2.77/32 "));
    place.until("addresses are told", |p| {
        let log = fs::read_to_string(p.path("x_vrrp.log")).unwrap_or_default();
        log.contains("Keepalived_vrrp: v0: address 192.0.2.77/32 is there")
    });
    let log = fs::read_to_string(place.path("x.log")).unwrap();
    assert!(log.contains(" Keepalived: Understudy "), "{log}");
    assert!(log.contains("    virtual_router_id 51\n"), "the effective configuration: {log}");
    place.signal("-TERM", "pid");
    assert_eq!(place.ended(), Some(0));
}

#[test]
fn the_statuses_of_a_test_are_those_of_keepalived() {
    // (the file, further options, our status, that of keepalived 2.2.7)
    let long = "vrrp_instance A {\n interface lo\n virtual_router_id 1\n priority 2x\n virtual_ipaddress { 192.0.2.1 }\n}\n";
    let cases: &[(&str, &[&str], i32, i32)] = &[
        ("global_defs {\n router_id a\n}\n", &[], 0, 0),
        ("", &[], 0, 0),
        ("global_defs {\n router_id a b\n}\n", &[], 0, 0),
        ("global_defs {\n router_id a\n router_id b\n}\n", &[], 0, 0),
        ("include nothing.conf\n", &[], 0, 0),
        ("include .\n", &[], 0, 0),
        ("includem nothing.conf\n", &[], 6, 6),
        ("include nothing.conf\n", &["-e"], 6, 6),
        ("global_defs {\n include_check\n}\ninclude nothing.conf\n", &[], 6, 6),
        ("nonsense\nincludew *.none\n", &[], 6, 6),
        ("nonsense\n", &[], 5, 5),
        ("nonsense {\n global_defs {\n }\n}\n", &[], 5, 5),
        ("global_defs {\n router_id a\n", &[], 5, 5),
        ("global_defs {\n router_id a\n}\n}\n", &[], 5, 5),
        ("global_defs {\n router_id \"a\n}\n", &[], 5, 5),
        ("global_defs {\n vrrp_version 4\n}\n", &[], 5, 5),
        ("global_defs {\n lvs_process_name a\n}\n", &[], 0, 0),
        ("global_defs {\n process_name a_name_that_is_too_long\n}\n", &[], 5, 5),
        ("vrrp_instance A {\n interface lo\n virtual_router_id\n}\n", &[], 2, 2),
        (long, &[], 5, 5),
        ("@none nonsense\n@me global_defs {\n}\n", &["-i", "me"], 0, 0),
    ];
    for peer in both() {
        let place = Place::without_network("test", peer);
        for (text, options, ours, theirs) in cases {
            fs::write(place.path("c"), text).unwrap();
            let file = place.path("c");
            let mut arguments = vec!["-t", "-f", file.to_str().unwrap()];
            arguments.extend(*options);
            let out = place.run(&arguments);
            let expected = if peer { theirs } else { ours };
            let said = String::from_utf8_lossy(&out.stderr);
            assert_eq!(out.status.code(), Some(*expected), "peer {peer}: {text:?}\n{said}");
        }
        let status = |arguments: &[&str]| place.run(arguments).status.code();
        assert_eq!(status(&["--nonsense"]), Some(1));
        assert_eq!(status(&["-v"]), Some(0));
        assert_eq!(status(&["-h"]), Some(0));
        assert_eq!(status(&["--signum=NONE"]), Some(1));
        // A missing file is no good file (QUIRKS).
        let missing = place.path("missing");
        let expected = if peer { 0 } else { 4 };
        assert_eq!(status(&["-t", "-f", missing.to_str().unwrap()]), Some(expected));
        let log = format!("-t{}", place.path("findings").display());
        fs::write(place.path("c"), "nonsense\n").unwrap();
        assert_eq!(status(&[&log, "-f", place.path("c").to_str().unwrap()]), Some(5));
        let findings = fs::read_to_string(place.path("findings")).unwrap().to_lowercase();
        assert!(findings.contains("unknown keyword"), "{findings}");
    }
}

#[test]
fn signals_have_the_numbers_of_keepalived() {
    let names = ["STOP", "RELOAD", "DATA", "STATS", "STATS_CLEAR", "JSON"];
    for peer in both() {
        let place = Place::without_network("signum", peer);
        let numbers: Vec<String> = names
            .iter()
            .map(|name| place.run(&[&format!("--signum={name}")]).stdout)
            .map(|out| String::from_utf8(out).unwrap().trim().to_owned())
            .collect();
        assert_eq!(numbers, ["15", "1", "10", "12", "63", "36"], "peer {peer}");
        // Exporters find the version so.
        let version = String::from_utf8(place.run(&["-v"]).stderr).unwrap();
        let version = version.strip_prefix("Keepalived v").unwrap().split_whitespace().next();
        assert_eq!(version.unwrap().split('.').count(), 3);
    }
}

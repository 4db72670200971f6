//! What is tracked, beside keepalived: the priorities that a listener hears while files change.

use std::fs;
use std::process::{Child, Command};

use crate::daemon::vrrp_worker::net::{Engine, Net, run, unable};
use crate::daemon::vrrp_worker::tests::{CALM, conf, conf_of, soon};

/// What is done to a file that holds a number.
#[derive(Debug)]
enum Step {
    Write(&'static str),
    Remove,
    RenameOver(&'static str),
    RenameAway,
}

/// With weight 2 and priority 100: what the next adverts say; 0: a fault.
const STEPS: &[(Step, u64)] = &[
    (Step::Write("10\n"), 120),
    (Step::Write("-0x10"), 68),
    (Step::Write("010"), 116),
    (Step::Write("99999999999"), 116),
    (Step::Write("3 apples"), 106),
    (Step::Write("-127"), 0),
    (Step::Write("-20"), 60),
    (Step::Write("-126"), 1),
    (Step::Write("apples"), 100),
    (Step::Write("200"), 254),
    (Step::Remove, 100),
    (Step::RenameOver("7"), 114),
    (Step::RenameAway, 100),
];

/// Takes the steps on what host 1 tracks, and waits for what host 2 hears of it.
fn take_steps(path: &str, listener: &mut Engine) {
    soon(|| heard(listener) == 100);
    for (step, priority) in STEPS {
        let other = format!("{path}.other");
        match step {
            Step::Write(text) => fs::write(path, text).unwrap(),
            Step::Remove => fs::remove_file(path).unwrap(),
            Step::RenameAway => fs::rename(path, other).unwrap(),
            Step::RenameOver(text) => {
                fs::write(&other, text).unwrap();
                fs::rename(other, path).unwrap();
            }
        }
        eprintln!("{step:?}: {priority}");
        soon(|| heard(listener) == *priority);
    }
}

/// The priority of a master elsewhere; 0 while there is none.
fn heard(listener: &mut Engine) -> u64 {
    let status = listener.status();
    let instance = &status["instances"][0];
    let priority = instance["peer"]["priority"].as_u64().unwrap_or(0);
    if instance["state"] == "BACKUP" { priority } else { 0 }
}

fn listener(net: &Net) -> Engine {
    net.engine(2, &conf_of(CALM, 1, "nopreempt"))
}

fn with_file(path: &str) -> String {
    format!("track_file load {{\n file {path}\n weight 2\n}}\n") + &conf(100, "track_file { load }")
}

#[test]
fn the_number_in_a_file_moves_the_priority_as_with_keepalived() {
    if unable(true) {
        return;
    }
    let net = Net::new(2);
    let path = net.file("load");
    let mut b = listener(&net);
    let k = net.keepalived(1, &with_file(&path));
    take_steps(&path, &mut b);
    k.stop();
    let mut a = net.engine(1, &with_file(&path));
    take_steps(&path, &mut b);

    a.forget();
    fs::write(&path, "-200").unwrap();
    let why = a.until("-> FAULT");
    assert_eq!(why, format!("tracked file load: {path} holds -200"));
    let track = &a.status()["instances"][0]["tracks"][0];
    assert_eq!((track["value"].as_i64(), track["state"].as_str()), (Some(-200), Some("failed")));
    // A successor has read it before it decides anything.
    fs::write(&path, "20").unwrap();
    a.until("-> MASTER");
    let mut a = a.replace(&net.host(1), &with_file(&path));
    a.until("-> MASTER");
    assert_eq!(a.status()["instances"][0]["priority"], 140);
    // A reload too.
    a.reload(&with_file(&path).replace("weight 2", "weight -1"));
    soon(|| heard(&mut b) == 80);
}

#[test]
fn a_directory_that_is_not_there_yet_is_waited_for() {
    if unable(false) {
        return;
    }
    let net = Net::new(1);
    let directory = net.file("later");
    let path = format!("{directory}/load");
    let mut a = net.engine(1, &with_file(&path));
    let priority = |a: &mut Engine| a.status()["instances"][0]["priority"].as_u64();
    assert_eq!(priority(&mut a), Some(100));
    fs::create_dir(&directory).unwrap();
    fs::write(&path, "4").unwrap();
    soon(|| priority(&mut a) == Some(108));
    fs::remove_dir_all(&directory).unwrap();
    soon(|| priority(&mut a) == Some(100));
}

#[test]
fn a_file_is_made_by_the_first_life_only() {
    if unable(false) {
        return;
    }
    let net = Net::new(1);
    let path = net.file("made");
    let conf = with_file(&path).replace("weight 2", "weight 2\n init_file 5 overwrite");
    let mut a = net.engine(1, &conf);
    soon(|| a.status()["instances"][0]["priority"] == 110);
    fs::write(&path, "6").unwrap();
    soon(|| a.status()["instances"][0]["priority"] == 112);
    let mut a = a.replace(&net.host(1), &conf);
    a.reload(&conf);
    assert_eq!(a.status()["instances"][0]["priority"], 112);
}

/// What host 1 says while a script fails and recovers, and another interface goes and returns.
fn weights(net: &Net, flag: &str, listener: &mut Engine) {
    let own = net.host(1);
    soon(|| heard(listener) == 100 + 20 - 7);
    for (script_fails, link_is_up, priority) in [
        (true, true, 100 + 30 - 7),
        (true, false, 100 + 30 - 5),
        (false, false, 100 + 20 - 5),
        (false, true, 100 + 20 - 7),
    ] {
        let _ = if script_fails { fs::write(flag, "") } else { fs::remove_file(flag) };
        run(&format!("ip -n {own} link set w0 {}", if link_is_up { "up" } else { "down" }));
        soon(|| heard(listener) == priority);
    }
}

#[test]
fn scripts_and_interfaces_count_the_other_way_round_as_with_keepalived() {
    if unable(true) {
        return;
    }
    let net = Net::new(2);
    let own = net.host(1);
    for other in ["w0", "u0"] {
        run(&format!("ip -n {own} link add {other} type veth peer name {other}p"));
        run(&format!("ip -n {own} link set {other} up"));
        run(&format!("ip -n {own} link set {other}p up"));
    }
    let flag = net.file("down");
    let script = |name: &str| {
        format!(
            "vrrp_script {name} {{\n script \"/usr/bin/test ! -e {flag}\"\n interval 1\n user root\n}}\n"
        )
    };
    let conf = script("plus")
        + &script("minus")
        + &conf(
            100,
            "track_script {\n plus weight 20\n minus weight -30 reverse\n}
        track_interface {\n w0 weight 7 reverse\n u0 weight -9\n}",
        );
    let conf = conf.replace("u0 weight -9", "w0p weight -5\n u0 weight -9");
    let mut b = listener(&net);
    let k = net.keepalived(1, &conf);
    weights(&net, &flag, &mut b);
    k.stop();
    let _a = net.engine(1, &conf);
    weights(&net, &flag, &mut b);
}

/// A program that nobody else runs.
struct Program {
    path: String,
    running: Vec<Child>,
}

impl Program {
    fn new(net: &Net) -> Self {
        let path = net.file("prog");
        fs::copy("/bin/sleep", &path).unwrap();
        Self { path, running: Vec::new() }
    }

    fn start(&mut self) {
        self.running.push(Command::new(&self.path).arg("1000").spawn().unwrap());
    }

    fn end(&mut self) {
        let Some(mut child) = self.running.pop() else { return };
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        while !self.running.is_empty() {
            self.end();
        }
    }
}

#[test]
fn processes_that_end_are_a_fault_or_a_weight() {
    if unable(false) {
        return;
    }
    let net = Net::new(2);
    let mut program = Program::new(&net);
    program.start();
    program.start();
    let conf = format!(
        "vrrp_track_process two {{\n process {0} 1000\n quorum 2\n weight -30\n}}
        vrrp_track_process one {{\n process {0}\n full_command\n terminate_delay 0.3\n}}\n",
        program.path
    ) + &conf(150, "track_process {\n one\n two\n}");
    let mut b = listener(&net);
    let mut a = net.engine(1, &conf);
    soon(|| heard(&mut b) == 150);
    program.end();
    soon(|| heard(&mut b) == 120);
    a.forget();
    program.end();
    let why = a.until("MASTER -> FAULT");
    assert_eq!(why, "tracked process one: 0 running, 1 or more wanted");
    b.until("BACKUP -> MASTER");
    a.forget();
    program.start();
    a.until("FAULT -> BACKUP");
    a.until("BACKUP -> MASTER");
    soon(|| heard(&mut b) == 120);
}

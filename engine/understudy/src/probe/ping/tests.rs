//! Real echoes, in a network namespace of the test's own: there the rights to ICMP sockets can be given and taken.

use std::process::Command;

use understudy_core::checks::settings::CheckKind;

use super::super::tests::{connection, verdict};
use super::*;
use crate::sys::clock;

/// Who may use unprivileged ICMP sockets.
const GROUPS: &str = "/proc/sys/net/ipv4/ping_group_range";

/// Set where settings of the kernel may be changed.
const OWN_NAMESPACE: &str = "OWN_NAMESPACE";

fn ping(address: &str, timeout_ms: u64) -> Verdict {
    let to = (address.parse::<std::net::IpAddr>().unwrap(), 0).into();
    verdict(&CheckKind::Ping(connection(to, timeout_ms)))
}

fn unanswered(timeout_ms: u64) -> Verdict {
    let after = Duration::from_millis(timeout_ms);
    Verdict::Failed(Failure::Timeout { step: Step::Answer, after })
}

#[test]
fn echoes_by_either_kind_of_socket() {
    let can = Command::new("unshare").args(["--net", "true"]).output();
    if !can.is_ok_and(|out| out.status.success()) {
        eprintln!("not run: needs root, for a network namespace");
        return;
    }
    let script = "ip link set lo up && ip link add d0 type veth peer name d1 && ip link set d1 up && ip address add 10.99.0.1/24 dev d0 && \
        ip link set d0 up && exec \"$0\" --ignored --exact probe::ping::tests::in_a_namespace";
    let this = std::env::current_exe().unwrap();
    let mut program = Command::new("unshare");
    program.args(["--net", "sh", "-c", script]).arg(this).env(OWN_NAMESPACE, "");
    let out = program.output().unwrap();
    let text = String::from_utf8_lossy(&out.stdout) + String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success() && text.contains("1 passed"), "{text}");
}

/// What `echoes_by_either_kind_of_socket` runs; no test by itself.
#[test]
#[ignore = "runs in a namespace that another test makes"]
fn in_a_namespace() {
    if std::env::var_os(OWN_NAMESPACE).is_none() {
        return;
    }
    for (groups, kind) in [("1 0", "raw"), ("0 2147483647", "unprivileged")] {
        std::fs::write(GROUPS, groups).unwrap();
        let raw = open(false).unwrap().1;
        assert_eq!(raw, kind == "raw");
        for address in ["127.0.0.1", "10.99.0.1", "::1"] {
            assert_eq!(ping(address, 10_000), Verdict::PASSED, "{kind} {address}");
        }
        assert_eq!(ping("10.99.0.2", 100), unanswered(100), "{kind}: nobody has it");
        let nowhere = Failure::Connect("network is unreachable".to_owned());
        assert_eq!(ping("192.0.2.1", 10_000), Verdict::Failed(nowhere), "{kind}");
        from_another_address(kind);
        many_at_once(kind);
    }
    std::fs::write("/proc/sys/net/ipv4/icmp_echo_ignore_all", "1").unwrap();
    assert_eq!(ping("127.0.0.1", 100), unanswered(100), "a server that is up, but does not answer");
}

fn from_another_address(kind: &str) {
    let bind_ip = Some("127.0.0.9".parse().unwrap());
    let connection = connection("127.0.0.1:0".parse().unwrap(), 10_000);
    let bound = Connection { bind_ip, ..connection.clone() };
    assert_eq!(verdict(&CheckKind::Ping(bound)), Verdict::PASSED, "{kind}");
    let bind_ip = Some("192.0.2.77".parse().unwrap());
    let foreign = verdict(&CheckKind::Ping(Connection { bind_ip, ..connection.clone() }));
    assert!(
        matches!(&foreign, Verdict::Undecided(why) if why.starts_with("bind: ")),
        "{foreign:?}"
    );
    let bind_if = Some("d0".to_owned());
    let elsewhere = verdict(&CheckKind::Ping(Connection {
        bind_if,
        timeout: Duration::from_millis(100),
        ..connection
    }));
    assert_ne!(elsewhere, Verdict::PASSED, "{kind}: nobody answers there");
}

/// Each takes its own reply only, though raw sockets hear all of them.
fn many_at_once(kind: &str) {
    let to = connection("127.0.0.1:0".parse().unwrap(), 10_000);
    let mut all: Vec<Ping> = (0..20).map(|_| Ping::start(&to, clock::now()).unwrap()).collect();
    let silent =
        Ping::start(&connection("10.99.0.2:0".parse().unwrap(), 100), clock::now()).unwrap();
    for ping in all.iter_mut().rev() {
        socket::wait_readable(ping, 10_000).unwrap();
        assert_eq!(ping.ready(), Some(Verdict::PASSED), "{kind}");
    }
    assert!(
        socket::wait_readable(&silent, 0).is_err(),
        "{kind}: only what the server says is heard"
    );
}

//! The real binary, by its own name and by keepalived's.

mod engine;
mod keepalived;

use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// Waits until it holds; an error after 20 seconds.
#[expect(clippy::disallowed_methods, reason = "a test of real processes has nothing to wait for")]
fn wait(mut holds: impl FnMut() -> bool) -> Result<(), ()> {
    let end = Instant::now() + Duration::from_secs(20);
    while Instant::now() < end {
        if holds() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Err(())
}

/// Waits for the end of a process, and tells its status.
fn end_of(mut process: Child) -> Option<i32> {
    let mut status = None;
    wait(|| {
        status = process.try_wait().unwrap();
        status.is_some()
    })
    .expect("it never ended");
    status.unwrap().code()
}

/// What `ip` with these arguments says.
fn ip(arguments: &str) -> String {
    let out = Command::new("ip").args(arguments.split(' ')).output().unwrap();
    assert!(out.status.success(), "ip {arguments}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).into_owned()
}

//! The real binary, by its own name and by keepalived's.

mod engine;
mod keepalived;

use std::process::Command;
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

/// What `ip` with these arguments says.
fn ip(arguments: &str) -> String {
    let out = Command::new("ip").args(arguments.split(' ')).output().unwrap();
    assert!(out.status.success(), "ip {arguments}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).into_owned()
}

//! systemd's side (sd_notify(3)): ready, reloading, stopping, status, watchdog. All of it does nothing elsewhere.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use crate::sys::clock;

/// The service manager that started us, if one did.
#[derive(Debug)]
pub struct Systemd {
    socket: Option<(UnixDatagram, SocketAddr)>,
    /// How often it wants a sign of life.
    pub watchdog: Option<Duration>,
    status: String,
}

impl Systemd {
    /// From the environment.
    pub fn from_environment() -> Self {
        let address = std::env::var("NOTIFY_SOCKET").ok().and_then(|name| {
            match name.strip_prefix('@') {
                Some(name) => SocketAddr::from_abstract_name(name),
                None => SocketAddr::from_pathname(name),
            }
            .ok()
        });
        let socket = UnixDatagram::unbound().ok().zip(address);
        if let Some((socket, _)) = &socket {
            let _ = socket.set_nonblocking(true);
        }
        let ours =
            std::env::var("WATCHDOG_PID").map_or(true, |p| p == std::process::id().to_string());
        let watchdog = std::env::var("WATCHDOG_USEC")
            .ok()
            .and_then(|text| text.parse().ok())
            .filter(|_| ours && socket.is_some())
            .map(Duration::from_micros);
        Self { socket, watchdog, status: String::new() }
    }

    fn send(&self, text: &str) {
        if let Some((socket, address)) = &self.socket {
            // It never waits; a lost message is repeated by the next of its kind.
            let _ = socket.send_to_addr(text.as_bytes(), address);
        }
    }

    /// Started, or a reload has ended.
    pub fn ready(&self) {
        self.send(&format!("READY=1\nMAINPID={}", std::process::id()));
    }

    /// A reload begins (Type=notify-reload).
    pub fn reloading(&self) {
        self.send(&format!("RELOADING=1\nMONOTONIC_USEC={}", clock::monotonic_usec()));
    }

    /// A stop begins.
    pub fn stopping(&self) {
        self.send("STOPPING=1");
    }

    /// One line for `systemctl status`.
    pub fn status(&mut self, text: &str) {
        if text != self.status {
            self.send(&format!("STATUS={text}"));
            text.clone_into(&mut self.status);
        }
    }

    /// All is alive.
    pub fn alive(&self) {
        self.send("WATCHDOG=1");
    }
}

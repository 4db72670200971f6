//! systemd's side (sd_notify(3)): ready, reloading, stopping, status, watchdog. All of it does nothing elsewhere.

use std::collections::VecDeque;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use understudy_core::time::Time;

use crate::sys::clock;

/// A message that found no room is tried again after this.
const AGAIN: Duration = Duration::from_millis(20);

/// The service manager that started us, if one did.
#[derive(Debug)]
pub struct Systemd {
    socket: Option<(UnixDatagram, SocketAddr)>,
    /// How often it wants a sign of life.
    pub watchdog: Option<Duration>,
    status: String,
    /// What must arrive, in order: a start whose READY=1 is lost ends in a timeout.
    owed: VecDeque<String>,
    status_owed: bool,
    again: Option<Time>,
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
        Self { watchdog, ..Self::new(socket) }
    }

    fn new(socket: Option<(UnixDatagram, SocketAddr)>) -> Self {
        Self {
            socket,
            watchdog: None,
            status: String::new(),
            owed: VecDeque::new(),
            status_owed: false,
            again: None,
        }
    }

    /// It never waits. `false`: there is no room now.
    fn send(&self, text: &str) -> bool {
        let Some((socket, address)) = &self.socket else { return true };
        let sent = socket.send_to_addr(text.as_bytes(), address);
        !sent.is_err_and(|e| e.kind() == io::ErrorKind::WouldBlock)
    }

    /// Sends what is owed, as far as there is room; the newest status only.
    pub fn flush(&mut self, now: Time) {
        self.again = None;
        while let Some(first) = self.owed.front() {
            if !self.send(first) {
                self.again = Some(now + AGAIN);
                return;
            }
            self.owed.pop_front();
        }
        if self.status_owed {
            self.status_owed = !self.send(&format!("STATUS={}", self.status));
            self.again = self.status_owed.then_some(now + AGAIN);
        }
    }

    /// When `flush` is due again.
    pub const fn deadline(&self) -> Option<Time> {
        self.again
    }

    /// Started, or a reload has ended.
    pub fn ready(&mut self) {
        self.owed.push_back(format!("READY=1\nMAINPID={}", std::process::id()));
    }

    /// A reload begins (Type=notify-reload).
    pub fn reloading(&mut self) {
        self.owed.push_back(format!("RELOADING=1\nMONOTONIC_USEC={}", clock::monotonic_usec()));
    }

    /// A stop begins.
    pub fn stopping(&mut self) {
        self.owed.push_back("STOPPING=1".to_owned());
    }

    /// One line for `systemctl status`.
    pub fn status(&mut self, text: &str) {
        if text != self.status {
            text.clone_into(&mut self.status);
            self.status_owed = true;
        }
    }

    /// All is alive. A lost one is followed by the next.
    pub fn alive(&self) {
        self.send("WATCHDOG=1");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_arrives_also_where_the_manager_is_behind_and_only_the_newest_status_does() {
        let name = format!("understudy-notify-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let manager = UnixDatagram::bind_addr(&address).unwrap();
        manager.set_nonblocking(true).unwrap();
        let socket = UnixDatagram::unbound().unwrap();
        socket.set_nonblocking(true).unwrap();
        let mut systemd = Systemd::new(Some((socket, address)));
        assert!((0..100_000).any(|_| !systemd.send("noise")), "it always had room");

        let now = Time::from_nanos(1);
        systemd.ready();
        systemd.status("a");
        systemd.status("b");
        systemd.flush(now);
        assert_eq!(systemd.deadline(), Some(now + AGAIN));
        let mut buffer = [0; 64];
        while manager.recv(&mut buffer).is_ok() {}
        systemd.flush(now + AGAIN);
        assert_eq!(systemd.deadline(), None);
        let n = manager.recv(&mut buffer).unwrap();
        assert!(buffer[..n].starts_with(b"READY=1\n"));
        let n = manager.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..n], b"STATUS=b");
        assert!(manager.recv(&mut buffer).is_err());
    }
}

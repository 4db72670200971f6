//! Opening the socket of a check, and what the system says when that fails.

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use understudy_core::checks::settings::Connection;
use understudy_core::checks::tcp::{self, Connect};
use understudy_core::checks::verdict::Verdict;

use crate::sys::socket::{self, RawAddress};

/// What failed, and how.
pub type Refusal = (&'static str, io::Error);

/// Marks and binds the socket of a check.
pub fn prepare(fd: &OwnedFd, connection: &Connection) -> Result<(), Refusal> {
    if connection.fwmark != 0 {
        let mark = socket::set(fd, libc::SOL_SOCKET, libc::SO_MARK, connection.fwmark);
        mark.map_err(|e| ("SO_MARK", e))?;
    }
    if let Some(interface) = &connection.bind_if {
        socket::bind_to_device(fd, interface).map_err(|e| ("bind to device", e))?;
    }
    if connection.bind_ip.is_some() || connection.bind_port.is_some() {
        let any = match connection.to {
            SocketAddr::V4(_) => std::net::Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::UNSPECIFIED.into(),
        };
        let from =
            SocketAddr::new(connection.bind_ip.unwrap_or(any), connection.bind_port.unwrap_or(0));
        if connection.bind_port.is_some() {
            // The last run's connection may still be in TIME_WAIT.
            socket::set(fd, libc::SOL_SOCKET, libc::SO_REUSEADDR, 1).map_err(|e| ("reuse", e))?;
        }
        socket::bind(fd, &RawAddress::from(from)).map_err(|e| ("bind", e))?;
    }
    Ok(())
}

/// A failure that is this host's own: says nothing about the server.
pub fn local((what, e): &Refusal) -> Verdict {
    tcp::verdict(Connect::Local(format!("{what}: {}", reason(e))))
}

/// A failure of the server, of the way to it, or of this host.
pub fn refused(what: &'static str, e: io::Error) -> Verdict {
    if is_of_the_way(&e) { tcp::verdict(Connect::Refused(reason(&e))) } else { local(&(what, e)) }
}

/// Said by the server, or by the network on the way to it; everything else is this host's own trouble.
fn is_of_the_way(e: &io::Error) -> bool {
    matches!(
        e.raw_os_error(),
        Some(
            libc::ECONNREFUSED
                | libc::ECONNRESET
                | libc::ECONNABORTED
                | libc::EHOSTUNREACH
                | libc::EHOSTDOWN
                | libc::ENETUNREACH
                | libc::ENETDOWN
                | libc::ETIMEDOUT
        )
    )
}

/// The system's words without std's number behind them.
pub fn reason(e: &io::Error) -> String {
    let text = e.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}

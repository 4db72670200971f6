use super::*;
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::thread::JoinHandle;
use std::time::Duration;

use understudy_core::checks::settings::{Connection, HttpVersion, Url};
use understudy_core::checks::verdict::{Failure, Step};

use crate::sys::socket::RawAddress;
use crate::sys::{clock, socket};

/// MD5 of `hello`, by `printf hello | md5sum`.
pub const HELLO: [u8; 16] = [
    0x5d, 0x41, 0x40, 0x2a, 0xbc, 0x4b, 0x2a, 0x76, 0xb9, 0x71, 0x9d, 0x91, 0x10, 0x17, 0xc5, 0x92,
];

pub fn connection(to: SocketAddr, timeout_ms: u64) -> Connection {
    Connection {
        to,
        bind_ip: None,
        bind_port: None,
        bind_if: None,
        timeout: Duration::from_millis(timeout_ms),
        fwmark: 0,
    }
}

fn http(connection: Connection, digest: Option<[u8; 16]>) -> CheckKind {
    let url = Url {
        path: "/x".to_owned(),
        digest,
        status: vec![],
        virtualhost: None,
        close_notify: false,
    };
    CheckKind::Http {
        connection,
        version: HttpVersion::V10,
        urls: vec![url],
        fast_recovery: false,
        tls: None,
    }
}

/// A server that treats one connection as `serve` says.
pub fn server<T: Send + 'static>(
    serve: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> (SocketAddr, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    (at, std::thread::spawn(move || serve(listener.accept().unwrap().0)))
}

/// Runs a probe to its end, as the loop would.
pub fn verdict(kind: &CheckKind) -> Verdict {
    let mut probe = match Probe::start(kind, 0, clock::now()) {
        Ok(probe) => probe,
        Err(verdict) => return verdict,
    };
    loop {
        let left = probe.deadline().since(clock::now());
        if left.is_zero() {
            return probe.overdue();
        }
        let left_ms = libc::c_int::try_from(left.as_millis()).unwrap() + 1;
        let waited = if probe.interest() == Interest::READ {
            socket::wait_readable(&probe, left_ms)
        } else {
            socket::wait_writable(&probe, left_ms)
        };
        if waited.is_ok()
            && let Some(verdict) = probe.ready(clock::now())
        {
            return verdict;
        }
    }
}

#[test]
fn a_tcp_check_passes_and_ends_the_connection_by_reset() {
    let (at, server) = server(|mut stream| stream.read(&mut [0; 10]).map_err(|e| e.kind()));
    assert_eq!(verdict(&CheckKind::Tcp(connection(at, 10_000))), Verdict::PASSED);
    assert_eq!(server.join().unwrap(), Err(io::ErrorKind::ConnectionReset));
}

#[test]
fn nobody_there_is_a_failure() {
    // Bound, so that nobody else gets the port, but not listening.
    let fd = socket::open(libc::AF_INET, libc::SOCK_STREAM, 0).unwrap();
    socket::bind(&fd, &RawAddress::from(SocketAddr::from(([127, 0, 0, 1], 0)))).unwrap();
    let at = bound_to(&fd);
    let refused = Verdict::Failed(Failure::Connect("connection refused".to_owned()));
    assert_eq!(verdict(&CheckKind::Tcp(connection(at, 10_000))), refused);
    assert_eq!(verdict(&http(connection(at, 10_000), None)), refused);
}

fn bound_to(fd: &OwnedFd) -> SocketAddr {
    let listener = TcpListener::from(fd.try_clone().unwrap());
    listener.local_addr().unwrap()
}

#[test]
fn an_address_that_this_host_does_not_have_says_nothing_about_the_server() {
    let (at, _server) = server(drop);
    let bind_ip = Some(IpAddr::from([192, 0, 2, 77]));
    let kind = CheckKind::Tcp(Connection { bind_ip, ..connection(at, 10_000) });
    assert!(matches!(verdict(&kind), Verdict::Undecided(why) if why.starts_with("bind: ")));
}

#[test]
fn the_source_address_is_the_one_that_was_asked_for() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let bind_ip = Some(IpAddr::from([127, 0, 0, 9]));
    let kind = CheckKind::Tcp(Connection { bind_ip, ..connection(at, 10_000) });
    assert_eq!(verdict(&kind), Verdict::PASSED);
    assert_eq!(listener.accept().unwrap().1.ip(), IpAddr::from([127, 0, 0, 9]));
}

fn answer(mut stream: TcpStream, pieces: &[&str]) -> String {
    let mut request = [0; 1000];
    let n = stream.read(&mut request).unwrap();
    for piece in pieces {
        stream.write_all(piece.as_bytes()).unwrap();
        stream.flush().unwrap();
    }
    String::from_utf8_lossy(&request[..n]).into_owned()
}

#[test]
fn a_page_is_asked_for_and_its_digest_compared() {
    let (at, first) =
        server(|s| answer(s, &["HTTP/1.0 200 O", "K\r\nServer: x\r\n\r", "\nhel", "lo"]));
    assert_eq!(verdict(&http(connection(at, 10_000), Some(HELLO))), Verdict::PASSED);
    let request = first.join().unwrap();
    assert!(request.starts_with("GET /x HTTP/1.0\r\n"), "{request}");
    assert!(request.contains(&format!("Host: {at}\r\n")), "{request}");
    let (at, _second) = server(|s| answer(s, &["HTTP/1.0 200 OK\r\n\r\nhallo"]));
    let got = verdict(&http(connection(at, 10_000), Some(HELLO)));
    assert!(matches!(got, Verdict::Failed(Failure::Digest { .. })), "{got:?}");
}

#[test]
fn a_server_that_keeps_the_connection_open_fails_by_timeout() {
    let (at, server) = server(|mut stream| {
        let mut request = [0; 1000];
        let _ = stream.read(&mut request).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello").unwrap();
        let _ = stream.read(&mut request); // until the check gives up
    });
    let got = verdict(&http(connection(at, 150), None));
    let after = Duration::from_millis(150);
    assert_eq!(got, Verdict::Failed(Failure::Timeout { step: Step::Answer, after }));
    server.join().unwrap();
}

#[test]
fn a_server_that_closes_without_a_word_fails() {
    let (at, _server) = server(|mut stream| stream.read(&mut [0; 1000]).map(drop));
    assert_eq!(
        verdict(&http(connection(at, 10_000), None)),
        Verdict::Failed(Failure::NoHeader { bytes: 0 })
    );
}

#[test]
fn a_large_page_comes_whole() {
    let (at, _server) = server(|mut stream| {
        let _ = stream.read(&mut [0; 1000]).unwrap();
        stream.write_all(b"HTTP/1.0 200 OK\r\n\r\n").unwrap();
        stream.write_all(&vec![b'a'; 3_000_000]).unwrap();
    });
    // By `head -c 3000000 /dev/zero | tr '\0' a | md5sum`.
    let digest = 0x99dd_c9a3_a46e_a62c_9565_2bdf_937a_1fb8_u128.to_be_bytes();
    assert_eq!(verdict(&http(connection(at, 10_000), Some(digest))), Verdict::PASSED);
}

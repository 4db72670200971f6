//! Against a real TLS server, rustls' own, with a certificate that nobody signed; and against what is none.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion, version};
use understudy_core::checks::settings::{CheckKind, HttpVersion, ServerName, Url};
use understudy_core::checks::verdict::{Failure, Step, Verdict};

use super::super::tests::{HELLO, connection, server, verdict};

const BOTH: &[&SupportedProtocolVersion] = &[&version::TLS13, &version::TLS12];
const PAGE: &[u8] = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello";

type Stream = StreamOwned<ServerConnection, TcpStream>;

/// Of a server for these versions.
pub fn server_config(versions: &[&'static SupportedProtocolVersion]) -> Arc<ServerConfig> {
    let made = rcgen::generate_simple_self_signed(["other.example.net".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    Arc::new(config)
}

/// A TLS server that treats one connection as `serve` says.
fn tls_server<T: Send + 'static>(
    versions: &[&'static SupportedProtocolVersion],
    serve: impl FnOnce(Stream) -> T + Send + 'static,
) -> (SocketAddr, JoinHandle<T>) {
    let config = server_config(versions);
    server(move |stream| serve(StreamOwned::new(ServerConnection::new(config).unwrap(), stream)))
}

/// Answers one request; gives the request, the server name that was told, and how the client ended.
fn answer(mut stream: Stream, page: &[u8]) -> (String, Option<String>, std::io::Result<usize>) {
    let mut request = [0; 1000];
    let n = stream.read(&mut request).unwrap();
    stream.write_all(page).unwrap();
    stream.conn.send_close_notify();
    stream.flush().unwrap();
    let end = stream.read(&mut [0; 10]);
    let name = stream.conn.server_name().map(str::to_owned);
    (String::from_utf8_lossy(&request[..n]).into_owned(), name, end)
}

fn page() -> Url {
    Url {
        path: "/x".to_owned(),
        digest: Some(HELLO),
        status: vec![],
        virtualhost: Some("www.example.org:8443".to_owned()),
        close_notify: false,
    }
}

fn ssl(to: SocketAddr, timeout_ms: u64, url: Url, name: ServerName) -> CheckKind {
    CheckKind::Http {
        connection: connection(to, timeout_ms),
        version: HttpVersion::V11,
        urls: vec![url],
        fast_recovery: false,
        tls: Some(name),
    }
}

fn plain_server(serve: impl FnOnce(TcpStream) + Send + 'static) -> (SocketAddr, JoinHandle<()>) {
    server(serve)
}

fn failure(kind: &CheckKind) -> Failure {
    match verdict(kind) {
        Verdict::Failed(failure) => failure,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_page_is_asked_for_in_both_versions_whoever_the_server_is() {
    for versions in [&BOTH[..1], &BOTH[1..], BOTH] {
        let (at, server) = tls_server(versions, |s| answer(s, PAGE));
        assert_eq!(verdict(&ssl(at, 10_000, page(), ServerName::Unsaid)), Verdict::PASSED);
        let (request, name, _) = server.join().unwrap();
        assert!(request.starts_with("GET /x HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("Host: www.example.org:8443\r\n"), "{request}");
        assert_eq!(name, None);
    }
}

#[test]
fn status_and_digest_count_as_without_tls() {
    let (at, _server) = tls_server(BOTH, |s| answer(s, b"HTTP/1.1 503 No\r\n\r\nhello"));
    let got = failure(&ssl(at, 10_000, page(), ServerName::Unsaid));
    assert_eq!(got, Failure::Status { path: "/x".to_owned(), got: Some(503) });
    let (at, _server) = tls_server(BOTH, |s| answer(s, b"HTTP/1.1 200 OK\r\n\r\nhallo"));
    let got = failure(&ssl(at, 10_000, page(), ServerName::Unsaid));
    assert!(matches!(got, Failure::Digest { .. }), "{got:?}");
}

#[test]
fn the_server_is_told_the_name_that_was_asked_for() {
    let rows = [
        (ServerName::Virtualhost, Some("www.example.org")),
        (ServerName::Fixed("a.example.org".to_owned()), Some("a.example.org")),
        (ServerName::Fixed("127.0.0.1".to_owned()), None),
        (ServerName::Fixed("no..name".to_owned()), None),
    ];
    for (name, want) in rows {
        let (at, server) = tls_server(BOTH, |s| answer(s, PAGE));
        assert_eq!(verdict(&ssl(at, 10_000, page(), name)), Verdict::PASSED);
        assert_eq!(server.join().unwrap().1.as_deref(), want);
    }
}

#[test]
fn the_end_is_said_where_it_is_asked_for_only() {
    for close_notify in [true, false] {
        let (at, server) = tls_server(BOTH, |s| answer(s, PAGE));
        let url = Url { close_notify, ..page() };
        assert_eq!(verdict(&ssl(at, 10_000, url, ServerName::Unsaid)), Verdict::PASSED);
        let end = server.join().unwrap().2;
        assert_eq!(matches!(end, Ok(0)), close_notify, "{end:?}");
    }
}

#[test]
fn a_server_that_closes_without_a_word_of_it_has_answered() {
    let (at, _server) = tls_server(BOTH, |mut stream| {
        let _ = stream.read(&mut [0; 1000]).unwrap();
        stream.write_all(PAGE).unwrap();
        stream.flush().unwrap();
    });
    assert_eq!(verdict(&ssl(at, 10_000, page(), ServerName::Unsaid)), Verdict::PASSED);
}

#[test]
fn a_large_page_comes_whole_also_when_the_connection_stays_open_behind_it() {
    let mut large = b"HTTP/1.0 200 OK\r\n\r\n".to_vec();
    large.resize(large.len() + 3_000_000, b'a');
    // `answer` says that it has ended, and waits for the client to go.
    let (at, _server) = tls_server(BOTH, move |s| answer(s, &large));
    // By `head -c 3000000 /dev/zero | tr '\0' a | md5sum`.
    let digest = 0x99dd_c9a3_a46e_a62c_9565_2bdf_937a_1fb8_u128.to_be_bytes();
    let url = Url { digest: Some(digest), ..page() };
    assert_eq!(verdict(&ssl(at, 10_000, url, ServerName::Unsaid)), Verdict::PASSED);
}

#[test]
fn an_answer_that_drips_is_overdue_as_a_whole() {
    let (at, server) = tls_server(BOTH, |mut stream| {
        let _ = stream.read(&mut [0; 1000]).unwrap();
        for byte in PAGE.iter().cycle() {
            if stream.write_all(&[*byte]).and_then(|()| stream.flush()).is_err() {
                return;
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
    });
    let after = Duration::from_millis(300);
    let got = failure(&ssl(at, 300, page(), ServerName::Unsaid));
    assert_eq!(got, Failure::Timeout { step: Step::Answer, after });
    server.join().unwrap();
}

#[test]
fn a_server_that_never_answers_the_hello_is_overdue() {
    let (at, server) = plain_server(|mut stream| {
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all);
    });
    let after = Duration::from_millis(150);
    let got = failure(&ssl(at, 150, page(), ServerName::Unsaid));
    assert_eq!(got, Failure::Timeout { step: Step::Handshake, after });
    server.join().unwrap();
}

/// What a server without TLS, or with another one, says to our hello.
fn said_to(answer: &'static [u8]) -> Failure {
    let (at, server) = plain_server(move |mut stream| {
        let _ = stream.read(&mut [0; 4000]).unwrap();
        stream.write_all(answer).unwrap();
    });
    let got = failure(&ssl(at, 10_000, page(), ServerName::Unsaid));
    server.join().unwrap();
    got
}

#[test]
fn an_old_server_is_told_from_a_broken_one() {
    // Alert: fatal, protocol_version.
    assert_eq!(said_to(&[21, 3, 1, 0, 2, 2, 70]), Failure::OldTls);
    // ServerHello of TLS 1.0: version, random, no session, TLS_RSA_WITH_AES_128_CBC_SHA, no compression.
    let mut hello = vec![22, 3, 1, 0, 42, 2, 0, 0, 38, 3, 1];
    hello.extend([7; 32]);
    hello.extend([0, 0, 0x2f, 0]);
    assert_eq!(said_to(hello.leak()), Failure::OldTls);
}

#[test]
fn what_is_no_tls_says_so() {
    let text = |answer| said_to(answer).to_string();
    assert_eq!(text(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "TLS: the answer is no TLS");
    assert_eq!(text(b""), "TLS: closed during the handshake");
    // Alert: fatal, handshake_failure.
    assert!(text(&[21, 3, 3, 0, 2, 2, 40]).contains("refuses all that we offer"));
    assert_eq!(text(&[21, 3, 3, 0, 2, 2, 112]), "TLS: the server refuses: UnrecognisedName");
}

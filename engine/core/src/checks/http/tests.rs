use super::*;
use crate::random::Random;
use alloc::string::{String, ToString};
use alloc::vec;

fn url() -> Url {
    Url {
        path: "/health".to_string(),
        digest: None,
        status: vec![],
        virtualhost: None,
        close_notify: false,
    }
}

/// MD5 of `hello`, by `printf hello | md5sum`.
const HELLO: [u8; 16] = [
    0x5d, 0x41, 0x40, 0x2a, 0xbc, 0x4b, 0x2a, 0x76, 0xb9, 0x71, 0x9d, 0x91, 0x10, 0x17, 0xc5, 0x92,
];

fn verdict_of(url: &Url, pieces: &[&[u8]]) -> Verdict {
    let mut reply = Reply::new(url);
    for piece in pieces {
        if let Err(failure) = reply.feed(piece) {
            return Verdict::Failed(failure);
        }
    }
    reply.end()
}

#[test]
fn requests() {
    let v4 = SocketAddr::from(([10, 0, 0, 1], 8080));
    let v6: SocketAddr = "[2001:db8::1]:80".parse().unwrap();
    let named = Url { virtualhost: Some("www.example.org".to_string()), ..url() };
    let rows = [
        (url(), HttpVersion::V10, v4, "1.0", "", "10.0.0.1:8080"),
        (url(), HttpVersion::V10Close, v6, "1.0", "Connection: close\r\n", "[2001:db8::1]:80"),
        (named, HttpVersion::V11, v4, "1.1", "Connection: close\r\n", "www.example.org"),
    ];
    for (url, version, to, number, close, host) in rows {
        let want = format!(
            "GET /health HTTP/{number}\r\nUser-Agent: KeepAliveClient\r\n{close}Host: {host}\r\n\r\n"
        );
        assert_eq!(String::from_utf8(request(&url, version, to)).unwrap(), want);
    }
}

#[test]
fn verdicts() {
    let ok = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    let plain = url();
    let digest = Url { digest: Some(HELLO), ..url() };
    let moved = Url { status: vec![(200, 204), (301, 302)], ..url() };
    let status = |got| Verdict::Failed(Failure::Status { path: "/health".to_string(), got });
    let rows: [(&Url, &[u8], Verdict); 13] = [
        (&plain, ok, Verdict::PASSED),
        (&digest, ok, Verdict::PASSED),
        (&digest, b"HTTP/1.0 200 OK\n\nhello", Verdict::PASSED),
        // Beyond Content-Length nothing counts, but only if it is spelled as keepalived knows it.
        (&digest, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello world", Verdict::PASSED),
        (
            &digest,
            b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello world",
            Verdict::Failed(Failure::Digest {
                path: "/health".to_string(),
                got: "5eb63bbbe01eeed093cb22bb8f5acdc3".to_string(),
            }),
        ),
        (&plain, b"HTTP/1.1 503 Service Unavailable\r\n\r\n", status(Some(503))),
        (&plain, b"HTTP/1.1 302 Found\r\n\r\n", status(Some(302))),
        (&moved, b"HTTP/1.1 302 Found\r\n\r\n", Verdict::PASSED),
        (&moved, b"HTTP/1.1 205 Reset\r\n\r\n", status(Some(205))),
        (&plain, b"HTTP/1.1 200\r\n\r\n", status(None)), // no blank behind the code
        (&plain, b"220 mail.example.org ESMTP\r\n\r\n", status(None)),
        (&plain, b"HTTP/1.1 200 OK\r\n", Verdict::Failed(Failure::NoHeader { bytes: 17 })),
        (&plain, b"", Verdict::Failed(Failure::NoHeader { bytes: 0 })),
    ];
    for (url, reply, want) in rows {
        assert_eq!(verdict_of(url, &[reply]), want, "{}", String::from_utf8_lossy(reply));
        let single: Vec<&[u8]> = reply.chunks(1).collect();
        assert_eq!(
            verdict_of(url, &single),
            want,
            "byte by byte: {}",
            String::from_utf8_lossy(reply)
        );
        for seed in 0..50 {
            let (mut random, mut rest, mut pieces) = (Random::new(seed), reply, Vec::new());
            while !rest.is_empty() {
                let cut = usize::try_from(random.below(rest.len() as u64 + 1)).unwrap();
                let (piece, left) = rest.split_at(cut);
                pieces.push(piece);
                rest = left;
            }
            assert_eq!(verdict_of(url, &pieces), want, "seed {seed}");
        }
    }
}

#[test]
fn an_endless_header_is_cut_off() {
    let endless = vec![b'x'; 1024];
    let mut reply = Reply::new(&url());
    let fed = (0..1000).position(|_| reply.feed(&endless).is_err());
    assert_eq!(fed, Some(HEADER_LIMIT / 1024));
}

#[test]
fn an_endless_body_is_cut_off() {
    let piece = vec![0; 1 << 20];
    let mut reply = Reply::new(&url());
    reply.feed(b"HTTP/1.0 200 OK\r\n\r\n").unwrap();
    let fed = (0..10_000).position(|_| reply.feed(&piece).is_err());
    assert_eq!(fed, usize::try_from(BODY_LIMIT >> 20).ok());
}

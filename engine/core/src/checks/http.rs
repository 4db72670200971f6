//! HTTP_GET: one request, and the reply read to its end (reference §4.7, §4.9). The end is the end of the connection,
//! not Content-Length: a server that keeps the connection open fails by timeout, as with keepalived.

use alloc::format;
use alloc::vec::Vec;
use core::net::SocketAddr;

use super::settings::{HttpVersion, Url};
use super::verdict::{Failure, Part, Verdict};
use crate::md5::{Md5, hex};

/// The longest header that a check reads.
pub const HEADER_LIMIT: usize = 64 << 10;
/// The longest body that a check reads.
pub const BODY_LIMIT: u64 = 256 << 20;

/// The request for one page.
#[must_use]
pub fn request(url: &Url, version: HttpVersion, to: SocketAddr) -> Vec<u8> {
    let (number, close) = match version {
        HttpVersion::V10 => ("1.0", ""),
        HttpVersion::V10Close => ("1.0", "Connection: close\r\n"),
        HttpVersion::V11 => ("1.1", "Connection: close\r\n"),
    };
    let host = url.virtualhost.clone().unwrap_or_else(|| format!("{to}"));
    let path = &url.path;
    // The name is keepalived's: access logs and filters on the servers know it.
    let agent = "KeepAliveClient";
    format!("GET {path} HTTP/{number}\r\nUser-Agent: {agent}\r\n{close}Host: {host}\r\n\r\n")
        .into_bytes()
}

/// A reply that is coming in, in pieces of any size.
#[derive(Debug)]
pub struct Reply {
    url: Url,
    state: State,
    /// Digest of the body so far; only where one is asked for.
    digest: Md5,
    wants_digest: bool,
}

#[derive(Debug)]
enum State {
    Header(Vec<u8>),
    Body(Body),
}

#[derive(Debug)]
struct Body {
    status: Option<u16>,
    content_length: Option<u64>,
    received: u64,
}

impl Reply {
    /// The reply to the request for `url`.
    #[must_use]
    pub fn new(url: &Url) -> Self {
        let wants_digest = url.digest.is_some();
        Self {
            url: url.clone(),
            state: State::Header(Vec::new()),
            digest: Md5::default(),
            wants_digest,
        }
    }

    /// The same, and the digest is computed though none is asked for (`genhash`).
    #[must_use]
    pub fn with_digest(url: &Url) -> Self {
        Self { wants_digest: true, ..Self::new(url) }
    }

    /// Takes the next piece.
    ///
    /// # Errors
    /// When the reply is longer than a check reads.
    pub fn feed(&mut self, piece: &[u8]) -> Result<(), Failure> {
        match &mut self.state {
            State::Header(header) => {
                let searched = header.len().saturating_sub(3);
                header.extend_from_slice(piece);
                let Some(end) = header_end(header, searched) else {
                    let limit = HEADER_LIMIT;
                    return if header.len() > limit {
                        Err(too_long(Part::Header, limit as u64))
                    } else {
                        Ok(())
                    };
                };
                let header = core::mem::take(header);
                let (header, body) = header.split_at(end);
                let (status, content_length) = (status(header), content_length(header));
                self.state = State::Body(Body { status, content_length, received: 0 });
                self.feed_body(body)
            }
            State::Body(_) => self.feed_body(piece),
        }
    }

    /// The connection ended: the verdict.
    #[must_use]
    pub fn end(&self) -> Verdict {
        let body = match &self.state {
            State::Header(header) => {
                return Verdict::Failed(Failure::NoHeader { bytes: header.len() });
            }
            State::Body(body) => body,
        };
        let path = self.url.path.clone();
        let accepted = |code| match self.url.status.as_slice() {
            [] => (200..=299).contains(&code),
            ranges => ranges.iter().any(|(from, to)| (*from..=*to).contains(&code)),
        };
        if !body.status.is_some_and(accepted) {
            return Verdict::Failed(Failure::Status { path, got: body.status });
        }
        match self.url.digest {
            Some(want) if want != self.digest() => {
                Verdict::Failed(Failure::Digest { path, got: hex(self.digest()) })
            }
            _ => Verdict::PASSED,
        }
    }

    /// MD5 of the body so far.
    #[must_use]
    pub fn digest(&self) -> [u8; 16] {
        self.digest.clone().finish()
    }

    /// Status and length so far, in words.
    #[must_use]
    pub fn summary(&self) -> alloc::string::String {
        match &self.state {
            State::Header(header) => format!("{} bytes of header", header.len()),
            State::Body(Body { status: Some(code), received, .. }) => {
                format!("status {code}, {received} bytes of body")
            }
            State::Body(Body { received, .. }) => format!("no status, {received} bytes of body"),
        }
    }

    fn feed_body(&mut self, piece: &[u8]) -> Result<(), Failure> {
        let State::Body(body) = &mut self.state else { return Ok(()) };
        if self.wants_digest {
            // What lies beyond Content-Length is no part of the digest.
            let left =
                body.content_length.map_or(u64::MAX, |length| length.saturating_sub(body.received));
            let counted = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
            self.digest.update(&piece[..counted]);
        }
        body.received = body.received.saturating_add(piece.len() as u64);
        if body.received > BODY_LIMIT { Err(too_long(Part::Body, BODY_LIMIT)) } else { Ok(()) }
    }
}

fn too_long(what: Part, limit: u64) -> Failure {
    Failure::TooLong { what, limit }
}

/// Just behind the blank line. Lines end with CR LF; a bare LF is taken too.
fn header_end(bytes: &[u8], from: usize) -> Option<usize> {
    (from..bytes.len()).find_map(|at| match &bytes[at..] {
        [b'\r', b'\n', b'\r', b'\n', ..] => Some(at + 4),
        [b'\n', b'\n', ..] => Some(at + 2),
        _ => None,
    })
}

/// The three digits after the first blank, followed by a blank.
fn status(header: &[u8]) -> Option<u16> {
    let line = header.split(|b| *b == b'\n').next()?;
    let blank = line.iter().position(|b| *b == b' ')?;
    match line.get(blank + 1..blank + 5)? {
        [a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', b' '] => {
            Some(u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0'))
        }
        _ => None,
    }
}

/// Only where the header is spelled exactly so: keepalived's digest depends on it.
fn content_length(header: &[u8]) -> Option<u64> {
    let value = header.split(|b| *b == b'\n').find_map(|l| l.strip_prefix(b"Content-Length:"))?;
    core::str::from_utf8(value).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests;

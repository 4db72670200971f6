//! `understudy genhash -s IP -p PORT -u URL`: the digest of a page, for `digest` in HTTP_GET. Options and output are those
//! of keepalived's genhash.

use std::net::{IpAddr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt};
use understudy_core::checks::settings::{Connection, HttpVersion, ServerName, Url};
use understudy_core::checks::verdict::{Failure, Verdict};
use understudy_core::md5::hex;

use crate::diagnostics::print;
use crate::probe::conversation::Conversation;
use crate::sys::epoll::Interest;
use crate::sys::{clock, socket};

const USAGE: &str = "usage: understudy genhash -s IP -p PORT -u URL [OPTION...]\n\n\
    Prints the MD5 of a page's body, as HTTP_GET's `digest` wants it.\n\n\
    -s, --server IP            server\n\
    -p, --port PORT            its port\n\
    -u, --url URL              path on it\n\
    -S, --use-ssl              over TLS
    -I, --use-sni NAME         the server's name in TLS (default: none)
    -V, --use-virtualhost NAME Host header (default: IP:PORT)\n\
    -P, --protocol VERSION     1.0, 1.0c or 1.1 (default 1.0)\n\
    -m, --fwmark MARK          mark of the packets\n\
    -t, --timeout SECONDS      for each step (default 5)\n\
    -v, --verbose              status and length, too\n\n\
    Exit codes: 0 also when the server fails, 1 usage.";

#[derive(Debug, PartialEq)]
struct Options {
    server: IpAddr,
    port: u16,
    url: Url,
    version: HttpVersion,
    tls: Option<ServerName>,
    fwmark: u32,
    timeout: Duration,
    verbose: bool,
}

/// Runs the command.
pub fn run(arguments: Parser) -> ExitCode {
    let options = match options(arguments) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print(&format!("{USAGE}\n"));
            return ExitCode::SUCCESS;
        }
        Err(why) => {
            eprintln!("understudy genhash: {why}\n\n{USAGE}");
            return ExitCode::FAILURE;
        }
    };
    match digest(&options) {
        Ok(digest) => print(&format!("{}\n", hex(digest))),
        Err(why) => {
            let server = SocketAddr::new(options.server, options.port);
            super::error(&format!("genhash: ask {server} for {}: {why}", options.url.path));
        }
    }
    // keepalived's genhash ends so even when the server does not answer.
    ExitCode::SUCCESS
}

fn options(mut arguments: Parser) -> Result<Option<Options>, String> {
    let (mut server, mut port, mut path, mut virtualhost) = (None, None, None, None);
    let (mut version, mut fwmark, mut timeout_s, mut verbose) = (HttpVersion::V10, 0, 5, false);
    let (mut ssl, mut sni) = (false, None);
    let text = |e: lexopt::Error| e.to_string();
    while let Some(argument) = arguments.next().map_err(text)? {
        match argument {
            Arg::Short('s') | Arg::Long("server") => server = Some(value(&mut arguments)?),
            Arg::Short('p') | Arg::Long("port") => port = Some(value(&mut arguments)?),
            Arg::Short('u') | Arg::Long("url") => path = Some(value(&mut arguments)?),
            Arg::Short('V') | Arg::Long("use-virtualhost") => {
                virtualhost = Some(value(&mut arguments)?)
            }
            Arg::Short('P') | Arg::Long("protocol") => {
                let word: String = value(&mut arguments)?;
                version = match word.to_ascii_lowercase().as_str() {
                    "1.0" => HttpVersion::V10,
                    "1.0c" => HttpVersion::V10Close,
                    "1.1" => HttpVersion::V11,
                    _ => return Err(format!("protocol `{word}`: expected 1.0, 1.0c or 1.1")),
                };
            }
            Arg::Short('m') | Arg::Long("fwmark") => fwmark = value(&mut arguments)?,
            Arg::Short('t') | Arg::Long("timeout") => timeout_s = value(&mut arguments)?,
            Arg::Short('v') | Arg::Long("verbose") => verbose = true,
            Arg::Short('h') | Arg::Long("help") => return Ok(None),
            Arg::Short('S') | Arg::Long("use-ssl") => ssl = true,
            Arg::Short('I') | Arg::Long("use-sni") => sni = Some(value(&mut arguments)?),
            other => return Err(text(other.unexpected())),
        }
    }
    Ok(Some(Options {
        server: server.ok_or("the server is missing (-s IP)")?,
        port: port.ok_or("the port is missing (-p PORT)")?,
        url: Url {
            path: path.ok_or("the page is missing (-u URL)")?,
            digest: None,
            // Whatever the server says has a digest.
            status: vec![(0, 999)],
            virtualhost,
            close_notify: false,
        },
        version,
        tls: ssl.then(|| sni.map_or(ServerName::Unsaid, ServerName::Fixed)),
        fwmark,
        timeout: Duration::from_secs(timeout_s),
        verbose,
    }))
}

fn value<T: std::str::FromStr>(arguments: &mut Parser) -> Result<T, String>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    arguments.value().and_then(|v| v.parse()).map_err(|e| e.to_string())
}

fn digest(options: &Options) -> Result<[u8; 16], String> {
    let connection = Connection {
        to: SocketAddr::new(options.server, options.port),
        bind_ip: None,
        bind_port: None,
        bind_if: None,
        timeout: options.timeout,
        fwmark: options.fwmark,
    };
    let (url, tls) = (&options.url, options.tls.as_ref());
    let started = clock::now();
    let mut probe = Conversation::ask(&connection, url, options.version, tls, true, started)
        .map_err(|verdict| words(&verdict))?;
    let verdict = loop {
        let left = probe.deadline().since(clock::now());
        if left.is_zero() {
            break probe.overdue();
        }
        let left_ms = libc::c_int::try_from(left.as_millis() + 1).unwrap_or(libc::c_int::MAX);
        let waited = if probe.interest() == Interest::READ {
            socket::wait_readable(&probe, left_ms)
        } else {
            socket::wait_writable(&probe, left_ms)
        };
        if waited.is_ok()
            && let Some(verdict) = probe.ready(clock::now())
        {
            break verdict;
        }
    };
    match (&verdict, probe.reply()) {
        // No status line at all: the body still has a digest.
        (Verdict::Passed { .. } | Verdict::Failed(Failure::Status { .. }), Some(reply)) => {
            if options.verbose {
                let took = clock::now().since(started).as_secs_f64() * 1000.0;
                eprintln!("{} in {took:.1} ms", reply.summary());
            }
            Ok(reply.digest())
        }
        _ => Err(words(&verdict)),
    }
}

fn words(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Passed { .. } => "closed without an answer".to_owned(),
        Verdict::Failed(failure) => failure.to_string(),
        Verdict::Undecided(why) => why.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Option<Options>, String> {
        options(Parser::from_args(line.split(' ').map(std::ffi::OsString::from)))
    }

    #[test]
    fn options_are_those_of_keepalived() {
        let got = parse("-s 10.0.0.1 -p 80 -u /x -V www -P 1.1 -t 2").unwrap().unwrap();
        assert_eq!(
            (got.port, got.version, got.timeout),
            (80, HttpVersion::V11, Duration::from_secs(2))
        );
        assert_eq!((got.url.path.as_str(), got.url.virtualhost.as_deref()), ("/x", Some("www")));
        assert_eq!(parse("--server ::1 --port 80 --url /").unwrap().unwrap().port, 80);
        assert_eq!(parse("-h"), Ok(None));
    }

    #[test]
    fn over_tls_with_a_name_or_without() {
        let of = |line: &str| parse(format!("-s ::1 -p 443 -u / {line}").trim_end());
        let tls = |line: &str| of(line).unwrap().unwrap().tls;
        assert_eq!(tls(""), None);
        assert_eq!(tls("-I www"), None, "as with keepalived, a name alone is no TLS");
        assert_eq!(tls("--use-ssl"), Some(ServerName::Unsaid));
        assert_eq!(tls("-S --use-sni www"), Some(ServerName::Fixed("www".to_owned())));
    }

    #[test]
    fn what_is_missing_is_named() {
        assert!(parse("-p 80 -u /").unwrap_err().contains("-s IP"));
        assert!(parse("-s 1.2.3.4 -u /").unwrap_err().contains("-p PORT"));
        assert!(parse("-s example.org -p 80 -u /").is_err(), "names are not looked up");
    }

    #[test]
    fn the_digest_is_that_of_the_body() {
        use std::io::{Read, Write};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let mut stream = listener.accept().unwrap().0;
            let _ = stream.read(&mut [0; 1000]).unwrap();
            stream.write_all(b"HTTP/1.0 404 Not Found\r\n\r\nhello").unwrap();
        });
        let options = parse(&format!("-s {} -p {} -u /", at.ip(), at.port())).unwrap().unwrap();
        // printf hello | md5sum
        assert_eq!(digest(&options).map(hex), Ok("5d41402abc4b2a76b9719d911017c592".to_owned()));
        server.join().unwrap();
    }
}

//! The client's side, for the commands: it may wait.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::{Answer, Ask};

/// The engine answers within this, whatever happens.
const WITHIN: Duration = Duration::from_secs(60);

/// A connection to the engine.
#[derive(Debug)]
pub struct Client {
    stream: BufReader<UnixStream>,
}

impl Client {
    /// `NotFound` or `ConnectionRefused`: no engine runs there.
    pub fn connect(path: &Path) -> io::Result<Self> {
        let stream = UnixStream::connect(path)?;
        stream.set_read_timeout(Some(WITHIN))?;
        stream.set_write_timeout(Some(WITHIN))?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Asks and waits for the answer.
    pub fn ask(&mut self, ask: &Ask) -> io::Result<Result<Value, String>> {
        let mut line = serde_json::to_vec(ask)?;
        line.push(b'\n');
        self.stream.get_mut().write_all(&line)?;
        self.next()
    }

    /// The next answer.
    pub fn next(&mut self) -> io::Result<Result<Value, String>> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the engine closed the connection",
            ));
        }
        Ok(match serde_json::from_str(&line)? {
            Answer::Ok(value) => Ok(value),
            Answer::Error(text) => Err(text),
        })
    }

    /// Waits for ever from now on.
    pub fn wait_forever(&self) -> io::Result<()> {
        self.stream.get_ref().set_read_timeout(None)
    }
}

/// An error of talking to the engine, with its remedy.
pub fn explain(path: &Path, error: &io::Error) -> String {
    let path = path.display();
    match error.kind() {
        _ if is_absent(error) => format!("no engine runs here ({path}: {error})"),
        io::ErrorKind::PermissionDenied => {
            format!(
                "ask the engine at {path}: permission denied (needs root, or the group `understudy`)"
            )
        }
        _ => format!("ask the engine at {path}: {error}"),
    }
}

/// Does this mean that no engine runs?
pub fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}

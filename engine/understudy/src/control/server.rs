//! The server's side: bounded in clients, in bytes taken and in bytes kept; a client that doesn't read is dropped.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use super::{Answer, Ask};
use crate::daemon::record::Record;
use crate::notify::user;
use crate::say;
use crate::sys::epoll::{Epoll, Interest};
use crate::sys::{process, socket};

/// Who may ask, beside root.
const GROUP: &str = "understudy";
const CLIENTS: usize = 32;
const REQUEST: usize = 64 << 10;
const BACKLOG: usize = 8 << 20;

/// The socket and its clients. Tokens: `base` for the socket, `base + 1 + n` for client n.
#[derive(Debug)]
pub struct Server {
    listener: UnixListener,
    path: PathBuf,
    base: u64,
    next: u64,
    clients: BTreeMap<u64, Client>,
}

#[derive(Debug)]
struct Client {
    stream: UnixStream,
    uid: u32,
    input: Vec<u8>,
    output: Vec<u8>,
    /// Gets what comes, of this instance or all.
    follows: Option<Option<String>>,
    /// It has closed its side, and still waits for answers.
    ended: bool,
}

/// A request that may be answered.
#[derive(Debug)]
pub struct Asked {
    /// By whom.
    pub client: u64,
    /// For what.
    pub ask: Ask,
}

impl Server {
    /// Opens the socket, in place of one that a dead engine left.
    pub fn open(path: &Path, epoll: &Epoll, base: u64) -> io::Result<Self> {
        let _ = fs::remove_file(path);
        let listener = UnixListener::bind(path)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o660))?;
        if process::effective_uid() == 0
            && let Some(gid) = user::group_id(GROUP)
        {
            chown(path, None, Some(gid))?;
        }
        listener.set_nonblocking(true)?;
        epoll.add(&listener, Interest::READ, base)?;
        Ok(Self { listener, path: path.to_owned(), base, next: 0, clients: BTreeMap::new() })
    }

    /// Something is ready. The requests that it brought.
    pub fn ready(&mut self, token: u64, epoll: &Epoll) -> Vec<Asked> {
        let Some(number) = token.checked_sub(self.base + 1) else {
            self.accept(epoll);
            return Vec::new();
        };
        if self.flush(number) {
            let Some(client) = self.clients.get(&number) else { return Vec::new() };
            if client.ended {
                self.clients.remove(&number);
                return Vec::new();
            }
            let _ = epoll.add(&client.stream, Interest::READ, token);
        }
        self.read(number, epoll)
    }

    fn accept(&mut self, epoll: &Epoll) {
        while let Ok((stream, _)) = self.listener.accept() {
            let Ok((_, uid, _)) = socket::peer(&stream) else { continue };
            if self.clients.len() >= CLIENTS || stream.set_nonblocking(true).is_err() {
                say!(Warning, "control socket: {CLIENTS} clients already; one more is refused");
                continue;
            }
            let number = self.next;
            self.next += 1;
            if epoll.add(&stream, Interest::READ, self.base + 1 + number).is_ok() {
                let (input, output) = (Vec::new(), Vec::new());
                self.clients.insert(
                    number,
                    Client { stream, uid, input, output, follows: None, ended: false },
                );
            }
        }
    }

    fn read(&mut self, number: u64, epoll: &Epoll) -> Vec<Asked> {
        let mut asked = Vec::new();
        let Some(client) = self.clients.get_mut(&number) else { return asked };
        let mut buffer = [0; 4096];
        let mut open = true;
        while client.input.len() <= REQUEST {
            match client.stream.read(&mut buffer) {
                Ok(0) => {
                    open = false;
                    break;
                }
                Ok(n) => client.input.extend_from_slice(&buffer[..n]),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => {
                    open = false;
                    break;
                }
            }
        }
        let mut refused = Vec::new();
        while let Some(end) = client.input.iter().position(|b| *b == b'\n') {
            let line: Vec<u8> = client.input.drain(..=end).collect();
            match serde_json::from_slice::<Ask>(&line) {
                Ok(ask)
                    if ask.is_move()
                        && client.uid != 0
                        && client.uid != process::effective_uid() =>
                {
                    refused.push("permission denied: only root may change something".to_owned());
                }
                Ok(ask) => asked.push(Asked { client: number, ask }),
                Err(e) => refused.push(format!("not a request: {e}")),
            }
        }
        if client.input.len() > REQUEST {
            open = false; // a line that never ends
        }
        if !open {
            if asked.is_empty() {
                self.clients.remove(&number);
            } else {
                // One that has closed its side may still wait for the answers to what it asked.
                client.ended = true;
                let _ = epoll.add(&client.stream, Interest::NONE, self.base + 1 + number);
            }
        }
        for text in refused {
            self.answer(number, &Answer::Error(text), epoll);
        }
        asked
    }

    /// Answers a request.
    pub fn answer(&mut self, client: u64, answer: &Answer, epoll: &Epoll) {
        let line = serde_json::to_vec(answer).expect("plain data becomes JSON");
        self.push(client, &line, epoll);
    }

    /// From now on this client gets each record as an answer of its own.
    pub fn follow(&mut self, client: u64, instance: Option<String>) {
        if let Some(client) = self.clients.get_mut(&client) {
            client.follows = Some(instance);
        }
    }

    /// Tells those who follow.
    pub fn publish(&mut self, record: &Record, epoll: &Epoll) {
        let wants = |client: &Client| match &client.follows {
            Some(Some(instance)) => *instance == record.subject,
            Some(None) => true,
            None => false,
        };
        let to: Vec<u64> = self.clients.iter().filter(|(_, c)| wants(c)).map(|(n, _)| *n).collect();
        if to.is_empty() {
            return;
        }
        let value = serde_json::to_value(record).expect("plain data becomes JSON");
        for client in to {
            self.answer(client, &Answer::Ok(value.clone()), epoll);
        }
    }

    fn push(&mut self, number: u64, line: &[u8], epoll: &Epoll) {
        let Some(client) = self.clients.get_mut(&number) else { return };
        client.output.extend_from_slice(line);
        client.output.push(b'\n');
        if client.output.len() > BACKLOG {
            self.clients.remove(&number);
            return;
        }
        let done = self.flush(number);
        let Some(client) = self.clients.get(&number) else { return };
        if !done {
            let interest = if client.ended { Interest::WRITE } else { Interest::BOTH };
            let _ = epoll.add(&client.stream, interest, self.base + 1 + number);
        } else if client.ended {
            self.clients.remove(&number);
        }
    }

    /// `true`: nothing is left.
    fn flush(&mut self, number: u64) -> bool {
        let Some(client) = self.clients.get_mut(&number) else { return true };
        while !client.output.is_empty() {
            match client.stream.write(&client.output) {
                Ok(n) => drop(client.output.drain(..n)),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return false,
                Err(_) => {
                    self.clients.remove(&number);
                    return true;
                }
            }
        }
        true
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

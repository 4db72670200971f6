//! One mail, one conversation with the server (RFC 5321): its bytes in, ours out, until it is over. No TLS, no
//! authentication, no second attempt, as with keepalived; but one refused recipient does not rob the others.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// A longer line is nonsense (RFC 5321 §4.5.3.1.5: 512).
const LINE: usize = 1024;
/// So are more lines in one answer.
const LINES: usize = 100;

/// What is to be handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// How we introduce ourselves.
    pub helo: String,
    /// The sender's address.
    pub from: String,
    /// The recipients' addresses.
    pub to: Vec<String>,
    /// The mail, of `message::compose`.
    pub mail: Vec<u8>,
}

/// What an answer is awaited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Greeting,
    Helo,
    From,
    /// This recipient.
    To(usize),
    Data,
    Mail,
    Quit,
}

/// A conversation.
#[derive(Clone, Debug)]
pub struct Session {
    envelope: Envelope,
    step: Step,
    line: Vec<u8>,
    lines: usize,
    accepted: usize,
    /// What went wrong so far.
    trouble: Option<String>,
    delivered: bool,
    over: bool,
}

impl Session {
    /// Waits for the greeting.
    #[must_use]
    pub const fn new(envelope: Envelope) -> Self {
        Self {
            envelope,
            step: Step::Greeting,
            line: Vec::new(),
            lines: 0,
            accepted: 0,
            trouble: None,
            delivered: false,
            over: false,
        }
    }

    /// Takes the server's bytes; appends our own to `out`.
    pub fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        for byte in bytes {
            if self.over {
                return;
            }
            match byte {
                b'\n' => self.line(out),
                _ if self.line.len() >= LINE => self.give_up("a line without end"),
                _ => self.line.push(*byte),
            }
        }
    }

    /// The connection has ended, or the time is up, and why.
    pub fn end(&mut self, why: &str) {
        if !self.over && self.step != Step::Quit {
            let trouble = match self.step {
                Step::Greeting => why.to_string(),
                _ => format!("{why} after {}", self.question()),
            };
            self.trouble.get_or_insert(trouble);
        }
        self.over = true;
    }

    /// Nothing more is to be said or heard.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.over
    }

    /// Whether the server has taken the mail.
    #[must_use]
    pub const fn is_delivered(&self) -> bool {
        self.delivered
    }

    /// What went wrong; a mail may be delivered nevertheless, to other recipients.
    #[must_use]
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    fn give_up(&mut self, why: &str) {
        self.trouble.get_or_insert_with(|| why.to_string());
        self.over = true;
    }

    fn line(&mut self, out: &mut Vec<u8>) {
        let line = core::mem::take(&mut self.line);
        let line = line.strip_suffix(b"\r").unwrap_or(&line);
        let text: String =
            line.iter().map(|b| if (32..127).contains(b) { char::from(*b) } else { '?' }).collect();
        let code = text.get(..3).filter(|c| c.bytes().all(|b| b.is_ascii_digit()));
        let Some(code) = code.and_then(|c| c.parse::<u16>().ok()) else {
            return self.give_up(&format!("the server said `{}`", shortened(&text)));
        };
        match text.as_bytes().get(3) {
            None | Some(b' ') => {
                self.lines = 0;
                self.answer(code, &text, out);
            }
            Some(b'-') if self.lines < LINES => self.lines += 1, // the answer goes on
            Some(b'-') => self.give_up("an answer without end"),
            Some(_) => self.give_up(&format!("the server said `{}`", shortened(&text))),
        }
    }

    fn answer(&mut self, code: u16, text: &str, out: &mut Vec<u8>) {
        let good = match self.step {
            Step::Greeting => code == 220,
            Step::Data => code == 354,
            Step::To(_) => code == 250 || code == 251,
            Step::Helo | Step::From | Step::Mail => code == 250,
            Step::Quit => {
                self.over = true;
                return;
            }
        };
        if !good {
            let trouble = format!("{} was answered by `{}`", self.question(), shortened(text));
            self.trouble.get_or_insert(trouble);
        }
        let next = match self.step {
            Step::To(n) => {
                self.accepted += usize::from(good);
                match n + 1 < self.envelope.to.len() {
                    true => Step::To(n + 1),
                    false if self.accepted > 0 => Step::Data,
                    false => Step::Quit,
                }
            }
            _ if !good => Step::Quit,
            Step::Greeting => Step::Helo,
            Step::Helo => Step::From,
            Step::From if self.envelope.to.is_empty() => Step::Quit,
            Step::From => Step::To(0),
            Step::Data => Step::Mail,
            Step::Mail | Step::Quit => {
                self.delivered = true;
                Step::Quit
            }
        };
        self.step = next;
        match next {
            Step::Mail => {
                out.extend_from_slice(&self.envelope.mail);
                out.extend_from_slice(b".\r\n");
            }
            _ => {
                out.extend_from_slice(self.question().as_bytes());
                out.extend_from_slice(b"\r\n");
            }
        }
    }

    /// What we said last.
    fn question(&self) -> String {
        let Envelope { helo, from, to, .. } = &self.envelope;
        match self.step {
            Step::Greeting => "the connection".into(),
            Step::Helo => format!("HELO {helo}"),
            Step::From => format!("MAIL FROM:<{from}>"),
            Step::To(n) => format!("RCPT TO:<{}>", to[n]),
            Step::Data => "DATA".into(),
            Step::Mail => "the mail".into(),
            Step::Quit => "QUIT".into(),
        }
    }
}

fn shortened(text: &str) -> &str {
    text.get(..200).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use std::vec;

    use super::*;

    fn session(to: &[&str]) -> Session {
        Session::new(Envelope {
            helo: "lb1".into(),
            from: "lb1@a".into(),
            to: to.iter().map(|to| (*to).into()).collect(),
            mail: b"Subject: x\r\n\r\nyes\r\n".to_vec(),
        })
    }

    /// What it answers to each of these.
    fn talk(session: &mut Session, server: &[&str]) -> Vec<String> {
        let mut said = vec![];
        for bytes in server {
            let mut out = Vec::new();
            session.feed(bytes.as_bytes(), &mut out);
            said.push(String::from_utf8(out).unwrap());
        }
        said
    }

    #[test]
    fn a_conversation_byte_by_byte() {
        let mut it = session(&["root@a", "ops@b"]);
        let server = [
            "220-welcome\r\n220", // an answer of two lines, in pieces
            " here\r\n",
            "250 lb1\r\n",
            "250 2.1.0 Ok\r\n",
            "250 2.1.5 Ok\r\n",
            "251 elsewhere\r\n",
            "354 go on\r\n",
            "250 queued\n",
            "221 bye\r\n",
        ];
        let said = talk(&mut it, &server);
        let expected = [
            "",
            "HELO lb1\r\n",
            "MAIL FROM:<lb1@a>\r\n",
            "RCPT TO:<root@a>\r\n",
            "RCPT TO:<ops@b>\r\n",
            "DATA\r\n",
            "Subject: x\r\n\r\nyes\r\n.\r\n",
            "QUIT\r\n",
            "",
        ];
        assert_eq!(said, expected);
        assert!(it.is_over() && it.is_delivered());
        assert_eq!(it.trouble(), None);
    }

    #[test]
    fn an_unexpected_answer_ends_it_politely() {
        let answers =
            ["220 x\r\n", "250 x\r\n", "250 x\r\n", "250 x\r\n", "354 x\r\n", "250 x\r\n"];
        for bad in 0..answers.len() {
            let mut it = session(&["root@a"]);
            talk(&mut it, &answers[..bad]);
            assert_eq!(talk(&mut it, &["554 no\r\n"]), ["QUIT\r\n"], "{bad}");
            talk(&mut it, &["221 bye\r\n"]);
            assert!(it.is_over() && !it.is_delivered());
            assert!(
                it.trouble().unwrap().ends_with(" was answered by `554 no`"),
                "{:?}",
                it.trouble()
            );
        }
    }

    #[test]
    fn one_refused_recipient_does_not_rob_the_others() {
        let mut it = session(&["gone@a", "root@a"]);
        let server = ["220 x\r\n", "250 x\r\n", "250 x\r\n", "550 no such user\r\n", "250 x\r\n"];
        assert_eq!(talk(&mut it, &server)[4], "DATA\r\n");
        talk(&mut it, &["354 x\r\n", "250 x\r\n"]);
        assert!(it.is_delivered());
        let trouble = "RCPT TO:<gone@a> was answered by `550 no such user`";
        assert_eq!(it.trouble(), Some(trouble));
    }

    #[test]
    fn the_end_of_the_connection_counts_unless_all_is_done() {
        let mut it = session(&["root@a"]);
        talk(&mut it, &["220 x\r\n"]);
        it.end("connection closed");
        assert!(it.is_over() && !it.is_delivered());
        let trouble = "connection closed after HELO lb1";
        assert_eq!(it.trouble(), Some(trouble));
        let mut it = session(&["root@a"]);
        talk(&mut it, &["220 x\r\n250 x\r\n250 x\r\n250 x\r\n354 x\r\n250 x\r\n"]);
        it.end("connection closed");
        assert!(it.is_over() && it.is_delivered());
        assert_eq!(it.trouble(), None);
    }

    #[test]
    fn nonsense_is_bounded() {
        for nonsense in [
            "x".repeat(5000),
            "220-x\r\n".repeat(1000),
            "hello\r\n".into(),
            "220x\r\n".into(),
            "\r\n".into(),
        ] {
            let mut it = session(&["root@a"]);
            assert_eq!(talk(&mut it, &[&nonsense]), [""]);
            assert!(it.is_over() && it.trouble().is_some(), "{nonsense:.10}");
            assert!(it.line.len() <= LINE);
        }
    }
}

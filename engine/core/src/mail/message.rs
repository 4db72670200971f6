//! A mail as bytes: header, body, and nothing in them that could end a line early (RFC 5322).

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Write;

use super::mailbox::Mailbox;

/// What there is to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Alert {
    /// Without the router's name: `VRRP Instance read - Entering MASTER state`.
    pub subject: String,
    /// Lines.
    pub body: String,
}

/// A line holds no more than that (RFC 5322 §2.1.1: 998).
const LINE: usize = 900;

/// The whole mail, lines ending with CRLF, as it stands in a conversation: dots doubled, but without the last one.
/// `sent_at`: seconds since 1970.
#[must_use]
pub fn compose(
    alert: &Alert,
    router_id: &str,
    from: &Mailbox,
    to: &[Mailbox],
    sent_at: u64,
) -> Vec<u8> {
    let recipients: Vec<String> = to.iter().map(shown).collect();
    let lines = [
        format!("Date: {}", date(sent_at)),
        format!("From: {}", shown(from)),
        format!("Subject: {}", plain(&format!("[{router_id}] {}", alert.subject))),
        "X-Mailer: Understudy".to_string(),
        format!("To: {}", recipients.join(",\r\n ")),
        String::new(),
    ];
    let mut mail = String::new();
    for line in lines {
        mail.push_str(&line);
        mail.push_str("\r\n");
    }
    for line in alert.body.lines() {
        let line = plain(line);
        if line.starts_with('.') {
            mail.push('.');
        }
        mail.push_str(&line);
        mail.push_str("\r\n");
    }
    mail.into_bytes()
}

/// A mailbox in a header; its name in quotes where it must be (RFC 5322 §3.2.3).
fn shown(mailbox: &Mailbox) -> String {
    let name = plain(&mailbox.name);
    if name.is_empty() {
        return mailbox.address.clone();
    }
    let atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~ ".contains(c);
    if name.chars().all(atom) {
        return format!("{name} <{}>", mailbox.address);
    }
    let escaped = name.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{escaped}\" <{}>", mailbox.address)
}

/// One line of printable ASCII.
fn plain(text: &str) -> String {
    let safe = |c: char| if c == ' ' || c.is_ascii_graphic() { c } else { '?' };
    text.chars().map(safe).take(LINE).collect()
}

/// `Tue, 01 Dec 2026 09:05:00 +0000` (RFC 5322 §3.3)
fn date(seconds: u64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]; // 1970 began with a Thursday
    const MONTHS: [(&str, u64); 12] = [
        ("Jan", 31),
        ("Feb", 28),
        ("Mar", 31),
        ("Apr", 30),
        ("May", 31),
        ("Jun", 30),
        ("Jul", 31),
        ("Aug", 31),
        ("Sep", 30),
        ("Oct", 31),
        ("Nov", 30),
        ("Dec", 31),
    ];
    // A clock that is centuries off must not keep us counting.
    let days = (seconds / 86_400).min(1_000_000);
    let is_leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let (mut year, mut left) = (1970, days);
    while left >= 365 + u64::from(is_leap(year)) {
        left -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let mut month = "";
    for (name, length) in MONTHS {
        month = name;
        let length = length + u64::from(name == "Feb" && is_leap(year));
        if left < length {
            break;
        }
        left -= length;
    }
    let weekday = usize::try_from(days % 7).map_or("", |n| DAYS[n]);
    let second = seconds % 86_400;
    let mut text = format!("{weekday}, {:02} {month} {year} ", left + 1);
    let _ = write!(text, "{:02}:{:02}:{:02} +0000", second / 3600, second / 60 % 60, second % 60);
    text
}

#[cfg(test)]
mod tests {
    use std::vec;

    use super::*;

    fn mailbox(text: &str) -> Mailbox {
        Mailbox::parse(text).unwrap()
    }

    #[test]
    fn a_mail_byte_by_byte() {
        let alert = Alert {
            subject: "VRRP Instance edge - Entering MASTER state".into(),
            body: "=> VRRP Instance is now owning VRRP VIPs <=\nno advert for 3 s\n".into(),
        };
        let to = [mailbox("root@a.example"), mailbox("Ops <ops@b.example>"), mailbox("third")];
        let from = mailbox("Night shift, lb1 <lb1@a.example>");
        let mail = compose(&alert, "lb1", &from, &to, 1_796_115_900);
        let expected = "Date: Tue, 01 Dec 2026 09:05:00 +0000\r\n\
            From: \"Night shift, lb1\" <lb1@a.example>\r\n\
            Subject: [lb1] VRRP Instance edge - Entering MASTER state\r\n\
            X-Mailer: Understudy\r\n\
            To: root@a.example,\r\n Ops <ops@b.example>,\r\n third\r\n\
            \r\n\
            => VRRP Instance is now owning VRRP VIPs <=\r\n\
            no advert for 3 s\r\n";
        assert_eq!(String::from_utf8(mail).unwrap(), expected);
    }

    #[test]
    fn nothing_ends_the_header_or_the_mail_early() {
        let subject = "a\r\nBcc: b@c\u{e4}";
        let alert = Alert { subject: subject.into(), body: ".\n..x\nok\u{0}\n".into() };
        let mail = compose(&alert, "r\n\n", &mailbox("a@b"), &[mailbox("a@b")], 0);
        let mail = String::from_utf8(mail).unwrap();
        let lines: Vec<&str> = mail.split("\r\n").collect();
        assert_eq!(lines[2], "Subject: [r??] a??Bcc: b@c?");
        assert_eq!(lines[5..], ["", "..", "...x", "ok?", ""]);
        let long = Alert { subject: "x".repeat(5000), body: String::new() };
        let mail = compose(&long, "r", &mailbox("a@b"), &[], 0);
        assert!(mail.split(|b| *b == b'\n').all(|line| line.len() < 998));
    }

    #[test]
    fn names_are_quoted_where_they_must_be() {
        let all =
            vec![("Ops", "Ops <a@b>"), ("a.b", "\"a.b\" <a@b>"), ("a\\b", "\"a\\\\b\" <a@b>")];
        for (name, expected) in all {
            let it = Mailbox { name: name.into(), address: "a@b".into() };
            assert_eq!(shown(&it), expected);
        }
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(date(0), "Thu, 01 Jan 1970 00:00:00 +0000");
        assert_eq!(date(951_782_400), "Tue, 29 Feb 2000 00:00:00 +0000");
        assert_eq!(date(1_709_251_199), "Thu, 29 Feb 2024 23:59:59 +0000");
        assert_eq!(date(1_735_689_599), "Tue, 31 Dec 2024 23:59:59 +0000");
        assert_eq!(date(4_107_542_400), "Mon, 01 Mar 2100 00:00:00 +0000");
    }
}

//! Who sends and gets mails: an address, perhaps with a name (RFC 5322 §3.4).

use alloc::string::String;
use core::fmt;

/// An address with the name that is shown for it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Mailbox {
    /// Without quotes; empty: none.
    pub name: String,
    /// `local@domain`, or `local` alone.
    pub address: String,
}

impl Mailbox {
    /// Of `ADDRESS`, `<ADDRESS>` or `NAME <ADDRESS>`; `None` if an address like that could do harm in a conversation.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (name, address) = match text.trim().strip_suffix('>') {
            Some(inner) => inner.rsplit_once('<')?,
            None => ("", text.trim()),
        };
        let name = name.trim();
        let name = name.strip_prefix('"').and_then(|n| n.strip_suffix('"')).unwrap_or(name);
        let harmless = |b: u8| b.is_ascii_graphic() && !b"<>()[]:;,\\\"".contains(&b);
        let good = !name.contains(char::is_control)
            && !address.is_empty()
            && address.len() <= 254
            && address.bytes().all(harmless)
            && !address.starts_with('@')
            && !address.ends_with('@')
            && address.matches('@').count() <= 1;
        good.then(|| Self { name: name.into(), address: address.into() })
    }
}

/// As the configuration writes it.
impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name.as_str() {
            "" => f.write_str(&self.address),
            name => write!(f, "{name} <{}>", self.address),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_have_a_name() {
        let parse = |text| Mailbox::parse(text).map(|m| (m.name, m.address));
        let is = |name: &str, address: &str| Some((name.into(), address.into()));
        assert_eq!(parse("a@b.example"), is("", "a@b.example"));
        assert_eq!(parse("root"), is("", "root"));
        assert_eq!(parse(" <a@b> "), is("", "a@b"));
        assert_eq!(parse("Some Name <a@b>"), is("Some Name", "a@b"));
        assert_eq!(parse("\"Ops, night\" <a@b>"), is("Ops, night", "a@b"));
        assert_eq!(Mailbox::parse("Ops <a@b>").unwrap().to_string(), "Ops <a@b>");
    }

    use std::string::ToString;

    #[test]
    fn what_could_become_a_command_is_no_address() {
        for bad in [
            "",
            "a b@c",
            "a@b\r\nRCPT TO:<c@d>",
            "a>b@c",
            "<a@b",
            "a@b>",
            "@b",
            "a@",
            "a@b@c",
            "ä@b",
        ] {
            assert_eq!(Mailbox::parse(bad), None, "{bad:?}");
        }
    }
}

//! Names of hosts: our own, and those of /etc/hosts. Nothing else is asked: a name server may take its time, and the C
//! library's lookup would load modules of the host's own C library.

use std::fs::{self, File};
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr};

/// More of /etc/hosts is not read.
const LIMIT: u64 = 1 << 20;

/// This host's name.
pub fn own() -> String {
    let text = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name: String =
        text.chars().filter(|c| c.is_ascii_alphanumeric() || "-._".contains(*c)).collect();
    if name.is_empty() { "localhost".to_owned() } else { name }
}

/// The address of `name`: itself, if it is one; else what /etc/hosts says.
pub fn address(name: &str) -> Option<IpAddr> {
    if let Ok(ip) = name.parse() {
        return Some(ip);
    }
    let mut bytes = Vec::new();
    if let Ok(file) = File::open("/etc/hosts") {
        let _ = file.take(LIMIT).read_to_end(&mut bytes);
    }
    find(&String::from_utf8_lossy(&bytes), name)
}

/// `ADDRESS NAME ...`, one host a line; the first one counts.
fn find(hosts: &str, name: &str) -> Option<IpAddr> {
    let found = hosts.lines().find_map(|line| {
        let mut words = line.split('#').next()?.split_whitespace();
        let ip = words.next()?.parse().ok()?;
        words.any(|word| word.eq_ignore_ascii_case(name)).then_some(ip)
    });
    found.or_else(|| (name == "localhost").then_some(Ipv4Addr::LOCALHOST.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_with_the_name_counts() {
        let hosts = "# 192.0.2.1 mail\n::1 localhost ip6\nbad mail\n192.0.2.2\tMail.example mail # relay\n192.0.2.3 mail relay\n";
        let is = |name: &str| find(hosts, name).map(|ip| ip.to_string());
        assert_eq!(is("mail").as_deref(), Some("192.0.2.2"));
        assert_eq!(is("mail.EXAMPLE").as_deref(), Some("192.0.2.2"));
        assert_eq!(is("relay").as_deref(), Some("192.0.2.3"));
        assert_eq!(is("localhost").as_deref(), Some("::1"));
        assert_eq!(is("elsewhere"), None);
        assert_eq!(find("", "localhost").unwrap().to_string(), "127.0.0.1");
        assert_eq!(address("2001:db8::25").unwrap().to_string(), "2001:db8::25");
        assert!(!own().is_empty());
    }
}

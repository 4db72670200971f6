//! Addresses, routes and rules, in the words of `ip`.

use alloc::format;
use alloc::string::{String, ToString};

use super::{Page, word};
use crate::net::address::{Address, Broadcast, WORDS, default_flags, default_preferred};
use crate::net::route::Route;
use crate::net::rule::Rule;

/// An address as a line.
pub fn address(address: &Address) -> String {
    let mut line = format!("{}/{} dev {}", address.ip, address.prefix_len, address.dev);
    if let Some(label) = &address.label {
        line.push_str(&format!(" label {}", word(label)));
    }
    if address.scope != 0 {
        line.push_str(&format!(" scope {}", address.scope));
    }
    match address.broadcast {
        Some(Broadcast::Ones) => line.push_str(" brd +"),
        Some(Broadcast::Zeros) => line.push_str(" brd -"),
        Some(Broadcast::Address(ip)) => line.push_str(&format!(" brd {ip}")),
        None => {}
    }
    if let Some(peer) = address.peer {
        line.push_str(&format!(" peer {peer}"));
    }
    let default = default_flags(address.ip);
    let given = WORDS.iter().filter(|(_, flag)| (address.flags ^ default) & flag != 0);
    given.for_each(|(word, _)| line.push_str(&format!(" {word}")));
    if address.preferred_lft != default_preferred(address.ip, address.prefix_len) {
        let seconds = address.preferred_lft.map_or_else(|| "forever".into(), |s| s.to_string());
        line.push_str(&format!(" preferred_lft {seconds}"));
    }
    if address.no_track {
        line.push_str(" no_track");
    }
    line
}

/// The two blocks of `static` or `virtual` ones.
pub fn routing(page: &mut Page, which: &str, routes: &[Route], rules: &[Rule]) {
    if !routes.is_empty() {
        page.open(&format!("{which}_routes"));
        routes.iter().for_each(|route| page.line(&route.line()));
        page.close();
    }
    if !rules.is_empty() {
        page.open(&format!("{which}_rules"));
        rules.iter().for_each(|rule| page.line(&rule.line()));
        page.close();
    }
}

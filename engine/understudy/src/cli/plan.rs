//! `understudy plan [--json] [-i ID] [FILE]`: what the engine would put into the kernel, without touching it: the IPVS
//! table as `ipvsadm -Sn` prints it with all servers healthy, and addresses, routes and rules as `ip` commands.

use std::ffi::OsString;
use std::process::ExitCode;

use serde_json::{Value, json};
use understudy_core::ipvs::{desire, text};
use understudy_core::net::address::{Address, Broadcast, WORDS};
use understudy_core::net::ledger::Entry as _;
use understudy_core::net::link::VirtualLink;
use understudy_core::net::route::Route;
use understudy_core::net::rule::Rule;
use understudy_core::node::settings::HostSettings;

use super::options::Options;
use crate::config_files;
use crate::diagnostics::{print, render_all, renderer, summary};

/// Runs the command.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    let options = match Options::parse(arguments, &[], &["i", "config-id"]) {
        Ok(options) if options.words.len() <= 1 => options,
        Ok(options) => return super::usage(&format!("unexpected argument `{}`", options.words[1])),
        Err(text) => return super::usage(&text),
    };
    let id = options.value(&["i", "config-id"]).map(|v| v.to_string_lossy().into_owned());
    let file = options.words.first().map_or(config_files::default_file(), String::as_str);
    let parsed = config_files::parse(file, id);
    let Some(settings) = &parsed.settings else {
        eprint!("{}", render_all(&renderer(), &parsed));
        super::error(&format!("{file}: {}", summary(&parsed)));
        return ExitCode::from(2);
    };
    if options.json {
        print(&format!("{:#}\n", as_json(settings)));
    } else {
        print(&as_text(settings));
    }
    ExitCode::SUCCESS
}

/// What somebody holds.
struct Holder<'a> {
    when: String,
    links: Vec<VirtualLink>,
    addresses: Vec<&'a Address>,
    routes: &'a [Route],
    rules: &'a [Rule],
}

impl Holder<'_> {
    /// In the order in which they come.
    fn commands(&self) -> Vec<String> {
        let links = self.links.iter().map(VirtualLink::command);
        let addresses = self.addresses.iter().map(|it| command(it));
        let routes = self.routes.iter().map(|it| it.change(true));
        links
            .chain(addresses)
            .chain(routes)
            .chain(self.rules.iter().map(|it| it.change(true)))
            .collect()
    }
}

/// By who holds it, and when.
fn holders(settings: &HostSettings) -> Vec<Holder<'_>> {
    let mut out = Vec::new();
    let always = Holder {
        when: "always".to_owned(),
        links: settings.vrrp.virtual_links(),
        addresses: settings.vrrp.static_addresses.iter().collect(),
        routes: &settings.vrrp.static_routes,
        rules: &settings.vrrp.static_rules,
    };
    if !always.commands().is_empty() {
        out.push(always);
    }
    for instance in &settings.vrrp.instances {
        let addresses = instance.vips.iter().chain(&instance.excluded).collect();
        let what = format!("while {} (VRID {}) is MASTER", instance.name, instance.vrid);
        let (routes, rules) = (&instance.routes, &instance.rules);
        out.push(Holder { when: what, links: Vec::new(), addresses, routes, rules });
    }
    out
}

fn as_text(settings: &HostSettings) -> String {
    let mut out = String::new();
    for holder in holders(settings) {
        out.push_str(&format!("# {}\n", holder.when));
        holder.commands().iter().for_each(|line| out.push_str(&format!("{line}\n")));
    }
    if !settings.check.virtual_servers.is_empty() {
        out.push_str("# ipvsadm -R, while all servers are healthy\n");
        out.push_str(&text::save(&desire::healthy(&settings.check.virtual_servers)));
    }
    out
}

fn as_json(settings: &HostSettings) -> Value {
    let services = desire::healthy(&settings.check.virtual_servers);
    let lines: Vec<String> = text::save(&services).lines().map(str::to_owned).collect();
    let holder = |it: Holder<'_>| {
        json!({
            "when": it.when,
            "commands": it.commands(),
            "links": it.links,
            "addresses": it.addresses,
            "routes": it.routes,
            "rules": it.rules,
        })
    };
    let addresses: Vec<Value> = holders(settings).into_iter().map(holder).collect();
    json!({ "addresses": addresses, "ipvsadm": lines, "services": services })
}

/// ip-address(8)
fn command(address: &Address) -> String {
    let mut out = format!("ip address add {}/{}", address.ip, address.prefix_len);
    if let Some(peer) = address.peer {
        out = format!("ip address add {} peer {peer}/{}", address.ip, address.prefix_len);
    }
    match address.broadcast {
        None => {}
        Some(Broadcast::Ones) => out.push_str(" broadcast +"),
        Some(Broadcast::Zeros) => out.push_str(" broadcast -"),
        Some(Broadcast::Address(ip)) => out.push_str(&format!(" broadcast {ip}")),
    }
    if address.scope != 0 {
        out.push_str(&format!(" scope {}", address.scope));
    }
    if let Some(label) = &address.label {
        out.push_str(&format!(" label {label}"));
    }
    out.push_str(&format!(" dev {}", address.dev));
    // In `ip` it is the other way round: `nodad` must be asked for.
    let flags = WORDS.iter().filter(|(_, flag)| address.flags & flag != 0);
    flags.for_each(|(word, _)| out.push_str(&format!(" {}", word.trim_start_matches('-'))));
    if let Some(seconds) = address.preferred_lft {
        out.push_str(&format!(" preferred_lft {seconds}"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_become_commands_that_ip_takes() {
        let plain = Address {
            ip: "10.0.0.1".parse().unwrap(),
            prefix_len: 24,
            dev: "eth0".to_owned(),
            label: None,
            scope: 0,
            broadcast: None,
            peer: None,
            flags: 0,
            preferred_lft: None,
            no_track: false,
        };
        assert_eq!(command(&plain), "ip address add 10.0.0.1/24 dev eth0");
        let full = Address {
            label: Some("eth0:v".to_owned()),
            scope: 253,
            broadcast: Some(Broadcast::Ones),
            flags: 0x200,
            ..plain.clone()
        };
        let want =
            "ip address add 10.0.0.1/24 broadcast + scope 253 label eth0:v dev eth0 noprefixroute";
        assert_eq!(command(&full), want);
        let peer = Address { peer: Some("10.0.0.2".parse().unwrap()), prefix_len: 32, ..plain };
        assert_eq!(command(&peer), "ip address add 10.0.0.1 peer 10.0.0.2/32 dev eth0");
    }
}

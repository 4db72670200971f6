//! One host, from its configuration on: what comes in, and what is to be done.

mod beside;
mod bfd;
mod rerouting;
mod scale;
mod vmac;

use understudy_core::config::{self, Environment, Source};
use understudy_core::node::settings::HostSettings;
use understudy_core::node::vrrp::{LinkState, Snapshot};

/// A configuration of one file.
struct Text<'a>(&'a str);

impl Source for Text<'_> {
    fn glob(&mut self, pattern: &str) -> Vec<String> {
        vec![pattern.to_owned()]
    }

    fn read(&mut self, name: &str) -> Result<Vec<u8>, String> {
        let text = (name == "test.conf").then(|| self.0.as_bytes().to_vec());
        text.ok_or_else(|| "no such file".into())
    }
}

/// What a configuration says, which must be good.
fn settings(conf: &str) -> HostSettings {
    let parsed = config::parse(&mut Text(conf), "test.conf", &Environment::default());
    parsed.settings.unwrap_or_else(|| panic!("{:#?}", parsed.diagnostics))
}

/// A kernel with these interfaces, all up, and 10.0.0.5/24 on eth0.
fn snapshot(links: &[&str]) -> Snapshot {
    let own = understudy_core::net::reconcile::Present {
        ip: std::net::IpAddr::from([10, 0, 0, 5]),
        prefix_len: 24,
        ours: false,
    };
    Snapshot {
        links: links.iter().map(|name| LinkState { name: (*name).into(), up: true }).collect(),
        addresses: vec![("eth0".into(), own)],
        ..Snapshot::default()
    }
}

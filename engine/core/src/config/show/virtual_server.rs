//! `virtual_server`, its group and its real servers.

use alloc::format;
use alloc::string::{String, ToString};
use core::net::Ipv4Addr;

use super::check::check;
use super::{Page, word};
use crate::ipvs::settings::{RealServer, VirtualServer};
use crate::ipvs::table::{Family, Forward, Protocol, ServiceKey};

/// The block; in front of it that of its group.
pub fn virtual_server(page: &mut Page, v: &VirtualServer) {
    let group = v.name.strip_prefix("group ");
    if let Some(name) = group {
        page.open(&format!("virtual_server_group {}", word(name)));
        for key in &v.keys {
            page.line(&match key {
                ServiceKey::Address { ip, port, .. } => format!("{ip} {port}"),
                ServiceKey::Mark { family, mark } => format!("fwmark {mark} {}", inet(*family)),
            });
        }
        page.close();
    }
    let header = match (group, v.keys.first()) {
        (Some(name), _) => format!("group {}", word(name)),
        (None, Some(ServiceKey::Address { ip, port, .. })) => format!("{ip} {port}"),
        (None, Some(ServiceKey::Mark { mark, .. })) => format!("fwmark {mark}"),
        (None, None) => return,
    };
    page.open(&format!("virtual_server {header}"));
    if let (None, Some(ServiceKey::Mark { family, .. })) = (group, v.keys.first()) {
        page.set("ip_family", inet(*family));
    }
    let by_address = v.keys.iter().find_map(|key| match key {
        ServiceKey::Address { protocol, .. } => Some(*protocol),
        ServiceKey::Mark { .. } => None,
    });
    if let Some(protocol) = by_address {
        page.set(
            "protocol",
            match protocol {
                Protocol::Tcp => "TCP",
                Protocol::Udp => "UDP",
                Protocol::Sctp => "SCTP",
            },
        );
    }
    page.set("lvs_sched", &v.scheduler);
    page.flag("ops", v.flags & 0x4 != 0);
    page.flag("flag-1", v.flags & 0x8 != 0);
    page.flag("flag-2", v.flags & 0x10 != 0);
    page.flag("flag-3", v.flags & 0x20 != 0);
    if let Some(persistence) = &v.persistence {
        page.set("persistence_timeout", persistence.timeout_s);
        let is_v6 = v.keys.iter().any(|k| match k {
            ServiceKey::Address { ip, .. } => ip.is_ipv6(),
            ServiceKey::Mark { family, .. } => *family == Family::V6,
        });
        let granularity = persistence.granularity;
        let mask = || Ipv4Addr::from(granularity).to_string();
        page.set("persistence_granularity", if is_v6 { granularity.to_string() } else { mask() });
        if let Some(engine) = &persistence.engine {
            page.set("persistence_engine", word(engine));
        }
    }
    page.flag("omega", v.omega);
    page.switch("smtp_alert", v.smtp_alert);
    if v.quorum > 0 {
        page.set("quorum", v.quorum);
    }
    page.set("hysteresis", v.hysteresis);
    page.script("quorum_up", v.quorum_up.as_ref());
    page.script("quorum_down", v.quorum_down.as_ref());
    if let Some(sorry) = &v.sorry_server {
        page.line(&format!("sorry_server {} {}", sorry.ip, sorry.port));
        page.set("sorry_server_lvs_method", method(sorry.forward));
        page.flag("sorry_server_inhibit", sorry.inhibit);
    }
    v.real_servers.iter().for_each(|r| real_server(page, r));
    page.close();
}

const fn inet(family: Family) -> &'static str {
    match family {
        Family::V4 => "inet",
        Family::V6 => "inet6",
    }
}

fn method(forward: Forward) -> String {
    let tunnel = match forward {
        Forward::Nat => return "NAT".into(),
        Forward::Dr => return "DR".into(),
        Forward::Tun(tunnel) => tunnel,
    };
    let kind = ["ipip", "gue", "gre"].get(usize::from(tunnel.kind)).unwrap_or(&"ipip");
    let port = if tunnel.port == 0 { String::new() } else { format!(" port {}", tunnel.port) };
    let sum = [" nocsum", " csum", " remcsum"].get(usize::from(tunnel.flags)).unwrap_or(&"");
    format!("TUN type {kind}{port}{}", if tunnel.kind == 0 { "" } else { sum })
}

fn real_server(page: &mut Page, r: &RealServer) {
    // The port that checks use by default; the kernel's follows from it.
    page.open(&format!("real_server {} {}", r.ip, r.check_port));
    page.set("weight", r.weight);
    page.set("lvs_method", method(r.forward));
    page.set("uthreshold", r.upper);
    page.set("lthreshold", r.lower);
    page.switch("inhibit_on_failure", r.inhibit_on_failure);
    page.switch("alpha", r.alpha);
    page.switch("smtp_alert", r.smtp_alert);
    page.script("notify_up", r.notify_up.as_ref());
    page.script("notify_down", r.notify_down.as_ref());
    r.checks.iter().for_each(|c| check(page, c));
    page.close();
}

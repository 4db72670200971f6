//! The table as `ipvsadm -Sn` prints it, in the same order, so that the two can be compared line by line. It prints no
//! connection limits.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;
use core::net::{IpAddr, Ipv4Addr};

use super::table::{Destination, Family, Forward, Protocol, Service, ServiceKey};

/// IP_VS_SVC_F_ONEPACKET.
pub const ONE_PACKET: u32 = 0x0004;
/// IP_VS_SVC_F_SCHED1..3, the scheduler's own flags.
pub const SCHEDULER_FLAGS: [u32; 3] = [0x0008, 0x0010, 0x0020];

/// All services with their destinations; one line each.
#[must_use]
pub fn save(table: &[Service]) -> String {
    let mut sorted: Vec<&Service> = table.iter().collect();
    sorted.sort_by_key(|s| order(s.key));
    let mut out = String::new();
    for service in sorted {
        let name = service_name(service.key);
        let _ = writeln!(out, "-A {name} -s {}{}", service.scheduler, options(service));
        let mut destinations: Vec<&Destination> = service.destinations.iter().collect();
        destinations.sort_by_key(|d| (address_order(d.ip), d.port));
        for destination in destinations {
            let _ = writeln!(out, "-a {name} {}", destination_words(destination));
        }
    }
    out
}

/// ipvsadm's order: by family, protocol, address and port; marks last.
fn order(key: ServiceKey) -> (u32, bool, u16, (i32, u128), u16) {
    match key {
        ServiceKey::Address { protocol, ip, port } => {
            (0, ip.is_ipv6(), protocol as u16, address_order(ip), port)
        }
        ServiceKey::Mark { family, mark } => (mark, family == Family::V6, 0, (0, 0), 0),
    }
}

/// It compares IPv4 addresses as signed numbers, so that 192.168.0.1 comes before 10.0.0.1, and both before IPv6.
fn address_order(ip: IpAddr) -> (i32, u128) {
    match ip {
        IpAddr::V4(ip) => (ip.to_bits().cast_signed(), 0),
        IpAddr::V6(ip) => (i32::MAX, ip.to_bits()),
    }
}

fn service_name(key: ServiceKey) -> String {
    match key {
        ServiceKey::Mark { family: Family::V4, mark } => format!("-f {mark}"),
        ServiceKey::Mark { family: Family::V6, mark } => format!("-f {mark} -6"),
        ServiceKey::Address { protocol, ip, port } => {
            let option = match protocol {
                Protocol::Tcp => "-t",
                Protocol::Udp => "-u",
                Protocol::Sctp => "--sctp-service",
            };
            format!("{option} {}", endpoint(ip, port))
        }
    }
}

fn endpoint(ip: IpAddr, port: u16) -> String {
    match ip {
        IpAddr::V4(ip) => format!("{ip}:{port}"),
        IpAddr::V6(ip) => format!("[{ip}]:{port}"),
    }
}

fn options(service: &Service) -> String {
    let mut out = String::new();
    if let Some(persistence) = &service.persistence {
        let _ = write!(out, " -p {}", persistence.timeout_s);
        if super::desire::is_v6(service.key) {
            if persistence.granularity != 128 {
                let _ = write!(out, " -M {}", persistence.granularity);
            }
        } else if persistence.granularity != u32::MAX {
            let _ = write!(out, " -M {}", Ipv4Addr::from(persistence.granularity));
        }
        if let Some(engine) = &persistence.engine {
            let _ = write!(out, " --pe {engine}");
        }
    }
    if service.flags & ONE_PACKET != 0 {
        out.push_str(" -o");
    }
    let names = flag_names(&service.scheduler);
    let set: Vec<&str> = SCHEDULER_FLAGS
        .iter()
        .zip(names)
        .filter(|(flag, _)| service.flags & **flag != 0)
        .map(|(_, name)| name)
        .collect();
    if !set.is_empty() {
        let _ = write!(out, " -b {}", set.join(","));
    }
    out
}

fn flag_names(scheduler: &str) -> [&'static str; 3] {
    match scheduler {
        "sh" => ["sh-fallback", "sh-port", "flag-3"],
        "mh" => ["mh-fallback", "mh-port", "flag-3"],
        _ => ["flag-1", "flag-2", "flag-3"],
    }
}

fn destination_words(destination: &Destination) -> String {
    let mut out = format!("-r {}", endpoint(destination.ip, destination.port));
    match destination.forward {
        Forward::Nat => out.push_str(" -m"),
        Forward::Dr => out.push_str(" -g"),
        Forward::Tun(_) => out.push_str(" -i"),
    }
    let _ = write!(out, " -w {}", destination.weight);
    if let Forward::Tun(tunnel) = destination.forward {
        let kind = ["ipip", "gue", "gre"].get(usize::from(tunnel.kind)).copied().unwrap_or("ipip");
        let _ = write!(out, " --tun-type {kind}");
        if kind == "gue" {
            let _ = write!(out, " --tun-port {}", tunnel.port);
        }
        let checksum = ["--tun-nocsum", "--tun-csum", "--tun-remcsum"];
        if kind != "ipip"
            && let Some(word) = checksum.get(usize::from(tunnel.flags))
        {
            let _ = write!(out, " {word}");
        }
    }
    out
}

#[cfg(test)]
mod tests;

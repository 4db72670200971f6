//! Virtual interfaces as an instance's lines.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{net, word};
use crate::net::address::Address;
use crate::net::link::{IpvlanFlag, Kind, VirtualLink};
use crate::vrrp::settings::InstanceSettings;

/// `use_vmac` or `use_ipvlan`, and what belongs to them.
pub fn lines(instance: &InstanceSettings) -> Vec<String> {
    let vmacs = &instance.vmacs;
    let mut lines = Vec::new();
    if let Some(own) = &vmacs.own {
        let mut line = match own.kind {
            Kind::Macvlan { mac } => {
                let mut line = format!("use_vmac {}", word(&own.name));
                if mac != VirtualLink::virtual_mac(own.ipv6 && !own.ipv4, instance.vrid) {
                    let bytes: Vec<String> = mac.iter().map(|it| format!("{it:02x}")).collect();
                    line.push_str(&format!(" {}", bytes.join(":")));
                }
                line
            }
            Kind::Ipvlan { flag } => {
                let flag = match flag {
                    IpvlanFlag::Bridge => "bridge",
                    IpvlanFlag::Private => "private",
                    IpvlanFlag::Vepa => "vepa",
                };
                let address = vmacs.address.as_ref();
                let address = address.map(|it| format!(" {}/{}", it.ip, it.prefix_len));
                format!("use_ipvlan {}{} {flag}", word(&own.name), address.unwrap_or_default())
            }
        };
        if own.notify {
            line.push_str(" netlink_notify_msg");
        }
        if let Some(group) = own.group {
            line.push_str(&format!(" group {group}"));
        }
        lines.push(line);
    }
    if vmacs.xmit_base {
        lines.push("vmac_xmit_base".into());
    }
    if vmacs.for_addresses {
        lines.push("use_vmac_addr".into());
    }
    lines
}

/// One of its addresses: names of interfaces that are made for addresses can't be written.
pub fn address(instance: &InstanceSettings, address: &Address) -> String {
    match instance.vmacs.others.iter().find(|link| link.name == address.dev) {
        Some(link) => {
            let address = Address { dev: link.parent.clone(), ..address.clone() };
            format!("{} use_vmac", net::address(&address))
        }
        None => net::address(address),
    }
}

//! `use_vmac`, `use_ipvlan` and what belongs to them in `vrrp_instance` (reference §2.7, §3.5): which virtual interfaces
//! there are, and which addresses lie on them.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use super::address::{self, AddressLine};
use super::global_defs::GlobalDefs;
use super::vrrp_instance::VrrpInstance;
use crate::config::diagnostic::{At, Diagnostics, Span, code};
use crate::config::lexer::Word;
use crate::config::tree::Node;
use crate::config::value;
use crate::net::address::Address;
use crate::net::link::{IpvlanFlag, Kind, Mac, VirtualLink};
use crate::vrrp::settings::{InstanceSettings, Transport};

/// IFNAMSIZ without the closing zero.
const LONGEST_NAME: usize = 15;
/// Default of `vmac_prefix`.
pub const PREFIX: &str = "vrrp";

/// As written.
#[derive(Clone, Debug, Default)]
pub struct VmacLines {
    own: Option<At<Own>>,
    /// `vmac_xmit_base`.
    pub xmit_base: Option<Span>,
    /// `use_vmac_addr`.
    pub for_addresses: bool,
}

impl VmacLines {
    /// Whether there is a virtual interface.
    #[must_use]
    pub const fn is_used(&self) -> bool {
        self.own.is_some() || self.for_addresses
    }
}

#[derive(Clone, Debug)]
struct Own {
    name: Option<At<String>>,
    group: Option<u32>,
    kind: OwnKind,
}

#[derive(Clone, Debug)]
enum OwnKind {
    Macvlan { mac: Option<WrittenMac>, notify: bool },
    Ipvlan { address: Option<(At<IpAddr>, u8)>, flag: IpvlanFlag },
}

/// Five bytes are completed by the VRID.
#[derive(Clone, Copy, Debug)]
struct WrittenMac {
    bytes: Mac,
    whole: bool,
}

/// `use_vmac [NAME] [name NAME] [MAC] [netlink_notify_msg] [group GROUP]`
pub fn use_vmac(lines: &mut VmacLines, node: &Node, out: &mut Diagnostics) {
    let (mut mac, mut notify) = (None, false);
    let more = |word: &Word, out: &mut Diagnostics| match word.text.as_str() {
        "netlink_notify_msg" => {
            notify = true;
            true
        }
        text if text.contains(':') => {
            mac = parse_mac(word, out).or(mac);
            true
        }
        _ => false,
    };
    let own = own(node, more, out);
    let kind = OwnKind::Macvlan { mac, notify };
    set(lines, node, own.map(|(name, group)| Own { name, group, kind }), out);
}

/// `use_ipvlan [NAME] [name NAME] [IP[/LEN]] [bridge|private|vepa] [group GROUP]`
pub fn use_ipvlan(lines: &mut VmacLines, node: &Node, out: &mut Diagnostics) {
    let (mut given, mut flag) = (None, IpvlanFlag::Bridge);
    let more = |word: &Word, out: &mut Diagnostics| match word.text.as_str() {
        "bridge" => {
            flag = IpvlanFlag::Bridge;
            true
        }
        "private" => {
            flag = IpvlanFlag::Private;
            true
        }
        "vepa" => {
            flag = IpvlanFlag::Vepa;
            true
        }
        text if looks_like_address(text) => {
            given = address::with_prefix(word, out);
            true
        }
        _ => false,
    };
    let own = own(node, more, out);
    let kind = OwnKind::Ipvlan { address: given, flag };
    set(lines, node, own.map(|(name, group)| Own { name, group, kind }), out);
}

fn looks_like_address(text: &str) -> bool {
    let address = text.split_once('/').map_or(text, |(address, _)| address);
    address.contains(':') || (address.contains('.') && address.parse::<IpAddr>().is_ok())
}

fn set(lines: &mut VmacLines, node: &Node, own: Option<Own>, out: &mut Diagnostics) {
    let Some(own) = own else { return };
    let same = |it: &Own| {
        matches!(it.kind, OwnKind::Macvlan { .. }) == matches!(own.kind, OwnKind::Macvlan { .. })
    };
    if let Some(first) = lines.own.as_ref().filter(|it| !same(&it.value)) {
        let message = "`use_vmac` and `use_ipvlan` in one instance";
        out.add(code::CONFLICT, node.keyword().span, message).related(first.span, "the other one");
        return;
    }
    lines.own = Some(At::new(own, node.keyword().span));
}

/// What both have: a name and a group. `more` takes the words that only one of them knows.
fn own(
    node: &Node,
    mut more: impl FnMut(&Word, &mut Diagnostics) -> bool,
    out: &mut Diagnostics,
) -> Option<(Option<At<String>>, Option<u32>)> {
    let keyword = &node.keyword().text;
    let (mut name, mut group) = (None, None);
    let mut words = node.arguments().iter();
    while let Some(word) = words.next() {
        let known = ["name", "group"].contains(&word.text.as_str());
        let argument = if known { words.next() } else { None };
        if known && argument.is_none() {
            let message = format!("`{}` needs a value", word.text);
            out.add(code::MISSING_ARGUMENT, word.span, message);
            return None;
        }
        match (word.text.as_str(), argument) {
            ("group", Some(given)) if given.text == "default" => group = Some(0),
            ("group", Some(given)) => {
                let most = i64::from(u32::MAX);
                let number = value::int("group", given, 0, most, out)?;
                group = u32::try_from(number).ok();
            }
            ("name", Some(given)) => name = Some(address::interface(keyword, given, out)?),
            _ if more(word, out) => {}
            _ if name.is_none() => name = Some(address::interface(keyword, word, out)?),
            _ => {
                out.add(code::EXTRA_WORDS, word.span, format!("unexpected `{}`", word.text));
            }
        }
    }
    Some((name, group))
}

fn parse_mac(word: &Word, out: &mut Diagnostics) -> Option<WrittenMac> {
    let parts: Vec<&str> = word.text.split(':').collect();
    let byte = |part: &&str| u8::from_str_radix(part, 16).ok().filter(|_| part.len() <= 2);
    let bytes: Option<Vec<u8>> = parts.iter().map(byte).collect();
    let why = match bytes {
        Some(bytes) if matches!(bytes.len(), 5 | 6) => {
            let mut mac = [0; 6];
            mac[..bytes.len()].copy_from_slice(&bytes);
            let whole = bytes.len() == 6;
            if mac[0] & 1 != 0 {
                "a multicast address is nobody's own"
            } else if matches!(mac, [0, 0, 0x5e, 0, 1 | 2, _]) {
                "addresses of virtual routers are made of the VRID: leave it out"
            } else if mac == [0; 6] {
                "expected an address that is not all zero"
            } else {
                return Some(WrittenMac { bytes: mac, whole });
            }
        }
        _ => "expected 6 bytes as 02:00:00:12:34:56, or 5, which the VRID completes",
    };
    out.add(code::BAD_ARGUMENT, word.span, format!("`use_vmac`: bad address `{}`", word.text))
        .label(why);
    None
}

/// Names of interfaces that are in use.
#[derive(Debug, Default)]
pub struct Names(BTreeSet<String>);

impl Names {
    /// Those that the configuration gives.
    #[must_use]
    pub fn given(instances: &[VrrpInstance]) -> Self {
        let own = instances.iter().filter_map(|it| it.vmac.own.as_ref()?.value.name.as_ref());
        let interfaces = instances.iter().filter_map(|it| it.interface.as_ref());
        Self(own.chain(interfaces).map(|name| name.value.clone()).collect())
    }

    /// `vrrp.51`, and when that is taken another one with a number.
    fn make(&mut self, prefix: &str, vrid: u8, ipv6: bool) -> String {
        let first = core::iter::once(format!("{prefix}.{vrid}"));
        let second = ipv6.then(|| format!("{prefix}6.{vrid}"));
        let others = (1u32..).map(|n| format!("{prefix}{n}.{vrid}"));
        let mut all = first.chain(second).chain(others);
        let name = all.find(|name| !self.0.contains(name)).unwrap_or_default();
        self.0.insert(name.clone());
        name
    }
}

/// Gives an instance its virtual interfaces, and puts its addresses on them.
pub fn apply(
    written: &VrrpInstance,
    settings: &mut InstanceSettings,
    global: &GlobalDefs,
    names: &mut Names,
    out: &mut Diagnostics,
) {
    let lines = &written.vmac;
    settings.vmacs.for_addresses = lines.for_addresses;
    settings.vmacs.own = lines.own.as_ref().and_then(|own| {
        let prefix = global.vmac_prefix.as_ref().map_or(PREFIX, |it| &it.value);
        make_own(own, settings, prefix, names, out).map(Box::new)
    });
    if let Some(At { value: Own { kind: OwnKind::Ipvlan { address, .. }, .. }, span }) = &lines.own
    {
        ipvlan_address(address.as_ref(), *span, settings, out);
    }
    settings.vmacs.xmit_base = xmit_base(written, settings, global, out);
    let prefix = global.vmac_addr_prefix();
    let all = written.vips.iter().chain(&written.excluded);
    let lines: Vec<&AddressLine> = all.collect();
    let mut vips = core::mem::take(&mut settings.vips);
    let mut excluded = core::mem::take(&mut settings.excluded);
    for address in vips.iter_mut().chain(&mut excluded) {
        if let Some(line) = lines.iter().find(|line| line.ip.value == address.ip) {
            place(address, line, settings, prefix, names);
        }
    }
    settings.vips = vips;
    settings.excluded = excluded;
    for link in settings.virtual_links() {
        if link.name.len() > LONGEST_NAME {
            let message = format!("`{}` is too long a name for an interface", link.name);
            out.add(code::BAD_ARGUMENT, written.name.span, message)
                .label(format!("at most {LONGEST_NAME} bytes"))
                .help("shorten `vmac_prefix` or `vmac_addr_prefix`, or give `use_vmac` a name");
        }
    }
}

fn make_own(
    own: &At<Own>,
    settings: &InstanceSettings,
    prefix: &str,
    names: &mut Names,
    out: &mut Diagnostics,
) -> Option<VirtualLink> {
    let ipv6 = settings.is_ipv6();
    let Own { name, group, kind } = &own.value;
    if let Some(name) = name.as_ref().filter(|it| it.value == settings.interface) {
        out.add(code::CONFLICT, name.span, format!("`{}` is the interface itself", name.value))
            .help("a virtual interface needs a name of its own");
        return None;
    }
    let name = name.as_ref().map(|name| name.value.clone());
    let name = name.unwrap_or_else(|| names.make(prefix, settings.vrid, ipv6));
    let mut notify = false;
    let kind = match kind {
        OwnKind::Macvlan { mac, notify: wanted } => {
            notify = *wanted;
            let default = VirtualLink::virtual_mac(ipv6, settings.vrid);
            let mac = mac.map_or(default, |mut mac| {
                if !mac.whole {
                    mac.bytes[5] = settings.vrid;
                }
                mac.bytes
            });
            Kind::Macvlan { mac }
        }
        OwnKind::Ipvlan { flag, .. } => Kind::Ipvlan { flag: *flag },
    };
    let parent = settings.interface.clone();
    Some(VirtualLink { name, parent, kind, group: *group, ipv4: !ipv6, ipv6, notify })
}

fn ipvlan_address(
    given: Option<&(At<IpAddr>, u8)>,
    span: Span,
    settings: &mut InstanceSettings,
    out: &mut Diagnostics,
) {
    let ipv6 = settings.is_ipv6();
    let Some((ip, prefix_len)) = given else {
        if !ipv6 {
            out.add(code::INCOMPLETE, span, "`use_ipvlan` needs an address for its adverts")
                .help("add an IPv4 address of its own: `use_ipvlan IP/LEN`");
        }
        return;
    };
    if ip.value.is_ipv6() != ipv6 {
        out.add(code::CONFLICT, ip.span, "the address of `use_ipvlan` is of the other family");
        return;
    }
    settings.source.get_or_insert(ip.value);
    let own = settings.vmacs.own.as_ref();
    let address = own.map(|own| Address::plain(ip.value, *prefix_len, &own.name));
    settings.vmacs.address = address.map(Box::new);
}

fn xmit_base(
    written: &VrrpInstance,
    settings: &InstanceSettings,
    global: &GlobalDefs,
    out: &mut Diagnostics,
) -> bool {
    let given = written.vmac.xmit_base;
    let Some(own) = &written.vmac.own else {
        if let Some(span) = given {
            out.add(code::NO_EFFECT, span, "`vmac_xmit_base` has no effect without `use_vmac`");
        }
        return false;
    };
    let is_vmac = matches!(own.value.kind, OwnKind::Macvlan { .. });
    if is_vmac && matches!(settings.transport, Transport::Unicast { .. }) {
        if given.is_none() {
            out.add(code::ASSUMED, own.span, "`use_vmac` with `unicast_peer`")
                .label(format!("adverts use {} itself", settings.interface))
                .help("add `vmac_xmit_base`");
        }
        return true;
    }
    if let Some(span) = given.filter(|_| written.is_strict(global)) {
        out.add(code::NO_EFFECT, span, "`vmac_xmit_base` has no effect with `strict_mode`");
        return false;
    }
    given.is_some()
}

/// Puts one address where it belongs.
fn place(
    address: &mut Address,
    line: &AddressLine,
    settings: &mut InstanceSettings,
    prefix: &str,
    names: &mut Names,
) {
    let instance_ipv6 = settings.is_ipv6();
    let ipv6 = address.ip.is_ipv6();
    let vmacs = &mut settings.vmacs;
    let asked = line.use_vmac || vmacs.for_addresses;
    if let Some(own) = &mut vmacs.own {
        // An ipvlan is only where adverts come from.
        let default = line.dev.is_none() && own.is_macvlan();
        let here = default || (asked && address.dev == settings.interface);
        // As keepalived does, wherever they lie (reference §3.5).
        own.ipv6 |= ipv6;
        if here && (ipv6 == instance_ipv6 || !asked) {
            address.dev.clone_from(&own.name);
        }
        if address.dev == own.name {
            return;
        }
    }
    if !asked || address.dev == "lo" {
        return;
    }
    let parent = address.dev.clone();
    let same = |it: &&VirtualLink| it.parent == parent && it.ipv6 == ipv6;
    let name = vmacs.others.iter().find(same).map(|it| it.name.clone()).unwrap_or_else(|| {
        let name = names.make(prefix, settings.vrid, ipv6);
        vmacs.others.push(VirtualLink {
            name: name.clone(),
            parent: parent.clone(),
            kind: Kind::Macvlan { mac: VirtualLink::virtual_mac(ipv6, settings.vrid) },
            group: None,
            ipv4: !ipv6,
            ipv6,
            notify: false,
        });
        name
    });
    address.dev = name;
}

/// Two instances can't have the same virtual interface.
pub fn clash(
    instance: &VrrpInstance,
    settings: &InstanceSettings,
    earlier: &InstanceSettings,
    out: &mut Diagnostics,
) {
    let mut pairs = settings
        .virtual_links()
        .flat_map(|link| earlier.virtual_links().map(move |other| (link, other)));
    let same = |(a, b): &(&VirtualLink, &VirtualLink)| {
        a.name == b.name || (a.is_macvlan() && a.parent == b.parent && a.kind == b.kind)
    };
    let Some((link, other)) = pairs.find(same) else { return };
    let span = instance.vmac.own.as_ref().map_or(instance.name.span, |own| own.span);
    let what = if link.name == other.name { "name" } else { "Ethernet address" };
    out.add(
        code::DUPLICATE,
        span,
        format!(
            "vrrp_instance `{}` has a virtual interface of the same {what} as `{}`",
            settings.name, earlier.name
        ),
    )
    .label(link.name.clone());
}

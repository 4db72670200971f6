//! One file per block: what it accepts, what it becomes, what is wrong with it. Here: the file itself.

pub mod address;
pub mod auth_hmac;
pub mod authentication;
pub mod bfd_check;
pub mod bfd_instance;
pub mod buffers;
pub mod checker;
pub mod dns_check;
pub mod encap;
pub mod family;
pub mod file_check;
pub mod garp_extra;
pub mod garp_group;
pub mod global_defs;
pub mod http_get;
pub mod ip_words;
pub mod iptables;
pub mod ipvs;
pub mod link_lists;
pub mod mail;
pub mod misc_check;
pub mod namespace;
pub mod ping_check;
pub mod process;
pub mod real_server;
pub mod route;
pub mod rule;
pub mod service;
pub mod smtp_check;
pub mod ssl;
pub mod ssl_get;
pub mod strict_mode;
pub mod sync_daemon;
pub mod tcp_check;
pub mod track;
pub mod track_file;
pub mod track_group;
pub mod udp_check;
pub mod understudy;
pub mod url;
pub mod virtual_server;
pub mod virtual_server_group;
pub mod vmac;
pub mod vrrp_instance;
pub mod vrrp_script;
pub mod vrrp_sync_group;
pub mod vrrp_track_process;
pub mod wire;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::diagnostic::{At, Diagnostics, code};
use super::keyword::Reload::Restart;
use super::keyword::Repeated::{Add, First, Last};
use super::keyword::{Argument, Keyword, Listed, Reload, Table, extra, kw, old};
use super::tree::Node;
use crate::node::namespaces::Namespaces;
use address::AddressLine;
use bfd_instance::BfdInstance;
use garp_group::GarpGroup;
use global_defs::GlobalDefs;
use link_lists::{BeatLine, DelayLine};
use track_file::TrackFile;
use track_group::TrackGroup;
use virtual_server::VirtualServer;
use virtual_server_group::VirtualServerGroup;
use vrrp_instance::VrrpInstance;
use vrrp_script::VrrpScript;
use vrrp_sync_group::VrrpSyncGroup;
use vrrp_track_process::VrrpTrackProcess;

/// Everything as written, before names are resolved and defaults filled in.
#[derive(Debug, Default)]
pub struct Configuration {
    /// `global_defs`, all of them together.
    pub global: GlobalDefs,
    /// `net_namespace`, `net_namespace_ipvs`.
    pub namespaces: Namespaces,
    /// `static_ipaddress`.
    pub static_addresses: Vec<AddressLine>,
    /// `static_routes`.
    pub static_routes: Vec<ip_words::Line>,
    /// `static_rules`.
    pub static_rules: Vec<ip_words::Line>,
    /// `track_group`.
    pub track_groups: Vec<TrackGroup>,
    /// `vrrp_instance`.
    pub instances: Vec<VrrpInstance>,
    /// `vrrp_sync_group`.
    pub sync_groups: Vec<VrrpSyncGroup>,
    /// `vrrp_script`.
    pub scripts: Vec<VrrpScript>,
    /// `track_file`.
    pub track_files: Vec<TrackFile>,
    /// `garp_group`.
    pub garp_groups: Vec<GarpGroup>,
    /// `interface_up_down_delays`.
    pub link_delays: Vec<DelayLine>,
    /// `linkbeat_interfaces`.
    pub link_beats: Vec<BeatLine>,
    /// `linkbeat_use_polling`.
    pub polls_links: bool,
    /// `vrrp_track_process`.
    pub track_processes: Vec<VrrpTrackProcess>,
    /// `bfd_instance`.
    pub bfd_instances: Vec<BfdInstance>,
    /// `virtual_server`.
    pub virtual_servers: Vec<VirtualServer>,
    /// `virtual_server_group`.
    pub virtual_server_groups: Vec<VirtualServerGroup>,
}

/// Keywords whose arguments are never shown, working or not.
pub const SECRETS: &[&str] = &["auth_pass", "key", "password"];

/// The top level.
pub const TABLE: Table<Configuration> =
    Table { block: "top", keywords: &[KEYWORDS, process::TOP, namespace::TOP, OWN] };

#[rustfmt::skip] // one row a line
const KEYWORDS: &[Keyword<Configuration>] = &[
    kw("linkbeat_use_polling", Reload::Live, Last, Argument::Flag(|c, _| c.polls_links = true)),
    block("global_defs", |c, node, out| {
        global_defs::TABLE.apply("global_defs", &mut c.global, lines(node), out);
    }),
    block("track_group", |c, node, out| {
        add(&mut c.track_groups, track_group::parse(node, out), |g| &g.name, "track group", out);
    }),
    block("static_ipaddress", |c, node, out| {
        c.static_addresses.extend(lines(node).iter().filter_map(|n| address::parse(n, out)));
    }),
    block("static_routes", |c, node, out| ip_words::parse(&mut c.static_routes, "route", node, out)),
    block("static_rules", |c, node, out| ip_words::parse(&mut c.static_rules, "rule", node, out)),
    block("vrrp_sync_group", |c, node, out| {
        add(&mut c.sync_groups, vrrp_sync_group::parse(node, out), |g| &g.name, "sync group", out);
    }),
    block("garp_group", |c, node, out| c.garp_groups.push(garp_group::parse(node, out))),
    block("linkbeat_interfaces", |c, node, out| link_lists::beats(&mut c.link_beats, node, out)),
    block("vrrp_instance", |c, node, out| {
        add(&mut c.instances, vrrp_instance::parse(node, out), |i| &i.name, "instance", out);
    }),
    block("vrrp_script", |c, node, out| {
        add(&mut c.scripts, vrrp_script::parse(node, out), |s| &s.name, "script", out);
    }),
    block("vrrp_track_process", |c, node, out| {
        let process = vrrp_track_process::parse(node, out);
        add(&mut c.track_processes, process, |p| &p.name, "track process", out);
    }),
    block("interface_up_down_delays", |c, node, out| {
        link_lists::delays(&mut c.link_delays, node, out);
    }),
    block("SSL", |_, node, out| ssl::TABLE.apply("SSL", &mut (), lines(node), out)),
    block("virtual_server_group", |c, node, out| {
        let group = virtual_server_group::parse(node, out);
        add(&mut c.virtual_server_groups, group, |g| &g.name, "virtual server group", out);
    }),
    block("virtual_server", |c, node, out| {
        c.virtual_servers.extend(virtual_server::parse(node, out));
    }),
    block("bfd_instance", |c, node, out| {
        add(&mut c.bfd_instances, bfd_instance::parse(node, out), |b| &b.name, "BFD session", out);
    }),
    block("track_file", track_file),
    old(block("vrrp_track_file", track_file), "track_file"),
];

/// What keepalived does not have; not among the listed keywords.
const OWN: &[Keyword<Configuration>] = &[kw(
    "understudy",
    Restart,
    First,
    Argument::Block(|_, node, out| {
        understudy::TABLE.apply("understudy", &mut (), lines(node), out)
    }),
)];

const fn block(
    name: &'static str,
    parse: fn(&mut Configuration, &Node, &mut Diagnostics),
) -> Keyword<Configuration> {
    kw(name, Reload::Live, Add, Argument::Block(parse))
}

fn track_file(c: &mut Configuration, node: &Node, out: &mut Diagnostics) {
    add(&mut c.track_files, track_file::parse(node, out), |f| &f.name, "track file", out);
}

/// The lines of a node's block.
#[must_use]
pub fn lines(node: &Node) -> &[Node] {
    node.block.as_ref().map_or(&[], |block| &block.nodes)
}

/// The words of a block that is a list of words, on whatever lines.
pub fn list_of_words(node: &Node, out: &mut Diagnostics) -> Vec<At<String>> {
    let mut words = Vec::new();
    extra(node, 1, out);
    for line in lines(node).iter().filter(|line| !line.is_stray_close()) {
        if let Some(inner) = &line.block {
            out.add(code::UNEXPECTED_OPEN, inner.open, "a list of names has no block in it");
        }
        words.extend(line.words.iter().map(|w| At::new(w.text.clone(), w.span)));
    }
    words
}

/// The one name that follows a block's keyword.
pub fn name(node: &Node, out: &mut Diagnostics) -> Option<At<String>> {
    let keyword = node.keyword();
    let Some(word) = node.arguments().first() else {
        let message = format!("`{}` needs a name", keyword.text);
        out.add(code::MISSING_ARGUMENT, keyword.span, message);
        return None;
    };
    if let Some(second) = node.arguments().get(1) {
        let words: Vec<&str> = node.arguments().iter().map(|w| w.text.trim_matches('_')).collect();
        out.add(code::BAD_ARGUMENT, second.span, format!("`{}` takes one name", keyword.text))
            .label("a second word")
            .help(format!("a name has no blanks: did you mean `{}`?", words.join("_")));
    }
    Some(At::new(word.text.clone(), word.span))
}

/// Adds an object unless there is one of its name.
fn add<O>(
    objects: &mut Vec<O>,
    object: Option<O>,
    name: fn(&O) -> &At<String>,
    what: &str,
    out: &mut Diagnostics,
) {
    let Some(object) = object else { return };
    let own = name(&object);
    if let Some(first) = objects.iter().map(name).find(|n| n.value == own.value) {
        out.add(code::DUPLICATE, own.span, format!("{what} `{}` is defined twice", own.value))
            .related(first.span, "defined here first");
        return;
    }
    objects.push(object);
}

/// All keywords of all blocks, in the order of keepalived's own tables.
#[must_use]
pub fn keywords() -> Vec<Listed> {
    let mut all = Vec::new();
    all.extend(KEYWORDS.iter().chain(process::TOP).chain(namespace::TOP).map(|k| k.listed("top")));
    all.extend(global_defs::TABLE.list());
    all.extend(track_group::TABLE.list());
    all.extend(vrrp_sync_group::TABLE.list());
    all.extend(garp_group::TABLE.list());
    all.extend(vrrp_instance::TABLE.list());
    all.extend(authentication::TABLE.list());
    all.extend(auth_hmac::TABLE.list());
    all.extend(vrrp_script::TABLE.list());
    all.extend(vrrp_track_process::TABLE.list());
    all.extend(track_file::TABLE.list());
    all.extend(track_file::DEPRECATED.list());
    all.extend(bfd_instance::TABLE.list());
    all.extend(ssl::TABLE.list());
    all.extend(virtual_server::TABLE.list());
    all.extend(real_server::TABLE.list());
    all.extend(misc_check::TABLE.list());
    all.extend(smtp_check::TABLE.list());
    all.extend(smtp_check::HOST.list());
    all.extend(tcp_check::TABLE.list());
    all.extend(ping_check::TABLE.list());
    all.extend(udp_check::TABLE.list());
    all.extend(http_get::TABLE.list());
    all.extend(url::TABLE.list());
    all.extend(ssl_get::TABLE.list());
    all.extend(ssl_get::URL.list());
    all.extend(dns_check::TABLE.list());
    all.extend(file_check::TABLE.list());
    all.extend(bfd_check::TABLE.list());
    all
}

/// A number whose range was checked.
fn to_u32(number: At<i64>) -> u32 {
    u32::try_from(number.value).unwrap_or(u32::MAX)
}

/// A number whose range was checked.
fn to_u8(number: At<i64>) -> u8 {
    u8::try_from(number.value).unwrap_or(u8::MAX)
}

/// A number whose range was checked.
fn to_u16(number: At<i64>) -> u16 {
    u16::try_from(number.value).unwrap_or(u16::MAX)
}

/// The one address that follows a keyword.
fn ip(node: &Node, out: &mut Diagnostics) -> Option<At<core::net::IpAddr>> {
    let keyword = node.keyword();
    let Some(word) = node.arguments().first() else {
        let message = format!("`{}` needs an address", keyword.text);
        out.add(code::MISSING_ARGUMENT, keyword.span, message);
        return None;
    };
    extra(node, 2, out);
    super::value::ip(&keyword.text, word, out)
}

//! `lvs_sync_daemon` in `global_defs`, and `lvs_sync_daemon_interface` in `vrrp_instance` (reference §2.2, §2.7).

use alloc::format;
use alloc::string::String;
use core::net::IpAddr;

use super::address::interface;
use super::to_u8;
use super::vrrp_instance::VrrpInstance;
use crate::config::diagnostic::{At, Diagnostics, Span, closest, code};
use crate::config::lexer::Word;
use crate::config::tree::Node;
use crate::config::value;
use crate::ipvs::sync::{Options, SyncDaemon};

/// UDP over IPv4 carries no more.
const LONGEST: i64 = 65_507;

/// The line as written.
#[derive(Clone, Debug)]
pub struct SyncDaemonLine {
    span: Span,
    interface: String,
    instance: Option<At<String>>,
    id: Option<u8>,
    max_len: Option<u16>,
    port: Option<u16>,
    ttl: Option<u8>,
    group: Option<IpAddr>,
}

/// `IF [inst NAME] [id N] [maxlen N] [port N] [ttl N] [group IP]`, or `IF NAME [N]`.
pub fn parse(node: &Node, out: &mut Diagnostics) -> Option<SyncDaemonLine> {
    let keyword = node.keyword();
    let mut words = node.arguments().iter();
    let Some(first) = words.next() else {
        let message = format!("`{}` needs an interface", keyword.text);
        out.add(code::MISSING_ARGUMENT, keyword.span, message);
        return None;
    };
    let mut line = line(interface(&keyword.text, first, out)?);
    let mut old = true;
    while let Some(word) = words.next() {
        let name = word.text.as_str();
        if !matches!(name, "inst" | "id" | "maxlen" | "port" | "ttl" | "group") {
            if !old || !positional(&mut line, word, out) {
                unexpected(word, out);
                return None;
            }
            continue;
        }
        old = false;
        let Some(argument) = words.next() else {
            let message = format!("`{name}` needs an argument");
            out.add(code::MISSING_ARGUMENT, word.span, message);
            return None;
        };
        let int = |low, high, out: &mut Diagnostics| value::int(name, argument, low, high, out);
        let short = |number: i64| u16::try_from(number).ok();
        match name {
            "inst" => line.instance = Some(At::new(argument.text.clone(), argument.span)),
            "id" => line.id = Some(to_u8(At::new(int(0, 255, out)?, argument.span))),
            "maxlen" => line.max_len = short(int(1, LONGEST, out)?),
            "port" => line.port = short(int(1, 65_535, out)?),
            "ttl" => line.ttl = Some(to_u8(At::new(int(1, 255, out)?, argument.span))),
            _ => {
                let group = value::ip(name, argument, out)?;
                if !group.value.is_multicast() {
                    let message = format!("`group`: {} is no multicast address", group.value);
                    out.add(code::BAD_ARGUMENT, argument.span, message);
                    return None;
                }
                line.group = Some(group.value);
            }
        }
    }
    Some(line)
}

/// The old form: an instance, then an identifier.
fn positional(line: &mut SyncDaemonLine, word: &Word, out: &mut Diagnostics) -> bool {
    match (&line.instance, line.id) {
        (None, None) => line.instance = Some(At::new(word.text.clone(), word.span)),
        (Some(_), None) => {
            let Some(id) = value::int("id", word, 0, 255, out) else { return false };
            out.add(code::DEPRECATED, word.span, "an identifier without `id` is an old form")
                .help(format!("write `id {id}`"));
            line.id = Some(to_u8(At::new(id, word.span)));
        }
        _ => return false,
    }
    true
}

fn unexpected(word: &Word, out: &mut Diagnostics) {
    out.add(code::BAD_ARGUMENT, word.span, format!("unexpected `{}`", word.text))
        .label("expected inst, id, maxlen, port, ttl, group or the end of the line");
}

fn line(interface: At<String>) -> SyncDaemonLine {
    SyncDaemonLine {
        span: interface.span,
        interface: interface.value,
        instance: None,
        id: None,
        max_len: None,
        port: None,
        ttl: None,
        group: None,
    }
}

/// The one daemon of a host: the global line, or the first instance's.
pub fn settings(
    global: Option<&SyncDaemonLine>,
    instances: &[VrrpInstance],
    out: &mut Diagnostics,
) -> Option<SyncDaemon> {
    let mut found = global.cloned();
    for instance in instances {
        let Some(interface) = &instance.sync_interface else { continue };
        if let Some(first) = &found {
            out.add(code::REPEATED, interface.span, "the sync daemon is given twice")
                .label("the first one counts")
                .related(first.span, "given here first");
            continue;
        }
        out.add(code::DEPRECATED, interface.span, "`lvs_sync_daemon_interface` is an old name")
            .help(format!(
                "write `lvs_sync_daemon {} inst {}` in `global_defs`",
                interface.value, instance.name.value
            ));
        found = Some(SyncDaemonLine {
            instance: Some(instance.name.clone()),
            ..line(interface.clone())
        });
    }
    let line = found?;
    let mut vrid = 0;
    if let Some(name) = &line.instance {
        let Some(instance) = instances.iter().find(|i| i.name.value == name.value) else {
            let names = instances.iter().map(|i| i.name.value.as_str());
            let message = format!("there is no vrrp_instance `{}`", name.value);
            let meant = closest(&name.value, names);
            out.add(code::UNKNOWN_NAME, name.span, message).did_you_mean(meant);
            return None;
        };
        vrid = instance.vrid.as_ref().map_or(0, |vrid| vrid.value);
    }
    Some(SyncDaemon {
        instance: line.instance.map(|name| name.value),
        options: Options {
            interface: line.interface,
            id: line.id.unwrap_or(vrid),
            max_len: line.max_len,
            port: line.port,
            ttl: line.ttl,
            group: line.group,
        },
    })
}

//! Lists of interfaces at the top level: `linkbeat_interfaces` and `interface_up_down_delays` (reference §2.6).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::address::interface;
use super::{lines, vrrp_instance::VrrpInstance};
use crate::config::diagnostic::{At, Diagnostics, code};
use crate::config::keyword::extra;
use crate::config::tree::Node;
use crate::config::value;
use crate::track::settings::{LinkBeat, LinkDelays, Method};
use crate::vrrp::settings::InstanceSettings;

/// An interface with its delays, as written.
pub type DelayLine = (At<String>, LinkDelays);
/// An interface that is asked for its link, as written.
pub type BeatLine = (At<String>, Option<Method>);

/// Microseconds that a delay may have.
const LONGEST: u64 = 255_000_000;

/// `IF DOWN [UP]` on each line.
pub fn delays(list: &mut Vec<DelayLine>, node: &Node, out: &mut Diagnostics) {
    let keyword = &node.keyword().text;
    for line in lines(node).iter().filter(|line| !line.is_stray_close()) {
        let Some(name) = interface(keyword, line.keyword(), out) else { continue };
        let [down, rest @ ..] = line.arguments() else {
            let message = format!("`{keyword}`: `{}` has no delay", name.value);
            out.add(code::MISSING_ARGUMENT, name.span, message)
                .label("expected `IF DOWN [UP]`, in seconds from 0 to 255");
            continue;
        };
        let Some(down) = value::time(keyword, down, 0, LONGEST, out) else { continue };
        let up = match rest.first() {
            Some(up) => value::time(keyword, up, 0, LONGEST, out),
            None => Some(Duration::ZERO),
        };
        extra(line, 3, out);
        let Some(up) = up else { continue };
        push(list, name, LinkDelays { down, up }, out);
    }
}

/// `IF [MII|ETHTOOL|IOCTL]` on each line.
pub fn beats(list: &mut Vec<BeatLine>, node: &Node, out: &mut Diagnostics) {
    for line in lines(node).iter().filter(|line| !line.is_stray_close()) {
        let Some(name) = interface(&node.keyword().text, line.keyword(), out) else { continue };
        let method = match line.arguments().first().map(|word| (word.text.as_str(), word.span)) {
            None => None,
            Some(("MII", _)) => Some(Method::Mii),
            Some(("ETHTOOL", _)) => Some(Method::Ethtool),
            Some(("IOCTL", _)) => Some(Method::Ioctl),
            Some((other, span)) => {
                out.add(code::BAD_ARGUMENT, span, format!("unexpected `{other}`"))
                    .label("expected MII, ETHTOOL, IOCTL or the end of the line");
                continue;
            }
        };
        extra(line, 2, out);
        push(list, name, method, out);
    }
}

fn push<V>(list: &mut Vec<(At<String>, V)>, name: At<String>, value: V, out: &mut Diagnostics) {
    if let Some((first, _)) = list.iter().find(|(it, _)| it.value == name.value) {
        out.add(code::REPEATED, name.span, format!("`{}` is given twice", name.value))
            .label("ignored")
            .related(first.span, "given here first");
        return;
    }
    list.push((name, value));
}

/// The final delays: none may be so long that a peer takes over meanwhile.
pub fn delay_settings(
    lines: &[DelayLine],
    instances: &[InstanceSettings],
    out: &mut Diagnostics,
) -> Vec<(String, LinkDelays)> {
    let settings = lines.iter().map(|(name, delays)| {
        let mut delays = *delays;
        for instance in instances.iter().filter(|it| it.interface == name.value) {
            let interval = instance.advert_interval;
            let adverts = u32::from(instance.down_timer_adverts) - 1;
            let longest = (interval * adverts).saturating_sub(interval / 256);
            if delays.down.max(delays.up) > longest {
                let micros = u64::try_from(longest.as_micros()).unwrap_or(u64::MAX);
                let message =
                    format!("`{}`: the peers of {} take over before", name.value, instance.name);
                out.add(code::ADJUSTED, name.span, message)
                    .label(format!("taken as {} s at most", value::seconds(micros)));
                // Whole microseconds, as it is shown.
                let longest = Duration::from_micros(micros);
                delays.down = delays.down.min(longest);
                delays.up = delays.up.min(longest);
            }
        }
        (name.value.clone(), delays)
    });
    settings.collect()
}

/// Everything that is asked: what is listed, and what `linkbeat_use_polling` adds.
pub fn beat_settings(
    lines: &[BeatLine],
    all: bool,
    written: &[VrrpInstance],
    instances: &[InstanceSettings],
) -> Vec<LinkBeat> {
    let mut settings: Vec<LinkBeat> = Vec::new();
    let mut add = |interface: &String, method| {
        if !settings.iter().any(|it| it.interface == *interface) {
            settings.push(LinkBeat { interface: interface.clone(), method });
        }
    };
    for (name, method) in lines {
        add(&name.value, *method);
    }
    for instance in instances {
        let asked = |it: &&VrrpInstance| it.name.value == instance.name && it.polls_link;
        if all || written.iter().any(|it| asked(&it)) {
            add(&instance.interface, None);
        }
        if all {
            instance.tracks.interfaces.iter().for_each(|track| add(&track.name, None));
        }
    }
    settings
}

//! The VRRP worker's dumps.

mod bfd;
mod data;
mod json;
mod routing;
mod stats;

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use understudy_core::net::address::{Address, Broadcast};
use understudy_core::node::settings::ProcessSettings;
use understudy_core::node::vrrp::{Slot, VrrpNode};
use understudy_core::time::Time;
use understudy_core::vrrp::instance::State;

use super::VrrpWorker;
use crate::daemon::dump::{Page, What, global};
use crate::sys::clock;

/// What a dump says; `None`: there is nothing to write.
pub fn dump(
    worker: &mut VrrpWorker,
    what: What,
    process: &ProcessSettings,
    now: Time,
) -> Option<String> {
    let dates = Dates { now, realtime: clock::realtime() };
    match what {
        What::Data => {
            let mut page = Page::default();
            global(&mut page, process);
            data::write(&mut page, worker, process, &dates);
            Some(page.text)
        }
        What::Stats => Some(stats::text(&worker.node)),
        What::StatsClear => {
            let text = stats::text(&worker.node);
            worker.node.clear_counters();
            Some(text)
        }
        What::Json => json::text(&worker.node, process.engine.json_version, &dates),
    }
}

/// Turns the engine's time into the calendar's.
struct Dates {
    now: Time,
    realtime: Duration,
}

impl Dates {
    fn of(&self, time: Time) -> Duration {
        if time <= self.now {
            self.realtime.saturating_sub(self.now.since(time))
        } else {
            self.realtime + time.since(self.now)
        }
    }

    /// `1796129599.476852 (Tue Dec  1 12:53:19.476852 2026)`
    fn text(&self, time: Time) -> String {
        let at = self.of(time);
        let micros = at.subsec_micros();
        let (year, month, day, hour, minute, second) = clock::local(at);
        let name = |names: &'static str, number: i64| {
            let at = usize::try_from(number).unwrap_or(0) * 3;
            names.get(at..at + 3).unwrap_or("???")
        };
        let months = "JanFebMarAprMayJunJulAugSepOctNovDec";
        let weekday = weekday(i64::from(year), i64::from(month), i64::from(day));
        format!(
            "{}.{micros:06} ({} {} {day:2} {hour:02}:{minute:02}:{second:02}.{micros:06} {year})",
            at.as_secs(),
            name("SunMonTueWedThuFriSat", weekday),
            name(months, i64::from(month) - 1),
        )
    }
}

/// 0 is Sunday (Sakamoto's method).
fn weekday(year: i64, month: i64, day: i64) -> i64 {
    const SHIFT: [i64; 12] = [0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4];
    let year = if month < 3 { year - 1 } else { year };
    let shift = usize::try_from(month - 1).ok().and_then(|m| SHIFT.get(m)).unwrap_or(&0);
    (year + year / 4 - year / 100 + year / 400 + shift + day).rem_euclid(7)
}

/// Those that the configuration has.
fn living(node: &VrrpNode) -> impl Iterator<Item = &Slot> {
    node.slots().iter().filter(|slot| !slot.retired)
}

/// What it would be if nothing was in the way.
fn wanted(slot: &Slot) -> State {
    match slot.instance.state() {
        State::Master => State::Master,
        State::Fault | State::Init if slot.settings.wants_master => State::Master,
        _ => State::Backup,
    }
}

/// `192.0.2.77/24 brd 192.0.2.255 dev v0 scope global label v0:1 set`
fn address(address: &Address, held: bool) -> String {
    let whole = if address.ip.is_ipv4() { 32 } else { 128 };
    let mut line = address.ip.to_string();
    if address.prefix_len != whole && address.peer.is_none() {
        line += &format!("/{}", address.prefix_len);
    }
    if let (IpAddr::V4(ip), Some(broadcast)) = (address.ip, address.broadcast) {
        let host = u32::MAX.checked_shr(address.prefix_len.into()).unwrap_or(0);
        let brd = match broadcast {
            Broadcast::Address(brd) => brd,
            Broadcast::Ones => Ipv4Addr::from(u32::from(ip) | host),
            Broadcast::Zeros => Ipv4Addr::from(u32::from(ip) & !host),
        };
        line += &format!(" brd {brd}");
    }
    line += &format!(" dev {} scope {}", address.dev, scope(address.scope));
    if let Some(label) = &address.label {
        line += &format!(" label {label}");
    }
    if let Some(peer) = address.peer {
        line += &format!(" peer {peer}/{}", address.prefix_len);
    }
    match address.preferred_lft {
        Some(seconds) => line += &format!(" preferred_lft {seconds}"),
        None if address.ip.is_ipv6() => line += " preferred_lft forever",
        None => {}
    }
    if held {
        line += " set";
    }
    line
}

/// /etc/iproute2/rt_scopes, those that everybody has.
fn scope(number: u8) -> String {
    match number {
        0 => "global".to_owned(),
        200 => "site".to_owned(),
        253 => "link".to_owned(),
        254 => "host".to_owned(),
        255 => "nowhere".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;

//! BFD sessions: who tracks them, and what keepalived has in `keepalived_bfd.data` (there is no process for it here).

use std::time::Duration;

use understudy_core::bfd::packet::{Diagnostic, State};
use understudy_core::bfd::session::Session;
use understudy_core::node::vrrp::VrrpNode;

use super::Dates;
use super::data::users;
use crate::daemon::dump::{Page, word};
use crate::daemon::vrrp_worker::VrrpWorker;

/// With a capital, as in flags of sessions.
const YES: [&str; 2] = ["Yes", "No"];

/// Those that instances may track.
pub fn tracked(page: &mut Page, worker: &VrrpWorker) {
    let all = || worker.node.bfd_sessions().filter(|session| session.settings().vrrp);
    if all().next().is_some() {
        page.section("VRRP Track BFDs");
    }
    for session in all() {
        let name = &session.settings().name;
        page.object("VRRP Track BFD", name);
        page.line(3, &format!("Bfd is {}", if session.is_well() { "up" } else { "down" }));
        users(page, worker, |tracks| &tracks.bfds, name);
    }
}

/// All sessions.
pub fn topology(page: &mut Page, node: &VrrpNode, dates: &Dates) {
    if node.bfd_sessions().next().is_some() {
        page.section("BFD Topology");
    }
    node.bfd_sessions().for_each(|session| self::session(page, session, dates));
}

fn session(page: &mut Page, session: &Session, dates: &Dates) {
    let (settings, remote) = (session.settings(), session.remote());
    let us = |time: Duration| format!("{} us", time.as_micros());
    page.object("BFD Instance", &settings.name);
    page.field("Neighbor IP", settings.neighbour);
    if let Some(source) = settings.source {
        page.field("Source IP", source);
    }
    page.field("Required min RX interval", us(settings.min_rx));
    page.field("Desired min TX interval", us(settings.min_tx));
    page.field("Desired idle TX interval", us(settings.idle_tx));
    page.field("Detection multiplier", settings.multiplier);
    page.field("TTL", settings.ttl);
    if let Some(hops) = settings.max_hops {
        page.field("max_hops", hops);
    }
    page.field("passive", settings.passive);
    page.field("send event to VRRP process", word(settings.vrrp, YES));
    page.field("send event to checker process", word(settings.checker, YES));
    page.field("local state", state(session.state()));
    page.field("remote state", state(remote.state));
    page.field("local discriminator", format!("0x{:x}", session.discriminator()));
    page.field("remote discriminator", format!("0x{:x}", remote.discriminator));
    page.field("local diag", diagnostic(session.diagnostic()));
    page.field("remote min tx intv", us(remote.min_tx));
    page.field("remote min rx intv", us(remote.min_rx));
    page.field("remote demand", u8::from(remote.demand));
    page.field("remote detect multiplier", remote.multiplier);
    page.field("local tx intv", us(session.transmit_interval().unwrap_or_default()));
    page.field("local detection time", us(session.detection_time()));
    let heard = session.heard().map_or_else(|| "[never]".to_owned(), |at| dates.text(at));
    page.field("last_seen", heard);
}

const fn state(state: State) -> &'static str {
    match state {
        State::AdminDown => "AdminDown",
        State::Down => "Down",
        State::Init => "Init",
        State::Up => "Up",
    }
}

/// Each word with a capital.
fn diagnostic(it: Diagnostic) -> String {
    let text = it.to_string();
    let words = text.split(' ').map(|word| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_uppercase() + rest
    });
    words.collect::<Vec<String>>().join(" ")
}

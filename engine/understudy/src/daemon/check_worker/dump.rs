//! The check worker's part of what SIGUSR1 asks for.

use understudy_core::node::check::{ServerStatus, VirtualServerStatus};
use understudy_core::node::settings::ProcessSettings;

use crate::daemon::dump::{Page, YES, global, word};

/// `keepalived_check.data`
pub fn data(virtual_servers: &[VirtualServerStatus], process: &ProcessSettings) -> String {
    let mut page = Page::default();
    global(&mut page, process);
    page.section("LVS Topology");
    virtual_servers.iter().for_each(|it| virtual_server(&mut page, it));
    page.section("Health checkers");
    for it in virtual_servers {
        it.servers.iter().for_each(|server| checks(&mut page, &it.name, server));
    }
    page.text
}

fn virtual_server(page: &mut Page, it: &VirtualServerStatus) {
    page.line(1, "------< Virtual server >------");
    page.field("Virtual server", &it.name);
    page.field("lvs_sched", &it.scheduler);
    page.field("quorum", it.quorum.need);
    page.field("Quorum up", word(it.quorum.up, YES));
    page.field("Weight of living servers", it.quorum.have);
    page.field("Sorry server in use", word(it.sorry_active, YES));
    for server in &it.servers {
        page.line(3, "------< Real server >------");
        let mut field = |key: &str, value: String| page.line(5, &format!("{key} = {value}"));
        field("RIP", server.address.clone());
        field("RPORT", server.port.to_string());
        field("weight", server.weight.to_string());
        field("Alive", word(server.up, YES).to_owned());
        field("Drained", word(server.drained, YES).to_owned());
    }
}

fn checks(page: &mut Page, virtual_server: &str, server: &ServerStatus) {
    for check in &server.checks {
        page.object("Checker", &check.kind);
        page.field("Virtual server", virtual_server);
        page.field("Real server", format!("[{}]:{}", server.address, server.port));
        let up = check.up.map_or("unknown", |up| word(up, ["up", "down"]));
        page.field("Status", up);
        if let Some(error) = &check.last_error {
            page.field("Last error", error);
        }
    }
}

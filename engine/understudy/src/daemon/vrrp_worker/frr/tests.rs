//! Virtual routers shared with FRR's vrrpd, which holds its addresses on macvlan devices that it brings up and down.

use serde_json::Value;

use super::super::net::{Net, run, unable};
use super::super::tests::{VIP, conf_of, soon};
use super::{Frr, no_frr};

/// One protocol, in both programs' words.
struct Shared {
    /// As in `vrrp_instance`.
    ours: &'static str,
    /// As behind `vrrp 51`.
    theirs: [&'static str; 2],
}

const VERSION_2: Shared = Shared {
    ours: "version 2\n advert_int 1",
    theirs: ["version 2", "advertisement-interval 1000"],
};
const VERSION_3: Shared = Shared {
    ours: "version 3\n advert_int 0.5",
    theirs: ["version 3", "advertisement-interval 500"],
};

impl Shared {
    fn frr(&self, priority: u8) -> String {
        let [version, interval] = self.theirs;
        let lines = [version, interval, &format!("priority {priority}"), &format!("ip {VIP}")]
            .map(|line| format!(" vrrp 51 {line}\n"));
        format!("interface v0\n{}!\n", lines.concat())
    }

    /// Each takes over from the other, for each reason that there is.
    fn moves_both_ways(&self) {
        if unable(false) || no_frr("vrrpd") {
            return;
        }
        let net = Net::new(2);
        let of_host = net.host(2);
        run(&format!("ip -n {of_host} link add vrrp4 link v0 type macvlan mode bridge"));
        run(&format!("ip -n {of_host} link set vrrp4 address 00:00:5e:00:01:33 up"));
        run(&format!("ip -n {of_host} address add {VIP}/24 dev vrrp4"));
        let _zebra = Frr::start(&net, 2, "zebra", "");
        let frr = Frr::start(&net, 2, "vrrpd", &self.frr(150));
        soon(|| router(&frr)["status"] == "Master");
        let mut engine = net.engine(1, &conf_of(self.ours, 100, ""));
        soon(|| engine.status()["instances"][0]["counters"]["advert_rcvd"].as_u64() >= Some(3));
        let counters = engine.status()["instances"][0]["counters"].clone();
        for (name, count) in counters.as_object().unwrap() {
            assert!(name == "advert_rcvd" || count == 0, "{counters}");
        }
        assert_eq!(engine.state(), "BACKUP");

        // It is killed, and comes back.
        frr.kill();
        let why = engine.until("BACKUP -> MASTER");
        assert!(why.starts_with("10.77.0.2 silent for "), "{why}");
        soon(|| net.has(1, VIP));
        let frr = Frr::start(&net, 2, "vrrpd", &self.frr(150));
        let why = engine.until("MASTER -> BACKUP");
        assert_eq!(why, "10.77.0.2 is master with 150 against 100");
        soon(|| !net.has(1, VIP) && router(&frr)["status"] == "Master");

        // We become the better one, and leave.
        engine.forget();
        engine.reload(&conf_of(self.ours, 200, ""));
        let why = engine.until("BACKUP -> MASTER");
        assert!(why.starts_with("preempts 10.77.0.2: 200 against 150"), "{why}");
        soon(|| router(&frr)["status"] == "Backup" && net.has(1, VIP));
        let heard = |it: &Value| it["stats"]["adverRx"].as_u64().unwrap_or(0);
        let before = heard(&router(&frr));
        soon(|| heard(&router(&frr)) > before + 2);
        assert_eq!(router(&frr)["status"], "Backup");
        engine.begin_stop();
        soon(|| router(&frr)["status"] == "Master");
        engine.stopped();
        assert!(!net.has(1, VIP));

        // It leaves.
        let mut engine = net.engine(1, &conf_of(self.ours, 100, ""));
        soon(|| engine.status()["instances"][0]["peer"]["address"] == "10.77.0.2");
        frr.tell(&["configure terminal", "interface v0", "vrrp 51 shutdown"]);
        let why = engine.until("BACKUP -> MASTER");
        assert!(why.starts_with("10.77.0.2 is leaving (priority 0)"), "{why}");
    }
}

/// The IPv4 part of its only virtual router.
fn router(frr: &Frr) -> Value {
    frr.show("show vrrp json")[0]["v4"].clone()
}

#[test]
fn frr_version_2() {
    VERSION_2.moves_both_ways();
}

#[test]
fn frr_version_3() {
    VERSION_3.moves_both_ways();
}

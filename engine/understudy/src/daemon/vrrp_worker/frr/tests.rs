//! Virtual routers shared with FRR's vrrpd, which holds its addresses on macvlan devices that it brings up and down.

use std::net::IpAddr;

use serde_json::Value;

use super::super::net::{Net, run, unable};
use super::super::tests::soon;
use super::{Frr, no_frr};

/// One protocol, in both programs' words.
struct Shared {
    /// As in `vrrp_instance`.
    ours: &'static str,
    /// As behind `vrrp 51`.
    theirs: [&'static str; 2],
    vip: &'static str,
    /// With the number of the address family and of the router, RFC 9568 §7.3.
    mac: &'static str,
}

const VERSION_2: Shared = Shared {
    ours: "version 2\n advert_int 1",
    theirs: ["version 2", "advertisement-interval 1000"],
    vip: "10.77.0.100",
    mac: "00:00:5e:00:01:33",
};
const VERSION_3: Shared = Shared {
    ours: "version 3\n advert_int 0.5",
    theirs: ["version 3", "advertisement-interval 500"],
    ..VERSION_2
};
const IPV6: Shared = Shared { vip: "fd77::100", mac: "00:00:5e:00:02:33", ..VERSION_3 };

impl Shared {
    fn is_ipv6(&self) -> bool {
        self.vip.parse::<IpAddr>().unwrap().is_ipv6()
    }

    fn conf(&self, priority: u8) -> String {
        let (ours, vip) = (self.ours, self.vip);
        format!(
            "vrrp_instance read {{
                interface v0
                virtual_router_id 51
                {ours}
                priority {priority}
                virtual_ipaddress {{ {vip}/{} }}
            }}",
            if self.is_ipv6() { 64 } else { 24 }
        )
    }

    /// FRR's virtual router, as far as this family goes.
    fn of_frr(&self, frr: &Frr) -> Value {
        let family = if self.is_ipv6() { "v6" } else { "v4" };
        frr.show("show vrrp json")[0][family].clone()
    }

    fn frr(&self, priority: u8) -> String {
        let [version, interval] = self.theirs;
        let address = format!("{} {}", if self.is_ipv6() { "ipv6" } else { "ip" }, self.vip);
        let lines = [version, interval, &format!("priority {priority}"), &address]
            .map(|line| format!(" vrrp 51 {line}\n"));
        format!("interface v0\n{}!\n", lines.concat())
    }

    /// Each takes over from the other, for each reason that there is.
    fn moves_both_ways(&self) {
        if unable(false) || no_frr("vrrpd") {
            return;
        }
        let net = Net::new(2);
        let (vip, of_host) = (self.vip, net.host(2));
        run(&format!("ip -n {of_host} link add router link v0 type macvlan mode bridge"));
        run(&format!("ip -n {of_host} link set router address {} up", self.mac));
        let more = if self.is_ipv6() { "/64 dev router nodad" } else { "/24 dev router" };
        run(&format!("ip -n {of_host} address add {vip}{more}"));
        let _zebra = Frr::start(&net, 2, "zebra", "");
        let frr = Frr::start(&net, 2, "vrrpd", &self.frr(150));
        soon(|| self.of_frr(&frr)["status"] == "Master");
        let mut engine = net.engine(1, &self.conf(100));
        soon(|| engine.status()["instances"][0]["counters"]["advert_rcvd"].as_u64() >= Some(3));
        let counters = engine.status()["instances"][0]["counters"].clone();
        for (name, count) in counters.as_object().unwrap() {
            assert!(name == "advert_rcvd" || count == 0, "{counters}");
        }
        assert_eq!(engine.state(), "BACKUP");
        // Its address may change once more, from that of the interface below to that of the virtual router.
        soon(|| {
            engine.status()["instances"][0]["peer"]["address"]
                == self.of_frr(&frr)["primaryAddress"]
        });
        let source = self.of_frr(&frr)["primaryAddress"].as_str().unwrap().to_owned();

        // It is killed, and comes back.
        frr.kill();
        let why = engine.until("BACKUP -> MASTER");
        assert!(why.starts_with(&format!("{source} silent for ")), "{why}");
        soon(|| net.has(1, vip));
        let frr = Frr::start(&net, 2, "vrrpd", &self.frr(150));
        let why = engine.until("MASTER -> BACKUP");
        assert_eq!(why, format!("{source} is master with 150 against 100"));
        soon(|| !net.has(1, vip) && self.of_frr(&frr)["status"] == "Master");

        // We become the better one, and leave.
        engine.forget();
        engine.reload(&self.conf(200));
        let why = engine.until("BACKUP -> MASTER");
        assert!(why.starts_with(&format!("preempts {source}: 200 against 150")), "{why}");
        soon(|| self.of_frr(&frr)["status"] == "Backup" && net.has(1, vip));
        let heard = |it: &Value| it["stats"]["adverRx"].as_u64().unwrap_or(0);
        let before = heard(&self.of_frr(&frr));
        soon(|| heard(&self.of_frr(&frr)) > before + 2);
        assert_eq!(self.of_frr(&frr)["status"], "Backup");
        engine.begin_stop();
        soon(|| self.of_frr(&frr)["status"] == "Master");
        engine.stopped();
        assert!(!net.has(1, vip));

        // It leaves.
        let mut engine = net.engine(1, &self.conf(100));
        soon(|| engine.status()["instances"][0]["peer"]["address"] == *source);
        frr.tell(&["configure terminal", "interface v0", "vrrp 51 shutdown"]);
        let why = engine.until("BACKUP -> MASTER");
        assert!(why.starts_with(&format!("{source} is leaving (priority 0)")), "{why}");
    }
}

#[test]
fn frr_version_2() {
    VERSION_2.moves_both_ways();
}

#[test]
fn frr_version_3() {
    VERSION_3.moves_both_ways();
}

#[test]
fn frr_over_ipv6() {
    IPV6.moves_both_ways();
}

//! VRRP over IPv6 in real network namespaces, beside keepalived and compared with it byte by byte.

use std::fs;
use std::process::{Child, Command};

use super::net::{Net, missing, run, unable};
use super::tests::soon;

const VIP: &str = "2001:db8::100";
const LINK_LOCAL: &str = "fe80::7777";
const MULTICAST: &str = "";

fn conf(priority: u8, more: &str) -> String {
    format!(
        "vrrp_instance six {{
            interface v0
            virtual_router_id 51
            advert_int 0.5
            priority {priority}
            {more}
            virtual_ipaddress {{
                {LINK_LOCAL}
                {VIP}/64
            }}
            virtual_ipaddress_excluded {{
                10.77.0.101/24
            }}
        }}"
    )
}

/// Each host has a link-local address that is in order, and fd77::1, fd77::2 ...
fn net(hosts: usize) -> Net {
    let net = Net::new(hosts);
    net.observe("ip address add 2001:db8::250/64 dev br0 nodad");
    for host in 1..=hosts {
        run(&format!("ip -n {} address add fd77::{host}/64 dev v0 nodad", net.host(host)));
        soon(|| {
            let own = run(&format!("ip -n {} -6 address show dev v0 scope link", net.host(host)));
            own.contains("fe80::") && !own.contains("tentative")
        });
    }
    net
}

/// keepalived (priority 150) and the engine (100) with the same lines.
fn beside_keepalived(of_keepalived: &str, of_engine: &str) {
    let net = net(2);
    let k = net.keepalived(1, &conf(150, of_keepalived));
    soon(|| net.has(1, VIP));
    let mut a = net.engine(2, &conf(100, of_engine));
    soon(|| a.status()["instances"][0]["counters"]["advert_rcvd"].as_u64() >= Some(3));
    let status = a.status()["instances"][0].clone();
    assert_eq!((a.state().as_str(), net.has(1, VIP)), ("BACKUP", true), "{status}");
    for (name, count) in status["counters"].as_object().unwrap() {
        assert!(name == "advert_rcvd" || count == 0, "{status}");
    }
    let peer = status["peer"]["address"].as_str().unwrap().to_owned();
    assert!(peer != LINK_LOCAL && net.has(1, &peer), "{peer}");
    k.stop();
    let why = a.until("BACKUP -> MASTER");
    assert!(why.starts_with(&format!("{peer} is leaving (priority 0)")), "{why}");
    for address in [VIP, LINK_LOCAL, "10.77.0.101"] {
        soon(|| net.has(2, address) && !net.has(1, address));
    }
    assert!(net.answers(VIP));

    // It comes back and is better; then worse.
    a.forget();
    let k = net.keepalived(1, &conf(150, of_keepalived));
    a.until("MASTER -> BACKUP");
    a.forget();
    a.reload(&conf(200, of_engine));
    let why = a.until("BACKUP -> MASTER");
    assert!(why.starts_with(&format!("preempts {peer}: 200 against 150")), "{why}");
    soon(|| net.has(2, VIP) && !net.has(1, VIP));
    // And it takes over from us.
    a.begin_stop();
    soon(|| net.has(1, VIP));
    a.stopped();
    assert!(!net.has(2, VIP) && !net.has(2, LINK_LOCAL));
    drop(k);
}

#[test]
fn ipv6_multicast_beside_keepalived() {
    if !unable(true) {
        beside_keepalived(MULTICAST, MULTICAST);
    }
}

#[test]
fn ipv6_unicast_beside_keepalived() {
    if !unable(true) {
        beside_keepalived(
            "unicast_src_ip fd77::1\n unicast_peer { fd77::2 }",
            "unicast_src_ip fd77::2\n check_unicast_src\n unicast_peer { fd77::1 min_ttl 60 }",
        );
    }
}

#[test]
fn two_engines_share_an_address_of_ipv6_and_one_of_ipv4_with_one_vrid() {
    if unable(false) {
        return;
    }
    let net = net(2);
    let both = |priority| {
        let ipv4 = "vrrp_instance four {\n interface v0\n virtual_router_id 51\n version 3\n \
                    advert_int 0.5\n virtual_ipaddress { 10.77.0.100/24 }\n";
        format!("{}\n{ipv4} priority {}\n }}", conf(priority, MULTICAST), 250 - priority)
    };
    let mut a = net.engine(1, &both(150));
    let mut b = net.engine(2, &both(100));
    soon(|| net.has(1, VIP) && net.has(2, "10.77.0.100"));
    // Its IPv6 addresses go with the interface, and that is nobody's deletion.
    run(&format!("ip -n {} link set v0 down", net.host(1)));
    a.until("MASTER -> FAULT");
    soon(|| net.has(2, VIP));
    assert_eq!(
        (a.status()["repairs"].as_u64(), b.status()["repairs"].as_u64()),
        (Some(0), Some(0))
    );
    run(&format!("ip -n {} link set v0 up", net.host(1)));
    soon(|| net.has(1, VIP) && !net.has(2, VIP));
}

/// A running tcpdump of what a host sends.
struct Capture {
    child: Child,
    file: String,
}

impl Capture {
    fn start(net: &Net, host: usize, filter: &str) -> Self {
        let file = net.file("frames");
        let words = ["-Q", "out", "-i", "v0", "-n", "-l", "-xx", filter];
        let child = Command::new("ip")
            .args(["netns", "exec", &net.host(host), "tcpdump"])
            .args(words)
            .stdout(fs::File::create(&file).unwrap())
            .stderr(fs::File::create(net.file("tcpdump")).unwrap())
            .spawn()
            .unwrap();
        soon(|| fs::read_to_string(net.file("tcpdump")).unwrap().contains("listening"));
        Self { child, file }
    }

    /// All frames so far.
    fn frames(&self) -> Vec<Vec<u8>> {
        let mut frames: Vec<Vec<u8>> = Vec::new();
        for line in fs::read_to_string(&self.file).unwrap().lines() {
            match line.trim_start().strip_prefix("0x").and_then(|line| line.split_once(':')) {
                Some((_, digits)) => {
                    let digits: String = digits.split_whitespace().collect();
                    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).ok();
                    let bytes = (0..digits.len()).step_by(2).filter_map(byte);
                    frames.last_mut().unwrap().extend(bytes);
                }
                None => frames.push(Vec::new()),
            }
        }
        frames
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The advert and the announcements of a master, without what is the kernel's or chance: the flow label, repetitions.
fn said(frames: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = frames
        .iter()
        .filter(|frame| frame.len() > 54 && (frame[20] == 112 || frame[54] == 136))
        .map(|frame| {
            let mut frame = frame.clone();
            frame[15] &= 0xf0;
            frame[16..18].fill(0);
            frame
        })
        .collect();
    all.sort();
    all.dedup();
    all
}

#[test]
fn adverts_and_announcements_over_ipv6_are_keepalived_s() {
    if unable(true) || missing("tcpdump") {
        return;
    }
    let unicast = "unicast_src_ip fd77::1\n unicast_peer { fd77::2 }";
    for (more, forwarding) in [(MULTICAST, 0), (unicast, 1)] {
        let net = net(1);
        let sysctl = format!("sysctl -q -w net.ipv6.conf.v0.forwarding={forwarding}");
        net.inside(1, &sysctl);
        // Nobody is there: else the peer's address would have to be learned.
        run(&format!("ip -n {} neigh add fd77::2 lladdr 02:00:00:00:00:02 dev v0", net.host(1)));
        let conf = format!("{}\n", conf(150, more));
        let filter = "ip6 proto 112 or (icmp6 and ip6[40] == 136)";
        // An advert, and an announcement of each address.
        let complete = |frames: &[Vec<u8>]| {
            let said = said(frames);
            said.iter().any(|it| it[20] == 112 && it[56] == 150)
                && said.iter().filter(|it| it[20] == 58).count() >= 2
        };
        let capture = Capture::start(&net, 1, filter);
        let k = net.keepalived(1, &conf);
        soon(|| complete(&capture.frames()));
        k.stop();
        soon(|| !net.has(1, VIP));
        let theirs = said(&capture.frames());
        drop(capture);

        let capture = Capture::start(&net, 1, filter);
        let mut a = net.engine(1, &conf);
        soon(|| complete(&capture.frames()));
        a.begin_stop();
        a.stopped();
        let ours = said(&capture.frames());
        assert_eq!(ours, theirs, "{more}\n{}", hex(&ours, &theirs));
    }
}

#[test]
fn addresses_have_the_flags_that_keepalived_gives_them() {
    if unable(true) {
        return;
    }
    let conf = "vrrp_instance six {
        interface v0
        virtual_router_id 51
        virtual_ipaddress {
            fe80::7777
            2001:db8::100/64
            2001:db8::101
            2001:db8::102 preferred_lft forever
            2001:db8::103/64 preferred_lft 1000 noprefixroute
            2001:db8::104/64 -nodad home
            2001:db8:0:1::105/64 mngtmpaddr
        }
        virtual_ipaddress_excluded {
            10.77.0.101/24 preferred_lft 1000 noprefixroute
            10.77.0.102/24
        }
    }";
    let net = net(1);
    let addresses = || -> Vec<String> {
        let text = run(&format!("ip -n {} -o address show dev v0", net.host(1)));
        let mut lines: Vec<String> = text
            .lines()
            .map(|line| {
                let line = line.replace("1000sec", "999sec").replace(" tentative", "");
                // 2.2.7 says of neither that it was its own.
                line.replace(" proto keepalived", "").replace(" proto 0x12", "")
            })
            .filter(|line| !line.contains("temporary"))
            .collect();
        lines.sort();
        lines
    };
    let complete = || addresses().len() == 12;
    let k = net.keepalived(1, conf);
    soon(complete);
    let theirs = addresses();
    k.stop();
    soon(|| !net.has(1, VIP));
    let mut a = net.engine(1, conf);
    soon(complete);
    assert_eq!(addresses(), theirs);
    a.begin_stop();
    a.stopped();
}

fn hex(ours: &[Vec<u8>], theirs: &[Vec<u8>]) -> String {
    let line = |who: &str, frame: &Vec<u8>| {
        let bytes: Vec<String> = frame.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{who} {}\n", bytes.join(" "))
    };
    let ours = ours.iter().map(|it| line("ours  ", it));
    ours.chain(theirs.iter().map(|it| line("theirs", it))).collect()
}

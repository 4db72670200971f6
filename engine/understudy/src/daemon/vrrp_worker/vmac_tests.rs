//! Virtual interfaces in real network namespaces, beside those that keepalived makes.

use super::net::{Net, attempt, missing, run, unable};
use super::tests::{CALM, SLOW, VIP, conf_of, soon};

const VMAC: &str = "00:00:5e:00:01:33";

/// An interface with everything that `ip` knows of it, but without its number.
fn link(net: &Net, host: usize, name: &str) -> String {
    let output = attempt(&format!("ip -n {} -d -o link show {name}", net.host(host)));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split_once(": ").map(|(_, rest)| rest.to_owned()).unwrap_or_default()
}

fn number(net: &Net, host: usize, name: &str) -> String {
    net.inside(host, &format!("cat /sys/class/net/{name}/ifindex"))
}

/// All kernel settings of all interfaces.
fn settings(net: &Net, host: usize) -> Vec<String> {
    let text = net.inside(host, "grep -rs . /proc/sys/net/ipv4/conf /proc/sys/net/ipv6/conf");
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

/// What differs.
fn difference(a: &[String], b: &[String]) -> Vec<String> {
    let only = |a: &[String], b: &[String], sign: &str| -> Vec<String> {
        a.iter().filter(|it| !b.contains(it)).map(|it| format!("{sign}{it}")).collect()
    };
    [only(a, b, "-"), only(b, a, "+")].concat()
}

/// By which host the bridge has last heard an Ethernet address.
fn heard(net: &Net, mac: &str) -> Option<usize> {
    let text = net.observe("bridge fdb show br br0");
    let line = text.lines().find(|line| line.starts_with(mac) && !line.contains("permanent"))?;
    line.split_whitespace().find_map(|word| word.strip_prefix('v')?.parse().ok())
}

/// The address that answers for a VIP.
fn neighbour(net: &Net, ip: &str) -> String {
    net.observe(&format!("ip neigh flush to {ip}"));
    net.answers(ip);
    net.observe(&format!("ip neigh show to {ip}"))
}

#[test]
fn a_virtual_interface_is_as_keepalived_makes_it() {
    if unable(true) {
        return;
    }
    for (more, names) in [
        ("use_vmac", &["vrrp.51"][..]),
        ("use_vmac web0 02:00:00:12:34:56\n vmac_xmit_base", &["web0"]),
        ("use_vmac\n virtual_ipaddress_excluded { fd77::1/64 }", &["vrrp.51"]),
        (
            "use_vmac\n use_vmac_addr\n virtual_ipaddress_excluded { fd77::1/64 }",
            &["vrrp.51", "vrrp6.51"],
        ),
    ] {
        let net = Net::new(2);
        let before = settings(&net, 2);
        let k = net.keepalived(1, &conf_of(CALM, 150, more));
        soon(|| net.has(1, VIP));
        let theirs: Vec<String> = names.iter().map(|name| link(&net, 1, name)).collect();
        let their_settings = settings(&net, 1);
        k.stop();
        let mut a = net.engine(2, &conf_of(CALM, 150, more));
        a.until("BACKUP -> MASTER");
        soon(|| net.has(2, VIP));
        let ours: Vec<String> = names.iter().map(|name| link(&net, 2, name)).collect();
        assert_eq!(ours, theirs, "{more}");
        // 2.2.7 does not set it on those of IPv6, 2.4.3 does.
        let mut differs = difference(&their_settings, &settings(&net, 2));
        differs.retain(|it| !it.contains("/vrrp6.51/arp_ignore"));
        assert_eq!(differs, Vec::<String>::new(), "{more}");
        a.begin_stop();
        a.stopped();
        assert_eq!(difference(&before, &settings(&net, 2)), Vec::<String>::new(), "{more}");
    }
}

#[test]
fn the_virtual_address_moves_between_keepalived_and_us_with_its_ethernet_address() {
    if unable(true) {
        return;
    }
    let net = Net::new(2);
    let more = "use_vmac";
    let k = net.keepalived(1, &conf_of(CALM, 150, more));
    soon(|| net.has(1, VIP));
    let mut a = net.engine(2, &conf_of(CALM, 100, more));
    soon(|| a.status()["instances"][0]["counters"]["advert_rcvd"].as_u64() >= Some(3));
    assert_eq!((a.state().as_str(), heard(&net, VMAC)), ("BACKUP", Some(1)));
    k.stop();
    let why = a.until("BACKUP -> MASTER");
    assert!(why.starts_with("10.77.0.1 is leaving (priority 0)"), "{why}");
    soon(|| heard(&net, VMAC) == Some(2));
    assert!(net.answers(VIP));
    let found = neighbour(&net, VIP);
    assert!(found.contains(VMAC), "{found}");
    // Its own address stays where it is.
    let found = neighbour(&net, "10.77.0.2");
    assert!(!found.contains(VMAC) && found.contains("lladdr"), "{found}");

    let k = net.keepalived(1, &conf_of(CALM, 150, more));
    a.until("MASTER -> BACKUP");
    soon(|| heard(&net, VMAC) == Some(1) && !net.has(2, VIP));
    a.forget();
    a.reload(&conf_of(CALM, 200, more));
    a.until("BACKUP -> MASTER");
    soon(|| heard(&net, VMAC) == Some(2) && !net.has(1, VIP));
    a.begin_stop();
    soon(|| net.has(1, VIP));
    a.stopped();
    drop(k);
    assert_eq!(link(&net, 2, "vrrp.51"), "");
}

#[test]
fn a_virtual_interface_that_somebody_deletes_comes_back_with_its_addresses() {
    if unable(false) {
        return;
    }
    let net = Net::new(2);
    let mut a = net.engine(1, &conf_of(SLOW, 255, "use_vmac\n state MASTER"));
    let mut b = net.engine(2, &conf_of(SLOW, 100, "use_vmac"));
    a.until("-> MASTER");
    soon(|| net.has(1, VIP));
    a.forget();
    b.forget();
    for switched_off in [false, true] {
        let former = number(&net, 1, "vrrp.51");
        if switched_off {
            run(&format!("ip -n {} link set vrrp.51 down", net.host(1)));
            soon(|| link(&net, 1, "vrrp.51").contains("LOWER_UP"));
            continue;
        }
        run(&format!("ip -n {} link del vrrp.51", net.host(1)));
        soon(|| net.has(1, VIP) && number(&net, 1, "vrrp.51") != former);
        soon(|| heard(&net, VMAC) == Some(1) && net.answers(VIP));
        assert_eq!(a.state(), "MASTER");
        a.take_in();
        assert!(a.records.iter().all(|it| !it.change.contains("->")), "{:?}", a.records);
    }
    b.take_in();
    assert!(b.records.is_empty(), "{:?}", b.records);
}

#[test]
fn a_successor_finds_the_virtual_interface_and_a_stop_removes_it() {
    if unable(false) {
        return;
    }
    let net = Net::new(1);
    let before = settings(&net, 1);
    let conf = |more: &str| conf_of(SLOW, 255, &format!("state MASTER\n {more}"));
    let mut a = net.engine(1, &conf("use_vmac"));
    a.until("-> MASTER");
    assert_eq!(a.state(), "MASTER");
    let first = number(&net, 1, "vrrp.51");
    let mut a = a.replace(&net.host(1), &conf("use_vmac"));
    let why = a.until("-> MASTER");
    assert!(why.starts_with("taken up again after "), "{why}");
    assert_eq!(number(&net, 1, "vrrp.51"), first);

    // Another name, by a reload; another one, by a successor; then none.
    a.reload(&conf("use_vmac web0"));
    soon(|| net.has(1, VIP));
    assert_eq!((number(&net, 1, "web0"), link(&net, 1, "vrrp.51").as_str()), (first.clone(), ""));
    assert_eq!(a.state(), "MASTER");
    let mut a = a.replace(&net.host(1), &conf("use_vmac web1"));
    a.until("-> MASTER");
    soon(|| net.has(1, VIP));
    assert_eq!(number(&net, 1, "web1"), first);
    assert_eq!(a.state(), "MASTER");
    let mut a = a.replace(&net.host(1), &conf(""));
    a.until("-> MASTER");
    soon(|| link(&net, 1, "web1").is_empty() && net.has(1, VIP));
    assert_eq!(difference(&before, &settings(&net, 1)), Vec::<String>::new());
    a.reload(&conf("use_vmac"));
    soon(|| !link(&net, 1, "vrrp.51").is_empty());
    a.begin_stop();
    a.stopped();
    assert_eq!(link(&net, 1, "vrrp.51"), "");
    assert_eq!(difference(&before, &settings(&net, 1)), Vec::<String>::new());
}

#[test]
fn reverse_path_filters_of_all_move_to_the_interfaces_and_back() {
    if unable(true) {
        return;
    }
    let net = Net::new(2);
    for host in [1, 2] {
        net.inside(host, "sysctl -qw net.ipv4.conf.all.rp_filter=2");
    }
    let before = settings(&net, 2);
    let k = net.keepalived(1, &conf_of(CALM, 150, "use_vmac"));
    soon(|| net.has(1, VIP));
    let theirs = settings(&net, 1);
    k.stop();
    let mut a = net.engine(2, &conf_of(CALM, 150, "use_vmac"));
    a.until("BACKUP -> MASTER");
    // 2.2.7 leaves out the loopback.
    let mut differs = difference(&theirs, &settings(&net, 2));
    differs.retain(|it| !it.contains("/lo/rp_filter"));
    assert_eq!(differs, Vec::<String>::new());
    a.begin_stop();
    a.stopped();
    assert_eq!(difference(&before, &settings(&net, 2)), Vec::<String>::new());
}

#[test]
fn a_name_that_is_taken_and_a_parent_that_is_missing_are_faults_until_that_ends() {
    if unable(false) {
        return;
    }
    let net = Net::new(1);
    run(&format!("ip -n {} link add vrrp.51 type bridge", net.host(1)));
    let mut a = net.engine(1, &conf_of(CALM, 150, "use_vmac"));
    a.until("-> FAULT");
    run(&format!("ip -n {} link del vrrp.51", net.host(1)));
    a.until("BACKUP -> MASTER");
    soon(|| net.has(1, VIP));
    // The parent goes, and comes back.
    a.forget();
    run(&format!("ip -n {} link del v0", net.host(1)));
    a.until("MASTER -> FAULT");
    assert_eq!(link(&net, 1, "vrrp.51"), "");
    net.plug(1);
    a.until("BACKUP -> MASTER");
    soon(|| net.has(1, VIP) && heard(&net, VMAC) == Some(1));
}

/// The tables as `nft` shows them.
fn tables(net: &Net, host: usize) -> String {
    net.inside(host, "nft list table ip keepalived")
        + &net.inside(host, "nft list table ip6 keepalived")
}

#[test]
fn what_a_virtual_interface_must_not_send_is_filtered_as_by_keepalived() {
    if unable(true) || missing("nft") {
        return;
    }
    for more in
        ["use_vmac", "use_vmac\n no_accept", "use_vmac\n virtual_ipaddress_excluded { fd77::1/64 }"]
    {
        let net = Net::new(2);
        let k = net.keepalived(1, &conf_of(CALM, 150, more));
        soon(|| net.has(1, VIP));
        let theirs = tables(&net, 1);
        k.stop();
        let mut a = net.engine(2, &conf_of(CALM, 150, more));
        a.until("BACKUP -> MASTER");
        assert_eq!(tables(&net, 2), theirs, "{more}");
        // An interface that is made again has another number.
        run(&format!("ip -n {} link del vrrp.51", net.host(2)));
        soon(|| net.has(2, VIP) && tables(&net, 2) == theirs);
        a.reload(&conf_of(CALM, 150, ""));
        soon(|| tables(&net, 2).is_empty());
        a.reload(&conf_of(CALM, 150, more));
        a.until("BACKUP -> MASTER");
        soon(|| net.has(2, VIP) && tables(&net, 2) == theirs);
        a.begin_stop();
        a.stopped();
        assert_eq!(tables(&net, 2), "");
    }
}

#[test]
fn a_backup_is_not_heard_by_its_virtual_ethernet_address() {
    if unable(false) {
        return;
    }
    let net = Net::new(2);
    let mut a = net.engine(1, &conf_of(SLOW, 255, "use_vmac\n state MASTER"));
    a.until("-> MASTER");
    soon(|| heard(&net, VMAC) == Some(1));
    let mut b = net.engine(2, &conf_of(SLOW, 100, "use_vmac"));
    soon(|| b.status()["instances"][0]["counters"]["advert_rcvd"].as_u64() >= Some(1));
    // It has joined a group by now, and said so, but by its parent.
    assert_eq!(heard(&net, VMAC), Some(1));
    let table = net.inside(2, "nft list table ip keepalived");
    assert!(table.contains("ip protocol igmp") || missing("nft"), "{table}");
}

#[test]
fn interfaces_without_adverts_are_announced_again_and_again() {
    if unable(false) {
        return;
    }
    let net = Net::new(1);
    let more =
        "use_vmac\n vmac_xmit_base\n garp_extra_if 1\n garp_master_repeat 1\n garp_master_delay 0";
    let mut a = net.engine(1, &conf_of(CALM, 150, more));
    a.until("BACKUP -> MASTER");
    soon(|| heard(&net, VMAC) == Some(1));
    for _ in 0..2 {
        net.observe(&format!("bridge fdb del {VMAC} dev v1 master"));
        soon(|| heard(&net, VMAC) == Some(1));
    }
}

#[test]
fn unicast_needs_no_interface() {
    if unable(true) {
        return;
    }
    let conf = |priority: u8, own: u8, peer: u8, interface: &str| {
        let more = format!("unicast_src_ip 10.77.0.{own}\n unicast_peer {{ 10.77.0.{peer} }}");
        let text = conf_of(CALM, priority, &more).replace("interface v0", interface);
        format!("global_defs {{ default_interface v0 }}\n{text}")
    };
    let net = Net::new(2);
    let k = net.keepalived(1, &conf(150, 1, 2, "interface v0"));
    soon(|| net.has(1, VIP));
    let mut a = net.engine(2, &conf(100, 2, 1, ""));
    soon(|| a.status()["instances"][0]["counters"]["advert_rcvd"].as_u64() >= Some(3));
    assert_eq!(a.state(), "BACKUP");
    k.stop();
    a.until("BACKUP -> MASTER");
    soon(|| net.has(2, VIP));
    let k = net.keepalived(1, &conf(50, 1, 2, "interface v0"));
    assert!(!net.has(1, VIP));
    a.begin_stop();
    soon(|| net.has(1, VIP));
    a.stopped();
    drop(k);
}

#[test]
fn an_untracked_interface_that_is_down_is_no_fault_with_a_virtual_one_on_it() {
    if unable(false) {
        return;
    }
    let net = Net::new(1);
    let more = "use_vmac\n dont_track_primary";
    let mut a = net.engine(1, &conf_of(CALM, 150, more));
    a.until("BACKUP -> MASTER");
    soon(|| net.has(1, VIP));
    net.connect(1, false);
    soon(|| !link(&net, 1, "vrrp.51").contains("LOWER_UP"));
    assert_eq!((a.state().as_str(), net.has(1, VIP)), ("MASTER", true));
    net.connect(1, true);
    a.reload(&conf_of(CALM, 150, "use_vmac"));
    soon(|| link(&net, 1, "vrrp.51").contains("LOWER_UP"));
    net.connect(1, false);
    a.until("MASTER -> FAULT");
}

/// keepalived (priority 150) and the engine (100) with these lines; what both have made must look alike.
fn beside_keepalived(net: &Net, conf: [&str; 2], interfaces: &[&str]) {
    let k = net.keepalived(1, conf[0]);
    soon(|| net.has(1, VIP));
    let theirs: Vec<String> = interfaces.iter().map(|name| link(net, 1, name)).collect();
    let mut a = net.engine(2, conf[1]);
    soon(|| a.status()["instances"][0]["counters"]["advert_rcvd"].as_u64() >= Some(3));
    assert_eq!(a.state(), "BACKUP");
    k.stop();
    let why = a.until("BACKUP -> MASTER");
    assert!(why.contains(" is leaving (priority 0)"), "{why}");
    soon(|| net.has(2, VIP) && !net.has(1, VIP));
    let ours: Vec<String> = interfaces.iter().map(|name| link(net, 2, name)).collect();
    // An ipvlan has its parent's Ethernet address.
    let mac = |host| net.inside(host, "cat /sys/class/net/v0/address").trim().to_owned();
    let (own, their) = (mac(2), mac(1));
    let alike: Vec<String> = theirs.iter().map(|it| it.replace(&their, &own)).collect();
    assert_eq!(ours, alike);
    let k = net.keepalived(1, conf[0]);
    a.until("MASTER -> BACKUP");
    soon(|| net.has(1, VIP) && !net.has(2, VIP));
    a.begin_stop();
    a.stopped();
    drop(k);
}

#[test]
#[ignore = "needs a kernel with ipvlan: runs on a lab host"]
fn kernel_with_ipvlan() {
    let net = Net::new(2);
    let conf = |own: u8, priority: u8| {
        let more = format!("use_ipvlan ipv0 10.77.0.{own}/24 private");
        conf_of(CALM, priority, &more)
    };
    beside_keepalived(&net, [&conf(11, 150), &conf(12, 100)], &["ipv0"]);
    assert_eq!(link(&net, 2, "ipv0"), "");
    let mut a = net.engine(1, &conf(11, 150));
    a.until("BACKUP -> MASTER");
    soon(|| net.has(1, VIP) && net.answers(VIP));
    let address = net.inside(1, "ip -o address show dev ipv0");
    assert!(address.contains("10.77.0.11/24") && !address.contains(VIP), "{address}");
    let address = net.inside(1, "ip -o address show dev v0");
    assert!(address.contains(VIP), "{address}");
    let mut b = net.engine(2, &conf(12, 100));
    soon(|| b.status()["instances"][0]["peer"]["address"] == "10.77.0.11");
}

#[test]
#[ignore = "needs a kernel with VRF: runs on a lab host"]
fn kernel_with_vrf() {
    let net = Net::new(2);
    for host in [1, 2] {
        for words in [
            "link add blue type vrf table 10".to_owned(),
            "link set blue up".into(),
            "link set v0 master blue".into(),
        ] {
            run(&format!("ip -n {} {words}", net.host(host)));
        }
    }
    // A virtual interface belongs to the VRF of its parent.
    let conf = |priority: u8| conf_of(CALM, priority, "use_vmac");
    beside_keepalived(&net, [&conf(150), &conf(100)], &["vrrp.51"]);
    // Unicast by the routes of the VRF.
    let conf = |own: u8, peer: u8, priority: u8| {
        let more =
            format!("vrf blue\n unicast_src_ip 10.77.0.{own}\n unicast_peer {{ 10.77.0.{peer} }}");
        let text = conf_of(CALM, priority, &more).replace("interface v0", "");
        // keepalived does not look at `default_interface` here.
        text.replace(&format!("{VIP}/24"), &format!("{VIP}/24 dev v0"))
    };
    beside_keepalived(&net, [&conf(1, 2, 150), &conf(2, 1, 100)], &[]);
}

#[test]
fn an_instance_of_ipv6_has_a_virtual_interface_too() {
    if unable(true) {
        return;
    }
    const VIP6: &str = "fd77::100";
    const VMAC6: &str = "00:00:5e:00:02:33";
    let conf = |priority: u8| {
        let text = conf_of(CALM, priority, "use_vmac");
        text.replace(&format!("{VIP}/24"), &format!("fe80::77/64\n {VIP6}/64"))
    };
    let net = Net::new(2);
    let k = net.keepalived(1, &conf(150));
    soon(|| net.has(1, VIP6));
    let (their_link, their_settings) = (link(&net, 1, "vrrp.51"), settings(&net, 1));
    let their_table = net.inside(1, "nft list table ip6 keepalived");
    let mut a = net.engine(2, &conf(100));
    soon(|| a.status()["instances"][0]["counters"]["advert_rcvd"].as_u64() >= Some(3));
    assert_eq!((a.state().as_str(), heard(&net, VMAC6)), ("BACKUP", Some(1)));
    k.stop();
    let why = a.until("BACKUP -> MASTER");
    assert!(why.contains(" is leaving (priority 0)"), "{why}");
    soon(|| net.has(2, VIP6) && heard(&net, VMAC6) == Some(2));
    assert_eq!(link(&net, 2, "vrrp.51"), their_link);
    // 2.2.7 sets the parent's for ARP that is never spoken there, and not the virtual one's; 2.4.3 does the reverse.
    let mut differs = difference(&their_settings, &settings(&net, 2));
    differs.retain(|it| !it.contains("/ipv4/conf/"));
    assert_eq!(differs, Vec::<String>::new());
    // The parent's own address lies on both, and is announced by the parent alone.
    let table = net.inside(2, "nft list table ip6 keepalived");
    for line in their_table.lines().filter(|_| !missing("nft")) {
        assert!(table.contains(line), "no {line} in {table}");
    }
    if !table.is_empty() {
        assert!(table.contains("set parent_link_local"), "{table}");
    }
    let k = net.keepalived(1, &conf(150));
    a.until("MASTER -> BACKUP");
    soon(|| net.has(1, VIP6) && heard(&net, VMAC6) == Some(1) && !net.has(2, VIP6));
    a.begin_stop();
    a.stopped();
    assert_eq!(link(&net, 2, "vrrp.51"), "");
    drop(k);
}

//! Signed adverts between engines, and old checksums beside keepalived.

use super::net::{Engine, Net, unable};
use super::tests::{CALM, SLOW, VIP, conf_of, soon};

const KEY: &str = "0123456789abcdef0123456789abcdef";

fn signed(key: &str, more: &str) -> String {
    format!("auth_hmac {{\n key 7 {key}\n active_key 7\n {more}\n }}")
}

fn counter(engine: &mut Engine, name: &str) -> u64 {
    engine.status()["instances"][0]["counters"][name].as_u64().unwrap()
}

/// The better one with these lines, the worse one with those; the second hears the first.
fn understand(more: [&str; 2]) {
    let net = Net::new(2);
    let conf = |n: usize, priority| {
        let hex: String = KEY.bytes().map(|byte| format!("{byte:02x}")).collect();
        // The same key, in either form.
        let key = if n == 0 { KEY.to_owned() } else { format!("hex:{hex}") };
        conf_of(SLOW, priority, &format!("{}\n{}", more[n], signed(&key, "")))
    };
    let mut a = net.engine(1, &conf(0, 255).replace("priority", "state MASTER\n priority"));
    let mut b = net.engine(2, &conf(1, 100));
    a.until("-> MASTER");
    soon(|| counter(&mut b, "advert_rcvd") >= 1);
    // Successors of both go on: what they send is new, and what they hear.
    a = a.replace(&net.host(1), &conf(0, 255).replace("priority", "state MASTER\n priority"));
    b = b.replace(&net.host(2), &conf(1, 100));
    soon(|| counter(&mut b, "advert_rcvd") >= 1);
    let counters = b.status()["instances"][0]["counters"].clone();
    for (name, count) in counters.as_object().unwrap() {
        assert!(name == "advert_rcvd" || count == 0, "{counters}");
    }
    assert_eq!((a.state(), b.state()), ("MASTER".into(), "BACKUP".into()));
    a.begin_stop();
    b.until("BACKUP -> MASTER");
    soon(|| net.has(2, VIP));
    a.stopped();
}

#[test]
fn signed_adverts_are_understood() {
    if !unable(false) {
        understand(["", ""]);
        let [a, b] = [1, 2].map(|host| {
            let other = 3 - host;
            format!("unicast_src_ip 10.77.0.{host}\n unicast_peer {{ 10.77.0.{other} }}")
        });
        understand([&a, &b]);
    }
}

#[test]
fn adverts_with_another_signature_or_none_are_dropped_or_not_as_the_mode_says() {
    if unable(false) {
        return;
    }
    let other = KEY.to_uppercase();
    // (the sender's lines, the receiver's, what is counted)
    let cases = [
        (String::new(), signed(KEY, ""), "auth_ext_missing"),
        (String::new(), signed(KEY, "mode permissive"), "advert_rcvd"),
        (signed(KEY, "mode receive-only"), signed(KEY, "mode permissive"), "advert_rcvd"),
        (signed(&other, ""), signed(KEY, "mode permissive"), "auth_ext_invalid_hmac"),
        (signed(KEY, "").replace('7', "8"), signed(KEY, ""), "auth_ext_unknown_key"),
        (signed(KEY, ""), String::new(), "packet_len_err"),
    ];
    for (theirs, ours, name) in cases {
        let net = Net::new(2);
        let owner = format!("state MASTER\n {theirs}");
        let a = net.engine(1, &conf_of(CALM, 255, &owner));
        let mut b = net.engine(2, &conf_of(CALM, 100, &ours));
        soon(|| counter(&mut b, name) >= 2);
        let heard = counter(&mut b, "advert_rcvd");
        assert_eq!(heard > 0, name == "advert_rcvd", "{name}");
        drop(a);
    }
}

#[test]
fn checksums_without_pseudo_header() {
    if unable(false) {
        return;
    }
    // Among ourselves: keepalived 2.2.7 does not know the keyword.
    for ours in ["v3_checksum_as_v2", ""] {
        let net = Net::new(2);
        let _a = net.engine(1, &conf_of(CALM, 150, "v3_checksum_as_v2"));
        soon(|| net.has(1, VIP));
        let mut b = net.engine(2, &conf_of(CALM, 100, ours));
        soon(|| counter(&mut b, "advert_rcvd") >= 2);
        assert_eq!((counter(&mut b, "checksum_err"), b.state()), (0, "BACKUP".into()));
    }
}

#[test]
fn checksums_over_the_group_beside_keepalived() {
    if unable(true) {
        return;
    }
    let of = |host: u8, more: &str| {
        let other = 3 - host;
        format!("unicast_src_ip 10.77.0.{host}\n unicast_peer {{ 10.77.0.{other} }}\n {more}")
    };
    let net = Net::new(2);
    let k = net.keepalived(1, &conf_of(CALM, 150, &of(1, "old_unicast_checksum")));
    soon(|| net.has(1, VIP));
    let mut b = net.engine(2, &conf_of(CALM, 100, &of(2, "")));
    soon(|| counter(&mut b, "advert_rcvd") >= 2);
    assert_eq!(counter(&mut b, "checksum_err"), 0);
    b.reload(&conf_of(CALM, 200, &of(2, "")));
    soon(|| net.has(2, VIP) && !net.has(1, VIP));
    b.reload(&conf_of(CALM, 100, &of(2, "old_unicast_checksum never")));
    soon(|| net.has(1, VIP));
    soon(|| counter(&mut b, "checksum_err") >= 1);
    drop(k);
}

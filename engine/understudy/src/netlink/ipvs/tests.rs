use super::*;
use crate::netlink::message::messages;

const FAMILY: u16 = 0x20;

fn address(text: &str) -> ServiceKey {
    let at: std::net::SocketAddr = text.parse().unwrap();
    ServiceKey::Address { protocol: Protocol::Tcp, ip: at.ip(), port: at.port() }
}

fn destination(text: &str, forward: Forward) -> Destination {
    let at: std::net::SocketAddr = text.parse().unwrap();
    Destination { ip: at.ip(), port: at.port(), forward, weight: 3, upper: 0, lower: 0 }
}

fn bytes_of(change: &Change) -> Vec<u8> {
    let mut batch = Batch::new();
    encode(&mut batch, FAMILY, change);
    batch.bytes().to_vec()
}

/// The attributes of nest `kind` of the only message.
fn nest(bytes: &[u8], kind: u16) -> Vec<u8> {
    let message = messages(bytes).next().unwrap();
    message.attributes(4).find(|(k, _)| *k == kind).unwrap().1.to_vec()
}

/// `strace -e trace=sendmsg -x ipvsadm -A -f 7 -s wrr -p 300 -M 255.255.255.0`, behind the netlink header.
#[test]
fn a_new_service_is_what_ipvsadm_sends() {
    let captured = b"\x01\x01\x00\x00\x38\x00\x01\x80\x06\x00\x01\x00\x02\x00\x00\x00\x08\x00\x05\x00\x07\x00\x00\x00\
        \x08\x00\x06\x00\x77\x72\x72\x00\x0c\x00\x07\x00\x01\x00\x00\x00\xff\xff\xff\xff\x08\x00\x08\x00\x2c\x01\x00\x00\
        \x08\x00\x09\x00\xff\xff\xff\x00";
    let service = Service { persistence: without_engine(), ..services()[2].clone() };
    assert_eq!(bytes_of(&Change::AddService(service))[16..], captured[..]);
}

fn without_engine() -> Option<Persistence> {
    Some(Persistence { timeout_s: 300, granularity: 0xffff_ff00, engine: None })
}

/// `strace -e trace=sendmsg -x ipvsadm -a -t 192.0.2.1:443 -r 10.0.0.5:8443 -g -w 3`, from IPVS_CMD_ATTR_DEST on. (It
/// knows that DR keeps the port.)
#[test]
fn what_ipvsadm_sends_is_read_as_a_destination() {
    let captured = b"\x60\x00\x02\x80\x06\x00\x0b\x00\x02\x00\x00\x00\x14\x00\x01\x00\x0a\x00\x00\x05\x00\x00\x00\x00\
        \x00\x00\x00\x00\x00\x00\x00\x00\x06\x00\x02\x00\x01\xbb\x00\x00\x08\x00\x03\x00\x03\x00\x00\x00\x08\x00\x04\x00\
        \x03\x00\x00\x00\x05\x00\x0d\x00\x00\x00\x00\x00\x06\x00\x0e\x00\x00\x00\x00\x00\x06\x00\x0f\x00\x00\x00\x00\x00\
        \x08\x00\x05\x00\x00\x00\x00\x00\x08\x00\x06\x00\x00\x00\x00\x00";
    let (kind, value) = attributes(captured).next().unwrap();
    assert_eq!(kind, IPVS_CMD_ATTR_DEST);
    let want = destination("10.0.0.5:443", Forward::Dr);
    assert_eq!(parse_destination(value, address("192.0.2.1:443")), Some((want, 0)));
}

/// The service's key in it is the same as ipvsadm's in the capture above, in the same order.
#[test]
fn a_new_destination_byte_by_byte() {
    let change =
        Change::AddDestination(address("192.0.2.1:443"), destination("10.0.0.5:8443", Forward::Dr));
    let mut want: Vec<u8> = vec![];
    want.extend([140, 0, 0, 0, 0x20, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]); // length, type, flags, sequence, port
    want.extend([5, 1, 0, 0]); // IPVS_CMD_NEW_DEST, version 1
    want.extend([48, 0, 1, 0x80]); // IPVS_CMD_ATTR_SERVICE, nested
    want.extend([6, 0, 1, 0, 2, 0, 0, 0]);
    want.extend([6, 0, 2, 0, 6, 0, 0, 0]);
    want.extend([20, 0, 3, 0, 192, 0, 2, 1]);
    want.extend([0; 12]);
    want.extend([6, 0, 4, 0, 1, 0xbb, 0, 0]);
    want.extend([72, 0, 2, 0x80]); // IPVS_CMD_ATTR_DEST, nested
    want.extend([20, 0, 1, 0, 10, 0, 0, 5]);
    want.extend([0; 12]);
    want.extend([6, 0, 2, 0, 0x20, 0xfb, 0, 0]);
    want.extend([6, 0, 11, 0, 2, 0, 0, 0]);
    for (kind, value) in [(3u8, 3u8), (4, 3), (5, 0), (6, 0)] {
        want.extend([8, 0, kind, 0, value, 0, 0, 0]);
    }
    assert_eq!(bytes_of(&change), want);
}

fn services() -> Vec<Service> {
    let service = |key, persistence| Service {
        key,
        scheduler: "wrr".to_owned(),
        flags: 0,
        persistence,
        destinations: Vec::new(),
    };
    let persistence = |timeout_s, granularity, engine: Option<&str>| {
        Some(Persistence { timeout_s, granularity, engine: engine.map(str::to_owned) })
    };
    vec![
        service(address("192.0.2.1:443"), None),
        service(address("[2001:db8::1]:0"), persistence(360, 64, None)),
        service(
            ServiceKey::Mark { family: Family::V4, mark: 7 },
            persistence(300, 0xffff_ff00, Some("sip")),
        ),
        Service {
            scheduler: "sh".to_owned(),
            flags: ONE_PACKET | SCHEDULER_FLAGS[1],
            ..service(
                ServiceKey::Address {
                    protocol: Protocol::Udp,
                    ip: "192.0.2.1".parse().unwrap(),
                    port: 53,
                },
                None,
            )
        },
        service(ServiceKey::Mark { family: Family::V6, mark: u32::MAX }, None),
    ]
}

#[test]
fn services_are_read_back_as_they_were_written() {
    for service in services() {
        let bytes = bytes_of(&Change::AddService(service.clone()));
        let nested = nest(&bytes, IPVS_CMD_ATTR_SERVICE);
        assert_eq!(parse_service(&nested), Some(service));
    }
}

#[test]
fn destinations_are_read_back_as_they_were_written() {
    let gue = Tunnel { kind: 1, port: 6080, flags: 1 };
    let ipip = Tunnel { kind: 0, port: 0, flags: 0 };
    let rows = [
        destination("10.0.0.5:80", Forward::Nat),
        Destination { upper: 100, lower: 50, ..destination("10.0.0.5:0", Forward::Dr) },
        destination("10.0.0.5:80", Forward::Tun(gue)),
        destination("[2001:db8::5]:80", Forward::Tun(ipip)),
    ];
    for row in rows {
        let bytes = bytes_of(&Change::EditDestination(address("192.0.2.1:80"), row.clone()));
        let nested = nest(&bytes, IPVS_CMD_ATTR_DEST);
        assert_eq!(parse_destination(&nested, address("192.0.2.1:80")), Some((row, 0)));
    }
}

#[test]
fn an_ipv4_netmask_is_in_network_order_and_an_ipv6_one_is_a_length() {
    let netmask = |service: &Service| {
        let bytes = bytes_of(&Change::AddService(service.clone()));
        let nested = nest(&bytes, IPVS_CMD_ATTR_SERVICE);
        find(&nested, IPVS_SVC_ATTR_NETMASK).unwrap().to_vec()
    };
    let services = services();
    assert_eq!(netmask(&services[2]), [255, 255, 255, 0]);
    assert_eq!(netmask(&services[1]), 64u32.to_ne_bytes());
    assert_eq!(netmask(&services[0]), [255; 4]);
}

#[test]
fn damaged_replies_are_left_out_without_a_panic() {
    let key = address("192.0.2.1:80");
    let whole = nest(&bytes_of(&Change::AddService(services()[2].clone())), IPVS_CMD_ATTR_SERVICE);
    let change = Change::AddDestination(key, destination("10.0.0.5:80", Forward::Nat));
    let other = nest(&bytes_of(&change), IPVS_CMD_ATTR_DEST);
    for bytes in [&whole, &other] {
        for cut in 0..bytes.len() {
            let _ = (parse_service(&bytes[..cut]), parse_destination(&bytes[..cut], key));
            for value in [0, 1, 3, 5, 17, 255] {
                let mut bad = bytes.clone();
                bad[cut] = value;
                let _ = (parse_service(&bad), parse_destination(&bad, key));
            }
        }
    }
    assert_eq!(parse_service(&whole[..8]), None);
}

#[test]
#[ignore = "needs IPVS, root and `ip`: runs on a lab host"]
fn kernel_tables_of_network_namespaces_are_apart() {
    let ip = |words: &str| {
        let status = Command::new("ip").args(words.split(' ')).status().unwrap();
        assert!(status.success(), "ip {words}");
    };
    let name = format!("ipvs-{}", std::process::id());
    ip(&format!("netns add {name}"));
    let key = address("192.0.2.77:7777");
    let service = Service {
        key,
        scheduler: "rr".to_owned(),
        flags: 0,
        persistence: None,
        destinations: Vec::new(),
    };
    let has = |ipvs: &mut Ipvs| ipvs.table().unwrap().iter().any(|it| it.key == key);
    let mut there = Ipvs::open_in(&IpvsNamespace::Named(name.clone())).unwrap();
    assert!(there.apply(&[Change::AddService(service)]).unwrap().is_empty());
    assert!(has(&mut there));
    for own in [IpvsNamespace::Same, IpvsNamespace::Initial] {
        assert!(!has(&mut Ipvs::open_in(&own).unwrap()));
    }
    ip(&format!("netns del {name}"));
    let gone = Ipvs::open_in(&IpvsNamespace::Named(name)).unwrap_err().to_string();
    assert!(gone.contains("No such file"), "{gone}");
}

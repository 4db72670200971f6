//! Bytes of keepalived 2.2.7, caught by
//! `tcpdump -c 1 -n -xx -i v0 proto 112` (Ethernet header cut off)
//! on a veth with 10.9.0.1/24, VRID 51, priority 255, advert_int 1, VIPs 10.9.0.100 and 10.9.0.101.

use std::vec::Vec;

use super::*;

/// `version 2`
const V2: [u8; 44] = [
    0x45, 0xc0, 0x00, 0x2c, 0x00, 0x01, 0x00, 0x00, 0xff, 0x70, 0xd0, 0x84, 0x0a, 0x09, 0x00, 0x01,
    0xe0, 0x00, 0x00, 0x12, 0x21, 0x33, 0xff, 0x02, 0x00, 0x01, 0xca, 0xed, 0x0a, 0x09, 0x00, 0x64,
    0x0a, 0x09, 0x00, 0x65, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
];
/// `version 2`, `authentication { auth_type PASS auth_pass secret }`
const V2_PASS: [u8; 44] = [
    0x45, 0xc0, 0x00, 0x2c, 0x00, 0x02, 0x00, 0x00, 0xff, 0x70, 0xd0, 0x83, 0x0a, 0x09, 0x00, 0x01,
    0xe0, 0x00, 0x00, 0x12, 0x21, 0x33, 0xff, 0x02, 0x01, 0x01, 0x8d, 0xa1, 0x0a, 0x09, 0x00, 0x64,
    0x0a, 0x09, 0x00, 0x65, 0x73, 0x65, 0x63, 0x72, 0x65, 0x74, 0x00, 0x00,
];
/// `version 3`
const V3: [u8; 36] = [
    0x45, 0xc0, 0x00, 0x24, 0x00, 0x01, 0x00, 0x00, 0xff, 0x70, 0xd0, 0x8c, 0x0a, 0x09, 0x00, 0x01,
    0xe0, 0x00, 0x00, 0x12, 0x31, 0x33, 0xff, 0x02, 0x00, 0x64, 0xcf, 0xed, 0x0a, 0x09, 0x00, 0x64,
    0x0a, 0x09, 0x00, 0x65,
];

const VIPS: [IpAddr; 2] =
    [IpAddr::V4(Ipv4Addr::new(10, 9, 0, 100)), IpAddr::V4(Ipv4Addr::new(10, 9, 0, 101))];
const ENVELOPE: Envelope = Envelope {
    source: IpAddr::V4(Ipv4Addr::new(10, 9, 0, 1)),
    destination: IpAddr::V4(GROUP),
    ttl: 255,
    protocol: PROTOCOL,
};
const TO: Addressee =
    Addressee { vrid: 51, source: ENVELOPE.source, destination: ENVELOPE.destination };
const SECRET: [u8; 8] = *b"secret\0\0";

/// keepalived 2.2.7 with `auth_type AH`, captured by `tcpdump -xx 'ip proto 51'` (password "secret").
const V2_AH: [u8; 68] = [
    0x45, 0xc0, 0x00, 0x44, 0x00, 0x01, 0x00, 0x00, 0xff, 0x33, 0xd0, 0xa9, 0x0a, 0x09, 0x00, 0x01,
    0xe0, 0x00, 0x00, 0x12, 0x70, 0x04, 0x00, 0x00, 0x0a, 0x09, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01,
    0x00, 0x77, 0x29, 0x2a, 0x7e, 0x6c, 0x88, 0xc7, 0x5f, 0x91, 0xae, 0x26, 0x21, 0x33, 0xff, 0x02,
    0x02, 0x01, 0xc8, 0xed, 0x0a, 0x09, 0x00, 0x64, 0x0a, 0x09, 0x00, 0x65, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00,
];

fn expected(version: Version, proof: Proof) -> Expected<'static> {
    Expected {
        version,
        proof,
        interval: Duration::from_secs(1),
        unicast: false,
        old_checksum: false,
        verifier: None,
        vips: &VIPS,
    }
}

fn said(version: Version) -> Advert {
    Advert { version, vrid: 51, priority: 255, interval: Duration::from_secs(1), count: 2 }
}

#[test]
fn keepalived_is_understood_and_spoken() {
    let cases = [
        (&V2[..], Version::V2, Proof::None),
        (&V2_PASS, Version::V2, Proof::Password(SECRET)),
        (&V3, Version::V3, Proof::None),
    ];
    for (bytes, version, pass) in cases {
        let received = decode(bytes, &expected(version, pass)).unwrap();
        assert_eq!(received.advert, said(version));
        assert_eq!((received.source, received.ttl), (ENVELOPE.source, 255));
        assert!(!received.addresses_differ && !received.interval_differs);
        assert_eq!(addressee(bytes), Some(TO));

        let mut out = Vec::new();
        assert!(encode(&said(version), &pass.into(), &VIPS, &ENVELOPE, &mut out));
        // Identification and checksum are the kernel's.
        out[4..6].copy_from_slice(&bytes[4..6]);
        out[10..12].copy_from_slice(&bytes[10..12]);
        assert_eq!(out, bytes);
    }
}

#[test]
fn keepalived_s_authentication_header_is_understood_and_spoken() {
    let proof = Proof::Header(SECRET);
    let received = decode(&V2_AH, &expected(Version::V2, proof)).unwrap();
    assert_eq!((received.advert, received.sequence), (said(Version::V2), Some(1)));
    assert_eq!(addressee(&V2_AH), Some(TO));

    let mut out = Vec::new();
    encode(&said(Version::V2), &proof.into(), &VIPS, &ENVELOPE, &mut out);
    ah::seal(&mut out, 0, SECRET, 1);
    // The checksum is the kernel's.
    out[10..12].copy_from_slice(&V2_AH[10..12]);
    assert_eq!(out, V2_AH);
}

/// keepalived 2.2.7: `unicast_peer { 10.77.0.2 }`, `auth_pass 12345678`, priority 100, VRID 5; by `tcpdump -xx`.
const UNICAST_AH: [u8; 64] = [
    0x45, 0xc0, 0x00, 0x40, 0x00, 0x01, 0x00, 0x00, 0xff, 0x33, 0xa6, 0x2d, 0x0a, 0x4d, 0x00, 0x01,
    0x0a, 0x4d, 0x00, 0x02, 0x70, 0x04, 0x00, 0x00, 0x0a, 0x4d, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01,
    0x29, 0xb5, 0xa3, 0xbf, 0xbf, 0x8d, 0x5a, 0xe6, 0x74, 0xdc, 0xbd, 0xf8, 0x21, 0x05, 0x64, 0x01,
    0x02, 0x01, 0x6e, 0xa4, 0x0a, 0x4d, 0x00, 0x07, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
];

#[test]
fn routers_between_unicast_peers_may_count_the_ttl_down() {
    let key = *b"12345678";
    assert_eq!(ah::open(&UNICAST_AH, 20, key), Some(1));
    let mut routed = UNICAST_AH;
    routed[8] = 250;
    assert_eq!(ah::open(&routed, 20, key), Some(1));

    let mut out = [&UNICAST_AH[..20], &UNICAST_AH[44..]].concat();
    ah::seal(&mut out, 0, key, 1);
    assert_eq!(out[..], UNICAST_AH);
}

#[test]
fn an_authentication_header_protects_all_but_what_routers_change() {
    let expected = expected(Version::V2, Proof::Header(SECRET));
    for at in 0..V2_AH.len() {
        let mut bytes = V2_AH;
        bytes[at] ^= 0x10;
        let accepted = decode(&bytes, &expected).is_ok();
        assert_eq!(accepted, [1, 6, 7, 10, 11].contains(&at), "byte {at}");
    }
    use DecodeError as E;
    assert_eq!(decode(&V2, &expected), Err(E::AuthMismatch(0)));
    assert_eq!(decode(&V2_AH, &self::expected(Version::V2, Proof::None)), Err(E::AuthMismatch(2)));
    for end in 0..V2_AH.len() {
        assert_eq!(decode(&V2_AH[..end], &expected), Err(E::Length));
    }
}

#[test]
fn ethernet_padding_is_no_part_of_the_message() {
    let mut padded = V3.to_vec();
    padded.resize(46, 0);
    assert!(decode(&padded, &expected(Version::V3, Proof::None)).is_ok());
    padded.push(0);
    assert_eq!(decode(&padded, &expected(Version::V3, Proof::None)), Err(DecodeError::Length));
}

#[test]
fn every_check_has_its_own_error() {
    use DecodeError as E;
    let v2 = expected(Version::V2, Proof::None);
    let v3 = expected(Version::V3, Proof::None);
    let pass = expected(Version::V2, Proof::Password(SECRET));
    // (bytes, byte to change, its new value, what is expected, error)
    let cases: [(&[u8], usize, u8, &Expected<'_>, DecodeError); 12] = [
        (&V3, 8, 254, &v3, E::Ttl(254)),
        (&V3, 20, 0x41, &v3, E::Version(4)),
        (&V3, 20, 0x32, &v3, E::Type(2)),
        (&V3, 23, 3, &v3, E::Length),
        (&V3, 3, 0x20, &v3, E::Length),
        (&V3, 27, 0, &v3, E::Checksum),
        (&V3, 22, 100, &v3, E::Checksum),
        (&V2, 25, 2, &v2, E::Interval(2)),
        (&V2_PASS, 24, 3, &pass, E::AuthType(3)),
        (&V2_PASS, 24, 0, &pass, E::AuthMismatch(0)),
        (&V2_PASS, 36, b'S', &pass, E::AuthFailure),
        (&V2_PASS, 24, 1, &v2, E::AuthMismatch(1)),
    ];
    for (bytes, at, value, expected, error) in cases {
        let mut bytes = bytes.to_vec();
        bytes[at] = value;
        assert_eq!(decode(&bytes, expected), Err(error), "byte {at} = {value}");
    }
    assert_eq!(decode(&V2, &v3), Err(E::Version(2)));
    assert_eq!(decode(&V3, &Expected { unicast: true, ..v3 }), Err(E::Transport));
    for end in 0..V3.len() {
        assert_eq!(decode(&V3[..end], &v3), Err(E::Length));
    }
}

#[test]
fn a_checksum_without_pseudo_header_is_accepted_in_version_3() {
    let mut bytes = V3;
    bytes[26..28].fill(0);
    let checksum = fold(sum(0, &bytes[20..])).to_be_bytes();
    bytes[26..28].copy_from_slice(&checksum);
    assert!(decode(&bytes, &expected(Version::V3, Proof::None)).is_ok());
}

#[test]
fn unicast_checksums_over_the_group_are_recognized() {
    let unicast = Envelope { destination: [10, 9, 0, 2].into(), ..ENVELOPE };
    let expected = Expected { unicast: true, ..expected(Version::V3, Proof::None) };
    for checksum in [Checksum::Proper, Checksum::Plain, Checksum::Group] {
        let writing = Writing { checksum, ..Proof::None.into() };
        let mut out = Vec::new();
        assert!(encode(&said(Version::V3), &writing, &VIPS, &unicast, &mut out));
        let old = Expected { old_checksum: true, ..expected };
        assert_eq!(decode(&out, &old).map(|received| received.checksum), Ok(checksum));
        let strict = decode(&out, &expected).map(|received| received.checksum);
        let want = Ok(checksum).and_then(|it| match it {
            Checksum::Group => Err(DecodeError::Checksum),
            Checksum::Proper | Checksum::Plain => Ok(it),
        });
        assert_eq!(strict, want);
    }
}

#[test]
fn other_addresses_are_reported_and_accepted() {
    let other = [VIPS[0], [10, 9, 0, 102].into()];
    let received =
        decode(&V3, &Expected { vips: &other, ..expected(Version::V3, Proof::None) }).unwrap();
    assert!(received.addresses_differ);
    let slow = Expected { interval: Duration::from_secs(2), ..expected(Version::V3, Proof::None) };
    assert!(decode(&V3, &slow).unwrap().interval_differs);
}

#[test]
fn no_bytes_make_it_panic() {
    // Every byte of a good message takes every value, alone.
    for bytes in [&V2[..], &V2_PASS, &V2_AH, &V3] {
        for at in 0..bytes.len() {
            let mut bytes = bytes.to_vec();
            for value in 0..=255 {
                bytes[at] = value;
                let _ = addressee(&bytes);
                let _ = decode(&bytes, &expected(Version::V2, Proof::Password(SECRET)));
                let _ = decode(&bytes, &expected(Version::V2, Proof::Header(SECRET)));
                let _ = decode(&bytes, &expected(Version::V3, Proof::None));
            }
        }
    }
}

/// An advert over IPv6, signed.
fn over_ipv6(hmac: &auth_hmac::HmacSettings) -> Vec<u8> {
    let vips = ["fe80::7777", "2001:db8::100"].map(|ip| ip.parse().unwrap());
    let envelope = Envelope {
        source: "fe80::1".parse().unwrap(),
        destination: GROUP6.into(),
        ttl: 255,
        protocol: PROTOCOL,
    };
    let signer = Some(Signer { key: &hmac.keys[0], sequence: 1 << 32 });
    let writing = Writing { signer, ..Proof::None.into() };
    let mut out = Vec::new();
    assert!(encode(&said(Version::V3), &writing, &vips, &envelope, &mut out));
    out
}

#[test]
fn every_byte_of_a_signed_advert_over_ipv6_matters_and_none_makes_it_panic() {
    let key = auth_hmac::HmacKey { id: 1, value: crate::vrrp::settings::Secret(b"k".repeat(32)) };
    let hmac = auth_hmac::HmacSettings {
        keys: std::vec![key],
        active: 1,
        window: Duration::from_secs(5),
        by_time: true,
        mode: auth_hmac::Mode::Enforce,
    };
    let bytes = over_ipv6(&hmac);
    let vips = ["fe80::7777", "2001:db8::100"].map(|ip| ip.parse().unwrap());
    let verifier = Some(Verifier { settings: &hmac, utc: Duration::from_secs(1) });
    let expected = Expected { verifier, vips: &vips, ..expected(Version::V3, Proof::None) };
    let received = decode(&bytes, &expected).unwrap();
    assert_eq!((received.advert, received.signed), (said(Version::V3), Some(1 << 32)));
    assert!(!received.addresses_differ);
    for at in 0..bytes.len() {
        for value in 0..=255 {
            let mut changed = bytes.clone();
            changed[at] = value;
            let _ = addressee(&changed);
            let good = decode(&changed, &expected).is_ok();
            // Traffic class and flow label are the routers', and what is next was the kernel's choice to tell us.
            let free = (1..4).contains(&at) || at == 6 || (at == 0 && value >> 4 == 6);
            assert_eq!(good, free || value == bytes[at], "byte {at} = {value}");
        }
    }
    for end in 0..bytes.len() {
        assert!(decode(&bytes[..end], &expected).is_err());
    }
}

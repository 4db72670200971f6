//! Trailers against an independent computation (Python's `hmac`), and the rules of sequences.

use std::vec;
use std::vec::Vec;

use super::*;

const IPV4: [u8; 16] = [
    0x31, 0x33, 0xff, 0x02, 0x00, 0x64, 0xcf, 0xed, 0x0a, 0x09, 0x00, 0x64, 0x0a, 0x09, 0x00, 0x65,
];
const IPV6: [u8; 24] = [
    0x31, 0x33, 0x64, 0x01, 0x00, 0x64, 0x00, 0x00, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0x77, 0x77,
];
/// 0x6553f100 s, one half, counter 7.
const SEQUENCE: Sequence = 0x6553_f100 << 32 | 0x8000 << 16 | 7;
const UTC: Duration = Duration::new(0x6553_f100, 500_000_000);
const WINDOW: Duration = Duration::from_secs(5);

fn settings() -> HmacSettings {
    let key = |id, first: u8| HmacKey { id, value: Secret((first..first + 32).collect()) };
    HmacSettings {
        keys: vec![key(5, 0), key(9, 100)],
        active: 5,
        window: WINDOW,
        by_time: true,
        mode: Mode::Enforce,
    }
}

fn source(ipv6: bool) -> IpAddr {
    if ipv6 { "fe80::1".parse().unwrap() } else { [10, 9, 0, 1].into() }
}

#[test]
fn signatures_are_those_of_another_implementation() {
    let settings = settings();
    let cases: [(&[u8], bool, [u8; 16]); 2] = [
        (&IPV4, false, 0xcecc_fc46_8dcb_099c_a570_9dea_b416_73ac_u128.to_be_bytes()),
        (&IPV6, true, 0xfd4c_e17e_1332_b4db_2544_3e4e_2adc_4433_u128.to_be_bytes()),
    ];
    for (message, ipv6, mac) in cases {
        let mut out = message.to_vec();
        Signer { key: &settings.keys[0], sequence: SEQUENCE }.sign(source(ipv6), 0, &mut out);
        let trailer = &out[message.len()..];
        assert_eq!(trailer[..12], [1, 5, 0, 0, 0x65, 0x53, 0xf1, 0, 0x80, 0, 0, 7]);
        assert_eq!(trailer[12..], mac);
        let verifier = Verifier { settings: &settings, utc: UTC };
        assert_eq!(verifier.verify(source(ipv6), message, Some(trailer)), Ok(Some(SEQUENCE)));
    }
}

#[test]
fn every_check_has_its_own_error() {
    use DecodeError as E;
    let settings = settings();
    let mut good = IPV4.to_vec();
    Signer { key: &settings.keys[0], sequence: SEQUENCE }.sign(source(false), 0, &mut good);
    let check = |at: usize, value: u8, utc: Duration| {
        let mut bytes = good.clone();
        bytes[at] = value;
        let verifier = Verifier { settings: &settings, utc };
        let (message, trailer) = bytes.split_at(IPV4.len());
        verifier.verify(source(false), message, Some(trailer))
    };
    // The checksum is not covered.
    assert_eq!(check(6, 0, UTC), Ok(Some(SEQUENCE)));
    let cases = [
        (16, 2, UTC, E::Trailer),
        (18, 1, UTC, E::Trailer),
        (17, 7, UTC, E::UnknownKey(7)),
        (17, 9, UTC, E::Forged),
        (2, 254, UTC, E::Forged),
        (43, 0, UTC, E::Forged),
        (0, 0x31, UTC + 6 * Duration::from_secs(1), E::Stale),
        (0, 0x31, UTC - 6 * Duration::from_secs(1), E::Stale),
        // First the time, then the key.
        (17, 7, UTC + 6 * Duration::from_secs(1), E::Stale),
    ];
    for (at, value, utc, error) in cases {
        assert_eq!(check(at, value, utc), Err(error), "byte {at} = {value}");
    }
    let other = Verifier { settings: &settings, utc: UTC };
    assert_eq!(other.verify(source(true), &IPV4, Some(&good[16..])), Err(E::Forged));
    assert_eq!(other.verify(source(false), &IPV4, None), Err(E::Unsigned));
    let timeless = HmacSettings { by_time: false, ..settings.clone() };
    let timeless = Verifier { settings: &timeless, utc: Duration::ZERO };
    assert_eq!(timeless.verify(source(false), &IPV4, Some(&good[16..])), Ok(Some(SEQUENCE)));
    for mode in [Mode::Permissive, Mode::ReceiveOnly] {
        let settings = HmacSettings { mode, ..settings.clone() };
        let verifier = Verifier { settings: &settings, utc: UTC };
        assert_eq!(verifier.verify(source(false), &IPV4, None), Ok(None));
    }
}

#[test]
fn sequences_rise_with_the_clock_and_without_it() {
    let settings = settings();
    let second = Duration::from_secs(1);
    let mut own = Sequences::default();
    let first = own.next(&settings, UTC);
    assert_eq!(first, SEQUENCE - 7);
    assert_eq!(own.next(&settings, UTC), first + 1);
    // Two seconds back: it goes on; ten: it follows the clock.
    assert_eq!(own.next(&settings, UTC - 2 * second), first + 2);
    assert!(own.next(&settings, UTC - 10 * second) < first);
    let timeless = HmacSettings { by_time: false, ..settings.clone() };
    let mut own = Sequences::default();
    let first = own.next(&timeless, UTC);
    assert_eq!(own.next(&timeless, UTC - 10 * second), first + 1);
    assert!(own.clone().continued().next(&timeless, UTC - 10 * second) > first + 1000);
    // After 2038 too.
    let late = Duration::from_secs(0xf000_0000);
    assert_eq!(Sequences::default().next(&timeless, late), 0xf000_0000 << 32);
}

#[test]
fn what_was_heard_is_not_new() {
    let settings = settings();
    let mut it = Sequences::default();
    let sender = |n: u8| IpAddr::from([10, 0, 0, n]);
    let mut hear = |n, sequence, utc, peers| it.is_new(&settings, sender(n), sequence, utc, peers);
    assert!(hear(1, SEQUENCE, UTC, None));
    assert!(!hear(1, SEQUENCE, UTC, None));
    assert!(!hear(1, SEQUENCE - 1, UTC, None));
    assert!(hear(2, SEQUENCE, UTC, None));
    assert!(hear(1, SEQUENCE + 1, UTC, None));
    // Of a group the four that spoke last are known: 2 is forgotten, 1 is not.
    for n in 3..=5 {
        assert!(hear(n, SEQUENCE, UTC, None));
    }
    assert!(hear(2, SEQUENCE, UTC, None));
    let forgotten: Vec<bool> = (1..=5).map(|n| hear(n, SEQUENCE, UTC, Some(9))).collect();
    assert_eq!(forgotten, [true, false, false, false, false]);
    // What is out of the window would be stale anyway.
    assert!(hear(2, SEQUENCE, UTC + 9 * WINDOW, Some(9)));
}

#[test]
fn keys_are_texts_or_digits() {
    let text = "k".repeat(32);
    assert_eq!(key_bytes(&text), Ok(vec![b'k'; 32]));
    assert_eq!(key_bytes(&std::format!("hex:{}", "fF".repeat(64))), Ok(vec![0xff; 64]));
    for bad in
        ["k", "", &"k".repeat(65), "hex:", &std::format!("hex:{}f", "ff".repeat(32)), "hex:€"]
    {
        assert!(key_bytes(bad).is_err(), "{bad}");
    }
    assert!(key_bytes(&std::format!("hex:{}", "+f".repeat(32))).is_err());
}

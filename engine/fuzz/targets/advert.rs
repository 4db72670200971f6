//! What arrives at a VRRP socket. The first bytes say what the receiver expects, the rest is the datagram. Hardly any
//! mutation has a good checksum or digest: where the input asks for it they are mended, so that what lies behind them is
//! reached as well.
#![no_main]

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use understudy_core::vrrp::authentication_header;
use understudy_core::vrrp::packet::{self, Expected, Proof};
use understudy_core::vrrp::settings::Version;

const KEY: [u8; 8] = *b"secret\0\0";
const VIPS: [Ipv4Addr; 2] = [Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(192, 0, 2, 2)];

const VERSION_3: u8 = 1;
const UNICAST: u8 = 2;
const PASSWORD: u8 = 4;
const HEADER: u8 = 8;
/// Length and checksum are mended.
const MENDED: u8 = 16;
/// An authentication header is put in front.
const SEALED: u8 = 32;

fuzz_target!(|input: &[u8]| {
    let [flags, seconds, datagram @ ..] = input else { return };
    let is = |flag| flags & flag != 0;
    let version = if is(VERSION_3) { Version::V3 } else { Version::V2 };
    let expected = Expected {
        version,
        proof: match (is(PASSWORD), is(HEADER)) {
            (true, _) => Proof::Password(KEY),
            (_, true) => Proof::Header(KEY),
            _ => Proof::None,
        },
        interval: Duration::from_secs(u64::from(*seconds)),
        unicast: is(UNICAST),
        vips: &VIPS,
    };
    let mut datagram = datagram.to_vec();
    if is(MENDED) {
        mend(&mut datagram);
    }
    if is(SEALED) && datagram.len() >= 20 {
        authentication_header::seal(&mut datagram, 0, KEY, u32::from(*seconds));
    }
    let to = packet::addressee(&datagram);
    let Ok(received) = packet::decode(&datagram, &expected) else { return };
    let to = to.expect("what is accepted has an addressee");
    assert_eq!((to.vrid, IpAddr::V4(to.source)), (received.advert.vrid, received.source));

    // What it says can be said, and is then understood as the same.
    let mut again = vec![0; 20];
    again[0] = 0x45;
    again[8] = received.ttl;
    again[9] = packet::PROTOCOL;
    again[12..16].copy_from_slice(&to.source.octets());
    again[16..20].copy_from_slice(&to.destination.octets());
    let vips = vec![VIPS[0]; usize::from(received.advert.count)];
    packet::encode(&received.advert, expected.proof, &vips, to.source, to.destination, &mut again);
    let length = u16::try_from(again.len()).unwrap().to_be_bytes();
    again[2..4].copy_from_slice(&length);
    if received.sequence.is_some() {
        authentication_header::seal(&mut again, 0, KEY, 1);
    }
    let understood = packet::decode(&again, &expected).expect("our own adverts are good");
    assert_eq!(understood.advert, received.advert);
});

/// Makes length and checksum those of the datagram as it is.
fn mend(datagram: &mut [u8]) {
    let Some(first) = datagram.first() else { return };
    let start = usize::from(first & 0x0f) * 4;
    if start < 20 || datagram.len() < start + 8 {
        return;
    }
    if let Ok(length) = u16::try_from(datagram.len()) {
        datagram[2..4].copy_from_slice(&length.to_be_bytes());
    }
    datagram[start + 6..start + 8].fill(0);
    let words = datagram[start..].chunks(2).map(|pair| match *pair {
        [high, low] => u32::from(u16::from_be_bytes([high, low])),
        [high] => u32::from(high) << 8,
        _ => 0,
    });
    let mut sum: u32 = words.sum();
    while sum >> 16 != 0 {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    let checksum = !u16::try_from(sum).unwrap();
    datagram[start + 6..start + 8].copy_from_slice(&checksum.to_be_bytes());
}

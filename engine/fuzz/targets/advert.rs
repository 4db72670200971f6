//! What arrives at a VRRP socket. The first bytes say what the receiver expects (two, and a third where signatures may
//! follow), the rest is the datagram. Hardly any mutation has a good checksum, digest or signature: where the input asks
//! for it they are mended, so that what lies behind them is reached as well.
#![no_main]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use understudy_core::vrrp::auth_hmac::{
    self, HmacKey, HmacSettings, Mode, Sequences, Signer, Verifier,
};
use understudy_core::vrrp::authentication_header;
use understudy_core::vrrp::envelope::{self, Envelope};
use understudy_core::vrrp::packet::{self, Expected, Proof, Writing};
use understudy_core::vrrp::settings::{Secret, Version};

const KEY: [u8; 8] = *b"secret\0\0";
const VIPS: [IpAddr; 4] = [
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)),
    IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
];

const VERSION_3: u8 = 1;
const UNICAST: u8 = 2;
const PASSWORD: u8 = 4;
const HEADER: u8 = 8;
/// Length and checksum are mended.
const MENDED: u8 = 16;
/// An authentication header is put in front.
const SEALED: u8 = 32;
/// A checksum over the group is accepted in unicast.
const OLD_CHECKSUM: u8 = 64;
/// A signature may follow.
const SIGNED: u8 = 128;

// Of the third byte.
/// A signature must follow.
const ENFORCED: u8 = 1;
/// Its time must be near the own clock.
const BY_TIME: u8 = 2;
/// It is made anew, with the sequence that the input has.
const RESIGNED: u8 = 4;
/// By the other key.
const OTHER_KEY: u8 = 8;
/// The own clock.
const UTC: Duration = Duration::from_secs(0x6553_f100);

fuzz_target!(|input: &[u8]| {
    let [flags, seconds, datagram @ ..] = input else { return };
    let is = |flag| flags & flag != 0;
    let (how, datagram) = match (is(SIGNED), datagram) {
        (true, [how, datagram @ ..]) => (*how, datagram),
        _ => (0, datagram),
    };
    let how = |flag| how & flag != 0;
    let version = if is(VERSION_3) { Version::V3 } else { Version::V2 };
    let key = |id: u8| HmacKey { id, value: Secret(vec![id; 32]) };
    let hmac = HmacSettings {
        keys: vec![key(7), key(8)],
        active: 7,
        window: Duration::from_secs(5),
        by_time: how(BY_TIME),
        mode: if how(ENFORCED) { Mode::Enforce } else { Mode::Permissive },
    };
    let verifier = Verifier { settings: &hmac, utc: UTC };
    let expected = Expected {
        version,
        proof: match (is(PASSWORD), is(HEADER)) {
            (true, _) => Proof::Password(KEY),
            (_, true) => Proof::Header(KEY),
            _ => Proof::None,
        },
        interval: Duration::from_secs(u64::from(*seconds)),
        unicast: is(UNICAST),
        old_checksum: is(OLD_CHECKSUM),
        verifier: is(SIGNED).then_some(verifier),
        vips: &VIPS,
    };
    let mut datagram = datagram.to_vec();
    let signer = Signer { key: &hmac.keys[usize::from(how(OTHER_KEY))], sequence: 0 };
    let signer = how(RESIGNED).then(|| Signer { sequence: cut_signature(&mut datagram), ..signer });
    if is(MENDED) {
        mend(&mut datagram);
    }
    if let Some(signer) = signer {
        sign(&mut datagram, &signer);
    }
    if is(SEALED) && datagram.len() >= 20 {
        authentication_header::seal(&mut datagram, 0, KEY, u32::from(*seconds));
    }
    let to = packet::addressee(&datagram);
    let Ok(received) = packet::decode(&datagram, &expected) else { return };
    let to = to.expect("what is accepted has an addressee");
    assert_eq!((to.vrid, to.source), (received.advert.vrid, received.source));
    if let Some(sequence) = received.signed {
        let mut heard = Sequences::default();
        assert!(heard.is_new(&hmac, to.source, sequence, UTC, None));
        assert!(!heard.is_new(&hmac, to.source, sequence, UTC, None), "it was there before");
    }

    // What it says can be said, and is then understood as the same.
    let envelope = Envelope {
        source: to.source,
        destination: to.destination,
        ttl: received.ttl,
        protocol: packet::PROTOCOL,
    };
    let vip = if to.source.is_ipv4() { VIPS[0] } else { VIPS[2] };
    let vips = vec![vip; usize::from(received.advert.count)];
    let mut again = Vec::new();
    let signer = received.signed.map(|sequence| Signer { key: &hmac.keys[0], sequence });
    let writing = Writing { signer, ..expected.proof.into() };
    assert!(packet::encode(&received.advert, &writing, &vips, &envelope, &mut again));
    if received.sequence.is_some() {
        authentication_header::seal(&mut again, 0, KEY, 1);
    }
    let understood = packet::decode(&again, &expected).expect("our own adverts are good");
    assert_eq!((understood.advert, understood.signed), (received.advert, received.signed));
});

/// Takes a signature off the end, whatever it is worth; its sequence.
fn cut_signature(datagram: &mut Vec<u8>) -> auth_hmac::Sequence {
    let trailer = datagram.split_off(datagram.len().saturating_sub(auth_hmac::LENGTH));
    trailer.get(4..12).map_or(0, |it| u64::from_be_bytes(it.try_into().unwrap()))
}

/// Puts a good one there.
fn sign(datagram: &mut Vec<u8>, signer: &Signer<'_>) {
    let Some((envelope, start)) = Envelope::read(datagram) else { return };
    if datagram.len() >= start + 8 {
        signer.sign(envelope.source, start, datagram);
        envelope::close(datagram);
    }
}

/// Makes length and checksum those of the datagram as it is.
fn mend(datagram: &mut [u8]) {
    let Some((envelope, start)) = Envelope::read(datagram) else { return };
    if datagram.len() < start + 8 {
        return;
    }
    envelope::close(datagram);
    let message = &mut datagram[start..];
    message[6..8].fill(0);
    let mut total = sum(message);
    // Over IPv4 both forms of the checksum are accepted; over IPv6 the pseudo header is always part of it.
    if let (IpAddr::V6(source), IpAddr::V6(destination)) = (envelope.source, envelope.destination) {
        total += sum(&source.octets()) + sum(&destination.octets());
        total += u32::try_from(message.len()).unwrap() + u32::from(packet::PROTOCOL);
    }
    while total >> 16 != 0 {
        total = (total & 0xffff) + (total >> 16);
    }
    let checksum = !u16::try_from(total).unwrap();
    message[6..8].copy_from_slice(&checksum.to_be_bytes());
}

fn sum(bytes: &[u8]) -> u32 {
    let words = bytes.chunks(2).map(|pair| match *pair {
        [high, low] => u32::from(u16::from_be_bytes([high, low])),
        [high] => u32::from(high) << 8,
        _ => 0,
    });
    words.sum()
}

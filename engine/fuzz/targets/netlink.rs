//! What the kernel sends: one datagram, read by everything that reads messages. A reader that is added to `netlink/`
//! is added to `READERS`.
#![no_main]
#![allow(dead_code, unused_imports)] // The binary uses the rest.

#[path = "../../understudy/src/netlink/mod.rs"]
mod netlink;
#[path = "../../understudy/src/sys/mod.rs"]
mod sys;

use std::hint::black_box;

use libfuzzer_sys::fuzz_target;
use netlink::message::{Message, messages};
use netlink::{address, ipvs, link, message, route, rule};
use understudy_core::ipvs::table::{Family, ServiceKey};

const READERS: &[fn(Message<'_>)] = &[
    |m| read(link::read(m)),
    |m| read(address::read(m)),
    |m| read(route::read(m, |_| Some("eth0".into()))),
    |m| read(rule::read(m)),
    |m| read(ipvs::read_service(m)),
    // The key only tells the address family, for old kernels.
    |m| read(ipvs::read_destination(m, ServiceKey::Mark { family: Family::V4, mark: 1 })),
    |m| read(ipvs::read_destination(m, ServiceKey::Mark { family: Family::V6, mark: 1 })),
    |m| read(ipvs::daemons::read(m)),
    |m| read(message::refusal(m, 0)),
];

fn read<T>(found: T) {
    black_box(found);
}

fuzz_target!(|datagram: &[u8]| {
    let mut read = 0;
    for message in messages(datagram) {
        read += 16 + message.payload.len();
        assert!(read <= datagram.len(), "no byte belongs to two messages");
        READERS.iter().for_each(|reader| reader(message));
    }
});

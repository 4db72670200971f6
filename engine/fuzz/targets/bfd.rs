//! A BFD control packet (RFC 5880 §4.1): what is understood can be said, and is then understood as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use understudy_core::bfd::packet;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(packet) = packet::decode(bytes) {
        assert_eq!(packet::decode(&packet.encode()), Ok(packet));
    }
});

//! Gratuitous ARP (RFC 826, RFC 5227 §3): a broadcast request whose sender and target are the announced address.
//!
//! ```text
//! Ethernet: destination ff:ff:ff:ff:ff:ff | source | 0x0806
//! ARP: hardware 1 | protocol 0x0800 | 6 | 4 | operation 1 | sender MAC, IP | target MAC ff:..:ff, IP
//! ```

use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::sys::socket;

/// To everybody.
pub const BROADCAST: [u8; 6] = [0xff; 6];

/// Sends frames on every interface; never receives.
#[derive(Debug)]
pub struct FrameSocket(OwnedFd);

impl FrameSocket {
    /// Needs CAP_NET_RAW.
    pub fn open() -> io::Result<Self> {
        // Protocol 0: the kernel hands it nothing.
        socket::open(libc::AF_PACKET, libc::SOCK_RAW, 0).map(Self)
    }
}

impl AsFd for FrameSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// The frame that announces `ip` at `mac`.
pub fn gratuitous(mac: [u8; 6], ip: Ipv4Addr) -> [u8; 42] {
    let mut frame = [0; 42];
    frame[..6].copy_from_slice(&BROADCAST);
    frame[6..12].copy_from_slice(&mac);
    frame[12..22].copy_from_slice(&[0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, 1]);
    frame[22..28].copy_from_slice(&mac);
    frame[28..32].copy_from_slice(&ip.octets());
    frame[32..38].copy_from_slice(&BROADCAST);
    frame[38..42].copy_from_slice(&ip.octets());
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frame_is_keepalived_s() {
        // keepalived 2.2.7 with VIP 10.9.0.100, caught by `tcpdump -c 1 -n -xx -i v0 arp`.
        let caught = [
            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x12, 0x1c, 0xcd, 0x95, 0x4a, 0xef, 0x08, 0x06,
            0x00, 0x01, 0x08, 0x00, 0x06, 0x04, 0x00, 0x01, 0x12, 0x1c, 0xcd, 0x95, 0x4a, 0xef,
            0x0a, 0x09, 0x00, 0x64, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0a, 0x09, 0x00, 0x64,
        ];
        let mac = [0x12, 0x1c, 0xcd, 0x95, 0x4a, 0xef];
        assert_eq!(gratuitous(mac, Ipv4Addr::new(10, 9, 0, 100)), caught);
    }
}

//! Many datagrams with one system call: sendmmsg(2) and recvmmsg(2). A wake-up costs thirty times what a packet does.

use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

use super::check;
use super::socket::RawAddress;

/// Datagrams in one system call.
const BATCH: usize = 32;

/// One datagram to send.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Whom it goes to.
    pub to: &'a RawAddress,
}

/// Sends all datagrams. Tells how many left, and the first error, after which the rest is tried nevertheless.
pub fn send_many(fd: &impl AsFd, packets: &[Outgoing<'_>]) -> (usize, Option<io::Error>) {
    let fd = fd.as_fd().as_raw_fd();
    let (mut sent, mut error, mut next) = (0, None, 0);
    while next < packets.len() {
        let chunk = &packets[next..packets.len().min(next + BATCH)];
        // SAFETY: all-zero is a valid value of these plain structures.
        let (mut vectors, mut headers): ([libc::iovec; BATCH], [libc::mmsghdr; BATCH]) =
            unsafe { (std::mem::zeroed(), std::mem::zeroed()) };
        for (i, packet) in chunk.iter().enumerate() {
            vectors[i].iov_base = packet.bytes.as_ptr().cast_mut().cast();
            vectors[i].iov_len = packet.bytes.len();
            let header = &mut headers[i].msg_hdr;
            header.msg_name = packet.to.as_ptr().cast_mut().cast();
            header.msg_namelen = packet.to.len();
            header.msg_iov = &raw mut vectors[i];
            header.msg_iovlen = 1;
        }
        let count = libc::c_uint::try_from(chunk.len()).expect("at most BATCH");
        // SAFETY: `count` headers are filled; what they point to lives longer than the call and is only read.
        match check(unsafe { libc::sendmmsg(fd, headers.as_mut_ptr(), count, 0) }) {
            Ok(n) => {
                let n = usize::try_from(n).unwrap_or(0).max(1);
                sent += n;
                next += n;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => {
                error.get_or_insert(e);
                next += 1; // the first of the chunk is the one that failed
            }
        }
    }
    (sent, error)
}

/// One datagram as it was received.
#[derive(Clone, Copy, Debug)]
pub struct Incoming<'a> {
    /// Its bytes; raw IPv4 sockets include the IP header, those of IPv6 don't.
    pub bytes: &'a [u8],
    /// When the kernel took it in (realtime), with SO_TIMESTAMPNS set.
    pub received: Option<Duration>,
    /// Hop limit, with IPV6_RECVHOPLIMIT or IP_RECVTTL set.
    pub hop_limit: Option<u8>,
    /// The sender.
    pub source: Option<IpAddr>,
    /// Whom it was sent to, with IPV6_RECVPKTINFO or IP_PKTINFO set.
    pub destination: Option<IpAddr>,
}

/// Room for one datagram. A longer one is dropped: no advert is as long.
const ROOM: usize = 2048;
/// Room for its control messages.
const CONTROL: usize = 128;

/// Buffers for receiving; allocated once. They come zeroed from the kernel: those that no datagram reaches take no memory.
pub struct Receiver {
    bytes: Vec<u8>,
    /// Of a type that is aligned as control messages are.
    control: Vec<u64>,
    sources: Vec<RawAddress>,
}

impl std::fmt::Debug for Receiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Receiver({BATCH} slots)")
    }
}

impl Default for Receiver {
    fn default() -> Self {
        Self::new()
    }
}

impl Receiver {
    /// Buffers for one system call's worth of datagrams.
    pub fn new() -> Self {
        Self {
            bytes: vec![0; ROOM * BATCH],
            control: vec![0; CONTROL / 8 * BATCH],
            sources: vec![RawAddress::empty(); BATCH],
        }
    }

    /// Hands every waiting datagram to `take`, until there are none.
    pub fn drain(
        &mut self,
        fd: &impl AsFd,
        mut take: impl FnMut(Incoming<'_>),
    ) -> io::Result<usize> {
        let fd = fd.as_fd().as_raw_fd();
        let mut total = 0;
        loop {
            // SAFETY: all-zero is a valid value of these plain structures.
            let (mut vectors, mut headers): ([libc::iovec; BATCH], [libc::mmsghdr; BATCH]) =
                unsafe { (std::mem::zeroed(), std::mem::zeroed()) };
            let slots = self.bytes.chunks_exact_mut(ROOM);
            let slots = slots.zip(self.control.chunks_exact_mut(CONTROL / 8));
            for (i, ((bytes, control), source)) in slots.zip(&mut self.sources).enumerate() {
                vectors[i].iov_base = bytes.as_mut_ptr().cast();
                vectors[i].iov_len = ROOM;
                let header = &mut headers[i].msg_hdr;
                header.msg_iov = &raw mut vectors[i];
                header.msg_iovlen = 1;
                header.msg_control = control.as_mut_ptr().cast();
                header.msg_controllen = CONTROL;
                (header.msg_name, header.msg_namelen) = source.room();
            }
            let room = libc::c_uint::try_from(BATCH).expect("BATCH is small");
            let none = std::ptr::null_mut();
            // SAFETY: every header points to buffers of the lengths it states, which live longer than the call.
            let count = check(unsafe {
                libc::recvmmsg(fd, headers.as_mut_ptr(), room, libc::MSG_DONTWAIT, none)
            });
            let count = match count {
                Ok(n) => usize::try_from(n).unwrap_or(0),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(total),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(e),
            };
            let slots = self.bytes.chunks_exact(ROOM).zip(&headers).zip(&self.sources);
            for ((bytes, header), source) in slots.take(count) {
                if header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0 {
                    continue;
                }
                let len = usize::try_from(header.msg_len).unwrap_or(0).min(ROOM);
                let bytes = &bytes[..len];
                let source = source.to_socket_addr().map(|it| it.ip());
                let mut incoming =
                    Incoming { bytes, received: None, hop_limit: None, source, destination: None };
                read_control(&header.msg_hdr, &mut incoming);
                take(incoming);
            }
            total += count;
            if count < BATCH {
                return Ok(total);
            }
        }
    }
}

fn read_control(header: &libc::msghdr, incoming: &mut Incoming<'_>) {
    // SAFETY: the kernel filled the control buffer of `header` and set its length; CMSG_* stay within it, and each
    // value is read only if the message is long enough for it, without demanding alignment.
    unsafe {
        let mut cmsg = libc::CMSG_FIRSTHDR(header);
        while let Some(c) = cmsg.as_ref() {
            let data = libc::CMSG_DATA(cmsg);
            let len = c.cmsg_len.saturating_sub(usize::try_from(libc::CMSG_LEN(0)).unwrap_or(0));
            match (c.cmsg_level, c.cmsg_type) {
                (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) if len >= size_of::<libc::timespec>() => {
                    let ts = data.cast::<libc::timespec>().read_unaligned();
                    let seconds = u64::try_from(ts.tv_sec).unwrap_or(0);
                    let nanos = u32::try_from(ts.tv_nsec).unwrap_or(0);
                    incoming.received = Some(Duration::new(seconds, nanos));
                }
                (libc::IPPROTO_IPV6, libc::IPV6_HOPLIMIT) | (libc::IPPROTO_IP, libc::IP_TTL)
                    if len >= size_of::<libc::c_int>() =>
                {
                    let value = data.cast::<libc::c_int>().read_unaligned();
                    incoming.hop_limit = u8::try_from(value).ok();
                }
                (libc::IPPROTO_IP, libc::IP_PKTINFO) if len >= size_of::<libc::in_pktinfo>() => {
                    let info = data.cast::<libc::in_pktinfo>().read_unaligned();
                    let destination = info.ipi_addr.s_addr.to_ne_bytes();
                    incoming.destination = Some(IpAddr::from(destination));
                }
                (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO)
                    if len >= size_of::<libc::in6_pktinfo>() =>
                {
                    let info = data.cast::<libc::in6_pktinfo>().read_unaligned();
                    incoming.destination = Some(Ipv6Addr::from(info.ipi6_addr.s6_addr).into());
                }
                _ => {}
            }
            cmsg = libc::CMSG_NXTHDR(header, cmsg);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{SocketAddr, UdpSocket};

    use super::*;
    use crate::sys::socket;

    #[test]
    fn many_datagrams_arrive_in_order_with_ttl_and_time() {
        let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket::set(&receiver, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, 1).unwrap();
        socket::set(&receiver, libc::IPPROTO_IP, libc::IP_RECVTTL, 1).unwrap();
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        sender.set_ttl(77).unwrap();
        let to = RawAddress::from(receiver.local_addr().unwrap());
        let bodies: Vec<[u8; 2]> = (0..50).map(|i| [i, 1]).collect();
        let packets: Vec<_> = bodies.iter().map(|b| Outgoing { bytes: b, to: &to }).collect();
        let (sent, error) = send_many(&sender, &packets);
        assert_eq!((sent, error.is_none()), (50, true));

        let mut got = Vec::new();
        let count = Receiver::new()
            .drain(&receiver, |p| {
                assert_eq!(p.hop_limit, Some(77));
                assert!(p.received.unwrap() > Duration::from_secs(1_700_000_000));
                got.push(p.bytes.to_vec());
            })
            .unwrap();
        assert_eq!(count, 50);
        assert_eq!(got, bodies.iter().map(|b| b.to_vec()).collect::<Vec<_>>());
    }

    #[test]
    fn one_bad_destination_does_not_hold_up_the_others() {
        let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        let good = RawAddress::from(receiver.local_addr().unwrap());
        let bad = RawAddress::from("[::1]:9".parse::<SocketAddr>().unwrap());
        let packets = [
            Outgoing { bytes: b"a", to: &good },
            Outgoing { bytes: b"b", to: &bad },
            Outgoing { bytes: b"c", to: &good },
        ];
        let (sent, error) = send_many(&sender, &packets);
        assert_eq!((sent, error.is_some()), (2, true));
        assert_eq!(Receiver::new().drain(&receiver, |_| {}).unwrap(), 2);
    }
}

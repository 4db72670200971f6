//! Sockets: opening, options, addresses. What std's own sockets can't do; always non-blocking and close-on-exec.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use super::{check, check_len, len_of, own};

/// socket(2), non-blocking.
pub fn open(domain: libc::c_int, kind: libc::c_int, protocol: libc::c_int) -> io::Result<OwnedFd> {
    // SAFETY: no pointers.
    own(unsafe { libc::socket(domain, kind | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK, protocol) })
}

/// The address family of `address`: AF_INET or AF_INET6.
pub fn domain_of(address: &IpAddr) -> libc::c_int {
    if address.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 }
}

/// A value that a socket option may have: plain data without pointers.
///
/// # Safety
/// Every bit pattern must be valid, and the kernel must be able to read and write it as bytes.
pub unsafe trait OptionValue: Copy {}
// SAFETY: a plain integer of the kernel's interface.
unsafe impl OptionValue for libc::c_int {}
// SAFETY: plain data of the kernel's interface, without pointers.
unsafe impl OptionValue for u32 {}
// SAFETY: plain data of the kernel's interface, without pointers.
unsafe impl OptionValue for u8 {}
// SAFETY: plain data of the kernel's interface, without pointers.
unsafe impl OptionValue for libc::ip_mreqn {}
// SAFETY: plain data of the kernel's interface, without pointers.
unsafe impl OptionValue for libc::ipv6_mreq {}
// SAFETY: plain data of the kernel's interface, without pointers.
unsafe impl OptionValue for libc::packet_mreq {}
// SAFETY: plain data of the kernel's interface, without pointers.
unsafe impl OptionValue for libc::linger {}
// SAFETY: plain data of the kernel's interface, without pointers.
unsafe impl OptionValue for libc::timeval {}
// SAFETY: plain data of the kernel's interface, without pointers.
unsafe impl OptionValue for libc::ucred {}
// SAFETY: a plain array of integers of the kernel's interface.
unsafe impl OptionValue for [u32; 8] {}

/// setsockopt(2).
pub fn set<T: OptionValue>(
    fd: &impl AsFd,
    level: libc::c_int,
    name: libc::c_int,
    value: T,
) -> io::Result<()> {
    let fd = fd.as_fd().as_raw_fd();
    // SAFETY: `value` is plain data (OptionValue) and valid for its own size.
    check(unsafe { libc::setsockopt(fd, level, name, (&raw const value).cast(), len_of::<T>()) })
        .map(drop)
}

/// getsockopt(2).
pub fn get<T: OptionValue>(fd: &impl AsFd, level: libc::c_int, name: libc::c_int) -> io::Result<T> {
    // SAFETY: all-zero is valid for plain data (OptionValue).
    let mut value: T = unsafe { std::mem::zeroed() };
    let mut len = len_of::<T>();
    let fd = fd.as_fd().as_raw_fd();
    // SAFETY: `value` is valid for `len` bytes.
    check(unsafe { libc::getsockopt(fd, level, name, (&raw mut value).cast(), &raw mut len) })?;
    Ok(value)
}

/// Why an attempt to connect failed; `None`: it did not.
pub fn error_of(fd: &impl AsFd) -> io::Result<Option<io::Error>> {
    let code: libc::c_int = get(fd, libc::SOL_SOCKET, libc::SO_ERROR)?;
    Ok((code != 0).then(|| io::Error::from_raw_os_error(code)))
}

/// SO_BINDTODEVICE.
pub fn bind_to_device(fd: &impl AsFd, interface: &str) -> io::Result<()> {
    let len = libc::socklen_t::try_from(interface.len())
        .map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    let fd = fd.as_fd().as_raw_fd();
    let name = interface.as_ptr().cast();
    // SAFETY: the name is valid for `len` bytes; it need not end with a zero.
    check(unsafe { libc::setsockopt(fd, libc::SOL_SOCKET, libc::SO_BINDTODEVICE, name, len) })
        .map(drop)
}

/// A receive buffer of `bytes`, beyond the system's limit if we may.
pub fn receive_buffer(fd: &impl AsFd, bytes: libc::c_int) -> io::Result<()> {
    set(fd, libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, bytes)
        .or_else(|_| set(fd, libc::SOL_SOCKET, libc::SO_RCVBUF, bytes))
}

/// A send buffer of `bytes`, beyond the system's limit if we may.
pub fn send_buffer(fd: &impl AsFd, bytes: libc::c_int) -> io::Result<()> {
    set(fd, libc::SOL_SOCKET, libc::SO_SNDBUFFORCE, bytes)
        .or_else(|_| set(fd, libc::SOL_SOCKET, libc::SO_SNDBUF, bytes))
}

/// One instruction of a filter (classic BPF, linux/filter.h). Jumps count the instructions that are passed over.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Instruction(libc::sock_filter);

impl Instruction {
    /// Remembers what was loaded (BPF_MISC | BPF_TAX).
    pub const KEEP: Self = Self::new(0x07, 0, 0, 0);
    /// Lets the message through, whole (BPF_RET | BPF_K).
    pub const TAKE: Self = Self::new(0x06, 0, 0, u32::MAX);
    /// Drops it.
    pub const DROP: Self = Self::new(0x06, 0, 0, 0);

    const fn new(code: u16, then: u8, otherwise: u8, k: u32) -> Self {
        Self(libc::sock_filter { code, jt: then, jf: otherwise, k })
    }

    /// Loads the word at this offset, in network order (BPF_LD | BPF_W | BPF_ABS).
    pub const fn load(offset: u32) -> Self {
        Self::new(0x20, 0, 0, offset)
    }

    /// Compares what was loaded (BPF_JMP | BPF_JEQ | BPF_K).
    pub const fn equal_to(value: u32, then: u8, otherwise: u8) -> Self {
        Self::new(0x15, then, otherwise, value)
    }

    /// Compares it with what was remembered (BPF_JMP | BPF_JEQ | BPF_X).
    pub const fn equal_to_kept(then: u8, otherwise: u8) -> Self {
        Self::new(0x1d, then, otherwise, 0)
    }
}

/// Lets only what passes `program` reach the socket.
pub fn filter(fd: &impl AsFd, program: &[Instruction]) -> io::Result<()> {
    let len = u16::try_from(program.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let filter = libc::sock_fprog { len, filter: program.as_ptr().cast_mut().cast() };
    let fd = fd.as_fd().as_raw_fd();
    // SAFETY: `filter` points to `len` instructions that live until the call returns; the kernel only copies them.
    check(unsafe {
        libc::setsockopt(
            fd,
            libc::SOL_SOCKET,
            libc::SO_ATTACH_FILTER,
            (&raw const filter).cast(),
            len_of::<libc::sock_fprog>(),
        )
    })
    .map(drop)
}

/// Drops everything before it is queued: a raw socket that only sends would otherwise get a copy of every packet of its
/// protocol.
pub fn receive_nothing(fd: &impl AsFd) -> io::Result<()> {
    filter(fd, &[Instruction::DROP])
}

/// A raw ICMP socket gets echo replies only: not what others ask this host, nor neighbour discovery.
pub fn only_echo_replies(fd: &impl AsFd, v6: bool) -> io::Result<()> {
    // A bit that is set blocks its type (linux/icmp.h, linux/icmpv6.h).
    const FILTER: libc::c_int = 1;
    if v6 {
        let mut block = [u32::MAX; 8];
        block[129 / 32] &= !(1 << (129 % 32));
        return set(fd, libc::IPPROTO_ICMPV6, FILTER, block);
    }
    set(fd, libc::IPPROTO_RAW, FILTER, !1_u32)
}

/// A socket address as the kernel takes it.
#[derive(Clone, Copy)]
pub struct RawAddress {
    storage: Longest,
    len: libc::socklen_t,
}

/// None that is used here is longer, or aligned otherwise; `sockaddr_storage` takes 128 bytes, for each datagram in a queue.
type Longest = libc::sockaddr_in6;

impl std::fmt::Debug for RawAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RawAddress({:?})", self.to_socket_addr())
    }
}

impl RawAddress {
    /// An empty one, to be filled by the kernel.
    pub fn empty() -> Self {
        // SAFETY: all-zero is a valid value of this plain structure.
        Self { storage: unsafe { std::mem::zeroed() }, len: len_of::<Longest>() }
    }

    fn of<T>(value: T) -> Self {
        const {
            assert!(size_of::<T>() <= size_of::<Longest>());
            assert!(align_of::<T>() <= align_of::<Longest>());
        }
        let mut address = Self::empty();
        // SAFETY: storage is large enough and aligned (asserted).
        unsafe { (&raw mut address.storage).cast::<T>().write(value) };
        address.len = len_of::<T>();
        address
    }

    /// On the link layer: who gets a frame on which interface.
    pub fn link(interface: u32, destination: [u8; 6]) -> Self {
        // SAFETY: all-zero is a valid value of this plain structure.
        let mut ll: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
        ll.sll_family = u16::try_from(libc::AF_PACKET).expect("a small constant");
        ll.sll_ifindex = libc::c_int::try_from(interface).unwrap_or(0);
        ll.sll_halen = 6;
        ll.sll_addr[..6].copy_from_slice(&destination);
        Self::of(ll)
    }

    /// Netlink: these multicast groups (bits of the first 32).
    pub fn netlink(groups: u32) -> Self {
        // SAFETY: all-zero is a valid value of this plain structure.
        let mut nl: libc::sockaddr_nl = unsafe { std::mem::zeroed() };
        nl.nl_family = u16::try_from(libc::AF_NETLINK).expect("a small constant");
        nl.nl_groups = groups;
        Self::of(nl)
    }

    /// As std knows it; `None` when it is neither IPv4 nor IPv6.
    pub fn to_socket_addr(self) -> Option<SocketAddr> {
        match libc::c_int::from(self.storage.sin6_family) {
            libc::AF_INET => {
                // SAFETY: the family says that this is a sockaddr_in; storage is aligned and large enough.
                let v4: libc::sockaddr_in =
                    unsafe { (&raw const self.storage).cast::<libc::sockaddr_in>().read() };
                let ip = Ipv4Addr::from(v4.sin_addr.s_addr.to_ne_bytes());
                Some(SocketAddrV4::new(ip, u16::from_be(v4.sin_port)).into())
            }
            libc::AF_INET6 => {
                // SAFETY: the family says that this is a sockaddr_in6; storage is aligned and large enough.
                let v6: libc::sockaddr_in6 =
                    unsafe { (&raw const self.storage).cast::<libc::sockaddr_in6>().read() };
                let ip = Ipv6Addr::from(v6.sin6_addr.s6_addr);
                let port = u16::from_be(v6.sin6_port);
                Some(SocketAddrV6::new(ip, port, v6.sin6_flowinfo, v6.sin6_scope_id).into())
            }
            _ => None,
        }
    }

    /// Where the kernel writes an address, and how long it may be.
    pub(super) fn room(&mut self) -> (*mut libc::c_void, libc::socklen_t) {
        ((&raw mut self.storage).cast(), len_of::<Longest>())
    }

    pub(super) fn as_ptr(&self) -> *const libc::sockaddr {
        (&raw const self.storage).cast()
    }

    pub(super) fn len(&self) -> libc::socklen_t {
        self.len
    }
}

impl From<SocketAddr> for RawAddress {
    fn from(address: SocketAddr) -> Self {
        match address {
            SocketAddr::V4(v4) => {
                // SAFETY: all-zero is a valid value of this plain structure.
                let mut raw: libc::sockaddr_in = unsafe { std::mem::zeroed() };
                raw.sin_family = u16::try_from(libc::AF_INET).expect("a small constant");
                raw.sin_port = v4.port().to_be();
                raw.sin_addr.s_addr = u32::from_ne_bytes(v4.ip().octets());
                Self::of(raw)
            }
            SocketAddr::V6(v6) => {
                // SAFETY: all-zero is a valid value of this plain structure.
                let mut raw: libc::sockaddr_in6 = unsafe { std::mem::zeroed() };
                raw.sin6_family = u16::try_from(libc::AF_INET6).expect("a small constant");
                raw.sin6_port = v6.port().to_be();
                raw.sin6_flowinfo = v6.flowinfo();
                raw.sin6_addr.s6_addr = v6.ip().octets();
                raw.sin6_scope_id = v6.scope_id();
                Self::of(raw)
            }
        }
    }
}

/// bind(2).
pub fn bind(fd: &impl AsFd, address: &RawAddress) -> io::Result<()> {
    let fd = fd.as_fd().as_raw_fd();
    // SAFETY: the address is valid for its own length.
    check(unsafe { libc::bind(fd, address.as_ptr(), address.len()) }).map(drop)
}

/// connect(2) without waiting. `true`: connected already; `false`: becomes writable when it has ended, then ask
/// `error_of`.
pub fn connect(fd: &impl AsFd, address: &RawAddress) -> io::Result<bool> {
    let fd = fd.as_fd().as_raw_fd();
    // SAFETY: the address is valid for its own length.
    match check(unsafe { libc::connect(fd, address.as_ptr(), address.len()) }) {
        Ok(_) => Ok(true),
        Err(e) if e.raw_os_error() == Some(libc::EINPROGRESS) => Ok(false),
        Err(e) => Err(e),
    }
}

/// send(2); never raises SIGPIPE.
pub fn send(fd: &impl AsFd, bytes: &[u8]) -> io::Result<usize> {
    let fd = fd.as_fd().as_raw_fd();
    // SAFETY: the buffer is valid for its own length.
    check_len(unsafe { libc::send(fd, bytes.as_ptr().cast(), bytes.len(), libc::MSG_NOSIGNAL) })
}

/// recv(2) without waiting.
pub fn receive(fd: &impl AsFd, buffer: &mut [u8]) -> io::Result<usize> {
    let fd = fd.as_fd().as_raw_fd();
    let (data, len) = (buffer.as_mut_ptr().cast(), buffer.len());
    // SAFETY: the buffer is valid for its own length.
    check_len(unsafe { libc::recv(fd, data, len, libc::MSG_DONTWAIT) })
}

/// recv(2) without waiting that tells a message's true length, even if the buffer was too short for it (MSG_TRUNC).
pub fn receive_whole(fd: &impl AsFd, buffer: &mut [u8]) -> io::Result<usize> {
    let fd = fd.as_fd().as_raw_fd();
    let (data, len) = (buffer.as_mut_ptr().cast(), buffer.len());
    // SAFETY: the buffer is valid for its own length.
    check_len(unsafe { libc::recv(fd, data, len, libc::MSG_DONTWAIT | libc::MSG_TRUNC) })
}

/// Reads and writes on this descriptor (and its copies) never wait.
pub fn set_nonblocking(fd: &impl AsFd) -> io::Result<()> {
    let fd = fd.as_fd().as_raw_fd();
    // SAFETY: no pointers.
    let flags = check(unsafe { libc::fcntl(fd, libc::F_GETFL) })?;
    // SAFETY: no pointers.
    check(unsafe { libc::fcntl(fd, libc::F_SETFL, flags | libc::O_NONBLOCK) }).map(drop)
}

/// Waits until `fd` is readable. For conversations at start-up and in batches with the kernel, which answers at once.
pub fn wait_readable(fd: &impl AsFd, timeout_ms: libc::c_int) -> io::Result<()> {
    wait(fd, libc::POLLIN, timeout_ms)
}

/// Waits until `fd` is writable; for the last words of a process that ends.
pub fn wait_writable(fd: &impl AsFd, timeout_ms: libc::c_int) -> io::Result<()> {
    wait(fd, libc::POLLOUT, timeout_ms)
}

fn wait(fd: &impl AsFd, events: libc::c_short, timeout_ms: libc::c_int) -> io::Result<()> {
    let mut poll = libc::pollfd { fd: fd.as_fd().as_raw_fd(), events, revents: 0 };
    // SAFETY: one valid structure.
    match check(unsafe { libc::poll(&raw mut poll, 1, timeout_ms) })? {
        0 => Err(io::ErrorKind::TimedOut.into()),
        _ => Ok(()),
    }
}

/// Writes all of `bytes` if that is possible without waiting, to a socket, pipe, terminal or file. The descriptor may be
/// shared with others, so it is not made non-blocking. `false`: there was no room.
pub fn write_now(fd: &impl AsFd, bytes: &[u8]) -> bool {
    let raw = fd.as_fd().as_raw_fd();
    let (data, len) = (bytes.as_ptr().cast(), bytes.len());
    let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
    // SAFETY: the buffer is valid for its own length.
    match check_len(unsafe { libc::send(raw, data, len, flags) }) {
        Err(e) if e.raw_os_error() == Some(libc::ENOTSOCK) => {}
        other => return other.is_ok(),
    }
    let mut poll = libc::pollfd { fd: raw, events: libc::POLLOUT, revents: 0 };
    // A pipe that is writable has room for PIPE_BUF bytes (4096): up to there the write does not wait.
    let len = len.min(4096);
    // SAFETY: one valid structure; the buffer is valid for `len` bytes.
    unsafe {
        libc::poll(&raw mut poll, 1, 0) == 1
            && poll.revents & libc::POLLOUT != 0
            && check_len(libc::write(raw, data, len)).is_ok()
    }
}

/// Who is at the other end of a unix socket (SO_PEERCRED): process, user, group.
pub fn peer(fd: &impl AsFd) -> io::Result<(u32, u32, u32)> {
    let cred: libc::ucred = get(fd, libc::SOL_SOCKET, libc::SO_PEERCRED)?;
    Ok((u32::try_from(cred.pid).unwrap_or(0), cred.uid, cred.gid))
}

/// The number of the interface with this name in our network namespace.
pub fn interface_index(name: &str) -> io::Result<u32> {
    let name = std::ffi::CString::new(name)?;
    // SAFETY: a valid C string.
    match unsafe { libc::if_nametoindex(name.as_ptr()) } {
        0 => Err(io::Error::last_os_error()),
        index => Ok(index),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_survive_the_way_through_the_kernel_format() {
        for text in ["192.0.2.7:80", "[2001:db8::1]:443"] {
            let address: SocketAddr = text.parse().unwrap();
            assert_eq!(RawAddress::from(address).to_socket_addr(), Some(address));
        }
        assert_eq!(RawAddress::netlink(1).to_socket_addr(), None);
    }

    #[test]
    fn a_refused_connection_tells_why() {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let fd = open(libc::AF_INET, libc::SOCK_STREAM, 0).unwrap();
        match connect(&fd, &port.into()) {
            Ok(_) => {
                let error = error_of(&fd).unwrap().unwrap();
                assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
            }
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused),
        }
    }

    #[test]
    fn the_peer_of_a_pair_is_ourselves() {
        let (a, _b) = std::os::unix::net::UnixStream::pair().unwrap();
        assert_eq!(peer(&a).unwrap().0, std::process::id());
    }

    #[test]
    fn loopback_has_an_index() {
        assert_ne!(interface_index("lo").unwrap(), 0);
        assert!(interface_index("no-such-if").is_err());
    }
}

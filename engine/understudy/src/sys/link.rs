//! Questions to a driver about one interface (netdevice(7); linux/mii.h, linux/ethtool.h, linux/sockios.h).

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use super::{check, socket};

const SIOCGIFFLAGS: u32 = 0x8913;
const SIOCETHTOOL: u32 = 0x8946;
const SIOCGMIIPHY: u32 = 0x8947;
const SIOCGMIIREG: u32 = 0x8948;
const ETHTOOL_GLINK: u32 = 0x0a;
/// Basic mode status register, and its bit of the link.
const MII_BMSR: u16 = 1;
const BMSR_LSTATUS: u16 = 4;

/// Takes questions.
#[derive(Debug)]
pub struct Asker(OwnedFd);

/// struct ifreq with what these requests put into its union.
#[repr(C)]
struct Request<T: Copy> {
    name: [u8; libc::IFNAMSIZ],
    data: T,
    /// The union is larger than what we put there.
    rest: [u8; 24],
}

/// struct mii_ioctl_data
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Mii {
    phy: u16,
    register: u16,
    value_in: u16,
    value_out: u16,
}

/// struct ethtool_value
#[repr(C)]
#[derive(Clone, Copy)]
struct Value {
    command: u32,
    data: u32,
}

impl Asker {
    /// Any socket will do.
    pub fn new() -> io::Result<Self> {
        socket::open(libc::AF_INET, libc::SOCK_DGRAM, 0).map(Self)
    }

    fn ask<T: Copy>(&self, what: u32, interface: &str, data: T) -> io::Result<T> {
        let mut request = Request { name: [0; libc::IFNAMSIZ], data, rest: [0; 24] };
        let name = request.name.get_mut(..interface.len()).filter(|it| it.len() < libc::IFNAMSIZ);
        name.ok_or(io::ErrorKind::InvalidInput)?.copy_from_slice(interface.as_bytes());
        // The C libraries disagree about the type.
        let what = what as _;
        // SAFETY: `request` is at least as large as struct ifreq, and what `data` points to lives as long.
        check(unsafe { libc::ioctl(self.0.as_raw_fd(), what, &raw mut request) })?;
        Ok(request.data)
    }

    /// Asks the transceiver. Its bit stays down until it was read once after a failure, so it is read twice.
    pub fn mii(&self, interface: &str) -> io::Result<bool> {
        let mut mii: Mii = self.ask(SIOCGMIIPHY, interface, Mii::default())?;
        mii.register = MII_BMSR;
        self.ask(SIOCGMIIREG, interface, mii)?;
        Ok(self.ask(SIOCGMIIREG, interface, mii)?.value_out & BMSR_LSTATUS != 0)
    }

    /// Asks the driver.
    pub fn ethtool(&self, interface: &str) -> io::Result<bool> {
        let mut value = Value { command: ETHTOOL_GLINK, data: 0 };
        self.ask(SIOCETHTOOL, interface, &raw mut value)?;
        Ok(value.data != 0)
    }

    /// Asks for the flags: IFF_UP and IFF_RUNNING.
    pub fn flags(&self, interface: &str) -> io::Result<bool> {
        let flags: libc::c_short = self.ask(SIOCGIFFLAGS, interface, 0)?;
        let both = libc::IFF_UP | libc::IFF_RUNNING;
        Ok(libc::c_int::from(flags) & both == both)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_as_large_as_the_kernels() {
        assert!(size_of::<Request<Mii>>() >= size_of::<libc::ifreq>());
        assert!(size_of::<Request<libc::c_short>>() >= size_of::<libc::ifreq>());
        assert!(size_of::<Request<*mut Value>>() >= size_of::<libc::ifreq>());
    }

    #[test]
    fn the_loopback_is_up_and_has_no_transceiver() {
        let asker = Asker::new().unwrap();
        assert!(asker.flags("lo").unwrap());
        assert!(asker.ethtool("lo").unwrap());
        assert!(asker.mii("lo").is_err());
        assert!(asker.flags("no-such-if").is_err());
        assert!(asker.flags("a-name-that-is-too-long").is_err());
    }
}

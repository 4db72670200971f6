//! When IPVS forgets connections (linux/ip_vs.h).

use understudy_core::ipvs::settings::Timeouts;

use super::{Error, Ipvs, command};
use crate::netlink::message::{Batch, to_u32};

const IPVS_CMD_SET_CONFIG: u8 = 12;
const IPVS_CMD_GET_CONFIG: u8 = 13;
const IPVS_CMD_ATTR_TIMEOUT_TCP: u16 = 4;
const IPVS_CMD_ATTR_TIMEOUT_TCP_FIN: u16 = 5;
const IPVS_CMD_ATTR_TIMEOUT_UDP: u16 = 6;

impl Ipvs {
    /// As they are.
    pub fn timeouts(&mut self) -> Result<Timeouts, Error> {
        let mut batch = Batch::new();
        batch.message(self.family, 0, &command(IPVS_CMD_GET_CONFIG), |_| {});
        let mut timeouts = Timeouts::default();
        self.socket.request(&mut batch, |message| {
            for (kind, value) in message.attributes(4) {
                let seconds = to_u32(value).unwrap_or(0);
                match kind {
                    IPVS_CMD_ATTR_TIMEOUT_TCP => timeouts.tcp = seconds,
                    IPVS_CMD_ATTR_TIMEOUT_TCP_FIN => timeouts.tcp_fin = seconds,
                    IPVS_CMD_ATTR_TIMEOUT_UDP => timeouts.udp = seconds,
                    _ => {}
                }
            }
        })?;
        Ok(timeouts)
    }

    /// Changes those that are not 0.
    pub fn set_timeouts(&mut self, timeouts: Timeouts) -> Result<(), Error> {
        let mut batch = Batch::new();
        batch.message(self.family, 0, &command(IPVS_CMD_SET_CONFIG), |a| {
            a.u32(IPVS_CMD_ATTR_TIMEOUT_TCP, timeouts.tcp);
            a.u32(IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, timeouts.tcp_fin);
            a.u32(IPVS_CMD_ATTR_TIMEOUT_UDP, timeouts.udp);
        });
        self.socket.request(&mut batch, |_| {}).map_err(Error::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_is_read_back() {
        let Ok(mut ipvs) = Ipvs::open() else {
            eprintln!("skipped: needs IPVS");
            return;
        };
        let before = ipvs.timeouts().unwrap();
        ipvs.set_timeouts(Timeouts { tcp: 901, tcp_fin: 0, udp: 301 }).unwrap();
        let now = ipvs.timeouts().unwrap();
        ipvs.set_timeouts(before).unwrap();
        assert_eq!(now, Timeouts { tcp: 901, tcp_fin: before.tcp_fin, udp: 301 });
    }
}

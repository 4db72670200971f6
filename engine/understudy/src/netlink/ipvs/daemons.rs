//! The kernel's IPVS sync daemons: those that run, and changes to them.

use understudy_core::ipvs::sync::{Change, Daemon, Options, Role};

use super::super::message::{
    Attributes, Batch, Message, NLM_F_DUMP, to_ip, to_text, to_u16, to_u32,
};
use super::{Error, Ipvs, command, find, nested};

const IPVS_CMD_NEW_DAEMON: u8 = 9;
const IPVS_CMD_DEL_DAEMON: u8 = 10;
const IPVS_CMD_GET_DAEMON: u8 = 11;

const IPVS_CMD_ATTR_DAEMON: u16 = 3;

const IPVS_DAEMON_ATTR_STATE: u16 = 1;
const IPVS_DAEMON_ATTR_MCAST_IFN: u16 = 2;
const IPVS_DAEMON_ATTR_SYNC_ID: u16 = 3;
const IPVS_DAEMON_ATTR_SYNC_MAXLEN: u16 = 4;
const IPVS_DAEMON_ATTR_MCAST_GROUP: u16 = 5;
const IPVS_DAEMON_ATTR_MCAST_GROUP6: u16 = 6;
const IPVS_DAEMON_ATTR_MCAST_PORT: u16 = 7;
const IPVS_DAEMON_ATTR_MCAST_TTL: u16 = 8;

const IP_VS_STATE_MASTER: u32 = 1;
const IP_VS_STATE_BACKUP: u32 = 2;

impl Ipvs {
    /// The daemons that run.
    pub fn daemons(&mut self) -> Result<Vec<Daemon>, Error> {
        let mut batch = Batch::new();
        batch.message(self.family, NLM_F_DUMP, &command(IPVS_CMD_GET_DAEMON), |_| {});
        let replies = self.socket.dump(&mut batch)?;
        Ok(replies.iter().filter_map(read).collect())
    }

    /// Makes the changes in order; goes on after a refusal, and tells each.
    pub fn change_daemons(&mut self, changes: &[Change]) -> Result<Vec<String>, Error> {
        let mut batch = Batch::new();
        changes.iter().for_each(|change| encode(&mut batch, self.family, change));
        let refusals = self.socket.transact(&mut batch)?;
        let refused = refusals.into_iter().filter_map(|why| {
            let (verb, daemon) = match changes.get(why.index)? {
                Change::Start(daemon) => ("start", daemon),
                Change::Stop(daemon) => ("stop", daemon),
            };
            let (role, interface) = (name(daemon.role), &daemon.options.interface);
            Some(format!("{verb} sync daemon {role} on {interface}: {why}"))
        });
        Ok(refused.collect())
    }
}

const fn name(role: Role) -> &'static str {
    match role {
        Role::Master => "master",
        Role::Backup => "backup",
    }
}

fn encode(batch: &mut Batch, family: u16, change: &Change) {
    let (number, daemon, whole) = match change {
        Change::Start(daemon) => (IPVS_CMD_NEW_DAEMON, daemon, true),
        Change::Stop(daemon) => (IPVS_CMD_DEL_DAEMON, daemon, false),
    };
    batch.message(family, 0, &command(number), |a| {
        a.nest(IPVS_CMD_ATTR_DAEMON, |a| {
            a.u32(
                IPVS_DAEMON_ATTR_STATE,
                match daemon.role {
                    Role::Master => IP_VS_STATE_MASTER,
                    Role::Backup => IP_VS_STATE_BACKUP,
                },
            );
            if whole {
                encode_options(a, &daemon.options);
            }
        });
    });
}

fn encode_options(a: &mut Attributes<'_>, options: &Options) {
    a.text(IPVS_DAEMON_ATTR_MCAST_IFN, &options.interface);
    a.u32(IPVS_DAEMON_ATTR_SYNC_ID, options.id.into());
    // Those below are known since Linux 4.3.
    if let Some(length) = options.max_len {
        a.u16(IPVS_DAEMON_ATTR_SYNC_MAXLEN, length);
    }
    if let Some(group) = options.group {
        let v6 = group.is_ipv6();
        let kind = if v6 { IPVS_DAEMON_ATTR_MCAST_GROUP6 } else { IPVS_DAEMON_ATTR_MCAST_GROUP };
        a.ip(kind, group);
    }
    if let Some(port) = options.port {
        a.u16(IPVS_DAEMON_ATTR_MCAST_PORT, port);
    }
    if let Some(ttl) = options.ttl {
        a.u8(IPVS_DAEMON_ATTR_MCAST_TTL, ttl);
    }
}

/// Reads a message of the dump of sync daemons.
pub fn read(message: Message<'_>) -> Option<Daemon> {
    parse(nested(message, IPVS_CMD_ATTR_DAEMON)?)
}

fn parse(value: &[u8]) -> Option<Daemon> {
    let role = match find(value, IPVS_DAEMON_ATTR_STATE).and_then(to_u32)? {
        IP_VS_STATE_MASTER => Role::Master,
        IP_VS_STATE_BACKUP => Role::Backup,
        _ => return None,
    };
    let id = find(value, IPVS_DAEMON_ATTR_SYNC_ID).and_then(to_u32)?;
    let group = find(value, IPVS_DAEMON_ATTR_MCAST_GROUP)
        .or_else(|| find(value, IPVS_DAEMON_ATTR_MCAST_GROUP6));
    let options = Options {
        interface: to_text(find(value, IPVS_DAEMON_ATTR_MCAST_IFN)?),
        id: u8::try_from(id).ok()?,
        max_len: find(value, IPVS_DAEMON_ATTR_SYNC_MAXLEN).and_then(to_u16),
        port: find(value, IPVS_DAEMON_ATTR_MCAST_PORT).and_then(to_u16),
        ttl: find(value, IPVS_DAEMON_ATTR_MCAST_TTL).and_then(|v| v.first().copied()),
        group: group.and_then(to_ip),
    };
    Some(Daemon { role, options })
}

#[cfg(test)]
mod tests {
    use super::super::super::message::messages;
    use super::*;

    #[test]
    fn what_is_started_is_read_back() {
        for group in ["224.0.0.82", "ff02::5"] {
            let options = Options {
                interface: "eth1".into(),
                id: 52,
                max_len: Some(1400),
                port: Some(8850),
                ttl: Some(2),
                group: Some(group.parse().unwrap()),
            };
            let daemon = Daemon { role: Role::Backup, options };
            let mut batch = Batch::new();
            encode(&mut batch, 21, &Change::Start(daemon.clone()));
            let message = messages(batch.bytes()).next().unwrap();
            let (kind, value) = message.attributes(4).next().unwrap();
            assert_eq!((kind, parse(value)), (IPVS_CMD_ATTR_DAEMON, Some(daemon)));
        }
    }
}

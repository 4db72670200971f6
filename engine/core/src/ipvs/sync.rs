//! The kernel's daemons that tell IPVS connections to the peer: a master sends, a backup receives. What should run
//! against what runs.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

/// Multicast group, port and TTL that the kernel uses when it is told none.
const GROUP: [u8; 4] = [224, 0, 0, 81];
const PORT: u16 = 8848;
const TTL: u8 = 1;

/// What the configuration says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SyncDaemon {
    /// The instance whose state it follows: master when that is MASTER, else backup. `None`: always both.
    pub instance: Option<String>,
    /// How both run.
    pub options: Options,
}

/// How a daemon runs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Options {
    /// Interface that the messages use.
    pub interface: String,
    /// A backup takes messages of this identifier only; 0: all.
    pub id: u8,
    /// Most bytes in a message; `None`: what the interface carries.
    pub max_len: Option<u16>,
    /// UDP port.
    pub port: Option<u16>,
    /// TTL of the messages.
    pub ttl: Option<u8>,
    /// Multicast group.
    pub group: Option<IpAddr>,
}

/// What a daemon does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Role {
    /// Sends.
    Master,
    /// Receives.
    Backup,
}

/// One daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Daemon {
    /// What it does.
    pub role: Role,
    /// How it runs.
    pub options: Options,
}

/// What to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Start it.
    Start(Daemon),
    /// Stop it.
    Stop(Daemon),
}

/// What leads from `present` to `wanted`. What runs as wanted is left alone, and what is new starts before what is no
/// longer wanted stops.
#[must_use]
pub fn changes(present: &[Daemon], wanted: &[Daemon]) -> Vec<Change> {
    let mut all = Vec::new();
    for daemon in wanted {
        let same_role = present.iter().find(|it| it.role == daemon.role);
        if same_role.is_some_and(|it| it.is(daemon)) {
            continue;
        }
        // The kernel has room for one of each role.
        all.extend(same_role.cloned().map(Change::Stop));
        all.push(Change::Start(daemon.clone()));
    }
    let unwanted = |it: &&Daemon| !wanted.iter().any(|daemon| daemon.role == it.role);
    all.extend(present.iter().filter(unwanted).cloned().map(Change::Stop));
    all
}

impl Daemon {
    /// Whether the kernel's daemon is the one that is wanted.
    fn is(&self, wanted: &Self) -> bool {
        let (there, asked) = (&self.options, &wanted.options);
        there.interface == asked.interface
            && there.id == asked.id
            && (asked.max_len.is_none() || there.max_len == asked.max_len)
            && there.port.unwrap_or(PORT) == asked.port.unwrap_or(PORT)
            && there.ttl.unwrap_or(TTL) == asked.ttl.unwrap_or(TTL)
            && there.group.unwrap_or(GROUP.into()) == asked.group.unwrap_or(GROUP.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn daemon(role: Role, id: u8) -> Daemon {
        let interface = "eth0".into();
        Daemon {
            role,
            options: Options { interface, id, max_len: None, port: None, ttl: None, group: None },
        }
    }

    #[test]
    fn what_runs_as_wanted_is_left_alone() {
        let mut there = daemon(Role::Backup, 51);
        there.options.max_len = Some(1460);
        there.options.port = Some(8848);
        there.options.ttl = Some(1);
        there.options.group = Some(GROUP.into());
        assert_eq!(changes(&[there.clone()], &[daemon(Role::Backup, 51)]), []);
        let mut longer = daemon(Role::Backup, 51);
        longer.options.ttl = Some(3);
        assert_eq!(
            changes(&[there.clone()], &[longer.clone()]),
            [Change::Stop(there), Change::Start(longer)]
        );
    }

    #[test]
    fn the_new_role_begins_before_the_old_one_ends() {
        let (master, backup) = ([daemon(Role::Master, 51)], [daemon(Role::Backup, 51)]);
        let [begin, end] = [&master, &backup].map(|it| it[0].clone());
        assert_eq!(changes(&backup, &master), [Change::Start(begin.clone()), Change::Stop(end)]);
        assert_eq!(changes(&master, &[]), [Change::Stop(begin)]);
    }
}

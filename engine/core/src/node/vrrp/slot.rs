//! One instance with all that belongs to it on this host.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

#[cfg(feature = "serde")]
use super::lives::is_default;
use crate::journal::Entry;
use crate::net::address::Address;
use crate::time::Time;
use crate::vrrp::announce::{Announcer, Target};
use crate::vrrp::auth_hmac::{self, Mode, Sequences, Signer, Verifier};
use crate::vrrp::authentication_header;
use crate::vrrp::envelope::Envelope;
use crate::vrrp::instance::{Condition, Instance, Parameters};
use crate::vrrp::notify::News;
use crate::vrrp::pace::Gates;
use crate::vrrp::packet::{
    self, Addressee, Advert, Checksum, DecodeError, Expected, Proof, Received, Writing,
};
use crate::vrrp::settings::{InstanceSettings, OldChecksum, Transport, Version, Vrid};

/// What an instance is known by across reloads and restarts; its name does not matter (reference §3.14).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Key {
    vrid: Vrid,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "is_default"))]
    ipv6: bool,
    interface: String,
    /// The group, or none for unicast.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "is_default"))]
    group: Option<IpAddr>,
    /// Unicast: the source address.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "is_default"))]
    source: Option<IpAddr>,
    /// Multicast: `use_vmac` and `use_vmac_addr`.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "is_default"))]
    virtual_links: (bool, bool),
}

impl Key {
    /// The key of these settings.
    #[must_use]
    pub fn of(settings: &InstanceSettings) -> Self {
        let (group, source) = match settings.transport {
            Transport::Multicast { group } => (Some(group), None),
            Transport::Unicast { .. } => (None, settings.source),
        };
        let interface = settings.vrf.as_ref().unwrap_or(&settings.interface).clone();
        let virtual_links = match group {
            Some(_) => (settings.vmacs.own.is_some(), settings.vmacs.for_addresses),
            None => (false, false),
        };
        let ipv6 = settings.is_ipv6();
        Self { vrid: settings.vrid, ipv6, interface, group, source, virtual_links }
    }
}

/// What was counted, as keepalived's statistics name it (reference §3.13).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[allow(missing_docs)] // The names are keepalived's.
pub struct Counters {
    pub advert_rcvd: u64,
    pub advert_sent: u64,
    pub become_master: u64,
    pub release_master: u64,
    pub packet_len_err: u64,
    pub ip_ttl_err: u64,
    pub invalid_type_rcvd: u64,
    pub advert_interval_err: u64,
    pub addr_list_err: u64,
    pub invalid_authtype: u64,
    pub authtype_mismatch: u64,
    pub auth_failure: u64,
    pub auth_ext_missing: u64,
    pub auth_ext_malformed: u64,
    pub auth_ext_unknown_key: u64,
    pub auth_ext_invalid_hmac: u64,
    pub auth_ext_stale: u64,
    pub auth_ext_replay: u64,
    pub pri_zero_rcvd: u64,
    pub pri_zero_sent: u64,
    /// Ours: another version.
    pub version_err: u64,
    /// Ours: damaged.
    pub checksum_err: u64,
    /// Ours: multicast instead of unicast or the reverse, or an unknown sender.
    pub sender_err: u64,
    /// Ours: addresses put back.
    pub repairs: u64,
}

impl Counters {
    fn count(&mut self, error: DecodeError) {
        let counter = match error {
            DecodeError::Length => &mut self.packet_len_err,
            DecodeError::Ttl(_) => &mut self.ip_ttl_err,
            DecodeError::Version(_) => &mut self.version_err,
            DecodeError::AuthType(_) => &mut self.invalid_authtype,
            DecodeError::AuthMismatch(_) => &mut self.authtype_mismatch,
            DecodeError::AuthFailure | DecodeError::Replayed(_) => &mut self.auth_failure,
            DecodeError::Unsigned => &mut self.auth_ext_missing,
            DecodeError::Trailer => &mut self.auth_ext_malformed,
            DecodeError::UnknownKey(_) => &mut self.auth_ext_unknown_key,
            DecodeError::Forged => &mut self.auth_ext_invalid_hmac,
            DecodeError::Stale => &mut self.auth_ext_stale,
            DecodeError::Repeated => &mut self.auth_ext_replay,
            DecodeError::Interval(_) => &mut self.advert_interval_err,
            DecodeError::Type(_) => &mut self.invalid_type_rcvd,
            DecodeError::Checksum => &mut self.checksum_err,
            DecodeError::Transport => &mut self.sender_err,
        };
        *counter += 1;
    }
}

/// What is wrong with an advert, for the log: once for each kind until the state changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Odd {
    /// Dropped.
    Bad(DecodeError),
    /// Dropped: the sender is no configured peer, or came with a forbidden TTL.
    Stranger,
    /// Accepted; adverts are sent with checksums of that kind from now on.
    OldChecksum,
    /// Accepted, though the addresses differ.
    Addresses,
    /// Accepted, though the interval differs.
    Interval(Duration),
}

/// This many repairs within [`REPAIR_WINDOW`] are a fight that we lose: the instance goes to FAULT for that long.
pub const REPAIR_LIMIT: usize = 10;
/// See [`REPAIR_LIMIT`].
pub const REPAIR_WINDOW: Duration = Duration::from_secs(60);

/// More authentication headers than leave between two handovers.
const UNTOLD: u32 = 4096;

/// One instance with all that belongs to it on this host.
#[derive(Clone, Debug)]
pub struct Slot {
    /// What the configuration says.
    pub settings: InstanceSettings,
    /// What it is known by.
    pub key: Key,
    /// The state machine.
    pub instance: Instance,
    /// Its announcements.
    pub announcer: Announcer,
    /// Index of its interface in the node's list.
    pub link: usize,
    /// Index of its sync group.
    pub group: Option<usize>,
    /// It holds its addresses.
    pub holding: bool,
    /// Whether it could work, its group aside.
    pub own_condition: Condition,
    /// Whether it can work, as the state machine was told last.
    pub condition: Condition,
    /// Where adverts come from.
    pub source: Option<IpAddr>,
    /// Removed by a reload; stays until its successor has spoken.
    pub retired: bool,
    /// Somebody deletes its addresses again and again: in FAULT until then.
    pub contested_until: Option<Time>,
    /// Repairs within the window.
    repaired: VecDeque<Time>,
    /// What was counted.
    pub counters: Counters,
    /// The last change of state.
    pub last: Option<Entry>,
    /// What the last mail was about.
    pub mailed: Option<News>,
    /// Addresses in adverts.
    advertised: Box<[IpAddr]>,
    proof: Proof,
    /// Sequence number of the last authentication header, ours or another's.
    sequence: u32,
    /// The last one of another's, and whose it was.
    last_sealed: Option<(IpAddr, u32, Time)>,
    /// Of signatures.
    signed: Sequences,
    /// The signature of the advert that is being written, for all of its destinations.
    signing: Option<u64>,
    /// The host's clock, since 1970; only for signatures.
    utc: Duration,
    /// A peer computes checksums over the group.
    old_checksum: bool,
    logged: Vec<Odd>,
    /// Whose addresses were compared last.
    compared: Option<IpAddr>,
}

impl Slot {
    /// An instance that has not started.
    #[must_use]
    pub fn new(
        mut settings: InstanceSettings,
        link: usize,
        group: Option<usize>,
        gates: &mut Gates,
    ) -> Self {
        // Lists that were read have room for more.
        settings.vips.shrink_to_fit();
        settings.excluded.shrink_to_fit();
        let parameters = Parameters::new(&settings, group.is_some());
        let announcer = Announcer::new(settings.garp, targets(&settings, gates));
        let announcer = announcer.with_extra(without_adverts(&settings));
        Self {
            key: Key::of(&settings),
            instance: Instance::new(parameters, settings.priority),
            announcer,
            link,
            group,
            holding: false,
            own_condition: Condition::Good,
            condition: Condition::Good,
            source: None,
            retired: false,
            contested_until: None,
            repaired: VecDeque::new(),
            counters: Counters::default(),
            last: None,
            mailed: None,
            advertised: advertised(&settings),
            proof: proof(&settings),
            sequence: 0,
            last_sealed: None,
            signed: Sequences::default(),
            signing: None,
            utc: Duration::ZERO,
            old_checksum: settings.wire.old_unicast_checksum == OldChecksum::Always,
            logged: Vec::new(),
            compared: None,
            settings,
        }
    }

    /// Takes over what lives of an instance with other settings. Says whether addresses were added while it holds them.
    pub fn adopt(&mut self, former: Self, now: Time) -> bool {
        let known = |address: &Address| former.addresses().any(|it| it == address);
        let more = former.holding && !self.addresses().all(known);
        self.instance = former.instance;
        self.holding = former.holding;
        self.own_condition = former.own_condition;
        self.condition = former.condition;
        self.source = former.source;
        self.contested_until = former.contested_until;
        self.repaired = former.repaired;
        self.counters = former.counters;
        self.sequence = former.sequence;
        self.last_sealed = former.last_sealed;
        self.signed = former.signed;
        self.utc = former.utc;
        let automatic = self.settings.wire.old_unicast_checksum == OldChecksum::Automatic;
        self.old_checksum |= automatic && former.old_checksum;
        self.last = former.last;
        self.mailed = former.mailed;
        self.announcer.continue_from(&former.announcer, now, self.holding);
        more
    }

    /// The gates are others since a reload.
    pub fn use_gates(&mut self, gates: &mut Gates) {
        self.announcer.set_targets(targets(&self.settings, gates));
    }

    /// VIPs, then excluded VIPs: the order of announcements.
    pub fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.settings.vips.iter().chain(&self.settings.excluded)
    }

    /// The address of an announcement.
    #[must_use]
    pub fn address(&self, index: usize) -> &Address {
        match index.checked_sub(self.settings.vips.len()) {
            None => &self.settings.vips[index],
            Some(index) => &self.settings.excluded[index],
        }
    }

    /// Whether a datagram for its interface and VRID could be for it: 0 no, 1 yes, 2 yes, from a known peer.
    #[must_use]
    pub fn fits(&self, to: &Addressee) -> u8 {
        match &self.settings.transport {
            Transport::Multicast { group } => u8::from(*group == to.destination) * 2,
            Transport::Unicast { .. }
                if to.destination.is_multicast() || to.destination.is_ipv6() != self.key.ipv6 =>
            {
                0
            }
            Transport::Unicast { peers, .. } => {
                1 + u8::from(peers.iter().any(|peer| peer.address == to.source))
            }
        }
    }

    /// Checks and counts a datagram. What is odd about it goes to `odd`, when it is new.
    pub fn receive(
        &mut self,
        datagram: &[u8],
        now: Time,
        odd: &mut Option<Odd>,
    ) -> Option<Received> {
        let expected = Expected {
            version: self.settings.version,
            proof: self.proof,
            interval: self.settings.advert_interval,
            unicast: self.is_unicast(),
            old_checksum: self.is_unicast()
                && self.settings.wire.old_unicast_checksum != OldChecksum::Never,
            verifier: self
                .settings
                .wire
                .hmac
                .as_ref()
                .map(|settings| Verifier { settings, utc: self.utc }),
            vips: &self.advertised,
        };
        let decoded = packet::decode(datagram, &expected);
        let received = match decoded.and_then(|received| self.is_new(received, now)) {
            Ok(received) => received,
            Err(error) => {
                self.counters.count(error);
                *odd = self.news(Odd::Bad(error));
                return None;
            }
        };
        if received.checksum == Checksum::Group && !self.old_checksum {
            self.old_checksum = true;
            *odd = self.news(Odd::OldChecksum);
        }
        // Of an orderly leave the successor is waited for all the same.
        if self.settings.ignore_adverts && !self.instance.is_keeping() {
            return None;
        }
        self.counters.advert_rcvd += 1;
        if received.advert.priority == 0 {
            self.counters.pri_zero_rcvd += 1;
        }
        let known = self.compared == Some(received.source);
        self.compared = Some(received.source);
        if received.addresses_differ && !(known && self.settings.skip_check_adv_addr) {
            self.counters.addr_list_err += 1;
            *odd = self.news(Odd::Addresses);
        }
        if received.interval_differs {
            *odd = self.news(Odd::Interval(received.advert.interval)).or(*odd);
        }
        if !self.is_welcome(&received) {
            self.counters.sender_err += 1;
            *odd = self.news(Odd::Stranger);
            return None;
        }
        Some(received)
    }

    /// A sender's sequence numbers rise, unless it was silent so long that it may have been started anew.
    fn is_new(&mut self, received: Received, now: Time) -> Result<Received, DecodeError> {
        if let (Some(sequence), Some(hmac)) = (received.signed, &self.settings.wire.hmac) {
            let peers = match &self.settings.transport {
                Transport::Unicast { peers, .. } => Some(peers.len()),
                Transport::Multicast { .. } => None,
            };
            let source = received.source;
            // Of others than the peers nothing is remembered: they are not welcome anyway.
            if (peers.is_none() || self.is_peer(source))
                && !self.signed.is_new(hmac, source, sequence, self.utc, peers)
            {
                return Err(DecodeError::Repeated);
            }
        }
        let Some(sequence) = received.sequence else { return Ok(received) };
        let patience = self.settings.advert_interval * u32::from(self.settings.down_timer_adverts);
        if let Some((source, last, at)) = self.last_sealed
            && source == received.source
            && sequence <= last
            && now.since(at) < patience
        {
            return Err(DecodeError::Replayed(sequence));
        }
        self.last_sealed = Some((received.source, sequence, now));
        // keepalived takes only what is beyond all that it has heard, whoever said it.
        self.sequence = self.sequence.max(sequence);
        Ok(received)
    }

    fn is_unicast(&self) -> bool {
        matches!(self.settings.transport, Transport::Unicast { .. })
    }

    fn is_peer(&self, source: IpAddr) -> bool {
        match &self.settings.transport {
            Transport::Unicast { peers, .. } => peers.iter().any(|peer| peer.address == source),
            Transport::Multicast { .. } => false,
        }
    }

    /// What a successor needs of signatures.
    #[must_use]
    pub fn signed(&self) -> Option<&Sequences> {
        self.settings.wire.hmac.as_ref().map(|_| &self.signed)
    }

    /// Goes on behind the signatures of a former life.
    pub fn continue_signed(&mut self, signed: Sequences) {
        self.signed = signed.continued();
    }

    /// The host's clock, since 1970.
    pub fn set_utc(&mut self, utc: Duration) {
        self.utc = utc;
    }

    /// Another advert is due: it gets a signature of its own.
    pub fn new_advert(&mut self) {
        self.signing = None;
    }

    /// Sequence number of the last authentication header.
    #[must_use]
    pub const fn sequence(&self) -> u32 {
        self.sequence
    }

    /// Goes on behind this number, and whatever was sent after it was told.
    pub fn continue_sequence(&mut self, sequence: u32) {
        self.sequence = if sequence == 0 { 0 } else { sequence.saturating_add(UNTOLD) };
    }

    fn is_welcome(&self, received: &Received) -> bool {
        let Transport::Unicast { peers, check_source, .. } = &self.settings.transport else {
            return true;
        };
        match peers.iter().find(|peer| peer.address == received.source) {
            Some(peer) => peer.ttl.is_none_or(|(min, max)| (min..=max).contains(&received.ttl)),
            None => !check_source && self.settings.wire.hmac.is_none(),
        }
    }

    fn news(&mut self, odd: Odd) -> Option<Odd> {
        let known = self.logged.contains(&odd);
        // A sender of random bytes must not fill the memory.
        if known || self.logged.len() > 32 {
            return None;
        }
        self.logged.push(odd);
        Some(odd)
    }

    /// What was logged may be logged again.
    pub fn forget_logged(&mut self) {
        self.logged.clear();
    }

    /// Its destinations, counted from 0, with the TTL of adverts that go there.
    #[must_use]
    pub fn destination(&self, number: usize) -> Option<(IpAddr, u8)> {
        match &self.settings.transport {
            Transport::Multicast { group } => (number == 0).then_some((*group, 255)),
            Transport::Unicast { peers, ttl, .. } => Some((peers.get(number)?.address, *ttl)),
        }
    }

    /// Whether a peer computes checksums over the group.
    #[must_use]
    pub const fn has_old_checksum(&self) -> bool {
        self.old_checksum
    }

    /// So a former life has found.
    pub fn continue_old_checksum(&mut self, found: bool) {
        self.old_checksum |=
            found && self.settings.wire.old_unicast_checksum == OldChecksum::Automatic;
    }

    /// Bytes of one of its adverts, without IP header.
    #[must_use]
    pub fn advert_length(&self) -> u64 {
        let address = if self.is_ipv6() { 16 } else { 4 };
        let behind = if self.settings.version == Version::V2 { 8 } else { 0 };
        let trailer = if self.settings.wire.hmac.is_some() { auth_hmac::LENGTH } else { 0 };
        (8 + self.advertised.len() * address + behind + trailer) as u64
    }

    fn checksum(&self) -> Checksum {
        if self.settings.wire.v3_checksum_as_v2 {
            Checksum::Plain
        } else if self.old_checksum && self.is_unicast() {
            Checksum::Group
        } else {
            Checksum::Proper
        }
    }

    /// All copies of an advert have one sequence.
    fn next_signature(&mut self) -> Option<u64> {
        let hmac = self.settings.wire.hmac.as_ref().filter(|it| it.mode != Mode::ReceiveOnly)?;
        if self.signing.is_none() {
            self.signing = Some(self.signed.next(hmac, self.utc));
        }
        self.signing
    }

    fn signer(&self, sequence: u64) -> Option<Signer<'_>> {
        let hmac = self.settings.wire.hmac.as_ref()?;
        let key = hmac.keys.iter().find(|key| key.id == hmac.active)?;
        Some(Signer { key, sequence })
    }

    /// Whether its adverts travel over IPv6.
    #[must_use]
    pub const fn is_ipv6(&self) -> bool {
        self.key.ipv6
    }

    /// Appends its advert for `destination`, with its IP header, to `out`; false if there is no address to send from.
    pub fn write_advert(
        &mut self,
        priority: u8,
        destination: IpAddr,
        ttl: u8,
        out: &mut Vec<u8>,
    ) -> bool {
        let Some(source) = self.source else { return false };
        let envelope = Envelope { source, destination, ttl, protocol: packet::PROTOCOL };
        let advert = Advert {
            version: self.settings.version,
            vrid: self.settings.vrid,
            priority,
            interval: self.settings.advert_interval,
            count: u8::try_from(self.advertised.len()).unwrap_or(u8::MAX),
        };
        let start = out.len();
        let signature = self.next_signature();
        let signer = signature.and_then(|sequence| self.signer(sequence));
        let writing = Writing { proof: self.proof, checksum: self.checksum(), signer };
        if !packet::encode(&advert, &writing, &self.advertised, &envelope, out) {
            return false;
        }
        if let Proof::Header(key) = self.proof {
            self.sequence = self.sequence.wrapping_add(1);
            authentication_header::seal(out, start, key, self.sequence);
        }
        true
    }

    /// One of its addresses was put back; false when that happens too often.
    pub fn repaired(&mut self, now: Time) -> bool {
        self.counters.repairs += 1;
        self.repaired.push_back(now);
        while self.repaired.front().is_some_and(|at| now.since(*at) > REPAIR_WINDOW) {
            self.repaired.pop_front();
        }
        if self.repaired.len() <= REPAIR_LIMIT {
            return true;
        }
        self.repaired.clear();
        self.contested_until = Some(now + REPAIR_WINDOW);
        false
    }
}

/// Its addresses with the gates of their interfaces, in the order of announcements. A virtual interface has that of the
/// one below it.
fn targets(settings: &InstanceSettings, gates: &mut Gates) -> impl Iterator<Item = Target> {
    settings.vips.iter().chain(&settings.excluded).map(|address| {
        let mut links = settings.virtual_links();
        let below = links.find(|it| it.name == address.dev).map(|it| it.parent.as_str());
        let gate = gates.of(below.unwrap_or(&address.dev));
        Target { ipv6: address.ip.is_ipv6(), gate }
    })
}

/// The first address on each interface that sends no adverts; only virtual ones, unless all are asked for.
fn without_adverts(settings: &InstanceSettings) -> Vec<usize> {
    let mut seen = Vec::from([settings.port()]);
    let mut addresses = Vec::new();
    for (index, address) in settings.vips.iter().chain(&settings.excluded).enumerate() {
        let dev = address.dev.as_str();
        let is_virtual = settings.virtual_links().any(|link| link.name == dev);
        if (is_virtual || settings.garp.extra_all) && !seen.contains(&dev) {
            seen.push(dev);
            addresses.push(index);
        }
    }
    addresses
}

/// All of one family (the configuration sees to it).
fn advertised(settings: &InstanceSettings) -> Box<[IpAddr]> {
    let ipv6 = settings.is_ipv6();
    settings.vips.iter().map(|vip| vip.ip).filter(|ip| ip.is_ipv6() == ipv6).collect()
}

fn proof(settings: &InstanceSettings) -> Proof {
    let Some(secret) = &settings.auth_pass else { return Proof::None };
    let mut padded = [0; 8];
    for (to, from) in padded.iter_mut().zip(&secret.0) {
        *to = *from;
    }
    if settings.auth_header { Proof::Header(padded) } else { Proof::Password(padded) }
}

//! Room for what the kernel tells (`vrrp_netlink_cmd_rcv_bufs` and the like, reference §2.2).

/// The receive buffer of one socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Buffer {
    /// In bytes, 1..=2147483647; the kernel doubles it.
    pub bytes: u32,
    /// Beyond the system's limit (SO_RCVBUFFORCE).
    pub force: bool,
}

/// Receive buffers; `None`: as large as the engine wants it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Buffers {
    /// For answers of the kernel.
    pub commands: Option<Buffer>,
    /// For what it tells unasked.
    pub events: Option<Buffer>,
    /// For what it tells of processes.
    pub processes: Option<Buffer>,
}

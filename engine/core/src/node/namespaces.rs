//! Network namespaces that the engine works in (reference §2.1).

use alloc::string::String;

/// Where IPVS is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum IpvsNamespace {
    /// Where everything else is.
    #[default]
    Same,
    /// In the host's own one.
    Initial,
    /// In that of this name.
    Named(String),
}

/// By their names below /run/netns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Namespaces {
    /// Of all processes (`net_namespace`); default that in which the engine was started.
    pub net: Option<String>,
    /// Of the kernel's table of services (`net_namespace_ipvs`).
    pub ipvs: IpvsNamespace,
}

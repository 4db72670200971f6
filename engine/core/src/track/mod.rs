//! What is watched beside the adverts: an observation becomes a weight or a fault.

pub mod file;
pub mod interface;
pub mod process;
pub mod script;
pub mod settings;
pub mod verdict;

//! What is watched beside the adverts: an observation becomes a weight or a fault.

pub mod settings;

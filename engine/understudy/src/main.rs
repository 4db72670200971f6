//! The engine's binary: everything that touches the host.

fn main() {}

//! The effective priority: what is configured plus what is tracked (reference §3.8).

/// An address owner's priority (RFC 9568 §5.2.4); tracking never changes it.
pub const OWNER: u8 = 255;
/// The master is leaving (RFC 9568 §5.2.4).
pub const LEAVING: u8 = 0;

/// `clamp(base + contributions, 1, 254)`; the sum itself is not clamped.
#[must_use]
pub fn effective(base: u8, contributions: i32) -> u8 {
    if base == OWNER {
        return OWNER;
    }
    let total = i32::from(base).saturating_add(contributions).clamp(1, 254);
    u8::try_from(total).expect("clamped to 1..=254")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_move_within_1_and_254() {
        assert_eq!(effective(100, -30), 70);
        assert_eq!(effective(100, -200), 1);
        assert_eq!(effective(100, 200), 254);
        assert_eq!(effective(OWNER, -200), OWNER);
    }
}

//! Whether enough of a virtual server's real servers live (reference §4.4).

/// The quorum's state after the living servers' total weight became `sum`. Between `quorum - hysteresis` and
/// `quorum + hysteresis` it stays what it was. Nothing that weighs is never enough.
#[must_use]
pub fn next(up: bool, sum: u64, quorum: u32, hysteresis: u32) -> bool {
    let (quorum, hysteresis) = (u64::from(quorum), u64::from(hysteresis));
    sum > 0 && sum >= if up { quorum.saturating_sub(hysteresis) } else { quorum + hysteresis }
}

#[cfg(test)]
mod tests {
    use super::next;

    #[test]
    fn table() {
        // (was up, sum, quorum, hysteresis) -> up
        let rows = [
            ((false, 0, 1, 0), false),
            ((false, 1, 1, 0), true),
            ((true, 1, 1, 0), true),
            ((true, 0, 1, 0), false),
            ((true, 8, 10, 2), true),
            ((true, 7, 10, 2), false),
            ((false, 10, 10, 2), false),
            ((false, 11, 10, 2), false),
            ((false, 12, 10, 2), true),
            ((true, 0, 10, 10), false), // nothing left, whatever the hysteresis
            ((true, 1, 10, 10), true),
            ((false, 5, 0, u32::MAX), false), // all initial weights 0 (reference §2.14, quorum)
            ((true, 5, 0, u32::MAX), true),
            ((false, 0, 0, 0), false),
            ((true, 0, 0, 0), false),
        ];
        for ((up, sum, quorum, hysteresis), want) in rows {
            assert_eq!(next(up, sum, quorum, hysteresis), want, "{up} {sum} {quorum} {hysteresis}");
        }
    }
}

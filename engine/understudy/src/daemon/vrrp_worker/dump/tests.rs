use understudy_core::net::address::Address;

use super::*;

#[test]
fn addresses_are_written_as_keepalived_writes_them() {
    let base = Address::plain("192.0.2.78".parse().unwrap(), 24, "v0");
    // keepalived 2.2.7
    let cases = [
        (Address { prefix_len: 32, ..base.clone() }, false, "192.0.2.78 dev v0 scope global"),
        (base.clone(), true, "192.0.2.78/24 dev v0 scope global set"),
        (
            Address { broadcast: Some(Broadcast::Ones), ..base.clone() },
            false,
            "192.0.2.78/24 brd 192.0.2.255 dev v0 scope global",
        ),
        (
            Address { prefix_len: 32, label: Some("v0:1".to_owned()), ..base.clone() },
            false,
            "192.0.2.78 dev v0 scope global label v0:1",
        ),
        (
            Address { prefix_len: 32, peer: "192.0.2.82".parse().ok(), ..base.clone() },
            false,
            "192.0.2.78 dev v0 scope global peer 192.0.2.82/32",
        ),
        (
            Address { ip: "2001:db8::77".parse().unwrap(), prefix_len: 64, ..base },
            true,
            "2001:db8::77/64 dev v0 scope global preferred_lft forever set",
        ),
    ];
    for (it, held, expected) in cases {
        assert_eq!(address(&it, held), expected);
    }
}

#[test]
fn days_have_their_names() {
    assert_eq!(weekday(1970, 1, 1), 4);
    assert_eq!(weekday(2000, 2, 29), 2);
    assert_eq!(weekday(2026, 12, 1), 2);
    assert_eq!(weekday(2026, 12, 6), 0);
}

use super::*;
use crate::ipvs::table::{Family, Forward, Persistence, Protocol};
use crate::random::Random;
use alloc::string::ToString;

fn key(n: u64) -> ServiceKey {
    if n.is_multiple_of(3) {
        ServiceKey::Mark { family: Family::V4, mark: u32::try_from(n).unwrap() + 1 }
    } else {
        let ip = IpAddr::from([10, 0, 0, u8::try_from(n).unwrap()]);
        ServiceKey::Address { protocol: Protocol::Tcp, ip, port: 80 }
    }
}

fn destination(random: &mut Random, n: u64) -> Destination {
    Destination {
        ip: IpAddr::from([10, 0, 1, u8::try_from(n).unwrap()]),
        port: 80,
        forward: if random.below(4) == 0 { Forward::Nat } else { Forward::Dr },
        weight: u32::try_from(random.below(3)).unwrap(),
        upper: 0,
        lower: 0,
    }
}

fn table(random: &mut Random) -> Vec<Service> {
    let mut out = Vec::new();
    for n in 0..6 {
        if random.below(3) == 0 {
            continue;
        }
        let present: Vec<u64> = (0..6).filter(|_| random.below(2) == 0).collect();
        out.push(Service {
            key: key(n),
            scheduler: ["rr", "wrr"][usize::try_from(random.below(2)).unwrap()].to_string(),
            flags: 0,
            persistence: (random.below(2) == 0).then_some(Persistence {
                timeout_s: 300,
                granularity: u32::MAX,
                engine: None,
            }),
            destinations: present.into_iter().map(|d| destination(random, d)).collect(),
        });
    }
    out
}

/// The order in which services and destinations stand has no meaning.
fn sorted(mut table: Vec<Service>) -> Vec<Service> {
    table.sort_by_key(|s| s.key);
    for service in &mut table {
        service.destinations.sort_by_key(|d| (d.ip, d.port));
    }
    table
}

fn serves(table: &[Service], key: ServiceKey) -> bool {
    table.iter().any(|s| s.key == key && s.destinations.iter().any(|d| d.weight > 0))
}

#[test]
fn leads_from_any_table_to_any_other_and_serves_all_the_way() {
    for seed in 0..3000 {
        let mut random = Random::new(seed);
        let (wanted, mut actual) = (table(&mut random), table(&mut random));
        let ours = (0..6).map(key).collect();
        let changes = changes(&wanted, &actual, &ours);
        let before = actual.clone();
        for change in &changes {
            apply(&mut actual, change);
            for service in &wanted {
                if serves(&before, service.key) && serves(&wanted, service.key) {
                    assert!(
                        serves(&actual, service.key),
                        "seed {seed}: nobody serves after {change:?}"
                    );
                }
            }
        }
        assert_eq!(sorted(actual), sorted(wanted), "seed {seed}");
    }
}

#[test]
fn nothing_is_deleted_and_added_again() {
    for seed in 0..1000 {
        let mut random = Random::new(seed);
        let (wanted, actual) = (table(&mut random), table(&mut random));
        let ours = (0..6).map(key).collect();
        let mut seen = BTreeSet::new();
        for change in changes(&wanted, &actual, &ours) {
            let touched = match &change {
                Change::AddService(s) | Change::EditService(s) => (s.key, None),
                Change::DeleteService(k) => (*k, None),
                Change::AddDestination(k, d)
                | Change::EditDestination(k, d)
                | Change::DeleteDestination(k, d) => (*k, Some((d.ip, d.port))),
            };
            assert!(seen.insert(touched), "seed {seed}: touched twice: {change:?}");
        }
    }
}

#[test]
fn an_equal_table_needs_no_change_in_whatever_order() {
    for seed in 0..300 {
        let wanted = table(&mut Random::new(seed));
        let mut actual = wanted.clone();
        actual.reverse();
        actual.iter_mut().for_each(|s| s.destinations.reverse());
        let ours = (0..6).map(key).collect();
        assert_eq!(changes(&wanted, &actual, &ours), [], "seed {seed}");
    }
}

#[test]
fn services_of_others_are_left_alone() {
    let actual = table(&mut Random::new(7));
    assert!(actual.len() > 1);
    let ours = BTreeSet::from([actual[0].key]);
    assert_eq!(changes(&[], &actual, &ours), [Change::DeleteService(actual[0].key)]);
}

#[test]
fn a_new_weight_is_one_edit() {
    let mut actual = table(&mut Random::new(7));
    actual[0].destinations = (1..3).map(|n| destination(&mut Random::new(n), n)).collect();
    let mut wanted = actual.clone();
    wanted[0].destinations[0].weight = 9;
    let edited = wanted[0].destinations[0].clone();
    assert_eq!(
        changes(&wanted, &actual, &BTreeSet::new()),
        [Change::EditDestination(actual[0].key, edited)]
    );
}

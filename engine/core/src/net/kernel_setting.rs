//! Kernel settings below /proc/sys that are changed while the engine needs them, and put back afterwards: what was
//! there before is remembered, also by the next life.

use alloc::string::String;
use alloc::vec::Vec;

/// What a setting should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// This.
    Exactly(i32),
    /// What it was, or what the setting of this path was, whichever is greater.
    NoLessThan(String),
}

/// A setting that should have a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Below /proc/sys, as `net/ipv4/conf/eth0/arp_ignore`; a name of an interface may contain dots.
    pub path: String,
    /// The value.
    pub wish: Wish,
}

impl Setting {
    /// One of an interface; `family`: `ipv4` or `ipv6`.
    #[must_use]
    pub fn of_interface(family: &str, interface: &str, name: &str, value: i32) -> Self {
        let path = alloc::format!("net/{family}/conf/{interface}/{name}");
        Self { path, wish: Wish::Exactly(value) }
    }
}

/// A setting that we have changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Changed {
    /// Below /proc/sys.
    pub path: String,
    /// What it was.
    pub before: i32,
    /// What we made of it.
    pub ours: i32,
}

/// A value to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// Below /proc/sys.
    pub path: String,
    /// The value.
    pub value: i32,
}

/// What to write so that all wishes hold, in their order; notes in `changed` what was there before. `read` says what a
/// setting is, or that there is none of this path.
pub fn apply(
    wanted: &[Setting],
    changed: &mut Vec<Changed>,
    read: impl Fn(&str) -> Option<i32>,
) -> Vec<Write> {
    let mut writes = Vec::new();
    for Setting { path, wish } in wanted {
        let Some(present) = read(path) else { continue };
        let before = |path: &str, changed: &[Changed]| {
            changed.iter().find(|it| it.path == path).map(|it| it.before)
        };
        let value = match wish {
            Wish::Exactly(value) => *value,
            Wish::NoLessThan(other) => {
                let other = before(other, changed).or_else(|| read(other)).unwrap_or(0);
                before(path, changed).unwrap_or(present).max(other)
            }
        };
        match changed.iter_mut().find(|it| it.path == *path) {
            Some(known) => known.ours = value,
            None if present == value => continue,
            None => {
                changed.push(Changed { path: path.clone(), before: present, ours: value });
            }
        }
        if present != value {
            writes.push(Write { path: path.clone(), value });
        }
    }
    writes
}

/// What to write so that what is wanted no more is as it was, the last change first. What somebody else has changed
/// since stays as it is.
pub fn restore(
    wanted: &[Setting],
    changed: &mut Vec<Changed>,
    read: impl Fn(&str) -> Option<i32>,
) -> Vec<Write> {
    let mut writes = Vec::new();
    changed.retain(|it| {
        let keep = wanted.iter().any(|wanted| wanted.path == it.path);
        if !keep && it.before != it.ours && read(&it.path) == Some(it.ours) {
            writes.insert(0, Write { path: it.path.clone(), value: it.before });
        }
        keep
    });
    writes
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::vec;

    use super::*;

    /// Settings by path, as the kernel has them.
    #[derive(Default)]
    struct Kernel(BTreeMap<String, i32>);

    impl Kernel {
        fn with(values: &[(&str, i32)]) -> Self {
            Self(values.iter().map(|(path, value)| ((*path).into(), *value)).collect())
        }

        fn apply(&mut self, wanted: &[Setting], changed: &mut Vec<Changed>) {
            let writes = apply(wanted, changed, |path| self.0.get(path).copied());
            self.0.extend(writes.into_iter().map(|write| (write.path, write.value)));
        }

        fn restore(&mut self, wanted: &[Setting], changed: &mut Vec<Changed>) {
            let writes = restore(wanted, changed, |path| self.0.get(path).copied());
            self.0.extend(writes.into_iter().map(|write| (write.path, write.value)));
        }
    }

    fn exactly(path: &str, value: i32) -> Setting {
        Setting { path: path.into(), wish: Wish::Exactly(value) }
    }

    #[test]
    fn what_is_changed_is_put_back_and_what_was_right_is_not_touched() {
        let mut kernel = Kernel::with(&[("a", 0), ("b", 1)]);
        let mut changed = Vec::new();
        let wanted = [exactly("a", 1), exactly("b", 1), exactly("missing", 1)];
        kernel.apply(&wanted, &mut changed);
        assert_eq!(kernel.0, Kernel::with(&[("a", 1), ("b", 1)]).0);
        assert_eq!(changed, [Changed { path: "a".into(), before: 0, ours: 1 }]);
        // Again, and of another life: what was there before stays known.
        kernel.apply(&wanted, &mut changed);
        kernel.restore(&wanted, &mut changed);
        assert_eq!(changed.len(), 1);
        kernel.restore(&[], &mut changed);
        assert_eq!(kernel.0, Kernel::with(&[("a", 0), ("b", 1)]).0);
        assert_eq!(changed, []);
    }

    #[test]
    fn what_somebody_else_has_changed_since_stays() {
        let mut kernel = Kernel::with(&[("a", 0)]);
        let mut changed = Vec::new();
        kernel.apply(&[exactly("a", 1)], &mut changed);
        kernel.0.insert("a".into(), 2);
        kernel.restore(&[], &mut changed);
        assert_eq!(kernel.0["a"], 2);
    }

    #[test]
    fn a_minimum_is_that_of_the_time_before() {
        let mut kernel = Kernel::with(&[("all", 1), ("eth0", 0), ("eth1", 2)]);
        let least =
            |path: &str| Setting { path: path.into(), wish: Wish::NoLessThan("all".into()) };
        let wanted = [least("eth0"), least("eth1"), exactly("all", 0)];
        let mut changed = Vec::new();
        for _ in 0..2 {
            kernel.apply(&wanted, &mut changed);
            assert_eq!(kernel.0, Kernel::with(&[("all", 0), ("eth0", 1), ("eth1", 2)]).0);
        }
        let paths: Vec<&str> = changed.iter().map(|it| it.path.as_str()).collect();
        assert_eq!(paths, vec!["eth0", "all"]);
        kernel.restore(&[], &mut changed);
        assert_eq!(kernel.0, Kernel::with(&[("all", 1), ("eth0", 0), ("eth1", 2)]).0);
    }

    #[test]
    fn what_has_gone_is_forgotten() {
        let mut kernel = Kernel::with(&[("a", 0)]);
        let mut changed = Vec::new();
        kernel.apply(&[exactly("a", 1)], &mut changed);
        kernel.0.clear();
        kernel.restore(&[], &mut changed);
        assert_eq!((kernel.0.len(), changed.len()), (0, 0));
    }
}

//! Interfaces that are asked for their link once a second, for drivers that don't tell the kernel (`linkbeat_interfaces`).

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use understudy_core::time::Time;
use understudy_core::track::settings::{LinkBeat, Method};

use crate::say;
use crate::sys::link::Asker;

const EVERY: Duration = Duration::from_secs(1);
/// In the order in which they are tried.
const METHODS: [Method; 3] = [Method::Mii, Method::Ethtool, Method::Ioctl];

/// All interfaces that are asked.
#[derive(Debug, Default)]
pub struct LinkBeats {
    asker: Option<Asker>,
    beats: BTreeMap<String, Beat>,
    next: Option<Time>,
}

#[derive(Debug)]
struct Beat {
    /// How the configuration wants it to be asked.
    wanted: Option<Method>,
    /// How it is asked.
    method: Option<Method>,
    up: bool,
}

impl LinkBeats {
    /// Asks exactly these from now on.
    pub fn set(&mut self, beats: &[LinkBeat], now: Time) {
        let mut former = std::mem::take(&mut self.beats);
        for LinkBeat { interface, method } in beats {
            let same = former.remove(interface).filter(|it| it.wanted == *method);
            let beat = same.unwrap_or(Beat { wanted: *method, method: *method, up: true });
            self.beats.insert(interface.clone(), beat);
        }
        if beats.is_empty() {
            self.asker = None;
        } else if self.asker.is_none() {
            match Asker::new() {
                Ok(asker) => self.asker = Some(asker),
                Err(e) => say!(Error, "ask interfaces for their link: {e}"),
            }
        }
        self.next = self.asker.is_some().then_some(now + EVERY);
        self.ask(|_, _| {});
    }

    /// When [`LinkBeats::timer`] is to be called.
    pub const fn deadline(&self) -> Option<Time> {
        self.next
    }

    /// Whether an interface has a link, as far as it was asked.
    pub fn is_up(&self, interface: &str) -> bool {
        self.beats.get(interface).is_none_or(|beat| beat.up)
    }

    /// Asks all of them; hands those that have changed to `tell`.
    pub fn timer(&mut self, now: Time, tell: impl FnMut(&str, bool)) {
        if self.next.is_some_and(|at| now >= at) {
            self.next = Some(now + EVERY);
            self.ask(tell);
        }
    }

    fn ask(&mut self, mut tell: impl FnMut(&str, bool)) {
        let Some(asker) = &self.asker else { return };
        for (name, beat) in &mut self.beats {
            let up = beat.ask(asker, name);
            if up != beat.up {
                beat.up = up;
                tell(name, up);
            }
        }
    }
}

impl Beat {
    fn ask(&mut self, asker: &Asker, name: &str) -> bool {
        let first = self.method.unwrap_or(Method::Mii);
        for method in METHODS.into_iter().filter(|it| *it >= first) {
            let answer = match method {
                Method::Mii => asker.mii(name),
                Method::Ethtool => asker.ethtool(name),
                Method::Ioctl => asker.flags(name),
            };
            match answer {
                Ok(up) => {
                    if self.method != Some(method) {
                        if let Some(wanted) = self.method {
                            say!(
                                Warning,
                                "{name} can't be asked by {wanted:?}; by {method:?} instead"
                            );
                        }
                        self.method = Some(method);
                    }
                    return up;
                }
                Err(e) if is_unsupported(&e) => {}
                // There is no such interface; the kernel tells when there is.
                Err(_) => return true,
            }
        }
        true
    }
}

fn is_unsupported(error: &io::Error) -> bool {
    let unknown = [libc::EOPNOTSUPP, libc::EINVAL, libc::ENOTTY, libc::EPERM, libc::EIO];
    error.raw_os_error().is_some_and(|errno| unknown.contains(&errno))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_answer_is_asked_in_another_way() {
        let mut beats = LinkBeats::default();
        let now = Time::from_nanos(1);
        let beat = |method| LinkBeat { interface: "lo".into(), method };
        beats.set(&[beat(Some(Method::Mii))], now);
        assert_eq!(beats.beats["lo"].method, Some(Method::Ethtool));
        assert!(beats.is_up("lo") && beats.is_up("another") && beats.deadline().is_some());
        beats.set(&[beat(Some(Method::Ioctl))], now);
        assert_eq!(beats.beats["lo"].method, Some(Method::Ioctl));
        beats.set(&[], now);
        assert_eq!(beats.deadline(), None);
    }
}

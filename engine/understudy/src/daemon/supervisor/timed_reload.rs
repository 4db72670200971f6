//! `reload_time_file`: a file that says when to reload. It is watched: writing it makes an appointment, emptying or
//! removing it cancels that.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use understudy_core::node::process::ReloadSettings;
use understudy_core::node::reload_time::Moment;
use understudy_core::time::Time;

use crate::say;
use crate::sys::clock;
use crate::sys::epoll::{Epoll, Interest};
use crate::sys::inotify::Inotify;

/// Calendars are set while we wait: look at them again after this.
const LOOK_AGAIN: Duration = Duration::from_secs(60 * 60);

/// The appointment, if there is one.
#[derive(Debug, Default)]
pub struct TimedReload {
    file: Option<PathBuf>,
    repeat: bool,
    watch: Option<Inotify>,
    /// Since 1970.
    due: Option<Duration>,
    is_dated: bool,
}

impl TimedReload {
    /// By the rules of this configuration.
    pub fn configure(&mut self, settings: &ReloadSettings, epoll: &Epoll, token: u64) {
        self.repeat = settings.repeat;
        let file = settings.time_file.as_ref().map(PathBuf::from);
        if file == self.file {
            return;
        }
        *self = Self { file, repeat: settings.repeat, ..Self::default() };
        let Some(file) = &self.file else { return };
        self.watch = match watch(file, epoll, token) {
            Ok(watch) => Some(watch),
            Err(e) => {
                say!(Warning, "watch reload_time_file {}: {e}", file.display());
                None
            }
        };
        self.look();
    }

    /// Something happened in its directory.
    pub fn ready(&mut self) {
        let (Some(watch), Some(file)) = (&self.watch, &self.file) else { return };
        let own: Option<OsString> = file.file_name().map(Into::into);
        let mut concerned = false;
        let read = watch.read(|notice| {
            concerned |= notice.mark < 0 || Some(notice.name) == own.as_deref();
        });
        if let Err(e) = read {
            say!(Warning, "watch reload_time_file {}: {e}", file.display());
        }
        if concerned {
            self.look();
        }
    }

    /// Reads the file.
    fn look(&mut self) {
        let Some(file) = &self.file else { return };
        let text = fs::read_to_string(file).unwrap_or_default();
        let former = self.due.take();
        if text.trim().is_empty() {
            if former.is_some() {
                say!(Info, "no reload at a time any more");
            }
            return;
        }
        match Moment::parse(&text) {
            Ok(moment) => {
                self.is_dated = moment.date.is_some();
                self.due = next(&moment, clock::realtime());
                match self.due {
                    None => say!(Warning, "{}: that time is past", file.display()),
                    Some(due) if former != self.due => {
                        let (year, month, day, hour, minute, second) = clock::local(due);
                        say!(
                            Info,
                            "reload at {year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"
                        );
                    }
                    Some(_) => {}
                }
            }
            Err(why) => say!(Warning, "{}: `{}`: {why}", file.display(), text.trim()),
        }
    }

    /// When to look at the calendar next.
    pub fn deadline(&self) -> Option<Time> {
        let wait = self.due?.saturating_sub(clock::realtime());
        Some(clock::now() + wait.min(LOOK_AGAIN))
    }

    /// Is it time? Then the file has done its duty: it goes, unless its time of day counts every day.
    pub fn take_due(&mut self) -> bool {
        if self.due.is_none_or(|due| due > clock::realtime()) {
            return false;
        }
        self.due = None;
        let Some(file) = &self.file else { return false };
        if self.repeat && !self.is_dated {
            self.look();
        } else if let Err(e) = fs::remove_file(file) {
            say!(Warning, "remove {}: {e}", file.display());
        }
        true
    }
}

fn watch(file: &Path, epoll: &Epoll, token: u64) -> std::io::Result<Inotify> {
    let watch = Inotify::new()?;
    let directory = file.parent().filter(|d| !d.as_os_str().is_empty());
    let events = libc::IN_CLOSE_WRITE | libc::IN_MOVED_TO | libc::IN_MOVED_FROM | libc::IN_DELETE;
    watch.watch(directory.unwrap_or_else(|| Path::new(".")), events)?;
    epoll.add(&watch, Interest::READ, token)?;
    Ok(watch)
}

/// The moment, if it is still to come; a time of day is today's or tomorrow's.
fn next(moment: &Moment, now: Duration) -> Option<Duration> {
    let at = |date| clock::of_calendar(date, moment.time, moment.utc);
    if let Some(date) = moment.date {
        return at(date).filter(|due| *due > now);
    }
    let (year, month, day, ..) = if moment.utc { clock::utc(now) } else { clock::local(now) };
    at((year, month, day)).filter(|due| *due > now).or_else(|| at((year, month, day + 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(file: &Path, repeat: bool) -> ReloadSettings {
        ReloadSettings {
            time_file: Some(file.display().to_string()),
            repeat,
            ..ReloadSettings::default()
        }
    }

    #[test]
    fn a_time_of_day_is_the_next_one_and_a_past_date_is_none() {
        let day = |date| clock::of_calendar(date, (12, 0, 0), true).unwrap();
        let now = day((2026, 12, 31));
        let moment = |text| next(&Moment::parse(text).unwrap(), now);
        assert_eq!(moment("12:00:00Z"), Some(day((2027, 1, 1))));
        assert_eq!(moment("12:00:01Z"), Some(now + Duration::from_secs(1)));
        assert_eq!(moment("26-12-31 12:00:00Z"), None);
        assert_eq!(moment("27-01-01 12:00:00Z"), Some(day((2027, 1, 1))));
        assert!(moment("12:00:00").is_some_and(|due| due > now));
    }

    #[test]
    fn the_file_makes_cancels_and_keeps_appointments() {
        let directory = std::env::temp_dir().join(format!("understudy-at-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let file = directory.join("when");
        let epoll = Epoll::new().unwrap();
        let mut timed = TimedReload::default();
        timed.configure(&settings(&file, false), &epoll, 1);
        assert_eq!(timed.deadline(), None);
        let write = |text: &str, timed: &mut TimedReload| {
            fs::write(&file, text).unwrap();
            timed.ready();
        };
        write("2099-01-01 00:00:00", &mut timed);
        assert!(timed.deadline().is_some() && !timed.take_due());
        write("", &mut timed);
        assert_eq!(timed.deadline(), None);
        write("nonsense", &mut timed);
        assert_eq!(timed.deadline(), None);
        write("2099-01-01 00:00:00", &mut timed);
        timed.due = Some(Duration::from_secs(1));
        assert!(timed.take_due());
        assert!(!file.exists() && timed.deadline().is_none());

        timed.configure(&settings(&file, true), &epoll, 1);
        fs::write(&file, "00:00:00").unwrap();
        timed.ready();
        timed.due = Some(Duration::from_secs(1));
        assert!(timed.take_due());
        assert!(file.exists() && timed.due.is_some(), "tomorrow again");
        fs::remove_file(&file).unwrap();
        timed.ready();
        assert_eq!(timed.due, None);
        fs::remove_dir_all(&directory).unwrap();
    }
}

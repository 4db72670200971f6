//! Mails about changes of state (reference §3.11): keepalived's subjects and first lines, so that people's filters go
//! on working; behind them the reason.

use alloc::format;
use alloc::string::String;

use crate::mail::message::Alert;
use crate::vrrp::notify::{News, Subject};

/// The mail about this, if one is due. `last`: what the last mail was about; there is no second one about the same.
pub(super) fn alert(
    subject: Subject,
    name: &str,
    news: News,
    why: Option<&str>,
    last: &mut Option<News>,
) -> Option<Alert> {
    let what = match news {
        News::Master => "Entering MASTER state",
        News::Backup => "Entering BACKUP state",
        News::Fault => "Entering FAULT state",
        News::Stop => "Stopping",
        News::Deleted => "Deleted",
        News::MasterHeardLower | News::MasterPriority | News::BackupPriority => return None,
    };
    if last.replace(news) == Some(news) {
        return None;
    }
    let (title, mut body) = match subject {
        Subject::Instance => ("VRRP Instance", instance(news)),
        Subject::Group => ("VRRP Group", group(news)),
    };
    if let Some(why) = why {
        body.push_str(&format!("\n{why}"));
    }
    Some(Alert { subject: format!("{title} {name} - {what}"), body })
}

fn instance(news: News) -> String {
    let owning = if news == News::Master { "now" } else { "no longer" };
    format!("=> VRRP Instance is {owning} owning VRRP VIPs <=")
}

fn group(news: News) -> String {
    match news {
        News::Stop => "=> All VRRP group instances are stopping <=".into(),
        _ => format!("=> All VRRP group instances are now in {news} state <="),
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    #[test]
    fn subjects_are_keepalived_s_and_the_reason_follows() {
        let mut last = None;
        let mut of = |news| alert(Subject::Instance, "edge", news, Some("no advert"), &mut last);
        let master = of(News::Master).unwrap();
        assert_eq!(master.subject, "VRRP Instance edge - Entering MASTER state");
        assert_eq!(master.body, "=> VRRP Instance is now owning VRRP VIPs <=\nno advert");
        assert_eq!(of(News::MasterHeardLower), None);
        assert_eq!(of(News::Master), None, "no second one about the same");
        let left = [News::Backup, News::Fault, News::Stop, News::Deleted];
        let subjects: Vec<String> = left.into_iter().map(|n| of(n).unwrap().subject).collect();
        assert!(subjects[0].ends_with("edge - Entering BACKUP state"));
        assert!(subjects[1].ends_with("edge - Entering FAULT state"));
        assert!(subjects[2].ends_with("edge - Stopping"));
        assert!(subjects[3].ends_with("edge - Deleted"));
    }

    #[test]
    fn a_group_speaks_for_its_members() {
        let both = alert(Subject::Group, "g", News::Backup, None, &mut None).unwrap();
        assert_eq!(both.subject, "VRRP Group g - Entering BACKUP state");
        assert_eq!(both.body, "=> All VRRP group instances are now in BACKUP state <=");
    }
}

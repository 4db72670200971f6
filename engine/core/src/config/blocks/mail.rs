//! Mails in `global_defs` (reference §2.2), and who inherits `smtp_alert` from where.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use super::list_of_words;
use crate::config::diagnostic::{At, Diagnostics, code};
use crate::config::keyword::extra;
use crate::config::tree::Node;
use crate::config::value;
use crate::mail::mailbox::Mailbox;
use crate::mail::settings::{MailSettings, Server};

/// Services that `smtp_server` may name instead of a port.
const SERVICES: [(&str, u16); 2] = [("smtp", 25), ("submission", 587)];

/// Mails as written.
#[derive(Clone, Debug, Default)]
pub struct MailLines {
    server: Option<Server>,
    from: Option<Mailbox>,
    to: Vec<Mailbox>,
    helo: Option<String>,
    /// Seconds.
    pub timeout: Option<At<i64>>,
    /// Default of all.
    pub alert: Option<At<bool>>,
    /// Default of instances and groups.
    pub alert_vrrp: Option<At<bool>>,
    /// Default of virtual and real servers.
    pub alert_checker: Option<At<bool>>,
}

impl MailLines {
    /// The final settings.
    pub fn settings(&self, out: &mut Diagnostics) -> MailSettings {
        for alert in [&self.alert, &self.alert_vrrp, &self.alert_checker].into_iter().flatten() {
            self.check(alert, out);
        }
        let mut settings = MailSettings {
            server: self.server.clone(),
            from: self.from.clone(),
            to: self.to.clone(),
            helo: self.helo.clone(),
            ..MailSettings::default()
        };
        if let Some(seconds) = &self.timeout {
            if seconds.value == 0 {
                out.add(code::ADJUSTED, seconds.span, "`smtp_connect_timeout` is at least 1")
                    .label("taken as 1");
            }
            settings.timeout = Duration::from_secs(seconds.value.unsigned_abs().max(1));
        }
        settings
    }

    /// `smtp_alert` of an instance or a sync group.
    pub fn of_vrrp(&self, own: Option<&At<bool>>, out: &mut Diagnostics) -> bool {
        self.inherit(own, self.alert_vrrp.as_ref(), false, out)
    }

    /// `smtp_alert` of a virtual server.
    pub fn of_virtual_server(&self, own: Option<&At<bool>>, out: &mut Diagnostics) -> bool {
        self.inherit(own, self.alert_checker.as_ref(), false, out)
    }

    /// `smtp_alert` of a real server: on unless said otherwise.
    pub fn of_real_server(&self, own: Option<&At<bool>>, out: &mut Diagnostics) -> bool {
        self.inherit(own, self.alert_checker.as_ref(), true, out)
    }

    fn inherit(
        &self,
        own: Option<&At<bool>>,
        of_kind: Option<&At<bool>>,
        default: bool,
        out: &mut Diagnostics,
    ) -> bool {
        if let Some(own) = own {
            self.check(own, out);
        }
        let wanted = own.or(of_kind).or(self.alert.as_ref()).map_or(default, |alert| alert.value);
        wanted && self.server.is_some() && !self.to.is_empty()
    }

    /// Mails that are asked for, but that nobody takes.
    fn check(&self, alert: &At<bool>, out: &mut Diagnostics) {
        let missing = match (&self.server, self.to.is_empty()) {
            _ if !alert.value => return,
            (None, _) => "smtp_server",
            (Some(_), true) => "notification_email",
            (Some(_), false) => return,
        };
        out.add(code::NO_EFFECT, alert.span, format!("no mail is sent without `{missing}`"))
            .help(format!("add `{missing}` to `global_defs`"));
    }
}

/// `HOST|IP [PORT]`
pub fn server(mail: &mut MailLines, node: &Node, out: &mut Diagnostics) {
    let [host, port @ ..] = node.arguments() else {
        let message = "`smtp_server` needs an address";
        out.add(code::MISSING_ARGUMENT, node.keyword().span, message);
        return;
    };
    extra(node, 3, out);
    let number = match port.first() {
        None => Some(25),
        Some(word) => match SERVICES.iter().find(|(name, _)| *name == word.text) {
            Some((_, port)) => Some(*port),
            None => value::int("smtp_server", word, 1, 65535, out).and_then(|n| n.try_into().ok()),
        },
    };
    if host.text.parse::<IpAddr>().is_err() {
        let in_name = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
        if host.text.is_empty() || !host.text.bytes().all(in_name) {
            let message = format!("`smtp_server`: `{}` is no address and no name", host.text);
            out.add(code::BAD_ARGUMENT, host.span, message).label("the port stands behind a blank");
            return;
        }
        if host.text != "localhost" {
            out.add(code::ASSUMED, host.span, format!("`{}` is a name", host.text))
                .label("looked up in the host's /etc/hosts only, when the configuration is read")
                .help("write the server's address");
        }
    }
    mail.server = number.map(|port| Server { host: host.text.clone(), port });
}

/// `ADDRESS` or `"NAME <ADDRESS>"`
pub fn from(mail: &mut MailLines, node: &Node, out: &mut Diagnostics) {
    let Some(word) = node.arguments().first() else {
        let message = "`notification_email_from` needs an address";
        out.add(code::MISSING_ARGUMENT, node.keyword().span, message);
        return;
    };
    extra(node, 2, out);
    mail.from = mailbox(&At::new(word.text.clone(), word.span), out);
}

/// A list of them.
pub fn recipients(mail: &mut MailLines, node: &Node, out: &mut Diagnostics) {
    let words = list_of_words(node, out);
    if words.is_empty() {
        let message = "`notification_email` names nobody";
        out.add(code::NO_EFFECT, node.keyword().span, message);
    }
    mail.to.extend(words.iter().filter_map(|word| mailbox(word, out)));
}

fn mailbox(word: &At<String>, out: &mut Diagnostics) -> Option<Mailbox> {
    let found = Mailbox::parse(&word.value);
    if found.is_none() {
        out.add(code::BAD_ARGUMENT, word.span, format!("`{}` is no mail address", word.value))
            .label("expected ADDRESS or \"NAME <ADDRESS>\"");
    }
    found
}

/// `NAME`
pub fn helo(mail: &mut MailLines, node: &Node, out: &mut Diagnostics) {
    let Some(word) = node.arguments().first() else {
        let message = "`smtp_helo_name` needs a host name";
        out.add(code::MISSING_ARGUMENT, node.keyword().span, message);
        return;
    };
    extra(node, 2, out);
    if word.text.is_empty() || !word.text.bytes().all(|b| b.is_ascii_graphic()) {
        let message = format!("`smtp_helo_name`: `{}` is no host name", word.text);
        out.add(code::BAD_ARGUMENT, word.span, message);
        return;
    }
    mail.helo = Some(word.text.clone());
}

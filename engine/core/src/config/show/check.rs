//! The checks of a real server.

use alloc::format;
use alloc::string::{String, ToString};

use super::{Page, command_word, run_as, word};
use crate::checks::settings::{
    CheckKind, CheckSettings, Connection, HttpVersion, Schedule, ServerName, Url,
};

/// The block of one.
pub fn check(page: &mut Page, check: &CheckSettings) {
    match &check.kind {
        CheckKind::Bfd { session } => {
            page.open("BFD_CHECK");
            page.set("name", word(session));
            page.switch("alpha", check.schedule.alpha);
            return page.close();
        }
        CheckKind::Tcp(to) => {
            page.open("TCP_CHECK");
            connection(page, to);
        }
        CheckKind::Ping(to) => {
            page.open("PING_CHECK");
            connection(page, to);
        }
        CheckKind::Http { connection: to, version, urls, fast_recovery, tls } => {
            page.open(if tls.is_some() { "SSL_GET" } else { "HTTP_GET" });
            connection(page, to);
            match tls {
                Some(ServerName::Fixed(name)) => page.set("sni_name", word(name)),
                Some(name) => page.switch("enable_sni", *name == ServerName::Virtualhost),
                None => {}
            }
            page.set(
                "http_protocol",
                match version {
                    HttpVersion::V10 => "1.0",
                    HttpVersion::V10Close => "1.0C",
                    HttpVersion::V11 => "1.1",
                },
            );
            page.switch("fast_recovery", *fast_recovery);
            urls.iter().for_each(|u| url(page, u, tls.is_some()));
        }
        CheckKind::Misc { command, timeout, dynamic } => {
            page.open("MISC_CHECK");
            page.line(&format!("misc_path {}", command_word(command)));
            if let Some(user) = &command.run_as {
                page.set("user", run_as(user));
            }
            page.time("misc_timeout", *timeout);
            page.flag("misc_dynamic", *dynamic);
        }
    }
    let Schedule { delay_loop, retry, delay_before_retry, warmup, alpha, log_all_failures } =
        &check.schedule;
    page.time("delay_loop", *delay_loop);
    page.set("retry", retry);
    page.time("delay_before_retry", *delay_before_retry);
    page.time("warmup", *warmup);
    page.switch("alpha", *alpha);
    page.switch("log_all_failures", *log_all_failures);
    page.close();
}

fn connection(page: &mut Page, to: &Connection) {
    page.set("connect_ip", to.to.ip());
    if to.to.port() != 0 {
        page.set("connect_port", to.to.port());
    }
    if let Some(ip) = to.bind_ip {
        page.set("bindto", ip);
    }
    if let Some(port) = to.bind_port {
        page.set("bind_port", port);
    }
    if let Some(name) = &to.bind_if {
        page.set("bind_if", word(name));
    }
    page.time("connect_timeout", to.timeout);
    page.set("fwmark", to.fwmark);
}

fn url(page: &mut Page, url: &Url, tls: bool) {
    page.open("url");
    page.set("path", word(&url.path));
    if let Some(digest) = &url.digest {
        page.set("digest", digest.iter().map(|b| format!("{b:02x}")).collect::<String>());
    }
    let codes = url.status.iter().map(|(low, high)| match low == high {
        true => low.to_string(),
        false => format!("{low}-{high}"),
    });
    page.set("status_code", codes.collect::<alloc::vec::Vec<_>>().join(" "));
    if let Some(host) = &url.virtualhost {
        page.set("virtualhost", word(host));
    }
    if tls {
        page.switch("tls_compliant", url.close_notify);
    }
    page.close();
}

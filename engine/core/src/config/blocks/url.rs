//! `url` in `HTTP_GET` and `SSL_GET` (reference §2.22.1).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Argument, Keyword, Table, kw, lines};
use crate::checks::settings::Url;
use crate::config::diagnostic::{At, Diagnostics, code};
use crate::config::keyword::Reload::Live;
use crate::config::keyword::Repeated::{Add, First, Last};
use crate::config::keyword::{extra, not_yet};
use crate::config::tree::Node;

/// A page as written.
#[derive(Clone, Debug, Default)]
pub struct UrlLines {
    path: Option<At<String>>,
    digest: Option<[u8; 16]>,
    status: Vec<(u16, u16)>,
    virtualhost: Option<String>,
    /// Of SSL_GET: `tls_compliant`.
    pub close_notify: Option<bool>,
}

/// Its keywords.
pub const TABLE: Table<UrlLines> =
    Table { block: "virtual_server/real_server/HTTP_GET/url", keywords: &[KEYWORDS] };

/// Those of SSL_GET, too.
#[rustfmt::skip] // one row a line
pub const KEYWORDS: &[Keyword<UrlLines>] = &[
    kw("path", Live, Last, Argument::Word("a path", |u, w| u.path = Some(w))),
    kw("digest", Live, First, Argument::Line(|u, node, out| u.digest = digest(node, out))),
    kw("status_code", Live, Add, Argument::Line(status)),
    kw("virtualhost", Live, Last, Argument::Word("a host name", |u, w| u.virtualhost = Some(w.value))),
    not_yet("regex"),
    not_yet("regex_no_match"),
    not_yet("regex_options"),
    not_yet("regex_min_offset"),
    not_yet("regex_max_offset"),
    not_yet("regex_stack"),
];

/// Reads the block.
pub fn parse(table: &Table<UrlLines>, node: &Node, out: &mut Diagnostics) -> Option<UrlLines> {
    let mut url = UrlLines::default();
    extra(node, 1, out);
    table.apply("url", &mut url, lines(node), out);
    match &url.path {
        None => {
            out.add(code::INCOMPLETE, node.keyword().span, "`url` has no `path`")
                .help("add `path /`");
            None
        }
        Some(path) if path.value.contains(|c: char| c.is_ascii_control()) => {
            out.add(code::BAD_ARGUMENT, path.span, "`path` has control characters");
            None
        }
        Some(_) => Some(url),
    }
}

impl UrlLines {
    /// The final page; `host` comes from the check or its servers, `close_notify` from the check.
    #[must_use]
    pub fn settings(&self, host: Option<&str>, close_notify: bool) -> Url {
        Url {
            path: self.path.as_ref().map_or_else(String::new, |p| p.value.clone()),
            digest: self.digest,
            status: if self.status.is_empty() {
                alloc::vec![(200, 299)]
            } else {
                self.status.clone()
            },
            virtualhost: self.virtualhost.clone().or(host.map(Into::into)),
            close_notify: self.close_notify.unwrap_or(close_notify),
        }
    }
}

fn digest(node: &Node, out: &mut Diagnostics) -> Option<[u8; 16]> {
    let keyword = node.keyword();
    let Some(word) = node.arguments().first() else {
        out.add(code::MISSING_ARGUMENT, keyword.span, "`digest` needs 32 hexadecimal digits");
        return None;
    };
    extra(node, 2, out);
    let digits: Option<Vec<u8>> =
        word.text.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect();
    let Some(digits) = digits.filter(|d| d.len() == 32) else {
        let found = word.text.chars().count();
        out.add(code::BAD_ARGUMENT, word.span, "`digest` is no MD5 digest")
            .label(format!("expected 32 hexadecimal digits, found {found} characters"))
            .help("`understudy genhash` prints the digest of a page");
        return None;
    };
    let mut digest = [0; 16];
    for (byte, pair) in digest.iter_mut().zip(digits.chunks(2)) {
        *byte = pair[0] << 4 | pair[1];
    }
    Some(digest)
}

/// `N[-M] …`
fn status(url: &mut UrlLines, node: &Node, out: &mut Diagnostics) {
    if node.arguments().is_empty() {
        out.add(
            code::MISSING_ARGUMENT,
            node.keyword().span,
            "`status_code` needs codes from 100 to 599",
        );
    }
    for word in node.arguments() {
        let (low, high) = word.text.split_once('-').unwrap_or((&word.text, &word.text));
        let code = |text: &str| text.parse().ok().filter(|code| (100..=599).contains(code));
        match (code(low), code(high)) {
            (Some(low), Some(high)) if low <= high => url.status.push((low, high)),
            _ => {
                out.add(
                    code::BAD_ARGUMENT,
                    word.span,
                    format!("`{}` is no status code", word.text),
                )
                .label("expected 100 to 599, or a range such as 200-299");
            }
        }
    }
}

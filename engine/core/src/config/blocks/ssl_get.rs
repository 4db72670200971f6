//! `SSL_GET`: HTTP_GET over TLS (reference §2.23, §4.7).

use alloc::string::String;

use super::checker::{COMMON, CONNECTION, Checker, PORTS};
use super::http_get;
use super::url::{self, UrlLines};
use super::{Argument, Keyword, Table, kw};
use crate::checks::settings::ServerName;
use crate::config::diagnostic::{Diagnostics, code};
use crate::config::keyword::Reload::Live;
use crate::config::keyword::Repeated::{Add, Last};
use crate::config::keyword::extra;
use crate::config::tree::Node;

/// What it has beyond HTTP_GET.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    says_name: bool,
    name: Option<String>,
    /// Default of its pages.
    pub close_notify: bool,
}

/// Its keywords.
pub const TABLE: Table<Checker> = Table {
    block: "virtual_server/real_server/SSL_GET",
    keywords: &[http_get::SHARED, KEYWORDS, PORTS, CONNECTION, COMMON],
};

#[rustfmt::skip] // one row a line
const KEYWORDS: &[Keyword<Checker>] = &[
    kw("enable_sni", Live, Last, Argument::Switch(|c, on| c.http.tls.says_name = on.value)),
    kw("sni_name", Live, Last, Argument::Line(sni_name)),
    kw("tls_compliant", Live, Last, Argument::Switch(|c, on| c.http.tls.close_notify = on.value)),
    kw("url", Live, Add, Argument::Block(|c, node, out| c.http.urls.extend(url::parse(&URL, node, out)))),
];

/// Keywords of `url` in it.
pub const URL: Table<UrlLines> = Table {
    block: "virtual_server/real_server/SSL_GET/url",
    keywords: &[url::KEYWORDS, URL_KEYWORDS],
};

#[rustfmt::skip] // one row a line
const URL_KEYWORDS: &[Keyword<UrlLines>] = &[
    kw("tls_compliant", Live, Last, Argument::Switch(|u, on| u.close_notify = Some(on.value))),
];

/// `sni_name [NAME]`: without a name the same as `enable_sni`.
fn sni_name(checker: &mut Checker, node: &Node, out: &mut Diagnostics) {
    extra(node, 2, out);
    let tls = &mut checker.http.tls;
    let Some(word) = node.arguments().first() else {
        tls.says_name = true;
        return;
    };
    let of_a_name = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    if word.text.is_empty() || word.text.len() > 253 || !word.text.bytes().all(of_a_name) {
        out.add(code::BAD_ARGUMENT, word.span, "`sni_name` is no host name")
            .label("expected letters, digits, `-` and `.`");
        return;
    }
    tls.says_name = true;
    tls.name = Some(word.text.clone());
}

impl Tls {
    /// The name that the server is told.
    #[must_use]
    pub fn server_name(&self) -> ServerName {
        match &self.name {
            _ if !self.says_name => ServerName::Unsaid,
            Some(name) => ServerName::Fixed(name.clone()),
            None => ServerName::Virtualhost,
        }
    }
}

//! `HTTP_GET`: pages, their status and digest (reference §2.22, §4.7); what SSL_GET has in common with it.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::checker::{COMMON, CONNECTION, Checker, PORTS};
use super::ssl_get::Tls;
use super::url::{self, UrlLines};
use super::{Argument, Keyword, Table, kw, to_u32};
use crate::checks::settings::{CheckKind, Connection, HttpVersion};
use crate::config::diagnostic::{Diagnostics, Span, code};
use crate::config::keyword::Reload::Live;
use crate::config::keyword::Repeated::{Add, Last};
use crate::config::keyword::{extra, ignored, old};
use crate::config::tree::Node;

/// The block's own part.
#[derive(Clone, Debug, Default)]
pub struct Http {
    virtualhost: Option<String>,
    version: Option<HttpVersion>,
    fast_recovery: bool,
    /// Of SSL_GET.
    pub tls: Tls,
    /// Its pages.
    pub urls: Vec<UrlLines>,
}

/// Its keywords.
pub const TABLE: Table<Checker> = Table {
    block: "virtual_server/real_server/HTTP_GET",
    keywords: &[SHARED, KEYWORDS, PORTS, CONNECTION, COMMON],
};

const NO_TLS: &str = "there is no TLS in HTTP_GET";

/// Those of SSL_GET, too.
#[rustfmt::skip] // one row a line
pub const SHARED: &[Keyword<Checker>] = &[
    old(kw("nb_get_retry", Live, Last, Argument::Int(0, 0x7fff_ffff, |c, n| c.own.retry = Some(to_u32(n)))), "retry"),
    kw("virtualhost", Live, Last, Argument::Word("a host name", |c, w| c.http.virtualhost = Some(w.value))),
    kw("http_protocol", Live, Last, Argument::Line(|c, node, out| c.http.version = version(node, out))),
    kw("fast_recovery", Live, Last, Argument::Switch(|c, on| c.http.fast_recovery = on.value)),
];

#[rustfmt::skip] // one row a line
const KEYWORDS: &[Keyword<Checker>] = &[
    ignored("enable_sni", NO_TLS),
    ignored("sni_name", NO_TLS),
    kw("url", Live, Add, Argument::Block(|c, node, out| c.http.urls.extend(url::parse(&url::TABLE, node, out)))),
];

impl Http {
    /// What the check does.
    pub fn settings(
        &self,
        span: Span,
        tls: bool,
        connection: Connection,
        virtualhost: Option<&str>,
        out: &mut Diagnostics,
    ) -> Option<CheckKind> {
        if self.urls.is_empty() {
            let block = if tls { "SSL_GET" } else { "HTTP_GET" };
            out.add(code::INCOMPLETE, span, format!("`{block}` has no `url`"))
                .help("add `url { path / }`");
            return None;
        }
        let host = self.virtualhost.as_deref().or(virtualhost);
        let close_notify = self.tls.close_notify;
        Some(CheckKind::Http {
            connection,
            version: self.version.unwrap_or(HttpVersion::V10),
            urls: self.urls.iter().map(|url| url.settings(host, close_notify)).collect(),
            fast_recovery: self.fast_recovery,
            tls: tls.then(|| self.tls.server_name()),
        })
    }
}

fn version(node: &Node, out: &mut Diagnostics) -> Option<HttpVersion> {
    let keyword = node.keyword();
    extra(node, 2, out);
    match node.arguments().first().map(|w| (w.text.as_str(), w.span)) {
        Some(("1.0", _)) => Some(HttpVersion::V10),
        Some(("1.0C" | "1.0c", _)) => Some(HttpVersion::V10Close),
        Some(("1.1", _)) => Some(HttpVersion::V11),
        Some((other, span)) => {
            out.add(
                code::BAD_ARGUMENT,
                span,
                format!("`http_protocol`: unknown version `{other}`"),
            )
            .label("expected 1.0, 1.0C or 1.1");
            None
        }
        None => {
            out.add(code::MISSING_ARGUMENT, keyword.span, "`http_protocol` needs 1.0, 1.0C or 1.1");
            None
        }
    }
}

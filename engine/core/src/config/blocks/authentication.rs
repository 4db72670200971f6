//! `authentication` in `vrrp_instance` (reference §2.7.1).

use alloc::format;
use alloc::string::String;

use super::{Argument, Keyword, Table, kw, lines};
use crate::config::diagnostic::{At, Diagnostics, Span, code, count};
use crate::config::keyword::Reload::Live;
use crate::config::keyword::Repeated::Last;
use crate::config::tree::Node;
use crate::vrrp::settings::{Secret, Version};

/// What RFC 2338 §5.3.6 has room for.
const LONGEST: usize = 8;

/// The block as written.
#[derive(Clone, Debug, Default)]
pub struct Authentication {
    /// Where it stands.
    pub span: Span,
    kind: Option<At<String>>,
    pass: Option<At<String>>,
}

/// Keywords of `authentication`.
pub const TABLE: Table<Authentication> =
    Table { block: "vrrp_instance/authentication", keywords: &[KEYWORDS] };

#[rustfmt::skip] // one row a line
const KEYWORDS: &[Keyword<Authentication>] = &[
    kw("auth_type", Live, Last, Argument::Word("PASS or AH", |a, w| a.kind = Some(w))),
    kw("auth_pass", Live, Last, Argument::Secret(|a, w| a.pass = Some(w))),
];

/// Reads the block.
pub fn parse(node: &Node, out: &mut Diagnostics) -> Authentication {
    let mut block = Authentication { span: node.keyword().span, ..Authentication::default() };
    TABLE.apply("authentication", &mut block, lines(node), out);
    block
}

/// What proves that an advert is one of ours.
#[derive(Clone, Debug, Default)]
pub struct Password {
    /// The password.
    pub secret: Option<Secret>,
    /// `auth_type AH`.
    pub header: bool,
}

impl Authentication {
    /// The final password.
    pub fn settings(&self, version: Version, out: &mut Diagnostics) -> Option<Password> {
        let Some(kind) = &self.kind else {
            out.add(code::ASSUMED, self.span, "`authentication` without `auth_type`")
                .label("adverts go without a password");
            return None;
        };
        let header = match kind.value.as_str() {
            "PASS" => false,
            "AH" => true,
            other => {
                out.add(
                    code::BAD_ARGUMENT,
                    kind.span,
                    format!("`auth_type`: unknown type `{other}`"),
                )
                .label("expected PASS or AH");
                return None;
            }
        };
        if version == Version::V3 {
            out.add(code::NO_EFFECT, self.span, "`authentication` has no effect with version 3")
                .label("adverts go without a password");
            return None;
        }
        let Some(pass) = &self.pass else {
            let message = format!("`auth_type {}` without `auth_pass`", kind.value);
            out.add(code::ASSUMED, self.span, message).label("adverts go without a password");
            return None;
        };
        if pass.value.len() > LONGEST {
            out.add(
                code::PASSWORD_TOO_LONG,
                pass.span,
                format!("`auth_pass` has {}", count(pass.value.len(), "byte")),
            )
            .label(format!("an advert carries {LONGEST}"))
            .help(format!(
                "keepalived cuts it: write only the first {LONGEST} bytes, and peers still agree"
            ));
            return None;
        }
        Some(Password { secret: Some(Secret(pass.value.clone().into_bytes())), header })
    }
}

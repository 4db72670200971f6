//! `lvs_flush_on_stop` and `lvs_timeouts` in `global_defs` (reference §2.2).

use alloc::format;

use crate::config::diagnostic::{Diagnostics, code};
use crate::config::keyword::extra;
use crate::config::tree::Node;
use crate::config::value;
use crate::ipvs::settings::{FlushOnStop, Timeouts};

/// IP_VS_MAX_TIMEOUT, a month.
const LONGEST: i64 = 2_678_400;

/// `[VS]`
pub fn flush(node: &Node, out: &mut Diagnostics) -> FlushOnStop {
    extra(node, 2, out);
    match node.arguments().first() {
        None => FlushOnStop::Everything,
        Some(word) if word.text == "VS" => FlushOnStop::Ours,
        Some(word) => {
            let message = format!("`{}`: unexpected `{}`", node.keyword().text, word.text);
            out.add(code::BAD_ARGUMENT, word.span, message)
                .label("expected VS or the end of the line");
            FlushOnStop::Not
        }
    }
}

/// `[tcp N] [tcpfin N] [udp N]`
pub fn timeouts(node: &Node, out: &mut Diagnostics) -> Option<Timeouts> {
    let mut timeouts = Timeouts::default();
    let mut words = node.arguments().iter();
    if words.len() == 0 {
        out.add(code::MISSING_ARGUMENT, node.keyword().span, "`lvs_timeouts` needs a timeout")
            .label("expected `tcp N`, `tcpfin N` or `udp N`, in seconds");
        return None;
    }
    while let Some(word) = words.next() {
        let timeout = match word.text.as_str() {
            "tcp" => &mut timeouts.tcp,
            "tcpfin" => &mut timeouts.tcp_fin,
            "udp" => &mut timeouts.udp,
            other => {
                out.add(code::BAD_ARGUMENT, word.span, format!("unexpected `{other}`"))
                    .label("expected tcp, tcpfin or udp");
                return None;
            }
        };
        let Some(number) = words.next() else {
            let message = format!("`{}` needs a number from 0 to {LONGEST}", word.text);
            out.add(code::MISSING_ARGUMENT, word.span, message);
            return None;
        };
        let seconds = value::int(&word.text, number, 0, LONGEST, out)?;
        *timeout = u32::try_from(seconds).unwrap_or(0);
    }
    Some(timeouts)
}

//! `vrrp_iptables` and `vrrp_ipsets`: checked, and then nftables drops the packets, as in keepalived where the command
//! `iptables` is the variant that uses nf_tables (QUIRKS.md, VRRP).

use alloc::format;

use crate::config::diagnostic::{Diagnostics, code};
use crate::config::keyword::extra;
use crate::config::lexer::Word;
use crate::config::tree::Node;

/// XT_EXTENSION_MAXNAMELEN without the closing zero.
const LONGEST_CHAIN: usize = 28;
/// IPSET_MAXNAMELEN without the closing zero.
const LONGEST_SET: usize = 31;

/// `[IN_CHAIN [OUT_CHAIN]]`
pub fn chains(node: &Node, out: &mut Diagnostics) {
    let names = check(node, 2, LONGEST_CHAIN, "chain", out);
    if names {
        out.add(code::ASSUMED, node.keyword().span, "`vrrp_iptables`: nftables is used instead")
            .label("packets are dropped by a table of our own, before those chains")
            .help("write `nftables` to say so, or leave it out");
    }
}

/// `[S4 [S6 [SIF6 [IGMP [MLD [ND]]]]]]`
pub fn sets(node: &Node, out: &mut Diagnostics) {
    if check(node, 6, LONGEST_SET, "set", out) {
        out.add(code::NO_EFFECT, node.keyword().span, "`vrrp_ipsets` has no effect with nftables")
            .label("it has sets of its own");
    }
}

/// Names of a length that the kernel takes, each different.
fn check(node: &Node, most: usize, longest: usize, what: &str, out: &mut Diagnostics) -> bool {
    extra(node, most + 1, out);
    let words: &[Word] = node.arguments();
    for (at, word) in words.iter().take(most).enumerate() {
        if word.text.len() > longest {
            let message = format!("`{}` is too long a name for a {what}", word.text);
            out.add(code::BAD_ARGUMENT, word.span, message)
                .label(format!("at most {longest} bytes"));
            return false;
        }
        if let Some(first) = words[..at].iter().find(|it| it.text == word.text) {
            let message = format!("`{}` is given twice", word.text);
            out.add(code::BAD_ARGUMENT, word.span, message).related(first.span, "given here first");
            return false;
        }
    }
    true
}

//! The configuration language of keepalived.conf: text in, settings and diagnostics out. In this order: `expand` makes
//! logical lines of files (with `lexer`), `tree` makes blocks of lines, `keyword` walks the tables of `blocks`,
//! `resolve` makes settings of what they found. `show` goes the other way.

pub mod blocks;
pub mod diagnostic;
mod expand;
pub mod glob;
mod include;
mod keyword;
mod lexer;
mod resolve;
mod routing;
mod script;
mod sequence;
mod show;
mod tracking;
mod tree;
mod value;

pub use blocks::keywords;
pub use blocks::process::umask_of;
pub use diagnostic::{Diagnostic, Files, Severity};
pub use expand::{Environment, Source};
pub use keyword::{Listed, Reload, Repeated, Status};
pub use show::show;

use alloc::vec::Vec;

use crate::node::settings::HostSettings;
use diagnostic::{Diagnostics, Span};

/// What a configuration says.
#[derive(Debug)]
pub struct Parsed {
    /// The settings; `None` if there is an error among the diagnostics.
    pub settings: Option<HostSettings>,
    /// All findings, in the order of the files.
    pub diagnostics: Vec<Diagnostic>,
    /// The files that were read, with secrets overwritten: good for showing, not for parsing.
    pub files: Files,
}

/// Reads the file `main` and everything it includes.
pub fn parse(source: &mut dyn Source, main: &str, environment: &Environment) -> Parsed {
    let mut out = Diagnostics::default();
    let mut reader = expand::Reader::new(source, main, environment, &mut out);
    let nodes = tree::build(&mut reader);
    let (mut files, uses) = reader.finish();
    hide_secrets(&nodes, &mut out);
    let mut written = blocks::Configuration::default();
    blocks::TABLE.apply("", &mut written, &nodes, &mut out);
    for instance in &mut written.instances {
        if let Some(hmac) = &mut instance.auth_hmac {
            hmac.read_files(source, &mut out);
        }
    }
    let names = routing::names(source, &written);
    let settings = resolve::resolve(&written, &names, &mut out);
    let settings = (!out.failed()).then_some(settings);
    let (mut diagnostics, mut secrets) = out.finish();
    // A secret may come from a definition: its text is hidden too.
    let overlap = |a: &Span, b: &Span| a.file == b.file && a.start < b.end && b.start < a.end;
    for (place, value) in &uses {
        if secrets.iter().any(|secret| overlap(secret, place)) {
            secrets.push(*value);
        }
    }
    // A finding in what a definition gave also shows the definition.
    for finding in &mut diagnostics {
        let Some(span) = finding.span else { continue };
        if let Some((_, value)) = uses.iter().find(|(place, _)| overlap(place, &span)) {
            finding.related.push((*value, "from this definition".into()));
        }
    }
    files.hide(&secrets);
    Parsed { settings, diagnostics, files }
}

/// Secrets are hidden wherever they stand: also in blocks that are skipped, and on one line with their block.
fn hide_secrets(nodes: &[tree::Node], out: &mut Diagnostics) {
    for node in nodes {
        if blocks::SECRETS.contains(&node.keyword().text.as_str()) {
            node.arguments().iter().for_each(|word| out.hide(word.span));
        }
        if let Some(block) = &node.block {
            hide_secrets(&block.nodes, out);
        }
    }
}

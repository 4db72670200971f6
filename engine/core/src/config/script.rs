//! Script lines (reference §1.9): only the first word is the command, and it is cut again; then come user and group.

use alloc::format;
use alloc::vec::Vec;

use super::diagnostic::{At, Diagnostics, Span, code};
use super::lexer::{Word, decode, script_words};
use super::tree::Node;
use crate::command::{Command, RunAs};

/// `keyword SCRIPT [USER [GROUP]]`
pub fn with_user(node: &Node, out: &mut Diagnostics) -> Option<At<Command>> {
    let words = cut(node, out)?;
    let mut command = command(node, &words, out)?;
    if let Some(user) = words.get(2) {
        if user.text.starts_with(['-', '/', '.']) || user.text.contains('=') {
            out.add(
                code::SCRIPT_SUSPICIOUS,
                user.span,
                format!("`{}` is taken as the user that runs the script", user.text),
            )
            .help("put the command and its arguments into one pair of quotes");
        }
        command.value.run_as = Some(run_as(user, words.get(3)));
    }
    if let Some(word) = words.get(4) {
        out.add(code::EXTRA_WORDS, word.span, "more words than command, user and group")
            .label("ignored")
            .help("put the command and its arguments into one pair of quotes");
    }
    Some(command)
}

/// `keyword COMMAND`, where a user is set by another keyword.
pub fn alone(node: &Node, out: &mut Diagnostics) -> Option<At<Command>> {
    let words = cut(node, out)?;
    let command = command(node, &words, out)?;
    if let Some(word) = words.get(2) {
        out.add(
            code::SCRIPT_SUSPICIOUS,
            word.span,
            format!("only the first word of `{}` is the command", node.keyword().text),
        )
        .label("ignored")
        .help("put the command and its arguments into one pair of quotes");
    }
    Some(command)
}

/// `keyword USER [GROUP]`
pub fn user(node: &Node, out: &mut Diagnostics) -> Option<RunAs> {
    let Some(user) = node.arguments().first() else {
        let message = format!("`{}` needs a user", node.keyword().text);
        out.add(code::MISSING_ARGUMENT, node.keyword().span, message);
        return None;
    };
    super::keyword::extra(node, 3, out);
    Some(run_as(user, node.arguments().get(1)))
}

fn run_as(user: &Word, group: Option<&Word>) -> RunAs {
    RunAs { user: user.text.clone(), group: group.map(|g| g.text.clone()) }
}

fn cut(node: &Node, out: &mut Diagnostics) -> Option<Vec<Word>> {
    match script_words(&node.line) {
        Ok(words) => Some(words),
        Err(place) => {
            out.add(code::UNMATCHED_QUOTE, place, "a quote is not closed on its line");
            None
        }
    }
}

fn command(node: &Node, words: &[Word], out: &mut Diagnostics) -> Option<At<Command>> {
    let keyword = node.keyword();
    let Some(word) = words.get(1) else {
        let message = format!("`{}` needs a command", keyword.text);
        out.add(code::MISSING_ARGUMENT, keyword.span, message);
        return None;
    };
    let argv = match decode(&word.text) {
        Ok(argv) if !argv.is_empty() => argv,
        Ok(_) => {
            out.add(
                code::BAD_ARGUMENT,
                word.span,
                format!("`{}`: the command is empty", keyword.text),
            );
            return None;
        }
        Err(why) => {
            out.add(code::BAD_ARGUMENT, word.span, format!("`{}`: {why}", keyword.text));
            return None;
        }
    };
    warn_of_shell(&argv, word.span, out);
    Some(At::new(Command { argv, run_as: None }, word.span))
}

/// Programs run without a shell; what only a shell understands is most likely meant for one.
fn warn_of_shell(argv: &[alloc::string::String], span: Span, out: &mut Diagnostics) {
    let is_shell =
        |a: &str| matches!(a, "&&" | "||" | "|" | ";" | "[[" | "]]" | ">" | "<" | ">>" | "2>&1");
    if let Some(word) = argv.iter().find(|a| is_shell(a)) {
        let script = argv.join(" ");
        let has_quote = script.contains('\'') || script.contains('"') || script.contains('\\');
        let finding = out
            .add(code::SCRIPT_SUSPICIOUS, span, "a script runs without a shell")
            .label(format!("`{word}` is passed as an argument"));
        if !has_quote {
            let shell = if script.contains("[[") { "/bin/bash" } else { "/bin/sh" };
            finding.help(format!("write \"{shell} -c '{script}'\""));
        }
    }
}

//! Findings for people, in rustc's style, and for programs, as JSON.

use std::io::{IsTerminal as _, Write as _};
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde_json::{Value, json};
use understudy_core::config::diagnostic::{Span, count};
use understudy_core::config::{Diagnostic, Files, Parsed, Severity};

/// A renderer for the standard output: colours on a terminal only, and if NO_COLOR is not set.
#[must_use]
pub fn renderer() -> Renderer {
    let coloured = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    if coloured { Renderer::styled() } else { Renderer::plain() }
}

/// All findings with their lines.
#[must_use]
pub fn render_all(renderer: &Renderer, parsed: &Parsed) -> String {
    let one = |finding| render(renderer, &parsed.files, finding) + "\n\n";
    parsed.diagnostics.iter().map(one).collect()
}

/// One finding with its lines.
#[must_use]
pub fn render(renderer: &Renderer, files: &Files, finding: &Diagnostic) -> String {
    let level = match finding.code.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(&finding.message).id(finding.code.to_string());
    let mut group = Group::with_title(title);
    if let Some(span) = finding.span {
        for snippet in snippets(files, span, finding) {
            group = group.element(snippet);
        }
    }
    if let Some(help) = &finding.help {
        group = group.element(Level::HELP.message(help));
    }
    renderer.render(&[group])
}

/// The lines of the place and of related places: one snippet per file, the place's own first.
fn snippets<'a>(
    files: &'a Files,
    span: Span,
    finding: &'a Diagnostic,
) -> Vec<Snippet<'a, annotate_snippets::Annotation<'a>>> {
    let mut places = vec![(span, finding.label.as_str(), AnnotationKind::Primary)];
    let related = finding.related.iter();
    places.extend(related.map(|(span, text)| (*span, text.as_str(), AnnotationKind::Context)));
    let mut order: Vec<u16> = Vec::new();
    for (span, ..) in &places {
        if !order.contains(&span.file) {
            order.push(span.file);
        }
    }
    let mut snippets = Vec::new();
    for index in order {
        let Some(file) = files.0.get(usize::from(index)) else { continue };
        let here: Vec<_> = places.iter().filter(|(span, ..)| span.file == index).collect();
        let ranges = || here.iter().map(|(span, ..)| range(&file.text, *span));
        let first = ranges().map(|r| r.start).min().unwrap_or(0);
        let last = ranges().map(|r| r.end).max().unwrap_or(0);
        // Only the lines concerned: a finding in a long file costs no more than in a short one.
        let start = file.text[..first].rfind('\n').map_or(0, |i| i + 1);
        let end = file.text[last..].find('\n').map_or(file.text.len(), |i| last + i);
        let line = file.text[..start].bytes().filter(|b| *b == b'\n').count() + 1;
        let annotations = here.iter().map(|(span, label, kind)| {
            let range = range(&file.text, *span);
            let annotation = kind.span(range.start - start..range.end - start);
            if label.is_empty() { annotation } else { annotation.label(*label) }
        });
        snippets.push(
            Snippet::source(&file.text[start..end])
                .line_start(line)
                .path(file.name.as_str())
                .annotations(annotations),
        );
    }
    snippets
}

/// The span as a range of the text, never empty unless at the end, never outside.
fn range(text: &str, span: Span) -> Range<usize> {
    let start = text.floor_char_boundary(span.start as usize);
    let end = text.ceil_char_boundary((span.end as usize).max(start)).min(text.len());
    start..end
}

/// All findings as a list.
#[must_use]
pub fn json(parsed: &Parsed) -> Value {
    parsed.diagnostics.iter().map(|finding| one(&parsed.files, finding)).collect()
}

fn one(files: &Files, finding: &Diagnostic) -> Value {
    let place = |span: Span| {
        let (file, line, column) = files.position(span);
        json!({ "file": file, "line": line, "column": column })
    };
    let related = finding.related.iter().map(|(span, text)| {
        let mut related = place(*span);
        related["message"] = json!(text);
        related
    });
    let mut value = finding.span.map_or_else(|| json!({}), place);
    value["code"] = json!(finding.code.to_string());
    value["severity"] = json!(match finding.code.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    });
    value["message"] = json!(finding.message);
    value["label"] = json!(finding.label);
    value["related"] = related.collect();
    value["help"] = json!(finding.help);
    value
}

/// `valid, 2 warnings` or `invalid, 1 error, 2 warnings`.
#[must_use]
pub fn summary(parsed: &Parsed) -> String {
    let of = |severity| parsed.diagnostics.iter().filter(|d| d.code.severity == severity).count();
    let (errors, warnings) = (of(Severity::Error), of(Severity::Warning));
    match (errors, warnings) {
        (0, 0) => "valid".to_owned(),
        (0, n) => format!("valid, {}", count(n, "warning")),
        (n, 0) => format!("invalid, {}", count(n, "error")),
        (e, w) => format!("invalid, {}, {}", count(e, "error"), count(w, "warning")),
    }
}

/// Writes to the standard output; a reader that has gone (`| head`) is no error.
pub fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

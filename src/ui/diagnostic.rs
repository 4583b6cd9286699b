//! Diagnostics as rustc prints them: what, where, the line itself, and what to do.
//!
//! Invariant: every text of a diagnostic and of its source is made visible before the renderer sees it.

use annotate_snippets::{Annotation, AnnotationKind, Group, Level as SnippetLevel, Origin, Renderer, Snippet};
use anstream::adapter::strip_str;

use super::excerpt::{Excerpt, excerpt};
use super::text;
use crate::diagnostic::{Diagnostic, Level};
use crate::source::Source;

/// Columns that the renderer needs beside the line: number, rule and spaces.
const MARGIN: usize = 12;
/// Diagnostics that are printed at most.
const SHOWN: usize = 50;

/// How diagnostics are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Columns of the terminal.
    pub width: usize,
    /// Whether to use colour.
    pub color: bool,
}

/// Returns the diagnostics as text, one blank line after each; empty for none. A flood is counted, not printed.
#[must_use]
pub fn render(diagnostics: &[Diagnostic], sources: &[Source], options: Options) -> String {
    let renderer = if options.color { Renderer::styled() } else { Renderer::plain() }.term_width(options.width);
    let shown = diagnostics.iter().take(SHOWN).map(|diagnostic| one(&renderer, diagnostic, sources, options.width));
    let more = diagnostics.len().saturating_sub(SHOWN);
    let rest = (more > 0).then(|| format!("… and {}\n\n", text::count(more, "more mistake")));
    shown.chain(rest).collect()
}

fn one(renderer: &Renderer, diagnostic: &Diagnostic, sources: &[Source], width: usize) -> String {
    let level = match diagnostic.level {
        Level::Error => SnippetLevel::ERROR,
        Level::Warning => SnippetLevel::WARNING,
    };
    let location = &diagnostic.location;
    let place = Origin::path(text::visible(&location.file)).line(location.line).char_column(location.column);
    let mut group: Group<'_> =
        level.primary_title(text::visible(&diagnostic.message)).id(diagnostic.kind.as_str()).element(place);
    if let Some(source) = sources.iter().find(|source| source.name == location.file) {
        let spans = std::slice::from_ref(&location.span);
        let excerpt = excerpt(source, spans, width.saturating_sub(MARGIN));
        group = group.element(snippet(excerpt, location.line, &diagnostic.label));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(SnippetLevel::HELP.message(text::visible(help)));
    }
    let rendered = renderer.render(&[group]);
    // The place is an element of its own, since its column is the file's and not that of the excerpt; for the excerpt,
    // which has no name then, the renderer writes a line with nothing but this sign.
    let lines = rendered.lines().filter(|line| strip_str(line).to_string().trim() != ":::");
    lines.flat_map(|line| [line, "\n"]).chain(["\n"]).collect()
}

fn snippet(excerpt: Excerpt, line: usize, label: &str) -> Snippet<'static, Annotation<'static>> {
    let spans: Vec<_> = excerpt.marks.into_iter().map(|mark| mark.range).collect();
    let annotations = spans
        .into_iter()
        .map(|span| AnnotationKind::Primary.span(span).label(text::visible(label)))
        .collect::<Vec<_>>();
    Snippet::source(excerpt.line).line_start(line).annotations(annotations)
}

#[cfg(test)]
mod tests;

//! Requests for people and for scripts. Pure.
//!
//! Invariant: content is shown whole, one line of it behind a bar, so that no text of a repository's looks like cloister's.

use serde::Serialize;

use crate::trust::{self, Approval, Kind, Mark, Opens, Request, State};
use crate::ui::text::{visible, wrap};

/// Columns of a sentence about what an approval means.
const MEANING_COLUMNS: usize = 90;

/// One line of the list, as scripts read it.
#[derive(Debug, Serialize)]
struct Listed<'a> {
    kind: Kind,
    place: &'a str,
    state: &'static str,
    digest: &'a str,
    content: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    opens: &'a [Opens],
    #[serde(skip_serializing_if = "Option::is_none")]
    was: Option<&'a str>,
}

/// What there is to list.
#[derive(Debug)]
pub(super) struct List<'a> {
    /// What is asked for, and what the user has said about it.
    pub(super) asked: Vec<(&'a Request, State<'a>)>,
    /// What is approved although nothing asks for it now.
    pub(super) unused: Vec<&'a Approval>,
}

impl List<'_> {
    /// Returns the list as JSON.
    pub(super) fn json(&self) -> String {
        let asked = self.asked.iter().map(|(request, state)| {
            let Request { kind, place, content, digest, opens } = request;
            let was = if let State::Changed { was } = state { Some(was.content.as_str()) } else { None };
            Listed { kind: *kind, place, state: word(*state), digest, content, opens, was }
        });
        let unused = self.unused.iter().map(|approval| {
            let Approval { kind, place, content, digest } = approval;
            Listed { kind: *kind, place, state: "unused", digest, content, opens: &[], was: None }
        });
        let listed: Vec<Listed<'_>> = asked.chain(unused).collect();
        serde_json::to_string_pretty(&listed).expect("a list has text keys only") + "\n"
    }

    /// Returns the list for people; empty where there is nothing.
    pub(super) fn text(&self) -> String {
        let asked = self.asked.iter().map(|(request, state)| {
            let shown = body(&request.content, *state);
            let opens: Vec<&str> = request.opens.iter().map(|opens| opens.meaning()).collect();
            let meaning = meaning(&opens);
            format!("{:8}  {}  {}\n{shown}{meaning}", word(*state), visible(&request.place), request.digest)
        });
        let unused = self.unused.iter().map(|approval| {
            let Approval { kind: _, place, content, digest } = approval;
            format!("unused    {}  {digest}\n{}", visible(place), barred(content, "│"))
        });
        asked.chain(unused).collect()
    }
}

/// Returns what is shown before the question.
pub(super) fn card(request: &Request, state: State<'_>) -> String {
    let changed = if matches!(state, State::Changed { .. }) { "it changed since you approved it\n" } else { "" };
    let denied = if state == State::Denied { "you said no to it before\n" } else { "" };
    let (body, effect) = (body(&request.content, state), meaning(&request.meaning()));
    let (place, asks) = (visible(&request.place), request.kind.asks());
    format!("{place} {asks}:\n{body}{effect}  {}\n{changed}{denied}", request.digest)
}

/// Returns what an approval would mean, a sentence each.
fn meaning(sentences: &[&str]) -> String {
    let sentence = |one: &&str| wrap(one, MEANING_COLUMNS).join("\n  ");
    sentences.iter().map(|one| format!("  {}\n", sentence(one))).collect()
}

fn word(state: State<'_>) -> &'static str {
    match state {
        State::Approved => "approved",
        State::Denied => "denied",
        State::Pending => "pending",
        State::Changed { .. } => "changed",
    }
}

fn body(content: &str, state: State<'_>) -> String {
    match state {
        State::Changed { was } => difference(&was.content, content),
        State::Approved | State::Denied | State::Pending => barred(content, "│"),
    }
}

/// Returns the whole new text, with what was there before at its place.
fn difference(was: &str, is: &str) -> String {
    let bar = |mark| match mark {
        Mark::Same => "│",
        Mark::Gone => "-",
        Mark::New => "+",
    };
    trust::difference(was, is).into_iter().map(|(mark, line)| barred(line, bar(mark))).collect()
}

fn barred(text: &str, bar: &str) -> String {
    let lines = text.strip_suffix('\n').unwrap_or(text).split('\n');
    lines.map(|line| format!("  {bar} {}\n", visible(line))).collect()
}

#[cfg(test)]
mod tests;

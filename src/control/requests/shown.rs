//! A request of a repository as a card shows it: its exact content, and what it was. Pure.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::control::approvals::card::{OtherAsk, OtherKind};
use crate::control::approvals::risk::{Level, risks};
use crate::policy::Policy;
use crate::policy::rule::{Pattern, Rule};
use crate::trust::{Approvals, Domains, Kind, Mark, Request, State, difference};
use crate::ui::text::cut;

/// Most cards of one repository; the rest is for `cloister trust`.
pub const MOST: usize = 32;
/// Most bytes and lines of a content that fits on a card.
const BYTES: usize = 64 << 10;
const LINES: usize = 2000;
/// Characters of the content that stand in the title.
const TITLE: usize = 120;

/// Returns the cards for what nobody has answered yet: not too many, and none that nobody could read.
pub fn cards(requests: &[Request], approvals: &Approvals, words: &str) -> Vec<OtherAsk> {
    let open = requests.iter().filter_map(|request| card(request, approvals.state(request, requests), words));
    open.take(MOST).collect()
}

fn card(request: &Request, state: State<'_>, words: &str) -> Option<OtherAsk> {
    let was = match state {
        State::Approved | State::Denied => return None,
        State::Pending => None,
        State::Changed { was } => Some(was.content.as_str()),
    };
    // What this version does not do needs no answer now.
    let fits = |text: &str| text.len() <= BYTES && text.lines().count() <= LINES;
    if request.kind == Kind::Feature || !fits(&request.content) || !was.is_none_or(fits) {
        return None;
    }
    let warnings: Vec<String> = request.meaning().into_iter().map(str::to_owned).chain(of_hosts(request)).collect();
    Some(OtherAsk {
        kind: OtherKind::Repository,
        title: title(request),
        content: json!({ "facts": facts(request, was), "warnings": warnings, "next": next(request.kind, words) }),
        digest: request.digest.clone(),
        keepable: true,
        tickets: BTreeSet::new(),
    })
}

fn title(request: &Request) -> String {
    let first = request.content.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    format!("{}: {}", request.place, cut(first, TITLE))
}

/// Returns the exact content, line by line, and what an earlier approval was about.
fn facts(request: &Request, was: Option<&str>) -> Vec<(&'static str, String)> {
    let mut facts = vec![("asks", format!("{} {}", request.place, request.kind.asks()))];
    let mut name = Some(if was.is_some() { "changed" } else { "content" });
    for (mark, line) in difference(was.unwrap_or(&request.content), &request.content) {
        let sign = match mark {
            Mark::Same => " ",
            Mark::Gone => "-",
            Mark::New => "+",
        };
        let line = if was.is_some() { format!("{sign} {line}") } else { line.to_owned() };
        facts.push((name.take().unwrap_or_default(), line));
    }
    facts.push(("digest", request.digest.clone()));
    facts
}

/// Returns what has to be run for an approval to be in force.
fn next(kind: Kind, words: &str) -> Value {
    json!(kind.next().replacen("start", &format!("start{words}"), 1))
}

/// Returns what is more dangerous than usual about hosts that are asked for.
fn of_hosts(request: &Request) -> Vec<String> {
    let domains = Domains::of_content(&request.content).filter(|_| request.kind == Kind::Domains);
    let rules: Vec<Rule> = domains.into_iter().flat_map(|domains| domains.rules).collect();
    let listed = Policy::builtin().egress.allow;
    let risk = |rule: &Rule| match rule.pattern() {
        Pattern::Exact(host) | Pattern::Below(host) | Pattern::Tree(host) => risks(host, rule.port(), &listed),
        Pattern::Address(_) => Vec::new(),
    };
    let grave = rules.iter().flat_map(risk).filter(|risk| risk.level > Level::Usual);
    grave.map(|risk| risk.sentence).collect()
}

#[cfg(test)]
mod tests;

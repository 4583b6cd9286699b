//! A request as a terminal shows it: whatever a sandbox had a hand in is visible, and cannot move the cursor.

use crate::control::approvals::choice::Reach;
use crate::control::protocol::{CardView, ChoiceView, Ended};
use crate::policy::decision::{DecisionId, Verdict};
use crate::ui::text::{count, visible};

/// Returns everything that is to be known before answering.
pub(super) fn card(card: &CardView) -> String {
    let CardView { id, subject, title, kind, facts, warnings, count: times, waiting, .. } = card;
    let mut lines = vec![
        format!("{} {}: {}", id.0, what(kind), visible(title)),
        format!("    asked by   {} ({})", visible(&subject.name), visible(&subject.folder)),
    ];
    let times = count(usize::try_from(*times).unwrap_or(usize::MAX), "request");
    // What a repository asks for waits for a person, and nothing waits for it.
    lines.extend((kind != "repository").then(|| format!("    so far     {times}, {waiting} waiting")));
    lines.extend(facts.iter().map(|(label, text)| format!("    {:<10} {}", visible(label), visible(text))));
    lines.extend(warnings.iter().map(|text| format!("    warning    {}", visible(text))));
    lines.join("\n") + "\n"
}

fn what(kind: &str) -> &str {
    match kind {
        "host" => "to reach",
        "host-command" => "to run on this machine",
        _ => "asked by the repository",
    }
}

/// Returns an answer that can be given, with the words that give it.
pub(super) fn choice(choice: &ChoiceView) -> String {
    let answer = &choice.choice;
    let wildcard = match &answer.reach {
        Reach::Exact => String::new(),
        Reach::Wildcard(pattern) => format!(" --wildcard {pattern}"),
    };
    format!("{} --for {}{wildcard}: {}", answer.verdict.as_str(), answer.term, visible(&choice.text))
}

/// Returns what an answer did, and what takes it back.
pub(super) fn done(choice: &ChoiceView, decision: Option<&DecisionId>) -> String {
    let undo = decision.map(|id| format!("; to take it back: cloister decisions undo {id}")).unwrap_or_default();
    format!("{}{undo}\n", visible(&choice.text))
}

/// Returns how one of those that were listed is answered.
pub(super) fn how_to_answer(card: &CardView) -> String {
    let number = card.id.0;
    let term = |verdict| card.least(verdict, &Reach::Exact).map(|least| least.choice.term);
    let allow = term(Verdict::Allow).map(|term| format!("cloister approve {number} --for {term}"));
    let deny = term(Verdict::Deny).map(|_| format!("cloister deny {number}"));
    let lines = allow.into_iter().chain(deny).map(|line| format!("  {line}\n"));
    format!("to answer, for example:\n{}", lines.collect::<String>())
}

/// Returns why a card that was shown waits no more.
pub(super) fn ended(ended: Option<Ended>) -> &'static str {
    match ended {
        Some(Ended::Answered) => "answered elsewhere",
        Some(Ended::Expired) => "it waits no more: nobody answered in time, or whoever asked is gone",
        Some(Ended::Overtaken) => "a rule answers it now",
        None => "it waits no more",
    }
}

#[cfg(test)]
pub(super) mod tests;

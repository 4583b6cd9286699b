//! Cards as the page shows them.
//!
//! Invariant: pure. Order is as it came; of the answers the least come first, and a letter stands for the least of each kind
//! (UI-028).

use serde::Serialize;

use super::shown::Shown;
use crate::control::approvals::card::CardId;
use crate::control::approvals::choice::{Choice, Reach, Term};
use crate::control::protocol::{CardView, ChoiceView, Inbox, Mistake as Told};
use crate::policy::decision::Verdict;

/// Kind of what a repository asks for.
const REPOSITORY: &str = "repository";

/// What waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Cards {
    version: u64,
    cards: Vec<Card>,
    mistakes: Vec<Mistake>,
}

/// A file that is not in force as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Mistake {
    place: Shown,
    message: Shown,
    since: Option<u64>,
}

impl Mistake {
    /// Returns what is shown of mistakes.
    pub(super) fn all(told: &[Told]) -> Vec<Self> {
        let shown =
            |one: &Told| Self { place: Shown::new(&one.place), message: Shown::new(&one.message), since: one.since };
        told.iter().map(shown).collect()
    }
}

/// One card. Times are milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Card {
    id: CardId,
    digest: String,
    name: Shown,
    folder: Shown,
    asks: &'static str,
    title: Shown,
    facts: Vec<(Shown, Shown)>,
    warnings: Vec<Shown>,
    first: u64,
    last: u64,
    count: u64,
    waiting: u64,
    until: Option<u64>,
    /// Whether it waits for a person alone, and nothing for it.
    lasts: bool,
    /// Whether some text would not have been seen as it is.
    hides: bool,
    choices: Vec<Answer>,
}

/// What can be answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Answer {
    choice: Choice,
    verdict: &'static str,
    /// For which hosts.
    reach: Shown,
    /// For how long, and for whom.
    term: &'static str,
    /// What it will do.
    text: Shown,
    confirm: Option<String>,
    /// Whether it reaches further than this sandbox's life and exactly this.
    wide: bool,
    /// The letter that stands for it.
    key: Option<&'static str>,
}

impl Cards {
    /// Returns what is shown of an inbox.
    pub(super) fn new(inbox: &Inbox) -> Self {
        Self {
            version: inbox.version,
            cards: inbox.cards.iter().map(Card::new).collect(),
            mistakes: Mistake::all(&inbox.mistakes),
        }
    }
}

impl Card {
    fn new(view: &CardView) -> Self {
        let facts: Vec<_> = view.facts.iter().map(|(label, text)| (Shown::new(label), Shown::new(text))).collect();
        let title = Shown::new(&view.title);
        Self {
            id: view.id,
            digest: view.digest.clone(),
            name: Shown::new(&view.subject.name),
            folder: Shown::new(&view.subject.folder),
            asks: asks(&view.kind),
            hides: title.hides() || facts.iter().any(|(label, text)| label.hides() || text.hides()),
            title,
            facts,
            warnings: view.warnings.iter().map(|text| Shown::new(text)).collect(),
            first: view.first,
            last: view.last,
            count: view.count,
            waiting: view.waiting,
            until: view.until,
            lasts: view.kind == REPOSITORY,
            choices: answers(view),
        }
    }
}

fn asks(kind: &str) -> &'static str {
    match kind {
        "host" => "wants to reach",
        "host-command" => "wants to run on this machine",
        REPOSITORY => "has a repository that asks for",
        _ => "asks for",
    }
}

/// Of a repository's request an answer for the folder is the least that there is.
fn answers(view: &CardView) -> Vec<Answer> {
    let mut answers: Vec<_> = view.choices.iter().map(answer).collect();
    answers.iter_mut().for_each(|answer| answer.wide &= view.kind != REPOSITORY);
    for (verdict, key) in [(Verdict::Allow, "a"), (Verdict::Deny, "d")] {
        let least = view.least(verdict, &Reach::Exact).map(|least| &least.choice);
        let meant = answers.iter_mut().find(|answer| Some(&answer.choice) == least);
        if let Some(answer) = meant.filter(|answer| !answer.wide && answer.confirm.is_none()) {
            answer.key = Some(key);
        }
    }
    answers.sort_by_key(|answer| answer.wide);
    answers
}

fn answer(view: &ChoiceView) -> Answer {
    let Choice { verdict, term, reach } = &view.choice;
    Answer {
        verdict: verdict.as_str(),
        reach: match reach {
            Reach::Exact => Shown::new("exactly what is asked"),
            Reach::Wildcard(wildcard) => Shown::new(wildcard),
        },
        term: term.how_long(),
        text: Shown::new(&view.text),
        confirm: view.confirm.clone(),
        wide: !matches!(term, Term::Once | Term::Session) || *reach != Reach::Exact,
        key: None,
        choice: view.choice.clone(),
    }
}

#[cfg(test)]
mod tests;

//! Which answers a card takes, and what each of them will do, in one line.

use super::card::{Asked, Card, HostAsk, OtherAsk, OtherKind};
use super::choice::{Choice, Reach, Term};
use super::flood::COOL_DOWN;
use crate::policy::decision::Verdict;
use crate::policy::host::Host;
use crate::policy::rule::{Rule, RuleError};
use crate::ui::text::{cut, visible};

/// Columns of a name in a line.
const NAME: usize = 60;

/// An answer that a card takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The answer.
    pub choice: Choice,
    /// What it will do, in one line that is safe to show.
    pub does: String,
    /// What has to be typed to confirm it, where it opens more than one host for more than one sandbox.
    pub typed: Option<String>,
}

/// Returns every answer that a card takes, allowing ones first, from the narrowest to the widest.
pub fn offers(card: &Card) -> Vec<Offer> {
    let choices = match &card.what {
        Asked::Host(ask) => host_choices(ask),
        Asked::Other(ask) => other_choices(ask),
    };
    choices.into_iter().map(|choice| offer(card, choice)).collect()
}

/// Returns the rules that an answer to a card about a host leaves. An allowing one opens the ports that were shown and no
/// other; a denying one closes the host.
///
/// # Errors
/// No rule may say so: a name of the machine itself.
pub fn rules(ask: &HostAsk, verdict: Verdict, reach: &Reach) -> Result<Vec<Rule>, RuleError> {
    let place = match reach {
        Reach::Exact => ask.host.as_str(),
        Reach::Wildcard(wildcard) => wildcard,
    };
    match verdict {
        Verdict::Allow => ask.ports.iter().map(|port| Rule::parse(&format!("{place}:{port}"))).collect(),
        Verdict::Deny => Ok(vec![Rule::parse_deny(place)?]),
    }
}

/// Returns the wildcards that are about a host, the narrowest first; each is below the host's own public suffix, which can
/// lie deeper than others: what stands above one is everybody's.
pub fn wildcards(host: &Host) -> Vec<String> {
    let public = psl::suffix_str(host.as_str()).map_or(usize::MAX, str::len);
    let below = host.as_str().match_indices('.').map(|(at, _)| &host.as_str()[at + 1..]);
    let below = below.filter(|suffix| suffix.len() > public).map(|suffix| format!("*.{suffix}"));
    std::iter::once(format!("**.{host}")).chain(below).filter(|wildcard| Rule::parse(wildcard).is_ok()).collect()
}

fn host_choices(ask: &HostAsk) -> Vec<Choice> {
    let mut choices = Vec::new();
    for verdict in [Verdict::Allow, Verdict::Deny] {
        choices.extend(Term::ALL.map(|term| Choice { verdict, term, reach: Reach::Exact }));
        for wildcard in wildcards(&ask.host) {
            let lasting = Term::ALL.into_iter().filter(|term| *term != Term::Once);
            choices.extend(lasting.map(|term| Choice { verdict, term, reach: Reach::Wildcard(wildcard.clone()) }));
        }
    }
    choices
}

fn other_choices(ask: &OtherAsk) -> Vec<Choice> {
    let exact = |verdict, term| Choice { verdict, term, reach: Reach::Exact };
    if ask.kind == OtherKind::Repository {
        return vec![exact(Verdict::Allow, Term::Project), exact(Verdict::Deny, Term::Project)];
    }
    let always = ask.keepable.then(|| exact(Verdict::Allow, Term::Project));
    let once = [exact(Verdict::Allow, Term::Once)];
    once.into_iter().chain(always).chain([exact(Verdict::Deny, Term::Once)]).collect()
}

fn offer(card: &Card, choice: Choice) -> Offer {
    let typed = match (&choice.reach, choice.verdict, choice.term) {
        (Reach::Wildcard(wildcard), Verdict::Allow, Term::Project | Term::Global) => Some(wildcard.clone()),
        _ => None,
    };
    let does = match &card.what {
        Asked::Host(ask) => host_line(card, ask, &choice),
        Asked::Other(ask) => other_line(card, ask, &choice),
    };
    Offer { choice, does, typed }
}

fn host_line(card: &Card, ask: &HostAsk, choice: &Choice) -> String {
    let host = ask.host.as_str();
    let place = match &choice.reach {
        Reach::Exact => cut(host, NAME),
        Reach::Wildcard(wildcard) => cut(wildcard, NAME),
    };
    let ports = ask.ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let who = who(card, choice.term);
    match (choice.verdict, choice.term) {
        (Verdict::Allow, Term::Once) if ask.waiting.is_empty() => {
            format!("lets the next request of {who} for {place}, port {ports}, through, within two minutes")
        }
        // True as well when nothing waits any more: a digest that changed with it would let a sandbox outrun every answer.
        (Verdict::Allow, Term::Once) => format!(
            "lets what waits now for {place}, port {ports}, through, and if nothing waits any more the next request within \
             two minutes; then {who} asks again"
        ),
        (Verdict::Allow, term) => format!("{who} may reach {place}, port {ports}, {}", how_long(term)),
        (Verdict::Deny, Term::Once) => {
            format!("refuses {place} now; for {} minutes {who} is refused without asking you", COOL_DOWN / 60_000)
        }
        (Verdict::Deny, Term::Project | Term::Global) => {
            format!("no {} may reach {place}, on any port, {}", who.trim_start_matches("every "), how_long(choice.term))
        }
        (Verdict::Deny, term) => format!("{who} may not reach {place}, on any port, {}", how_long(term)),
    }
}

fn other_line(card: &Card, ask: &OtherAsk, choice: &Choice) -> String {
    let what = match ask.kind {
        OtherKind::HostCommand => "this command",
        OtherKind::Repository => return repository_line(card, ask, choice.verdict),
    };
    let name = cut(&visible(&card.subject.name), NAME);
    match (choice.verdict, choice.term) {
        (Verdict::Allow, Term::Once) => format!("allows {what} of {name} once, exactly as shown"),
        (Verdict::Allow, _) => {
            let folder = cut(&visible(&card.subject.folder), NAME);
            format!("allows {what} for {folder} from now on, without asking, for as long as nothing of it changes")
        }
        (Verdict::Deny, _) => {
            format!("refuses {what}; for {} minutes it is refused without asking you", COOL_DOWN / 60_000)
        }
    }
}

fn repository_line(card: &Card, ask: &OtherAsk, verdict: Verdict) -> String {
    let folder = cut(&visible(&card.subject.folder), NAME);
    let next = cut(&visible(ask.content["next"].as_str().unwrap_or_default()), 2 * NAME);
    match verdict {
        Verdict::Allow => format!("approves exactly this for {folder}; then, to have it: {next}"),
        Verdict::Deny => format!("says no to exactly this for {folder}; it is not asked again before it changes"),
    }
}

fn who(card: &Card, term: Term) -> String {
    match term {
        Term::Once | Term::Session | Term::For(_) => cut(&visible(&card.subject.name), NAME),
        Term::Project => format!("every sandbox on {}", cut(&visible(&card.subject.folder), NAME)),
        Term::Global => "every sandbox of yours".to_owned(),
    }
}

/// Who it is about was said before.
fn how_long(term: Term) -> &'static str {
    if matches!(term, Term::Project | Term::Global) { "until you undo it" } else { term.how_long() }
}

#[cfg(test)]
mod tests;

//! What a person answers. An answer counts for exactly the card that was shown, once (SEC-50).

use super::super::card::{Asked, Card, CardId, HostAsk, OtherAsk};
use super::super::choice::{Choice, Term};
use super::super::effect::{Answer, Effect, Entry};
use super::super::offer::{self, offers};
use super::ask::{host_key, other_key};
use super::{Desk, PASS, found, release};
use crate::policy::decision::{By, Decision, DecisionId, Scope, Subject, Verdict};
use crate::policy::effective::Effective;
use crate::policy::rule::Rule;
use crate::policy::rules::Match;

/// What a person wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The card.
    pub card: CardId,
    /// [`Card::digest`] of what was shown.
    pub digest: String,
    /// The answer.
    pub choice: Choice,
    /// What was typed to confirm a wide one.
    pub typed: Option<String>,
    /// Where it was answered.
    pub by: By,
}

/// Why an answer is not taken. Nothing changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It was answered, or nobody answered in time.
    #[error("nothing waits under this number any more")]
    Gone,
    /// The card is another one than the one that was shown.
    #[error("what is asked for has changed since it was shown")]
    Changed,
    /// The card takes no such answer.
    #[error("this cannot be answered like that")]
    NotOffered,
    /// A wide answer that was not confirmed.
    #[error("this opens more than one host: type {wildcard} to confirm it")]
    Unconfirmed {
        /// What is to be typed.
        wildcard: String,
    },
    /// A rule denies it, and deny wins.
    #[error("the rule {rule} denies it, and deny wins")]
    Denied {
        /// The rule.
        rule: Rule,
    },
}

impl Refused {
    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Gone => Some("if it is still wanted, it will be asked for again".to_owned()),
            Self::Changed => Some("look at it again, then answer".to_owned()),
            Self::NotOffered => Some("take one of the answers that the card offers".to_owned()),
            Self::Unconfirmed { .. } => None,
            Self::Denied { rule } => {
                Some(format!("`cloister why {rule}` shows where it comes from; take it away there first"))
            }
        }
    }
}

impl Desk {
    /// Takes an answer. `policy` is that of the sandbox which asked.
    ///
    /// # Errors
    /// The answer is not for what waits, or not one that the card takes; nothing changed.
    pub fn answer(&mut self, order: &Order, policy: &Effective, now: u64) -> Result<Vec<Effect>, Refused> {
        let card = self.cards.get(order.card).filter(|card| now < card.expires).ok_or(Refused::Gone)?;
        if card.digest() != order.digest {
            return Err(Refused::Changed);
        }
        let offers = offers(card);
        let offer = offers.iter().find(|offer| offer.choice == order.choice).ok_or(Refused::NotOffered)?;
        if let Some(wildcard) = offer.typed.as_ref().filter(|wildcard| order.typed.as_ref() != Some(*wildcard)) {
            return Err(Refused::Unconfirmed { wildcard: wildcard.clone() });
        }
        let card = card.clone();
        match &card.what {
            Asked::Host(ask) => self.answer_host(&card, ask, order, policy, now),
            Asked::Other(ask) => Ok(self.answer_other(&card, ask, order, now)),
        }
    }

    fn answer_host(
        &mut self,
        card: &Card,
        ask: &HostAsk,
        order: &Order,
        policy: &Effective,
        now: u64,
    ) -> Result<Vec<Effect>, Refused> {
        let Choice { verdict, term, reach } = &order.choice;
        if *verdict == Verdict::Allow {
            may(ask, policy)?;
        }
        let rules = offer::rules(ask, *verdict, reach).map_err(|_| Refused::NotOffered)?;
        let decision = self.decide(&card.subject, rules, order, now);
        self.cards.remove(card.id);
        if *term == Term::Once {
            self.once(card, ask, *verdict, now);
        }
        let answer = match verdict {
            Verdict::Allow => Answer::Allowed { term: *term, until: decision.as_ref().and_then(|made| made.until) },
            Verdict::Deny => Answer::Denied,
        };
        let mut effects: Vec<Effect> = decision.clone().map(Effect::Persist).into_iter().collect();
        effects.push(Effect::Log(Entry::Answered {
            card: card.clone(),
            choice: order.choice.clone(),
            by: order.by,
            decision: decision.as_ref().map(|decision| decision.id.clone()),
        }));
        effects.extend(decision.map(|decision| Effect::PolicyChanged(decision.scope)));
        effects.extend(release(card, *verdict == Verdict::Allow, answer));
        Ok(effects)
    }

    fn answer_other(&mut self, card: &Card, ask: &OtherAsk, order: &Order, now: u64) -> Vec<Effect> {
        let Choice { verdict, term, .. } = order.choice;
        self.cards.remove(card.id);
        if verdict == Verdict::Deny {
            self.flood.cool(&card.subject.sandbox, other_key(ask), now);
        }
        let answer = match verdict {
            Verdict::Allow => Answer::Allowed { term, until: None },
            Verdict::Deny => Answer::Denied,
        };
        let logged = Entry::Answered { card: card.clone(), choice: order.choice.clone(), by: order.by, decision: None };
        let done = Effect::Other {
            kind: ask.kind,
            subject: card.subject.clone(),
            digest: ask.digest.clone(),
            content: ask.content.clone(),
            verdict,
            term,
            by: order.by,
        };
        let mut effects = vec![Effect::Log(logged), done];
        effects.extend(release(card, false, answer));
        effects
    }

    /// What is answered once leaves no decision: a no cools down, a yes that nothing waits for is good for one request.
    fn once(&mut self, card: &Card, ask: &HostAsk, verdict: Verdict, now: u64) {
        let sandbox = &card.subject.sandbox;
        match verdict {
            Verdict::Deny => self.flood.cool(sandbox, host_key(&ask.host), now),
            Verdict::Allow if ask.waiting.is_empty() => {
                let pass = |port: &u16| ((card.subject.clone(), ask.host.clone(), *port), now + PASS);
                self.passes.extend(ask.ports.iter().map(pass));
            }
            Verdict::Allow => {}
        }
    }

    fn decide(&mut self, subject: &Subject, rules: Vec<Rule>, order: &Order, now: u64) -> Option<Decision> {
        let Choice { verdict, term, .. } = order.choice;
        let (scope, until) = reached(subject, term, now)?;
        let text = |turn: usize| format!("{verdict:?} {rules:?} {scope:?} {now} {turn}");
        let mut ids = (0..).map(|turn| DecisionId::derive(&text(turn)));
        let id = ids.find(|id| !self.decisions.contains_key(id))?;
        let asked_by = subject.name.clone();
        let decision = Decision { id, verdict, rules, scope, made: now, until, by: order.by, asked_by };
        self.decisions.insert(decision.id.clone(), decision.clone());
        Some(decision)
    }
}

/// Deny wins, whoever answers.
fn may(ask: &HostAsk, policy: &Effective) -> Result<(), Refused> {
    ask.ports.iter().try_for_each(|port| match found(policy, &ask.host, *port) {
        Match::Denied(rule) => Err(Refused::Denied { rule }),
        Match::Allowed(_) | Match::OtherPort(_) | Match::Nothing => Ok(()),
    })
}

/// Whom an answer is about, and until when; `None` where it leaves no decision.
fn reached(subject: &Subject, term: Term, now: u64) -> Option<(Scope, Option<u64>)> {
    let Subject { sandbox, session, folder, .. } = subject.clone();
    match term {
        Term::Once => None,
        Term::Session => Some((Scope::Session { sandbox, session }, None)),
        Term::For(span) => Some((Scope::Sandbox { sandbox }, Some(now + span.milliseconds()))),
        Term::Project => Some((Scope::Project { folder }, None)),
        Term::Global => Some((Scope::Global, None)),
    }
}

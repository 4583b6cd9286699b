//! What repositories ask for: cards while it is true, and answers that are kept where `cloister trust` keeps them.
//!
//! Invariant: an answer is for the exact content that was shown, and is on disk before anybody hears that it counts.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Plane, now};
use crate::control::approvals::card::{Asked, Card, OtherAsk, OtherKind};
use crate::control::approvals::desk::{EXPIRY, Order};
use crate::control::protocol::Reply;
use crate::control::requests::{self, Open, shown};
use crate::host::file::Stamp;
use crate::pipeline::approvals::Store;
use crate::policy::decision::{Subject, Verdict};
use crate::policy::effective::Effective;
use crate::ui::causes;

/// What is known of one file of requests.
#[derive(Debug)]
pub(super) struct Known {
    stamp: Stamp,
    sources: Vec<Stamp>,
    /// `None` where it is not true any more, or was never.
    open: Option<Open>,
}

impl Plane {
    /// Looks at what repositories ask for, and brings the cards up to date.
    pub(super) async fn look_at_requests(&mut self) {
        let state = self.context.state.root().to_owned();
        let waiting = requests::waiting(&state);
        self.requests.retain(|id, _| waiting.iter().any(|(waits, _)| waits == id));
        for (id, stamp) in waiting {
            let known = self.requests.get(&id).filter(|known| known.stamp == stamp && known.is_as_it_was());
            if known.is_none() {
                let known = Known::of(requests::read(&state, &id).filter(Open::is_true), stamp);
                self.requests.insert(id, known);
            }
        }
        let mut wanted: BTreeMap<Subject, Vec<OtherAsk>> = BTreeMap::new();
        for (id, open) in self.requests.iter().filter_map(|(id, known)| Some((id, known.open.as_ref()?))) {
            if self.is_meant(open) {
                wanted.insert(open.subject.clone(), self.asks(open));
            } else {
                // What cannot be removed is not meant the next time either.
                let _ = requests::forget(&state, id);
            }
        }
        let effects = self.desk.ask_repositories(wanted, now());
        self.carry_out(effects).await;
    }

    /// Whether whoever it is about is there: that very life of the sandbox, or a start that waits for an answer and was made
    /// a moment ago.
    fn is_meant(&self, open: &Open) -> bool {
        let receipt = self.context.state.load(&open.subject.sandbox).ok().flatten();
        let runs = receipt.filter(|receipt| receipt.state != crate::engine::receipt::State::Stopped);
        match runs {
            Some(receipt) => receipt.subject() == open.subject,
            None => open.subject.session.is_empty() && now().saturating_sub(open.made) < EXPIRY,
        }
    }

    fn asks(&self, open: &Open) -> Vec<OtherAsk> {
        // What was approved cannot be read: nothing is asked, since no answer could be kept.
        match self.store(&open.subject).load() {
            Ok(approvals) => shown::cards(&open.requests, &approvals, &open.words),
            Err(_) => Vec::new(),
        }
    }

    fn store(&self, subject: &Subject) -> Store {
        Store::of(self.context.state.root(), self.context.state.uid(), Path::new(&subject.folder))
    }

    /// Whether a start waits for an answer of which no sandbox is there.
    pub(super) fn has_refused_start(&self) -> bool {
        self.desk.cards().any(|card| is_repository(card) && card.subject.session.is_empty())
    }

    /// Takes an answer to what a repository asks for.
    pub(super) async fn decide_request(&mut self, order: &Order, asked: OtherAsk, subject: Subject) -> Reply {
        let failed = |reason: String| Reply::Failed { reason };
        let open = self.requests.get(&subject.sandbox).and_then(|known| known.open.clone());
        let Some(open) = open.filter(|open| open.subject == subject && open.is_true()) else {
            self.requests.remove(&subject.sandbox);
            // What cannot be removed is not true the next time either.
            let _ = requests::forget(self.context.state.root(), &subject.sandbox);
            self.look_at_requests().await;
            return failed("the repository has changed since this was shown: `cloister start` asks again".to_owned());
        };
        let request = open.requests.into_iter().find(|request| request.digest == asked.digest);
        let Some(request) = request else { return failed("nobody asks for this any more".to_owned()) };
        let effects = match self.desk.answer(order, &Effective::closed(), now()) {
            Ok(effects) => effects,
            Err(refused) => return failed(refused.to_string()),
        };
        let verdict = order.choice.verdict;
        let store = self.store(&subject);
        let kept = store.change(|approvals| match verdict {
            Verdict::Allow => approvals.add(request),
            Verdict::Deny => approvals.deny(request),
        });
        if let Err(error) = kept.await {
            // The card comes back with the next look.
            self.version += 1;
            return failed(format!("the answer cannot be kept, so it does not count: {}", causes::line(&error)));
        }
        self.carry_out(effects).await;
        Reply::Decided(None)
    }
}

impl Known {
    fn of(open: Option<Open>, stamp: Stamp) -> Self {
        let sources = open.iter().flat_map(|open| &open.sources).map(requests::Source::stamp).collect();
        Self { stamp, sources, open }
    }

    fn is_as_it_was(&self) -> bool {
        let now = self.open.iter().flat_map(|open| &open.sources).map(requests::Source::stamp);
        now.eq(self.sources.iter().copied())
    }
}

/// Returns what a repository asks for, where a card is about that.
pub(super) fn of_repository(card: &Card) -> Option<&OtherAsk> {
    match &card.what {
        Asked::Other(ask) if ask.kind == OtherKind::Repository => Some(ask),
        _ => None,
    }
}

fn is_repository(card: &Card) -> bool {
    of_repository(card).is_some()
}

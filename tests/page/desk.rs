//! The control plane's side of the page, as far as the page sees it: an inbox, decisions, and what was asked.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use cloister::control::approvals::card::{Asked, Card, CardId, Connection, HostAsk, OtherAsk, OtherKind, Ticket};
use cloister::control::approvals::choice::Choice;
use cloister::control::approvals::offer::offers;
use cloister::control::protocol::{
    Ask, CardView, ChoiceView, DecisionView, Inbox, Mistake, Reply, RuleView, SandboxView,
};
use cloister::control::requests::shown;
use cloister::control::tally::{Moment, Tally};
use cloister::control::web::Asker;
use cloister::policy::decision::{By, DecisionId, Scope, Subject};
use cloister::policy::host::Host;
use cloister::trust::{Approvals, Request};

/// How long news are waited for.
const NEWS: Duration = Duration::from_secs(2);

/// What the page asks.
#[derive(Clone)]
pub(crate) struct Desk {
    state: Arc<Mutex<State>>,
    inbox: Arc<watch::Sender<Inbox>>,
    asker: Asker,
}

#[derive(Default)]
struct State {
    decided: Vec<(CardId, Choice)>,
    decisions: Vec<DecisionView>,
    sandboxes: Vec<SandboxView>,
    rules: Vec<RuleView>,
}

impl Desk {
    pub(crate) fn start() -> Self {
        let (asker, mut asked) = mpsc::unbounded_channel();
        let desk = Self { state: Arc::default(), inbox: Arc::new(watch::channel(Inbox::default()).0), asker };
        let answering = desk.clone();
        tokio::spawn(async move {
            while let Some((ask, sender)) = asked.recv().await {
                let desk = answering.clone();
                tokio::spawn(async move {
                    let _ = sender.send(desk.answer(ask).await);
                });
            }
        });
        desk
    }

    pub(crate) fn asker(&self) -> Asker {
        self.asker.clone()
    }

    /// Returns what was decided: the card and the answer.
    pub(crate) fn decided(&self) -> Vec<(CardId, Choice)> {
        self.state.lock().unwrap().decided.clone()
    }

    pub(crate) fn decisions(&self) -> usize {
        self.state.lock().unwrap().decisions.len()
    }

    pub(crate) fn put_sandbox(&self, sandbox: SandboxView) {
        self.state.lock().unwrap().sandboxes.push(sandbox);
    }

    pub(crate) fn put_rule(&self, rule: RuleView) {
        self.state.lock().unwrap().rules.push(rule);
    }

    pub(crate) fn put_decision(&self, decision: DecisionView) {
        self.state.lock().unwrap().decisions.push(decision);
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        *self.state.lock().unwrap() = State::default();
        self.change(|cards| cards.clear());
    }

    pub(crate) fn put(&self, card: CardView) {
        self.change(|cards| cards.push(card));
    }

    pub(crate) fn take(&self, id: u64) {
        self.change(|cards| cards.retain(|card| card.id != CardId(id)));
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Vec<CardView>)) {
        self.inbox.send_modify(|inbox| {
            inbox.version += 1;
            change(&mut inbox.cards);
        });
    }

    pub(crate) fn break_policy(&self, mistakes: Vec<Mistake>) {
        self.inbox.send_modify(|inbox| (inbox.version, inbox.mistakes) = (inbox.version + 1, mistakes));
    }

    async fn answer(&self, ask: Ask) -> Reply {
        match ask {
            Ask::Inbox { since } => {
                let mut news = self.inbox.subscribe();
                let _ = timeout(NEWS, news.wait_for(|inbox| inbox.version > since || since == 0)).await;
                Reply::Inbox(self.inbox.borrow().clone())
            }
            Ask::Decide { card, digest, choice, typed, .. } => self.decide(card, &digest, &choice, typed.as_deref()),
            Ask::Decisions => Reply::Decisions(self.state.lock().unwrap().decisions.clone()),
            Ask::Undo { ids, .. } => {
                self.state.lock().unwrap().decisions.retain(|one| !ids.contains(&one.id));
                Reply::Done
            }
            Ask::Sandboxes => Reply::Sandboxes(self.state.lock().unwrap().sandboxes.clone()),
            Ask::Rules { .. } => Reply::Rules(self.state.lock().unwrap().rules.clone()),
            Ask::Metrics => Reply::Metrics(Tally::default().text(&Moment::default())),
            other => panic!("the page does not ask {other:?}"),
        }
    }

    fn decide(&self, id: CardId, digest: &str, choice: &Choice, typed: Option<&str>) -> Reply {
        let failed = |reason: &str| Reply::Failed { reason: reason.to_owned() };
        let found = self.inbox.borrow().cards.iter().find(|card| card.id == id).cloned();
        let Some(card) = found.filter(|card| card.digest == digest) else {
            return failed("that is not what is asked any more");
        };
        let Some(offered) = card.choices.iter().find(|one| one.choice == *choice) else {
            return failed("that is no answer to it");
        };
        if offered.confirm.is_some() && offered.confirm.as_deref() != typed {
            return failed("that is not what has to be typed");
        }
        let mut state = self.state.lock().unwrap();
        state.decided.push((id, choice.clone()));
        state.decisions.push(decision(&card, choice));
        drop(state);
        self.take(id.0);
        Reply::Done
    }
}

fn decision(card: &CardView, choice: &Choice) -> DecisionView {
    DecisionView {
        id: DecisionId::derive(&card.title),
        verdict: choice.verdict,
        rules: vec![card.title.clone()],
        scope: Scope::Session { sandbox: card.subject.sandbox.clone(), session: card.subject.session.clone() },
        made: 1_800_000_000_000,
        until: None,
        by: By::Page,
        asked_by: card.subject.name.clone(),
    }
}

/// Returns a card that asks for a host, with the answers that it really takes.
pub(crate) fn card(id: u64, title: &str) -> CardView {
    CardView {
        title: title.to_owned(),
        kind: "host".into(),
        facts: vec![
            ("agent says".into(), "I need the API's documentation".into()),
            ("sandbox says".into(), "/usr/bin/node: npm install".into()),
        ],
        warnings: vec!["whoever owns this host can receive what the sandbox sends".into()],
        ..view(id, Asked::Host(host(title, 2)))
    }
}

/// Returns the answers to a card that asks for a host for which so many connections wait.
pub(crate) fn waiting_choices(waiting: u64) -> Vec<ChoiceView> {
    view(1, Asked::Host(host("api.example.com", waiting))).choices
}

fn host(title: &str, waiting: u64) -> HostAsk {
    HostAsk {
        host: Host::parse(title.split(':').next().unwrap()).unwrap_or_else(|_| Host::parse("api.example.com").unwrap()),
        ports: [443].into(),
        reason: None,
        waiting: (1..=waiting).map(|number| Connection { number, port: 443 }).collect(),
        tickets: BTreeSet::new(),
        programs: BTreeSet::new(),
    }
}

/// Returns a card that asks for a command on the host.
pub(crate) fn command(id: u64, title: &str) -> CardView {
    let ask = OtherAsk {
        kind: OtherKind::HostCommand,
        title: title.to_owned(),
        content: serde_json::Value::Null,
        digest: "sha256:0".into(),
        keepable: true,
        tickets: [Ticket(1)].into(),
    };
    CardView { title: title.to_owned(), kind: "host-command".into(), ..view(id, Asked::Other(ask)) }
}

/// Returns the card of what a repository asks for, as the control plane makes it.
pub(crate) fn request(id: u64, request: &Request, approvals: &Approvals) -> CardView {
    let asks = shown::cards(std::slice::from_ref(request), approvals, "");
    let ask = asks.into_iter().next().expect("it waits");
    let part = |name: &str| ask.content[name].clone();
    CardView {
        title: ask.title.clone(),
        kind: "repository".into(),
        facts: serde_json::from_value(part("facts")).unwrap(),
        warnings: serde_json::from_value(part("warnings")).unwrap(),
        waiting: 0,
        ..view(id, Asked::Other(ask))
    }
}

fn view(id: u64, what: Asked) -> CardView {
    let subject = Subject {
        sandbox: "0123456789ab".into(),
        session: "1".into(),
        name: "shop".into(),
        folder: "/home/me/projects/shop".into(),
    };
    let (first, last, count) = (1_800_000_000_000, 1_800_000_004_000, 3);
    let card = Card { id: CardId(id), subject: subject.clone(), what, first, last, count, expires: last };
    CardView {
        id: card.id,
        digest: format!("sha256:{id:064x}"),
        subject,
        title: String::new(),
        kind: String::new(),
        facts: Vec::new(),
        warnings: Vec::new(),
        first,
        last,
        count,
        waiting: 2,
        until: None,
        choices: offers(&card)
            .into_iter()
            .map(|offer| ChoiceView { choice: offer.choice, text: offer.does, confirm: offer.typed })
            .collect(),
    }
}

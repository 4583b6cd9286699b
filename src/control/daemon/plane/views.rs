//! What the control plane knows, as a person sees it.

use super::{Plane, now};
use crate::control::approvals::card::{Asked, Card, HostAsk, OtherAsk, OtherKind};
use crate::control::approvals::offer::offers;
use crate::control::approvals::risk::{Level, risks};
use crate::control::protocol::{CardView, ChoiceView, DecisionView, Inbox, Mistake, Reply, RuleView, SandboxView};
use crate::control::tally::Moment;
use crate::engine::session::SessionError;
use crate::guardian::protocol::{Answer, Command, Refused};
use crate::policy::decision::Subject;
use crate::policy::effective::{Origin, Sourced};
use crate::trust::short;

impl Plane {
    /// Returns what waits for a person.
    pub(super) fn inbox(&self) -> Inbox {
        Inbox {
            version: self.version,
            cards: self.desk.cards().map(|card| self.card(card)).collect(),
            ended: self.ended.clone(),
            mistakes: self.mistakes(),
        }
    }

    /// Returns what is wrong with the files about sandboxes that run.
    pub(super) fn mistakes(&self) -> Vec<Mistake> {
        self.policies.mistakes(self.known.values().map(|known| known.subject.folder.as_str()))
    }

    pub(super) fn card(&self, card: &Card) -> CardView {
        let (title, kind, facts, warnings, waiting) = match &card.what {
            Asked::Host(ask) => self.host(&card.subject, ask),
            Asked::Other(ask) => other(ask),
        };
        let choice = |offer: crate::control::approvals::offer::Offer| ChoiceView {
            choice: offer.choice,
            text: offer.does,
            confirm: offer.typed,
        };
        CardView {
            id: card.id,
            digest: card.digest(),
            subject: card.subject.clone(),
            title,
            kind: kind.to_owned(),
            facts,
            warnings,
            first: card.first,
            last: card.last,
            count: card.count,
            waiting: waiting as u64,
            until: self.waits_until(card),
            choices: offers(card).into_iter().map(choice).collect(),
        }
    }

    /// Until when the last of what waits does: a connection as long as the guardian holds it, an agent as long as the card is there.
    fn waits_until(&self, card: &Card) -> Option<u64> {
        let (tickets, connections) = match &card.what {
            Asked::Host(ask) => (ask.tickets.len(), ask.waiting.len()),
            Asked::Other(ask) => (ask.tickets.len(), 0),
        };
        let hold = || self.known.get(&card.subject.sandbox).map(|known| u64::from(known.effective.policy.hold) * 1000);
        match (tickets, connections) {
            (0, 0) => None,
            (0, _) => Some(card.expires.min(card.last + hold()?)),
            _ => Some(card.expires),
        }
    }

    fn host(&self, subject: &Subject, ask: &HostAsk) -> Told {
        let HostAsk { host, ports, reason, waiting, tickets, programs } = ask;
        let ports_said: Vec<String> = ports.iter().map(u16::to_string).collect();
        let listed = self.known.get(&subject.sandbox).map(|known| &known.effective.policy.egress.allow);
        let mut facts = Vec::new();
        facts.extend(reason.as_ref().map(|reason| ("agent says".to_owned(), reason.clone())));
        facts.extend(programs.iter().map(|program| ("sandbox says".to_owned(), program.clone())));
        let risks = risks(host, ports.iter().copied(), listed.into_iter().flatten());
        // What is true of most hosts is no warning: where everything is marked, nothing is.
        let (usual, grave): (Vec<_>, Vec<_>) = risks.into_iter().partition(|risk| risk.level == Level::Usual);
        facts.extend(usual.into_iter().map(|risk| ("note".to_owned(), risk.sentence)));
        let warnings = grave.into_iter().map(|risk| risk.sentence).collect();
        (format!("{host}:{}", ports_said.join(",")), "host", facts, warnings, waiting.len() + tickets.len())
    }

    /// Returns every decision that counts.
    pub(super) fn decisions(&self) -> Reply {
        let view = |decision: &crate::policy::decision::Decision| DecisionView {
            id: decision.id.clone(),
            verdict: decision.verdict,
            rules: decision.rules.iter().map(ToString::to_string).collect(),
            scope: decision.scope.clone(),
            made: decision.made,
            until: decision.until,
            by: decision.by,
            asked_by: decision.asked_by.clone(),
        };
        Reply::Decisions(self.desk.decisions().map(view).collect())
    }

    /// Returns every sandbox that runs.
    pub(super) async fn sandboxes(&self) -> Result<Reply, SessionError> {
        let refusals = match self.ask(Command::Status).await {
            Ok(Answer::Status(status)) => status.refusals,
            _ => Vec::new(),
        };
        let entry = |one: &Refused| (format!("{}:{}", one.host, one.port), one.reason.clone(), one.count, one.last);
        let view = |receipt: crate::engine::receipt::Receipt| {
            let own = refusals.iter().find(|one| one.sandbox == receipt.id);
            let own = own.map(|one| one.refused.iter().chain(&one.failed).map(entry).collect()).unwrap_or_default();
            let traffic = self.tally.traffic(&receipt.id);
            SandboxView {
                plan: self.context.state.load_plan(&receipt.id).unwrap_or_default(),
                id: receipt.id,
                name: receipt.name,
                folder: receipt.workspace,
                state: receipt.state.as_str().to_owned(),
                plan_digest: receipt.plan_digest,
                refusals: own,
                traffic,
            }
        };
        Ok(Reply::Sandboxes(self.running()?.into_iter().map(view).collect()))
    }

    /// Returns what is counted, as Prometheus reads it.
    pub(super) fn metrics(&self) -> Result<Reply, SessionError> {
        let mut moment = Moment {
            began: self.began / 1000,
            sandboxes: self.running()?.len() as u64,
            guardian: self.link.is_some(),
            ..Moment::default()
        };
        for card in self.desk.cards() {
            *match &card.what {
                Asked::Host(_) => &mut moment.host_cards,
                Asked::Other(OtherAsk { kind: OtherKind::HostCommand, .. }) => &mut moment.command_cards,
                Asked::Other(OtherAsk { kind: OtherKind::Repository, .. }) => &mut moment.repository_cards,
            } += 1;
        }
        Ok(Reply::Metrics(self.tally.text(&moment)))
    }

    /// Returns the rules that are in force for a sandbox.
    pub(super) fn rules(&self, sandbox: &str) -> Result<Reply, SessionError> {
        let Some(receipt) = self.context.state.load(sandbox)? else {
            return Ok(Reply::Failed { reason: "there is no such sandbox".to_owned() });
        };
        let mut rules: Vec<RuleView> = self.policies.of(&receipt.subject(), now()).rules.iter().map(rule).collect();
        rules.sort_by(|one, other| one.rule.cmp(&other.rule));
        Ok(Reply::Rules(rules))
    }
}

/// What is told of a question: title, kind, facts, warnings, and how many wait.
type Told = (String, &'static str, Vec<(String, String)>, Vec<String>, usize);

fn rule(sourced: &Sourced) -> RuleView {
    let (origin, decision) = match &sourced.origin {
        Origin::Builtin => ("cloister".to_owned(), None),
        Origin::Preset { name, .. } => (format!("preset {name}"), None),
        Origin::User(location) | Origin::Project(location) => (format!("{}:{}", location.file, location.line), None),
        Origin::Repository(digest) => (format!("asked by the repository, approved as {}", short(digest)), None),
        Origin::Decision(decision) => {
            (format!("decision {}, {}", decision.id, decision.scope.as_str()), Some(decision.id.clone()))
        }
    };
    RuleView { rule: sourced.rule.to_string(), verdict: sourced.verdict, origin, decision }
}

fn other(ask: &OtherAsk) -> Told {
    let kind = match ask.kind {
        OtherKind::HostCommand => "host-command",
        OtherKind::Repository => "repository",
    };
    let facts = serde_json::from_value(ask.content["facts"].clone()).unwrap_or_default();
    let warnings = serde_json::from_value(ask.content["warnings"].clone()).unwrap_or_default();
    (ask.title.clone(), kind, facts, warnings, ask.tickets.len())
}

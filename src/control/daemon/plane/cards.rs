//! What the desk wants done, and what a person tells it.

use serde::Deserialize;

use super::super::asking;
use super::requests::of_repository;
use super::{Plane, now};
use crate::control::approvals::card::OtherKind;
use crate::control::approvals::choice::Term;
use crate::control::approvals::desk::Order;
use crate::control::approvals::effect::{Effect, Entry};
use crate::control::hostexec::HostCommand;
use crate::control::protocol::{Ended, Reply};
use crate::guardian::protocol::Command;
use crate::policy::decision::{By, DecisionId, Scope, Verdict};
use crate::policy::host::Host;
use crate::sandbox::protocol::Asking;
use crate::ui::causes;

/// Most cards that went and are remembered.
const ENDED: usize = 64;

impl Plane {
    /// Takes an answer of a person.
    pub(super) async fn decide(&mut self, order: Order) -> Reply {
        let request = self.desk.card(order.card).and_then(|card| Some((of_repository(card)?.clone(), &card.subject)));
        if let Some((asked, subject)) = request.map(|(asked, subject)| (asked, subject.clone())) {
            return self.decide_request(&order, asked, subject).await;
        }
        let asked_by = self.desk.card(order.card).map(|card| card.subject.clone());
        let receipt = asked_by.as_ref().and_then(|asked_by| self.context.state.load(&asked_by.sandbox).ok().flatten());
        let Some(receipt) = receipt.filter(|receipt| Some(receipt.subject()) == asked_by) else {
            return Reply::Failed { reason: "nothing waits under this number any more".to_owned() };
        };
        let policy = self.policies.of(&receipt.subject(), now());
        match self.desk.answer(&order, &policy, now()) {
            Ok(effects) => match self.keep(&effects, order.by).await {
                Ok(()) => {
                    let decision = effects.iter().find_map(|effect| match effect {
                        Effect::Persist(decision) => Some(decision.id.clone()),
                        _ => None,
                    });
                    self.carry_out(effects).await;
                    Reply::Decided(decision)
                }
                Err(reason) => Reply::Failed { reason },
            },
            Err(refused) => {
                let hint = refused.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
                Reply::Failed { reason: format!("{refused}{hint}") }
            }
        }
    }

    /// Has decisions on disk before anything follows from them; where that fails, they are as if they were never made.
    async fn keep(&mut self, effects: &[Effect], by: By) -> Result<(), String> {
        for effect in effects {
            if let Effect::Persist(decision) = effect
                && let Err(error) = self.policies.keep(decision).await
            {
                // It is on the desk, and nowhere else.
                let _ = self.desk.undo(&decision.id, by);
                self.version += 1;
                return Err(format!("the answer cannot be kept, so it does not count: {}", causes::line(&error)));
            }
        }
        Ok(())
    }

    /// Takes decisions back.
    pub(super) async fn undo(&mut self, ids: &[DecisionId], by: By) -> Reply {
        for id in ids {
            match self.desk.undo(id, by) {
                Ok(effects) => self.carry_out(effects).await,
                Err(error) => return Reply::Failed { reason: error.to_string() },
            }
        }
        Reply::Done
    }

    /// Has somebody look which program a connection comes from, where its card has room for another one.
    pub(super) fn look_who(&mut self, sandbox: &str, host: &str, port: u16) {
        let Some(host) = Host::parse(host).ok().filter(|host| self.desk.wants_program(sandbox, host)) else { return };
        self.looks.want(sandbox, port, host);
        self.begin_look(sandbox);
    }

    fn begin_look(&mut self, sandbox: &str) {
        let ports = self.looks.begin(sandbox);
        if ports.is_empty() {
            return;
        }
        match self.context.state.load(sandbox) {
            Ok(Some(receipt)) => asking::look(&self.context.engine, &receipt, &ports, self.send.clone()),
            _ => _ = self.looks.end(sandbox, Vec::new()),
        }
    }

    /// Somebody looked; what came meanwhile is looked for next.
    pub(super) fn looked(&mut self, sandbox: &str, found: Vec<Asking>) {
        for (host, program) in self.looks.end(sandbox, found) {
            self.desk.seen(sandbox, &host, &program);
            self.version += 1;
        }
        self.begin_look(sandbox);
    }

    /// Does what the desk wants done; a changed policy is in force before whoever waited for it goes on.
    pub(super) async fn carry_out(&mut self, effects: Vec<Effect>) {
        if effects.is_empty() {
            return;
        }
        self.version += 1;
        for effect in &effects {
            if let Effect::Forget(id, scope) = effect
                && let Err(error) = self.policies.forget(id, scope).await
            {
                tracing::warn!("a decision that ended counts again after a restart: {}", causes::line(&error));
            }
        }
        let changed = effects.iter().filter_map(|effect| match effect {
            Effect::PolicyChanged(scope) => Some(scope.clone()),
            _ => None,
        });
        let changed: Vec<Scope> = changed.collect();
        if !changed.is_empty() {
            self.policies.decide(self.desk.decisions().cloned());
            self.enforce(&changed).await;
        }
        self.perform(effects);
    }

    /// Remembers why a card waits no more, for whoever looks at it.
    fn note_ended(&mut self, said: &Entry) {
        let ended = match said {
            Entry::Answered { card, .. } => (card.id, Ended::Answered),
            Entry::Expired(card) => (card.id, Ended::Expired),
            Entry::Overtaken { card, .. } => (card.id, Ended::Overtaken),
            Entry::Asked(_) | Entry::Unasked { .. } | Entry::Ended { .. } => return,
        };
        if self.ended.len() == ENDED {
            self.ended.pop_front();
        }
        self.ended.push_back(ended);
    }

    /// Does everything that changes no policy.
    pub(super) fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Settle { sandbox, host, port, allow } => {
                    self.tell(Command::Settle { sandbox, host, port, allow });
                }
                Effect::Answer { ticket, answer } => {
                    // Whoever asked may be gone.
                    let _ = self.tickets.remove(&ticket).map(|sender| sender.send(answer));
                }
                Effect::Log(said) => {
                    self.note_ended(&said);
                    self.note_said(said);
                }
                Effect::Other {
                    kind: OtherKind::HostCommand,
                    subject,
                    content,
                    verdict: Verdict::Allow,
                    term: Term::Project,
                    ..
                } => self.keep_command(subject.folder, &content),
                Effect::Other { .. }
                // Done before anything else.
                | Effect::Persist(_)
                | Effect::Forget(..)
                | Effect::PolicyChanged(_) => {}
                Effect::Notify(id) => {
                    if let Err(error) = self.numbers.used(id.0) {
                        tracing::warn!("numbers of requests may be used again after a restart: {}", causes::line(&error));
                    }
                    if let Some(card) = self.desk.card(id).map(|card| self.card(card)) {
                        self.desktop.tell(&card.subject.name, &card.title);
                    }
                }
            }
        }
    }

    /// Keeps a command that was allowed for every time, with everything that was shown of it.
    fn keep_command(&mut self, folder: String, content: &serde_json::Value) {
        // Other kinds of cards have none.
        let Ok(command) = HostCommand::deserialize(&content["command"]) else { return };
        if let Err(error) = self.commands.keep(folder, command) {
            tracing::warn!("a command will be asked about again after a restart: {}", causes::line(&error));
        }
    }
}

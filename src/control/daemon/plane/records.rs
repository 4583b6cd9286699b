//! What goes into the audit log. What a guardian tells is acknowledged once the log has it, and not before: while it cannot be
//! written, no connection is opened.

use serde::Deserialize;

use super::known::Known;
use super::{Plane, now};
use crate::control::approvals::card::{Asked, Card, HostAsk, OtherAsk, OtherKind};
use crate::control::approvals::choice::Choice;
use crate::control::approvals::effect::{Answer as Told, Entry as Said};
use crate::control::audit::event::{self, Approval, Entry, Outcome, Sandbox, What, Who};
use crate::control::audit::{self, log::Log};
use crate::control::hostexec::shown::quoted;
use crate::control::protocol::{Mistake, Reply};
use crate::engine::receipt::Receipt;
use crate::guardian::protocol::{Command, Event, WirePolicy};
use crate::ident::sha256_hex;
use crate::policy::decision::{By, Subject, Verdict};
use crate::policy::effective::Effective;
use crate::redact;
use crate::ui::causes;

impl Plane {
    /// Has something written down with whatever else is, soon.
    pub(super) fn note(&mut self, sandbox: Option<Sandbox>, what: What) {
        self.push(Entry { time: now(), sandbox, origin: None, what });
    }

    /// Has what is wrong with the user's files written down, but for what was known already.
    pub(super) fn note_mistakes(&mut self, known: &[Mistake]) {
        let now = self.mistakes();
        self.version += u64::from(now != known);
        let is_known =
            |one: &&Mistake| known.iter().any(|old| (&old.place, &old.message) == (&one.place, &one.message));
        for Mistake { place, message, .. } in now.iter().filter(|one| !is_known(one)) {
            let said = format!("{place}: {message}, so the policy stays as it was");
            self.note(None, What::Diagnostic(said.trim_start_matches(": ").to_owned()));
        }
    }

    /// Has an event of the guardian written down.
    pub(super) fn note_event(&mut self, event: Event) {
        let Some(epoch) = self.link.as_ref().map(|link| link.epoch.clone()) else { return };
        self.kept = Some(event.number);
        let name = |id: &str| Some(self.name_of(id));
        let approval = |id: &str, rule: &str| self.known.get(id)?.approval(rule);
        let entry = audit::heard::entry(&epoch, event, name, approval);
        self.push(entry);
    }

    fn push(&mut self, mut entry: Entry) {
        audit::veil::draw(&mut entry, self.tokens.values().map(String::as_str));
        self.tally.take(&entry);
        self.pending.push(entry);
    }

    /// A guardian answers: where it is another one than before, what that one had not told is lost.
    pub(super) fn note_guardian(&mut self, epoch: &str) {
        let before = self.life.replace(epoch).filter(|before| before != epoch);
        self.note(None, What::Control(event::Control::GuardianAttached { epoch: epoch.to_owned() }));
        let Some(before) = before else { return };
        let replaced = event::Control::GuardianReplaced { before: before.clone(), epoch: epoch.to_owned() };
        self.note(None, What::Control(replaced));
        self.write_down();
        let last = self.log.as_ref().map_or(0, |log| log.last_guardian_event(&before));
        self.note(None, What::Gap(event::Gap { epoch: before, first: last + 1, last: None }));
    }

    /// Writes down what is to be, and acknowledges what is written.
    pub(super) fn write_down(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        // Where it cannot be written they hear nothing, which is a no.
        let waiting = std::mem::take(&mut self.unwritten);
        if self.log.is_none() {
            self.log =
                Log::open(&audit::folder_in(self.context.state.root())).map_err(|error| self.complain(&error)).ok();
        }
        let Some(log) = &self.log else { return };
        match log.append(self.pending.clone()) {
            Ok(numbers) => {
                self.tally.written += numbers.end - numbers.start;
                self.pending.clear();
                self.has_complained = false;
                waiting.into_iter().for_each(|one| _ = one.send(()));
                if let (Some(event), Some(link)) = (self.kept.take(), &self.link) {
                    link.tell(Command::Acknowledge { event });
                }
            }
            Err(error) => self.complain(&error),
        }
    }

    fn complain(&mut self, error: &dyn std::error::Error) {
        self.tally.unwritten += 1;
        if !std::mem::replace(&mut self.has_complained, true) {
            tracing::warn!("no sandbox gets a new connection or a command: {}", causes::line(error));
        }
    }

    /// Returns the name of a sandbox; what is known no more is read.
    pub(super) fn name_of(&self, id: &str) -> String {
        let known = self.known.get(id).map(|known| known.subject.name.clone());
        let read = || self.context.state.load(id).ok().flatten().map(|receipt| receipt.name);
        known.or_else(read).unwrap_or_default()
    }

    /// A policy is handed over: the first one of a sandbox's life says that it runs.
    pub(super) fn note_policy(&mut self, receipt: &Receipt, effective: Effective, policy: &WirePolicy) {
        let own = sandbox(&receipt.id, &receipt.name);
        self.tokens.insert(receipt.id.clone(), receipt.token.clone());
        let known = Known::of(receipt, effective, policy);
        let rules = known.rules.clone();
        let before = self.known.insert(receipt.id.clone(), known).filter(|before| before.life == receipt.container);
        if before.is_none() {
            let plan = event::Plan { digest: receipt.plan_digest.clone(), folder: receipt.workspace.clone() };
            self.note(Some(own.clone()), What::Plan(plan));
            self.note(Some(own.clone()), What::Sandbox(event::SandboxChange::Started));
        }
        let before = before.map(|before| before.rules).unwrap_or_default();
        if before != rules {
            let digest = format!("sha256:{}", sha256_hex(serde_json::json!(rules).to_string().as_bytes()));
            let added = rules.difference(&before).cloned().collect();
            let removed = before.difference(&rules).cloned().collect();
            let policy = event::Policy { digest, from: "your files and decisions".to_owned(), added, removed };
            self.note(Some(own), What::Policy(policy));
        }
    }

    /// A sandbox stopped.
    pub(super) fn note_stop(&mut self, id: &str) {
        if let Some(known) = self.known.remove(id) {
            self.note(Some(sandbox(id, &known.subject.name)), What::Sandbox(event::SandboxChange::Stopped));
        }
    }

    /// Has something about a command written down before anybody goes on.
    pub(super) fn note_command(&mut self, sandbox: Sandbox, command: event::HostCommand) -> Reply {
        self.note(Some(sandbox), What::HostCommand(command));
        self.write_down();
        if self.pending.is_empty() {
            return Reply::Done;
        }
        Reply::Failed { reason: "the audit log cannot be written: see `cloister audit verify`".to_owned() }
    }

    /// What the desk has to say.
    pub(super) fn note_said(&mut self, said: Said) {
        let (subject, approval) = approval(said);
        self.note(Some(sandbox(&subject.0, &subject.1)), What::Approval(approval));
    }
}

fn sandbox(id: &str, name: &str) -> Sandbox {
    Sandbox { id: id.to_owned(), name: name.to_owned() }
}

fn who(by: By) -> Who {
    match by {
        By::Page => Who::Page,
        By::Terminal => Who::Terminal,
    }
}

/// Returns whom it is about, id and name, and what is kept of it.
fn approval(said: Said) -> ((String, String), Approval) {
    match said {
        Said::Asked(card) => of_card(&card, Outcome::Asked),
        Said::Expired(card) => of_card(&card, Outcome::Expired),
        Said::Overtaken { card, verdict } => {
            let answer = event::Answer { term: "session".to_owned(), until: None, by: Who::Rule, decision: None };
            of_card(&card, outcome(verdict, answer))
        }
        Said::Answered { card, choice, by, decision } => {
            let Choice { verdict, term, .. } = choice;
            let decision = decision.map(|id| id.to_string());
            of_card(
                &card,
                outcome(verdict, event::Answer { term: term.to_string(), until: None, by: who(by), decision }),
            )
        }
        Said::Unasked { subject, what, port, answer } => {
            let outcome = Outcome::Unasked(word(answer).to_owned());
            let approval = Approval {
                card: None,
                kind: event::Card::Host,
                what: vec![format!("{what}:{port}")],
                digest: None,
                outcome,
            };
            ((subject.sandbox, subject.name), approval)
        }
        Said::Ended { decision, by } => {
            let outcome = Outcome::Ended { decision: decision.id.to_string(), by: by.map(who) };
            let what = decision.rules.iter().map(ToString::to_string).collect();
            let approval = Approval { card: None, kind: event::Card::Host, what, digest: None, outcome };
            ((String::new(), decision.asked_by), approval)
        }
    }
}

fn of_card(card: &Card, outcome: Outcome) -> ((String, String), Approval) {
    let Subject { sandbox, name, .. } = card.subject.clone();
    let (kind, what) = match &card.what {
        Asked::Host(HostAsk { host, ports, .. }) => {
            (event::Card::Host, ports.iter().map(|port| format!("{host}:{port}")).collect())
        }
        Asked::Other(ask) => match ask.kind {
            OtherKind::HostCommand => (event::Card::HostCommand, vec![words(ask)]),
            OtherKind::Repository => (event::Card::Repository, vec![ask.title.clone()]),
        },
    };
    ((sandbox, name), Approval { card: Some(card.id.0), kind, what, digest: Some(card.digest()), outcome })
}

/// The words of a command without secrets: where a title is cut, half of one could be left of it.
fn words(ask: &OtherAsk) -> String {
    let Ok(mut argv) = Vec::<String>::deserialize(&ask.content["command"]["argv"]) else { return ask.title.clone() };
    redact::words(&mut argv);
    argv.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

fn outcome(verdict: Verdict, answer: event::Answer) -> Outcome {
    match verdict {
        Verdict::Allow => Outcome::Allowed(answer),
        Verdict::Deny => Outcome::Denied(answer),
    }
}

fn word(answer: Told) -> &'static str {
    match answer {
        Told::CoolDown { .. } => "cool-down",
        Told::TooMany => "too-many",
        Told::Never => "never",
        Told::Expired => "expired",
        Told::Denied => "denied",
        Told::Allowed { .. } | Told::Listed => "listed",
    }
}

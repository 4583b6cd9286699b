//! What agents ask, and the page.

use std::collections::BTreeSet;

use tokio::sync::{mpsc, oneshot};

use super::super::Input;
use super::super::session::{About, Question};
use super::{Plane, now};
use crate::control::approvals::card::{OtherAsk, Ticket};
use crate::control::approvals::choice::Term;
use crate::control::approvals::effect::Answer;
use crate::control::audit::event::{HostCommand, Sandbox, What};
use crate::control::hostexec::Place;
use crate::control::protocol::{Ask, Reply};
use crate::control::{client, web};

impl Plane {
    /// Answers a question of an agent, or has a person asked.
    pub(super) async fn asked(&mut self, sandbox: &str, question: Question) {
        // Without a receipt there is no such sandbox: whoever waits hears that nobody answers.
        let Ok(Some(receipt)) = self.context.state.load(sandbox) else { return };
        // What cannot be written down does not begin.
        if self.has_complained && matches!(question, Question::Host { .. }) {
            return;
        }
        let subject = receipt.subject();
        let policy = self.policies.of(&subject, now());
        let (effects, waits) = match question {
            Question::About(about) => {
                let plan = self.context.state.load_plan(sandbox).unwrap_or_default();
                let place = Place::of(&receipt, &plan);
                // Whoever asked may be gone.
                let allowed = self.commands.of_project(&subject.folder).cloned().collect();
                let (hostexec, variables) = (policy.policy.hostexec, self.variables.clone());
                let _ = about.send(About { place, hostexec, variables, allowed });
                return;
            }
            Question::Host { host, port, reason, answer, waits } => {
                let ticket = self.ticket(answer);
                let asked = self.desk.ask_ahead(&subject, &host, port, reason.as_deref(), ticket, &policy, now());
                (asked, (ticket, waits))
            }
            Question::Command { ask, answer, waits } => {
                if self.commands.has(&subject.folder, &ask.digest) {
                    let _ = answer.send(Answer::Allowed { term: Term::Project, until: None });
                    return;
                }
                let ticket = self.ticket(answer);
                let asked = self.desk.ask_other(&subject, OtherAsk { tickets: BTreeSet::from([ticket]), ..ask }, now());
                (asked, (ticket, waits))
            }
        };
        self.version += 1;
        self.carry_out(effects).await;
        // What was answered at once waits for nobody.
        if self.tickets.contains_key(&waits.0) {
            let _ = waits.1.send(());
        }
    }

    /// Writes down something about a command that an agent asked for; whoever waits for that is told once it is.
    pub(super) fn note_asked(&mut self, sandbox: String, noted: HostCommand, written: Option<oneshot::Sender<()>>) {
        // What cannot be written down does not begin.
        if self.has_complained && written.is_some() {
            return;
        }
        let own = Sandbox { name: self.name_of(&sandbox), id: sandbox };
        self.note(Some(own), What::HostCommand(noted));
        self.unwritten.extend(written);
    }

    /// Remembers who waits, and notices when they do not any more.
    fn ticket(&mut self, answer: oneshot::Sender<Answer>) -> Ticket {
        self.next_ticket += 1;
        let ticket = Ticket(self.next_ticket);
        self.tickets.insert(ticket, answer);
        ticket
    }

    /// Lets go of whoever does not wait any more.
    pub(super) async fn look_for_gone(&mut self) {
        let gone: Vec<Ticket> =
            self.tickets.iter().filter(|(_, answer)| answer.is_closed()).map(|(ticket, _)| *ticket).collect();
        for ticket in gone {
            self.tickets.remove(&ticket);
            let effects = self.desk.gone(ticket);
            self.version += 1;
            self.carry_out(effects).await;
        }
    }

    /// Serves the page again where somebody had it open when the control plane ended.
    pub(in super::super) async fn serve_again(&mut self) {
        if client::folder(self.context.state.root()).join("port").exists()
            && let Err(reason) = self.serve().await
        {
            tracing::warn!("{reason}");
        }
    }

    /// Returns a link to the page, which is served from the first time that somebody wants it.
    pub(super) async fn invite(&mut self) -> Reply {
        if let Err(reason) = self.serve().await {
            return Reply::Failed { reason };
        }
        match self.page.as_ref().map(web::Page::invite) {
            Some(Ok(link)) => Reply::Link(link),
            _ => Reply::Failed { reason: "the kernel gave no randomness".to_owned() },
        }
    }

    /// Returns where metrics are scraped.
    pub(super) async fn scraped(&mut self) -> Reply {
        if let Err(reason) = self.serve().await {
            return Reply::Failed { reason };
        }
        match self.page.as_ref().map(web::Page::scraped) {
            Some((address, file)) => Reply::Scrape { address, token_file: file.to_string_lossy().into_owned() },
            None => Reply::Failed { reason: "the page is not served".to_owned() },
        }
    }

    async fn serve(&mut self) -> Result<(), String> {
        if self.page.is_none() {
            let (asker, mut asked) = mpsc::unbounded_channel::<(Ask, oneshot::Sender<Reply>)>();
            let inputs = self.send.clone();
            tokio::spawn(async move {
                while let Some((ask, sender)) = asked.recv().await {
                    // The control plane ends: whoever asked hears nothing.
                    let _ = inputs.send(Input::Asked(ask, sender));
                }
            });
            let served = web::start(self.context.state.root(), asker).await;
            self.page = Some(served.map_err(|error| format!("the page cannot be served: {error}"))?);
        }
        Ok(())
    }
}

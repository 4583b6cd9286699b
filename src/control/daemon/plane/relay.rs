//! The guardian: attached to, told policies, and made again where sandboxes lost theirs.

use std::path::Path;

use tokio::sync::mpsc;

use super::super::Input;
use super::super::session::Session;
use super::{Plane, now};
use crate::control::audit::event::{Control, What};
use crate::control::protocol::Reply;
use crate::engine::guardian::{self, Activity, Link};
use crate::engine::names;
use crate::engine::receipt::{Receipt, State};
use crate::engine::session::{Context, SessionError, wire};
use crate::guardian::protocol::{Admission, Answer, Command, Piece};
use crate::host::lock::Lock;
use crate::pipeline::PipelineError;
use crate::policy::decision::{Scope, Subject};
use crate::policy::hostexec::Hostexec;
use crate::ui::causes;

impl Plane {
    /// Tells the guardian what the command line wants it to be told. Whoever asks holds the lock of the state folder, or
    /// only looks.
    pub(super) async fn relay(&mut self, container: &str, commands: Vec<Command>) -> Result<Reply, SessionError> {
        let own = names::guardian(&self.context.state.instance());
        if self.link.as_ref().is_none_or(|link| link.container != container && container != own) {
            self.open(container).await?;
        }
        let mut answers = Vec::new();
        for command in commands {
            let answer = match command {
                Command::Admit(admission) => {
                    let admission = self.admission(*admission)?;
                    self.ask(Command::Admit(Box::new(admission))).await?
                }
                Command::Withdraw { sandbox } => {
                    let answer = self.ask(Command::Withdraw { sandbox: sandbox.clone() }).await?;
                    self.note_stop(&sandbox);
                    let effects = self.desk.ended(&sandbox);
                    self.version += 1;
                    self.carry_out(effects).await;
                    answer
                }
                Command::Status => self.ask(Command::Status).await?,
                _ => Answer::Failed { reason: "that is the control plane's own business".to_owned() },
            };
            answers.push(answer);
        }
        Ok(Reply::Answers(answers))
    }

    pub(super) async fn ask(&self, command: Command) -> Result<Answer, SessionError> {
        let link = self.link.as_ref().ok_or(guardian::ChannelError::Ended).map_err(guardian::GuardianError::from)?;
        Ok(link.ask(command).await.map_err(guardian::GuardianError::from)?)
    }

    /// The policy is the control plane's business, whoever admits.
    fn admission(&mut self, asked: Admission) -> Result<Admission, SessionError> {
        let Some(receipt) = self.context.state.load(&asked.sandbox)? else {
            // A build has no receipt, and is told what it may by whoever builds.
            return Ok(asked);
        };
        self.look(&receipt.subject(), receipt.asked.as_deref());
        let effective = self.policies.of(&receipt.subject(), now());
        let (policy, hold) = (wire(&effective.policy)?, effective.policy.hold);
        self.want_variables(&effective.policy.hostexec);
        self.note_policy(&receipt, effective, &policy);
        Ok(Admission { policy, hold, ..asked })
    }

    fn want_variables(&mut self, hostexec: &Hostexec) {
        self.wants.extend(hostexec.rules.iter().flat_map(|rule| &rule.env).cloned());
    }

    async fn open(&mut self, container: &str) -> Result<(), SessionError> {
        let (send, mut heard) = mpsc::unbounded_channel();
        self.link = None;
        self.streams.reset();
        self.desk.guardian_changed();
        let link = Link::open(&self.context.engine, container, ("", 0), send).await;
        let link = link.map_err(guardian::GuardianError::from)?;
        self.note_guardian(&link.epoch);
        self.link = Some(link);
        let inputs = self.send.clone();
        tokio::spawn(async move {
            while let Some(heard) = heard.recv().await {
                // Nobody is left to hear it.
                let _ = inputs.send(Input::Heard(heard));
            }
        });
        Ok(())
    }

    /// The conversation is over: whoever is held is refused, and streams are gone.
    pub(super) async fn lost(&mut self) {
        if let Some(link) = self.link.take() {
            self.note(None, What::Control(Control::GuardianLost { epoch: link.epoch }));
        }
        // What was heard is written all the same; nobody is left to be told.
        self.kept = None;
        self.streams.reset();
        self.desk.guardian_changed();
        self.version += 1;
        self.want_link();
    }

    /// Waits for the lock of the state folder, without keeping anybody from being answered meanwhile.
    pub(super) fn want_link(&mut self) {
        if std::mem::replace(&mut self.attaching, true) {
            return;
        }
        let (state, send) = (self.context.state.clone(), self.send.clone());
        tokio::spawn(async move {
            if let Ok(lock) = state.lock().await {
                let _ = send.send(Input::MayAttach(lock));
            }
        });
    }

    /// Attaches to the guardian that runs, or has sandboxes that run get one again.
    pub(super) async fn attach(&mut self, _lock: &Lock) -> Result<(), SessionError> {
        if self.link.is_some() || self.context.state.is_guardian_kept_away() {
            return Ok(());
        }
        let Context { engine, state, programs, .. } = &self.context;
        let found = guardian::find(engine, state).await?;
        if let Some(found) = found.filter(|found| found.activity == Activity::Running) {
            self.open(&found.id).await?;
            self.admit(self.running()?).await?;
            self.take_over().await;
            return Ok(());
        }
        if self.has_running().await? {
            let pool = self.policies.pool().map_err(|error| SessionError::Policy(Box::new(error)))?;
            let id = guardian::restore(engine, state, programs, pool).await?;
            self.open(&id).await?;
            self.admit(self.running()?).await?;
        }
        Ok(())
    }

    /// What the guardian held for a control plane before this one is asked about again.
    async fn take_over(&mut self) {
        if let Ok(Answer::Status(status)) = self.ask(Command::Status).await {
            for held in status.held {
                let effects = self.held(&held, now());
                self.carry_out(effects).await;
            }
        }
    }

    /// Whether there is a sandbox that runs by the engine's word, not only by ours.
    async fn has_running(&self) -> Result<bool, SessionError> {
        for receipt in self.running()? {
            if self.context.runs(&receipt).await {
                return Ok(true);
            }
        }
        Ok(false)
    }

    pub(super) async fn reload(&mut self) -> Result<Reply, SessionError> {
        for receipt in self.running()? {
            // Whoever asks wants to know; what was in force stays.
            self.look_at_folder(&receipt.workspace).map_err(|error| SessionError::Policy(Box::new(error)))?;
        }
        Ok(Reply::Reloaded(self.put_in_force(&[Scope::Global]).await?))
    }

    /// Looks at the files about a sandbox, of whose repository a request with this digest counts; returns whether they
    /// changed.
    fn look(&mut self, subject: &Subject, asked: Option<&str>) -> bool {
        // What was taken back counts no more, whatever is wrong with another file.
        let taken_back = self.policies.look_at_asked(subject, asked);
        taken_back
            | self.look_at_folder(&subject.folder).unwrap_or_else(|error| {
                tracing::warn!("the policy of `{}` stays as it was: {}", subject.name, causes::line(&error));
                false
            })
    }

    /// Looks at the files about a folder, whose mistakes are written down; returns whether they changed.
    fn look_at_folder(&mut self, folder: &str) -> Result<bool, PipelineError> {
        let known = self.mistakes();
        let looked = self.policies.look(Path::new(folder), now());
        self.note_mistakes(&known);
        looked
    }

    /// Puts in force what somebody saved.
    pub(super) async fn look_at_files(&mut self) {
        let subjects: Vec<(Subject, Option<String>)> =
            self.known.values().map(|known| (known.subject.clone(), known.asked.clone())).collect();
        let changed = subjects.iter().filter(|(subject, asked)| self.look(subject, asked.as_deref()));
        let scopes: Vec<Scope> =
            changed.map(|(subject, _)| Scope::Project { folder: subject.folder.clone() }).collect();
        self.enforce(&scopes).await;
    }

    /// Hands the guardian the policy of every sandbox that it was told of and that one of these is about; returns their names.
    pub(super) async fn put_in_force(&mut self, scopes: &[Scope]) -> Result<Vec<String>, SessionError> {
        let meant = self.known.iter().filter(|(_, known)| scopes.iter().any(|scope| known.is_meant(scope)));
        let mut receipts = Vec::new();
        for (id, known) in meant {
            let receipt = self.context.state.load(id)?;
            receipts.extend(receipt.filter(|own| own.state == State::Running && own.container == known.life));
        }
        self.admit(receipts).await
    }

    async fn admit(&mut self, receipts: Vec<Receipt>) -> Result<Vec<String>, SessionError> {
        let mut names = Vec::new();
        for mut receipt in receipts {
            self.look(&receipt.subject(), receipt.asked.as_deref());
            let effective = self.policies.of(&receipt.subject(), now());
            receipt.policy = wire(&effective.policy)?;
            self.want_variables(&effective.policy.hostexec);
            if let Some(Command::Admit(admission)) = guardian::admission(&receipt) {
                let admission = Admission { hold: effective.policy.hold, ..*admission };
                self.note_policy(&receipt, effective.clone(), &admission.policy);
                self.ask(Command::Admit(Box::new(admission))).await?;
                let effects = self.desk.reconsider(&receipt.subject(), &effective);
                self.perform(effects);
                names.push(receipt.name);
            }
        }
        Ok(names)
    }

    /// A piece of a stream; one that opens gets somebody to speak with.
    pub(super) fn stream(&mut self, stream: u64, sandbox: String, piece: Piece) {
        let Some(link) = &self.link else { return };
        let say = link.sayer();
        let opened = self.streams.take(stream, piece, move |piece| say.tell(Command::Stream { stream, piece }));
        if let Some(opened) = opened {
            let session = Session { sandbox, inputs: self.send.clone(), slots: self.slots.clone() };
            tokio::spawn(session.serve(opened));
        }
    }

    /// Tells the guardian something that it cannot refuse.
    pub(super) fn tell(&self, command: Command) {
        match &self.link {
            Some(link) => link.tell(command),
            None => tracing::debug!("no guardian hears {command:?}"),
        }
    }

    /// Puts a policy in force that changed for these, or says why it is not.
    pub(super) async fn enforce(&mut self, scopes: &[Scope]) {
        if let Err(error) = self.put_in_force(scopes).await {
            tracing::warn!("the policy is not in force: {}", causes::line(&error));
        }
    }
}

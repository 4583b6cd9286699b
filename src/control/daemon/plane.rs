//! Everything that the control plane knows, and what it does about what reaches it.
//!
//! Invariant: one task owns it. What takes long is done elsewhere and comes back as an input.

mod agents;
mod cards;
mod known;
mod records;
mod relay;
mod requests;
mod views;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use self::known::Known;
use super::Input;
use super::asking::Looks;
use super::kept::Kept;
use super::life::Life;
use super::notify::Desktop;
use super::numbers::Numbers;
use super::policies::Policies;
use super::streams::Streams;
use crate::control::approvals::card::{CardId, Ticket};
use crate::control::approvals::desk::Desk;
use crate::control::approvals::effect::{Answer, Effect};
use crate::control::audit::event::{Control, Entry, What};
use crate::control::audit::log::Log;
use crate::control::client;
use crate::control::hostexec::Variables;
use crate::control::hostexec::run::Slots;
use crate::control::protocol::{Ask, Ended, Reply, VERSION};
use crate::control::tally::Tally;
use crate::control::web::Page;
use crate::engine::guardian::{Heard, Link};
use crate::engine::receipt::{Receipt, State};
use crate::engine::session::{Context, SessionError};
use crate::guardian::protocol::{Command, Event, Happening, Held, Message};
use crate::guardian::reason::Reason;
use crate::pipeline::unix_milliseconds as now;
use crate::ui::causes;

/// How long nobody has to have asked anything before it ends, where no sandbox is left.
const GRACE: Duration = Duration::from_secs(2);
/// How long somebody waits for news before an answer without any.
const NEWS: Duration = Duration::from_secs(20);

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Something else may come.
    Go,
    /// Nothing may.
    End,
}

/// The control plane.
#[derive(Debug)]
pub(super) struct Plane {
    context: Context,
    send: mpsc::UnboundedSender<Input>,
    link: Option<Link>,
    policies: Policies,
    desk: Desk,
    streams: Streams,
    slots: Slots,
    page: Option<Page>,
    desktop: Desktop,
    /// Whoever waits for news of the inbox: what is known, since when, and where the news go.
    readers: Vec<(u64, Instant, oneshot::Sender<Reply>)>,
    /// Grows with every change of the inbox.
    version: u64,
    /// What became of the cards that went last.
    ended: VecDeque<(CardId, Ended)>,
    /// Agents that wait for an answer.
    tickets: BTreeMap<Ticket, oneshot::Sender<Answer>>,
    next_ticket: u64,
    commands: Kept,
    numbers: Numbers,
    /// What repositories ask for, by sandbox.
    requests: BTreeMap<String, requests::Known>,
    looks: Looks,
    /// Variables that rules name.
    wants: BTreeSet<String>,
    /// What the command line of later logins handed over of them.
    variables: Variables,
    life: Life,
    log: Option<Log>,
    /// What is to be written down.
    pending: Vec<Entry>,
    /// Who goes on once it is.
    unwritten: Vec<oneshot::Sender<()>>,
    /// Number of the newest event that is among it.
    kept: Option<u64>,
    /// Whether it was said already that nothing can be written.
    has_complained: bool,
    /// What happened so far.
    tally: Tally,
    /// When it began, in milliseconds since the Unix epoch.
    began: u64,
    /// Tokens of sandboxes, by their ids, of those that ended too: nothing that is kept says one.
    tokens: BTreeMap<String, String>,
    /// Sandboxes that the guardian was told of, by their ids.
    known: BTreeMap<String, Known>,
    /// Whether somebody waits for the lock of the state folder already.
    attaching: bool,
    asked: Instant,
}

impl Plane {
    pub(super) fn new(context: Context, send: mpsc::UnboundedSender<Input>) -> Self {
        let policies = Policies::of_files(&context.paths, context.state.uid());
        let mut desk = Desk::new(policies.decisions().iter().cloned());
        let folder = client::folder(context.state.root());
        let (commands, life, numbers) = (Kept::of(&folder), Life::of(&folder), Numbers::of(&folder, now()));
        desk.number_after(numbers.last());
        let mut plane = Self {
            context,
            send,
            link: None,
            policies,
            desk,
            streams: Streams::default(),
            slots: Slots::default(),
            page: None,
            desktop: Desktop::default(),
            readers: Vec::new(),
            version: 1,
            ended: VecDeque::new(),
            tickets: BTreeMap::new(),
            next_ticket: 0,
            commands,
            numbers,
            requests: BTreeMap::new(),
            looks: Looks::default(),
            wants: BTreeSet::new(),
            variables: Variables::default(),
            life,
            log: None,
            pending: Vec::new(),
            unwritten: Vec::new(),
            kept: None,
            has_complained: false,
            tally: Tally::default(),
            began: now(),
            tokens: BTreeMap::new(),
            known: BTreeMap::new(),
            attaching: false,
            asked: Instant::now(),
        };
        let version = env!("CARGO_PKG_VERSION").to_owned();
        plane.note(None, What::Control(Control::Started { process: std::process::id(), version }));
        plane.want_link();
        plane
    }

    /// Does what an input asks for.
    pub(super) async fn take(&mut self, input: Input) -> Next {
        match input {
            Input::Asked(Ask::End, sender) => {
                // Whoever asked may be gone.
                let _ = sender.send(Reply::Done);
                return Next::End;
            }
            Input::Asked(Ask::Inbox { since }, sender) => self.readers.push((since, Instant::now(), sender)),
            Input::Asked(ask, sender) => {
                self.asked = Instant::now();
                let _ = sender.send(self.answer(ask).await);
            }
            Input::Heard(Heard::Message(Message::Event(event))) => self.hear(event).await,
            Input::Heard(Heard::Message(Message::Stream { stream, sandbox, piece })) => {
                self.stream(stream, sandbox, piece);
            }
            Input::Heard(Heard::Message(Message::Answer { .. })) => {}
            Input::Heard(Heard::Ended) => self.lost().await,
            Input::Noted(sandbox, noted, written) => self.note_asked(sandbox, noted, written),
            Input::Agent(sandbox, question) => self.asked(&sandbox, question).await,
            Input::Looked(sandbox, found) => self.looked(&sandbox, found),
            Input::MayAttach(lock) => {
                self.attaching = false;
                if let Err(error) = self.attach(&lock).await {
                    tracing::warn!("no guardian answers: {}", causes::line(&error));
                }
            }
        }
        Next::Go
    }

    /// What was heard is kept: says so, once for all of it, and tells the news to whoever waits for them.
    pub(super) fn settle_down(&mut self) {
        self.write_down();
        let (version, now) = (self.version, Instant::now());
        let due = |(since, begun, sender): &(u64, Instant, oneshot::Sender<Reply>)| {
            *since < version || now.duration_since(*begun) > NEWS || sender.is_closed()
        };
        let due: Vec<_> = self.readers.extract_if(.., |reader| due(reader)).collect();
        if due.is_empty() {
            return;
        }
        let inbox = self.inbox();
        for (_, _, sender) in due {
            let _ = sender.send(Reply::Inbox(inbox.clone()));
        }
    }

    /// Looks at what changes without anybody saying so.
    pub(super) async fn tick(&mut self) -> Next {
        if self.link.is_none() {
            self.want_link();
        }
        self.look_at_files().await;
        self.look_at_requests().await;
        if !self.pending.is_empty() {
            // Nothing can be written: a guardian that hears nothing would think that nobody keeps events any more.
            self.tell(Command::Status);
        }
        self.look_for_gone().await;
        let effects = self.desk.tick(now());
        self.carry_out(effects).await;
        if self.asked.elapsed() < GRACE || self.is_needed() || self.has_refused_start() { Next::Go } else { Next::End }
    }

    /// Whether there is a sandbox, or somebody works on one.
    fn is_needed(&self) -> bool {
        let state = &self.context.state;
        let lives = |id: &String| {
            state.is_locked(id) || matches!(state.load(id), Ok(Some(receipt)) if receipt.state != State::Stopped)
        };
        // Most often the first of those that are known lives: what was stopped is read where none does.
        self.known.keys().any(lives) || state.ids().is_ok_and(|ids| ids.iter().any(lives))
    }

    async fn answer(&mut self, ask: Ask) -> Reply {
        let answered = match ask {
            Ask::Hello => Ok(self.welcome()),
            Ask::Variables(newer) => {
                self.variables.adopt(newer, &self.wants);
                Ok(Reply::Done)
            }
            Ask::Guardian { container, commands } => self.relay(&container, commands).await,
            Ask::Reload => self.reload().await,
            Ask::Decide { card, digest, choice, typed, by } => {
                Ok(self.decide(crate::control::approvals::desk::Order { card, digest, choice, typed, by }).await)
            }
            Ask::Note { sandbox, command } => Ok(self.note_command(sandbox, command)),
            Ask::Decisions => Ok(self.decisions()),
            Ask::Undo { ids, by } => Ok(self.undo(&ids, by).await),
            Ask::Sandboxes => self.sandboxes().await,
            Ask::Rules { sandbox } => self.rules(&sandbox),
            Ask::Invite => Ok(self.invite().await),
            Ask::Metrics => self.metrics(),
            Ask::Scrape => Ok(self.scraped().await),
            Ask::Inbox { .. } | Ask::End => Ok(Reply::Done),
        };
        answered.unwrap_or_else(|error| Reply::Failed { reason: causes::line(&error) })
    }

    fn welcome(&self) -> Reply {
        let stamp = client::stamp().unwrap_or_default();
        Reply::Welcome { version: VERSION, stamp, process: std::process::id(), wants: self.wants.clone() }
    }

    /// The last words.
    pub(super) fn end(&mut self) {
        self.note(None, What::Control(Control::Stopped));
        self.write_down();
        if self.pending.is_empty() && !self.is_needed() {
            self.life.end();
        }
    }

    async fn hear(&mut self, event: Event) {
        self.note_event(event.clone());
        let now = now();
        match event.what {
            Happening::Held(held) => {
                let effects = self.held(&held, now);
                self.carry_out(effects).await;
                self.look_who(&held.sandbox, &held.host, held.from);
            }
            Happening::Decision { host, port, reason, .. } if reason == Reason::HeldLimit.as_str() => {
                let Some(known) = self.known.get(&event.sandbox) else { return };
                let effects = self.desk.turned_away(&known.subject, &host, port, &known.effective, now);
                self.version += 1;
                self.carry_out(effects).await;
            }
            Happening::Decision { connection, .. } => {
                self.version += u64::from(self.desk.released(&event.sandbox, connection));
            }
            Happening::Failed { .. } | Happening::Closed { .. } | Happening::Gap { .. } => {}
            Happening::Diagnostic { message } => tracing::warn!("the guardian says: {message}"),
        }
    }

    /// A request is held: without a sandbox that is known, nobody can be asked about it.
    fn held(&mut self, held: &Held, now: u64) -> Vec<Effect> {
        let Some(known) = self.known.get(&held.sandbox) else { return Vec::new() };
        self.version += 1;
        self.desk.held(&known.subject, &held.host, held.port, held.connection, &known.effective, now)
    }

    fn running(&self) -> Result<Vec<Receipt>, SessionError> {
        let receipts = self.context.state.receipts()?.into_iter();
        Ok(receipts.filter(|receipt| receipt.state == State::Running).collect())
    }
}

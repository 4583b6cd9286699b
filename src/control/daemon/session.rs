//! A conversation with an agent: one question over a stream, answered by a person or a rule, and what came of it.
//!
//! Invariant: which sandbox it is comes from the guardian. The end of the stream, at any moment, ends what it asked for.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf};
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::Input;
use crate::control::approvals::card::{OtherAsk, OtherKind, Ticket};
use crate::control::approvals::desk::EXPIRY;
use crate::control::approvals::effect::Answer;
use crate::control::audit::event::{HostCommand as Noted, Phase};
use crate::control::hostexec::noted::word;
use crate::control::hostexec::run::{Output, Slots};
use crate::control::hostexec::{self, Account, HostCommand, Keeper, Note, Place, Prepared, Variables, shown};
use crate::policy::hostexec::{Effect, Hostexec};
use crate::redact::stream::Veil;
use crate::sandbox::hostexec::protocol::{
    Ask, LINE_LIMIT, Lines, PIECE_LIMIT, Reason, Refusal, RequestDomain, Run, Tell, decode, line,
};
use crate::ui::text::cut;

/// How long the last of what a command wrote may take to be read.
const LAST_WORDS: Duration = Duration::from_secs(10);
/// What an agent hears where nothing can be written down.
const NOTHING_KEPT: &str =
    "the audit log cannot be written, so nothing is asked or run; the user's `cloister audit verify` says why";
/// Most columns of a line that says what changed: what waits for a person has to fit into one answer.
const CHANGE: usize = 500;
/// Port that is asked for where none is named.
const HTTPS: u16 = 443;

/// What is known of the sandbox that a stream comes from.
#[derive(Debug)]
pub(super) struct About {
    /// Its workspace, by both names; `None` where it has none.
    pub(super) place: Option<Place>,
    /// What the user says of commands.
    pub(super) hostexec: Hostexec,
    /// Variables of the user's that are newer than this process.
    pub(super) variables: Variables,
    /// Commands of the project that were allowed for every time, the oldest first.
    pub(super) allowed: Vec<Arc<HostCommand>>,
}

/// What a conversation asks the control plane.
#[derive(Debug)]
pub(super) enum Question {
    /// What is known of the sandbox.
    About(oneshot::Sender<About>),
    /// Whether it may reach a host.
    Host {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// What for, in the agent's words.
        reason: Option<String>,
        /// Where the answer goes.
        answer: oneshot::Sender<Answer>,
        /// Told once a person is asked.
        waits: oneshot::Sender<()>,
    },
    /// Whether a command may run.
    Command {
        /// The card.
        ask: OtherAsk,
        /// Where the answer goes.
        answer: oneshot::Sender<Answer>,
        /// Told once a person is asked.
        waits: oneshot::Sender<()>,
    },
}

/// The agent's end, and the control plane's.
pub(super) struct Session {
    pub(super) sandbox: String,
    pub(super) inputs: mpsc::UnboundedSender<Input>,
    pub(super) slots: Slots,
}

impl Session {
    /// Answers one question.
    pub(super) async fn serve(self, stream: DuplexStream) {
        let (mut reader, mut writer) = tokio::io::split(stream);
        let mut lines = Lines::default();
        let told = match next(&mut reader, &mut lines).await {
            Ok(Some(Ask::Run(run))) => self.run(run, (&mut reader, &mut lines), &mut writer).await,
            Ok(Some(Ask::RequestDomain(asked))) => self.ask_for(asked, (&mut reader, &mut lines), &mut writer).await,
            Ok(Some(_)) => Some(Tell::Refused(Reason::BadRequest.because("a question comes first"))),
            Ok(None) => None,
            Err(refusal) => Some(Tell::Refused(refusal)),
        };
        if let Some(told) = told {
            say(&mut writer, &told).await;
        }
        // Whoever asked may be gone.
        let _ = writer.shutdown().await;
    }

    fn ask(&self, question: Question) -> Result<(), Refusal> {
        let input = Input::Agent(self.sandbox.clone(), question);
        self.inputs.send(input).map_err(|_gone| Reason::Unavailable.because("the control plane ends"))
    }

    async fn ask_for(
        &self,
        asked: RequestDomain,
        (reader, lines): (&mut ReadHalf<DuplexStream>, &mut Lines),
        writer: &mut WriteHalf<DuplexStream>,
    ) -> Option<Tell> {
        let (host, port) = match asked.host.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') => (host.to_owned(), port.parse().unwrap_or_default()),
            _ => (asked.host.clone(), HTTPS),
        };
        let (answer, answered) = oneshot::channel();
        let (waits, asking) = oneshot::channel();
        if let Err(refusal) = self.ask(Question::Host { host, port, reason: asked.reason, answer, waits }) {
            return Some(Tell::Refused(refusal));
        }
        match waited(answered, asking, (reader, lines), writer).await? {
            Ok(answer) => Some(domain(answer)),
            Err(refusal) => Some(Tell::Refused(refusal)),
        }
    }

    async fn run(
        &self,
        run: Run,
        (reader, lines): (&mut ReadHalf<DuplexStream>, &mut Lines),
        writer: &mut WriteHalf<DuplexStream>,
    ) -> Option<Tell> {
        let (about, known) = oneshot::channel();
        if let Err(refusal) = self.ask(Question::About(about)) {
            return Some(Tell::Refused(refusal));
        }
        let unavailable = || Tell::Refused(Reason::Unavailable.because("the sandbox is not known here"));
        let Ok(About { place: Some(place), hostexec, variables, allowed: earlier }) = known.await else {
            return Some(unavailable());
        };
        let at_once = hostexec.at_once;
        let prepared = spawn_blocking(move || {
            let account = Account::current().and(variables);
            let prepared = hostexec::prepare(&run, &place, &hostexec, &account)?;
            let card = card(&prepared, &earlier);
            Ok((Box::new(prepared), card))
        });
        let (prepared, card) = match prepared.await {
            Ok(Ok(prepared)) => prepared,
            Ok(Err(refusal)) => return Some(Tell::Refused(refusal)),
            Err(_) => return Some(unavailable()),
        };
        let note = Note::of(&prepared.command);
        // Whoever counts as waiting must not be able to wait for more than may run.
        let Some(_slot) = self.slots.enter(&self.sandbox, at_once) else {
            let text = format!("{at_once} commands of this sandbox run or wait already");
            return Some(Tell::Refused(Reason::TooMany.because(text)));
        };
        if let Err(refusal) = self.begin(note.at(Phase::Asked)).await {
            return Some(Tell::Refused(refusal));
        }
        if prepared.effect != Effect::Auto {
            let (answer, answered) = oneshot::channel();
            let (waits, asking) = oneshot::channel();
            if let Err(refusal) = self.ask(Question::Command { ask: card, answer, waits }) {
                return Some(Tell::Refused(refusal));
            }
            let allowed = match waited(answered, asking, (reader, lines), writer).await {
                Some(Ok(answer)) => allowed(answer),
                Some(Err(refusal)) => Err(refusal),
                None => {
                    self.note(note.at(Phase::Refused("cancelled".to_owned())));
                    return None;
                }
            };
            if let Err(refusal) = allowed {
                self.note(note.at(Phase::Refused(word(refusal.reason))));
                return Some(Tell::Refused(refusal));
            }
        }
        self.carry(*prepared, note, (reader, lines), writer).await
    }

    async fn carry(
        &self,
        prepared: Prepared,
        note: Note,
        (reader, lines): (&mut ReadHalf<DuplexStream>, &mut Lines),
        writer: &mut WriteHalf<DuplexStream>,
    ) -> Option<Tell> {
        let (input, inputs) = mpsc::channel(1);
        let (outputs, mut output) = mpsc::channel(1);
        let begun = Instant::now();
        let keeper = Keeper::default();
        let mut veils = [(); 2].map(|()| Veil::new(prepared.secrets()));
        let mut running = std::pin::pin!(hostexec::run(prepared, &keeper, inputs, outputs));
        let mut feeding = std::pin::pin!(feed(reader, lines, input));
        let (out, err) = (AtomicU64::new(0), AtomicU64::new(0));
        let mut writing = std::pin::pin!(async {
            let [out_veil, err_veil] = &mut veils;
            while let Some(piece) = output.recv().await {
                match piece {
                    Output::Started => {
                        self.note(note.at(Phase::Started));
                        say(writer, &Output::Started.tell()).await;
                    }
                    Output::Stdout(bytes) => {
                        out.fetch_add(bytes.len() as u64, Relaxed);
                        pass(writer, &out_veil.push(bytes), Output::Stdout).await;
                    }
                    Output::Stderr(bytes) => {
                        err.fetch_add(bytes.len() as u64, Relaxed);
                        pass(writer, &err_veil.push(bytes), Output::Stderr).await;
                    }
                    Output::Taken => say(writer, &Output::Taken.tell()).await,
                }
            }
            pass(writer, &out_veil.end(), Output::Stdout).await;
            pass(writer, &err_veil.end(), Output::Stderr).await;
        });
        let (mut fed, mut is_written) = (false, false);
        // An agent that does not read keeps nobody from ending its command.
        let ended = loop {
            tokio::select! {
                ended = &mut running => break ended,
                () = &mut feeding, if !fed => fed = true,
                () = &mut writing, if !is_written => is_written = true,
            }
        };
        if !is_written {
            // What it does not take in this time is nobody's.
            let _ = timeout(LAST_WORDS, writing).await;
        }
        let (stdout, stderr) = (out.load(Relaxed), err.load(Relaxed));
        let milliseconds = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.note(note.ended(&ended.how, [stdout, stderr], milliseconds));
        ended.tell()
    }

    /// Has the audit log know of a command before anything comes of it.
    async fn begin(&self, noted: Noted) -> Result<(), Refusal> {
        let (written, is_written) = oneshot::channel();
        // Without a control plane nobody says so.
        let _ = self.inputs.send(Input::Noted(self.sandbox.clone(), noted, Some(written)));
        is_written.await.map_err(|_not_written| Reason::Unavailable.because(NOTHING_KEPT))
    }

    fn note(&self, noted: Noted) {
        // Without a control plane nobody keeps anything.
        let _ = self.inputs.send(Input::Noted(self.sandbox.clone(), noted, None));
    }
}

/// What a person is shown: everything that the approval covers, and first what is not as it was when it was allowed before.
fn card(prepared: &Prepared, earlier: &[Arc<HostCommand>]) -> OtherAsk {
    let command = &prepared.command;
    let nearest = command.nearest(earlier.iter().map(AsRef::as_ref));
    let mut facts: Vec<(String, String)> = changes(command, nearest);
    facts.extend(prepared.lines().into_iter().map(|line| (line.name.to_owned(), line.text)));
    let warnings: Vec<String> = prepared.warnings.iter().map(hostexec::risk::Warning::text).collect();
    OtherAsk {
        kind: OtherKind::HostCommand,
        title: shown::title(command),
        content: json!({ "facts": facts, "warnings": warnings, "command": command }),
        digest: command.digest(),
        keepable: prepared.keepable,
        tickets: std::collections::BTreeSet::<Ticket>::new(),
    }
}

fn changes(command: &HostCommand, earlier: Option<&HostCommand>) -> Vec<(String, String)> {
    let changes = earlier.map(|earlier| command.changes(earlier)).unwrap_or_default();
    let names = std::iter::once("changed").chain(std::iter::repeat(""));
    // All of a long line is further down, where the whole command is.
    names.zip(changes).map(|(name, change)| (name.to_owned(), cut(&change, CHANGE))).collect()
}

/// Waits for an answer; `None` where whoever asked is gone, or asks no more. Whoever asked hears that it waits once a person is
/// asked, and not where it was answered at once.
async fn waited(
    answered: oneshot::Receiver<Answer>,
    asking: oneshot::Receiver<()>,
    (reader, lines): (&mut ReadHalf<DuplexStream>, &mut Lines),
    writer: &mut WriteHalf<DuplexStream>,
) -> Option<Result<Answer, Refusal>> {
    if asking.await.is_ok() {
        let minutes = EXPIRY / 60_000;
        let why = format!("up to {minutes} minutes for an answer, on the page or with `cloister approve`");
        say(writer, &Tell::Pending { why }).await;
    }
    tokio::select! {
        answer = answered => Some(answer.map_err(|_gone| Reason::Unavailable.because(NOTHING_KEPT))),
        asked = next(reader, lines) => match asked {
            Ok(None | Some(Ask::Cancel)) => None,
            Ok(Some(_)) => Some(Err(Reason::BadRequest.because("nothing may come before it runs, but its end"))),
            Err(refusal) => Some(Err(refusal)),
        },
    }
}

/// What the agent says to a command that runs. The channel ends with the stream.
async fn feed(reader: &mut ReadHalf<DuplexStream>, lines: &mut Lines, input: mpsc::Sender<hostexec::Input>) {
    loop {
        let said = match next(reader, lines).await {
            Ok(Some(Ask::Stdin(piece))) => decode(&piece).map(hostexec::Input::Data).unwrap_or(hostexec::Input::Cancel),
            Ok(Some(Ask::End)) => hostexec::Input::End,
            Ok(Some(_)) => hostexec::Input::Cancel,
            Ok(None) | Err(_) => return,
        };
        if input.send(said).await.is_err() {
            return;
        }
    }
}

/// Returns the next thing that the agent says; `None` at the end.
async fn next(reader: &mut ReadHalf<DuplexStream>, lines: &mut Lines) -> Result<Option<Ask>, Refusal> {
    let mut buffer = vec![0; PIECE_LIMIT.min(LINE_LIMIT)];
    loop {
        if let Some(ask) = lines.take()? {
            return Ok(Some(ask));
        }
        match reader.read(&mut buffer).await {
            Ok(0) | Err(_) => return Ok(None),
            Ok(length) => lines.push(&buffer[..length]),
        }
    }
}

/// Passes on what a command wrote.
async fn pass(writer: &mut WriteHalf<DuplexStream>, bytes: &[u8], kind: fn(Vec<u8>) -> Output) {
    for piece in Output::pieces(bytes, kind) {
        say(writer, &piece.tell()).await;
    }
}

async fn say(writer: &mut WriteHalf<DuplexStream>, told: &Tell) {
    // Whoever is gone hears nothing.
    let _ = writer.write_all(&line(told)).await;
}

fn allowed(answer: Answer) -> Result<(), Refusal> {
    match answer {
        Answer::Allowed { .. } | Answer::Listed => Ok(()),
        Answer::Denied | Answer::Never => {
            Err(Reason::Denied.because("the user said no; do not ask again for the same"))
        }
        Answer::Expired => Err(Reason::Expired.because("nobody answered in time")),
        Answer::CoolDown { .. } => {
            Err(Reason::Denied.because("the user said no a moment ago, and is not asked again yet"))
        }
        Answer::TooMany => Err(Reason::TooMany.because("too much waits for the user already")),
    }
}

fn domain(answer: Answer) -> Tell {
    let (allowed, text) = match answer {
        Answer::Allowed { term, .. } => (true, format!("the user allows it ({term})")),
        Answer::Listed => (true, "it is allowed".to_owned()),
        Answer::Denied => (false, "the user said no; do not ask again for the same".to_owned()),
        Answer::Never => (false, "no answer could allow this".to_owned()),
        Answer::Expired => (false, "nobody answered in time".to_owned()),
        Answer::CoolDown { .. } => (false, "the user said no a moment ago, and is not asked again yet".to_owned()),
        Answer::TooMany => (false, "too much waits for the user already".to_owned()),
    };
    Tell::Domain { allowed, text }
}

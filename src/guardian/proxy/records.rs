//! Events on their way to a controller, and connections that wait until one has kept them.
//!
//! A controller that keeps events is present from its hello until nobody reads what is written, or until it says nothing
//! while an event waits for too long. One that is only silent is present again with its next word; one that another one takes
//! over from is the same presence, in another conversation.
//! Invariant: whoever waits goes on only after the acknowledgement, or where a controller that keeps nothing took over.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::unix_milliseconds;
use crate::guardian::journal::Journal;
use crate::guardian::protocol::{Happening, Message};
use crate::guardian::sandbox::lock;

/// The events, and who keeps them.
pub(in crate::guardian) struct Records {
    state: Mutex<State>,
    /// Wakes whoever sends events.
    news: Notify,
    /// Wakes whoever sends events at once, because something waits.
    urgent: Notify,
    /// How long an event waits to be kept.
    patience: Duration,
}

#[derive(Default)]
struct State {
    journal: Journal,
    keeper: Option<Keeper>,
    /// By the number of the event; `true` goes on.
    waiting: BTreeMap<u64, oneshot::Sender<bool>>,
    /// How many hellos there were.
    conversations: u64,
}

/// A controller that keeps events.
struct Keeper {
    conversation: u64,
    pieces: mpsc::UnboundedSender<Message>,
    /// When it said something last.
    heard: Instant,
    /// Ends what needs it; nothing while it is silent.
    present: Option<Presence>,
}

/// For how long a controller is there, and for how long the same one is.
#[derive(Clone)]
struct Presence {
    /// Cancelled when there is none.
    any: CancellationToken,
    /// Cancelled when it is another one, or none.
    same: CancellationToken,
}

/// A controller that keeps events, and is there.
pub(super) struct Present {
    /// Cancelled when no controller is there any more: for what another one takes over.
    pub(super) lost: CancellationToken,
    /// Cancelled when this one is not there any more: for what nobody else can go on with.
    pub(super) left: CancellationToken,
    /// Takes pieces of streams for it.
    pub(super) pieces: mpsc::UnboundedSender<Message>,
}

/// An event that may have to be kept before something goes on.
pub(super) struct Announced {
    number: u64,
    kept: Option<oneshot::Receiver<bool>>,
}

/// A conversation that has begun.
pub(in crate::guardian) struct Attached {
    /// Its number.
    pub(in crate::guardian) conversation: u64,
    /// What sandboxes say to a controller that keeps events.
    pub(in crate::guardian) pieces: Option<mpsc::UnboundedReceiver<Message>>,
}

impl Presence {
    fn new(any: CancellationToken) -> Self {
        Self { same: any.child_token(), any }
    }

    /// Ends the conversation; returns what another one takes over.
    fn leave(self) -> CancellationToken {
        self.same.cancel();
        self.any
    }
}

impl State {
    /// Adds an event and returns its number.
    fn record(&mut self, sandbox: &str, what: Happening, reserved: bool) -> u64 {
        if reserved {
            self.journal.release(sandbox, 1);
        }
        self.journal.record(unix_milliseconds(), sandbox, what)
    }

    fn end_keeper(&mut self, goes_on: bool) {
        if let Some(presence) = self.keeper.take().and_then(|keeper| keeper.present) {
            presence.any.cancel();
        }
        self.answer(goes_on);
    }

    /// Whoever was waiting and is not there any more needs no answer.
    fn answer(&mut self, goes_on: bool) {
        for waiting in std::mem::take(&mut self.waiting).into_values() {
            let _ = waiting.send(goes_on);
        }
    }

    fn acknowledge(&mut self, number: u64) {
        if number > self.journal.last() {
            return;
        }
        self.journal.acknowledge(number);
        let later = self.waiting.split_off(&(number + 1));
        for waiting in std::mem::replace(&mut self.waiting, later).into_values() {
            let _ = waiting.send(true);
        }
    }
}

impl Records {
    pub(super) fn new(patience: Duration) -> Self {
        Self { state: Mutex::default(), news: Notify::new(), urgent: Notify::new(), patience }
    }

    /// Adds an event; `reserved` says that a place was reserved for it.
    pub(super) fn record(&self, sandbox: &str, what: Happening, reserved: bool) {
        lock(&self.state).record(sandbox, what, reserved);
        self.news.notify_one();
    }

    /// Adds an event of the guardian itself, if there is room. It may be called while a panic unwinds through the journal:
    /// then it is not added.
    pub(super) fn diagnose(&self, message: String) {
        if let Ok(mut state) = self.state.try_lock()
            && state.journal.reserve("", 1)
        {
            state.record("", Happening::Diagnostic { message }, true);
            self.news.notify_one();
        }
    }

    /// Adds an event like [`Self::record`], and sends it at once where somebody keeps it.
    pub(super) fn announce(&self, sandbox: &str, what: Happening, reserved: bool) -> Announced {
        let mut state = lock(&self.state);
        let number = state.record(sandbox, what, reserved);
        if state.keeper.as_ref().is_none_or(|keeper| keeper.present.is_none()) {
            self.news.notify_one();
            return Announced { number, kept: None };
        }
        let (sender, kept) = oneshot::channel();
        state.waiting.insert(number, sender);
        self.urgent.notify_one();
        Announced { number, kept: Some(kept) }
    }

    /// Waits until an event was kept, where somebody keeps events; returns whether what it opens may go on.
    pub(super) async fn kept(&self, Announced { number, kept }: Announced) -> bool {
        let Some(kept) = kept else { return true };
        match timeout(self.patience, kept).await {
            Ok(answer) => answer.unwrap_or(false),
            Err(_) => {
                self.overdue(number);
                false
            }
        }
    }

    /// An event was not kept in time: a controller that said nothing meanwhile is not there, and nobody waits for it.
    fn overdue(&self, number: u64) {
        let mut state = lock(&self.state);
        state.waiting.remove(&number);
        let Some(keeper) = &mut state.keeper else { return };
        if keeper.heard.elapsed() < self.patience {
            return;
        }
        if let Some(presence) = keeper.present.take() {
            presence.any.cancel();
            state.answer(false);
        }
    }

    /// Returns the controller that keeps events, if it is there.
    pub(super) fn present(&self) -> Option<Present> {
        let state = lock(&self.state);
        let keeper = state.keeper.as_ref()?;
        let Presence { any, same } = keeper.present.clone()?;
        Some(Present { lost: any, left: same, pieces: keeper.pieces.clone() })
    }

    /// Reserves places for events of a sandbox; returns whether there were any.
    pub(super) fn reserve(&self, sandbox: &str, places: usize) -> bool {
        lock(&self.state).journal.reserve(sandbox, places)
    }

    /// Gives places back.
    pub(super) fn release(&self, sandbox: &str, places: usize) {
        lock(&self.state).journal.release(sandbox, places);
    }

    /// Begins a conversation with a client that has seen everything up to `acknowledged`. What waits goes on waiting where
    /// the client keeps events as well, and so does what is held.
    pub(in crate::guardian) fn attach(&self, acknowledged: u64, keeps: bool) -> Attached {
        let mut state = lock(&self.state);
        state.conversations += 1;
        let conversation = state.conversations;
        state.acknowledge(acknowledged);
        state.journal.greet(acknowledged);
        if !keeps {
            state.end_keeper(true);
            return Attached { conversation, pieces: None };
        }
        let before = state.keeper.take().and_then(|keeper| keeper.present);
        let any = before.map(Presence::leave).unwrap_or_default();
        state.journal.forget_nothing();
        let (sender, receiver) = mpsc::unbounded_channel();
        let present = Some(Presence::new(any));
        state.keeper = Some(Keeper { conversation, pieces: sender, heard: Instant::now(), present });
        Attached { conversation, pieces: Some(receiver) }
    }

    /// Nobody reads in a conversation any more. What waits is refused: nobody has kept its event.
    pub(in crate::guardian) fn detach(&self, conversation: u64) {
        let mut state = lock(&self.state);
        if state.keeper.as_ref().is_some_and(|keeper| keeper.conversation == conversation) {
            state.end_keeper(false);
        }
    }

    /// The controller has said something.
    pub(in crate::guardian) fn hear(&self) {
        if let Some(keeper) = &mut lock(&self.state).keeper {
            keeper.heard = Instant::now();
            keeper.present.get_or_insert_with(|| Presence::new(CancellationToken::new()));
        }
    }

    /// Events up to this number are kept.
    pub(in crate::guardian) fn acknowledge(&self, number: u64) {
        lock(&self.state).acknowledge(number);
    }

    /// Works on the journal.
    pub(in crate::guardian) fn with_journal<T>(&self, work: impl FnOnce(&mut Journal) -> T) -> T {
        work(&mut lock(&self.state).journal)
    }

    /// Has whoever sends events look before long, without one.
    pub(in crate::guardian) fn gather(&self) {
        self.news.notify_one();
    }

    /// Waits until there is an event to send: at once where something waits for it, otherwise `gather` later, for those
    /// that follow it.
    pub(in crate::guardian) async fn news(&self, gather: Duration) {
        tokio::select! {
            () = self.urgent.notified() => {}
            () = async {
                self.news.notified().await;
                tokio::time::sleep(gather).await;
            } => {}
        }
    }
}

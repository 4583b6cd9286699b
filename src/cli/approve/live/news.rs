//! What happens to a card while somebody is asked about it.

use tokio::sync::watch;

use super::super::{inbox, text};
use crate::control::client::Connection;
use crate::control::protocol::{CardView, Inbox};

/// What there is to say.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    Nothing,
    /// The question still stands.
    Said(String),
    /// It does not.
    Gone(String),
}

/// The newest inbox, and what was said of it.
pub(super) struct News {
    /// What is known.
    pub(super) inbox: Inbox,
    receiver: watch::Receiver<Inbox>,
    said: Said,
}

/// What was said about one card already; each is said once, so that no sandbox fills the screen.
#[derive(Debug, Default)]
struct Said {
    /// Others that waited.
    others: usize,
    has_waited: bool,
    has_changed: bool,
}

impl News {
    /// Goes on asking for news. It ends with the control plane.
    pub(super) fn of(mut connection: Connection) -> Self {
        let (sender, receiver) = watch::channel(Inbox::default());
        tokio::spawn(async move {
            let mut seen = 0;
            while let Ok(inbox) = inbox(&mut connection, seen).await {
                seen = inbox.version;
                if sender.send(inbox).is_err() {
                    return;
                }
            }
        });
        Self { inbox: Inbox::default(), receiver, said: Said::default() }
    }

    /// Waits for news; returns whether any can come.
    pub(super) async fn came(&mut self) -> bool {
        let came = self.receiver.changed().await.is_ok();
        let newest = self.receiver.borrow_and_update().clone();
        if newest.version > self.inbox.version {
            self.inbox = newest;
        }
        came
    }

    /// Whether the card is another one than the one that was shown.
    pub(super) fn has_changed(&self, card: &CardView) -> bool {
        self.inbox.cards.iter().any(|one| one.id == card.id && one.digest != card.digest)
    }

    /// Says what became of the card that a question is about.
    pub(super) fn look_at(&mut self, card: &CardView) -> Heard {
        self.said.hear(&self.inbox, card)
    }

    /// Begins with another card.
    pub(super) fn begin(&mut self, card: &CardView) {
        self.said = Said { others: 0, has_waited: card.waiting > 0, has_changed: false };
    }
}

impl Said {
    fn hear(&mut self, inbox: &Inbox, card: &CardView) -> Heard {
        let Some(now) = inbox.cards.iter().find(|one| one.id == card.id) else {
            let how = inbox.ended.iter().rev().find(|(id, _)| *id == card.id).map(|(_, ended)| *ended);
            return Heard::Gone(text::ended(how).to_owned());
        };
        let mut said = Vec::new();
        if now.digest != card.digest && !std::mem::replace(&mut self.has_changed, true) {
            said.push("more is asked for than is shown: Enter shows it again".to_owned());
        }
        if now.waiting == 0 && std::mem::take(&mut self.has_waited) {
            said.push("nobody answered in time: it waits no more, and an answer is for the next time".to_owned());
        }
        let others = inbox.cards.len() - 1;
        if others > self.others {
            self.others = others;
            said.push(more(others));
        }
        if said.is_empty() { Heard::Nothing } else { Heard::Said(said.join("\n    ")) }
    }
}

/// Returns how many others wait.
fn more(others: usize) -> String {
    if others == 1 { "1 more waits".to_owned() } else { format!("{others} more wait") }
}

#[cfg(test)]
mod tests;

//! The page: what waits for a person, what runs, what happened, and what is allowed, on 127.0.0.1 alone.
//!
//! Whoever asks for it has a link that `cloister ui` prints, or a session that such a link began; being on this machine is
//! no proof of anything (SEC-48). Text that a sandbox had a hand in is data (SEC-49): `shown.rs` writes out what would not
//! be seen, templates escape, and the script sets text, never markup.
//!
//! Invariant: the page decides nothing. It asks the control plane, as a terminal does, with [`Ask`].

mod activity;
mod api;
mod card;
mod connections;
mod events;
mod follow;
mod guard;
mod metrics;
mod peer;
mod policy;
mod sandbox;
mod server;
mod sessions;
mod shown;
mod views;

use std::io;
use std::path::{Path, PathBuf};

use tokio::sync::{mpsc, oneshot};
use tokio_util::task::AbortOnDropHandle;

use self::server::Shared;
use super::protocol::{Ask, Reply};
use super::{audit, client};
use crate::host::random::RandomError;

/// Where the page asks the control plane, and where it is answered.
pub type Asker = mpsc::UnboundedSender<(Ask, oneshot::Sender<Reply>)>;

/// The page; nobody gets it any more once this is dropped.
#[derive(Debug)]
pub struct Page {
    shared: Shared,
    _serving: AbortOnDropHandle<()>,
}

impl Page {
    /// Returns where metrics are scraped, and the file with the token for that.
    pub fn scraped(&self) -> (String, PathBuf) {
        self.shared.scraped()
    }

    /// Returns a link that logs one browser in, once, within a minute.
    ///
    /// # Errors
    /// The kernel gave no randomness.
    pub fn invite(&self) -> Result<String, RandomError> {
        self.shared.invite()
    }
}

/// Serves the page, at the port of last time where it is free. `state` is the state folder, which is the user's alone: the
/// port and who is logged in are kept in its folder `control`, and the audit log is read there.
///
/// # Errors
/// Nothing can be listened on.
pub async fn start(state: &Path, asker: Asker) -> io::Result<Page> {
    let folder = client::folder(state);
    let listener = server::listen(&folder).await?;
    let shared = Shared::of(&folder, listener.local_addr()?.port(), asker, &audit::folder_in(state));
    let router = server::router(&shared, views::routes().merge(api::routes()).merge(events::routes()));
    Ok(Page { shared, _serving: AbortOnDropHandle::new(tokio::spawn(connections::serve(listener, router))) })
}

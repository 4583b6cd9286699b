//! News of the inbox, as they come (server-sent events of the HTML standard).

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Extension;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::stream::{Stream, unfold};

use super::card::Cards;
use super::server::Shared;
use super::sessions::Session;
use crate::control::protocol::{Ask, Inbox, Reply};

/// Most tabs of a session that hear news: a browser has no more than six connections, and some must be left.
const MOST: usize = 3;
/// When a browser comes back after the control plane went.
const RETRY: Duration = Duration::from_secs(1);

/// Returns where news are to be had.
pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/events", get(events))
}

async fn events(State(shared): State<Shared>, Extension(session): Extension<Session>, fields: HeaderMap) -> Response {
    let Some(place) = Place::take(&shared.listening, &session.token) else {
        return StatusCode::TOO_MANY_REQUESTS.into_response();
    };
    Sse::new(news(Listener { shared, fields, since: None, _place: place })).into_response()
}

/// A page that is open.
struct Listener {
    shared: Shared,
    fields: HeaderMap,
    since: Option<u64>,
    _place: Place,
}

fn news(listener: Listener) -> impl Stream<Item = Result<Event, Infallible>> {
    unfold(listener, |mut listener| async move {
        let event = listener.next().await?;
        Some((Ok(event), listener))
    })
}

impl Listener {
    /// Returns the next news; `None` once the session is over, or the control plane.
    async fn next(&mut self) -> Option<Event> {
        let ended = self.shared.ended.clone();
        let mut end = std::pin::pin!(ended.notified());
        end.as_mut().enable();
        let asking = self.shared.ask(Ask::Inbox { since: self.since.unwrap_or(0) });
        // Somebody's session ended, maybe this one: what is asked once more costs nothing.
        let reply = tokio::select! {
            reply = asking => Some(reply),
            () = end => None,
        };
        // What was asked before the session ended is not told after it.
        self.shared.session(&self.fields)?;
        match reply {
            Some(Reply::Inbox(inbox)) => Some(self.tell(&inbox)),
            Some(_) => None,
            None => Some(Event::default().comment("")),
        }
    }

    fn tell(&mut self, inbox: &Inbox) -> Event {
        if self.since.replace(inbox.version) == Some(inbox.version) {
            // A line that means nothing finds out who is gone.
            return Event::default().comment("");
        }
        let event = Event::default().event("inbox").retry(RETRY).json_data(Cards::new(inbox));
        event.expect("cards have text keys only")
    }
}

/// A place among those who listen.
struct Place {
    all: Arc<Mutex<Vec<String>>>,
    token: String,
}

impl Place {
    fn take(all: &Arc<Mutex<Vec<String>>>, token: &str) -> Option<Self> {
        let mut tokens = all.lock().unwrap_or_else(PoisonError::into_inner);
        if tokens.iter().filter(|other| *other == token).count() == MOST {
            return None;
        }
        tokens.push(token.to_owned());
        Some(Self { all: Arc::clone(all), token: token.to_owned() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut tokens = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = tokens.iter().position(|token| *token == self.token) {
            tokens.swap_remove(at);
        }
    }
}

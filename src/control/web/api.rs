//! What the page changes. Each request was found to come from our own page (`guard.rs`).

use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Response, StatusCode, header};
use axum::routing::post;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::time::timeout;

use super::server::Shared;
use crate::control::approvals::card::CardId;
use crate::control::approvals::choice::Choice;
use crate::control::protocol::{Ask, DecisionView, Reply};
use crate::policy::decision::{By, DecisionId, Verdict};

/// Most bytes of what is sent.
const BODY: usize = 16 << 10;
/// How long it may take to be sent.
const PATIENCE: Duration = Duration::from_secs(5);

/// Returns what can be changed.
pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/api/decide", post(decide)).route("/api/undo", post(undo)).route("/api/logout", post(logout))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Decide {
    card: CardId,
    digest: String,
    choice: Choice,
    #[serde(default)]
    typed: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Undo {
    ids: Vec<DecisionId>,
}

async fn decide(State(shared): State<Shared>, body: Body) -> Response<Body> {
    match read(body).await {
        Ok(Decide { card, digest, choice, typed }) => {
            let before = decisions(&shared).await;
            let verdict = choice.verdict;
            match shared.ask(Ask::Decide { card, digest, choice, typed, by: By::Page }).await {
                Reply::Done => decided(made(&before, &decisions(&shared).await, verdict)),
                other => done(other),
            }
        }
        Err(response) => response,
    }
}

async fn decisions(shared: &Shared) -> Vec<DecisionView> {
    match shared.ask(Ask::Decisions).await {
        Reply::Decisions(decisions) => decisions,
        _ => Vec::new(),
    }
}

/// Returns the decision that an answer made; `None` where it made none, or nobody can tell which.
fn made(before: &[DecisionView], after: &[DecisionView], verdict: Verdict) -> Option<DecisionId> {
    let is_new = |one: &&DecisionView| before.iter().all(|old| old.id != one.id);
    let mut new = after.iter().filter(|one| one.by == By::Page && one.verdict == verdict).filter(is_new);
    new.next().filter(|_| new.next().is_none()).map(|one| one.id.clone())
}

fn decided(undo: Option<DecisionId>) -> Response<Body> {
    let response = Response::builder().header(header::CONTENT_TYPE, "application/json");
    response.body(Body::from(json!({ "undo": undo }).to_string())).expect("the fields are valid")
}

async fn undo(State(shared): State<Shared>, body: Body) -> Response<Body> {
    match read(body).await {
        Ok(Undo { ids }) => done(shared.ask(Ask::Undo { ids, by: By::Page }).await),
        Err(response) => response,
    }
}

async fn logout(State(shared): State<Shared>, fields: HeaderMap) -> Response<Body> {
    let response = Response::builder().status(StatusCode::NO_CONTENT).header(header::SET_COOKIE, shared.end(&fields));
    response.body(Body::empty()).expect("the cookie is valid")
}

async fn read<T: DeserializeOwned>(body: Body) -> Result<T, Response<Body>> {
    let Ok(bytes) = timeout(PATIENCE, to_bytes(body, BODY)).await else {
        return Err(because(StatusCode::REQUEST_TIMEOUT, "that took too long to be sent"));
    };
    let bytes = bytes.map_err(|_| because(StatusCode::PAYLOAD_TOO_LARGE, "that is too long"))?;
    serde_json::from_slice(&bytes).map_err(|error| because(StatusCode::UNPROCESSABLE_ENTITY, &error.to_string()))
}

fn done(reply: Reply) -> Response<Body> {
    match reply {
        Reply::Failed { reason } => because(StatusCode::CONFLICT, &reason),
        _ => Response::builder().status(StatusCode::NO_CONTENT).body(Body::empty()).expect("it has no fields"),
    }
}

fn because(status: StatusCode, reason: &str) -> Response<Body> {
    let response = Response::builder().status(status).header(header::CONTENT_TYPE, "application/json");
    response.body(Body::from(json!({ "reason": reason }).to_string())).expect("the fields are valid")
}

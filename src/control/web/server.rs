//! What every request goes through, what every answer carries, and logging in and out.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::routing::get;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot};
use tokio::time::timeout;

use super::Asker;
use super::follow::Follower;
use super::guard::{self, Refused};
use super::metrics;
use super::sessions::{Session, Sessions};
use crate::control::protocol::{Ask, Reply};
use crate::host::file;
use crate::host::random::{self, RandomError};
use crate::pipeline::unix_milliseconds as now;

/// Most bytes of the file of sessions.
const SESSIONS_LIMIT: u64 = 64 << 10;
/// How long the control plane may take to answer; longer than it waits for news of the inbox.
const PATIENCE: Duration = Duration::from_secs(60);
/// What every answer says: nothing but what this server sends runs or is shown, nothing of it is framed or kept, and no
/// other page learns where somebody came from.
const FIELDS: [(&str, &str); 7] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("x-frame-options", "DENY"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cache-control", "no-store"),
];

/// What requests have in common.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    port: u16,
    sessions: Arc<Mutex<Sessions>>,
    /// Told when a session ends.
    pub(super) ended: Arc<Notify>,
    /// The tokens of the sessions that listen for news, one for each listener.
    pub(super) listening: Arc<Mutex<Vec<String>>>,
    /// What was read of the audit log.
    pub(super) follower: Arc<Mutex<Follower>>,
    /// Digest of the token of whoever scrapes metrics.
    pub(super) scraper: Option<Arc<str>>,
    token_file: PathBuf,
    file: PathBuf,
    asker: Asker,
}

impl Shared {
    /// Returns what was known of sessions when the control plane lived before.
    pub(super) fn of(folder: &Path, port: u16, asker: Asker, log: &Path) -> Self {
        let file = folder.join("sessions.json");
        let text = file::read(&file, SESSIONS_LIMIT).ok();
        // Whoever was logged in by a file that cannot be read logs in again.
        let sessions: Sessions = text.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
        let (ended, listening) = (Arc::default(), Arc::default());
        let (sessions, follower) = (Arc::new(Mutex::new(sessions)), Arc::new(Mutex::new(Follower::of(log))));
        let (scraper, token_file) = (metrics::digest(folder).map(Arc::from), metrics::file_in(folder));
        Self { port, sessions, ended, listening, follower, scraper, token_file, file, asker }
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the control plane.
    pub(super) async fn ask(&self, ask: Ask) -> Reply {
        let (send, reply) = oneshot::channel();
        let sent = self.asker.send((ask, send)).is_ok();
        match timeout(PATIENCE, reply).await {
            Ok(Ok(reply)) if sent => reply,
            _ => Reply::Failed { reason: "the control plane does not answer".to_owned() },
        }
    }

    /// Returns where metrics are scraped, and the file with the token for that.
    pub(super) fn scraped(&self) -> (String, PathBuf) {
        (format!("http://127.0.0.1:{}/metrics", self.port), self.token_file.clone())
    }

    /// Returns a link that logs one browser in.
    pub(super) fn invite(&self) -> Result<String, RandomError> {
        let secret = random::token()?;
        self.sessions().invite(&secret, now());
        Ok(format!("http://127.0.0.1:{}/login?t={secret}", self.port))
    }

    /// Returns who is logged in with these fields.
    pub(super) fn session(&self, fields: &HeaderMap) -> Option<Session> {
        self.sessions().of(cookie(fields, &self.cookie_name())?, now()).cloned()
    }

    /// A cookie belongs to a name, not to a port: another program's on this machine must not be mixed up with it.
    fn cookie_name(&self) -> String {
        format!("cloister-{}", self.port)
    }

    fn set_cookie(&self, secret: &str, seconds: u32) -> String {
        format!("{}={secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}", self.cookie_name())
    }

    fn begin(&self, link: &str) -> Result<Option<String>, RandomError> {
        let (secret, token) = (random::token()?, random::token()?);
        let mut sessions = self.sessions();
        if !sessions.begin(link, (&secret, &token), now()) {
            return Ok(None);
        }
        self.keep(&sessions);
        Ok(Some(self.set_cookie(&secret, 43200)))
    }

    /// Ends a session; returns what has the browser forget it.
    pub(super) fn end(&self, fields: &HeaderMap) -> String {
        if let Some(cookie) = cookie(fields, &self.cookie_name()) {
            let mut sessions = self.sessions();
            sessions.end(cookie, now());
            self.keep(&sessions);
        }
        self.ended.notify_waiters();
        self.set_cookie("", 0)
    }

    fn keep(&self, sessions: &Sessions) {
        let text = serde_json::to_vec(sessions).expect("sessions have text keys only");
        if let Err(error) = file::replace(&self.file, &text, 0o600) {
            tracing::warn!("who is logged in is not known after a restart of the control plane: {error}");
        }
    }
}

/// Listens on 127.0.0.1 alone, at the port of last time where it is free.
pub(super) async fn listen(folder: &Path) -> std::io::Result<TcpListener> {
    let file = folder.join("port");
    let last = file::read_text(&file, 16).ok().and_then(|text| text.trim().parse::<u16>().ok());
    let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let listener = match last {
        Some(port) => match TcpListener::bind(at(port)).await {
            Ok(listener) => listener,
            Err(_) => TcpListener::bind(at(0)).await?,
        },
        None => TcpListener::bind(at(0)).await?,
    };
    let port = listener.local_addr()?.port().to_string();
    if let Err(error) = file::replace(&file, port.as_bytes(), 0o600) {
        tracing::warn!("the page will have another address next time: {error}");
    }
    Ok(listener)
}

/// Returns what answers: these pages for who is logged in, and logging in for everybody who comes to this address.
pub(super) fn router(shared: &Shared, pages: Router<Shared>) -> Router {
    pages
        .layer(from_fn_with_state(shared.clone(), only_who_is_logged_in))
        .route("/login", get(login))
        .merge(metrics::routes())
        .layer(from_fn_with_state(shared.clone(), only_addressed))
        .with_state(shared.clone())
}

async fn only_addressed(State(shared): State<Shared>, request: Request, next: Next) -> Response<Body> {
    let mut response = match guard::addressed(request.method(), request.headers(), shared.port) {
        Ok(()) => next.run(request).await,
        Err(refused) => refuse(refused),
    };
    for (name, value) in FIELDS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn only_who_is_logged_in(State(shared): State<Shared>, mut request: Request, next: Next) -> Response<Body> {
    let Some(session) = shared.session(request.headers()) else { return refuse(Refused::Session) };
    if *request.method() == Method::POST
        && let Err(refused) = guard::from_own_page(request.headers(), shared.port, &session.token)
    {
        return refuse(refused);
    }
    request.extensions_mut().insert(session);
    next.run(request).await
}

#[derive(Debug, Deserialize)]
struct Login {
    t: String,
}

/// The one thing that a `GET` does: it uses a link up, which whoever has it could do anyway.
async fn login(State(shared): State<Shared>, Query(Login { t }): Query<Login>) -> Response<Body> {
    let answer = |status, name, value: &str| {
        let response = Response::builder().status(status).header(header::LOCATION, "/");
        response.header(name, value).body(Body::empty()).expect("the fields are valid")
    };
    match shared.begin(&t) {
        Ok(Some(cookie)) => answer(StatusCode::SEE_OTHER, header::SET_COOKIE, &cookie),
        Ok(None) => refuse(Refused::Session),
        Err(_) => answer(StatusCode::INTERNAL_SERVER_ERROR, header::CONTENT_TYPE, "text/plain"),
    }
}

pub(super) fn refuse(refused: Refused) -> Response<Body> {
    let response = Response::builder().status(refused.status()).header(header::CONTENT_TYPE, "text/plain");
    response.body(Body::from(format!("cloister: {refused}\n"))).expect("the fields are valid")
}

fn cookie<'a>(fields: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let pairs = fields.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = pairs.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}

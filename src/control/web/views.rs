//! The views, which only show.

use std::sync::{Arc, LazyLock, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, Query, State};
use axum::http::{Response, StatusCode, header};
use axum::routing::get;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};
use serde::Deserialize;
use tokio::task::spawn_blocking;

use super::card::Mistake;
use super::follow::Followed;
use super::policy::{Decision, Rule};
use super::sandbox::Sandbox;
use super::server::Shared;
use super::sessions::Session;
use super::shown::Shown;
use crate::control::protocol::{Ask, Reply, SandboxView};
use crate::pipeline::unix_milliseconds;

const STYLE: &str = include_str!("assets/page.css");
const SCRIPT: &str = include_str!("assets/page.js");
const ICON: &str = include_str!("assets/icon.svg");

const TEMPLATES: [(&str, &str); 8] = [
    ("layout", include_str!("templates/layout.html.jinja")),
    ("text", include_str!("templates/text.html.jinja")),
    ("inbox", include_str!("templates/inbox.html.jinja")),
    ("sandboxes", include_str!("templates/sandboxes.html.jinja")),
    ("activity", include_str!("templates/activity.html.jinja")),
    ("policy", include_str!("templates/policy.html.jinja")),
    ("failed", include_str!("templates/failed.html.jinja")),
    ("absent", include_str!("templates/absent.html.jinja")),
];

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.expect("the delimiters are the usual ones"));
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    for (name, source) in TEMPLATES {
        environment.add_template(name, source).expect("the templates are parts of the program");
    }
    environment
});

/// Returns everything that can be looked at.
pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/", get(inbox))
        .route("/sandboxes", get(sandboxes))
        .route("/activity", get(activity))
        .route("/policy", get(policy))
        .route("/page.css", get(|| async { asset("text/css; charset=utf-8", STYLE) }))
        .route("/page.js", get(|| async { asset("text/javascript; charset=utf-8", SCRIPT) }))
        .route("/icon.svg", get(|| async { asset("image/svg+xml", ICON) }))
        .fallback(absent)
}

async fn inbox(State(shared): State<Shared>, Extension(session): Extension<Session>) -> Response<Body> {
    page(StatusCode::OK, "inbox", &shared, &session, context! {}).await
}

async fn sandboxes(State(shared): State<Shared>, Extension(session): Extension<Session>) -> Response<Body> {
    match shared.ask(Ask::Sandboxes).await {
        Reply::Sandboxes(views) => {
            let sandboxes: Vec<_> = views.iter().map(Sandbox::new).collect();
            page(
                StatusCode::OK,
                "sandboxes",
                &shared,
                &session,
                context! { sandboxes => Value::from(Serde(&sandboxes)) },
            )
            .await
        }
        other => failed(&shared, &session, &other).await,
    }
}

async fn activity(State(shared): State<Shared>, Extension(session): Extension<Session>) -> Response<Body> {
    let follower = Arc::clone(&shared.follower);
    let following =
        spawn_blocking(move || follower.lock().unwrap_or_else(PoisonError::into_inner).follow(unix_milliseconds()));
    let Ok(Followed { view, is_whole, trouble }) = following.await else {
        return failed(&shared, &session, &Reply::Failed { reason: "the audit log could not be read".to_owned() })
            .await;
    };
    let trouble = trouble.map(|text| Value::from(Serde(&Shown::new(&text))));
    let shown = context! { activity => Value::from(Serde(&view)), is_whole, trouble };
    page(StatusCode::OK, "activity", &shared, &session, shown).await
}

#[derive(Debug, Deserialize)]
struct Which {
    sandbox: Option<String>,
}

/// A sandbox, for a list to choose from.
#[derive(Debug, serde::Serialize)]
struct Named {
    id: String,
    name: Shown,
    is_chosen: bool,
}

async fn policy(
    State(shared): State<Shared>,
    Extension(session): Extension<Session>,
    Query(which): Query<Which>,
) -> Response<Body> {
    let (decisions, sandboxes) = match (shared.ask(Ask::Decisions).await, shared.ask(Ask::Sandboxes).await) {
        (Reply::Decisions(decisions), Reply::Sandboxes(sandboxes)) => (decisions, sandboxes),
        (Reply::Decisions(_), other) | (other, _) => return failed(&shared, &session, &other).await,
    };
    let chosen = which.sandbox.or_else(|| sandboxes.first().map(|one| one.id.clone()));
    // What is named in the address counts only where it names a sandbox.
    let chosen = chosen.filter(|id| sandboxes.iter().any(|one| one.id == *id));
    let rules = match &chosen {
        Some(id) => match shared.ask(Ask::Rules { sandbox: id.clone() }).await {
            Reply::Rules(rules) => rules,
            other => return failed(&shared, &session, &other).await,
        },
        None => Vec::new(),
    };
    let named = |one: &SandboxView| Named {
        id: one.id.clone(),
        name: Shown::new(&one.name),
        is_chosen: chosen.as_ref() == Some(&one.id),
    };
    let decisions: Vec<_> = decisions.iter().map(Decision::new).collect();
    let rules: Vec<_> = rules.iter().map(Rule::new).collect();
    let sandboxes: Vec<_> = sandboxes.iter().map(named).collect();
    let shown = context! {
        decisions => Value::from(Serde(&decisions)),
        rules => Value::from(Serde(&rules)),
        sandboxes => Value::from(Serde(&sandboxes)),
    };
    page(StatusCode::OK, "policy", &shared, &session, shown).await
}

async fn absent(State(shared): State<Shared>, Extension(session): Extension<Session>) -> Response<Body> {
    page(StatusCode::NOT_FOUND, "absent", &shared, &session, context! {}).await
}

async fn failed(shared: &Shared, session: &Session, reply: &Reply) -> Response<Body> {
    let reason = match reply {
        Reply::Failed { reason } => reason,
        _ => "the control plane answered something else than what was asked",
    };
    let shown = context! { reason => Value::from(Serde(&Shown::new(reason))) };
    page(StatusCode::SERVICE_UNAVAILABLE, "failed", shared, session, shown).await
}

async fn page(status: StatusCode, name: &str, shared: &Shared, session: &Session, shown: Value) -> Response<Body> {
    let mistakes = match shared.ask(Ask::Inbox { since: 0 }).await {
        Reply::Inbox(inbox) => Mistake::all(&inbox.mistakes),
        _ => Vec::new(),
    };
    let mistakes = Value::from(Serde(&mistakes));
    let template = ENVIRONMENT.get_template(name).expect("it is in the list above");
    let text = template.render(context! { here => name, token => &session.token, mistakes, ..shown });
    let text = text.expect("the template is part of the program and has every name that it uses");
    answer(status, "text/html; charset=utf-8", text)
}

fn asset(kind: &str, text: &'static str) -> Response<Body> {
    answer(StatusCode::OK, kind, text)
}

fn answer(status: StatusCode, kind: &str, body: impl Into<Body>) -> Response<Body> {
    let response = Response::builder().status(status).header(header::CONTENT_TYPE, kind);
    response.body(body.into()).expect("the fields are valid")
}

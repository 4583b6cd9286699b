//! What is counted, for whoever scrapes it: with a token that lies in a file of the user's alone, or as somebody who is
//! logged in.
//!
//! Being on this machine is no proof of anything here either (SEC-48): names of sandboxes and how busy they are is nothing
//! for other users of it.

use std::path::{Path, PathBuf};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Response, StatusCode, header};
use axum::routing::get;
use subtle::ConstantTimeEq;

use super::guard::Refused;
use super::server::{Shared, refuse};
use crate::control::protocol::{Ask, Reply};
use crate::host::{file, random};
use crate::ident::sha256_hex;

/// The text format of Prometheus.
const TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
/// Most bytes of the file.
const LIMIT: u64 = 256;
/// Fewest characters of a token: 256 bits in base64.
const TOKEN_LENGTH: usize = 43;

/// Returns the file with the token, in the control plane's folder.
pub(super) fn file_in(folder: &Path) -> PathBuf {
    folder.join("metrics-token")
}

/// Returns the digest of the token; one is made where there is none. `None` where it cannot be written: then nobody scrapes.
pub(super) fn digest(folder: &Path) -> Option<String> {
    let file = file_in(folder);
    let kept = file::read_text(&file, LIMIT).ok().map(|text| text.trim().to_owned());
    let token = match kept.filter(|token| token.len() >= TOKEN_LENGTH) {
        Some(token) => token,
        None => {
            let token = random::token().ok()?;
            if let Err(error) = file::replace(&file, token.as_bytes(), 0o600) {
                tracing::warn!("nobody can scrape metrics: {error}");
                return None;
            }
            token
        }
    };
    Some(sha256_hex(token.as_bytes()))
}

/// Returns where it is scraped: for the one who has the token, and for the one who is logged in.
pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/metrics", get(metrics))
}

async fn metrics(State(shared): State<Shared>, fields: HeaderMap) -> Response<Body> {
    if !shared.scraper.as_deref().is_some_and(|digest| bears(&fields, digest)) && shared.session(&fields).is_none() {
        return refuse(Refused::Session);
    }
    let (status, text) = match shared.ask(Ask::Metrics).await {
        Reply::Metrics(text) => (StatusCode::OK, text),
        _ => (StatusCode::SERVICE_UNAVAILABLE, String::new()),
    };
    let response = Response::builder().status(status).header(header::CONTENT_TYPE, TYPE);
    response.body(Body::from(text)).expect("the fields are valid")
}

/// Whether a request bears the token with this digest (RFC 6750).
fn bears(fields: &HeaderMap, digest: &str) -> bool {
    let mut values = fields.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let Some((scheme, token)) = value.as_bytes().split_at_checked("Bearer ".len()) else { return false };
    scheme.eq_ignore_ascii_case(b"Bearer ") && bool::from(sha256_hex(token).as_bytes().ct_eq(digest.as_bytes()))
}

#[cfg(test)]
mod tests;

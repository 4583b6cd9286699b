//! Raw connections to the engine, for what a client library cannot do exactly: the first question, and streams that
//! must arrive byte by byte. (bollard takes a terminal's bytes 0 to 2 for frame headers.)

use std::io;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use super::endpoint::Endpoint;

/// How long the engine may take until it answers.
const PATIENCE: Duration = Duration::from_secs(30);
/// Most bytes of an answer that is not a stream.
const ANSWER_LIMIT: usize = 4 << 20;

/// What went wrong on a raw connection.
#[derive(Debug, thiserror::Error)]
pub enum HijackError {
    /// Nobody answers at the address.
    #[error("could not connect to the engine at `{endpoint}`")]
    Connect {
        /// The address.
        endpoint: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The conversation broke.
    #[error("the engine did not answer as an engine does")]
    Protocol(#[source] hyper::Error),
    /// The engine took too long.
    #[error("the engine did not answer within {} seconds", PATIENCE.as_secs())]
    Timeout,
    /// The engine said no.
    #[error("the engine answered {status}: {message}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// What it said.
        message: String,
    },
}

/// An archive in pieces; an error in place of one breaks the connection off.
pub(crate) type Archive = http_body_util::combinators::UnsyncBoxBody<Bytes, io::Error>;

/// A byte stream in both directions.
pub(crate) type Stream = TokioIo<Upgraded>;

trait Socket: AsyncRead + AsyncWrite + Send {}
impl<T: AsyncRead + AsyncWrite + Send> Socket for T {}

async fn connect<B>(endpoint: &Endpoint) -> Result<SendRequest<B>, HijackError>
where
    B: hyper::body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let failed = |source| HijackError::Connect { endpoint: endpoint.to_string(), source };
    let socket: Pin<Box<dyn Socket>> = match endpoint {
        Endpoint::Unix(path) => Box::pin(UnixStream::connect(path).await.map_err(failed)?),
        Endpoint::Tcp(authority) => Box::pin(TcpStream::connect(authority).await.map_err(failed)?),
    };
    let (sender, connection) = handshake(TokioIo::new(socket)).await.map_err(HijackError::Protocol)?;
    tokio::spawn(async move {
        // Its end is seen by whoever reads from it.
        let _ = connection.with_upgrades().await;
    });
    Ok(sender)
}

/// What the engine answers to a question.
pub(crate) struct Answer {
    /// Fields in front of the text.
    pub(crate) fields: HeaderMap,
    /// The text.
    pub(crate) text: Bytes,
}

/// Asks a question.
///
/// # Errors
/// The engine cannot be reached, does not answer, or says no.
pub(crate) async fn get(endpoint: &Endpoint, path: &str) -> Result<Answer, HijackError> {
    let request = Request::builder()
        .method(Method::GET)
        .uri(path)
        .header(header::HOST, "engine")
        .body(Full::<Bytes>::default())
        .expect("method, path and header are valid");
    let asked = async {
        let mut sender = connect(endpoint).await?;
        let response = sender.send_request(request).await.map_err(HijackError::Protocol)?;
        let (head, body) = response.into_parts();
        let text = text(body).await;
        if head.status.is_success() {
            Ok(Answer { fields: head.headers, text })
        } else {
            Err(refused(head.status, &text))
        }
    };
    timeout(PATIENCE, asked).await.map_err(|_elapsed| HijackError::Timeout)?
}

/// Posts a JSON text and takes the connection over.
///
/// # Errors
/// The engine cannot be reached, does not answer, or says no.
pub(crate) async fn upgrade(endpoint: &Endpoint, path: &str, json: String) -> Result<Stream, HijackError> {
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::HOST, "engine")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, "tcp")
        .body(Full::<Bytes>::from(json))
        .expect("paths are made of ids that the engine gave");
    let asked = async {
        let mut sender = connect(endpoint).await?;
        let response = sender.send_request(request).await.map_err(HijackError::Protocol)?;
        let status = response.status();
        if status == StatusCode::SWITCHING_PROTOCOLS {
            let upgraded = hyper::upgrade::on(response).await.map_err(HijackError::Protocol)?;
            Ok(TokioIo::new(upgraded))
        } else {
            Err(refused(status, &text(response.into_body()).await))
        }
    };
    timeout(PATIENCE, asked).await.map_err(|_elapsed| HijackError::Timeout)?
}

/// Posts an archive as it comes, and returns the answer as it comes. Dropped, the answer ends what the engine does; it
/// may take as long as it likes.
///
/// # Errors
/// The engine cannot be reached, does not answer, or says no.
pub(crate) async fn post_archive(endpoint: &Endpoint, path: &str, archive: Archive) -> Result<Incoming, HijackError> {
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::HOST, "engine")
        .header(header::CONTENT_TYPE, "application/x-tar")
        .body(archive)
        .expect("the path is encoded");
    let mut sender = connect(endpoint).await?;
    let response = sender.send_request(request).await.map_err(HijackError::Protocol)?;
    let status = response.status();
    if status.is_success() { Ok(response.into_body()) } else { Err(refused(status, &text(response.into_body()).await)) }
}

async fn text(body: Incoming) -> Bytes {
    Limited::new(body, ANSWER_LIMIT).collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default()
}

fn refused(status: StatusCode, body: &[u8]) -> HijackError {
    let message = serde_json::from_slice::<serde_json::Value>(body)
        .ok()
        .and_then(|value| Some(value.get("message")?.as_str()?.to_owned()))
        .unwrap_or_else(|| String::from_utf8_lossy(body).trim().to_owned());
    HijackError::Refused { status: status.as_u16(), message }
}

//! Request heads, strictly. httparse makes tokens; what a proxy must be strict about is decided here, because two
//! readers who disagree about where a request ends are how requests are smuggled (RFC 9112 §11.2).
//!
//! Invariant: pure. What is not understood completely is refused, nothing is repaired.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Uri};

use super::limits::{HEAD_BYTES, HEAD_FIELDS};
use super::reason::Reason;
use super::target::{Target, TargetError};

/// A request that is understood completely.
#[derive(Debug)]
pub struct Head {
    /// What is asked for.
    pub target: Target,
    /// The value of `Proxy-Authorization`.
    pub credentials: Option<Box<[u8]>>,
    /// Whether `Accept` names `application/json`.
    pub wants_json: bool,
    /// Tunnel, or a request to forward.
    pub kind: Kind,
}

/// Tunnel, or a request to forward.
#[derive(Debug)]
pub enum Kind {
    /// `CONNECT`.
    Tunnel,
    /// Anything else.
    Forward(Box<Forward>),
}

/// A request to forward: what goes on is here and nothing else.
#[derive(Debug)]
pub struct Forward {
    /// The method.
    pub method: Method,
    /// Path and query.
    pub path: Uri,
    /// End-to-end fields: without `Host`, framing, `Proxy-*`, hop-by-hop fields and what `Connection` names.
    pub fields: HeaderMap,
    /// Where the body ends.
    pub framing: Framing,
    /// Whether the client waits for `100 Continue`.
    pub expects_continue: bool,
    /// Whether the client takes another response on this connection.
    pub keep_alive: bool,
    /// Whether the client speaks HTTP/1.1, so that it takes chunks.
    pub modern: bool,
}

/// Where a body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// There is none.
    Empty,
    /// After this many bytes, at least one.
    Length(u64),
    /// With the last chunk.
    Chunked,
}

/// Why a head is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// More bytes or fields than a head may have.
    #[error("the head is larger than 32 KiB or has more than 100 fields")]
    TooLarge,
    /// A control character, or a line end that is not CR LF (RFC 9112 §2.2).
    #[error("the head has a control character or a bare line end")]
    Control,
    /// A continued line (RFC 9112 §5.2).
    #[error("the head has a folded line")]
    Fold,
    /// Something else that is not HTTP/1.
    #[error("this is not an HTTP/1 request")]
    Syntax,
    /// A version other than 1.0 and 1.1.
    #[error("the version is neither HTTP/1.0 nor HTTP/1.1")]
    Version,
    /// A method in lower case, or too long; methods are case-sensitive (RFC 9110 §9.1).
    #[error("the method is not known")]
    Method,
    /// `TRACE`, which would show the client what was added on the way.
    #[error("TRACE is not forwarded")]
    Trace,
    /// The target is none.
    #[error("cannot take the target: {0}")]
    Target(TargetError),
    /// A field that may stand once stands twice.
    #[error("the field {0} stands more than once")]
    Repeated(&'static str),
    /// A length that is not one number.
    #[error("the Content-Length is not one number")]
    Length,
    /// A transfer coding other than `chunked`, or one that HTTP/1.0 does not have.
    #[error("the only transfer coding is chunked, from HTTP/1.1 on")]
    Coding,
    /// Both framings at once (RFC 9112 §6.3).
    #[error("Content-Length and Transfer-Encoding exclude each other")]
    TwoFramings,
    /// A `CONNECT` with a body.
    #[error("CONNECT has no body")]
    TunnelBody,
}

impl Malformed {
    /// Returns the status code of the answer.
    pub fn status(&self) -> u16 {
        match self {
            Self::TooLarge => 431,
            Self::Version => 505,
            Self::Method => 501,
            Self::Trace => 405,
            _ => 400,
        }
    }

    /// Returns the machine-readable reason.
    pub fn reason(&self) -> Reason {
        match self {
            Self::TooLarge => Reason::TooLarge,
            Self::Version => Reason::Version,
            Self::Method | Self::Trace => Reason::Method,
            _ => Reason::Malformed,
        }
    }
}

/// Returns the length of the head at the start of `buffer`, once it is complete.
///
/// `scanned` is how far earlier calls looked, so that a head that arrives byte by byte is not read again and again.
/// Control characters are refused as soon as they are seen: whoever speaks TLS to this port gets an answer at once.
pub fn find_end(buffer: &[u8], scanned: &mut usize) -> Result<Option<usize>, Malformed> {
    while let Some(&byte) = buffer.get(*scanned) {
        let position = *scanned;
        if position >= HEAD_BYTES {
            return Err(Malformed::TooLarge);
        }
        match byte {
            // httparse skips empty lines in front
            b'\r' | b'\n' if position == 0 => return Err(Malformed::Control),
            b'\r' => match buffer.get(position + 1..) {
                None | Some([]) => return Ok(None),
                Some([b'\n', ..]) => {}
                Some(_) => return Err(Malformed::Control),
            },
            b'\n' if buffer[position - 1] != b'\r' => return Err(Malformed::Control),
            b'\n' if buffer[..position].ends_with(b"\r\n\r") => return Ok(Some(position + 1)),
            b' ' | b'\t' if position == 0 || buffer[position - 1] == b'\n' => return Err(Malformed::Fold),
            b'\n' | b'\t' => {}
            control if control.is_ascii_control() => return Err(Malformed::Control),
            _ => {}
        }
        *scanned += 1;
    }
    Ok(None)
}

/// Parses a complete head, as [`find_end`] found it.
pub fn parse(head: &[u8]) -> Result<Head, Malformed> {
    let mut storage = [httparse::EMPTY_HEADER; HEAD_FIELDS];
    let mut request = httparse::Request::new(&mut storage);
    match request.parse(head) {
        Ok(httparse::Status::Complete(length)) if length == head.len() => {}
        Ok(_) => return Err(Malformed::Syntax),
        Err(httparse::Error::TooManyHeaders) => return Err(Malformed::TooLarge),
        Err(httparse::Error::Version) if names_a_version(head) => return Err(Malformed::Version),
        Err(_) => return Err(Malformed::Syntax),
    }
    let (Some(method), Some(target), Some(version)) = (request.method, request.path, request.version) else {
        return Err(Malformed::Syntax);
    };
    if !target.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Malformed::Syntax);
    }
    if method.len() > 32 || method.bytes().any(|byte| byte.is_ascii_lowercase()) {
        return Err(Malformed::Method);
    }
    let fields = Fields::read(request.headers, version == 1)?;
    match method {
        "CONNECT" => tunnel(target, fields),
        "TRACE" => Err(Malformed::Trace),
        other => forward(other, target, fields, request.headers),
    }
}

fn tunnel(target: &str, fields: Fields<'_>) -> Result<Head, Malformed> {
    if fields.framing != Framing::Empty {
        return Err(Malformed::TunnelBody);
    }
    let target = Target::tunnel(target).map_err(Malformed::Target)?;
    Ok(Head { target, credentials: fields.credentials, wants_json: fields.wants_json, kind: Kind::Tunnel })
}

fn forward(method: &str, target: &str, fields: Fields<'_>, all: &[httparse::Header<'_>]) -> Result<Head, Malformed> {
    let (target, path) = Target::plain(target).map_err(Malformed::Target)?;
    let method = Method::from_bytes(method.as_bytes()).map_err(|_| Malformed::Method)?;
    let path = match path {
        // RFC 9112 §3.2.4: the last proxy turns an empty path of OPTIONS into the asterisk-form
        "" if method == Method::OPTIONS => Uri::from_static("*"),
        path if path.starts_with('/') => path.parse().map_err(|_| Malformed::Syntax)?,
        query => format!("/{query}").parse().map_err(|_| Malformed::Syntax)?,
    };
    let forward = Forward {
        method,
        path,
        fields: end_to_end(all, &fields.nominated)?,
        framing: fields.framing,
        expects_continue: fields.expects_continue && fields.modern,
        keep_alive: fields.modern && !fields.close,
        modern: fields.modern,
    };
    let kind = Kind::Forward(Box::new(forward));
    Ok(Head { target, credentials: fields.credentials, wants_json: fields.wants_json, kind })
}

/// What the fields say to a proxy.
struct Fields<'a> {
    credentials: Option<Box<[u8]>>,
    nominated: Vec<&'a str>,
    framing: Framing,
    wants_json: bool,
    expects_continue: bool,
    close: bool,
    modern: bool,
}

impl<'a> Fields<'a> {
    fn read(all: &[httparse::Header<'a>], modern: bool) -> Result<Self, Malformed> {
        once(all, "host")?;
        let credentials = once(all, "proxy-authorization")?.map(|value| value.trim_ascii().into());
        let nominated: Vec<&str> =
            values(all, "connection").chain(values(all, "proxy-connection")).flat_map(list).collect();
        let contains = |name, text: &str| {
            values(all, name).any(|value| String::from_utf8_lossy(value).to_ascii_lowercase().contains(text))
        };
        Ok(Self {
            credentials,
            framing: framing(all, modern)?,
            wants_json: contains("accept", "application/json"),
            expects_continue: contains("expect", "100-continue"),
            close: nominated.iter().any(|name| name.eq_ignore_ascii_case("close")),
            nominated,
            modern,
        })
    }
}

fn framing(all: &[httparse::Header<'_>], modern: bool) -> Result<Framing, Malformed> {
    let length = once(all, "content-length")?;
    match (length, once(all, "transfer-encoding")?) {
        (None, None) => Ok(Framing::Empty),
        (Some(_), Some(_)) => Err(Malformed::TwoFramings),
        (None, Some(coding)) if modern && coding.trim_ascii().eq_ignore_ascii_case(b"chunked") => Ok(Framing::Chunked),
        (None, Some(_)) => Err(Malformed::Coding),
        (Some(length), None) => match decimal(length.trim_ascii()) {
            Some(0) => Ok(Framing::Empty),
            Some(length) => Ok(Framing::Length(length)),
            None => Err(Malformed::Length),
        },
    }
}

/// Digits only: `+5`, `5, 5` and the empty text are no length.
fn decimal(text: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(text).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    digits.parse().ok()
}

/// Returns the fields that go on to the server.
fn end_to_end(all: &[httparse::Header<'_>], nominated: &[&str]) -> Result<HeaderMap, Malformed> {
    let mut fields = HeaderMap::with_capacity(all.len());
    for field in all {
        let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(|_| Malformed::Syntax)?;
        if is_hop_by_hop(&name) || nominated.iter().any(|listed| listed.eq_ignore_ascii_case(name.as_str())) {
            continue;
        }
        let value = HeaderValue::from_bytes(field.value.trim_ascii()).map_err(|_| Malformed::Syntax)?;
        fields.append(name, value);
    }
    Ok(fields)
}

/// Returns whether a field is about one connection only (RFC 9110 §7.6.1), about the proxy, or written anew by us.
pub(crate) fn is_hop_by_hop(name: &HeaderName) -> bool {
    const NAMES: &[HeaderName] = &[
        header::CONNECTION,
        header::HOST,
        header::CONTENT_LENGTH,
        header::TRANSFER_ENCODING,
        header::TE,
        header::TRAILER,
        header::UPGRADE,
        header::EXPECT,
    ];
    NAMES.contains(name)
        || matches!(name.as_str(), "keep-alive" | "http2-settings")
        || name.as_str().starts_with("proxy-")
}

fn values<'a>(all: &[httparse::Header<'a>], name: &str) -> impl Iterator<Item = &'a [u8]> {
    all.iter().filter(move |field| field.name.eq_ignore_ascii_case(name)).map(|field| field.value)
}

fn once<'a>(all: &[httparse::Header<'a>], name: &'static str) -> Result<Option<&'a [u8]>, Malformed> {
    let mut values = values(all, name);
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        (_, Some(_)) => Err(Malformed::Repeated(name)),
    }
}

fn list(value: &[u8]) -> impl Iterator<Item = &str> {
    std::str::from_utf8(value).unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty())
}

/// Returns whether the first line has three parts and ends in `HTTP/` and a version, so that only the version is wrong.
fn names_a_version(head: &[u8]) -> bool {
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let mut parts = line.split(|byte| *byte == b' ').skip(2);
    match (parts.next(), parts.next()) {
        (Some([b'H', b'T', b'T', b'P', b'/', major, b'.', minor]), None) => {
            major.is_ascii_digit() && minor.is_ascii_digit()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;

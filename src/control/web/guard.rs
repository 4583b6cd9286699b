//! May this request be answered at all? Being asked from this machine is no proof of anything: other users of it and every
//! page that a browser has open can do that (SEC-48).
//!
//! Invariant: pure. What changes something is a `POST` from our own page, with the session's cookie and, beside it, a token
//! that no other page can read.

use http::{HeaderMap, HeaderName, Method, header};

/// The field that carries a session's token beside its cookie.
pub(super) const TOKEN: HeaderName = HeaderName::from_static("x-cloister-token");

/// Why a request is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    /// No host is named, or several are.
    #[error("exactly one Host is needed")]
    Hosts,
    /// Another name leads here: DNS rebinding.
    #[error("this is not the host that answers here")]
    Host,
    /// Neither `GET` nor `POST`.
    #[error("only GET and POST are answered")]
    Method,
    /// Another page asks.
    #[error("another page asks for this")]
    Origin,
    /// Something that a form of any page can send.
    #[error("only JSON changes anything")]
    Type,
    /// Nobody is logged in.
    #[error("log in first: `cloister ui` prints a link")]
    Session,
    /// It does not come from our page.
    #[error("the token of the session is missing")]
    Token,
}

impl Refused {
    /// Returns the HTTP status.
    pub(super) fn status(self) -> u16 {
        match self {
            Self::Hosts => 400,
            Self::Host => 421,
            Self::Method => 405,
            Self::Type => 415,
            Self::Session => 401,
            Self::Origin | Self::Token => 403,
        }
    }
}

/// Makes sure that a request is meant for this server, which listens on this port.
///
/// # Errors
/// It is not.
pub(super) fn addressed(method: &Method, fields: &HeaderMap, port: u16) -> Result<(), Refused> {
    let mut hosts = fields.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return Err(Refused::Hosts) };
    let own = names(port).iter().any(|name| host.as_bytes() == name.as_bytes());
    match method {
        _ if !own => Err(Refused::Host),
        &Method::GET | &Method::POST => Ok(()),
        _ => Err(Refused::Method),
    }
}

/// Makes sure that what would change something comes from our own page, whose session has this token.
///
/// # Errors
/// It does not.
pub(super) fn from_own_page(fields: &HeaderMap, port: u16, token: &str) -> Result<(), Refused> {
    let one = |name: HeaderName| {
        let mut values = fields.get_all(name).iter();
        values.next().filter(|_| values.next().is_none()).map(http::HeaderValue::as_bytes)
    };
    let host = one(header::HOST).unwrap_or_default();
    let own = names(port).into_iter().find(|name| name.as_bytes() == host);
    let origin = own.map(|name| format!("http://{name}"));
    if origin.is_none_or(|origin| one(header::ORIGIN) != Some(origin.as_bytes())) {
        return Err(Refused::Origin);
    }
    if one(header::CONTENT_TYPE) != Some(b"application/json") {
        return Err(Refused::Type);
    }
    let given = one(TOKEN).unwrap_or_default();
    if bool::from(subtle::ConstantTimeEq::ct_eq(given, token.as_bytes())) { Ok(()) } else { Err(Refused::Token) }
}

fn names(port: u16) -> [String; 3] {
    [format!("127.0.0.1:{port}"), format!("localhost:{port}"), format!("[::1]:{port}")]
}

#[cfg(test)]
mod tests;

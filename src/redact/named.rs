//! Secrets that stand behind a name that says so: fields of requests, variables, options.

use super::{Found, run};

/// What is said of them.
pub(super) const WHAT: &str = "by its name";
/// Fields of a request whose whole value is one.
const FIELDS: [&str; 8] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "private-token",
    "x-api-key",
    "x-auth-token",
    "x-goog-api-key",
];
/// How names of secrets end.
const ENDS: [&str; 10] = [
    "token",
    "password",
    "passwd",
    "secret",
    "api_key",
    "api-key",
    "apikey",
    "access_key",
    "access-key",
    "private_key",
];
/// Longest name.
const NAME: usize = 64;
/// Fewest characters of a value: what is shorter protects nothing, and is more often something else.
const VALUE: usize = 6;

/// Whether a word is an option whose value is a secret.
pub(super) fn is_option(word: &str) -> bool {
    word.starts_with("--") && word.len() <= NAME && is_secret(&word.to_ascii_lowercase())
}

/// Returns the secret whose name begins here.
pub(super) fn find(text: &str, at: usize) -> Option<Found> {
    let rest = &text[at..];
    let bytes = rest.as_bytes();
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let length = run(&bytes[..bytes.len().min(NAME + 1)], is_name);
    if length == 0 || length > NAME {
        return None;
    }
    let name = rest[..length].to_ascii_lowercase();
    let is_field = FIELDS.contains(&name.trim_start_matches('-'));
    if !is_field && !is_secret(&name) {
        return None;
    }
    let stays = length + between(&rest[length..], name.starts_with("--"))?;
    let value = &bytes[stays..];
    let length = if is_field {
        run(value, |byte| !matches!(byte, b'\n' | b'\r' | b'"' | b'\''))
    } else {
        run(value, |byte| !byte.is_ascii_whitespace() && !matches!(byte, b'"' | b'\'' | b'&' | b',' | b';' | b'`'))
    };
    (length >= VALUE && !rest[stays..].starts_with("[redacted:")).then_some(Found { stays, length, what: WHAT })
}

fn is_secret(name: &str) -> bool {
    ENDS.iter().any(|end| name.ends_with(end))
}

/// Returns how many bytes are between a name and its value: an equals sign or a colon, or, behind an option, a space.
fn between(rest: &str, is_option: bool) -> Option<usize> {
    let bytes = rest.as_bytes();
    let is_space = |byte: u8| byte == b' ';
    let is_quote = |byte: u8| matches!(byte, b'"' | b'\'' | b'\\');
    let short = |from: usize, is_kind: &dyn Fn(u8) -> bool| {
        run(&bytes[from.min(bytes.len())..bytes.len().min(from + 4)], is_kind)
    };
    let mut at = short(0, &is_quote);
    let spaces = short(at, &is_space);
    at += spaces;
    match bytes.get(at) {
        Some(b'=' | b':') => at += 1,
        Some(b'-') => return None,
        _ if is_option && spaces > 0 => {}
        _ => return None,
    }
    at += short(at, &is_space);
    at += short(at, &is_quote);
    Some(at)
}

//! Secrets that are known by their form.

use super::{Found, run};

/// A token that begins in a way of its own.
struct Form {
    what: &'static str,
    begins: &'static str,
    /// Fewest characters behind that.
    least: usize,
}

const fn form(what: &'static str, begins: &'static str, least: usize) -> Form {
    Form { what, begins, least }
}

/// Tokens, as those who issue them document them; lengths are the shortest that are in use.
const FORMS: &[Form] = &[
    form("Anthropic key", "sk-ant-", 16),
    form("API key", "sk-", 20),
    form("AWS access key", "AKIA", 16),
    form("AWS access key", "ASIA", 16),
    form("DigitalOcean token", "dop_v1_", 32),
    form("GitHub token", "ghp_", 20),
    form("GitHub token", "gho_", 20),
    form("GitHub token", "ghu_", 20),
    form("GitHub token", "ghs_", 20),
    form("GitHub token", "ghr_", 20),
    form("GitHub token", "github_pat_", 20),
    form("GitLab token", "glpat-", 20),
    form("GitLab token", "gldt-", 20),
    form("GitLab token", "glrt-", 20),
    form("Google key", "AIza", 30),
    form("Google token", "ya29.", 20),
    form("Hugging Face token", "hf_", 30),
    form("npm token", "npm_", 30),
    form("PyPI token", "pypi-", 50),
    form("SendGrid key", "SG.", 40),
    form("Slack token", "xoxa-", 10),
    form("Slack token", "xoxb-", 10),
    form("Slack token", "xoxe-", 10),
    form("Slack token", "xoxp-", 10),
    form("Slack token", "xoxr-", 10),
    form("Slack token", "xoxs-", 10),
    form("Slack token", "xapp-", 10),
    form("Stripe key", "sk_live_", 16),
    form("Stripe key", "rk_live_", 16),
];

/// Longest line that begins or ends a key.
const ARMOUR: usize = 64;
/// Longest part of an address that names who logs in.
const LOGIN: usize = 4096;

/// Returns the secret that begins here, or a little behind.
pub(super) fn find(text: &str, at: usize) -> Option<Found> {
    let rest = &text[at..];
    // Most of a text begins nothing.
    match rest.as_bytes()[0] {
        b'-' => key(rest),
        b':' => login(rest),
        b'e' => web_token(text, at),
        _ => None,
    }
    .or_else(|| token(rest))
}

fn token(rest: &str) -> Option<Found> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    FORMS.iter().find_map(|Form { what, begins, least }| {
        let length = run(rest.strip_prefix(begins)?.as_bytes(), is_token);
        (length >= *least).then(|| Found { stays: 0, length: begins.len() + length, what })
    })
}

/// A JSON web token (RFC 7519): three parts in base64, the first of which is an object.
fn web_token(text: &str, at: usize) -> Option<Found> {
    // A part begins where no other goes on: so each is looked at once, however many there seem to be.
    if !text[at..].starts_with("eyJ") || at > 0 && text.as_bytes()[at - 1] == b'-' {
        return None;
    }
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let mut length = 0;
    for part in 0..3 {
        if part > 0 {
            length += usize::from(text[at + length..].starts_with('.').then_some(true)?);
        }
        let run = run(&text.as_bytes()[at + length..], is_part);
        length += if run > 3 { run } else { return None };
    }
    Some(Found { stays: 0, length, what: "JSON web token" })
}

/// A private key (RFC 7468), to its end or that of the text.
fn key(rest: &str) -> Option<Found> {
    let label = rest.strip_prefix("-----BEGIN ")?;
    let line = &label[..label.floor_char_boundary(ARMOUR)];
    let end = line.find("PRIVATE KEY")?;
    line[end..].find("-----")?;
    let length = match rest.find("-----END ") {
        Some(last) => {
            let line = &rest[last + 9..];
            let line = &line[..line.floor_char_boundary(ARMOUR)];
            last + 9 + line.find("-----").map_or(line.len(), |dashes| dashes + 5)
        }
        None => rest.len(),
    };
    Some(Found { stays: 0, length, what: "private key" })
}

/// Who logs in at an address: the password, or all of it where there is none.
fn login(rest: &str) -> Option<Found> {
    let authority = rest.strip_prefix("://")?;
    let authority = &authority[..authority.floor_char_boundary(LOGIN)];
    let end = authority.find(|character: char| character.is_whitespace() || "/?#\"'<>\\".contains(character));
    let (login, _) = authority[..end.unwrap_or(authority.len())].rsplit_once('@')?;
    let name = login.find(':').map_or(0, |colon| colon + 1);
    let length = login.len() - name;
    (length > 0 && !login[name..].starts_with("[redacted:")).then_some(Found { stays: 3 + name, length, what: "login" })
}

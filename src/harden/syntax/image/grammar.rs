//! The productions of the grammar, in the words of the distribution project's `reference` package.

use super::ImageError;

pub(super) fn check(domain: &str, path: &str, tag: Option<&str>, digest: Option<&str>) -> Result<(), ImageError> {
    if !is_domain(domain) {
        return Err(ImageError::Domain);
    }
    if path.chars().any(char::is_uppercase) {
        return Err(ImageError::UpperCase);
    }
    if !path.split('/').all(is_path_component) {
        return Err(ImageError::Path);
    }
    if !tag.is_none_or(is_tag) {
        return Err(ImageError::Tag);
    }
    if digest.is_none_or(is_digest) { Ok(()) } else { Err(ImageError::Digest) }
}

/// `[a-f0-9]{64}`
pub(super) fn is_identifier(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(is_hex)
}

/// Components between dots, or an IPv6 address in brackets; then an optional port.
fn is_domain(text: &str) -> bool {
    if let Some(address) = text.strip_prefix('[') {
        return address.split_once(']').is_some_and(|(address, port)| {
            address.parse::<std::net::Ipv6Addr>().is_ok()
                && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
        });
    }
    let (name, port) = super::cut(text, ':');
    port.is_none_or(is_port) && name.split('.').all(is_domain_component)
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port > 0)
}

fn is_domain_component(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Letters and digits, with single separators between them: one of `._`, two underscores, or any number of hyphens.
fn is_path_component(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = text.bytes().next().is_some_and(plain) && text.bytes().next_back().is_some_and(plain);
    ends && text.split(|character: char| character.is_ascii_lowercase() || character.is_ascii_digit()).all(is_separator)
}

fn is_separator(text: &str) -> bool {
    matches!(text, "" | "." | "_" | "__") || text.bytes().all(|byte| byte == b'-')
}

fn is_tag(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (1..=128).contains(&text.len())
        && text.bytes().next().is_some_and(word)
        && text.bytes().all(|byte| word(byte) || b".-".contains(&byte))
}

/// `sha256` and `sha512` with their own lengths: the algorithms that registries and engines verify.
fn is_digest(text: &str) -> bool {
    text.split_once(':').is_some_and(|(algorithm, hex)| {
        let length = match algorithm {
            "sha256" => 64,
            "sha512" => 128,
            _ => return false,
        };
        hex.len() == length && hex.bytes().all(is_hex)
    })
}

fn is_hex(byte: u8) -> bool {
    byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)
}

//! What the guardian says to a request that it must refuse.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Proxy;
use crate::sandbox::probe::attempt;
use crate::sandbox::protocol::{Attempt, SELF_CHECK_HOST};

/// For connecting and for each read and write.
const PATIENCE: Duration = Duration::from_secs(2);
/// Longest part of an answer that is looked at, in bytes.
const ANSWER_LIMIT: u64 = 16 << 10;

/// A host that nobody listed, and a request without the token.
pub(super) fn attempts(proxy: &Proxy) -> Vec<Attempt> {
    let token = format!("Proxy-Authorization: Basic {}\r\n", STANDARD.encode(&proxy.credentials));
    vec![
        refusal("guardian-unlisted", &format!("a tunnel to {SELF_CHECK_HOST}:443"), "403", ask(proxy, &token)),
        refusal("guardian-token", "a tunnel without this sandbox's token", "407", ask(proxy, "")),
    ]
}

fn refusal(id: &str, target: &str, code: &str, answer: io::Result<String>) -> Attempt {
    match answer {
        Ok(head) => attempt(id, target, status(&head) == Some(code), shown(&head)),
        Err(error) => attempt(id, target, false, format!("the guardian did not answer: {error}")),
    }
}

fn ask(proxy: &Proxy, authorization: &str) -> io::Result<String> {
    let address = SocketAddr::from((proxy.address, proxy.port));
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let target = format!("{SELF_CHECK_HOST}:443");
    let request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{authorization}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    match stream.take(ANSWER_LIMIT).read_to_end(&mut answer) {
        Err(error) if answer.is_empty() => Err(error),
        _ => Ok(String::from_utf8_lossy(&answer).into_owned()),
    }
}

fn status(answer: &str) -> Option<&str> {
    answer.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.split_whitespace().next()
}

/// The status line and the first line of the text, without anything that a terminal would obey.
fn shown(answer: &str) -> String {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    let first = |text: &str| text.lines().next().unwrap_or_default().to_owned();
    let text = [first(head), first(body)].join(" ");
    text.chars().filter(|letter| !letter.is_control()).take(200).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests;

//! Raw bytes in, status and dials out: every file of `tests/golden/proxy` holds cases, and a new one needs no Rust.
//!
//! In `send` every character up to U+00FF is one byte. `{AUTH}`, `{OTHER}` and `{WRONG}` are credentials, `{GUARDIAN}` is the
//! address of the guardian, `{N times TEXT}` repeats. Every name leads to a public address but those of `NAMES`. What takes
//! more than one message, or time, is tested in Rust: hellos, idle tunnels, policies that change.

use std::path::Path;
use std::time::Duration;

use cloister::guardian::limits::Limits;
use cloister::guardian::protocol::WirePolicy;
use serde::Deserialize;
use tokio::io::AsyncWriteExt;

use super::client::{RawClient, basic};
use super::world::{OTHER_TOKEN, Stage, TOKEN, ok};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    why: String,
    send: String,
    /// Any of these; 0 is a close without an answer.
    status: Vec<u16>,
    #[serde(default)]
    reason: Option<String>,
    /// What is dialled, all of it.
    #[serde(default)]
    dials: Vec<String>,
    #[serde(default)]
    upstream_has: Vec<String>,
    #[serde(default)]
    upstream_lacks: Vec<String>,
}

const ALLOW: &[&str] = &[
    "example.com",
    "**.allowed.test",
    "*.below.test",
    "deny.allowed.test",
    "[::ffff:10.0.0.1]:443",
    "203.0.113.7:443",
    "mirror",
];
const DENY: &[&str] = &["deny.allowed.test"];
const NAMES: &[(&str, &[&str])] = &[
    ("mixed.allowed.test", &["127.0.0.1", "93.184.216.34"]),
    ("loopback.allowed.test", &["127.0.0.1"]),
    ("loopback6.allowed.test", &["::1"]),
    ("private.allowed.test", &["10.0.0.1"]),
    ("metadata.allowed.test", &["169.254.169.254"]),
    ("mapped.allowed.test", &["::ffff:127.0.0.1"]),
    ("nat64.allowed.test", &["64:ff9b::a00:1"]),
    ("zero.allowed.test", &["0.0.0.0"]),
    ("machine.allowed.test", &["93.184.216.99"]),
    ("nothing.allowed.test", &[]),
    ("mirror", &["127.0.0.1"]),
];

fn policy() -> WirePolicy {
    let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
    WirePolicy {
        allow: texts(ALLOW),
        deny: texts(DENY),
        permit_addresses: vec!["192.168.7.0/24".parse().unwrap()],
        hosts: [("mirror".to_owned(), "192.168.7.7".parse().unwrap())].into(),
        host_addresses: vec!["93.184.216.99".parse().unwrap()],
    }
}

#[tokio::test]
async fn every_case_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/proxy");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let (mut count, mut failures) = (0, Vec::new());
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let cases: Vec<Case> =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        count += cases.len();
        for case in cases {
            failures.extend(check(&case).await);
        }
    }
    assert!(count > 100, "only {count} cases were found");
    assert!(failures.is_empty(), "{} cases fail\n\n{}", failures.len(), failures.join("\n"));
}

/// Returns what is wrong, in words.
async fn check(case: &Case) -> Option<String> {
    let (linger, head) = (Duration::from_millis(50), Duration::from_secs(2));
    let limits = Limits { linger, head, ..Limits::default() };
    let stage = Stage::with(policy(), ok, limits, NAMES).await;
    let mut client = RawClient::new(stage.address).await;
    client.send(expand(&case.send, &stage)).await;
    let head = client.head().await;
    drop(client.stream.shutdown().await);
    drop(client.rest().await);
    let (dials, heard) = (stage.dials(), stage.heard());
    let status: u16 = head.split(' ').nth(1).map_or(0, |status| status.parse().unwrap());
    let has_reason = |reason: &String| head.contains(&format!("\r\nX-Cloister-Reason: {reason}\r\n"));
    let lacks = |text: &&String| !heard.contains(*text);
    let has = |text: &&String| heard.to_ascii_lowercase().contains(&text.to_ascii_lowercase());
    let holds = case.status.contains(&status)
        && dials == case.dials
        && case.reason.as_ref().is_none_or(has_reason)
        && !case.upstream_has.iter().any(|text| lacks(&text))
        && !case.upstream_lacks.iter().any(|text| has(&text));
    (!holds).then(|| {
        format!("{}, because {}\n  answer {head:?}\n  dials {dials:?}\n  upstream {heard:?}", case.name, case.why)
    })
}

/// Returns the bytes of a case.
fn expand(text: &str, stage: &Stage) -> Vec<u8> {
    let mut text = text
        .replace("{AUTH}", &basic(TOKEN))
        .replace("{OTHER}", &basic(OTHER_TOKEN))
        .replace("{WRONG}", &basic("wrong"))
        .replace("{GUARDIAN}", &stage.address.ip().to_string());
    while let Some((before, rest)) = text.split_once('{') {
        let (repeat, after) = rest.split_once('}').unwrap();
        let (count, unit) = repeat.split_once(" times ").unwrap();
        text = format!("{before}{}{after}", unit.repeat(count.parse().unwrap()));
    }
    text.chars().map(|character| u8::try_from(u32::from(character)).unwrap()).collect()
}

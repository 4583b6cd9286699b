//! Raw bytes in, status and dials out: every file of `tests/golden/proxy` holds cases, and a new one needs no Rust.
//!
//! In `send` every character up to U+00FF is one byte. `{AUTH}`, `{OTHER}` and `{WRONG}` are credentials, `{GUARDIAN}` is the
//! address of the guardian, `{HELLO NAME}` the first message of a TLS client, `{ECH NAME}` one that hides its name,
//! `{N times TEXT}` repeats. Every name leads to a public address but those of `NAMES`. What happens before and after the
//! first answer is told in steps.

use std::path::Path;
use std::time::Duration;

use cloister::guardian::limits::Limits;
use cloister::guardian::protocol::WirePolicy;
use serde::Deserialize;
use tokio::io::AsyncWriteExt;

use super::client::{ECH, RawClient, basic, client_hello};
use super::world::{OTHER_TOKEN, Stage, TOKEN, allow, ok, shop};

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
    /// Before anything is sent.
    #[serde(default)]
    before: Vec<Step>,
    /// After the answer.
    #[serde(default)]
    after: Vec<Step>,
}

/// Something that happens, and what has to come of it.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Step {
    /// The client sends.
    Send(String),
    /// The client reads until this has come.
    Hear(String),
    /// The guardian gets other rules to allow.
    Policy(Vec<String>),
    /// The guardian gets rules that it does not take.
    BrokenPolicy(Vec<String>),
    /// The guardian ends the connection, and nothing comes before that but these bytes.
    Closed(String),
    /// The guardian remembers a refusal for this reason.
    Refused(String),
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
    let (linger, second) = (Duration::from_millis(50), Duration::from_secs(1));
    let limits = Limits { linger, head: second, hello: second, idle: second, ..Limits::default() };
    let stage = Stage::with(policy(), ok, limits, NAMES).await;
    let mut client = RawClient::new(stage.address).await;
    let mut missed = Vec::new();
    for step in &case.before {
        missed.extend(take(step, &stage, &mut client).await);
    }
    client.send(expand(&case.send, &stage)).await;
    let head = client.head().await;
    for step in &case.after {
        missed.extend(take(step, &stage, &mut client).await);
    }
    drop(client.stream.shutdown().await);
    drop(client.rest().await);
    let (dials, heard) = (stage.dials(), stage.heard());
    let status: u16 = head.split(' ').nth(1).map_or(0, |status| status.parse().unwrap());
    let has_reason = |reason: &String| head.contains(&format!("\r\nX-Cloister-Reason: {reason}\r\n"));
    let lacks = |text: &&String| !heard.contains(*text);
    let has = |text: &&String| heard.to_ascii_lowercase().contains(&text.to_ascii_lowercase());
    let holds = case.status.contains(&status)
        && dials == case.dials
        && missed.is_empty()
        && case.reason.as_ref().is_none_or(has_reason)
        && !case.upstream_has.iter().any(|text| lacks(&text))
        && !case.upstream_lacks.iter().any(|text| has(&text));
    (!holds).then(|| {
        format!(
            "{}, because {}\n  answer {head:?}\n  dials {dials:?}\n  upstream {heard:?}\n  {}",
            case.name,
            case.why,
            missed.join("\n  ")
        )
    })
}

/// Does a step; returns what was missed.
async fn take(step: &Step, stage: &Stage, client: &mut RawClient) -> Option<String> {
    let admit = async |rules: &[String]| {
        let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
        stage.proxy.admit(&shop(WirePolicy { allow: allow(&rules).allow, ..policy() })).await.is_ok()
    };
    match step {
        Step::Send(text) => {
            client.send(expand(text, stage)).await;
            None
        }
        Step::Hear(text) => {
            client.until(text).await;
            None
        }
        Step::Policy(rules) => (!admit(rules).await).then(|| format!("{rules:?} are not taken")),
        Step::BrokenPolicy(rules) => admit(rules).await.then(|| format!("{rules:?} are taken")),
        Step::Closed(expected) => {
            let rest = client.rest_of_bytes().await;
            (rest != expand(expected, stage))
                .then(|| format!("it says {:?} at the end", String::from_utf8_lossy(&rest)))
        }
        Step::Refused(reason) => {
            let status = stage.proxy.status();
            let refused = status.refusals.iter().flat_map(|refusals| &refusals.refused);
            (!refused.clone().any(|one| one.reason == *reason))
                .then(|| format!("refused is {:?}", refused.collect::<Vec<_>>()))
        }
    }
}

/// Returns the bytes of a case.
fn expand(text: &str, stage: &Stage) -> Vec<u8> {
    let Some((before, rest)) = text.split_once('{') else { return latin1(text) };
    let (what, after) = rest.split_once('}').unwrap();
    [latin1(before), piece(what, stage), expand(after, stage)].concat()
}

fn piece(what: &str, stage: &Stage) -> Vec<u8> {
    match what.split_once(' ') {
        None if what == "AUTH" => basic(TOKEN).into(),
        None if what == "OTHER" => basic(OTHER_TOKEN).into(),
        None if what == "WRONG" => basic("wrong").into(),
        None if what == "GUARDIAN" => stage.address.ip().to_string().into(),
        Some(("HELLO", name)) => client_hello(Some(name), &[]),
        Some(("ECH", name)) => client_hello(Some(name), ECH),
        Some((count, unit)) => latin1(unit.strip_prefix("times ").unwrap()).repeat(count.parse().unwrap()),
        None => panic!("what is {{{what}}}?"),
    }
}

fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|character| u8::try_from(u32::from(character)).unwrap()).collect()
}

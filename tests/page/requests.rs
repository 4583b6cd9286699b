//! Requests as anybody on this machine, or any page in a browser, can send them (`tests/golden/page/requests.json`).

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::desk::card;
use crate::served::{LoggedIn, Served};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    id: String,
    why: String,
    /// The request. `{PORT}`, `{COOKIE}`, `{TOKEN}` and a fresh `{LINK}` are replaced, as is a used one.
    send: String,
    status: Vec<u16>,
    /// Whether the card is answered.
    #[serde(default)]
    decides: bool,
    /// What fields of the answer contain.
    #[serde(default)]
    fields: BTreeMap<String, Vec<String>>,
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("../golden/page/requests.json")).unwrap()
}

fn fill(send: &str, served: &Served, LoggedIn { cookie, token }: &LoggedIn, used: &str) -> String {
    let link = served.link();
    let secret = |link: &str| link.rsplit_once('=').unwrap().1.to_owned();
    let values = [
        ("{PORT}", served.port.to_string()),
        ("{COOKIE}", cookie.clone()),
        ("{TOKEN}", token.clone()),
        ("{LINK}", secret(&link)),
        ("{USED}", secret(used)),
    ];
    values.iter().fold(send.to_owned(), |text, (name, value)| text.replace(name, value))
}

#[tokio::test]
async fn only_the_page_itself_is_heard() {
    let served = Served::start().await;
    let who = served.log_in().await;
    let used = served.link();
    served.get(&format!("/{}", used.rsplit_once('/').unwrap().1), None).await;
    for case in cases() {
        served.desk.clear();
        served.desk.put(card(1, "api.example.com:443"));
        let answer = served.send(&fill(&case.send, &served, &who, &used)).await;
        let Case { id, why, status, .. } = &case;
        assert!(status.contains(&answer.status), "{id} ({why}): {answer:?}");
        assert_eq!(served.desk.decided().len(), usize::from(case.decides), "{id} ({why}): {answer:?}");
        for (name, parts) in &case.fields {
            let value = answer.field(name).unwrap_or_default();
            for part in parts {
                assert!(value.contains(part.as_str()), "{id}: {name} is {value:?}");
            }
        }
        for (name, part) in [
            ("content-security-policy", "default-src 'none'"),
            ("content-security-policy", "frame-ancestors 'none'"),
            ("x-frame-options", "DENY"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
        ] {
            // What is no HTTP is answered by the library, with nothing in it.
            let is_empty = answer.body.is_empty() && [400, 431].contains(&answer.status);
            assert!(
                is_empty || answer.field(name).is_some_and(|value| value.contains(part)),
                "{id}: {name}: {answer:?}"
            );
        }
        assert_eq!(answer.field("access-control-allow-origin"), None, "{id}");
    }
}

/// UI-025: so is an answer to something that was not shown.
#[tokio::test]
async fn the_page_says_what_was_refused_and_why() {
    let served = Served::start().await;
    let who = served.log_in().await;
    served.desk.put(card(1, "api.example.com:443"));
    let decide = |digest: &str| {
        format!(r#"{{"card":1,"digest":"{digest}","choice":{{"verdict":"allow","term":"once","reach":"exact"}}}}"#)
    };
    for (body, status, reason) in [
        (decide("sha256:another"), 409, "that is not what is asked any more"),
        ("{".to_owned(), 422, "EOF"),
        (r#"{"card":1,"digest":"x","choice":"allow"}"#.to_owned(), 422, "invalid type"),
        (decide("x").replace("once", "forever"), 422, "an answer counts for once"),
        (decide("x").replace(r#""card":1"#, r#""card":1,"by":"terminal""#), 422, "unknown field"),
        (format!("{{{}}}", " ".repeat(16 << 10)), 413, "too long"),
    ] {
        let answer = served.post("/api/decide", &who, &body).await;
        let value: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(answer.status, status, "{body}: {answer:?}");
        assert!(value["reason"].as_str().unwrap().contains(reason), "{answer:?}");
    }
    assert!(served.desk.decided().is_empty());
}

#[tokio::test]
async fn no_other_address_leads_to_it() {
    let served = Served::start().await;
    for address in ["127.0.0.2", "::1"] {
        let connected = tokio::net::TcpStream::connect((address, served.port)).await;
        assert!(connected.is_err(), "{address}");
    }
}

//! Text of others, in every place where the page shows some (`tests/golden/page/texts.json`).

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use cloister::control::protocol::{CardView, DecisionView, RuleView, SandboxView};
use cloister::policy::decision::{By, DecisionId, Scope, Verdict};

use crate::desk::{Desk, card};
use crate::served::{LoggedIn, PATIENCE, Served};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    id: String,
    why: String,
    text: String,
    /// In turn as it came and written out.
    pieces: Vec<String>,
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("../golden/page/texts.json")).unwrap()
}

/// Returns a card with this text wherever others had a hand in.
pub(crate) fn card_full_of(id: u64, text: &str) -> CardView {
    let mut card = card(id, text);
    card.subject.name = text.to_owned();
    card.subject.folder = text.to_owned();
    card.facts = vec![(text.to_owned(), text.to_owned())];
    card.warnings = vec![text.to_owned()];
    for choice in &mut card.choices {
        choice.text = text.to_owned();
    }
    card
}

/// Fills every other view with this text.
pub(crate) fn fill(desk: &Desk, text: &str) {
    let finding = json!({
        "code": text, "severity": text, "action": text, "pointer": text, "requested": text, "effective": text,
        "reason": text, "help": text, "location": { "file": text, "line": 1, "column": 1 },
    });
    desk.put_sandbox(SandboxView {
        id: "0123456789ab".into(),
        name: text.into(),
        folder: text.into(),
        state: text.into(),
        plan_digest: "sha256:0".into(),
        plan: json!({ "findings": [finding] }),
        refusals: vec![(text.into(), text.into(), 1, 1_800_000_000_000)],
        traffic: Default::default(),
    });
    desk.put_rule(RuleView { rule: text.into(), verdict: Verdict::Deny, origin: text.into(), decision: None });
    desk.put_decision(DecisionView {
        id: DecisionId::derive(text),
        verdict: Verdict::Allow,
        rules: vec![text.into()],
        scope: Scope::Project { folder: text.into() },
        made: 1_800_000_000_000,
        until: None,
        by: By::Page,
        asked_by: text.into(),
    });
}

/// Returns the first card that is told.
async fn told(served: &Served, who: &LoggedIn) -> Value {
    let mut stream = served.connect().await;
    let (port, cookie) = (served.port, &who.cookie);
    let request = format!("GET /events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut heard = String::new();
    let mut bytes = [0; 4096];
    loop {
        let read = timeout(PATIENCE, stream.read(&mut bytes)).await.expect("something is said").unwrap();
        assert!(read > 0, "{heard}");
        heard.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
        let data = heard.lines().find_map(|line| line.strip_prefix("data: "));
        if let Some(value) = data.and_then(|data| serde_json::from_str::<Value>(data).ok()) {
            return value["cards"][0].clone();
        }
    }
}

#[tokio::test]
async fn text_of_others_is_told_in_pieces() {
    let served = Served::start().await;
    let who = served.log_in().await;
    for Case { id, why, text, pieces } in cases() {
        served.desk.clear();
        served.desk.put(card_full_of(1, &text));
        let card = told(&served, &who).await;
        for place in ["/title", "/name", "/folder", "/facts/0/0", "/facts/0/1", "/warnings/0", "/choices/0/text"] {
            let shown = card.pointer(place).unwrap();
            assert_eq!(shown["pieces"], json!(pieces), "{id} ({why}): {place}");
        }
        assert_eq!(card["hides"], json!(pieces.len() > 1), "{id}: whether it hides something");
    }
}

/// UI-030.
#[tokio::test]
async fn a_card_says_who_asks_as_cloister_knows_it() {
    let served = Served::start().await;
    let who = served.log_in().await;
    served.desk.put(card(1, "shop (/home/me/projects/other)"));
    let card = told(&served, &who).await;
    assert_eq!(card["name"]["pieces"], json!(["shop"]));
    assert_eq!(card["folder"]["pieces"], json!(["/home/me/projects/shop"]));
}

#[tokio::test]
async fn markup_of_others_is_text_in_every_view() {
    let served = Served::start().await;
    let who = served.log_in().await;
    for text in [
        "<script>hurt()</script>",
        "\"><img src=x onerror=hurt()>",
        "' onfocus='hurt()",
        "{{ 7 * 7 }}",
        "</title><svg onload=hurt()>",
    ] {
        served.desk.clear();
        fill(&served.desk, text);
        for path in ["/sandboxes", "/policy"] {
            let page = served.get(path, Some(&who)).await;
            assert_eq!(page.status, 200);
            assert!(page.body.contains("hurt()") || page.body.contains("7 * 7"), "{path}: it is not shown");
            for markup in ["<script>", "<img src=x", "<svg onload", "onfocus='"] {
                assert!(!page.body.contains(markup), "{path}: {text}");
            }
        }
    }
    let page = served.get("/policy?sandbox=%22%3E%3Cimg%20src=x%3E", Some(&who)).await;
    assert!(!page.body.contains("<img src=x"), "{}", page.body);
    let page = served.get("/%3Cimg%20src=x%3E", Some(&who)).await;
    assert_eq!((page.status, page.body.contains("<img src=x")), (404, false));
}

#[tokio::test]
async fn what_would_not_be_seen_is_marked_in_every_view() {
    let served = Served::start().await;
    let who = served.log_in().await;
    fill(&served.desk, "safe\u{202e}elif\u{1b}[2J");
    for path in ["/sandboxes", "/policy"] {
        let page = served.get(path, Some(&who)).await;
        assert!(page.body.contains("&lt;U+202E&gt;</mark>elif"), "{path}: {}", page.body);
        assert!(!page.body.contains(['\u{202e}', '\u{1b}']), "{path}");
    }
}

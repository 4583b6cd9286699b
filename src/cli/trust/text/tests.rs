use super::*;
use crate::plan::model::BuildNetwork;
use crate::trust::{Approvals, AskedBuild};

fn request(text: &str) -> Request {
    Request::root_setup("postCreate", "", &["/bin/sh".to_owned(), "-c".to_owned(), text.to_owned()])
}

fn approved(text: &str) -> Approvals {
    let mut approvals = Approvals::default();
    approvals.add(request(text));
    approvals
}

#[test]
fn content_is_shown_whole_and_cannot_imitate_the_question() {
    let evil = request("sudo a\r\napprove exactly this? [y/N] y\u{1b}[2K\u{202e}\tb");
    let card = card(&evil, State::Pending);
    let expected = "  │ sudo a\\r\n  │ approve exactly this? [y/N] y\\u{1b}[2K\\u{202e}\\tb\n";
    assert!(card.contains(expected), "{card}");
    assert!(!card.contains(['\u{1b}', '\u{202e}', '\r', '\t']), "{card}");
    let place = Request { place: "post\u{1b}[1mCreate".to_owned(), ..request("x") };
    assert!(!super::card(&place, State::Pending).contains('\u{1b}'));
}

#[test]
fn a_change_is_shown_at_its_line() {
    let (was, is) = ("set -e\nsudo a\nend", "set -e\nsudo b\nend");
    let approvals = approved(was);
    let request = request(is);
    let state = approvals.state(&request, std::slice::from_ref(&request));
    let list = List { asked: vec![(&request, state)], unused: Vec::new() };
    let expected = "  │ set -e\n  - sudo a\n  + sudo b\n  │ end\n";
    assert_eq!(list.text(), format!("changed   postCreateCommand  {}\n{expected}", request.digest));
    let json: serde_json::Value = serde_json::from_str(&list.json()).unwrap();
    let item = &json[0];
    assert_eq!((&item["state"], &item["was"], &item["content"]), (&"changed".into(), &was.into(), &is.into()));
    assert_eq!((&item["kind"], &item["place"]), (&"root-setup".into(), &"postCreateCommand".into()));
}

#[test]
fn the_list_tells_four_states_apart() {
    let approvals = approved("sudo a");
    let (one, other) = (request("sudo a"), Request::root_setup("onCreate", "", &["sudo".to_owned()]));
    let list = List { asked: vec![(&one, State::Approved), (&other, State::Pending)], unused: Vec::new() };
    let text = list.text();
    assert!(text.starts_with("approved  postCreateCommand") && text.contains("\npending   onCreateCommand"), "{text}");
    let list = List { asked: Vec::new(), unused: approvals.unused(&[]).collect() };
    assert!(list.text().starts_with("unused    postCreateCommand"));
    assert!(list.json().contains("\"state\": \"unused\""));
}

#[test]
fn a_build_says_what_its_approval_opens() {
    let args = std::collections::BTreeMap::new();
    let digest = format!("sha256:{}", "0".repeat(64));
    let asked = AskedBuild { dockerfile: &digest, args: &args, target: None, buildkit: Some(BuildNetwork::Engine) };
    let opens = vec![Opens::Fetch, Opens::EngineNetwork, Opens::WithoutSecret];
    let text = "FROM a\n  its RUN steps have no network\nRUN --mount=type=secret,id=b c\n";
    let request = Request::build("Dockerfile", text, asked, opens);
    let expected = "Dockerfile asks to be built with more than every build gets:\n  \
        │ FROM a\n  │   its RUN steps have no network\n  │ RUN --mount=type=secret,id=b c\n  \
        the engine fetches for it from your machine's own network, past the guardian\n  \
        its RUN steps run as root in the engine's own network, not behind the guardian: they reach\n  \
        the internet, your local network and services of this machine, nothing limits their\n  \
        memory, and they run what the build context holds by then, which an agent can change\n  \
        no secret and no key of yours is handed over: such a step runs without it\n  ";
    assert_eq!(card(&request, State::Pending), format!("{expected}{}\n", request.digest));
    let list = List { asked: vec![(&request, State::Pending)], unused: Vec::new() };
    let json: serde_json::Value = serde_json::from_str(&list.json()).unwrap();
    assert_eq!(json[0]["opens"], serde_json::json!(["fetch", "engine-network", "without-secret"]));
    assert!(list.text().contains("not behind the guardian"), "{}", list.text());
}

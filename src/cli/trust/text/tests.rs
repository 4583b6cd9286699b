use super::*;
use crate::trust::Approvals;

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

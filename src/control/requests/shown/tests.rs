use super::*;
use crate::facts::Script;

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn initialize(text: &str) -> Request {
    Request::initialize("", &words(&["/bin/sh", "-c", text]), None)
}

fn facts_of(ask: &OtherAsk) -> Vec<(String, String)> {
    serde_json::from_value(ask.content["facts"].clone()).unwrap()
}

#[test]
fn a_card_has_the_exact_content_and_what_an_answer_means() {
    let request = initialize("aws sso login\n\u{202e}rm -rf ~");
    let cards = cards(std::slice::from_ref(&request), &Approvals::default(), " ~/shop");
    let [card] = cards.as_slice() else { panic!("{cards:?}") };
    assert_eq!(card.digest, request.digest);
    assert_eq!(card.title, "initializeCommand: aws sso login");
    let lines: Vec<String> = facts_of(card).into_iter().map(|(name, text)| format!("{name}|{text}")).collect();
    let expected = [
        "asks|initializeCommand asks to run this on your machine, outside of every sandbox, at each start".to_owned(),
        "content|aws sso login".to_owned(),
        "|\u{202e}rm -rf ~".to_owned(),
        format!("digest|{}", request.digest),
    ];
    assert_eq!(lines, expected, "as it came: whoever shows it makes it visible");
    let warnings = card.content["warnings"].to_string();
    assert!(warnings.contains("nothing of it is sealed") && warnings.contains("a shell of your machine"), "{warnings}");
    assert_eq!(card.content["next"], "cloister start ~/shop");
}

#[test]
fn what_changed_since_an_approval_is_shown_at_its_line() {
    let script = |text: &str| Script { digest: format!("sha256:{text}"), text: Some(format!("set -e\n{text}\nend\n")) };
    let request = |text| Request::initialize("", &words(&["./setup.sh"]), Some(&script(text)));
    let mut approvals = Approvals::default();
    approvals.add(request("one"));
    let cards = cards(&[request("two")], &approvals, "");
    let text: Vec<String> = facts_of(&cards[0]).into_iter().map(|(_, text)| text).collect();
    assert!(text.contains(&"- one".to_owned()) && text.contains(&"+ two".to_owned()), "{text:?}");
    assert!(text.contains(&"  set -e".to_owned()), "{text:?}");
}

#[test]
fn nobody_is_asked_what_is_answered_or_what_nobody_could_read() {
    let (open, approved, denied) = (initialize("open"), initialize("approved"), initialize("denied"));
    let mut approvals = Approvals::default();
    approvals.add(approved.clone());
    approvals.deny(denied.clone());
    let huge = [initialize(&"x".repeat(BYTES + 1)), initialize(&"x\n".repeat(LINES + 1))];
    let feature = Request::feature("registry.example.org/x:1", &json!({}));
    let all = [vec![open.clone(), approved, denied, feature], huge.to_vec()].concat();
    let digests: Vec<String> = cards(&all, &approvals, "").into_iter().map(|card| card.digest).collect();
    assert_eq!(digests, [open.digest]);
    let flood: Vec<Request> = (0..10_000).map(|number| initialize(&number.to_string())).collect();
    assert_eq!(cards(&flood, &Approvals::default(), "").len(), MOST);
}

#[test]
fn a_host_that_pretends_to_be_another_one_is_told() {
    let domains = Domains::read(&json!(["transfer.sh", "api.example.com"])).0.unwrap();
    let cards = cards(&[domains.request()], &Approvals::default(), "");
    let warnings = cards[0].content["warnings"].to_string();
    assert!(warnings.contains("transfer.sh takes files") && !warnings.contains("any host can"), "{warnings}");
}

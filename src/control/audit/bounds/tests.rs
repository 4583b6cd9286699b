use super::*;
use crate::control::audit::event::{Chain, Record};
use crate::control::audit::line;
use crate::control::audit::samples::{decision, every_kind, own};

#[test]
fn bytes_can_be_told_back_from_the_text() {
    let cases: [(&[u8], &str); 6] = [
        (b"git", "git"),
        (b"", ""),
        (b"a\xffb", r"a\xffb"),
        (br"a\xffb", r"a\\xffb"),
        (b"\xe2\x82", r"\xe2\x82"),
        ("é\n".as_bytes(), "é\n"),
    ];
    for (bytes, text) in cases {
        assert_eq!(lossless(bytes), text);
    }
}

#[test]
fn a_name_of_a_mebibyte_is_cut_and_marked_with_the_digest_of_the_whole() {
    let long = "é".repeat(1 << 19);
    let mut entry = decision(1, &long, false);
    bound(&mut entry);
    let What::Decision(decided) = &entry.what else { panic!("{entry:?}") };
    let digest = sha256_hex(long.as_bytes());
    assert!(decided.host.ends_with(&format!("é…(cut: 1048576 bytes, sha256 {digest})")), "{}", decided.host);
    assert!(decided.host.len() <= TEXT_LIMIT);
    let once = entry.clone();
    bound(&mut entry);
    assert_eq!(entry, once, "what was cut stays as it is");
}

#[test]
fn a_list_is_cut_as_a_whole() {
    let argv: Vec<String> = (0..100_000).map(|number| format!("argument {number}")).collect();
    let digest = sha256_hex(argv.join("\0").as_bytes());
    let mut policy =
        own(What::Policy(Policy { digest: String::new(), from: String::new(), added: argv, removed: Vec::new() }));
    bound(&mut policy);
    let What::Policy(Policy { added, .. }) = &policy.what else { panic!("{policy:?}") };
    let kept = added.len() - 1;
    assert_eq!(added[kept], format!("…(cut: {kept} of 100000 kept, sha256 {digest})"));
    assert!(added.iter().map(|text| text.len() + 1).sum::<usize>() <= LIST_LIMIT);
    let once = policy.clone();
    bound(&mut policy);
    assert_eq!(policy, once, "what was cut stays as it is");
}

#[test]
fn what_is_short_stays_as_it_is() {
    for entry in every_kind() {
        let mut bounded = entry.clone();
        bound(&mut bounded);
        assert_eq!(bounded, entry);
    }
}

/// Every text of every kind is made long in its JSON: none that a sandbox can choose is forgotten.
#[test]
fn no_line_is_longer_than_what_is_read() {
    for entry in every_kind().into_iter().filter(|entry| entry.what.kind() != "log") {
        let kind = entry.what.kind();
        let mut json = serde_json::to_value(&entry.what).expect("text keys only");
        lengthen(&mut json[kind]);
        let Ok(what) = serde_json::from_value(json) else { continue };
        let mut long = Entry { what, ..entry };
        bound(&mut long);
        let Entry { time, sandbox, origin, what } = long;
        let mut line = Vec::new();
        line::write(&Record { number: 1, time, sandbox, origin, what }, &Chain::start(), &mut line);
        assert!(line.len() < line::LINE_LIMIT, "{kind}: {} bytes", line.len());
    }
}

fn lengthen(json: &mut serde_json::Value) {
    match json {
        serde_json::Value::String(text) if !is_word(text) => *text = "\u{1}".repeat(3 << 20),
        serde_json::Value::Array(items) => items.iter_mut().for_each(lengthen),
        serde_json::Value::Object(members) => members.values_mut().for_each(lengthen),
        _ => {}
    }
}

/// Words that the type has a fixed list of.
fn is_word(text: &str) -> bool {
    [
        "page",
        "terminal",
        "rule",
        "host",
        "host-command",
        "repository",
        "started",
        "stopped",
        "asked",
        "expired",
        "end-unknown",
        "192.0.2.7",
    ]
    .contains(&text)
}

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn value(text: &str) -> Value {
    parse(&Source::new("a.json", text)).expect(text).to_value()
}

#[test]
fn what_editors_accept_is_read() {
    let cases = [
        ("{}", json!({})),
        ("\u{feff}{ \"a\": 1 }", json!({ "a": 1 })),
        ("{\r\n\t\"a\": [1, 2,],\r\n}\r\n", json!({ "a": [1, 2] })),
        ("// x\n{ /* y \" { */ \"a\": \"// no comment\" } // z", json!({ "a": "// no comment" })),
        ("{\"a\": \"\\u0041\\ud83d\\ude00\\n\\/\"}", json!({ "a": "A😀\n/" })),
        ("{\"a\": -1.5e2, \"b\": 18446744073709551615, \"c\": null}", json!({ "a": -150.0, "b": u64::MAX, "c": null })),
        ("{\"\": {\"é\": true}}", json!({ "": { "é": true } })),
    ];
    for (text, expected) in cases {
        assert_eq!(value(text), expected, "{text}");
    }
}

#[test]
fn every_mistake_has_a_place_and_words() {
    let cases = [
        ("", "1:1 the file is empty"),
        ("  // nothing\n", "1:1 the file is empty"),
        ("[1]", "1:1 the file does not hold an object"),
        ("null", "1:1 the file does not hold an object"),
        ("{\"a\": 1 \"b\": 2}", "1:8 a comma is missing"),
        ("{\"a\": [1 2]}", "1:9 a comma is missing"),
        ("{\"a\": 01}", "1:8 a comma is missing"),
        ("{\"a\" 1}", "1:6 a colon is missing after the key"),
        ("{\"a\": }", "1:7 this is not JSON"),
        ("{\"a\": 1,, }", "1:9 a key in double quotes is expected"),
        ("{,}", "1:2 a key in double quotes is expected"),
        ("{\"a\": [,]}", "1:8 this is not JSON"),
        ("{a: 1}", "1:2 a key in double quotes is expected"),
        ("{'a': 1}", "1:2 strings need double quotes"),
        ("{\"a\": 0x10}", "1:7 this is not a JSON number"),
        ("{\"a\": +1}", "1:7 this is not a JSON number"),
        ("{\"a\": .5}", "1:7 this is not a JSON number"),
        ("{\"a\": NaN}", "1:7 this is not JSON"),
        ("{\"a\": -Infinity}", "1:7 this is not a JSON number"),
        ("{\"a\": 1e999}", "1:7 this number is out of range"),
        ("{\"a\": \"x\n\"}", "1:7 this string is not closed on its line"),
        ("{\n  \"a\": \"x", "2:8 this string is not closed on its line"),
        ("{\"a\": \"\t\"}", "1:8 a string holds a control character"),
        ("{\"a\": \"\\x41\"}", "1:8 this is not an escape that JSON knows"),
        ("{\"a\": \"\\u12\"}", "1:8 this is not an escape that JSON knows"),
        ("{\"a\": \"\\ud800\"}", "1:8 this escape is half of a surrogate pair"),
        ("{\"a\": \"\\udc00x\"}", "1:8 this escape is half of a surrogate pair"),
        ("{\"a\": 1} {}", "1:10 something follows the end of the object"),
        ("{\"a\": 1", "1:1 this object is not closed"),
        ("{} /* x", "1:4 this comment is not closed"),
        ("{\u{a0}}", "1:2 this character does not belong here"),
        ("{\u{0}}", "1:2 this character does not belong here"),
        ("\u{feff}\u{feff}{}", "1:1 this character does not belong here"),
        ("\u{feff}{\"é\": 1 2}", "1:8 a comma is missing"),
    ];
    for (text, expected) in cases {
        let diagnostics = parse(&Source::new("a.json", text)).expect_err(text);
        let told = |one: &Diagnostic| format!("{}:{} {}", one.location.line, one.location.column, one.message);
        assert_eq!(diagnostics.iter().map(told).collect::<Vec<_>>(), [expected], "{text}");
        assert!(diagnostics.iter().all(|one| one.kind == Kind::ParseError && one.help.is_some()));
    }
}

#[test]
fn a_key_stands_once_whatever_its_escapes() {
    let cases = [
        ("{\"a\": 1, \"b\": 2, \"a\": 3}", "/a", "1:18"),
        ("{\"privileged\": false,\n \"pr\\u0069vileged\": true}", "/privileged", "2:2"),
        ("{\"x\": [{\"a/b\": 1, \"a/b\": 1}]}", "/x/0/a~1b", "1:19"),
    ];
    for (text, pointer, place) in cases {
        let diagnostics = parse(&Source::new("a.json", text)).expect_err(text);
        let [one] = diagnostics.as_slice() else { panic!("{diagnostics:?}") };
        assert_eq!((one.kind, one.pointer.as_str()), (Kind::DuplicateKey, pointer));
        assert_eq!(format!("{}:{}", one.location.line, one.location.column), place);
    }
}

#[test]
fn size_depth_and_keys_are_capped() {
    let nested = |depth: usize| format!("{{\"a\":{}1{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
    let cases = [
        (nested(DEPTH_LIMIT), None),
        (nested(DEPTH_LIMIT + 1), Some("values are nested more than 64 levels deep")),
        ("[".repeat(200_000), Some("values are nested more than 64 levels deep")),
        ("{\"a\":".repeat(100_000), Some("values are nested more than 64 levels deep")),
        (format!("{{}}{}", " ".repeat(SIZE_LIMIT)), Some("the file is larger than 1024 KiB")),
        (format!("{{\"{}\":1}}", "k".repeat(KEY_LIMIT)), None),
        (format!("{{\"{}\":1}}", "k".repeat(KEY_LIMIT + 1)), Some("a key is longer than 1024 bytes")),
    ];
    for (text, expected) in cases {
        let message = parse(&Source::new("a.json", text.as_str())).err().map(|all| all[0].message.clone());
        assert_eq!(message.as_deref(), expected, "{text:.20}");
    }
}

#[test]
fn every_value_knows_its_place() {
    let text = "\u{feff}{ /* é */ \"a\": [ { \"b~/c\": \"x\" } ], \"d\": -1 }";
    let root = parse(&Source::new("a.json", text)).expect(text);
    let cases = [("", &text[3..]), ("/a", "[ { \"b~/c\": \"x\" } ]"), ("/a/0/b~0~1c", "\"x\""), ("/d", "-1")];
    for (pointer, expected) in cases {
        assert_eq!(&text[root.at(pointer).expect(pointer).span.clone()], expected, "{pointer}");
    }
    for pointer in ["/x", "/a/1", "/a/-1", "/a/0/b", "/d/0"] {
        assert_eq!(root.at(pointer), None, "{pointer}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "([\\[\\]{}:,\"\\\\/*u0-9a-eE+.\\-' \n\r\té\u{feff}\u{2028}]|\"a\"|true|null|//|\\\\u[d0-9][8c-f0-9]{3}){0,60}") {
        let _ = parse(&Source::new("a.json", text));
    }

    #[test]
    fn whatever_is_json_reads_the_same(value in json_value()) {
        let text = json!({ "value": value }).to_string();
        prop_assert_eq!(parse(&Source::new("a.json", text.as_str())).map(|node| node.to_value()), Ok(json!({ "value": value })));
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map(any::<String>(), inner, 0..6).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

use proptest::prelude::*;
use serde_json::json;

use super::super::SCHEMA;
use super::*;

/// Values of every type, with the keys and words of the schema among them.
fn values() -> impl Strategy<Value = Value> {
    let words = ["", "bind", "/x", "4gb", "optional", "notify", "ignore", "none", "postCreateCommand"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-2..70_000_i64).prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        Just(json!(1.0)),
        prop::sample::select(words.to_vec()).prop_map(Value::from),
    ];
    let keys = ["type", "source", "target", "external", "dockerfile", "args", "label", "onAutoForward", "cores", "x"];
    leaf.prop_recursive(3, 12, 4, move |inner| {
        let members = prop::collection::hash_map(prop::sample::select(keys.to_vec()), inner.clone(), 0..4);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::from),
            members.prop_map(|members| members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

proptest! {
    #[test]
    fn what_it_takes_the_validator_takes(value in values()) {
        let validator = jsonschema::validator_for(&SCHEMA).expect("the published draft");
        for name in SCHEMA["properties"].as_object().expect("the schema has properties").keys() {
            if fits(&value, &SCHEMA["properties"][name], &SCHEMA) {
                let document = json!({ name.as_str(): value });
                prop_assert!(validator.is_valid(&document), "{}", document);
            }
        }
    }
}

#[test]
fn what_is_left_is_what_the_validator_is_for() {
    let cases = [
        (json!({ "image": "x", "init": true, "runArgs": ["--init"], "postCreateCommand": { "a": ["b"] } }), vec![]),
        (json!({ "mounts": ["x", { "type": "bind", "target": "/x" }], "containerEnv": { "A": "b" } }), vec![]),
        (json!({ "forwardPorts": [1, "db:1"], "hostRequirements": { "gpu": true, "cpus": 2 } }), vec![]),
        (json!({ "forwardPorts": [70000] }), vec!["forwardPorts"]),
        (json!({ "image": 3, "name": "x" }), vec!["image"]),
        (json!({ "mounts": [{ "type": "bind" }] }), vec!["mounts"]),
        (json!({ "hostRequirements": { "memory": "4gb" }, "unknown": 1 }), vec!["hostRequirements", "unknown"]),
    ];
    for (document, expected) in cases {
        let document = document.as_object().expect("an object");
        assert_eq!(doubtful(document, &SCHEMA).keys().collect::<Vec<_>>(), expected, "{document:?}");
    }
}

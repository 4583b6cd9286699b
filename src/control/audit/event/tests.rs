use serde_json::{Value, json};

use super::*;
use crate::control::audit::line;
use crate::control::audit::samples::every_kind;

const SCHEMA: &str = include_str!("../../../../schemas/audit.schema.json");

fn lines() -> Vec<Value> {
    let line = |(number, entry): (u64, Entry)| {
        let Entry { time, sandbox, origin, what } = entry;
        let mut line = Vec::new();
        line::write(&Record { number, time, sandbox, origin, what }, &Chain::start(), &mut line);
        serde_json::from_slice(&line).expect("a line is JSON")
    };
    (1..).zip(every_kind()).map(line).collect()
}

fn validator() -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(SCHEMA).expect("the schema is JSON");
    jsonschema::draft202012::new(&schema).expect("the schema is a schema")
}

#[test]
fn every_line_is_as_the_schema_says() {
    let validator = validator();
    for line in lines() {
        let complaints: Vec<String> = validator.iter_errors(&line).map(|error| error.to_string()).collect();
        assert_eq!(complaints, Vec::<String>::new(), "{line:#}");
    }
}

#[test]
fn the_schema_and_the_model_know_the_same_members() {
    let validator = validator();
    for line in lines() {
        for (pointer, _) in members(&line, String::new()) {
            let mut more = line.clone();
            let object = more.pointer_mut(&pointer).and_then(Value::as_object_mut).expect("an object");
            object.insert("more".into(), json!(true));
            assert!(!validator.is_valid(&more), "{pointer} of {line:#}");
        }
    }
}

/// Every object in a line, but for the map of guardians, whose keys are free.
fn members(value: &Value, pointer: String) -> Vec<(String, &Value)> {
    let below = value.as_object().into_iter().flatten().filter(|(name, _)| *name != "guardians");
    let mut found: Vec<_> = below.flat_map(|(name, value)| members(value, format!("{pointer}/{name}"))).collect();
    found.extend(value.is_object().then_some((pointer, value)));
    found
}

#[test]
fn every_kind_has_the_word_that_it_has_in_the_log() {
    let kinds: std::collections::BTreeSet<&str> = every_kind().iter().map(|entry| entry.what.kind()).collect();
    assert_eq!(kinds, What::KINDS.into_iter().collect(), "each kind has a sample");
    for (entry, line) in every_kind().iter().zip(lines()) {
        let words: Vec<&String> = line["what"].as_object().expect("one member").keys().collect();
        assert_eq!(words, [entry.what.kind()]);
    }
}

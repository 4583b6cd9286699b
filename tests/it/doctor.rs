//! Machines and what is said of them. Adding a case is adding a folder:
//!
//! ```text
//! tests/golden/doctor/<case>/facts.json   what was seen; `info` and `components` are the engine's own answers
//!                           /report.txt   expected; UPDATE_EXPECTED=1 writes it
//! ```

use std::path::{Path, PathBuf};

use cloister::doctor::{Facts, Report, SCHEMA, Status, examine};
use serde_json::Value;

use crate::expected::assert_expected;

fn cases() -> Vec<(String, Facts)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/doctor");
    let mut folders: Vec<PathBuf> = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let read = |folder: PathBuf| {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(folder.join("facts.json")).unwrap();
        let facts = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        (name, facts)
    };
    folders.into_iter().map(read).collect()
}

/// One line for each thing that is said.
fn shown(report: &Report) -> String {
    let mut lines = vec![format!("works: {}", report.works)];
    for check in &report.checks {
        lines.push(format!("\n{} {}: {}", check.status.as_str(), check.id, check.seen));
        lines.push(format!("  {}", check.consequence));
        lines.extend(check.hint.iter().map(|hint| format!("  hint: {hint}")));
        lines.extend((!check.references.is_empty()).then(|| format!("  {}", check.references.join(", "))));
    }
    lines.join("\n") + "\n"
}

#[test]
fn every_machine_is_judged_as_expected() {
    let cases = cases();
    assert!(!cases.is_empty(), "there is no case");
    for (name, facts) in cases {
        assert_expected(&format!("doctor/{name}/report.txt"), &shown(&examine(&facts)));
    }
}

#[test]
fn every_report_is_as_the_schema_says() {
    let schema: Value = serde_json::from_str(SCHEMA).expect("the schema is JSON");
    let validator = jsonschema::draft202012::new(&schema).expect("the schema is a schema");
    for (name, facts) in cases() {
        let report = serde_json::to_value(examine(&facts)).unwrap();
        let complaints: Vec<_> = validator.iter_errors(&report).map(|error| error.to_string()).collect();
        assert_eq!(complaints, Vec::<String>::new(), "{name}");
    }
}

#[test]
fn what_keeps_sandboxes_from_starting_is_a_failure_with_something_to_do() {
    for (name, facts) in cases() {
        let report = examine(&facts);
        let failures: Vec<_> = report.checks.iter().filter(|check| check.status == Status::Failure).collect();
        assert_eq!(report.works, failures.is_empty(), "{name}");
        let told = |check: &&&cloister::doctor::Check| check.hint.is_none() && check.id != "configuration";
        assert_eq!(failures.iter().find(told), None, "{name}");
    }
}

/// Whatever an engine answers, the command answers too.
#[test]
fn answers_of_any_shape_are_judged() {
    let (_, facts) = cases().into_iter().find(|(name, _)| name == "debian-12").unwrap();
    let text = serde_json::to_value(&facts).unwrap();
    let members: Vec<String> = text["engine"]["answers"]["info"].as_object().unwrap().keys().cloned().collect();
    let shapes =
        [Value::Null, 7.into(), "\u{1b}[2J".into(), serde_json::json!([[], {}, null]), serde_json::json!({"a": 1})];
    for member in &members {
        for shape in &shapes {
            let mut changed = text.clone();
            changed["engine"]["answers"]["info"][member] = shape.clone();
            let report = examine(&serde_json::from_value(changed).unwrap());
            assert!(report.checks.iter().all(|check| !check.seen.contains('\u{1b}')), "{member}: {shape}");
        }
    }
}

//! Hostile and harmless configurations, one line of data each: what must be found, and what the plan must still be.
//!
//! Adding a case is adding an object to `tests/golden/cases/*.json`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::planning;
use cloister::facts::Entry;
use cloister::plan::model::Verdict;
use cloister::plan::{Plan, audit};
use cloister::policy::Policy;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    id: String,
    files: BTreeMap<String, String>,
    /// What lies where host tools look, by its path: `folder`, `file`, `link`, `other`; `none` takes away.
    #[serde(default)]
    entries: BTreeMap<String, String>,
    /// Whether the agent is to work on a clone.
    #[serde(default)]
    clone: bool,
    /// Whether its repository has no commit.
    #[serde(default)]
    unborn: bool,
    /// `CODE SEVERITY ACTION[ POINTER]`, each of which must be among the findings.
    expect: Vec<String>,
    /// Text that must appear nowhere in the plan outside its findings.
    #[serde(default)]
    absent: Vec<String>,
    #[serde(default)]
    why: String,
}

#[test]
fn every_case_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/cases");
    let mut failures = Vec::new();
    let mut count = 0;
    for entry in std::fs::read_dir(&folder).expect("the folder of cases is there") {
        let path = entry.expect("the folder of cases is there").path();
        let text = std::fs::read_to_string(&path).expect("a file of cases is text");
        let cases: Vec<Case> =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        count += cases.len();
        failures.extend(cases.iter().flat_map(check));
    }
    assert!(count > 50, "only {count} cases were found");
    assert!(failures.is_empty(), "{} of {count} cases fail:\n{}", failures.len(), failures.join("\n"));
}

fn check(case: &Case) -> Vec<String> {
    let policy = Policy { works_on_clone: case.clone, ..Policy::builtin() };
    let mut facts = planning::facts();
    for (name, entry) in &case.entries {
        let path = Path::new(planning::FOLDER).join(name);
        match entry.as_str() {
            "none" => _ = facts.host.entries.remove(&path),
            entry => _ = facts.host.entries.insert(path, named(entry)),
        }
    }
    facts.host.lacks.commits.extend(case.unborn.then(|| planning::FOLDER.into()));
    let plan = planning::plan(&case.files, &policy, &facts).plan;
    let found: Vec<String> = plan.findings.iter().map(describe).collect();
    let mut failures: Vec<String> = case
        .expect
        .iter()
        .filter(|expected| !found.iter().any(|found| format!("{found} ").starts_with(&format!("{expected} "))))
        .map(|expected| format!("{} ({}): expected `{expected}`, found {found:#?}", case.id, case.why))
        .collect();
    failures.extend(audit::audit(&plan, &policy).iter().map(|violation| format!("{}: {violation:?}", case.id)));
    let mut bare = serde_json::to_value(&plan).expect("a plan is JSON");
    bare["findings"].take();
    let bare = bare.to_string();
    failures.extend(
        case.absent
            .iter()
            .filter(|text| bare.contains(*text))
            .map(|text| format!("{}: {text:?} is in the plan", case.id)),
    );
    failures.extend(inconsistent(&plan).map(|problem| format!("{}: {problem}", case.id)));
    failures
}

fn named(entry: &str) -> Entry {
    match entry {
        "folder" => Entry::Folder,
        "file" => Entry::File,
        "link" => Entry::Link,
        "other" => Entry::Other,
        _ => panic!("no entry is a {entry}"),
    }
}

fn describe(finding: &cloister::plan::Finding) -> String {
    let word = |value: serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let severity = word(serde_json::to_value(finding.severity).expect("a severity is JSON"));
    let action = word(serde_json::to_value(finding.action).expect("an action is JSON"));
    format!("{} {severity} {action} {}", finding.code.as_str(), finding.pointer)
}

fn inconsistent(plan: &Plan) -> Option<&'static str> {
    match plan.outcome {
        Verdict::Ready if plan.containers.len() != 1 => Some("a ready plan without its container"),
        Verdict::Refused if !plan.containers.is_empty() => Some("a refused plan with a container"),
        _ => None,
    }
}

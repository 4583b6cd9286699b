//! The ids of the suites: each is a case of `tests/golden`, or held by tests that name it, or in the list of what comes later,
//! with its reason. Cases of the proxy run in `guardian/golden.rs`, those of the page in `tests/page`, the others in a sandbox,
//! in `tests/docker`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// `tests/golden/suites.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Suites {
    #[serde(rename = "approval-ui")]
    approval_ui: Vec<String>,
    container: Vec<String>,
    credentials: Vec<String>,
    hostexec: Vec<String>,
    network: Vec<String>,
    proxy: Vec<String>,
    workspace: Vec<String>,
    /// By id, the tests that hold it: a file, and the name of a function in it.
    held: BTreeMap<String, Vec<String>>,
    later: Vec<Later>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Later {
    id: String,
    why: String,
}

#[derive(Deserialize)]
struct Case {
    #[serde(alias = "name")]
    id: String,
    why: String,
}

/// What runs in a sandbox and around one, and what the page is sent; of that, some cases have no id of the suites.
const FOLDERS: [&str; 5] = ["container", "credentials", "network", "page", "workspace"];
/// What the proxy is sent; beside it are cases without an id.
const PROXY: &str = "proxy/sample.json";

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Every case that runs: its id, with a word behind it where an id has several.
fn cases() -> Vec<Case> {
    let files = FOLDERS.iter().flat_map(|folder| std::fs::read_dir(golden().join(folder)).unwrap());
    files
        .map(|file| file.unwrap().path())
        .chain([golden().join(PROXY)])
        .flat_map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            serde_json::from_str::<Vec<Case>>(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        })
        .collect()
}

fn suites() -> Suites {
    let text = std::fs::read_to_string(golden().join("suites.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Returns a test with what is said above it; `None` where the file has none of this name.
fn test_in<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let at = text.find(&format!("fn {name}("))?;
    let begin = text[..at].rfind("\n\n").unwrap_or(0);
    let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let indent: String = text[line..].chars().take_while(|letter| *letter == ' ').collect();
    let end = text[at..].find(&format!("\n{indent}}}"))? + at;
    Some(&text[begin..end]).filter(|test| test.contains("test]"))
}

#[test]
fn every_id_of_the_suites_runs_or_is_held_or_comes_later() {
    let suites = suites();
    let all = [&suites.approval_ui, &suites.container, &suites.credentials, &suites.hostexec, &suites.network];
    let required: BTreeSet<&str> =
        all.into_iter().chain([&suites.proxy, &suites.workspace]).flatten().map(String::as_str).collect();
    let cases = cases();
    let run: BTreeSet<&str> =
        cases.iter().filter_map(|case| case.id.split(' ').next()).filter(|id| *id != "page").collect();
    let held: BTreeSet<&str> = suites.held.keys().map(String::as_str).collect();
    let later: BTreeSet<&str> = suites.later.iter().map(|later| later.id.as_str()).collect();
    let now: BTreeSet<&str> = run.union(&held).copied().collect();
    assert_eq!(now.intersection(&later).next(), None, "it runs and comes later");
    assert_eq!(now.union(&later).copied().collect::<BTreeSet<_>>(), required);
    assert!(suites.later.iter().all(|later| later.why.len() > 20), "without a reason");
    let mut names = BTreeMap::new();
    for case in &cases {
        assert!(names.insert(&case.id, &case.why).is_none(), "{} is there twice", case.id);
        assert!(!case.why.is_empty(), "{} has no reason", case.id);
    }
}

#[test]
fn every_test_that_holds_an_id_is_there_and_names_it() {
    for (id, tests) in suites().held {
        assert!(!tests.is_empty(), "{id} is held by nothing");
        for test in tests {
            let (file, name) = test.split_once("::").unwrap();
            let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
            let found = test_in(&text, name).unwrap_or_else(|| panic!("{id}: there is no test {test}"));
            assert!(found.contains(&id), "{test} does not name {id}");
        }
    }
}

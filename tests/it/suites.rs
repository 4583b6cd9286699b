//! The ids of the suites: each is a case of `tests/golden`, or in the list of what comes later, with its reason. Those of
//! the proxy run in `guardian/golden.rs`, those of the page in `tests/page`, the others in a sandbox, in `tests/docker`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// `tests/golden/suites.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Suites {
    container: Vec<String>,
    credentials: Vec<String>,
    network: Vec<String>,
    page: Vec<String>,
    proxy: Vec<String>,
    workspace: Vec<String>,
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

#[test]
fn every_id_of_the_suites_runs_or_comes_later() {
    let text = std::fs::read_to_string(golden().join("suites.json")).unwrap();
    let suites: Suites = serde_json::from_str(&text).unwrap();
    let all = [&suites.container, &suites.credentials, &suites.network, &suites.page, &suites.proxy, &suites.workspace];
    let required: BTreeSet<&str> = all.into_iter().flatten().map(String::as_str).collect();
    let cases = cases();
    let run: BTreeSet<&str> =
        cases.iter().filter_map(|case| case.id.split(' ').next()).filter(|id| *id != "page").collect();
    let later: BTreeSet<&str> = suites.later.iter().map(|later| later.id.as_str()).collect();
    assert_eq!(run.intersection(&later).next(), None, "it runs and comes later");
    assert_eq!(run.union(&later).copied().collect::<BTreeSet<_>>(), required);
    assert!(suites.later.iter().all(|later| later.why.len() > 20), "without a reason");
    let mut names = BTreeMap::new();
    for case in &cases {
        assert!(names.insert(&case.id, &case.why).is_none(), "{} is there twice", case.id);
        assert!(!case.why.is_empty(), "{} has no reason", case.id);
    }
}

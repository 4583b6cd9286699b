//! What an agent tries in a sandbox that runs, one object of data each: `tests/golden/FOLDER/*.json`.

use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::User;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attempt {
    id: String,
    why: String,
    /// For bash, in the sandbox.
    run: String,
    /// Whether the exit code must not be 0; otherwise it must be.
    #[serde(default)]
    fails: bool,
    /// All of standard output.
    prints: Option<String>,
    /// What it must have failed with: part of standard error.
    says: Option<String>,
}

/// Reads every case of a folder below `tests/golden`.
pub(super) fn cases<T: DeserializeOwned>(folder: &str) -> Vec<T> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(folder);
    let mut found = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let cases = serde_json::from_str::<Vec<T>>(&std::fs::read_to_string(&path).unwrap());
        found.extend(cases.unwrap_or_else(|error| panic!("{}: {error}", path.display())));
    }
    assert!(found.len() > 5, "only {} cases were found", found.len());
    found
}

/// Tries every case of a folder and returns those that went otherwise. `fill` replaces what stands in braces, `hits` says
/// how often an attempt got through to the host.
pub(super) fn surprises(
    user: &User,
    folder: &str,
    fill: impl Fn(&str) -> String,
    hits: impl Fn() -> usize,
) -> Vec<String> {
    let mut surprises = Vec::new();
    for Attempt { id, why, run, fails, prints, says } in cases(folder) {
        let ran = user.run(&["exec", "--", "bash", "-c", &fill(&run)]);
        let code = ran.0.status.code();
        let hits = hits();
        let printed = prints.is_none_or(|prints| fill(&prints) == ran.stdout());
        let said = says.is_none_or(|says| ran.stderr().contains(&says));
        if (code == Some(0)) == fails || hits > 0 || !printed || !said {
            surprises.push(format!("{id}, because {why}: {code:?}, {hits} hits\n{}{}", ran.stdout(), ran.stderr()));
        }
    }
    surprises
}

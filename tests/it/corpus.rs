//! Configurations of real projects: each is read without losing a property, and as the reference implementation reads it.
//!
//! The corpus lies beside the repository (`../shared/devcontainer/corpus`, or `CLOISTER_CORPUS`) and is read in place. The
//! repository's own cases have the same form and always run:
//!
//! ```text
//! tests/golden/parse/<case>/devcontainer.json
//!                          /reference.read-configuration.json   what `devcontainer read-configuration` printed
//! ```

mod view;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use cloister::config::substitute::Variables;
use cloister::config::{Reading, read};
use cloister::source::Source;
use serde_json::Value;

use self::view::{Difference, compare, expected, of_config};

/// Why we read something else than the reference. Each reason is checked, not only believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// The host's environment does not answer for a variable; where it does, both readings agree.
    HostVariable,
    /// The recording swallowed `,target=` behind the folder's name; put back, both readings agree.
    Recording,
}

/// Folder, JSON pointer of the value, and why it differs.
const EXPLAINED: &[(&str, &str, Why)] = &[
    ("0n3man+gpio-alarm-contact-sensor", "/workspaceMount", Why::Recording),
    ("ARM-software+SCP-firmware", "/workspaceMount", Why::Recording),
    ("AbdellahSbh+NIDSS-project-and-studd", "/workspaceMount", Why::Recording),
    ("AirWalk-Digital+terragrunt-reference", "/runArgs/1", Why::HostVariable),
    ("AirWalk-Digital+terragrunt-reference", "/runArgs/3", Why::HostVariable),
    ("KrisJordan+trailhead", "/workspaceMount", Why::Recording),
    ("anthropics+claude-code", "/workspaceMount", Why::Recording),
    ("argoproj+argo-workflows", "/workspaceMount", Why::Recording),
    ("autowarefoundation+autoware", "/initializeCommand", Why::HostVariable),
    ("autowarefoundation+autoware-2", "/initializeCommand", Why::HostVariable),
    ("autowarefoundation+autoware-3", "/initializeCommand", Why::HostVariable),
    ("dapr+dapr", "/workspaceMount", Why::Recording),
    ("frappe+frappe_docker", "/mounts/0", Why::HostVariable),
    ("host-variables", "/mounts/0", Why::HostVariable),
    ("host-variables", "/mounts/1/source", Why::HostVariable),
    ("host-variables", "/remoteEnv/HOME_THERE", Why::HostVariable),
    ("microsoft+autogen-2", "/workspaceMount", Why::Recording),
    ("mrsimonemms+devcontainers-3", "/mounts/0", Why::HostVariable),
    ("mrsimonemms+devcontainers-3", "/initializeCommand/init-pre-commit-cache", Why::HostVariable),
    ("mrsimonemms+devcontainers-4", "/mounts/0", Why::HostVariable),
    ("mrsimonemms+devcontainers-4", "/initializeCommand/init-pre-commit-cache", Why::HostVariable),
    ("ros-navigation+navigation2", "/workspaceMount", Why::Recording),
    ("trailofbits+claude-code-devcontainer", "/workspaceMount", Why::Recording),
    ("trailofbits+claude-code-devcontainer", "/mounts/3", Why::HostVariable),
    ("variables", "/containerEnv/EMPTY", Why::HostVariable),
];

/// What the reference found in the environment of the host.
const ENVIRONMENT: [(&str, &str); 4] =
    [("HOME", "/home/golden"), ("LANG", "C.UTF-8"), ("LC_ALL", ""), ("EMPTY_ONE", "")];

#[test]
fn the_projects_own_cases_read_as_the_reference_reads_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/parse");
    let cases = folders(&root);
    assert!(cases.len() >= 5, "only {} cases in {}", cases.len(), root.display());
    check(&cases);
}

#[test]
fn real_projects_read_as_the_reference_reads_them() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/devcontainer/corpus");
    let root = std::env::var_os("CLOISTER_CORPUS").map_or(beside, PathBuf::from);
    let cases = folders(&root);
    if cases.is_empty() {
        println!("there is no corpus in {}: only the project's own cases were read", root.display());
        return;
    }
    assert!(cases.len() > 100, "only {} cases in {}", cases.len(), root.display());
    check(&cases);
}

fn check(cases: &[PathBuf]) {
    let failures: Vec<String> = cases.iter().flat_map(|case| failures(case)).collect();
    assert!(failures.is_empty(), "{} differences:\n{}", failures.len(), failures.join("\n"));
}

fn failures(case: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(case.join("devcontainer.json")).expect("a configuration");
    let reference = std::fs::read_to_string(case.join("reference.read-configuration.json")).expect("a reading");
    let reference = reference.replace("{WORKSPACE}", &workspace(case)).replace("{BASENAME}", &name(case));
    let reference: Value = serde_json::from_str(&reference).expect("a reading is JSON");
    let differences = |reading: &Reading| {
        let config = reading.config.as_ref().unwrap_or_else(|| panic!("{}: {:#?}", name(case), reading.diagnostics));
        let passed_over = view::passed_over(&reading.diagnostics);
        compare(&of_config(config), &expected(&reference["configuration"], &passed_over))
    };
    let usual = reading(case, &text, &BTreeSet::new());
    let asked = usual.denied.iter().map(|denied| denied.name.clone()).collect();
    let answered = differences(&reading(case, &text, &asked));
    unexplained(&name(case), &differences(&usual), &answered)
}

/// Compares the differences with the explanations. `answered` are those that are left where the host answers.
fn unexplained(case: &str, usual: &[Difference], answered: &[Difference]) -> Vec<String> {
    let explained: Vec<_> = EXPLAINED.iter().filter(|(name, ..)| *name == case).collect();
    let holds = |one: &Difference, why: Why| match why {
        Why::HostVariable => answered.iter().all(|left| left.pointer != one.pointer),
        Why::Recording => one.ours.replacen(",target=", "", 1) == one.theirs,
    };
    let is_explained = |one: &Difference| explained.iter().any(|(_, at, why)| *at == one.pointer && holds(one, *why));
    let unexplained = usual
        .iter()
        .filter(|one| !is_explained(one))
        .map(|one| format!("{case} {}: we read {}, the reference {}", one.pointer, one.ours, one.theirs));
    let stale = explained.iter().filter(|(_, at, _)| !usual.iter().any(|one| *at == one.pointer));
    unexplained.chain(stale.map(|(_, at, _)| format!("{case} {at}: explained, but nothing differs"))).collect()
}

/// Reads a case as a user whose policy answers for the given names.
fn reading(case: &Path, text: &str, names: &BTreeSet<String>) -> Reading {
    let variables = Variables {
        local_workspace_folder: workspace(case),
        container_workspace_folder: format!("/workspaces/{}", name(case)),
        ..Variables::default()
    }
    .with_local_env(names, ENVIRONMENT.map(|(name, value)| (name.to_owned(), value.to_owned())));
    read(&Source::new("devcontainer.json", text), &variables)
}

/// The folder that a case pretends to lie in.
fn workspace(case: &Path) -> String {
    format!("/home/me/{}", name(case))
}

fn name(case: &Path) -> String {
    case.file_name().expect("a case has a name").to_string_lossy().into_owned()
}

fn folders(root: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(root) else { return Vec::new() };
    let mut folders: Vec<_> =
        entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

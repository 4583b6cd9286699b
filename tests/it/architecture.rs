//! The rules of `docs/architecture.md` that a compiler does not know.
#![expect(clippy::disallowed_methods, reason = "adapter: reads the repository's own files")]

use std::fs;
use std::path::{Path, PathBuf};

use crate::repository::{files_below, name, repository, text};

/// What has no IO, no async, no clock and no environment.
const PURE: &[&str] = &[
    "config",
    "merge",
    "policy",
    "harden",
    "plan",
    "facts",
    "source",
    "trust",
    "diagnostic",
    "ident",
    "doctor",
    "space",
    "redact",
    "control/approvals",
    "control/audit/bounds",
    "control/audit/check",
    "control/audit/connections",
    "control/audit/event",
    "control/audit/filter",
    "control/audit/heard",
    "control/audit/veil",
    "control/hostexec/command",
    "control/hostexec/risk",
    "control/hostexec/script",
    "control/hostexec/shown",
    "control/hostexec/variables",
    "control/requests/shown",
    "control/tally",
    "control/web/activity",
    "control/web/card",
    "control/web/guard",
    "control/web/policy",
    "control/web/sandbox",
    "control/web/sessions",
    "control/web/shown",
];

/// What adapters and the pure part have in common: data without behaviour.
const SHARED: &[&str] = &["crate::guardian::protocol", "crate::sandbox::protocol"];

/// Longest file in lines, its tests included.
const LONGEST: usize = 700;

fn rust_files(folder: &str) -> Vec<PathBuf> {
    files_below(folder).into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

/// Returns the numbered lines that are not comments.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")).map(|(at, line)| (at + 1, line))
}

/// Returns `file:line: token` wherever one of the tokens stands in code.
fn uses(path: &Path, tokens: &[&str]) -> Vec<String> {
    let text = text(path);
    let mut found = Vec::new();
    for (at, line) in code(&text) {
        let line = SHARED.iter().fold(line.to_owned(), |line, shared| line.replace(shared, ""));
        let used = tokens.iter().filter(|token| line.contains(**token));
        found.extend(used.map(|token| format!("{}:{at}: {token}", name(path))));
    }
    found
}

/// Whether the path belongs to one of these modules (or folders of modules) below `src`.
fn belongs_to(path: &Path, modules: &[&str]) -> bool {
    let name = name(path);
    let module = name.trim_start_matches("src/").trim_end_matches(".rs");
    modules.iter().any(|pure| module.strip_prefix(pure).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

fn is_test(path: &Path) -> bool {
    let name = name(path);
    name.ends_with("/tests.rs") || name.contains("/tests/") || name.starts_with("tests/")
}

fn assert_none(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}

#[test]
fn no_file_is_longer_than_a_reader_can_hold() {
    let mut long = Vec::new();
    for path in rust_files("src").into_iter().chain(rust_files("tests")) {
        let lines = text(&path).lines().count();
        if lines > LONGEST {
            long.push(format!("{}: {lines} lines", name(&path)));
        }
    }
    assert_none(&format!("longer than {LONGEST} lines"), &long);
}

#[test]
fn the_pure_part_has_no_way_out() {
    let doors = [
        "disallowed_methods",
        "std::fs",
        "std::env",
        "std::io",
        "std::process",
        "std::net::Tcp",
        "std::net::Udp",
        "std::time::Instant",
        "std::time::SystemTime",
        "tokio",
        "async fn",
        "tracing",
        "rustix",
        "bollard",
        "getrandom",
        "println!",
        "crate::engine",
        "crate::host::",
        "crate::guardian",
        "crate::sandbox",
        "crate::cli",
    ];
    let pure = rust_files("src").into_iter().filter(|path| belongs_to(path, PURE) && !is_test(path));
    assert_none("the pure part reaches outside", &pure.flat_map(|path| uses(&path, &doors)).collect::<Vec<_>>());
}

#[test]
fn pure_values_have_an_order() {
    let pure = rust_files("src").into_iter().filter(|path| belongs_to(path, &["harden", "plan", "merge"]));
    let found: Vec<_> = pure.flat_map(|path| uses(&path, &["HashMap", "HashSet"])).collect();
    assert_none("an order that changes from run to run", &found);
}

#[test]
fn the_audit_shares_no_code_with_what_it_audits() {
    let audit = rust_files("src").into_iter().filter(|path| name(path).starts_with("src/plan/audit"));
    let found: Vec<_> = audit.flat_map(|path| uses(&path, &["harden"])).collect();
    assert_none("the audit knows the hardening", &found);
}

#[test]
fn an_adapter_says_so_in_its_first_line_of_code() {
    let mut found = Vec::new();
    for path in rust_files("src").into_iter().filter(|path| !is_test(path)) {
        let text = text(&path);
        let first = code(&text).map(|(_, line)| line).find(|line| !line.trim().is_empty()).unwrap_or_default();
        let says_so = first.starts_with("#![expect(") && text.contains("reason = \"adapter: ");
        if code(&text).any(|(_, line)| line.contains("clippy::disallowed_methods")) && !says_so {
            found.push(name(&path));
        }
    }
    assert_none("not `#![expect(clippy::disallowed_methods, reason = \"adapter: …\")]` at the top", &found);
}

/// SEC-59: what links may do is decided in one place.
#[test]
fn there_is_one_opener() {
    let others = rust_files("src").into_iter().filter(|path| name(path) != "src/host/beneath.rs");
    assert_none(
        "another opener",
        &others.flat_map(|path| uses(&path, &["openat2(", "ResolveFlags"])).collect::<Vec<_>>(),
    );
}

#[test]
fn modules_are_files_with_names() {
    let found: Vec<_> =
        rust_files("src").iter().map(|path| name(path)).filter(|name| name.ends_with("/mod.rs")).collect();
    assert_none("foo/mod.rs instead of foo.rs", &found);
}

#[test]
fn nothing_is_left_for_later() {
    // put together here, so that this file does not find itself
    let marks = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X:"),
        concat!("#[ig", "nore"),
        concat!("#[should_", "panic"),
        concat!("#[al", "low("),
        concat!("#![al", "low("),
        concat!("to", "do!("),
        concat!("unimple", "mented!("),
    ];
    let mut found = Vec::new();
    for path in rust_files("src").into_iter().chain(rust_files("tests")).chain(files_below("scripts")) {
        for (at, line) in text(&path).lines().enumerate() {
            found.extend(
                marks
                    .iter()
                    .filter(|mark| line.contains(**mark))
                    .map(|mark| format!("{}:{}: {mark}", name(&path), at + 1)),
            );
        }
    }
    assert_none("left for later", &found);
}

#[test]
fn no_test_file_is_forgotten() {
    let mut found = Vec::new();
    for suite in ["tests/it", "tests/docker", "tests/page"] {
        let main = text(&repository().join(suite).join("main.rs"));
        for path in rust_files(suite).iter().filter(|path| path.parent() == Some(&repository().join(suite))) {
            let module = path.file_stem().unwrap().to_string_lossy().into_owned();
            if module != "main"
                && !main.lines().any(|line| line.trim_start_matches("pub(crate) ") == format!("mod {module};"))
            {
                found.push(format!("{} is not in {suite}/main.rs", name(path)));
            }
        }
    }
    assert_none("never compiled", &found);
}

/// Files that are read by people or programs of this repository; the lock file names its registry by design.
fn published() -> impl Iterator<Item = (PathBuf, String)> {
    let texts = files_below("").into_iter().filter_map(|path| Some((path.clone(), fs::read_to_string(path).ok()?)));
    texts.filter(|(path, _)| name(path) != "Cargo.lock")
}

#[test]
fn package_registries_are_patterns_never_host_names() {
    let registries = [
        ["npmjs", "org"],
        ["npmjs", "com"],
        ["yarnpkg", "com"],
        ["pypi", "org"],
        ["pythonhosted", "org"],
        ["debian", "org"],
        ["ubuntu", "com"],
        ["alpinelinux", "org"],
        ["rubygems", "org"],
        ["crates", "io"],
        ["nodesource", "com"],
    ];
    let mut found = Vec::new();
    for (path, text) in published() {
        for domain in registries.map(|parts| parts.join(".")) {
            for (at, _) in text.match_indices(&domain) {
                let before = &text[..at];
                let continues = text[at + domain.len()..].starts_with(|next: char| next.is_ascii_alphanumeric());
                if !before.ends_with("*.") && !continues {
                    found.push(format!("{}:{}: {domain} without a `*.`", name(&path), before.lines().count()));
                }
            }
        }
    }
    assert_none("host names of registries", &found);
}

#[test]
fn no_path_of_one_machine_is_published() {
    let roots = [concat!("/wo", "rk/"), concat!("/tmp/", "cl/"), concat!("/home/", "cloud")];
    let mut found = Vec::new();
    for (path, text) in published() {
        for root in roots {
            for (at, _) in text.match_indices(root) {
                let inside_a_path =
                    text[..at].ends_with(|before: char| before.is_ascii_alphanumeric() || "._-}~*".contains(before));
                if !inside_a_path {
                    found.push(format!("{}:{}: {root}", name(&path), text[..at].lines().count()));
                }
            }
        }
    }
    assert_none("paths of one machine", &found);
}

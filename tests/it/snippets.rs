//! What the documents show is so: commands and options exist, links lead somewhere, scripts are there, examples parse.
#![expect(clippy::disallowed_methods, reason = "adapter: reads the documents, asks the program for its help")]

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use cloister::policy::model::DEFAULT_POOL;
use cloister::policy::{presets, user_config};
use cloister::source::Source;

use crate::repository::{files_below, name, repository, text};

/// A document and its text.
type Document = (PathBuf, String);

fn documents() -> Vec<Document> {
    let markdown = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "md");
    files_below("").into_iter().filter(markdown).map(|path| (path.clone(), text(&path))).collect()
}

/// The parts of a text inside and outside of fenced blocks.
fn fenced(text: &str) -> (String, String) {
    let (mut inside, mut outside, mut fence) = (String::new(), String::new(), false);
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fence = !fence;
            continue;
        }
        let part = if fence { &mut inside } else { &mut outside };
        part.push_str(line);
        part.push('\n');
    }
    (inside, outside)
}

/// Every line of a block and every inline span that begins with this program or folder.
fn snippets(text: &str, beginning: &str) -> Vec<String> {
    let (inside, outside) = fenced(text);
    let lines = inside.lines().map(|line| line.trim_start().trim_start_matches("$ ").to_owned());
    let prose = outside.split_whitespace().collect::<Vec<_>>().join(" ");
    let spans = prose.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    lines.chain(spans).filter(|snippet| snippet.starts_with(beginning)).collect()
}

/// Returns the help of a subcommand, or of the program itself for an empty one; `None` where there is no such command.
fn help(subcommand: &str) -> Option<String> {
    let words = subcommand.split_whitespace().chain(["--help"]);
    let output = Command::new(env!("CARGO_BIN_EXE_cloister")).args(words).output().unwrap();
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
}

/// Commands that have commands of their own.
const WITH_MORE: [&str; 5] = ["audit", "config", "decisions", "guardian", "hostexec"];

#[test]
fn every_command_and_option_exists() {
    let mut known: BTreeMap<String, Option<String>> = BTreeMap::new();
    let mut wrong = BTreeSet::new();
    let mut seen = 0;
    for (path, text) in documents() {
        for snippet in snippets(&text, "cloister ") {
            let command = snippet.split(" #").next().unwrap_or_default();
            let own = command.split(" -- ").next().unwrap_or_default();
            let own = own.split(" | ").next().unwrap_or_default();
            let words: Vec<&str> = own.split_whitespace().skip(1).collect();
            let has_more = words.first().is_some_and(|first| WITH_MORE.contains(first));
            let depth = if has_more { 2 } else { 1 };
            let names: Vec<&str> =
                words.iter().take(depth).take_while(|word| !word.starts_with('-')).copied().collect();
            let subcommand = names.join(" ");
            seen += 1;
            let Some(help) = known.entry(subcommand.clone()).or_insert_with(|| help(&subcommand)) else {
                wrong.insert(format!("{}: no such command: {snippet}", name(&path)));
                continue;
            };
            for option in words.iter().filter(|word| word.starts_with("--") && word.len() > 2) {
                let option = option.split('=').next().unwrap_or_default();
                if !help.contains(option) {
                    wrong.insert(format!("{}: no such option: {snippet}", name(&path)));
                }
            }
        }
    }
    assert!(seen >= 10, "only {seen} commands found: does the reader of documents still work?");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_link_leads_somewhere() {
    let mut broken = Vec::new();
    for (path, text) in documents() {
        let (_, prose) = fenced(&text);
        for link in prose.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or_default();
            let elsewhere = link.starts_with("https://") || file.is_empty();
            if !elsewhere && !path.parent().unwrap().join(file).exists() {
                broken.push(format!("{}: {link}", name(&path)));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn every_script_is_there_and_can_be_run() {
    let mut missing = Vec::new();
    for (path, text) in documents() {
        for snippet in snippets(&text, "scripts/") {
            let script = snippet.split_whitespace().next().unwrap_or_default();
            let file = repository().join(script);
            let runs = file.metadata().is_ok_and(|file| file.is_dir() || file.permissions().mode() & 0o111 != 0);
            if !runs {
                missing.push(format!("{}: {script}", name(&path)));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn the_readme_offers_the_two_scripts_that_do_everything() {
    let readme = text(&repository().join("README.md"));
    let offered = snippets(&readme, "scripts/");
    for script in ["scripts/demo", "scripts/test"] {
        assert!(offered.iter().any(|snippet| snippet.starts_with(script)), "{script} is not offered");
    }
    assert!(text(&repository().join(".ci/run")).contains("scripts/test"));
}

#[test]
fn the_picture_in_the_readme_is_what_the_program_prints() {
    let readme = text(&repository().join("README.md"));
    let plan = text(&repository().join("tests/golden/plan/readme/plan.txt"));
    assert!(
        readme.contains(&format!("```\n{plan}```\n")),
        "README.md shows another plan than tests/golden/plan/readme"
    );
}

#[test]
fn the_plan_in_its_document_is_what_the_program_prints() {
    let document = text(&repository().join("docs/plan.md"));
    let golden = |case: &str| text(&repository().join(format!("tests/golden/plan/{case}/plan.txt")));
    let shown = document.split("```\n").find(|block| block.contains(" · ready")).expect("docs/plan.md shows a plan");
    assert!(shown == golden("sample"), "docs/plan.md shows another plan than tests/golden/plan/sample");
}

#[test]
fn the_code_map_has_every_folder() {
    let map = text(&repository().join("docs/architecture.md"));
    let sources = files_below("src");
    let modules = sources.iter().filter_map(|path| {
        let path = name(path);
        let first = path.strip_prefix("src/")?.split('/').next()?.trim_end_matches(".rs").to_owned();
        (!["main", "lib", "bin"].contains(&first.as_str())).then_some(first)
    });
    let missing: BTreeSet<String> = modules
        .filter(|module| !map.contains(&format!("`src/{module}")) && !map.contains(&format!("`{module}.rs`")))
        .collect();
    assert!(missing.is_empty(), "not in docs/architecture.md: {missing:?}");
}

/// The blocks of a language in a text.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let opening = format!("```{language}\n");
    let blocks = text.split(&opening).skip(1).filter_map(|rest| rest.split("\n```").next());
    blocks.map(str::to_owned).collect()
}

#[test]
fn every_example_of_a_configuration_is_accepted() {
    let mut seen = 0;
    for (path, text) in documents() {
        for block in blocks(&text, "json5") {
            let source = Source::new("config.json5", block);
            // The file of a project says which folder it is about; config.json5 does not.
            let (layer, diagnostics) = if source.text.contains("folder:") {
                user_config::project(&source, DEFAULT_POOL)
            } else {
                user_config::layer(&source)
            };
            assert!(layer.is_some() && diagnostics.is_empty(), "{}: {diagnostics:#?}", name(&path));
            seen += 1;
        }
    }
    assert!(seen >= 2, "only {seen} examples found");
}

#[test]
fn every_preset_is_described() {
    let policy = text(&repository().join("docs/policy.md"));
    let (_, table) = policy.split_once("## Presets").expect("docs/policy.md has a section on presets");
    let described: BTreeSet<&str> =
        table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    assert_eq!(described, presets::names().collect::<BTreeSet<_>>());
}

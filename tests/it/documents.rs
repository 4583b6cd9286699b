//! What the documents promise is what the program has.

use cloister::plan::Code;

use crate::cli::commands;

const PLAN: &str = include_str!("../../docs/plan.md");
const COMMANDS: &str = include_str!("../../docs/commands.md");

#[test]
fn the_table_of_codes_is_complete_and_in_order() {
    let (_, table) = PLAN.split_once("| code |").expect("docs/plan.md has the table");
    let cell = |line: &'static str| Some(line.strip_prefix("| `")?.split_once('`')?.0);
    let rows: Vec<_> = table.lines().skip(2).map_while(cell).collect();
    let codes: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(rows, codes);
}

#[test]
fn every_command_is_documented_and_every_documented_command_exists() {
    let heading = |line: &'static str| Some(line.strip_prefix("## `cloister")?.split_once('`')?.0);
    let mut documented: Vec<String> = COMMANDS.lines().filter_map(heading).map(command_words).collect();
    let mut existing: Vec<String> = commands()
        .into_iter()
        .filter(|(words, command)| words != "cloister" && !command.is_subcommand_required_set())
        .map(|(words, _)| words)
        .collect();
    documented.sort();
    existing.sort();
    assert_eq!(documented, existing);
}

/// Returns the command of a heading such as ` plan [FOLDER]`.
fn command_words(heading: &str) -> String {
    let is_name = |word: &&str| word.starts_with(|first: char| first.is_ascii_lowercase());
    std::iter::once("cloister").chain(heading.split_whitespace().take_while(is_name)).collect::<Vec<_>>().join(" ")
}

#[test]
fn every_option_of_a_command_is_documented() {
    for (words, command) in commands() {
        let name = words.trim_start_matches("cloister").trim();
        let section = COMMANDS.split("\n## ").find(|section| section.starts_with(&format!("`cloister {name}")));
        let Some(section) = section.filter(|_| !name.is_empty()) else { continue };
        for option in
            command.get_arguments().filter(|argument| !argument.is_global_set()).filter_map(|one| one.get_long())
        {
            assert!(option == "help" || section.contains(&format!("`--{option}")), "{words}: --{option}");
        }
    }
}

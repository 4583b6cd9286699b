//! `hostexec`: rules for commands that sandboxes ask to run on the host.

use std::collections::BTreeSet;

use super::super::hostexec::{self, Effect, Hostexec, Rule, Word};
use super::checker::Checker;
use super::variables;
use crate::config::jsonc::{Data, Node, pointer};
use crate::harden::syntax::size;

/// Keys of `hostexec`.
const KEYS: &[&str] = &["path", "atOnce", "rules"];
/// Keys of a rule.
const RULE_KEYS: &[&str] = &["argv", "effect", "env", "stdin", "timeout", "output", "allowWorkspaceCode"];
/// Longest time in seconds that a command may run: a day.
const LONGEST: u64 = 24 * 60 * 60;
/// Most bytes that a command may write.
const MOST_OUTPUT: u64 = 1 << 30;
/// Most commands of one sandbox at once.
const MOST_AT_ONCE: u64 = 64;
const PATH: &str = "/hostexec";
const ARGV: &str = "a list of words such as [\"git\", \"push\", \"origin\", \"<to:branch>\"]";
const TIMEOUT: &str = "a time such as \"30s\" or \"10m\", at most 24h";
const OUTPUT: &str = "a size such as \"8m\", at most 1g";

/// Returns what the file says of commands.
pub(super) fn read(checker: &mut Checker<'_>, root: &Node) -> Hostexec {
    let base = Hostexec::default();
    let Some(section) = checker.section(root, "", "hostexec", KEYS) else { return base };
    Hostexec {
        path: path(checker, section).unwrap_or(base.path),
        at_once: at_once(checker, section).unwrap_or(base.at_once),
        rules: rules(checker, section),
    }
}

/// Relative folders would be the agent's choice (SEC-62).
fn path(checker: &mut Checker<'_>, section: &Node) -> Option<Vec<String>> {
    let node = &section.member("path")?.node;
    let here = pointer(PATH, "path");
    let takes = "a list of absolute folders such as [\"/usr/bin\"]";
    let Data::Array(items) = &node.data else { return checker.takes(&here, node, takes) };
    let mut folders = Vec::new();
    for (index, item) in items.iter().enumerate() {
        match &item.data {
            Data::Text(text) if is_folder(text) => folders.push(text.clone()),
            _ => _ = checker.takes::<()>(&pointer(&here, &index.to_string()), item, "an absolute folder without `..`"),
        }
    }
    if items.is_empty() {
        return checker.takes(&here, node, takes);
    }
    Some(folders)
}

fn is_folder(text: &str) -> bool {
    text.starts_with('/') && !text.contains([':', '\0']) && !text.split('/').any(|part| matches!(part, "." | ".."))
}

fn at_once(checker: &mut Checker<'_>, section: &Node) -> Option<usize> {
    let node = &section.member("atOnce")?.node;
    let number = match &node.data {
        Data::Number(number) => number.as_u64().filter(|number| (1..=MOST_AT_ONCE).contains(number)),
        _ => None,
    };
    let number = number.or_else(|| checker.takes(&pointer(PATH, "atOnce"), node, "a whole number from 1 to 64"))?;
    usize::try_from(number).ok()
}

fn rules(checker: &mut Checker<'_>, section: &Node) -> Vec<Rule> {
    let Some(member) = section.member("rules") else { return Vec::new() };
    let here = pointer(PATH, "rules");
    let Data::Array(items) = &member.node.data else {
        return checker.takes(&here, &member.node, "a list of rules").unwrap_or_default();
    };
    let items = items.iter().enumerate();
    items.filter_map(|(index, item)| rule(checker, item, &pointer(&here, &index.to_string()))).collect()
}

fn rule(checker: &mut Checker<'_>, node: &Node, here: &str) -> Option<Rule> {
    if !matches!(node.data, Data::Object(_)) {
        return checker.takes(here, node, "an object such as { argv: [\"git\", \"push\"], effect: \"ask\" }");
    }
    checker.keys(node, here, RULE_KEYS);
    let argv = argv(checker, node, here);
    let effect = effect(checker, node, here);
    let base = Rule::new(argv?, effect?);
    Some(Rule {
        env: env(checker, node, here),
        stdin: checker.flag(node, here, "stdin").unwrap_or(base.stdin),
        timeout: timeout(checker, node, here).unwrap_or(base.timeout),
        output: output(checker, node, here).unwrap_or(base.output),
        allow_workspace_code: checker.flag(node, here, "allowWorkspaceCode").unwrap_or(base.allow_workspace_code),
        location: Some(checker.place(node)),
        ..base
    })
}

fn argv(checker: &mut Checker<'_>, node: &Node, here: &str) -> Option<Vec<Word>> {
    let Some(member) = node.member("argv") else {
        return checker.takes(here, node, "`argv`, every word of one command");
    };
    let here = pointer(here, "argv");
    let Data::Array(items) = &member.node.data else { return checker.takes(&here, &member.node, ARGV) };
    let mut argv = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let here = pointer(&here, &index.to_string());
        let Data::Text(text) = &item.data else {
            _ = checker.takes::<()>(&here, item, "a string");
            continue;
        };
        match if index == 0 { Word::parse_program(text) } else { Word::parse(text) } {
            Ok(word) => argv.push(word),
            Err(error) => checker.refuses(&here, item, &error, "exactly one word of the command"),
        }
    }
    (!items.is_empty()).then_some(argv).or_else(|| checker.takes(&here, &member.node, ARGV))
}

fn effect(checker: &mut Checker<'_>, node: &Node, here: &str) -> Option<Effect> {
    let takes = "\"auto\", \"ask\" or \"deny\"";
    let Some(member) = node.member("effect") else { return checker.takes(here, node, "`effect`: auto, ask or deny") };
    let found = match &member.node.data {
        Data::Text(text) => Effect::ALL.into_iter().find(|effect| effect.as_str() == text),
        _ => None,
    };
    found.or_else(|| checker.takes(&pointer(here, "effect"), &member.node, takes))
}

fn env(checker: &mut Checker<'_>, node: &Node, here: &str) -> BTreeSet<String> {
    checker.parsed(node, here, "env", "names of variables such as \"SSH_AUTH_SOCK\"", |name| {
        let name = variables::named(name)?;
        match hostexec::is_fixed(&name) {
            true => Err("cloister sets it for every command"),
            false if name.starts_with("LD_") => Err("it would have every program load something else"),
            false => Ok(name),
        }
    })
}

fn timeout(checker: &mut Checker<'_>, node: &Node, here: &str) -> Option<u64> {
    let node = &node.member("timeout")?.node;
    let seconds = match &node.data {
        Data::Text(text) => seconds(text),
        _ => None,
    };
    let seconds = seconds.filter(|seconds| (1..=LONGEST).contains(seconds));
    seconds.or_else(|| checker.takes(&pointer(here, "timeout"), node, TIMEOUT))
}

fn seconds(text: &str) -> Option<u64> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number: u64 = plain.then(|| digits.parse().ok()).flatten()?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        _ => return None,
    };
    number.checked_mul(unit)
}

fn output(checker: &mut Checker<'_>, node: &Node, here: &str) -> Option<u64> {
    let node = &node.member("output")?.node;
    let bytes = match &node.data {
        Data::Number(number) => number.as_u64(),
        Data::Text(text) => size::bytes(text).ok(),
        _ => None,
    };
    let bytes = bytes.filter(|bytes| (1..=MOST_OUTPUT).contains(bytes));
    bytes.or_else(|| checker.takes(&pointer(here, "output"), node, OUTPUT))
}

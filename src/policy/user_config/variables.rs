//! `env`: names of variables that cross the border between host and sandbox.

use super::super::model::EnvironmentPolicy;
use super::checker::Checker;
use crate::config::jsonc::Node;
use crate::harden::environment::is_reserved;

/// Keys of `env`.
pub(super) const KEYS: &[&str] = &["pass", "local"];

/// Returns the variables of the file.
pub(super) fn read(checker: &mut Checker<'_>, root: &Node) -> EnvironmentPolicy {
    let Some(section) = checker.section(root, "", "env", KEYS) else { return EnvironmentPolicy::default() };
    let takes = "names of variables such as \"EDITOR\"";
    EnvironmentPolicy {
        pass: checker.parsed(section, "/env", "pass", takes, passed),
        local: checker.parsed(section, "/env", "local", takes, named),
    }
}

/// Names that every shell takes (POSIX.1-2017, section 8.1, with lower case).
pub(super) fn named(name: &str) -> Result<String, &'static str> {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if plain && name.bytes().next().is_some_and(|first| !first.is_ascii_digit()) {
        Ok(name.to_owned())
    } else {
        Err("it is not a name of letters, digits and underscores")
    }
}

/// A value of the host would stand above what the plan sets, in every process.
fn passed(name: &str) -> Result<String, &'static str> {
    let name = named(name)?;
    if is_reserved(&name) || matches!(name.as_str(), "SHELL" | "PWD" | "OLDPWD") {
        return Err("cloister sets this variable in every sandbox");
    }
    if name == "PATH" || name.starts_with("LD_") {
        return Err("it names folders of your machine, and programs of the sandbox would not be found or not run");
    }
    Ok(name)
}

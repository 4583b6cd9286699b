//! Commands of the host that sandboxes may ask for: rules of the user's.
//!
//! Invariant: a rule names every word of a command, from the first to the last. There are no prefixes and no wildcards:
//! what an agent can append to a command is a command of its own (CVE-2026-22708).

mod template;

use std::collections::BTreeSet;

pub use self::template::{Kind, Word, WordError};
use crate::source::Location;

/// Where programs are looked for if the user names no folders.
pub const DEFAULT_PATH: [&str; 3] = ["/usr/local/bin", "/usr/bin", "/bin"];
/// Commands of one sandbox that run at once, if the user says nothing.
pub const DEFAULT_AT_ONCE: usize = 4;
/// Seconds that a command may run, if the user says nothing.
pub const DEFAULT_TIMEOUT: u64 = 10 * 60;
/// Bytes that a command may write, both streams together, if the user says nothing.
pub const DEFAULT_OUTPUT: u64 = 8 << 20;

/// Variables that every command gets, whatever the user names.
pub const FIXED: [&str; 6] = ["PATH", "HOME", "USER", "LOGNAME", "LANG", "TERM"];

/// Tells whether cloister sets a variable for every command.
pub fn is_fixed(name: &str) -> bool {
    FIXED.contains(&name) || name.starts_with("CLOISTER_")
}

/// What the user says of commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hostexec {
    /// Folders that programs are looked for in, and the `PATH` that they get.
    pub path: Vec<String>,
    /// Commands of one sandbox that run at once.
    pub at_once: usize,
    /// Rules, in the order of the file.
    pub rules: Vec<Rule>,
}

impl Default for Hostexec {
    fn default() -> Self {
        let path = DEFAULT_PATH.map(str::to_owned).to_vec();
        Self { path, at_once: DEFAULT_AT_ONCE, rules: Vec::new() }
    }
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// What each word has to be; as many words as the command has.
    pub argv: Vec<Word>,
    /// What follows.
    pub effect: Effect,
    /// Names of variables of the user's own environment that the command gets.
    pub env: BTreeSet<String>,
    /// Whether it may get the standard input of the agent without being asked for.
    pub stdin: bool,
    /// Seconds that it may run.
    pub timeout: u64,
    /// Bytes that it may write.
    pub output: u64,
    /// Where it stands.
    pub location: Option<Location>,
    /// Whether it may be automatic although it runs what an agent can write.
    pub allow_workspace_code: bool,
}

impl Rule {
    /// Returns a rule that says nothing but which command, and what follows.
    pub fn new(argv: Vec<Word>, effect: Effect) -> Self {
        Self {
            argv,
            effect,
            env: BTreeSet::new(),
            stdin: false,
            timeout: DEFAULT_TIMEOUT,
            output: DEFAULT_OUTPUT,
            location: None,
            allow_workspace_code: false,
        }
    }

    /// Tells whether every word of a command is what the rule says, and there is none besides.
    pub fn matches(&self, argv: &[String]) -> bool {
        self.argv.len() == argv.len() && self.argv.iter().zip(argv).all(|(word, given)| word.takes(given))
    }

    /// Returns the words of a command that the rule takes as paths of the workspace.
    pub fn paths<'a>(&self, argv: &'a [String]) -> Vec<&'a str> {
        let pairs = self.argv.iter().zip(argv).filter(|(word, _)| word.is_path());
        pairs.map(|(_, given)| given.as_str()).collect()
    }
}

/// What follows from a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// It runs.
    Auto,
    /// A person is asked.
    Ask,
    /// It does not run, and nobody is asked.
    Deny,
}

impl Effect {
    /// Every effect.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Ask, Self::Deny];

    /// Returns the word of the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Ask => "ask",
            Self::Deny => "deny",
        }
    }
}

/// What the rules say of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision<'a> {
    /// What follows.
    pub effect: Effect,
    /// Number of the rule, from 0, and the rule; `None` where none is about the command.
    pub rule: Option<(usize, &'a Rule)>,
    /// Whether it would run without asking, if it did not run what an agent can write.
    pub held_back: bool,
}

impl Hostexec {
    /// Decides about a command: the first rule that denies, else the first that lets it run, else somebody is asked.
    /// `agent_code` is whether it runs or reads as its own what an agent can write; without a word of the user's such a
    /// command is never automatic (SEC-63).
    pub fn decide(&self, argv: &[String], agent_code: bool) -> Decision<'_> {
        let first = |effect| {
            let mut rules = self.rules.iter().enumerate();
            rules.find(|(_, rule)| rule.effect == effect && rule.matches(argv))
        };
        if let Some(rule) = first(Effect::Deny) {
            return Decision { effect: Effect::Deny, rule: Some(rule), held_back: false };
        }
        match first(Effect::Auto) {
            Some(rule) => {
                let held_back = agent_code && !rule.1.allow_workspace_code;
                let effect = if held_back { Effect::Ask } else { Effect::Auto };
                Decision { effect, rule: Some(rule), held_back }
            }
            None => Decision { effect: Effect::Ask, rule: first(Effect::Ask), held_back: false },
        }
    }
}

#[cfg(test)]
mod tests;

//! What is dangerous about a command, as far as its words say: tables, and what follows from them (SEC-63, SEC-66). Pure.
//!
//! Invariant: a warning takes nothing away and adds nothing. What holds a command back from being automatic is
//! [`Warning::is_agent_code`] alone.

mod options;
mod tools;

use super::shown::quoted;
use crate::ui::text::visible;

/// Something that a person should know before saying yes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Warning {
    /// The program lies where agents write; what of it is shown is what runs, but not what it starts or reads.
    WorkspaceProgram,
    /// The program was installed into the workspace, where agents write.
    WorkspaceBinary,
    /// A program of the machine that runs what the workspace holds.
    WorkspaceCode {
        /// The program.
        program: String,
    },
    /// A path of the workspace, which may lead elsewhere by the time it is opened.
    WorkspacePath {
        /// The word.
        word: String,
    },
    /// A program that runs whatever its arguments say.
    Shell {
        /// The program.
        program: String,
    },
    /// A program that can do anything on the machine, or on others, with the user's rights.
    Powerful {
        /// The program.
        program: String,
    },
    /// An option that has a program run something, or read or write files.
    Option {
        /// The word.
        word: String,
        /// What it does.
        does: &'static str,
    },
    /// A word holds what nobody sees, or the program's name letters that look like others.
    Unseen {
        /// The word.
        word: String,
    },
    /// It gets what the agent writes.
    Input,
}

/// What is known of a command besides its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen<'a> {
    /// Path of the program on the host.
    pub program: &'a str,
    /// Whether agents can write the program.
    pub is_agents_program: bool,
    /// Whether agents can write the folder that it runs in.
    pub is_agents_folder: bool,
    /// Words that a rule takes as paths of the workspace.
    pub paths: &'a [&'a str],
    /// Whether it gets what the agent writes.
    pub stdin: bool,
}

/// Returns what is dangerous about a command.
pub fn warnings(argv: &[String], seen: Seen<'_>) -> Vec<Warning> {
    let name = argv.first().map(String::as_str).unwrap_or_default();
    // A link may call a program by another name; both count.
    let names = [tools::name(name), tools::name(seen.program)];
    let any = |table: fn(&str) -> bool| names.iter().copied().find(|name| table(name)).map(str::to_owned);
    let mut warnings = Vec::new();
    if seen.is_agents_program {
        let installed = tools::is_installed(name) || tools::is_installed(seen.program);
        warnings.push(if installed { Warning::WorkspaceBinary } else { Warning::WorkspaceProgram });
    }
    if seen.is_agents_folder && !seen.is_agents_program {
        warnings.extend(any(tools::runs_workspace_code).map(|program| Warning::WorkspaceCode { program }));
        let paths = seen.paths.iter().map(|word| Warning::WorkspacePath { word: (*word).to_owned() });
        warnings.extend(paths);
    }
    warnings.extend(any(tools::is_shell).map(|program| Warning::Shell { program }));
    warnings.extend(any(tools::is_powerful).map(|program| Warning::Powerful { program }));
    warnings
        .extend(options::dangerous(names, argv).map(|(word, does)| Warning::Option { word: word.to_owned(), does }));
    let unseen = argv.iter().enumerate().filter(|(at, word)| is_unseen(word) || *at == 0 && !word.is_ascii());
    warnings.extend(unseen.map(|(_, word)| Warning::Unseen { word: word.clone() }));
    warnings.extend(seen.stdin.then_some(Warning::Input));
    warnings
}

/// Whether something in a word is not shown as it is; ends of lines among it.
fn is_unseen(word: &str) -> bool {
    visible(word) != word
}

impl Warning {
    /// Returns the word that scripts see.
    pub fn code(&self) -> &'static str {
        match self {
            Self::WorkspaceProgram => "workspace-program",
            Self::WorkspaceBinary => "workspace-binary",
            Self::WorkspaceCode { .. } => "workspace-code",
            Self::WorkspacePath { .. } => "workspace-path",
            Self::Shell { .. } => "shell",
            Self::Powerful { .. } => "powerful",
            Self::Option { .. } => "dangerous-option",
            Self::Unseen { .. } => "unseen",
            Self::Input => "input",
        }
    }

    /// Tells whether it runs, or reads as its own, what an agent can write: never automatic without a word of the user's.
    pub fn is_agent_code(&self) -> bool {
        match self {
            Self::WorkspaceProgram
            | Self::WorkspaceBinary
            | Self::WorkspaceCode { .. }
            | Self::WorkspacePath { .. } => true,
            Self::Shell { .. } | Self::Powerful { .. } | Self::Option { .. } | Self::Unseen { .. } | Self::Input => {
                false
            }
        }
    }

    /// Returns what a person should know, as one sentence; safe to show.
    pub fn text(&self) -> String {
        match self {
            Self::WorkspaceProgram => {
                "RUNS CODE OF THE SANDBOX ON YOUR MACHINE: the agent can write this script; its text below is what runs, \
                 but not what it starts or reads"
                    .to_owned()
            }
            Self::WorkspaceBinary => {
                "RUNS CODE OF THE SANDBOX ON YOUR MACHINE: a program that was installed into the workspace, which the \
                 agent can write"
                    .to_owned()
            }
            Self::WorkspaceCode { program } => format!(
                "RUNS CODE OF THE SANDBOX ON YOUR MACHINE: {} runs what files of the workspace say, and the agent can \
                 write them",
                visible(program)
            ),
            Self::WorkspacePath { word } => format!(
                "{} is a path of the workspace: what it leads to is the agent's choice until the command opens it",
                quoted(word)
            ),
            Self::Shell { program } => format!("{} runs whatever its arguments say", visible(program)),
            Self::Powerful { program } => {
                format!("{} can do anything that you can, here or on other machines", visible(program))
            }
            Self::Option { word, does } => format!("{} {does}", quoted(word)),
            Self::Unseen { word } => format!("{} holds letters that nobody sees, or that look like others", quoted(word)),
            Self::Input => "it gets whatever the agent writes to it".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;

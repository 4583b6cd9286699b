//! Lifecycle commands: those for the container run inside, unprivileged; the one for the host waits for the user.

use super::asked::Answer;
use super::draft::{Context, Draft};
use super::setup;
use crate::config::model::Command;
use crate::merge::HookKind;
use crate::plan::finding::{Action, Code, Finding, Severity};
use crate::plan::model::{Hook, HookStatus, Place};
use crate::policy::Policy;
use crate::source::{Origin, Spanned};
use crate::trust::Request;

/// Takes the commands that run in the container, in their order.
pub(super) fn take(draft: &mut Draft, policy: &Policy, hooks: &[(HookKind, Spanned<Command>)], user: &str) {
    for (group, (kind, command)) in (0..).zip(hooks) {
        for (name, argv) in flatten(&command.value) {
            let mut fate = fate(&argv);
            if fate == Fate::Waits {
                fate = match draft.ask(policy, Request::root_setup(kind.as_str(), &name, &argv)) {
                    Answer::Approved => Fate::SetUp,
                    Answer::Denied => Fate::Denied,
                    Answer::Waits => Fate::Waits,
                };
            }
            report(draft, &command.origin, *kind, &argv, fate);
            draft.hooks.push(Hook {
                hook: kind.as_str().to_owned(),
                name,
                group,
                command: argv,
                user: if fate == Fate::SetUp { setup::USER } else { user }.to_owned(),
                place: Place::Container,
                status: fate.status(),
                setup: fate == Fate::SetUp,
                script: None,
            });
        }
    }
}

/// Holds `initializeCommand` back until its exact text is approved (SEC-03): it runs on the host, before anything else.
pub(super) fn take_initialize(draft: &mut Draft, context: &Context<'_>, command: Option<&Spanned<Command>>) {
    let Some(command) = command else { return };
    let mut hooks = Vec::new();
    for (name, argv) in flatten(&command.value) {
        let script = argv.first().and_then(|word| context.facts.host.scripts.get(word));
        let answer = match fate(&argv) {
            Fate::Impossible => Answer::Denied,
            _ => draft.ask(context.policy, Request::initialize(&name, &argv, script)),
        };
        draft.findings.push(initialize_finding(&command.origin, &argv, answer));
        hooks.push(Hook {
            hook: "initialize".to_owned(),
            name,
            group: 0,
            command: argv,
            user: String::new(),
            place: Place::Host,
            status: match answer {
                Answer::Approved => HookStatus::Run,
                Answer::Denied => HookStatus::Dropped,
                Answer::Waits => HookStatus::NeedsApproval,
            },
            setup: false,
            script: script.map(|script| script.digest.clone()),
        });
    }
    draft.hooks.splice(0..0, hooks);
}

fn initialize_finding(origin: &Origin, argv: &[String], answer: Answer) -> Finding {
    let (reason, help) = match answer {
        Answer::Approved => (
            "you approved this exact text: it runs on your machine, outside the sandbox, at each start",
            "to take that back: cloister trust --revoke --hook initialize",
        ),
        Answer::Denied => ("does not run: you said no to this exact text, or no program can be given it", ""),
        Answer::Waits => (
            "would run on your machine, outside the sandbox, before anything else",
            "not run; to allow this exact text: cloister trust --hook initialize",
        ),
    };
    let action = answer.action();
    let finding = Finding::new(Code::InitializeCommand, Severity::High, action, origin, words(argv), reason).help(help);
    if answer == Answer::Approved { finding.effective(words(argv)) } else { finding }
}

/// What becomes of a command for the container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// No program can be given such arguments.
    Impossible,
    /// It needs root, and nobody approved it.
    Waits,
    /// It needs root, and the user said no.
    Denied,
    /// It needs root, and is approved.
    SetUp,
    /// It runs in the sandbox.
    Runs,
}

impl Fate {
    fn status(self) -> HookStatus {
        match self {
            Self::Impossible | Self::Denied => HookStatus::Dropped,
            Self::Waits => HookStatus::NeedsApproval,
            Self::SetUp | Self::Runs => HookStatus::Run,
        }
    }
}

fn fate(argv: &[String]) -> Fate {
    if argv.iter().any(|word| word.contains('\0')) {
        Fate::Impossible
    } else if argv.iter().any(|word| asks_for_root(word)) {
        Fate::Waits
    } else {
        Fate::Runs
    }
}

fn report(draft: &mut Draft, origin: &Origin, kind: HookKind, argv: &[String], fate: Fate) {
    let note = |code, severity, action, reason: &str| Finding::new(code, severity, action, origin, words(argv), reason);
    let kind = kind.as_str();
    draft.findings.push(match fate {
        Fate::Impossible => {
            note(Code::LifecycleCommand, Severity::Medium, Action::Removed, "no argument of a program can hold a NUL")
        }
        Fate::Waits => note(
            Code::RootSetup,
            Severity::Medium,
            Action::NeedsApproval,
            "needs root, which the sandbox does not have",
        )
        .help(format!("not run; to allow this exact text: cloister trust --hook {kind}")),
        Fate::Denied => note(
            Code::RootSetup,
            Severity::Medium,
            Action::Removed,
            "needs root, which the sandbox does not have, and you said no to this exact text",
        ),
        Fate::SetUp => note(
            Code::RootSetup,
            Severity::Medium,
            Action::Kept,
            "you approved this exact text: it runs as root with five capabilities, before the agent's container is made",
        )
        .effective(words(argv))
        .help(format!("to take that back: cloister trust --revoke --hook {kind}")),
        Fate::Runs => note(
            Code::LifecycleCommand,
            Severity::Info,
            Action::Kept,
            "runs inside the sandbox, unprivileged, behind the guardian",
        )
        .effective(words(argv)),
    });
}

/// Returns named argument vectors; a string is the business of `/bin/sh`. A blank one is no command, as in the reference.
fn flatten(command: &Command) -> Vec<(String, Vec<String>)> {
    match command {
        Command::Shell(text) if text.value.trim().is_empty() => Vec::new(),
        Command::Shell(text) => {
            vec![(String::new(), vec!["/bin/sh".to_owned(), "-c".to_owned(), text.value.clone()])]
        }
        Command::Argv(argv) if argv.is_empty() => Vec::new(),
        Command::Argv(argv) => vec![(String::new(), argv.iter().map(|word| word.value.clone()).collect())],
        Command::Parallel(commands) => commands
            .iter()
            .flat_map(|(name, command)| flatten(command).into_iter().map(|(_, argv)| (name.clone(), argv)))
            .collect(),
    }
}

/// Whether a piece of a command line starts a program that works as root only.
fn asks_for_root(text: &str) -> bool {
    const PROGRAMS: &[&str] = &[
        "sudo", "su", "doas", "apt", "apt-get", "apk", "dnf", "yum", "microdnf", "zypper", "pacman", "dpkg", "useradd",
        "usermod", "groupadd", "adduser", "chown",
    ];
    text.split(['\n', ';', '&', '|', '(', ')', '`'])
        .map(|part| {
            part.trim_start_matches(|character: char| character.is_whitespace() || "!{$\"'".contains(character))
        })
        .filter_map(|part| part.split_whitespace().find(|word| !is_assignment(word) && !is_prefix(word)))
        .any(|word| PROGRAMS.contains(&word.rsplit('/').next().unwrap_or(word)))
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
    })
}

fn is_prefix(word: &str) -> bool {
    matches!(word, "env" | "exec" | "command" | "time" | "nohup" | "if" | "then" | "else" | "do" | "while" | "test")
}

fn words(argv: &[String]) -> String {
    match argv {
        [shell, flag, text] if shell == "/bin/sh" && flag == "-c" => text.clone(),
        _ => super::syntax::words::display(argv.iter().map(String::as_str)),
    }
}

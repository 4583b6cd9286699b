//! Lifecycle commands: those for the container run inside, unprivileged; the one for the host waits for the user.

use super::draft::Draft;
use crate::config::model::Command;
use crate::merge::HookKind;
use crate::plan::finding::{Action, Code, Finding, Severity};
use crate::plan::model::{Hook, HookStatus, Place};
use crate::source::{Origin, Spanned};
use crate::trust::Request;

/// Takes the commands that run in the container, in their order.
pub(super) fn take(draft: &mut Draft, hooks: &[(HookKind, Spanned<Command>)], user: &str) {
    for (group, (kind, command)) in (0..).zip(hooks) {
        for (name, argv) in flatten(&command.value) {
            let status = status(&argv);
            if status == HookStatus::NeedsApproval {
                draft.requests.push(Request::root_setup(kind.as_str(), &name, &argv));
            }
            report(draft, &command.origin, *kind, &argv, status);
            draft.hooks.push(Hook {
                hook: kind.as_str().to_owned(),
                name,
                group,
                command: argv,
                user: user.to_owned(),
                place: Place::Container,
                status,
            });
        }
    }
}

/// Holds back `initializeCommand` (SEC-03): it would run on the host, before anything else.
pub(super) fn hold_initialize(draft: &mut Draft, command: Option<&Spanned<Command>>) {
    let Some(command) = command else { return };
    for (name, argv) in flatten(&command.value) {
        draft.findings.push(
            Finding::new(
                Code::InitializeCommand,
                Severity::High,
                Action::NeedsApproval,
                &command.origin,
                words(&argv),
                "would run on your machine, outside the sandbox, before anything else",
            )
            .help("not run; run it yourself if you trust it"),
        );
        draft.hooks.insert(
            0,
            Hook {
                hook: "initialize".to_owned(),
                name,
                group: 0,
                command: argv,
                user: String::new(),
                place: Place::Host,
                status: HookStatus::NeedsApproval,
            },
        );
    }
}

fn status(argv: &[String]) -> HookStatus {
    if argv.iter().any(|word| word.contains('\0')) {
        HookStatus::Dropped
    } else if argv.iter().any(|word| asks_for_root(word)) {
        HookStatus::NeedsApproval
    } else {
        HookStatus::Run
    }
}

fn report(draft: &mut Draft, origin: &Origin, kind: HookKind, argv: &[String], status: HookStatus) {
    let note = |code, severity, action, reason: &str| Finding::new(code, severity, action, origin, words(argv), reason);
    draft.findings.push(match status {
        HookStatus::Dropped => {
            note(Code::LifecycleCommand, Severity::Medium, Action::Removed, "no argument of a program can hold a NUL")
        }
        HookStatus::NeedsApproval => note(
            Code::RootSetup,
            Severity::Medium,
            Action::NeedsApproval,
            "needs root, which the sandbox does not have",
        )
        .help(format!("not run; to allow this exact text: cloister trust --hook {}", kind.as_str())),
        HookStatus::Run => note(
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

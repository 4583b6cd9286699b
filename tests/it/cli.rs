//! The command line: what each command says of itself, what it prints, and its exit code.

use std::ffi::OsString;

use clap::{Command, CommandFactory, Parser};
use cloister::cli::plan::Format;
use cloister::cli::plan::present::{Presentation, present};
use cloister::cli::{Cli, completions, exit, man, run};
use cloister::diagnostic::{Diagnostic, Kind, Level};
use cloister::plan::{Action, Severity, canonical};
use cloister::source::Source;

use crate::expected::assert_expected;
use crate::render::plans::{clean, hostile, refused, with};

const PLAIN: Presentation = Presentation {
    format: Format::Text,
    check: None,
    brief: false,
    width: 80,
    stdout_color: false,
    stderr_color: false,
};

/// Returns every command but clap's own `help` and those that are not for people, by its words.
pub(crate) fn commands() -> Vec<(String, Command)> {
    fn collect(words: &str, command: &Command, found: &mut Vec<(String, Command)>) {
        for below in command.get_subcommands().filter(|below| below.get_name() != "help" && !below.is_hide_set()) {
            let words = format!("{words} {}", below.get_name());
            collect(&words, below, found);
            found.push((words, below.clone()));
        }
    }
    let mut cli = Cli::command().term_width(100);
    cli.build();
    let mut found = Vec::new();
    collect("cloister", &cli, &mut found);
    found.push(("cloister".into(), cli));
    found
}

#[test]
fn the_command_line_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_explains_itself_with_an_example() {
    for (words, mut command) in commands() {
        let help = command.render_long_help().to_string();
        assert_expected(&format!("help/{}.txt", words.replace(' ', "-")), &help);
        assert!(help.contains("Example") && help.contains(&format!("  {words}")), "{words} has no example");
        for argument in command.get_arguments() {
            assert!(argument.get_help().is_some(), "{words}: {} is not explained", argument.get_id());
        }
    }
}

#[test]
fn every_command_has_a_page_and_completions() {
    for (words, command) in commands() {
        let name = (words != "cloister").then(|| command.get_name());
        if words.matches(' ').count() < 2 {
            let page = man::page(name).expect("there is a page");
            assert!(page.contains(".TH") && page.contains(".SH EXTRA"), "{words}");
        }
    }
    assert!(man::page(Some("no-such-command")).is_err());
    for shell in [clap_complete::Shell::Bash, clap_complete::Shell::Zsh, clap_complete::Shell::Fish] {
        assert!(completions::script(shell).contains("root-workspace"), "{shell}");
    }
}

#[test]
fn usage_errors_are_told_from_failures() {
    let cases: [(&[&str], u8); 6] = [
        (&["cloister"], exit::USAGE),
        (&["cloister", "no-such-command"], exit::USAGE),
        (&["cloister", "plan", "--check=terrible"], exit::USAGE),
        (&["cloister", "plan", "one", "two"], exit::USAGE),
        (&["cloister", "man", "no-such-command"], exit::FAILURE),
        (&["cloister", "--version"], exit::OK),
    ];
    for (arguments, code) in cases {
        assert_eq!(run(arguments.iter().map(OsString::from)), code, "{arguments:?}");
    }
}

#[test]
fn check_takes_a_severity_or_means_high() {
    let check = |arguments: &[&str]| {
        let cli = Cli::try_parse_from(["cloister", "plan"].iter().chain(arguments)).expect("it is usage");
        match cli.command {
            cloister::cli::Command::Plan(args) => (args.check, args.project.folder.display().to_string()),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(check(&[]), (None, ".".into()));
    assert_eq!(check(&["--check", "folder"]), (Some(Severity::High), "folder".into()));
    assert_eq!(check(&["--check=info"]), (Some(Severity::Info), ".".into()));
}

#[test]
fn the_exit_code_is_the_answer() {
    let mut refusal = hostile().findings;
    refusal[0].action = Action::Refused;
    let asked = with(clean(), hostile().findings);
    let no = refused(refusal);
    let cases = [
        (&clean(), None, exit::OK, ""),
        (&clean(), Some(Severity::Info), exit::OK, ""),
        (&asked, None, exit::OK, ""),
        (&asked, Some(Severity::Critical), exit::FOUND, "cloister: --check: 3 findings at critical\n"),
        (&asked, Some(Severity::High), exit::FOUND, "cloister: --check: 6 findings at high or above\n"),
        (&no, None, exit::REFUSED, ""),
        (&no, Some(Severity::High), exit::REFUSED, "cloister: --check: 6 findings at high or above\n"),
    ];
    for (plan, check, code, stderr) in cases {
        for format in [Format::Text, Format::Json] {
            let output = present(plan, &[], &[], &Presentation { check, format, ..PLAIN });
            assert_eq!((output.code, output.stderr.as_str()), (code, stderr), "{check:?} {format:?}");
        }
    }
}

#[test]
fn data_goes_to_stdout_and_mistakes_to_stderr() {
    let source = Source::new("devcontainer.json", "{ \"init\": 3 }");
    let mistake = Diagnostic {
        level: Level::Error,
        kind: Kind::TypeError,
        pointer: "/init".into(),
        message: "`init` takes true or false".into(),
        label: "a number".into(),
        location: source.locate(10..11),
        help: None,
    };
    let json = Presentation { format: Format::Json, ..PLAIN };
    let output = present(&clean(), &[source], &[mistake], &json);
    assert_eq!(output.stdout, canonical::pretty(&clean()));
    assert!(output.stderr.starts_with("error[type-error]: `init` takes true or false"), "{}", output.stderr);
}

/// The program itself, for what only a process shows.
fn program(arguments: &[&str]) -> std::process::Command {
    #[expect(clippy::disallowed_methods, reason = "adapter: runs the program")]
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_cloister"));
    command.args(arguments).env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE").env("TERM", "xterm");
    command.stdin(std::process::Stdio::null());
    command
}

#[test]
fn a_configuration_that_is_a_link_out_of_the_folder_is_a_refused_plan() {
    let folder = tempfile::tempdir().expect("a folder");
    std::os::unix::fs::symlink("/etc/hostname", folder.path().join(".devcontainer.json")).expect("a link");
    let path = folder.path().to_str().expect("it is text");
    let output = program(&["plan", "--format", "json", path]).env("HOME", path).output().expect("the program runs");
    let plan: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(output.status.code(), Some(exit::REFUSED.into()));
    assert_eq!((&plan["outcome"], &plan["findings"][0]["code"]), (&"refused".into(), &"parse-error".into()));
    let stderr = String::from_utf8(output.stderr).expect("it is text");
    assert!(stderr.contains("a link that leads out of the folder") && stderr.contains("--config"), "{stderr}");
}

#[test]
fn colour_is_for_terminals_unless_asked() {
    let failing = ["man", "no-such-command"];
    let cases = [
        ("--color=auto", "", false),
        ("--color=always", "", true),
        ("--color=auto", "CLICOLOR_FORCE", true),
        ("--color=never", "CLICOLOR_FORCE", false),
        ("--color=auto", "NO_COLOR", false),
    ];
    for (option, variable, colored) in cases {
        let variables = (!variable.is_empty()).then_some((variable, "1"));
        let output = program(&[option, failing[0], failing[1]]).envs(variables).output().expect("the program runs");
        let stderr = String::from_utf8(output.stderr).expect("it is text");
        assert_eq!(stderr.contains('\u{1b}'), colored, "{option} {variable}: {stderr}");
        assert!(stderr.contains("no-such-command"), "{stderr}");
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let piped = std::process::Stdio::piped;
    let mut child = program(&["man"]).stdout(piped()).stderr(piped()).spawn().expect("the program runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), [].as_slice()));
}

#![expect(clippy::disallowed_methods, reason = "it starts programs and looks at the clock")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "figures are what it is for")]
//! `rounds`: cloister beside the bare engine and the reference CLI, one after the other in every round.
//!
//! `scripts/bench` starts it. The floor of a start is what the engine takes for the same container: the sandbox's own
//! configuration, as the engine tells it, is created again under another name, without the cloister around it.

mod floor;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use clap::Parser;

use floor::Floor;

/// Times of starts and commands, in rounds.
#[derive(Debug, Parser)]
struct Arguments {
    /// The program
    #[arg(long)]
    cloister: PathBuf,
    /// The reference CLI
    #[arg(long)]
    reference: Option<PathBuf>,
    /// The project
    #[arg(long)]
    project: PathBuf,
    /// More projects, started before the rounds and stopped after them
    #[arg(long)]
    others: Vec<PathBuf>,
    /// How many rounds
    #[arg(long, default_value_t = 9)]
    rounds: u32,
}

/// Durations by what took them.
type Figures = BTreeMap<&'static str, Vec<Duration>>;

fn main() -> std::process::ExitCode {
    match run(&Arguments::parse()) {
        Ok(figures) => {
            for (what, mut durations) in figures {
                durations.sort_unstable();
                println!("{what} {}", durations[durations.len() / 2].as_micros());
            }
            std::process::ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("rounds: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> io::Result<Figures> {
    let floor = Floor::connect().map_err(io::Error::other)?;
    let mut figures = Figures::new();
    for other in &arguments.others {
        cloister(arguments, &["start", "--detach"], other)?;
    }
    for _ in 0..arguments.rounds {
        round(arguments, &floor, &mut figures)?;
    }
    if let Some(reference) = &arguments.reference {
        for _ in 0..arguments.rounds.div_ceil(2) {
            reference_round(reference, &arguments.project, &floor, &mut figures)?;
        }
    }
    for other in &arguments.others {
        cloister(arguments, &["stop"], other)?;
    }
    Ok(figures)
}

fn round(arguments: &Arguments, floor: &Floor, figures: &mut Figures) -> io::Result<()> {
    let project = &arguments.project;
    let mut note = |what, duration| figures.entry(what).or_default().push(duration);
    note("start-cold", cloister(arguments, &["start", "--detach"], project)?);
    note("start-cold-floor", floor.start(project).map_err(io::Error::other)?);
    note("start-warm", cloister(arguments, &["start", "--detach"], project)?);
    note("start-warm-floor", floor.look(project).map_err(io::Error::other)?);
    note("exec", timed(Command::new(&arguments.cloister).arg("exec").arg("--").arg("true").current_dir(project))?);
    note("exec-floor", floor.exec(project).map_err(io::Error::other)?);
    note(
        "exec-docker",
        timed(Command::new("docker").args(["exec", &floor.container(project).map_err(io::Error::other)?, "true"]))?,
    );
    note("stop", cloister(arguments, &["stop"], project)?);
    Ok(())
}

/// The reference's own container of the same file, outside any sandbox.
fn reference_round(reference: &PathBuf, project: &PathBuf, floor: &Floor, figures: &mut Figures) -> io::Result<()> {
    let mut note = |what, duration| figures.entry(what).or_default().push(duration);
    let words = |verb: &str| {
        let mut command = Command::new(reference);
        command.arg(verb).arg("--workspace-folder").arg(project);
        command
    };
    note("reference-up-cold", timed(&mut words("up"))?);
    note("reference-up-warm", timed(&mut words("up"))?);
    note("reference-exec", timed(words("exec").arg("true"))?);
    floor.remove_reference(project).map_err(io::Error::other)
}

fn cloister(arguments: &Arguments, words: &[&str], project: &PathBuf) -> io::Result<Duration> {
    timed(Command::new(&arguments.cloister).args(words).current_dir(project))
}

/// Runs a program to its end, which has to be a good one.
fn timed(command: &mut Command) -> io::Result<Duration> {
    let began = Instant::now();
    let output = command.stdin(Stdio::null()).output()?;
    let took = began.elapsed();
    if output.status.success() {
        return Ok(took);
    }
    Err(io::Error::other(format!("{command:?}: {}: {}", output.status, String::from_utf8_lossy(&output.stderr))))
}

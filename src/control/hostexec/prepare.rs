#![expect(clippy::disallowed_methods, reason = "adapter: the user's environment, and programs on disk")]
//! From what an agent asks for to what exactly would run. Nothing of it runs yet.

mod place;
pub(super) mod programs;

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use super::command::{HostCommand, Value};
use super::risk::{self, Seen, Warning};
use super::shown::{self, Line};
use super::variables::Variables;
use crate::ident::sha256_hex;
use crate::policy::hostexec::{Effect, Hostexec, Rule};
use crate::sandbox::hostexec::protocol::{Reason, Refusal, Run};

use self::place::Entered;
pub use self::place::Place;
use self::programs::Found;

/// Most of what is shown of one command ([`shown::weight`]): what waits for a person has to fit into one answer.
const SHOWN_LIMIT: usize = 512 << 10;

/// The user whose commands these are.
#[derive(Clone)]
pub struct Account {
    variables: BTreeMap<String, String>,
}

/// Values of variables are secrets.
impl std::fmt::Debug for Account {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Account({} variables)", self.variables.len())
    }
}

impl Account {
    /// Returns the user of this process, with its environment; what of it is not text is left out.
    pub fn current() -> Self {
        let text = std::env::vars_os().map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Self::with(text.flatten())
    }

    /// Returns the user with newer values of some variables.
    #[must_use]
    pub fn and(mut self, newer: Variables) -> Self {
        self.variables.extend(newer.into_pairs());
        self
    }

    /// Returns a user with these variables.
    pub fn with(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { variables: variables.into_iter().collect() }
    }

    /// The variables of a command: few, and none of them the agent's (SEC-64).
    fn environment(&self, path: &[String], rule: Option<&Rule>) -> (BTreeMap<String, String>, BTreeMap<String, Value>) {
        let own = |name: &str, default: &str| self.variables.get(name).map_or(default, String::as_str).to_owned();
        let user = own("USER", "user");
        let fixed = [
            ("PATH", path.join(":")),
            ("HOME", own("HOME", "/")),
            ("LOGNAME", own("LOGNAME", &user)),
            ("USER", user),
            ("LANG", own("LANG", "C.UTF-8")),
            ("TERM", "dumb".to_owned()),
        ];
        let mut environment: BTreeMap<String, String> =
            fixed.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let mut shown: BTreeMap<String, Value> =
            environment.iter().map(|(name, value)| (name.clone(), Value::Set(value.clone()))).collect();
        for name in rule.iter().flat_map(|rule| &rule.env) {
            if let Some(value) = self.variables.get(name) {
                shown.insert(name.clone(), Value::Own(sha256_hex(value.as_bytes())));
                environment.insert(name.clone(), value.clone());
            }
        }
        (environment, shown)
    }
}

/// A command that could run: what a person sees of it, and what nobody but `run` needs.
pub struct Prepared {
    /// Everything that an approval covers.
    pub command: HostCommand,
    /// What is dangerous about it.
    pub warnings: Vec<Warning>,
    /// What the rules say: never [`Effect::Deny`].
    pub effect: Effect,
    /// Number of the rule that said it, from 0; `None` where no rule is about the command.
    pub rule: Option<usize>,
    /// Whether it would run without asking, if it did not run what an agent can write.
    pub held_back: bool,
    /// Whether an approval can be kept, so that exactly this runs again without asking (SEC-63).
    pub keepable: bool,
    /// Seconds that it may run.
    pub timeout: u64,
    /// Bytes that it may write.
    pub output: u64,
    pub(super) environment: BTreeMap<String, String>,
    pub(super) entered: Entered,
    /// Of a program that agents can write: the contents that run, and where they were read.
    pub(super) snapshot: Option<Snapshot>,
}

/// What was read of a program that agents can write.
pub(super) struct Snapshot {
    pub(super) bytes: Vec<u8>,
    /// Below the workspace.
    pub(super) path: PathBuf,
}

/// The environment may hold secrets.
impl std::fmt::Debug for Prepared {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = formatter.debug_struct("Prepared");
        shown.field("command", &self.command).field("warnings", &self.warnings).field("effect", &self.effect);
        shown.finish_non_exhaustive()
    }
}

impl Prepared {
    /// Returns everything that an approval covers, as lines that can be shown anywhere.
    pub fn lines(&self) -> Vec<Line> {
        shown::lines(&self.command, &self.warnings)
    }

    /// Returns the values of the user's own variables that the command gets: none of them is for whoever asked (SEC-68).
    pub fn secrets(&self) -> Vec<Vec<u8>> {
        let own = self.command.env.iter().filter(|(_, value)| matches!(value, Value::Own(_)));
        own.filter_map(|(name, _)| Some(self.environment.get(name)?.clone().into_bytes())).collect()
    }

    /// Returns the folder that it runs in, held open.
    pub(super) fn folder(&self) -> &OwnedFd {
        &self.entered.folder
    }

    /// Makes sure that a program that agents can write still is what was shown. What runs is what was read; but whoever
    /// changed it meant something else (HX-013).
    pub(super) fn still_true(&self) -> Result<(), Refusal> {
        let Some(Snapshot { bytes, path }) = &self.snapshot else { return Ok(()) };
        match programs::contents(&self.entered.root, path) {
            Ok((_, now)) if now == *bytes => Ok(()),
            _ => Err(changed()),
        }
    }
}

pub(super) fn changed() -> Refusal {
    Reason::ContentChanged.because("content changed since it was asked for: ask again")
}

/// Finds out what exactly would run. Reads files and hashes them: some milliseconds, or seconds for a large program.
///
/// # Errors
/// A rule denies it, or there is no such command to run; what is said goes to the agent.
pub fn prepare(run: &Run, place: &Place, hostexec: &Hostexec, account: &Account) -> Result<Prepared, Refusal> {
    run.check()?;
    let matched = hostexec.decide(&run.argv, false);
    if matched.effect == Effect::Deny {
        return Err(Reason::DeniedByRule.because("a rule of the user's denies this command, and nobody is asked"));
    }
    let rule = matched.rule.map(|(_, rule)| rule);
    let entered = place.enter(&run.cwd)?;
    let paths = rule.map(|rule| rule.paths(&run.argv)).unwrap_or_default();
    paths.iter().try_for_each(|path| entered.holds(path))?;
    let Found { program, interpreter, content, snapshot } =
        programs::find(&run.argv[0], place, &entered, &hostexec.path)?;
    let (environment, env) = account.environment(&hostexec.path, rule);
    let seen = Seen {
        program: &program.path,
        is_agents_program: snapshot.is_some(),
        is_agents_folder: place.agents_write,
        paths: &paths,
        stdin: run.stdin,
    };
    let warnings = risk::warnings(&run.argv, seen);
    let agent_code = warnings.iter().any(Warning::is_agent_code);
    let decision = hostexec.decide(&run.argv, agent_code);
    let base = Rule::new(Vec::new(), Effect::Ask);
    let terms = rule.unwrap_or(&base);
    let effect = if run.stdin && !terms.stdin { Effect::Ask } else { decision.effect };
    let (timeout, output, keepable) = (terms.timeout, terms.output, !agent_code || terms.allow_workspace_code);
    let command = HostCommand {
        argv: run.argv.clone(),
        program,
        interpreter,
        content,
        folder: entered.named(&run.cwd),
        env,
        stdin: run.stdin,
    };
    if shown::weight(&shown::lines(&command, &warnings)) > SHOWN_LIMIT {
        return Err(Reason::TooLarge.because("it is too much for anybody to read before it runs"));
    }
    let (rule, held_back) = (decision.rule.map(|(number, _)| number), decision.held_back);
    Ok(Prepared {
        command,
        warnings,
        effect,
        rule,
        held_back,
        keepable,
        timeout,
        output,
        environment,
        entered,
        snapshot,
    })
}

//! What `cloister doctor` says of a machine: facts in, one check for each, with its consequence. Pure and total.
//!
//! Invariant: an engine that answers less than others, or something else, is a check that says so, never a failure of
//! the command. A check cites the number under which it is known: CIS Docker Benchmark 1.6, CVE.

mod engine;
mod machine;
mod version;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::space::Space;

/// Version of the answer's format.
pub const VERSION: u32 = 1;
/// The schema of the answer, as published.
pub const SCHEMA: &str = include_str!("../schemas/doctor.schema.json");

/// Everything that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Facts {
    /// The engine.
    pub engine: Engine,
    /// Release of the kernel that cloister runs on.
    pub kernel: String,
    /// Resolvers of the machine, as `/etc/resolv.conf` names them.
    pub resolvers: Vec<std::net::IpAddr>,
    /// What an attempt to get out of a network like a sandbox's came to.
    pub seal: Seal,
    /// Room where sandboxes write.
    pub spaces: Vec<Space>,
    /// Bytes that must stay free, as the user's configuration says.
    pub free_space: u64,
    /// cloister's own folders.
    pub folders: Vec<Folder>,
    /// Why cloister's own programs cannot be used, where that is so.
    pub programs: Option<Trouble>,
    /// What is wrong with the user's configuration, where something is.
    pub configuration: Option<Trouble>,
}

/// What came of asking the engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Engine {
    /// It answers.
    Answers(Answers),
    /// There is none that cloister can use.
    Away(Trouble),
}

/// What the engine says of itself, as it says it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Answers {
    /// Where it is: `unix://…` or `tcp://…`.
    pub endpoint: String,
    /// Its version, for example `26.1.5`.
    pub version: String,
    /// Its answer to `/info`; null where it gave none.
    pub info: Value,
    /// Its answer to `/version`; null where it gave none.
    pub components: Value,
    /// The field `Builder-Version` of its answers: `2` where BuildKit is there.
    pub builder: Option<String>,
}

/// What an attempt to get out of a network like a sandbox's came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Seal {
    /// Nothing answered.
    Closed {
        /// How many things were tried.
        attempts: usize,
    },
    /// Something did.
    Open {
        /// What, one each.
        leaks: Vec<String>,
    },
    /// It could not be tried.
    Failed(Trouble),
    /// Nobody could try: something before it is missing.
    Untried,
}

/// What is wrong, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trouble {
    /// What is wrong.
    pub message: String,
    /// What to do next.
    #[serde(default)]
    pub hint: Option<String>,
}

/// One of cloister's own folders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Folder {
    /// Where.
    pub path: String,
    /// How it is.
    pub state: FolderState,
}

/// How one of cloister's own folders is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum FolderState {
    /// It is not there yet.
    Absent,
    /// Nobody else can enter it.
    Private,
    /// It cannot be used.
    Unusable(Trouble),
}

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// As it should be.
    Ok,
    /// Worth knowing, and nothing to be done.
    Note,
    /// Sandboxes start, and something is worse than it could be.
    Warning,
    /// No sandbox starts.
    Failure,
}

impl Status {
    /// Returns the word that people and scripts see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Failure => "failure",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Stable name.
    pub id: &'static str,
    /// How it came out.
    pub status: Status,
    /// What was seen.
    pub seen: String,
    /// What follows from it for sandboxes.
    pub consequence: String,
    /// What to do, where something can be done.
    pub hint: Option<String>,
    /// Numbers under which it is known.
    pub references: Vec<&'static str>,
}

impl Check {
    fn new(id: &'static str, status: Status, seen: impl Into<String>, consequence: impl Into<String>) -> Self {
        Self { id, status, seen: seen.into(), consequence: consequence.into(), hint: None, references: Vec::new() }
    }

    fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    fn cites(self, references: &[&'static str]) -> Self {
        Self { references: references.to_vec(), ..self }
    }

    /// The check of something that is wrong.
    fn failed(id: &'static str, trouble: &Trouble, consequence: &str) -> Self {
        Self { hint: trouble.hint.clone(), ..Self::new(id, Status::Failure, &trouble.message, consequence) }
    }
}

/// The answer as scripts read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// [`VERSION`].
    pub version: u32,
    /// Whether sandboxes can be started.
    pub works: bool,
    /// Every check, always in the same order.
    pub checks: Vec<Check>,
}

/// Judges a machine.
pub fn examine(facts: &Facts) -> Report {
    let mut checks = match &facts.engine {
        Engine::Away(trouble) => vec![Check::failed("engine", trouble, "nothing can be started")],
        Engine::Answers(answers) => engine::checks(answers, &facts.kernel),
    };
    checks.push(machine::resolver(&facts.resolvers, &facts.engine));
    checks.push(machine::seal(&facts.seal));
    checks.extend(facts.spaces.iter().map(|space| machine::space(space, facts.free_space)));
    checks.extend(facts.folders.iter().map(machine::folder));
    checks.push(machine::programs(facts.programs.as_ref()));
    checks.push(machine::configuration(facts.configuration.as_ref()));
    let works = checks.iter().all(|check| check.status < Status::Failure);
    Report { version: VERSION, works, checks }
}

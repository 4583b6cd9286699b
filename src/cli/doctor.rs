#![expect(clippy::disallowed_methods, reason = "adapter: the working directory")]
//! `cloister doctor`: what this machine and its engine mean for sandboxes.

mod report;

use std::error::Error;
use std::path::Path;

use super::exit;
use super::failure::{Explained, Failure};
use super::list::Format;
use super::output::Output;
use super::plan;
use super::runtime;
use crate::doctor::{self, Answers, Engine as Answering, Facts, Folder, FolderState, Seal, Trouble};
use crate::engine::Engine;
use crate::engine::apply::Audited;
use crate::engine::connect::ConnectError;
use crate::engine::session::{self, Context, SessionError};
use crate::engine::{examine, facts};
use crate::host::file;
use crate::host::identity::Identity;
use crate::host::paths::{self, Paths};
use crate::host::programs::{Programs, ProgramsError};
use crate::host::space;
use crate::pipeline;
use crate::policy::Policy;
use crate::sandbox::probe::facts::nameservers;
use crate::space::{Space, What};
use crate::ui::causes;

const EXAMPLES: &str = "\
Examples:
  cloister doctor                                                   what this machine means for sandboxes
  cloister doctor --format json | jq '.checks[] | select(.hint)'    what can be done, for scripts";

/// What lies beside this program.
const PROGRAMS: [&str; 3] = ["cloister-guardian", "cloister-init", "cloister-hostexec"];
/// Most bytes of the list of resolvers that are read.
const RESOLVERS_LIMIT: u64 = 64 << 10;

/// Say what this machine and its engine mean for sandboxes
///
/// Looks at the engine, its runtime, the kernel, resolvers, free space and cloister's own folders, and tries from inside
/// whether a network like a sandbox's is sealed. Each thing that was seen is said with what follows from it, and with
/// what to do. Nothing of a project runs, and what the trial makes is removed. Exit code 1 says that no sandbox would start.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Form of the answer
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Looks at everything, and prints what was seen.
///
/// # Errors
/// Nobody knows who runs this, or standard output cannot be written.
pub fn run(args: &Args) -> Result<u8, Failure> {
    let identity = Identity::current().map_err(|error| Failure::new(&error).hint(error.hint()))?;
    let paths = Paths::of(&identity.home);
    let mut facts = None;
    runtime::finish(async {
        facts = Some(gather(&identity, &paths).await);
        Ok::<_, SessionError>(exit::OK)
    })?;
    let report = doctor::examine(&facts.expect("the command ran to its end"));
    let stdout = match args.format {
        Format::Json => report::json(&report),
        Format::Text => report::text(&report, plan::on_stdout()),
    };
    let code = if report.works { exit::OK } else { exit::FAILURE };
    Output { stdout, code, ..Output::default() }.write()
}

async fn gather(identity: &Identity, paths: &Paths) -> Facts {
    let (policy, configuration) = match pipeline::policy() {
        Ok(policy) => (policy, None),
        Err(error) => (Policy::builtin(), Some(trouble(&error, error.hint()))),
    };
    let programs = Programs::beside_current().and_then(|programs| {
        PROGRAMS.iter().try_for_each(|name| programs.load(name).map(drop))?;
        Ok::<_, ProgramsError>(programs)
    });
    let folders: Vec<Folder> = [&paths.config, &paths.state, &paths.data, &paths.cache].map(|path| folder(path)).into();
    let kernel = rustix::system::uname().release().to_string_lossy().into_owned();
    let (mut seal, mut room) = (Seal::Untried, None);
    let engine = match Engine::connect(&identity.home).await {
        Err(error) => Answering::Away(trouble(&error, ConnectError::hint(&error))),
        Ok(engine) => {
            let answers = examine::answers(&engine).await;
            room = engine_space(&engine, &answers);
            if let Ok(programs) = &programs {
                seal = try_out(engine, identity, paths, programs, &policy).await;
            }
            Answering::Answers(answers)
        }
    };
    Facts {
        spaces: spaces(room, paths),
        engine,
        kernel,
        resolvers: resolvers(),
        seal,
        free_space: policy.limits.free_space,
        folders,
        programs: programs.err().map(|error| trouble(&error, error.hint())),
        configuration,
    }
}

async fn try_out(engine: Engine, identity: &Identity, paths: &Paths, programs: &Programs, policy: &Policy) -> Seal {
    let plan = pipeline::without_project(identity, paths, policy);
    let tried = async {
        let context = Context::with(engine, paths.clone(), identity.uid, programs.clone())?;
        session::trial(&context, Audited::new(&plan, policy)?).await
    };
    match tried.await {
        Ok(trial) if trial.leaks.is_empty() => Seal::Closed { attempts: trial.attempts },
        Ok(trial) => Seal::Open {
            leaks: trial.leaks.iter().map(|one| format!("{} ({}): {}", one.id, one.target, one.seen)).collect(),
        },
        Err(error) => Seal::Failed(trouble(&error, Explained::hint(&error))),
    }
}

fn trouble(error: &dyn Error, hint: Option<String>) -> Trouble {
    Trouble { message: causes::line(error), hint }
}

fn folder(path: &Path) -> Folder {
    let state = match paths::look(path) {
        Ok(true) => FolderState::Private,
        Ok(false) => FolderState::Absent,
        Err(error) => FolderState::Unusable(trouble(&error, error.hint())),
    };
    Folder { path: path.display().to_string(), state }
}

fn resolvers() -> Vec<std::net::IpAddr> {
    let text = file::read_text(Path::new("/etc/resolv.conf"), RESOLVERS_LIMIT).unwrap_or_default();
    nameservers(&text)
}

/// Room where sandboxes write; an engine on another machine has its own, which nobody here can see.
fn spaces(engine: Option<Space>, paths: &Paths) -> Vec<Space> {
    let here = std::env::current_dir().unwrap_or_default();
    let homes = paths.data.ancestors().find_map(|path| space::of(What::Homes, path));
    [engine, homes, space::of(What::Workspace, &here)].into_iter().flatten().collect()
}

fn engine_space(engine: &Engine, answers: &Answers) -> Option<Space> {
    let text = |key: &str| answers.info.get(key)?.as_str();
    let root = facts::root_here(&engine.endpoint, text("KernelVersion"), text("DockerRootDir"))?;
    space::of(What::Engine, Path::new(&root))
}

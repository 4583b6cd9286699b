#![expect(clippy::disallowed_methods, reason = "adapter: the user's environment")]
//! The pipeline: the edges that read the world, around the pure middle of [`assemble`].
//!
//! Invariant: nothing of the repository is executed here, and no engine is asked; what an engine knows is handed in.

pub mod approvals;
pub mod assemble;
pub mod decisions;
mod interest;
pub mod layers;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::config::Reading;
use crate::config::model::Kind;
use crate::diagnostic::Diagnostic;
use crate::discover::{self, DiscoverError, Sibling, Sources};
use crate::facts::{EngineFacts, Facts, HostFacts, ImageFacts, Lacks};
use crate::harden::image::DEFAULT_IMAGE;
use crate::harden::{protect, refuse_choice, refuse_file};
use crate::host::certificates;
use crate::host::file::{self, FileError};
use crate::host::identity::{Identity, IdentityError};
use crate::host::paths::Paths;
use crate::ident::{SandboxId, display_name, sha256_hex};
use crate::plan::Plan;
use crate::plan::model::{ConfigKind, ConfigSummary};
use crate::policy::Policy;
use crate::policy::decision::Subject;
use crate::policy::effective::{Effective, counting};
use crate::source::Source;
use crate::trust;
use crate::ui::causes;
use crate::ui::text::quoted;

use self::approvals::{Store, StoreError};
use self::assemble::{ConfigText, Inputs};
use self::layers::Layers;

/// Most bytes of the user's own configuration.
const CONFIG_LIMIT: u64 = 1 << 20;

/// What to plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The folder to open.
    pub folder: PathBuf,
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--root-workspace`.
    pub root_workspace: bool,
    /// `--clone`.
    pub clone: bool,
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// Nobody knows who runs this.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The user's own configuration cannot be read.
    #[error("could not read your configuration")]
    ReadConfig(#[source] FileError),
    /// cloister's own notes cannot be read.
    #[error("could not read cloister's own state")]
    ReadState(#[source] FileError),
    /// The user's own configuration is broken.
    #[error("your configuration {path} is broken, so nothing starts")]
    Config {
        /// Its path.
        path: String,
        /// Its text.
        source_text: Box<Source>,
        /// What is wrong.
        diagnostics: Vec<Diagnostic>,
    },
    /// What the user approved for the folder cannot be read.
    #[error(transparent)]
    Approvals(#[from] StoreError),
    /// What the user decided cannot be read as a whole; something could be denied that nobody knows of.
    #[error("could not read what you decided, so nothing starts")]
    Decisions(#[source] decisions::StoreError),
    /// The folder's configuration cannot be found.
    #[error(transparent)]
    Discover(#[from] DiscoverError),
}

impl PipelineError {
    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Identity(error) => error.hint(),
            Self::ReadState(error) | Self::ReadConfig(error) => {
                let path = error.path().to_string_lossy();
                Some(format!("make it a regular file that you can read (ls -l {}), or remove it", quoted(&path)))
            }
            Self::Config { path, .. } => Some(format!("correct {path}, then try again")),
            Self::Approvals(error) => error.hint(),
            Self::Decisions(error) => error.hint(),
            Self::Discover(error) => error.hint(),
        }
    }
}

/// Everything that was read, ready to be planned once or twice: without an engine's facts, and with them.
#[derive(Debug)]
pub struct Prepared {
    /// The user's own folders.
    pub paths: Paths,
    /// What the user allows.
    pub policy: Policy,
    /// Where what the user approves for the folder is kept.
    pub approvals: Store,
    /// Warnings about the user's own files, with their texts.
    pub policy_warnings: Vec<Warnings>,
    /// What is known of the machine.
    pub host: HostFacts,
    /// Values of the variables that the user passes to processes of a sandbox.
    pub passed_env: BTreeMap<String, String>,
    sources: Sources,
    reading: Reading,
    dockerfile: Option<Source>,
    environment: BTreeMap<String, String>,
}

/// A plan with the texts that it was made from.
#[derive(Debug)]
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// The texts that its findings point into.
    pub sources: Vec<Source>,
    /// What is wrong with the configuration.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads the user's configuration and the folder's.
///
/// # Errors
/// When a file cannot be read, or the user's own configuration is broken.
pub fn prepare(request: &Request) -> Result<Prepared, PipelineError> {
    let identity = Identity::current()?;
    let paths = Paths::of(&identity.home);
    // a mistake in it is said before anything about the folder
    layers::load(&paths.config, identity.uid, None)?;
    let sources = discover::discover(&discover::Request {
        folder: &request.folder,
        config: request.config.as_deref(),
        home: Some(&identity.home),
        known_generated: &known_generated(&paths.state)?,
    })?;
    let (effective, files) = effective(&paths, identity.uid, Some(&sources.folder), None)?;
    let (mut policy, policy_warnings) = (effective.policy, files.warnings);
    policy.allow_root_workspace |= request.root_workspace;
    policy.works_on_clone |= request.clone;
    let approvals = Store::of(&paths.state, identity.uid, &sources.folder);
    policy.approvals = approvals.load()?;
    let environment: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let passed_env = policy
        .env
        .pass
        .iter()
        .filter_map(|name| environment.get(name).map(|value| (name.clone(), value.clone())))
        .collect();
    let host = HostFacts {
        uid: identity.uid,
        home: identity.home,
        runtime_dir: paths.runtime.clone(),
        folder: sources.folder.clone(),
        mount_root: sources.mount_root.clone(),
        owner: sources.owner,
        has_config_above: sources.has_config_above,
        lacks: Lacks { certificates: policy.network.ca_bundle.as_deref().and_then(unreadable), ..Lacks::default() },
        paths: BTreeMap::new(),
        scripts: BTreeMap::new(),
        own: [&paths.config, &paths.state, &paths.data, &paths.cache].map(Clone::clone).to_vec(),
        entries: BTreeMap::new(),
    };
    let mut prepared = Prepared {
        paths,
        policy,
        approvals,
        policy_warnings,
        host,
        passed_env,
        sources,
        reading: Reading::default(),
        dockerfile: None,
        environment,
    };
    prepared.look_around();
    Ok(prepared)
}

/// Plans without an engine.
///
/// # Errors
/// As [`prepare`].
pub fn plan(request: &Request) -> Result<Planned, PipelineError> {
    Ok(prepare(request)?.plan(None, None))
}

impl Prepared {
    /// Plans with what an engine said, as far as one was asked.
    pub fn plan(&self, image: Option<ImageFacts>, engine: Option<EngineFacts>) -> Planned {
        if !self.sources.several.is_empty() {
            let plan = refuse_choice(&self.sources.several, &self.host);
            return Planned { plan, sources: Vec::new(), diagnostics: Vec::new() };
        }
        let facts = Facts { host: self.host.clone(), image, engine };
        let config = self.config_text();
        let sources: Vec<Source> =
            config.iter().map(|config| config.source.clone()).chain(self.dockerfile.clone()).collect();
        if let Some(diagnostic) = self.sources.config.as_ref().and_then(|config| config.unusable.clone()) {
            let summary = ConfigSummary {
                path: config.as_ref().map(|config| config.relative.clone()),
                kind: ConfigKind::Default,
                digest: self.sources.config.as_ref().map(|config| format!("sha256:{}", config.digest)),
                name: None,
            };
            let plan = refuse_file(summary, std::slice::from_ref(&diagnostic), &self.host);
            return Planned { plan, sources, diagnostics: vec![diagnostic] };
        }
        let diagnostics = self.reading.diagnostics.clone();
        let plan = assemble::plan(&self.inputs(config.as_ref(), &facts), self.reading.clone());
        Planned { plan, sources, diagnostics }
    }

    /// Returns what the configuration asks for that the user can approve; what the image's label asks for is among it
    /// where the image is known.
    pub fn requests(&self, image: Option<ImageFacts>) -> Vec<trust::Request> {
        let unusable = self.sources.config.as_ref().is_some_and(|config| config.unusable.is_some());
        if unusable || !self.sources.several.is_empty() {
            return Vec::new();
        }
        let facts = Facts { host: self.host.clone(), image, engine: None };
        let config = self.config_text();
        assemble::requests(&self.inputs(config.as_ref(), &facts), self.reading.clone())
    }

    /// Returns the files that requests are read from, with their digests; one that cannot be named is never the same again.
    pub fn sources(&self) -> Vec<(PathBuf, String)> {
        let Some(config) = &self.sources.config else { return Vec::new() };
        let mut sources = vec![(config.path.clone(), format!("sha256:{}", config.digest))];
        if let (Some(Kind::Dockerfile(build)), Some(text)) =
            (self.reading.config.as_ref().map(|config| &config.kind), &self.dockerfile)
        {
            let path = config.path.with_file_name(&build.dockerfile.value.value);
            sources.push((path, format!("sha256:{}", sha256_hex(text.text.as_bytes()))));
        }
        let scripts = self.host.scripts.iter();
        sources.extend(scripts.map(|(word, script)| (self.host.folder.join(word), script.digest.clone())));
        let real = |path: PathBuf| path.canonicalize().unwrap_or(path);
        sources.into_iter().map(|(path, digest)| (real(path), digest)).collect()
    }

    /// Returns the image that the configuration asks for, where it asks for one by reference.
    pub fn image_reference(&self) -> Option<String> {
        match &self.reading.config.as_ref()?.kind {
            Kind::Image(image) => Some(image.value.value.clone()),
            Kind::Default => Some(DEFAULT_IMAGE.to_owned()),
            Kind::Dockerfile(_) | Kind::Compose(_) => None,
        }
    }

    /// Returns the Dockerfile that was judged, where there is one.
    pub fn dockerfile(&self) -> Option<&Source> {
        self.dockerfile.as_ref()
    }

    fn inputs<'a>(&'a self, config: Option<&'a ConfigText>, facts: &'a Facts) -> Inputs<'a> {
        Inputs {
            config,
            dockerfile: self.dockerfile.as_ref(),
            policy: &self.policy,
            facts,
            environment: &self.environment,
        }
    }

    fn config_text(&self) -> Option<ConfigText> {
        self.sources.config.as_ref().map(|config| ConfigText {
            source: config.source.clone(),
            relative: config.relative.clone(),
            absolute: config.path.display().to_string(),
        })
    }

    /// Reads the Dockerfile and resolves the paths that the configuration names.
    fn look_around(&mut self) {
        let facts = Facts { host: self.host.clone(), image: None, engine: None };
        let text = self.config_text();
        self.reading = assemble::read(&self.inputs(text.as_ref(), &facts));
        let Some(config) = &self.reading.config else { return };
        let base = text.as_ref().and_then(|text| Path::new(&text.absolute).parent()).unwrap_or(&self.host.folder);
        let names = interest::paths(config, base, &self.host.mount_root, &self.host.home);
        self.host.paths =
            discover::path_facts(names.iter().map(String::as_str), &self.host.folder, &self.host.mount_root);
        self.host.scripts = discover::scripts(interest::programs(config), &self.host.folder, &self.host.mount_root);
        if let Some(asked) = interest::domains(config).filter(|asked| self.policy.approvals.contains(&asked.digest)) {
            self.policy.egress.ask(&asked);
        }
        for root in interest::workspaces(config, &self.host.mount_root) {
            self.host.entries.extend(discover::entries(&root, protect::paths()));
            if self.policy.works_on_clone && !discover::has_commit(&root) {
                self.host.lacks.commits.insert(root);
            }
        }
        if let (Kind::Dockerfile(build), Some(file)) = (&config.kind, &self.sources.config)
            && let Sibling::Text(source) = discover::read_dockerfile(&self.sources, file, &build.dockerfile.value.value)
        {
            self.dockerfile = Some(source);
        }
    }
}

/// Returns why the user's certificates cannot be read, if they cannot.
fn unreadable(bundle: &Path) -> Option<String> {
    certificates::read(bundle).err().map(|error| causes::line(&error))
}

/// Returns the plan of a folder that nothing is in, for what is made without a project.
pub fn without_project(identity: &Identity, paths: &Paths, policy: &Policy) -> Plan {
    let host = HostFacts {
        uid: identity.uid,
        home: identity.home.clone(),
        runtime_dir: paths.runtime.clone(),
        folder: paths.state.clone(),
        mount_root: paths.state.clone(),
        owner: (identity.uid, identity.gid),
        has_config_above: false,
        lacks: Lacks::default(),
        paths: BTreeMap::new(),
        scripts: BTreeMap::new(),
        own: Vec::new(),
        entries: BTreeMap::new(),
    };
    let facts = Facts { host, image: None, engine: None };
    let environment = BTreeMap::new();
    let inputs = Inputs { config: None, dockerfile: None, policy, facts: &facts, environment: &environment };
    assemble::plan(&inputs, assemble::read(&inputs))
}

/// Reads what is about every folder, and about no one in particular.
///
/// # Errors
/// When it cannot be read, or is broken.
pub fn policy() -> Result<Policy, PipelineError> {
    let identity = Identity::current()?;
    Ok(effective(&Paths::of(&identity.home), identity.uid, None, None)?.0.policy)
}

/// Reads what is about one folder, which must be canonical.
///
/// # Errors
/// When it cannot be read, or is broken.
pub fn policy_for(folder: &Path) -> Result<Policy, PipelineError> {
    let identity = Identity::current()?;
    Ok(effective(&Paths::of(&identity.home), identity.uid, Some(folder), None)?.0.policy)
}

/// Reads everything about a folder, which must be canonical, or about every folder: files, and decisions. Those that end with
/// a life of a sandbox count where `runs` is that sandbox.
///
/// # Errors
/// When it cannot be read, or is broken.
pub fn effective(
    paths: &Paths,
    uid: u32,
    folder: Option<&Path>,
    runs: Option<Subject>,
) -> Result<(Effective, Layers), PipelineError> {
    let files = layers::load(&paths.config, uid, folder)?;
    let loaded = decisions::Store::of(&paths.config, &paths.state, uid).load();
    if let Some(broken) = loaded.broken.into_iter().next() {
        return Err(PipelineError::Decisions(broken));
    }
    let subject = runs.unwrap_or_else(|| subject(uid, folder));
    let counting = counting(&loaded.decisions, &subject, unix_milliseconds());
    Ok((files.effective(counting), files))
}

/// A sandbox on a folder that does not run.
fn subject(uid: u32, folder: Option<&Path>) -> Subject {
    let id = folder.map(|folder| SandboxId::derive(uid, folder).as_str().to_owned());
    let shown = folder.map(|folder| folder.display().to_string()).unwrap_or_default();
    let name = folder.map(display_name).unwrap_or_default();
    Subject { sandbox: id.unwrap_or_default(), session: String::new(), name, folder: shown }
}

/// A clock before 1970 counts as 1970.
pub fn unix_milliseconds() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}

/// Digests of configurations that cloister itself wrote for this user, one a line.
fn known_generated(state: &Path) -> Result<BTreeSet<String>, PipelineError> {
    match file::read_text(&state.join("generated"), CONFIG_LIMIT) {
        Ok(text) => Ok(text.lines().map(str::to_owned).collect()),
        Err(error) if error.is_absent() => Ok(BTreeSet::new()),
        Err(error) => Err(PipelineError::ReadState(error)),
    }
}

/// Warnings about a text, with the text.
pub type Warnings = (Source, Vec<Diagnostic>);

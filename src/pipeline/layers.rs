#![expect(clippy::disallowed_methods, reason = "adapter: reads the user's files")]
//! The user's own files as layers: `config.json5`, and the file of one project. Read once by commands, and watched by the
//! control plane, for which the last good reading of each file stays.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{CONFIG_LIMIT, PipelineError, Warnings};
use crate::diagnostic::{Diagnostic, Level};
use crate::host::file;
use crate::ident::{SandboxId, display_name};
use crate::policy::decision::Decision;
use crate::policy::effective::Effective;
use crate::policy::layer::Layer;
use crate::policy::model::DEFAULT_POOL;
use crate::policy::user_config;
use crate::source::Source;

/// Name of the folder of projects' files.
const PROJECTS: &str = "projects";

/// The user's files about one folder.
#[derive(Debug, Clone, Default)]
pub struct Layers {
    /// `config.json5`, where there is one.
    pub user: Option<Layer>,
    /// The file of the project, where there is one.
    pub project: Option<Layer>,
    /// Warnings about them, with their texts.
    pub warnings: Vec<Warnings>,
    /// Files that have the project's name and are about another folder.
    pub foreign: Vec<(PathBuf, String)>,
}

impl Layers {
    /// Returns the policy that they make, with decisions on top.
    pub fn effective<'a>(&self, decisions: impl IntoIterator<Item = &'a Decision>) -> Effective {
        Effective::of(self.user.as_ref(), self.project.as_ref(), decisions)
    }
}

/// Returns where `config.json5` is.
pub fn user_file(config: &Path) -> PathBuf {
    config.join("config.json5")
}

/// Returns where the file of a project can be, the first one that is about the folder counts: the name that `cloister list`
/// shows is that of the folder, with four digits of the id where another sandbox has that name already.
pub fn project_files(config: &Path, uid: u32, folder: &Path) -> [PathBuf; 2] {
    let (name, id) = (display_name(folder), SandboxId::derive(uid, folder));
    let file = |name: &str| config.join(PROJECTS).join(format!("{name}.json5"));
    [file(&format!("{name}-{}", &id.as_str()[..4])), file(&name)]
}

/// Reads the files about a folder, which must be canonical; without one, only what is about every folder.
///
/// # Errors
/// A file cannot be read, or is broken. One that has the project's name counts, whatever folder it would be about: what is
/// broken could deny something.
pub fn load(config: &Path, uid: u32, folder: Option<&Path>) -> Result<Layers, PipelineError> {
    let mut layers = Layers::default();
    if let Some((source, layer, warnings)) = read(&user_file(config), user_config::layer)? {
        layers.user = Some(layer);
        layers.warn(source, warnings);
    }
    let Some(folder) = folder else { return Ok(layers) };
    let pool = layers.user.as_ref().and_then(|user| user.network.as_ref()).map_or(DEFAULT_POOL, |network| network.pool);
    for path in project_files(config, uid, folder) {
        let Some((source, layer, warnings)) = read(&path, |source| user_config::project(source, pool))? else {
            continue;
        };
        let about = layer.folder.clone().unwrap_or_default();
        if Path::new(&about) != folder {
            layers.foreign.push((path, about));
            continue;
        }
        layers.warn(source, warnings);
        layers.project = Some(layer);
        break;
    }
    Ok(layers)
}

impl Layers {
    fn warn(&mut self, source: Source, warnings: Vec<Diagnostic>) {
        if !warnings.is_empty() {
            self.warnings.push((source, warnings));
        }
    }
}

/// What was read of a file: its text, what it says, and warnings.
type Read = (Source, Layer, Vec<Diagnostic>);

fn read(
    path: &Path,
    parse: impl FnOnce(&Source) -> (Option<Layer>, Vec<Diagnostic>),
) -> Result<Option<Read>, PipelineError> {
    let text = match file::read_text(path, CONFIG_LIMIT) {
        Ok(text) => text,
        Err(error) if error.is_absent() => return Ok(None),
        Err(error) => return Err(PipelineError::ReadConfig(error)),
    };
    let source = Source::new(path.display().to_string(), text);
    let (layer, diagnostics) = parse(&source);
    let broken = diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error);
    match layer.filter(|_| !broken) {
        Some(layer) => Ok(Some((source, layer, diagnostics))),
        None => {
            Err(PipelineError::Config { path: path.display().to_string(), source_text: Box::new(source), diagnostics })
        }
    }
}

/// What tells a file from what it was before; `None` where there is none.
type Stamp = Option<(u64, i64, i64, u64)>;

/// The user's files, looked at again and again. A mistake in one leaves everything as it was when it was read well last; what
/// was never read well allows nothing.
#[derive(Debug)]
pub struct Watched {
    config: PathBuf,
    uid: u32,
    folders: BTreeMap<PathBuf, Folder>,
}

#[derive(Debug, Default)]
struct Folder {
    seen: Vec<Stamp>,
    good: Option<Layers>,
}

impl Watched {
    /// Returns the files below the user's folder of configuration; nothing is read yet.
    pub fn of(config: &Path, uid: u32) -> Self {
        Self { config: config.into(), uid, folders: BTreeMap::new() }
    }

    /// Reads what is about a folder, unless it was read and is the same still. Where it cannot be read, what was read well
    /// last stays.
    ///
    /// # Errors
    /// As [`load`]; it is told once for each change of a file.
    pub fn look(&mut self, folder: &Path) -> Result<bool, PipelineError> {
        let now = self.stamps(folder);
        let known = self.folders.entry(folder.into()).or_default();
        if known.seen == now {
            return Ok(false);
        }
        known.seen = now;
        known.good = Some(load(&self.config, self.uid, Some(folder))?);
        Ok(true)
    }

    /// Forgets a folder that no sandbox works on any more.
    pub fn forget(&mut self, folder: &Path) {
        self.folders.remove(folder);
    }

    /// Returns the policy for a folder, as its files were when they could be read last; closed where they never could.
    pub fn effective<'a>(&self, folder: &Path, decisions: impl IntoIterator<Item = &'a Decision>) -> Effective {
        let good = self.folders.get(folder).and_then(|known| known.good.as_ref());
        good.map_or_else(Effective::closed, |layers| layers.effective(decisions))
    }

    /// Whether the files about a folder could be read, now or before.
    pub fn is_read(&self, folder: &Path) -> bool {
        self.folders.get(folder).is_some_and(|known| known.good.is_some())
    }

    fn stamps(&self, folder: &Path) -> Vec<Stamp> {
        let [specific, plain] = project_files(&self.config, self.uid, folder);
        [user_file(&self.config), specific, plain].iter().map(|path| stamp(path)).collect()
    }
}

fn stamp(path: &Path) -> Stamp {
    let status = path.metadata().ok()?;
    Some((status.ino(), status.mtime(), status.mtime_nsec(), status.size()))
}

#[cfg(test)]
mod tests;

//! The arguments that say which project is meant, for every command that plans one.

use std::path::{Path, PathBuf};

use crate::pipeline::Request;
use crate::ui::text::quoted;

/// Which project is meant.
#[derive(Debug, clap::Args)]
pub struct Project {
    /// Folder of the project
    #[arg(default_value = ".")]
    pub folder: PathBuf,
    /// Use this devcontainer.json instead of looking for one
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Accept a workspace that root owns: root inside, without capabilities
    #[arg(long)]
    pub root_workspace: bool,
}

impl Project {
    /// Returns what the pipeline is asked.
    pub fn request(&self) -> Request {
        Request {
            folder: self.folder.clone(),
            config: self.config.clone(),
            root_workspace: self.root_workspace,
            clone: false,
        }
    }

    /// Returns the arguments as somebody would type them to name the same project, each after a space.
    pub fn words(&self) -> String {
        let folder = (self.folder != Path::new(".")).then(|| format!(" {}", quoted(&self.folder.to_string_lossy())));
        let config = self.config.as_deref().map(|file| format!(" --config {}", quoted(&file.to_string_lossy())));
        folder.into_iter().chain(config).collect()
    }
}

//! The arguments that say which project is meant, for every command that plans one.

use std::path::PathBuf;

use crate::pipeline::Request;

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
        Request { folder: self.folder.clone(), config: self.config.clone(), root_workspace: self.root_workspace }
    }
}

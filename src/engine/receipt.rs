//! What was allocated for a sandbox, written down before it is made. Private to the user: it holds the token.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};

use super::covers::Cover;
use crate::clone::Clone as Cloned;
use crate::guardian::protocol::WirePolicy;
use crate::ident::digest_prefix;
use crate::policy::decision::Subject;

/// Version of the format.
pub const VERSION: u32 = 1;

/// How far a sandbox is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Something may have been made; nobody has seen the probe's answer yet.
    Starting,
    /// It was found sealed and runs.
    Running,
    /// Nothing of it is left in the engine.
    Stopped,
}

impl State {
    /// Returns the word that people and scripts see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Stopped => "stopped",
        }
    }
}

/// What was allocated for one sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Receipt {
    /// [`VERSION`].
    pub version: u32,
    /// Id of the sandbox.
    pub id: String,
    /// Name that people call it by.
    pub name: String,
    /// The folder that was opened.
    pub workspace: String,
    /// The folder that is mounted as the workspace; `None` where none is.
    pub mount: Option<String>,
    /// How far it is.
    pub state: State,
    /// Digest of the plan.
    pub plan_digest: String,
    /// Engine's id of the container; `None` until it is made.
    pub container: Option<String>,
    /// When the engine started the container, in the engine's words; `None` until its probe was seen.
    pub started: Option<String>,
    /// Engine's id of the connection to the network that was measured; `None` until then.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// The sandbox's network; `None` until it is made.
    pub subnet: Option<Ipv4Net>,
    /// The second factor of this container's life.
    pub token: String,
    /// What the guardian was told, so that a new one can be told again.
    pub policy: WirePolicy,
    /// What every process of `start` and `exec` gets.
    pub process: ProcessDefaults,
    /// Lifecycle commands that ended well in this container: hook and group.
    pub hooks_done: BTreeSet<String>,
    /// What is mounted on below the workspace, and what of it was made for the sandbox.
    #[serde(default)]
    pub covers: Vec<Cover>,
    /// Content id of the image that it was made from, before the set-up phase; `None` where nobody wrote it down.
    #[serde(default)]
    pub image: Option<String>,
    /// Where the engine keeps what containers write; `None` where nobody here can see that.
    #[serde(default)]
    pub engine_root: Option<String>,
    /// Whether something ran in the workspace that nobody was told the traces of.
    #[serde(default)]
    pub unreviewed: bool,
    /// Digest of the repository's approved request for hosts that it was started with; it counts while it stays approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
    /// The clone that it works on, or worked on in an earlier life.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clone: Option<Cloned>,
}

impl Receipt {
    /// Returns the sandbox as decisions know it. The token is another one in each of its lives, and is not told.
    pub fn subject(&self) -> Subject {
        Subject {
            sandbox: self.id.clone(),
            session: digest_prefix(&format!("session:{}", self.token), 12),
            name: self.name.clone(),
            folder: self.workspace.clone(),
        }
    }
}

/// What every process of `start` and `exec` gets.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ProcessDefaults {
    /// `uid:gid`.
    pub user: String,
    /// Working directory.
    pub folder: String,
    /// Environment on top of the container's; `None` empties a variable.
    pub env: BTreeMap<String, Option<String>>,
}

//! The set-up phase: approved commands run as root in a container of their own, whose image the sandbox begins with.
//!
//! It differs from the sandbox in this and nothing else: root with five capabilities; the workspace read-only, so that
//! nothing of root's is left on the host; no home folder and no volume, so that what it makes lies in the image alone;
//! no environment of its own, so that the token is not kept in the image.

use std::collections::BTreeMap;

use crate::plan::model::{Container, FILES, Mount, MountKind, PROGRAMS, SETUP_CAPABILITIES, Workspace};
use crate::sandbox::protocol::{FILES_TARGET, PROGRAMS_TARGET, SETUP_PROGRAMS};

/// `uid:gid` of its processes.
pub(super) const USER: &str = "0:0";

/// Returns the container in which the approved commands of this sandbox run.
pub(super) fn container(sandbox: &Container, workspace: &Workspace) -> Container {
    let bind = |source: &str, target: &str| Mount {
        kind: MountKind::Bind,
        source: source.to_owned(),
        target: target.to_owned(),
        readonly: true,
        size_bytes: None,
    };
    let mut mounts: Vec<Mount> =
        workspace.source.iter().map(|source| bind(source, workspace.target.as_str())).collect();
    mounts.extend([bind(PROGRAMS, PROGRAMS_TARGET), bind(FILES, FILES_TARGET)]);
    Container {
        user: USER.to_owned(),
        user_name: "root".to_owned(),
        home: "/root".to_owned(),
        cap_add: SETUP_CAPABILITIES.map(str::to_owned).into(),
        readonly_rootfs: false,
        mounts,
        env: BTreeMap::new(),
        remote_env: environment(sandbox),
        command: sandbox.command.iter().take(2).cloned().collect(),
        stop_signal: None,
        ..sandbox.clone()
    }
}

/// What the commands get: what those of the sandbox get, and a `sudo` that is found first.
fn environment(sandbox: &Container) -> BTreeMap<String, Option<String>> {
    let mut env: BTreeMap<String, Option<String>> =
        sandbox.env.iter().map(|(name, value)| (name.clone(), Some(value.clone()))).collect();
    env.extend(sandbox.remote_env.clone());
    env.remove("GIT_CONFIG_SYSTEM");
    env.insert("HOME".to_owned(), Some("/root".to_owned()));
    env.insert("USER".to_owned(), Some("root".to_owned()));
    if let Some(Some(path)) = env.get_mut("PATH") {
        *path = format!("{SETUP_PROGRAMS}:{path}");
    }
    env
}

//! A container as strict as a sandbox with nothing of a project in it: it measures the network that it is on.

pub(super) mod started;

use crate::harden::PROBE;
use crate::plan::model::{Container, Mount, MountKind, PROGRAMS};
use crate::sandbox::protocol::PROGRAMS_TARGET;

/// Nobody.
const USER: &str = "65534:65534";

/// Returns it, with the limits and everything else of a planned one.
pub(super) fn container(planned: &Container, name: &str, hostname: &str) -> Container {
    Container {
        name: name.to_owned(),
        image: None,
        build: None,
        user: USER.to_owned(),
        readonly_rootfs: true,
        mounts: vec![Mount {
            kind: MountKind::Bind,
            source: PROGRAMS.to_owned(),
            target: PROGRAMS_TARGET.to_owned(),
            readonly: true,
            size_bytes: None,
        }],
        env: [].into(),
        remote_env: [].into(),
        command: vec!["init".to_owned(), PROBE.to_owned()],
        hostname: hostname.to_owned(),
        extra_hosts: [].into(),
        stop_signal: None,
        ..planned.clone()
    }
}

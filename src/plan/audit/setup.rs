//! The set-up container: the sandbox's own restrictions, but for what makes it one.

use super::{Check, Report, container, environment, identity, limits};
use crate::plan::Plan;
use crate::plan::model::{Container, Mount, MountKind};
use crate::policy::Policy;

/// What root may do in it, and nobody anywhere else.
const CAPABILITIES: [&str; 5] = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"];

pub(super) fn check(plan: &Plan, policy: &Policy, report: &mut Report) {
    let mut scope = report.below("/setup");
    let needed = plan.lifecycle.iter().any(|hook| hook.setup);
    scope.require(plan.setup.is_some() == needed, Check::Setup, "", needed);
    let (Some(setup), Some(sandbox)) = (&plan.setup, plan.containers.first()) else { return };
    scope.require(setup.user == "0:0", Check::Setup, "/user", &setup.user);
    scope.require(setup.cap_add == CAPABILITIES, Check::Setup, "/capAdd", &setup.cap_add);
    scope.require(setup.env.is_empty(), Check::Setup, "/env", setup.env.keys());
    let same = setup.image == sandbox.image && setup.build == sandbox.build && setup.limits == sandbox.limits;
    scope.require(same, Check::Setup, "/image", (&setup.image, &setup.limits));
    scope.require(setup.command.len() == 2, Check::Setup, "/command", &setup.command);
    for (index, mount) in setup.mounts.iter().enumerate() {
        scope.require(is_known(plan, mount), Check::Setup, format!("/mounts/{index}"), mount);
    }
    // In everything else it is judged as a sandbox is.
    let variables = setup.remote_env.iter().filter_map(|(name, value)| Some((name.clone(), value.clone()?)));
    let as_sandbox =
        Container { user: sandbox.user.clone(), cap_add: Vec::new(), env: variables.collect(), ..setup.clone() };
    container::check(&as_sandbox, policy, &mut scope);
    identity::check(plan, &as_sandbox, policy, &mut scope);
    limits::check(&as_sandbox, policy, &mut scope);
    environment::check(plan, &as_sandbox, &mut scope);
}

/// Nothing of the host can be written from it.
fn is_known(plan: &Plan, mount: &Mount) -> bool {
    let workspace = plan.workspace.source.as_deref().map(|source| (source, plan.workspace.target.as_str()));
    let own = [("${CLOISTER_PROGRAMS}", "/run/cloister/bin"), ("${CLOISTER_FILES}", "/run/cloister/files")].into_iter();
    let known = own.chain(workspace).any(|known| known == (mount.source.as_str(), mount.target.as_str()));
    known && mount.readonly && mount.kind == MountKind::Bind && mount.size_bytes.is_none()
}

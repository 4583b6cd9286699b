//! The independent checker: whether a plan keeps what cloister promises, judged from the plan and the policy alone.
//!
//! Invariant: shares no code with [`crate::harden`] and trusts nothing that it says; a mistake there is found here.

mod container;
mod environment;
mod identity;
mod lifecycle;
mod limits;
mod mounts;
mod network;
mod setup;
mod verdict;
mod words;

use std::fmt;

use super::Plan;
use super::model::Container;
use crate::policy::Policy;

/// One broken promise. A plan that has any is never applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which promise.
    pub check: Check,
    /// JSON pointer into the plan.
    pub place: String,
    /// What stands there.
    pub seen: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {} (found {})", self.place, self.check.promise(), self.seen)
    }
}

macro_rules! checks {
    ($($variant:ident = $promise:literal,)+) => {
        /// What a plan promises.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Check {
            $(
                #[doc = $promise]
                $variant,
            )+
        }

        impl Check {
            /// Returns the promise as a lower-case fragment.
            pub fn promise(self) -> &'static str {
                match self { $(Self::$variant => $promise,)+ }
            }
        }
    };
}

checks! {
    Verdict = "a plan is refused exactly when one of its findings says so, or is about a build and waits for approval",
    RefusedRunsNothing = "a refused plan holds nothing that could run",
    ReadyIsComplete = "a ready plan has a container, a network and a proxy",
    Capabilities = "every capability is dropped and none added",
    Privileged = "no container is privileged",
    EngineInit = "the engine's own init is off",
    SecurityOptions = "no-new-privileges and one seccomp profile are set, nothing else",
    User = "processes run as a number:number that is not root",
    Account = "the account has a plausible name and home",
    MountSource = "a mount comes from the workspace, from cloister, from memory, from a volume of this sandbox, or was approved",
    MountTarget = "a mount's target is absolute, normalised, unique and not reserved",
    MountReadOnly = "cloister's own programs and files are read-only",
    WorkspacePath = "the paths of the workspace are absolute and normalised",
    WorkspaceMount = "the workspace is mounted once, at its target",
    Protection = "what host tools execute or trust in the workspace cannot be changed from inside",
    Ports = "no port is published",
    Devices = "no device is given",
    Namespaces = "every namespace is the container's own",
    Limits = "every limit is set and within the policy's caps",
    Sysctls = "kernel parameters turn IPv6 off and do nothing else",
    Entrypoint = "process 1 is cloister's init, which probes first",
    StopSignal = "the stop signal is a signal",
    Logging = "logs stay in the engine's own files",
    Strict = "nothing of the image can be written where the policy says so",
    Restart = "nothing restarts by itself",
    EnvironmentName = "variables have possible names and values",
    ProxyEnvironment = "both spellings of the proxy variables lead to the guardian, and only loopback is exempt",
    PassedVariable = "only variables that the user's policy names are passed",
    Name = "names in the engine belong to this sandbox",
    Labels = "labels are cloister's own or the three of Dev Containers",
    HostName = "no name inside imitates the guardian or the host",
    Image = "a container has one image: a reference, or a build that is behind the guardian unless it was approved",
    Network = "the network is internal, allocated at start, and its resolver is dead",
    Proxy = "the proxy is the guardian, with the sandbox's token",
    Allowlist = "only what the policy allows may be reached, and everything that it denies is denied",
    HostHook = "a command runs on the host only where its exact text was approved",
    Hook = "lifecycle commands run as the container's user, or as root in the set-up phase",
    Approval = "a command runs as root, and a build is let past the policy, only where its exact text was approved",
    Setup = "the set-up container is root with five capabilities, writes nothing of the host, and is as strict in the rest",
    Placeholder = "no value smuggles in a placeholder that is filled in at start",
}

/// Returns every broken promise, in the order of the plan.
pub fn audit(plan: &Plan, policy: &Policy) -> Vec<Violation> {
    let mut report = Report::default();
    verdict::check(plan, &mut report);
    for (index, container) in plan.containers.iter().enumerate() {
        let mut report = report.below(format!("/containers/{index}"));
        check_container(plan, policy, container, &mut report);
    }
    network::check(plan, policy, &mut report);
    setup::check(plan, policy, &mut report);
    lifecycle::check(plan, policy, &mut report);
    environment::check_passed(plan, policy, &mut report);
    report.violations
}

fn check_container(plan: &Plan, policy: &Policy, container: &Container, report: &mut Scope<'_>) {
    container::check(container, policy, report);
    identity::check(plan, container, policy, report);
    mounts::check(plan, container, policy, report);
    limits::check(container, policy, report);
    environment::check(plan, container, report);
}

#[derive(Default)]
struct Report {
    violations: Vec<Violation>,
}

impl Report {
    fn below(&mut self, prefix: impl Into<String>) -> Scope<'_> {
        Scope { prefix: prefix.into(), violations: &mut self.violations }
    }
}

/// Collects violations below one place of the plan.
struct Scope<'a> {
    prefix: String,
    violations: &'a mut Vec<Violation>,
}

impl Scope<'_> {
    fn require(&mut self, holds: bool, check: Check, place: impl fmt::Display, seen: impl fmt::Debug) {
        if !holds {
            self.violations.push(Violation {
                check,
                place: format!("{}{place}", self.prefix),
                seen: format!("{seen:?}"),
            });
        }
    }
}

#[cfg(test)]
mod tests;

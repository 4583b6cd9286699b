//! Outcome, findings and shape agree.

use super::{Check, Report, words};
use crate::plan::Plan;
use crate::plan::finding::{Action, Code, Finding};
use crate::plan::model::{HookStatus, Verdict};

pub(super) fn check(plan: &Plan, report: &mut Report) {
    let mut scope = report.below("");
    let refused = plan.outcome == Verdict::Refused;
    let stops = |finding: &&Finding| {
        let build = [Code::BuildNetwork, Code::BuildFrontend].contains(&finding.code);
        finding.action == Action::Refused || finding.action == Action::NeedsApproval && build
    };
    let refusing = plan.findings.iter().filter(stops).count();
    scope.require(refused == (refusing > 0), Check::Verdict, "/outcome", (plan.outcome, refusing));
    if refused {
        let empty =
            plan.containers.is_empty() && plan.setup.is_none() && plan.network.is_none() && plan.proxy.is_none();
        let idle = plan.lifecycle.iter().all(|hook| hook.status != HookStatus::Run);
        scope.require(empty, Check::RefusedRunsNothing, "/containers", plan.containers.len());
        scope.require(idle, Check::RefusedRunsNothing, "/lifecycle", plan.lifecycle.len());
        return;
    }
    let complete = !plan.containers.is_empty() && plan.network.is_some() && plan.proxy.is_some();
    scope.require(complete, Check::ReadyIsComplete, "/containers", plan.containers.len());
    let workspace = &plan.workspace;
    let source = workspace.source.as_ref().map(|source| ("/workspace/source", source));
    let places = [("/workspace/target", &workspace.target), ("/workspace/folder", &workspace.folder)];
    for (place, path) in source.into_iter().chain(places) {
        scope.require(words::is_normal_path(path), Check::WorkspacePath, place, path);
        scope.require(!words::has_placeholder(path), Check::Placeholder, place, path);
    }
}

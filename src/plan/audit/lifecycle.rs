//! Lifecycle commands: none on the host but what was approved, none as somebody else.

use super::{Check, Report};
use crate::plan::Plan;
use crate::plan::model::{HookStatus, Place};
use crate::policy::Policy;
use crate::trust::Request;

/// Every hook that the specification has.
const HOOKS: [&str; 6] = ["initialize", "onCreate", "updateContent", "postCreate", "postStart", "postAttach"];

pub(super) fn check(plan: &Plan, policy: &Policy, report: &mut Report) {
    let mut scope = report.below("/lifecycle");
    let user = plan.containers.first().map(|container| container.user.as_str());
    for (index, hook) in plan.lifecycle.iter().enumerate() {
        let place = format!("/{index}");
        let on_host = hook.place == Place::Host || hook.hook == "initialize";
        let text = Request::initialize_digest(&hook.name, &hook.command, hook.script.as_deref());
        let told = hook.hook == "initialize" && hook.place == Place::Host && policy.approvals.contains(&text);
        scope.require(
            !on_host || hook.status != HookStatus::Run || told,
            Check::HostHook,
            &place,
            (&hook.hook, hook.status),
        );
        scope.require(HOOKS.contains(&hook.hook.as_str()), Check::Hook, format!("{place}/hook"), &hook.hook);
        let own = match hook.setup {
            true => hook.user == "0:0" && !on_host && hook.status == HookStatus::Run,
            false => user.is_none_or(|user| hook.user == user),
        };
        scope.require(on_host || own, Check::Hook, format!("{place}/user"), &hook.user);
        let digest = Request::root_setup(&hook.hook, &hook.name, &hook.command).digest;
        let approved = !hook.setup || policy.approvals.contains(&digest);
        scope.require(approved, Check::Approval, format!("{place}/setup"), &hook.command);
        let clean = !hook.command.iter().any(|word| word.contains('\0'));
        let possible = clean && !hook.command.is_empty();
        scope.require(
            possible || hook.status != HookStatus::Run,
            Check::Hook,
            format!("{place}/command"),
            &hook.command,
        );
    }
}

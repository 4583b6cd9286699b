//! What a Dockerfile would fetch behind the guardian's back, or be given (SEC-35, SEC-86).

use std::collections::BTreeMap;

use super::super::draft::{Context, Draft};
use super::super::environment::is_proxy_variable;
use super::super::syntax::image;
use crate::config::dockerfile::Dockerfile;
use crate::diagnostic::Level;
use crate::plan::finding::{Action, Code, Finding, Severity};
use crate::policy::registries;
use crate::source::{Origin, Spanned};

/// Reports what stands in it; `origin` is where the configuration names it.
pub(super) fn report(
    draft: &mut Draft,
    context: &Context<'_>,
    origin: &Origin,
    dockerfile: &Dockerfile,
    args: &BTreeMap<String, String>,
) {
    for mistake in dockerfile.diagnostics.iter().filter(|mistake| mistake.level == Level::Error) {
        let place = Origin { pointer: mistake.pointer.clone(), location: Some(mistake.location.clone()) };
        draft.note(Code::BuildPath, Severity::Medium, Action::Refused, &place, &mistake.label, &mistake.message);
    }
    if let Some(syntax) = &dockerfile.syntax {
        let reason = "a frontend is a program that the engine downloads and runs for this build";
        let found = waiting(Code::BuildFrontend, Severity::High, syntax, reason);
        draft.findings.push(found.help("without the line, the engine's own builder reads the Dockerfile"));
    }
    for fetch in dockerfile.fetches() {
        let reason = "the engine itself would fetch this, from your machine's own network";
        let found = waiting(Code::BuildNetwork, Severity::Critical, &fetch, reason);
        draft.findings.push(found.help("a RUN step with curl or git fetches through the guardian"));
    }
    let grants = dockerfile.run_grants();
    for grant in &grants {
        let reason = "would give a build step the host's network, its secrets, or privileges";
        draft.findings.push(waiting(Code::BuildNetwork, Severity::High, grant, reason));
    }
    images(draft, context, dockerfile, args);
    beyond_classic(draft, dockerfile, &grants);
    proxies(draft, dockerfile);
    if dockerfile.runs_commands() {
        draft.findings.push(
            Finding::new(
                Code::BuildNetwork,
                Severity::High,
                Action::Replaced,
                origin,
                "RUN steps with the engine's network",
                "what a build step downloads is code that runs",
            )
            .effective("RUN steps behind the guardian"),
        );
    }
}

fn waiting(code: Code, severity: Severity, found: &Spanned<String>, reason: &str) -> Finding {
    Finding::new(code, severity, Action::NeedsApproval, &found.origin, &found.value, reason)
}

/// The engine pulls what it does not have, from the host's own network.
fn images(draft: &mut Draft, context: &Context<'_>, dockerfile: &Dockerfile, args: &BTreeMap<String, String>) {
    for found in dockerfile.images(args).into_iter().chain(dockerfile.images_on_build()) {
        let Ok(reference) = image::parse(&found.value) else {
            let reason = "it cannot be told which image the engine would fetch for this";
            let finding = waiting(Code::BuildNetwork, Severity::High, &found, reason);
            draft.findings.push(finding.help("name the image, or give its ARG a default"));
            continue;
        };
        if !registries::is_listed(context.policy, &reference.domain) {
            let reason = "the engine itself would fetch this, from a registry that your policy does not list";
            let finding = waiting(Code::BuildNetwork, Severity::High, &found, reason);
            let help = format!("if you trust it, add \"{}\" to allow in config.json5", reference.domain);
            draft.findings.push(finding.help(help));
        }
    }
}

fn beyond_classic(draft: &mut Draft, dockerfile: &Dockerfile, grants: &[Spanned<String>]) {
    for found in dockerfile.beyond_classic().into_iter().filter(|found| !grants.contains(found)) {
        let reason = "only BuildKit knows this, and its steps do not run behind the guardian";
        draft.findings.push(
            Finding::new(Code::NotYet, Severity::Medium, Action::Refused, &found.origin, &found.value, reason)
                .help("write the step without it"),
        );
    }
}

/// A declared variable becomes part of the image's history, and the guardian's address holds a secret.
fn proxies(draft: &mut Draft, dockerfile: &Dockerfile) {
    let may_be = |name: &str| is_proxy_variable(name) || name.contains('$');
    for found in dockerfile.declared().into_iter().filter(|name| may_be(&name.value)) {
        let reason = "builders know this variable without ARG; declared, its value would be kept in the image";
        draft.findings.push(
            Finding::new(Code::ReservedEnv, Severity::Low, Action::Replaced, &found.origin, &found.value, reason)
                .effective("no value")
                .help("remove the ARG: RUN steps get the guardian's address without it"),
        );
    }
}

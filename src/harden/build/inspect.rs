//! What a Dockerfile would fetch behind the guardian's back, or be given (SEC-35, SEC-86).

use std::collections::BTreeMap;

use super::super::draft::{Context, Draft};
use super::super::environment::is_proxy_variable;
use super::super::syntax::image;
use crate::config::dockerfile::{Dockerfile, is_repository};
use crate::diagnostic::Level;
use crate::plan::finding::{Action, Code, Finding, Severity};
use crate::policy::registries;
use crate::source::{Origin, Spanned};

/// Reports what stands in it, and tells whether the user can approve something of it; `origin` is where the configuration
/// names it, `approved` whether that was done for this exact text.
pub(super) fn report(
    draft: &mut Draft,
    context: &Context<'_>,
    origin: &Origin,
    dockerfile: &Dockerfile,
    args: &BTreeMap<String, String>,
    approved: bool,
) -> bool {
    for mistake in dockerfile.diagnostics.iter().filter(|mistake| mistake.level == Level::Error) {
        let place = Origin { pointer: mistake.pointer.clone(), location: Some(mistake.location.clone()) };
        draft.note(Code::BuildPath, Severity::Medium, Action::Refused, &place, &mistake.label, &mistake.message);
    }
    let mut asked = Vec::new();
    if let Some(syntax) = &dockerfile.syntax {
        let reason = "a frontend is a program that the engine downloads and runs for this build";
        let instead = "the engine's own builder, which reads the Dockerfile without it";
        let help = "without the line, the engine's own builder reads the Dockerfile".to_owned();
        let found = Asked::new(Code::BuildFrontend, Severity::High, syntax, reason);
        asked.push(Asked { effective: instead, help, ..found });
    }
    let (repositories, files): (Vec<_>, Vec<_>) =
        dockerfile.fetches().into_iter().partition(|fetch| is_repository(&fetch.value));
    for fetch in &files {
        let reason = "the engine itself would fetch this, from your machine's own network";
        let help = "a RUN step with curl fetches through the guardian".to_owned();
        asked.push(Asked { help, ..Asked::new(Code::BuildNetwork, Severity::Critical, fetch, reason) });
    }
    for fetch in &repositories {
        let reason = "only BuildKit clones a repository, from your machine's own network";
        let finding = refused(Code::BuildNetwork, Severity::Critical, fetch, reason);
        draft.findings.push(finding.help("a RUN step with git clones through the guardian"));
    }
    let grants = dockerfile.run_grants();
    for grant in &grants {
        let reason = "would give a build step the host's network, its secrets, or privileges; no approval does";
        draft
            .findings
            .push(refused(Code::BuildNetwork, Severity::High, grant, reason).help("write the step without it"));
    }
    let images: Vec<_> = dockerfile.images(args).into_iter().chain(dockerfile.images_on_build()).collect();
    asked.extend(unlisted(draft, context, &images));
    let asks = !asked.is_empty();
    draft.findings.extend(asked.into_iter().map(|one| one.finding(approved)));
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
    asks
}

/// Something that the user can approve, together with everything else of this Dockerfile.
struct Asked<'a> {
    code: Code,
    severity: Severity,
    found: &'a Spanned<String>,
    reason: &'a str,
    /// What happens once it is approved; empty for what stands there.
    effective: &'a str,
    help: String,
}

impl<'a> Asked<'a> {
    fn new(code: Code, severity: Severity, found: &'a Spanned<String>, reason: &'a str) -> Self {
        Self { code, severity, found, reason, effective: "", help: String::new() }
    }

    fn finding(self, approved: bool) -> Finding {
        let Self { code, severity, found, reason, effective, help } = self;
        let finding =
            |action, reason: String| Finding::new(code, severity, action, &found.origin, &found.value, reason);
        if !approved {
            let otherwise = if help.is_empty() { String::new() } else { format!("{help}; ") };
            let help = format!("{otherwise}to allow this exact Dockerfile: cloister trust --build");
            return finding(Action::NeedsApproval, reason.to_owned()).help(help);
        }
        let action = if effective.is_empty() { Action::Kept } else { Action::Replaced };
        let effective = if effective.is_empty() { &found.value } else { effective };
        finding(action, format!("you approved this exact Dockerfile; {reason}"))
            .effective(effective)
            .help("to take that back: cloister trust --revoke --build")
    }
}

fn refused(code: Code, severity: Severity, found: &Spanned<String>, reason: &str) -> Finding {
    Finding::new(code, severity, Action::Refused, &found.origin, &found.value, reason)
}

/// The engine pulls what it does not have, from the host's own network. Returns what comes from other registries than
/// those of the policy.
fn unlisted<'a>(draft: &mut Draft, context: &Context<'_>, images: &'a [Spanned<String>]) -> Vec<Asked<'a>> {
    let mut asked = Vec::new();
    for found in images {
        let Ok(reference) = image::parse(&found.value) else {
            let reason = "it cannot be told which image the engine would fetch for this";
            let finding = refused(Code::BuildNetwork, Severity::High, found, reason);
            draft.findings.push(finding.help("name the image, or give its ARG a default"));
            continue;
        };
        if !registries::is_listed(context.policy, &reference.domain) {
            let reason = "the engine itself would fetch this, from a registry that your policy does not list";
            let help = format!("if you trust it, add \"{}\" to allow in config.json5", reference.domain);
            asked.push(Asked { help, ..Asked::new(Code::BuildNetwork, Severity::High, found, reason) });
        }
    }
    asked
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

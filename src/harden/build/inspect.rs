//! What a Dockerfile would fetch behind the guardian's back, or be given (SEC-35, SEC-86).

mod steps;

use std::collections::{BTreeMap, BTreeSet};

use super::super::draft::{Context, Draft};
use super::super::environment::is_proxy_variable;
use super::super::syntax::image;
use super::way::{Way, beyond_classic};
use crate::config::dockerfile::{Builder, Dockerfile, is_repository, needs_key};
use crate::diagnostic::Level;
use crate::plan::finding::{Action, Code, Finding, Severity};
use crate::plan::model::BuildNetwork;
use crate::policy::registries;
use crate::source::{Origin, Spanned};
use crate::trust::Opens;

/// A Dockerfile with what decides about it.
#[derive(Clone, Copy)]
pub(super) struct Judged<'a> {
    /// Where the configuration names it.
    pub(super) origin: &'a Origin,
    pub(super) dockerfile: &'a Dockerfile,
    pub(super) args: &'a BTreeMap<String, String>,
    pub(super) way: Way,
    /// Whether what can be approved of it was, for this exact text.
    pub(super) approved: bool,
}

/// Reports what stands in it, and returns what an approval of it would mean; nothing where it asks for none.
pub(super) fn report(draft: &mut Draft, context: &Context<'_>, judged: Judged<'_>) -> Vec<Opens> {
    let Judged { dockerfile, args, way, approved, .. } = judged;
    for mistake in dockerfile.diagnostics.iter().filter(|mistake| mistake.level == Level::Error) {
        let place = Origin { pointer: mistake.pointer.clone(), location: Some(mistake.location.clone()) };
        draft.note(Code::BuildPath, Severity::Medium, Action::Refused, &place, &mistake.label, &mistake.message);
    }
    let mut asked: Vec<Asked> = dockerfile.syntax.iter().map(frontend).collect();
    asked.extend(fetched(draft, dockerfile));
    let images: Vec<_> = dockerfile.images(args).into_iter().chain(dockerfile.images_on_build()).collect();
    asked.extend(unlisted(draft, context, &images));
    asked.extend(steps::flags(draft, judged));
    let network = match way.network {
        BuildNetwork::Engine => Opens::EngineNetwork,
        BuildNetwork::Host => Opens::HostNetwork,
        BuildNetwork::None | BuildNetwork::Guardian => Opens::Unlimited,
    };
    asked.extend(beyond_classic(dockerfile).iter().map(|found| new(found, network)));
    asked.extend(steps::network(draft, judged));
    let by_buildkit = (way.builder == Builder::BuildKit).then_some(network);
    let opens: BTreeSet<Opens> = asked.iter().map(|one| one.opens).chain(by_buildkit).collect();
    let opens = if asked.is_empty() { BTreeSet::new() } else { opens };
    draft.findings.extend(asked.into_iter().map(|one| one.finding(approved)));
    if dockerfile.sent(way.builder).is_none() {
        let reason = "it cannot be told which flags of a RUN belong to whom";
        let finding = Finding::new(Code::BuildPath, Severity::Medium, Action::Refused, judged.origin, "RUN", reason);
        draft.findings.push(finding.help("write each flag of RUN in one piece, and no comment between them"));
    }
    proxies(draft, dockerfile);
    opens.into_iter().collect()
}

fn frontend(syntax: &Spanned<String>) -> Asked {
    let reason = "a frontend is a program that the engine downloads and runs for this build";
    let found = Asked::new(Code::BuildFrontend, Severity::High, syntax, reason, Opens::WithoutFrontend);
    let help = "without the line, the engine's own builder reads the Dockerfile".to_owned();
    Asked { effective: "the engine's own builder, which reads the Dockerfile without it", help, ..found }
}

/// What `ADD` has the engine fetch.
fn fetched(draft: &mut Draft, dockerfile: &Dockerfile) -> Vec<Asked> {
    let (keyed, open): (Vec<_>, Vec<_>) = dockerfile.fetches().into_iter().partition(|fetch| needs_key(&fetch.value));
    for fetch in &keyed {
        let reason = "nobody clones this without a key of yours, and no build gets one";
        let finding = refused(Code::BuildNetwork, Severity::Critical, fetch, reason);
        draft.findings.push(finding.help("name its https address, or clone it outside and copy it"));
    }
    let asked = open.iter().map(|fetch| {
        let (reason, help) = if is_repository(&fetch.value) {
            (
                "BuildKit would clone this, from your machine's own network",
                "a RUN step with git clones through the guardian",
            )
        } else {
            (
                "the engine itself would fetch this, from your machine's own network",
                "a RUN step with curl fetches through the guardian",
            )
        };
        Asked::new(Code::BuildNetwork, Severity::Critical, fetch, reason, Opens::Fetch).help(help)
    });
    asked.collect()
}

/// What only BuildKit knows.
fn new(found: &Spanned<String>, network: Opens) -> Asked {
    let reason = "only BuildKit knows this, and its steps do not run behind the guardian";
    Asked::new(Code::BuildNetwork, Severity::Medium, found, reason, network).help("write the step without it")
}

/// Something that the user can approve, together with everything else of this Dockerfile.
pub(super) struct Asked {
    code: Code,
    severity: Severity,
    found: Spanned<String>,
    reason: &'static str,
    /// What happens once it is approved; empty for what stands there.
    effective: &'static str,
    help: String,
    opens: Opens,
}

impl Asked {
    fn new(code: Code, severity: Severity, found: &Spanned<String>, reason: &'static str, opens: Opens) -> Self {
        Self { code, severity, found: found.clone(), reason, effective: "", help: String::new(), opens }
    }

    fn help(self, help: impl Into<String>) -> Self {
        Self { help: help.into(), ..self }
    }

    fn finding(self, approved: bool) -> Finding {
        let Self { code, severity, found, reason, effective, help, opens: _ } = self;
        let finding =
            |action, reason: String| Finding::new(code, severity, action, &found.origin, &found.value, reason);
        if !approved {
            let otherwise = if help.is_empty() { String::new() } else { format!("{help}; ") };
            let help = format!("{otherwise}to allow this exact Dockerfile: cloister trust --build");
            return finding(Action::NeedsApproval, reason.to_owned()).help(help);
        }
        let action = if effective.is_empty() { Action::Kept } else { Action::Replaced };
        let effective = if effective.is_empty() { found.value.as_str() } else { effective };
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
fn unlisted(draft: &mut Draft, context: &Context<'_>, images: &[Spanned<String>]) -> Vec<Asked> {
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
            asked.push(Asked::new(Code::BuildNetwork, Severity::High, found, reason, Opens::Fetch).help(help));
        }
    }
    asked
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

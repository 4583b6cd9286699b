//! The plan of a file that cannot be read: refused, with the reasons, and nothing in it.

use super::VERSION;
use crate::diagnostic::{Diagnostic, Kind, Level};
use crate::facts::HostFacts;
use crate::ident::display_name;
use crate::plan::canonical;
use crate::plan::finding::{Action, Code, Finding, Severity};
use crate::plan::model::{ConfigKind, ConfigSummary, FactsSummary, Plan, Verdict, Workspace};
use crate::source::Origin;
use crate::ui::text::quoted;

/// Returns the refused plan of a file with errors; a partial configuration is never used.
pub fn refuse_file(config: ConfigSummary, diagnostics: &[Diagnostic], host: &HostFacts) -> Plan {
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.level == Level::Error);
    refused(config, errors.map(finding).collect(), host)
}

/// Returns the refused plan of a folder with several configurations, by their paths; no choice is made for the user.
pub fn refuse_choice(found: &[String], host: &HostFacts) -> Plan {
    let reason = "the folder has several configurations, and nothing says which one is meant";
    let example = host.folder.join(found.first().map_or("", String::as_str));
    let finding = Finding::new(
        Code::SeveralConfigurations,
        Severity::Medium,
        Action::Refused,
        &Origin::default(),
        found.join(", "),
        reason,
    );
    let help = format!("name one of {}: --config {}", found.join(", "), quoted(&example.to_string_lossy()));
    let config = ConfigSummary { path: None, kind: ConfigKind::Default, digest: None, name: None };
    refused(config, vec![finding.help(help)], host)
}

fn refused(config: ConfigSummary, findings: Vec<Finding>, host: &HostFacts) -> Plan {
    let target = format!("/workspaces/{}", display_name(&host.folder));
    let mut plan = Plan {
        version: VERSION,
        digest: String::new(),
        outcome: Verdict::Refused,
        facts: FactsSummary::default(),
        config,
        workspace: Workspace { source: None, target: target.clone(), folder: target, clone: None },
        containers: Vec::new(),
        setup: None,
        network: None,
        proxy: None,
        lifecycle: Vec::new(),
        passed_env: Vec::new(),
        findings,
    };
    plan.digest = canonical::digest(&plan);
    plan
}

fn finding(diagnostic: &Diagnostic) -> Finding {
    let (code, severity) = match diagnostic.kind {
        Kind::ParseError => (Code::ParseError, Severity::Medium),
        Kind::DuplicateKey => (Code::DuplicateKey, Severity::High),
        Kind::TypeError => (Code::TypeError, Severity::Medium),
        Kind::UnknownProperty | Kind::UnusedProperty => (Code::UnknownProperty, Severity::Low),
    };
    let origin = Origin { pointer: diagnostic.pointer.clone(), location: Some(diagnostic.location.clone()) };
    Finding::new(code, severity, Action::Refused, &origin, diagnostic.label.clone(), diagnostic.message.clone())
        .help(diagnostic.help.clone().unwrap_or_default())
}

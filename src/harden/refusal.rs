//! The plan of a file that cannot be read: refused, with the reasons, and nothing in it.

use super::VERSION;
use crate::diagnostic::{Diagnostic, Kind, Level};
use crate::facts::HostFacts;
use crate::ident::display_name;
use crate::plan::canonical;
use crate::plan::finding::{Action, Code, Finding, Severity};
use crate::plan::model::{ConfigSummary, FactsSummary, Plan, Verdict, Workspace};
use crate::source::Origin;

/// Returns the refused plan of a file with errors; a partial configuration is never used.
pub fn refuse_file(config: ConfigSummary, diagnostics: &[Diagnostic], host: &HostFacts) -> Plan {
    let target = format!("/workspaces/{}", display_name(&host.folder));
    let mut plan = Plan {
        version: VERSION,
        digest: String::new(),
        outcome: Verdict::Refused,
        facts: FactsSummary::default(),
        config,
        workspace: Workspace { source: None, target: target.clone(), folder: target },
        containers: Vec::new(),
        network: None,
        proxy: None,
        lifecycle: Vec::new(),
        passed_env: Vec::new(),
        findings: diagnostics.iter().filter(|diagnostic| diagnostic.level == Level::Error).map(finding).collect(),
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

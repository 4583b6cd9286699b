//! `RUN`: the network of its steps, and what single ones ask for.

use super::{Asked, Draft, Judged, refused};
use crate::config::dockerfile::{Asks, Builder, StepFlag};
use crate::plan::finding::{Action, Code, Finding, Severity};
use crate::plan::model::BuildNetwork;
use crate::source::Spanned;
use crate::trust::Opens;

/// Reports the flags, and returns those that the user can approve.
pub(super) fn flags(draft: &mut Draft, judged: Judged<'_>) -> Vec<Asked> {
    let flags = judged.dockerfile.step_flags();
    flags.iter().filter_map(|flag| of_flag(draft, judged, flag)).collect()
}

fn of_flag(draft: &mut Draft, judged: Judged<'_>, StepFlag { asks, flag }: &StepFlag) -> Option<Asked> {
    let is_classic = judged.way.builder == Builder::Classic;
    let asked = |severity, reason, opens| Some(Asked::new(Code::BuildNetwork, severity, flag, reason, opens));
    match asks {
        Asks::HostNetwork => {
            let reason = "every step would run in your machine's own network, where localhost is in reach";
            let asked = asked(Severity::Critical, reason, Opens::HostNetwork)?;
            return Some(asked.help("without it, the step runs behind the guardian"));
        }
        Asks::Secret => {
            let reason = "it asks for a secret or a key of yours; none is handed over, and the step runs without it";
            let asked = asked(Severity::High, reason, Opens::WithoutSecret)?;
            return Some(Asked { effective: "the step without it", ..asked }.help("write the step without it"));
        }
        Asks::Cache if is_classic => {
            let reason = "whoever builds on this engine and names that cache gets the same one";
            draft.findings.push(replaced(flag, reason, "the step without it, and what it keeps there in the image"));
        }
        Asks::Cache => {
            let reason = "whoever builds on this engine and names that cache gets the same one";
            let asked = asked(Severity::Medium, reason, Opens::SharedCache)?;
            return Some(asked.help("write the step without it"));
        }
        Asks::NoNetwork if is_classic && judged.way.network != BuildNetwork::None => {
            let reason = "the engine's classic builder has one network for all steps, and others need it";
            draft.findings.push(replaced(flag, reason, "the step behind the guardian, as every other"));
        }
        Asks::RequiredSecret => {
            let reason = "the step fails without a secret or a key of yours, and no build gets one";
            let finding = refused(Code::BuildNetwork, Severity::High, flag, reason);
            draft.findings.push(finding.help("leave out `required`, and let the step do without it"));
        }
        Asks::More => {
            let reason = "would give a build step privileges or devices; no approval does";
            let finding = refused(Code::BuildNetwork, Severity::High, flag, reason);
            draft.findings.push(finding.help("write the step without it"));
        }
        // What only BuildKit knows is told with the rest of that.
        Asks::SameNetwork | Asks::NoNetwork | Asks::Mount => {}
    }
    None
}

fn replaced(flag: &Spanned<String>, reason: &str, effective: &str) -> Finding {
    Finding::new(Code::BuildNetwork, Severity::Low, Action::Replaced, &flag.origin, &flag.value, reason)
        .effective(effective)
}

/// Reports the network of all steps, or returns it where the user must approve it.
pub(super) fn network(draft: &mut Draft, judged: Judged<'_>) -> Option<Asked> {
    let network = judged.way.network;
    let opens = match network {
        BuildNetwork::Host => Opens::HostNetwork,
        BuildNetwork::Engine => Opens::EngineNetwork,
        BuildNetwork::Guardian | BuildNetwork::None => {
            if judged.dockerfile.runs_commands() {
                let effective = if network == BuildNetwork::None {
                    "RUN steps without a network"
                } else {
                    "RUN steps behind the guardian"
                };
                let reason = "what a build step downloads is code that runs";
                let (requested, origin) = ("RUN steps with the engine's network", judged.origin);
                let finding =
                    Finding::new(Code::BuildNetwork, Severity::High, Action::Replaced, origin, requested, reason);
                draft.findings.push(finding.effective(effective));
            }
            return None;
        }
    };
    let whose = if network == BuildNetwork::Host { "your machine's own network" } else { "the engine's own network" };
    let found = Spanned::new(format!("RUN steps in {whose}"), judged.origin.clone());
    let reason = "BuildKit runs them as root and not behind the guardian: they reach the internet, your local network and services of this machine";
    let asked = Asked::new(Code::BuildNetwork, Severity::Critical, &found, reason, opens);
    Some(asked.help("without what only BuildKit knows, they run behind the guardian"))
}

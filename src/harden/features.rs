//! `features`: recognised and refused in this version, each with what would be wrong with it in any version.

use serde_json::Value;

use super::draft::Draft;
use crate::config::model::FeatureRequest;
use crate::plan::finding::{Action, Code, Finding, Severity};
use crate::source::{Origin, Spanned};
use crate::trust::Request;

/// Refuses every Feature, and names the ones that ask for more than building an image.
pub(super) fn refuse(draft: &mut Draft, features: &[Spanned<FeatureRequest>]) {
    let Some(first) = features.first() else { return };
    let parent = first.origin.pointer.rsplit_once('/').map_or("/features", |(parent, _)| parent).to_owned();
    let whole = Origin { pointer: parent, location: first.origin.location.clone() };
    draft.findings.push(
        Finding::new(
            Code::NotYet,
            Severity::Medium,
            Action::Refused,
            &whole,
            "features",
            "this version does not build Features",
        )
        .help("use an image that has them built in, for example one made with: devcontainer build"),
    );
    for feature in features {
        judge(draft, feature);
    }
}

fn judge(draft: &mut Draft, feature: &Spanned<FeatureRequest>) {
    let id = feature.value.id.as_str();
    let mut finding = |code, severity, action, reason: &str| {
        draft.findings.push(Finding::new(code, severity, action, &feature.origin, id, reason));
    };
    if brings_an_engine(id) {
        let reason = "brings a container engine or its socket: whoever holds it is root on the machine that runs it";
        finding(Code::FeatureDockerSocket, Severity::High, Action::Refused, reason);
    }
    if id.starts_with("http://") {
        finding(Code::FeatureSource, Severity::High, Action::Refused, "plain http: anyone on the way can replace it");
    } else if id.starts_with('/') || climbs(id) {
        finding(Code::FeaturePath, Severity::High, Action::Refused, "leads outside the configuration's folder");
    } else if !id.starts_with("./") && !id.contains("@sha256:") {
        let reason = "a tag can point to something else tomorrow; only a digest stays what it is";
        // Nothing waits: what is approved of it counts once a version builds Features.
        finding(Code::FeatureUnpinned, Severity::High, Action::Refused, reason);
        draft.requests.push(Request::feature(id, &feature.value.options));
    }
    for (name, value) in option_values(&feature.value.options) {
        if value.chars().any(|character| "\"'`$\\;&|<>\n\r".contains(character)) {
            let origin = Origin { pointer: format!("{}/{name}", feature.origin.pointer), ..feature.origin.clone() };
            draft.findings.push(
                Finding::new(
                    Code::FeatureOption,
                    Severity::High,
                    Action::Kept,
                    &origin,
                    value,
                    "other tools let root's shell evaluate this text while building",
                )
                .effective("quoted: the value stays text"),
            );
        }
    }
}

fn brings_an_engine(id: &str) -> bool {
    ["docker-in-docker", "docker-outside-of-docker", "docker-from-docker"].iter().any(|name| id.contains(name))
}

fn climbs(id: &str) -> bool {
    (id.starts_with("./") || id.starts_with("../")) && id.split('/').any(|part| part == "..")
}

fn option_values(options: &Value) -> Vec<(&str, &str)> {
    match options {
        Value::String(version) => vec![("version", version.as_str())],
        Value::Object(map) => {
            map.iter().filter_map(|(name, value)| value.as_str().map(|value| (name.as_str(), value))).collect()
        }
        _ => Vec::new(),
    }
}

//! `image`, and the default where there is no configuration.

use super::draft::{Context, Draft};
use super::syntax::image;
use crate::config::model::Text;
use crate::plan::finding::{Action, Code, Finding, Severity};
use crate::source::{Origin, Spanned};
use crate::ui::text::quoted;

/// Image of the default plan.
pub const DEFAULT_IMAGE: &str = "debian:bookworm";

/// Takes the image if it is one (SEC-12).
pub(super) fn take(draft: &mut Draft, asked: &Spanned<Text>) {
    let text = asked.value.value.as_str();
    match image::parse(text) {
        Err(error) => draft.findings.push(
            Finding::new(
                Code::ImageSyntax,
                Severity::Critical,
                Action::Refused,
                &asked.origin,
                text,
                error.to_string(),
            )
            .help("an image reads like name:tag or registry/name@sha256:…"),
        ),
        Ok(reference) => {
            if !reference.is_pinned() {
                draft.findings.push(
                    Finding::new(
                        Code::ImageUnpinned,
                        Severity::Info,
                        Action::Kept,
                        &asked.origin,
                        text,
                        "a tag can point to another image tomorrow",
                    )
                    .effective(text)
                    .help("pin it: name@sha256:…"),
                );
            }
            draft.image = Some(text.to_owned());
        }
    }
}

/// Takes the default image, for a folder that has no configuration or one that names nothing to run.
pub(super) fn take_default(draft: &mut Draft, context: &Context<'_>, has_file: bool) {
    draft.image = Some(DEFAULT_IMAGE.to_owned());
    let (requested, reason) = if has_file {
        ("no image, no Dockerfile, no Compose file", "the configuration names nothing to run")
    } else {
        ("no devcontainer.json", "the folder has no configuration")
    };
    let host = &context.facts.host;
    let help = if host.has_config_above {
        let root = quoted(&host.mount_root.to_string_lossy());
        format!("the one of {root} counts for that folder alone: cloister start {root}")
    } else {
        "write .devcontainer/devcontainer.json to choose another image".to_owned()
    };
    draft.findings.push(
        Finding::new(Code::ImageUnpinned, Severity::Info, Action::Added, &Origin::default(), requested, reason)
            .effective(DEFAULT_IMAGE)
            .help(help),
    );
}

//! `containerEnv` and `remoteEnv`: names are checked, the proxy's variables are cloister's, loaders are reported.

use super::draft::Draft;
use super::network;
use super::syntax::env;
use crate::config::model::Variable;
use crate::facts::ImageFacts;
use crate::plan::finding::{Action, Code, Finding, Severity};
use crate::plan::model::PLACEHOLDER;
use crate::sandbox::protocol::PROGRAMS_TARGET;
use crate::source::Origin;

/// Takes `containerEnv`.
pub(super) fn container(draft: &mut Draft, variables: &[Variable]) {
    for variable in variables {
        let value = variable.value.as_ref().map_or("", |text| text.value.as_str());
        if report_unfilled(draft, variable, value, true) {
            continue;
        }
        if accept(draft, Code::ReservedEnv, Severity::High, &variable.origin, &variable.name, value) {
            draft.env.insert(variable.name.clone(), value.to_owned());
        }
    }
}

/// Takes `remoteEnv`; a `null` unsets.
pub(super) fn remote(draft: &mut Draft, variables: &[Variable]) {
    for variable in variables {
        let value = variable.value.as_ref().map(|text| text.value.clone());
        let text = value.as_deref().unwrap_or("(unset)");
        if report_unfilled(draft, variable, text, false) {
            continue;
        }
        if accept(draft, Code::ReservedEnv, Severity::High, &variable.origin, &variable.name, text) {
            draft.remote_env.insert(variable.name.clone(), value);
        }
    }
}

/// Start of a variable that only `remoteEnv` answers: `containerEnv` is set before there is a container to ask.
const CONTAINER_ENV: &str = "${containerEnv:";

/// Why a path of programs with such a variable is left out.
pub(super) const UNFILLED: &str =
    "nobody fills in the variable in it, so no program would be found; the image's own path stays";
/// How it can be written.
pub(super) const UNFILLED_HELP: &str = "write it as \"remoteEnv\": { \"PATH\": \"${containerEnv:PATH}:…\" }";

/// Whether this value, in `containerEnv` or elsewhere, is a path of programs that holds a variable nobody fills in.
pub(crate) fn is_unfilled_path(name: &str, value: &str, in_container: bool) -> bool {
    let value = if in_container { value.to_owned() } else { value.replace(CONTAINER_ENV, "") };
    name == "PATH" && (value.contains("${") || value.contains("$PATH"))
}

/// Reports what nobody fills in; returns whether the variable is left out: with such a path, no program is found.
fn report_unfilled(draft: &mut Draft, variable: &Variable, value: &str, in_container: bool) -> bool {
    let written = format!("{}={value}", variable.name);
    let origin = &variable.origin;
    if is_unfilled_path(&variable.name, value, in_container) {
        draft.findings.push(
            Finding::new(Code::EnvName, Severity::Medium, Action::Removed, origin, written, UNFILLED)
                .help(UNFILLED_HELP),
        );
        return true;
    }
    if in_container && value.contains(CONTAINER_ENV) {
        let reason = "stays as it is written: containerEnv is set before there is a container to ask";
        draft.findings.push(
            Finding::new(Code::EnvName, Severity::Low, Action::Kept, origin, written.clone(), reason)
                .effective(written)
                .help("write it in remoteEnv, where ${containerEnv:…} is answered"),
        );
    }
    false
}

/// Path of programs in a container whose image names none (Moby, `oci.DefaultPathEnv`).
pub(crate) const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Takes what the image's own `ENV` may not say: a variable cannot be taken out of an image, so another value covers it.
pub(super) fn image(draft: &mut Draft, image: &ImageFacts) {
    for (name, value) in &image.env {
        let (covered, reason) = if name.eq_ignore_ascii_case("NO_PROXY") {
            (network::NO_PROXY.to_owned(), "what is not asked through the guardian is not answered")
        } else if is_proxy_variable(name) {
            (network::proxy_url(), "the way out is the guardian")
        } else if matches!(name.as_str(), "LD_PRELOAD" | "LD_AUDIT") {
            (String::new(), "would put code into every program that runs in the sandbox")
        } else {
            continue;
        };
        let pointer = format!("image:/Env/{}", name.replace('~', "~0").replace('/', "~1"));
        draft.findings.push(
            Finding::new(
                Code::ReservedEnv,
                Severity::Info,
                Action::Replaced,
                &Origin::unplaced(pointer),
                format!("{name}={value}"),
                reason,
            )
            .effective(format!("{name}={covered}")),
        );
        draft.env.insert(name.clone(), covered);
    }
}

/// Puts cloister's own programs on the path, behind everybody else's, where it is known.
pub(super) fn complete_path(draft: &mut Draft, image: Option<&ImageFacts>) {
    let own = draft.env.get("PATH").cloned();
    let given = image.map(|image| image.env.get("PATH").map_or(DEFAULT_PATH, String::as_str).to_owned());
    if let Some(path) = own.or(given) {
        draft.env.insert("PATH".to_owned(), with_programs(&path));
    }
    if let Some(Some(path)) = draft.remote_env.get_mut("PATH") {
        *path = with_programs(path);
    }
}

fn with_programs(path: &str) -> String {
    if path.split(':').any(|folder| folder == PROGRAMS_TARGET) {
        return path.to_owned();
    }
    let separator = if path.is_empty() || path.ends_with(':') { "" } else { ":" };
    format!("{path}{separator}{PROGRAMS_TARGET}")
}

/// Returns whether the variable may be set; reports why not, and what loads code.
pub(super) fn accept(
    draft: &mut Draft,
    code: Code,
    severity: Severity,
    origin: &Origin,
    name: &str,
    value: &str,
) -> bool {
    if env::name(name).is_err() || env::value(value).is_err() {
        let code = if code == Code::ReservedEnv { Code::EnvName } else { code };
        let written = format!("{name}={value}");
        draft.note(
            code,
            Severity::Medium,
            Action::Refused,
            origin,
            written,
            "not a possible variable: names have no `=` and no control characters",
        );
        return false;
    }
    if is_reserved(name) {
        draft.findings.push(
            Finding::new(
                code,
                severity,
                Action::Replaced,
                origin,
                format!("{name}={value}"),
                "cloister sets this variable itself; the way out is the guardian whatever it says",
            )
            .effective("cloister's own value"),
        );
        return false;
    }
    if matches!(name, "LD_PRELOAD" | "LD_AUDIT") {
        let reason = "would put the repository's code into every program that runs in the sandbox";
        draft.note(code, Severity::Medium, Action::Removed, origin, format!("{name}={value}"), reason);
        return false;
    }
    if name.contains(PLACEHOLDER) || value.contains(PLACEHOLDER) {
        let reason = "placeholders of this form are filled in by cloister, with paths and secrets of its own";
        draft.note(code, Severity::Medium, Action::Removed, origin, format!("{name}={value}"), reason);
        return false;
    }
    if loads_code(name) {
        draft.findings.push(
            Finding::new(
                code,
                Severity::Low,
                Action::Kept,
                origin,
                format!("{name}={value}"),
                "can load code into every program of the sandbox; it stays inside",
            )
            .effective(format!("{name}={value}")),
        );
    }
    true
}

/// Whether a variable directs programs to a proxy, in either case.
pub(super) fn is_proxy_variable(name: &str) -> bool {
    const NAMES: &[&str] = &["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "FTP_PROXY"];
    NAMES.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Whether cloister sets a variable itself, whoever else asks for it.
pub(crate) fn is_reserved(name: &str) -> bool {
    is_proxy_variable(name)
        || name.eq_ignore_ascii_case("NODE_USE_ENV_PROXY")
        || name.to_ascii_uppercase().starts_with("CLOISTER_")
        || matches!(name, "HOME" | "USER" | "LOGNAME" | "GIT_CONFIG_SYSTEM")
}

fn loads_code(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "LD_LIBRARY_PATH",
        "NODE_OPTIONS",
        "BASH_ENV",
        "ENV",
        "PYTHONSTARTUP",
        "PYTHONHOME",
        "PERL5OPT",
        "RUBYOPT",
        "JAVA_TOOL_OPTIONS",
        "GIT_SSH_COMMAND",
        "GIT_EXTERNAL_DIFF",
        "PROMPT_COMMAND",
    ];
    NAMES.contains(&name)
}

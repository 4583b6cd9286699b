//! The way of one file: text, tree, schema, variables, model.

use super::decode::{Decoder, Place};
use super::jsonc::{self, Data, Node};
use super::locate::Locator;
use super::model::DevContainer;
use super::schema::{self, Problem, Violation};
use super::substitute::{Denied, Variables, substitute};
use crate::diagnostic::{Diagnostic, Kind, Level};
use crate::source::Source;

/// Longest path that Linux takes (`PATH_MAX`); a longer folder would also multiply wherever a variable names it.
const PATH_LIMIT: usize = 4096;

/// What a file says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reading {
    /// The configuration; `None` when a diagnostic is an error.
    pub config: Option<DevContainer>,
    /// Mistakes in the file, in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
    /// Variables of the host that the file asks for and does not get.
    pub denied: Vec<Denied>,
}

/// Reads a `devcontainer.json`. The variable `containerWorkspaceFolder` follows the file's own `workspaceFolder`.
pub fn read(source: &Source, variables: &Variables) -> Reading {
    let root = match jsonc::parse(source) {
        Ok(root) => root,
        Err(diagnostics) => return Reading { diagnostics, ..Reading::default() },
    };
    let locator = Locator::new(source);
    let mut diagnostics = check(&root, &locator);
    if has_error(&diagnostics) {
        sort(&mut diagnostics);
        return Reading { diagnostics, ..Reading::default() };
    }
    let variables = with_workspace_folder(variables, &root);
    let mut decoder = Decoder::new(&variables, Place::Text(&locator));
    let config = decoder.decode(&root, "");
    diagnostics.append(&mut decoder.diagnostics);
    sort(&mut diagnostics);
    let config = (!has_error(&diagnostics)).then_some(config);
    Reading { config, diagnostics, denied: decoder.denied }
}

fn has_error(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error)
}

fn sort(diagnostics: &mut [Diagnostic]) {
    diagnostics.sort_by_key(|diagnostic| diagnostic.location.span.start);
}

/// The folder is `workspaceFolder` after one pass over itself; Compose projects begin at `/`.
fn with_workspace_folder(variables: &Variables, root: &Node) -> Variables {
    let mut variables = variables.clone();
    let text = |key| match root.member(key).map(|member| &member.node.data) {
        Some(Data::Text(text)) => Some(text.clone()),
        _ => None,
    };
    if root.member("dockerComposeFile").is_some() {
        "/".clone_into(&mut variables.container_workspace_folder);
    }
    if let Some(own) = text("workspaceFolder") {
        variables.container_workspace_folder.clone_from(&own);
        variables.container_workspace_folder = substitute(&own, &variables).value;
    }
    variables
}

fn check(root: &Node, locator: &Locator<'_>) -> Vec<Diagnostic> {
    let violations = schema::check(&root.to_value());
    let mut diagnostics: Vec<_> = violations.iter().map(|violation| diagnostic(violation, root, locator)).collect();
    diagnostics.extend(long_folder(root, locator));
    diagnostics
}

fn long_folder(root: &Node, locator: &Locator<'_>) -> Option<Diagnostic> {
    let node = &root.member("workspaceFolder")?.node;
    let too_long = matches!(&node.data, Data::Text(text) if text.len() > PATH_LIMIT);
    too_long.then(|| Diagnostic {
        level: Level::Error,
        kind: Kind::TypeError,
        pointer: "/workspaceFolder".to_owned(),
        message: format!("`workspaceFolder` takes a path of at most {PATH_LIMIT} bytes"),
        label: "too long".to_owned(),
        location: locator.locate(node.span.clone()),
        help: Some("no system has a longer path; shorten it".to_owned()),
    })
}

fn diagnostic(violation: &Violation, root: &Node, locator: &Locator<'_>) -> Diagnostic {
    let node = root.at(&violation.pointer).unwrap_or(root);
    let subject = subject(&violation.pointer);
    let mut diagnostic = Diagnostic {
        level: Level::Error,
        kind: Kind::TypeError,
        pointer: violation.pointer.clone(),
        message: String::new(),
        label: String::new(),
        location: locator.locate(node.span.clone()),
        help: None,
    };
    match &violation.problem {
        Problem::Takes { takes, found } => {
            diagnostic.message = format!("{subject} {takes}, not {found}");
            diagnostic.label = format!("this is {found}");
            diagnostic.help = Some(remedy(takes, found, &node.data).to_owned());
        }
        Problem::Lacks(key) => {
            diagnostic.message = format!("{subject} has no `{key}`");
            diagnostic.label = format!("`{key}` is missing");
            diagnostic.help = Some(format!("add `\"{key}\": …`"));
        }
        Problem::Unknown { key, nearest } => {
            diagnostic.level = Level::Warning;
            diagnostic.kind = Kind::UnknownProperty;
            diagnostic.location = locator.locate(key_span(&violation.pointer, key, root));
            diagnostic.message = format!("{subject} is not a property of the specification; it has no effect");
            diagnostic.label = "unknown".to_owned();
            diagnostic.help = nearest.as_ref().map(|name| format!("did you mean `{name}`?"));
        }
    }
    diagnostic
}

fn key_span(pointer: &str, key: &str, root: &Node) -> std::ops::Range<usize> {
    let parent = pointer.rsplit_once('/').and_then(|(parent, _)| root.at(parent)).unwrap_or(root);
    parent.member(key).map_or_else(|| parent.span.clone(), |member| member.key_span.clone())
}

/// Returns what to write instead, where that is easy to say.
fn remedy(takes: &str, found: &str, data: &Data) -> &'static str {
    match data {
        Data::Text(text) if takes.contains("true or false") && matches!(text.as_str(), "true" | "false") => {
            "remove the quotes"
        }
        Data::Number(_) | Data::Bool(_) if takes.contains("string") => "put it into double quotes",
        Data::Text(_) if takes.contains("a list of") && found == "a string" => "put it into brackets: `[ … ]`",
        _ => "the devcontainer CLI does not check types; cloister does not guess",
    }
}

/// Returns the value's name as people write it: `mounts[0].type`.
fn subject(pointer: &str) -> String {
    let mut name = String::new();
    for segment in pointer.split('/').skip(1) {
        let segment = segment.replace("~1", "/").replace("~0", "~");
        if segment.bytes().all(|byte| byte.is_ascii_digit()) && !name.is_empty() {
            name.extend(["[", &segment, "]"]);
        } else {
            let dot = if name.is_empty() { "" } else { "." };
            name.extend([dot, &schema::shorten(&segment)]);
        }
    }
    format!("`{name}`")
}

#[cfg(test)]
mod tests;

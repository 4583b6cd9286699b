//! What the text of a plan says, decided before any layout: strings that are visible, cut and wrapped already.

use std::cmp::Reverse;
use std::path::Path;

use serde::Serialize;

use super::box_view::{self, Row};
use super::finding_view::{self, Group};
use crate::plan::model::{Plan, Verdict};
use crate::plan::{Action, Code, Finding, Severity};
use crate::source::Source;
use crate::ui::style::severity;
use crate::ui::text::{count, cut, visible, width, wrap};

/// More findings than this get a line that counts them.
const TALLY_FROM: usize = 8;
/// Label of the folder that was opened.
const LABEL: &str = "cloister.workspace";

/// The whole text.
#[derive(Debug, Serialize)]
pub(super) struct View {
    head: Head,
    rows: Vec<Row>,
    tally: String,
    brief: bool,
    groups: Vec<Group>,
    next: Vec<String>,
}

/// The first line: the answer.
#[derive(Debug, Serialize)]
struct Head {
    title: String,
    answer: String,
    tone: &'static str,
    gap: String,
    path: String,
    more: Vec<String>,
    /// The path, where it does not fit on the first line.
    under: String,
}

/// Returns what to show in `columns`.
pub(super) fn view(plan: &Plan, sources: &[Source], columns: usize, brief: bool) -> View {
    View {
        head: head(plan, columns),
        rows: box_view::rows(plan, columns),
        tally: tally(&plan.findings),
        brief,
        groups: finding_view::groups(plan, sources, columns, brief),
        next: next(plan, columns, brief),
    }
}

fn head(plan: &Plan, columns: usize) -> Head {
    let title = cut(&visible(&title(plan)), columns / 3);
    let path = plan.config.path.as_deref().map_or_else(|| without_path(plan), |path| cut(&visible(path), columns - 2));
    let (answer, tone) = answer(plan);
    let used = width(&title) + 3 + width(&answer);
    if used + 2 + width(&path) <= columns {
        return Head {
            title,
            answer,
            tone,
            gap: " ".repeat(columns - used - width(&path)),
            path,
            more: Vec::new(),
            under: String::new(),
        };
    }
    let (answer, more) =
        if used <= columns { (answer, Vec::new()) } else { broken(&answer, columns, width(&title) + 3) };
    Head { title, answer, tone, gap: String::new(), path: String::new(), more, under: path }
}

/// Returns the part of the answer that fits beside the title, and the rest in lines.
fn broken(answer: &str, columns: usize, used: usize) -> (String, Vec<String>) {
    let first = wrap(answer, columns.saturating_sub(used)).into_iter().next().unwrap_or_default();
    let rest = answer.get(first.len()..).unwrap_or_default().trim_start();
    (first, wrap(rest, columns - 2))
}

/// Returns what stands in the place of the configuration's path: there is none, or one too many.
fn without_path(plan: &Plan) -> String {
    let several = plan.findings.iter().find(|finding| finding.code == Code::SeveralConfigurations);
    several.map_or_else(
        || "no devcontainer.json".into(),
        // Each path has two folders, whose names may have a comma and no slash.
        |finding| count(finding.requested.matches('/').count() / 2, "configuration"),
    )
}

fn title(plan: &Plan) -> String {
    let folder = opened(plan);
    Path::new(&folder).file_name().map_or_else(|| folder.clone(), |name| name.to_string_lossy().into_owned())
}

/// Returns the folder that was opened: what is mounted may be the repository around it, or a part of it.
pub(super) fn opened(plan: &Plan) -> String {
    let workspace = &plan.workspace;
    if let Some(folder) = plan.containers.first().and_then(|container| container.labels.get(LABEL)) {
        return folder.clone();
    }
    // A plan that is refused has no container to look at.
    let source = workspace.source.as_ref().or_else(|| Some(&workspace.clone.as_ref()?.repository));
    let Some(source) = source else { return workspace.folder.clone() };
    match Path::new(&workspace.folder).strip_prefix(&workspace.target) {
        Ok(below) if below != Path::new("") => Path::new(source).join(below).to_string_lossy().into_owned(),
        _ => source.clone(),
    }
}

/// Returns the answer and the role of its colour.
fn answer(plan: &Plan) -> (String, &'static str) {
    let number = |wanted: &dyn Fn(&Finding) -> bool| plan.findings.iter().filter(|finding| wanted(finding)).count();
    if plan.outcome == Verdict::Refused {
        return (refusal(plan), "bad");
    }
    let differences = number(&|finding| finding.action != Action::Kept);
    let waiting = number(&|finding| finding.action == Action::NeedsApproval);
    let notes = number(&|finding| finding.action == Action::Kept);
    let notes = if notes == 0 { String::new() } else { format!(" and {}", count(notes, "note")) };
    let answer = match differences {
        0 => format!("ready, as asked{notes}"),
        some => format!("ready, with {}{notes}", count(some, "difference")),
    };
    match waiting {
        _ if is_roots(plan) => (answer + "; cloister start refuses it: it belongs to root", "waiting"),
        0 => (answer, "good"),
        1 => (answer + "; 1 waits for you", "waiting"),
        some => (format!("{answer}; {some} wait for you"), "waiting"),
    }
}

/// Whether it is a start that refuses: a folder of root's is planned all the same, for whoever looks at a change as root.
fn is_roots(plan: &Plan) -> bool {
    plan.findings.iter().any(|finding| finding.code == Code::RootUser && finding.action == Action::NeedsApproval)
}

fn refusal(plan: &Plan) -> String {
    let causes: Vec<_> = plan.findings.iter().filter(|finding| finding.stops()).collect();
    // Where this version cannot do it at all, nothing else about it helps.
    let gravest = causes.iter().min_by_key(|finding| (finding.code != Code::NotYet, Reverse(finding.severity)));
    let reason = gravest.map_or_else(|| "nothing can run".into(), |finding| visible(&said_of(finding)));
    match causes.len().saturating_sub(1) {
        0 => format!("refused: {reason}"),
        more => format!("refused: {reason} (and {})", count(more, "other reason")),
    }
}

/// Returns a reason with what it is about, since nothing else on its line says that.
fn said_of(finding: &Finding) -> String {
    match finding.reason.strip_prefix("it ") {
        Some(_) => format!("`{}`: {}", finding.pointer.trim_start_matches('/').replace('/', "."), finding.reason),
        None => finding.reason.clone(),
    }
}

fn tally(findings: &[Finding]) -> String {
    if findings.len() <= TALLY_FROM {
        return String::new();
    }
    let levels = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Info];
    let parts: Vec<_> = levels
        .into_iter()
        .map(|level| (level, findings.iter().filter(|finding| finding.severity == level).count()))
        .filter(|(_, number)| *number > 0)
        .map(|(level, number)| format!("{number} {}", severity(level)))
        .collect();
    format!("{}: {}", count(findings.len(), "finding"), parts.join(", "))
}

/// Returns the last lines: what to type next.
fn next(plan: &Plan, columns: usize, brief: bool) -> Vec<String> {
    let first = match plan.outcome {
        Verdict::Ready if is_roots(plan) => "once it is a user's: cloister start",
        Verdict::Ready if plan.workspace.clone.is_some() => "start it: cloister start --clone",
        Verdict::Ready => "start it: cloister start",
        Verdict::Refused => "after a change: cloister plan",
    };
    let mut parts = vec![first, "for scripts: --format json", "in CI: --check"];
    if !brief && plan.findings.len() > TALLY_FROM {
        parts.push("one line each: --brief");
    }
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        match lines.last_mut() {
            Some(line) if width(line) + 4 + width(part) <= columns => *line = format!("{line}    {part}"),
            _ => lines.push(part.to_owned()),
        }
    }
    lines
}

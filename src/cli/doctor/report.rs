//! What `cloister doctor` shows.

use crate::doctor::{Check, Report, Status};
use crate::ui::diagnostic::Options;
use crate::ui::style::Role;
use crate::ui::text::{count, pad, visible, width, wrap};

/// Least columns that a text gets.
const LEAST: usize = 30;

/// Returns the answer for scripts.
pub(super) fn json(report: &Report) -> String {
    serde_json::to_string_pretty(report).expect("a report has text keys only") + "\n"
}

/// Returns the answer for people.
pub(super) fn text(report: &Report, Options { width: columns, color }: Options) -> String {
    let name = report.checks.iter().map(|check| width(check.id)).max().unwrap_or(0);
    let status = [Status::Ok, Status::Note, Status::Warning, Status::Failure].map(|status| width(status.as_str()));
    let status = status.into_iter().max().unwrap_or(0);
    let room = columns.saturating_sub(status + name + 4).max(LEAST);
    let shown = report.checks.iter().map(|check| lines(check, [status, name, room], color));
    shown.collect::<String>() + "\n" + &verdict(report) + "\n"
}

fn lines(check: &Check, [status, name, room]: [usize; 3], color: bool) -> String {
    let references =
        if check.references.is_empty() { String::new() } else { format!(" [{}]", check.references.join(", ")) };
    let mut texts = wrap(&visible(&check.seen), room);
    texts.extend(wrap(&visible(&(check.consequence.clone() + &references)), room));
    texts.extend(check.hint.iter().flat_map(|hint| wrap(&format!("hint: {}", visible(hint)), room)));
    let mut texts = texts.into_iter();
    let word = role(check.status).paint(&pad(check.status.as_str(), status), color);
    let first = format!("{word}  {}  {}\n", pad(check.id, name), texts.next().unwrap_or_default());
    let margin = " ".repeat(status + name + 4);
    first + &texts.map(|text| format!("{margin}{text}\n")).collect::<String>()
}

fn role(status: Status) -> Role {
    match status {
        Status::Ok => Role::Good,
        Status::Note => Role::Dim,
        Status::Warning => Role::Waiting,
        Status::Failure => Role::Bad,
    }
}

fn verdict(report: &Report) -> String {
    let of = |status| report.checks.iter().filter(move |check| check.status == status);
    let warnings = of(Status::Warning).count();
    if report.works {
        return match warnings {
            0 => "sandboxes can be started".to_owned(),
            _ => format!("sandboxes can be started, with {}", count(warnings, "warning")),
        };
    }
    let mut names: Vec<_> = of(Status::Failure).map(|check| check.id).collect();
    names.dedup();
    format!("no sandbox can be started: {}", names.join(", "))
}

#[cfg(test)]
mod tests;

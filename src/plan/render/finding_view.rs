//! Findings at the lines that caused them, the gravest first. Findings of one line share its excerpt.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Serialize;

use crate::plan::model::Plan;
use crate::plan::{Action, Code, Finding, Severity};
use crate::source::{Location, Source};
use crate::ui::excerpt::{Excerpt, Mark, excerpt};
use crate::ui::style::severity;
use crate::ui::text::{count, cut, visible, width, wrap};

/// Columns before the text of an excerpt: line number, rule, spaces.
const GUTTER: usize = 7;
/// Columns before a headline: severity and verb.
const HEADLINE: usize = 20;
/// What help begins with.
const HELP: &str = "help: ";
/// Columns of one thing in a list.
const LISTED: usize = 60;
/// Columns of a line number.
const NUMBER: usize = 4;

/// Findings that are shown together.
#[derive(Debug, Serialize)]
pub(super) struct Group {
    entries: Vec<Entry>,
    /// File and line, where the file is not the configuration itself.
    place: String,
    number: String,
    line: String,
}

/// One finding.
#[derive(Debug, Serialize)]
struct Entry {
    severity: &'static str,
    verb: &'static str,
    what: String,
    gap: String,
    code: &'static str,
    indent: String,
    carets: String,
    note: String,
    /// Lines of the reason that do not fit behind the carets.
    beside: Vec<String>,
    /// What runs instead, help, each in wrapped lines.
    below: Vec<Vec<String>>,
}

/// Returns the findings in the order they are shown; what keeps the file from being read is its diagnostic's to tell.
pub(super) fn groups(plan: &Plan, sources: &[Source], columns: usize, brief: bool) -> Vec<Group> {
    let mut findings: Vec<&Finding> = plan.findings.iter().filter(|finding| !is_mistake(finding)).collect();
    findings.sort_by_key(|finding| (std::cmp::Reverse(finding.severity), place_of(finding)));
    if brief {
        return findings.into_iter().map(|finding| brief_group(finding, columns)).collect();
    }
    let mut sets: Vec<Vec<&Finding>> = Vec::new();
    let mut known = BTreeMap::new();
    for (number, finding) in findings.into_iter().enumerate() {
        let index = *known.entry(belongs(number, finding)).or_insert(sets.len());
        match sets.get_mut(index) {
            Some(set) => set.push(finding),
            None => sets.push(vec![finding]),
        }
    }
    let sets = sets.iter().flat_map(|set| within_sight(set, sources, columns));
    let mut groups: Vec<_> = sets.map(|set| full_group(plan, set, sources, columns)).collect();
    drop_repeated_help(&mut groups);
    groups
}

fn place_of(finding: &Finding) -> Option<(&str, usize, usize)> {
    finding.location.as_ref().map(|location| (&*location.file, location.line, location.column))
}

/// What findings that are shown together have in common.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Common<'a> {
    /// The line.
    Line(&'a str, usize),
    /// All but what was asked.
    Words(Severity, Action, Code, &'a str, &'a str),
    /// Nothing: the finding stands alone under its number.
    Own(usize),
}

fn belongs(number: usize, finding: &Finding) -> Common<'_> {
    let plain = finding.effective.is_empty() || finding.effective == finding.requested;
    match &finding.location {
        Some(location) if pointed(finding) => Common::Line(&location.file, location.line),
        _ if plain && !pointed(finding) => {
            Common::Words(finding.severity, finding.action, finding.code, &finding.reason, &finding.help)
        }
        _ => Common::Own(number),
    }
}

fn is_mistake(finding: &Finding) -> bool {
    finding.action == Action::Refused
        && matches!(finding.code, Code::ParseError | Code::DuplicateKey | Code::TypeError | Code::UnknownProperty)
}

/// Whether the line is shown. Notes need none.
fn pointed(finding: &Finding) -> bool {
    finding.severity > Severity::Info || finding.action == Action::NeedsApproval
}

fn verb(action: Action) -> &'static str {
    match action {
        Action::Removed => "removed",
        Action::Replaced => "replaced",
        Action::Added => "added",
        Action::NeedsApproval => "waits",
        Action::Refused => "refused",
        Action::Kept => "kept",
    }
}

fn brief_group(finding: &Finding, columns: usize) -> Group {
    let line = finding.location.as_ref().map_or_else(String::new, |location| location.line.to_string());
    let (entry, _) = headline(finding, columns, &format!("{line:>NUMBER$}  "));
    Group { entries: vec![entry], place: String::new(), number: String::new(), line: String::new() }
}

/// Returns the first line of a finding, and whether it says already what runs instead.
fn headline(finding: &Finding, columns: usize, before: &str) -> (Entry, bool) {
    let code = finding.code.as_str();
    let room = columns.saturating_sub(HEADLINE + width(before) + width(code) + 2);
    let requested = visible(&finding.requested);
    let effective = visible(&finding.effective);
    let subject = if requested.is_empty() { effective.clone() } else { requested.clone() };
    let both = format!("{requested} → {effective}");
    let same = requested.is_empty() || requested == effective;
    let says_both = finding.action == Action::Replaced && !same && !effective.is_empty() && width(&both) <= room;
    let what = format!("{before}{}", if says_both { both } else { cut(&subject, room) });
    let gap = " ".repeat(columns.saturating_sub(HEADLINE + width(&what) + width(code)));
    let entry = Entry {
        severity: severity(finding.severity),
        verb: verb(finding.action),
        what,
        gap,
        code,
        indent: String::new(),
        carets: String::new(),
        note: String::new(),
        beside: Vec::new(),
        below: Vec::new(),
    };
    (entry, says_both || same)
}

/// Returns the findings of one line together where all of them can be seen in one excerpt, else each by itself.
fn within_sight<'a, 'b>(set: &'a [&'b Finding], sources: &[Source], columns: usize) -> Vec<&'a [&'b Finding]> {
    let sees_all = excerpt_of(set, sources, columns).is_none_or(|found| found.marks.iter().all(|mark| mark.is_whole));
    if sees_all { vec![set] } else { set.chunks(1).collect() }
}

/// Returns the line of the findings, where it is shown.
fn excerpt_of(set: &[&Finding], sources: &[Source], columns: usize) -> Option<Excerpt> {
    let location = set[0].location.as_ref().filter(|_| pointed(set[0]))?;
    let source = sources.iter().find(|source| source.name == location.file)?;
    let spans: Vec<Range<usize>> =
        set.iter().filter_map(|finding| finding.location.as_ref()).map(|at| at.span.clone()).collect();
    Some(excerpt(source, &spans, columns - GUTTER))
}

fn full_group(plan: &Plan, set: &[&Finding], sources: &[Source], columns: usize) -> Group {
    let location = set[0].location.as_ref().filter(|_| pointed(set[0]));
    let found = excerpt_of(set, sources, columns);
    let place = location.map_or_else(String::new, |location| place(plan, location, found.is_some()));
    let (number, line, marks) = match (found, location) {
        (Some(excerpt), Some(location)) => (format!("{:>NUMBER$}", location.line), excerpt.line, excerpt.marks),
        _ => (String::new(), String::new(), Vec::new()),
    };
    if set.len() > 1 && !pointed(set[0]) {
        return folded_group(set, columns);
    }
    let entries = set.iter().enumerate().map(|(index, finding)| entry(finding, marks.get(index), columns)).collect();
    Group { entries, place, number, line }
}

/// Returns notes that say the same of several things as one, with all their lines.
fn folded_group(set: &[&Finding], columns: usize) -> Group {
    let things: Vec<_> = set.iter().map(|finding| cut(&visible(&finding.requested), LISTED)).collect();
    let lines: Vec<_> =
        set.iter().filter_map(|finding| finding.location.as_ref()).map(|location| location.line).collect();
    let joined = things.join(", ");
    let (mut entry, _) =
        headline(&Finding { requested: joined.clone(), effective: String::new(), ..set[0].clone() }, columns, "");
    let room = columns - GUTTER;
    if width(&entry.what) < width(&joined) {
        (entry, _) = headline(&Finding { requested: format!("{} times", set.len()), ..set[0].clone() }, columns, "");
        entry.below.push(wrap(&joined, room));
    }
    let place = match (lines.iter().min(), lines.iter().max()) {
        (Some(first), Some(last)) if first == last => format!(" (line {first})"),
        (Some(first), Some(last)) => format!(" (lines {first} to {last})"),
        _ => String::new(),
    };
    entry.below.push(wrap(&format!("{}{place}", visible(&set[0].reason)), room));
    if !set[0].help.is_empty() {
        entry.below.push(wrap(&format!("{HELP}{}", visible(&set[0].help)), room));
    }
    Group { entries: vec![entry], place: String::new(), number: String::new(), line: String::new() }
}

/// Returns `file:line` where the excerpt alone does not tell.
fn place(plan: &Plan, location: &Location, has_excerpt: bool) -> String {
    let is_config = plan.config.path.as_deref() == Some(&*location.file);
    if is_config && has_excerpt {
        String::new()
    } else {
        format!("{}:{}:{}", visible(&location.file), location.line, location.column)
    }
}

fn entry(finding: &Finding, mark: Option<&Mark>, columns: usize) -> Entry {
    let (mut entry, says_effective) = headline(finding, columns, "");
    let room = columns - GUTTER;
    let reason = visible(&finding.reason);
    match mark {
        Some(mark) => annotate(&mut entry, mark, &reason, room),
        None => entry.below.push(wrap(&unplaced_reason(finding, &reason), room)),
    }
    if !says_effective && !finding.effective.is_empty() {
        entry.below.push(wrap(&visible(&finding.effective), room));
    }
    if !finding.help.is_empty() {
        entry.below.push(wrap(&format!("{HELP}{}", visible(&finding.help)), room));
    }
    entry.below.retain(|lines| !lines.is_empty());
    entry
}

/// Puts carets under the mark, and the reason behind them where it fits, else on lines of its own.
fn annotate(entry: &mut Entry, mark: &Mark, reason: &str, room: usize) {
    entry.indent = " ".repeat(mark.column);
    entry.carets = "^".repeat(mark.width.min(room.saturating_sub(mark.column)).max(1));
    let more =
        if mark.more_lines > 0 { format!(" and {}", count(mark.more_lines, "more line")) } else { String::new() };
    let used = mark.column + width(&entry.carets) + width(&more);
    if used + 1 + width(reason) <= room {
        entry.note = format!("{more} {reason}");
    } else {
        entry.note = more;
        let indent = mark.column.min(room / 3);
        entry.beside = wrap(reason, room - indent).iter().map(|line| format!("{}{line}", " ".repeat(indent))).collect();
    }
}

/// Returns the reason of a finding whose line is not shown, with its place.
fn unplaced_reason(finding: &Finding, reason: &str) -> String {
    match &finding.location {
        Some(location) => format!("{reason} (line {})", location.line),
        None if finding.pointer.is_empty() => reason.to_owned(),
        None => format!("{reason} ({})", visible(&finding.pointer)),
    }
}

/// Says help once where neighbours have the same: at the last of them.
fn drop_repeated_help(groups: &mut [Group]) {
    let mut later: Option<Vec<String>> = None;
    for entry in groups.iter_mut().rev().flat_map(|group| group.entries.iter_mut().rev()) {
        let help = entry.below.pop_if(|lines| lines.first().is_some_and(|line| line.starts_with(HELP)));
        if help.is_some() && help != later {
            entry.below.extend(help.clone());
        }
        later = help;
    }
}

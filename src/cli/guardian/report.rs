//! What `cloister guardian status` shows.

use super::super::list::Format;
use crate::guardian::protocol::{Refusals, Refused, Status};
use crate::ui::text::{pad, visible, width};

/// What there is to report.
#[derive(Debug)]
pub(super) enum Guardian {
    /// It runs, and says this.
    Runs(Status),
    /// Somebody paused its container.
    Paused,
    /// There is none.
    Away,
}

/// Returns the answer; `now` in milliseconds since the Unix epoch.
pub(super) fn show(guardian: &Guardian, format: Format, now: u64) -> String {
    match (format, guardian) {
        (Format::Json, guardian) => {
            let status = if let Guardian::Runs(status) = guardian { Some(status) } else { None };
            let paused = matches!(guardian, Guardian::Paused);
            let value = serde_json::json!({ "running": status.is_some(), "paused": paused, "status": status });
            serde_json::to_string_pretty(&value).expect("the keys are texts") + "\n"
        }
        (Format::Text, Guardian::Away) => "the guardian does not run\n".to_owned(),
        (Format::Text, Guardian::Paused) => {
            "the guardian is paused: nothing leaves a sandbox; `cloister guardian start` makes it anew\n".to_owned()
        }
        (Format::Text, Guardian::Runs(status)) => text(status, now),
    }
}

fn text(status: &Status, now: u64) -> String {
    let Status { sandboxes, connections, allowed, refused, failed, last_event, lost_events, refusals, held } = status;
    let counts = format!(
        "the guardian runs\nsandboxes    {}\nconnections  {connections}\nallowed      {allowed}\nrefused      {refused}\nfailed       {failed}\nheld         {}\n\
         events       {last_event}, of which {lost_events} were lost\n",
        sandboxes.len(),
        held.len()
    );
    refusals.iter().fold(counts, |text, one| text + &tables(one, now))
}

fn tables(refusals: &Refusals, now: u64) -> String {
    let Refusals { sandbox: _, name, refused, forgotten, failed, failures_forgotten } = refusals;
    let table = |what, entries: &[Refused], forgotten| {
        let title = format!("{what} in `{}`", visible(name));
        if entries.is_empty() { String::new() } else { table(title, entries, forgotten, now) }
    };
    table("refused", refused, *forgotten) + &table("allowed, but failed", failed, *failures_forgotten)
}

fn table(title: String, entries: &[Refused], forgotten: u64, now: u64) -> String {
    let header = ["DESTINATION", "REASON", "TIMES", "LAST"].map(str::to_owned);
    let rows = entries.iter().map(|one| {
        let destination = format!("{}:{}", visible(&one.host), one.port);
        [destination, visible(&one.reason), one.count.to_string(), ago(now.saturating_sub(one.last))]
    });
    let rows: Vec<[String; 4]> = std::iter::once(header).chain(rows).collect();
    let column = |column: usize| rows.iter().map(|row| width(&row[column])).max().unwrap_or(0);
    let columns = [column(0), column(1), column(2)];
    let mut lines = vec![String::new(), title];
    for [destination, reason, times, last] in &rows {
        let cells = [pad(destination, columns[0]), pad(reason, columns[1]), pad(times, columns[2]), last.clone()];
        lines.push(cells.join("  "));
    }
    if forgotten > 0 {
        let times = if forgotten == 1 { "once".to_owned() } else { format!("{forgotten} times") };
        lines.push(format!("and {times} to destinations before these"));
    }
    lines.join("\n") + "\n"
}

fn ago(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    let (count, unit) = match seconds {
        0..60 => (seconds, "s"),
        60..3600 => (seconds / 60, "min"),
        3600..86400 => (seconds / 3600, "h"),
        _ => (seconds / 86400, "d"),
    };
    format!("{count} {unit} ago")
}

#[cfg(test)]
mod tests;

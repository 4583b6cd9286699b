//! The tally in the text format of Prometheus, version 0.0.4.

use std::fmt::Write;

use super::{Counted, Tally, Traffic};
use crate::ui::text::{cut, visible};

/// Most characters of a label's value that somebody else chose.
const LABEL: usize = 64;

/// What holds now, beside what was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moment {
    /// When the control plane began, in seconds since the Unix epoch.
    pub began: u64,
    /// Sandboxes that run.
    pub sandboxes: u64,
    /// Whether a guardian answers.
    pub guardian: bool,
    /// Cards about hosts that wait for a person.
    pub host_cards: u64,
    /// Cards about commands that wait for a person.
    pub command_cards: u64,
    /// Cards about what a repository asks for that wait for a person.
    pub repository_cards: u64,
}

/// A metric of sandboxes.
type Metric = (&'static str, &'static str, &'static str, fn(&Traffic) -> u64);

const OF_SANDBOXES: [Metric; 5] = [
    ("cloister_connections_open", "gauge", "Connections that are open.", |traffic| traffic.open),
    ("cloister_connections_total", "counter", "Connections that were opened.", |traffic| traffic.connections),
    ("cloister_failures_total", "counter", "Requests whose destination did not answer.", |traffic| traffic.failed),
    ("cloister_sent_bytes_total", "counter", "Bytes from sandboxes, of connections that ended.", |traffic| {
        traffic.sent
    }),
    ("cloister_received_bytes_total", "counter", "Bytes to sandboxes, of connections that ended.", |traffic| {
        traffic.received
    }),
];

impl Tally {
    /// Returns everything that is counted, as Prometheus reads it.
    pub fn text(&self, moment: &Moment) -> String {
        let mut text = String::new();
        let version = format!("{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"));
        metric(&mut text, "cloister_build_info", "gauge", "The program that runs.", [(version, 1)]);
        let plain = |value| [(String::new(), value)];
        metric(&mut text, "cloister_start_time_seconds", "gauge", "When the control plane began.", plain(moment.began));
        metric(
            &mut text,
            "cloister_guardian_connected",
            "gauge",
            "Whether a guardian answers.",
            plain(moment.guardian.into()),
        );
        metric(&mut text, "cloister_sandboxes_running", "gauge", "Sandboxes that run.", plain(moment.sandboxes));
        let waiting = [
            ("host", moment.host_cards),
            ("host-command", moment.command_cards),
            ("repository", moment.repository_cards),
        ];
        let waiting = waiting.map(|(kind, count)| (format!("{{kind=\"{kind}\"}}"), count));
        metric(&mut text, "cloister_cards_waiting", "gauge", "What waits for a person.", waiting);
        self.of_sandboxes(&mut text);
        let approvals = self.approvals.iter();
        let approvals =
            approvals.map(|((kind, outcome), count)| (format!("{{kind=\"{kind}\",outcome=\"{outcome}\"}}"), *count));
        metric(
            &mut text,
            "cloister_approvals_total",
            "counter",
            "What was asked of a person, and what came of it.",
            approvals,
        );
        let commands = self.commands.iter().map(|(outcome, count)| (format!("{{outcome=\"{outcome}\"}}"), *count));
        metric(
            &mut text,
            "cloister_host_commands_total",
            "counter",
            "Commands of the host, by how far they came.",
            commands,
        );
        metric(
            &mut text,
            "cloister_audit_entries_total",
            "counter",
            "Entries that were written into the audit log.",
            plain(self.written),
        );
        metric(
            &mut text,
            "cloister_audit_failures_total",
            "counter",
            "Attempts to write into the audit log that failed.",
            plain(self.unwritten),
        );
        text
    }

    fn of_sandboxes(&self, text: &mut String) {
        let labelled: Vec<(String, Traffic)> = self.labelled().collect();
        let verdicts = labelled.iter().flat_map(|(labels, traffic)| {
            let label = |verdict: &str| format!("{{{labels},verdict=\"{verdict}\"}}");
            [(label("allowed"), traffic.allowed), (label("refused"), traffic.refused)]
        });
        metric(text, "cloister_decisions_total", "counter", "Requests that were decided about.", verdicts);
        for (name, kind, help, of) in OF_SANDBOXES {
            let values = labelled.iter().map(|(labels, traffic)| (format!("{{{labels}}}"), of(traffic)));
            metric(text, name, kind, help, values);
        }
    }

    /// The traffic of each sandbox, with its labels.
    fn labelled(&self) -> impl Iterator<Item = (String, Traffic)> {
        let labels = |id: &str, name: &str| format!("sandbox=\"{}\",sandbox_id=\"{}\"", escaped(name), escaped(id));
        let apart = self.sandboxes.iter().map(move |(id, counted)| (labels(id, &counted.name), counted.traffic()));
        let others =
            (self.others.traffic != Traffic::default()).then(|| (labels("", "others"), Counted::traffic(&self.others)));
        apart.chain(others)
    }
}

/// Adds a metric; one without a value is left out.
fn metric(text: &mut String, name: &str, kind: &str, help: &str, values: impl IntoIterator<Item = (String, u64)>) {
    let mut values = values.into_iter().peekable();
    if values.peek().is_none() {
        return;
    }
    // Writing into a text does not fail.
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    for (labels, value) in values {
        let _ = writeln!(text, "{name}{labels} {value}");
    }
}

/// Returns the value of a label: nothing in it ends the label or the line.
fn escaped(value: &str) -> String {
    cut(&visible(value), LABEL).replace('\\', r"\\").replace('"', "\\\"")
}

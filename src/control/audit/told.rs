//! An entry as a sentence for people, the same in a terminal and on the page. Everything in it may come from a sandbox: it is made
//! visible, and cut in its middle; the entry itself has all of it.

use time::UtcOffset;

use super::event::{
    Answer, Approval, Beginning, Card, Closed, Control, Decision, HostCommand, Outcome, Phase, Plan, Policy,
    SandboxChange, What, Who,
};
use super::moment;
use super::read::Seen;
use crate::space::size;
use crate::ui::style::Role;
use crate::ui::text::{count, cut, quoted, visible};

/// Most columns of one text.
const TEXT: usize = 160;

/// An entry as it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// How it is coloured.
    pub role: Role,
    /// The word that says what happened.
    pub word: &'static str,
    /// The rest of the sentence.
    pub text: String,
}

/// Tells an entry, with times in an offset of whoever reads it.
pub fn told(seen: &Seen, offset: UtcOffset) -> Told {
    let connected = seen.connected.as_ref().map(|(host, port)| place(host, *port));
    let (role, word, text) = sentence(&seen.record.what, connected.as_deref(), offset);
    Told { role, word, text }
}

fn shown(text: &str) -> String {
    cut(&visible(text), TEXT)
}

fn place(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

fn sentence(what: &What, connected: Option<&str>, offset: UtcOffset) -> (Role, &'static str, String) {
    let unknown = |connection: u64| connected.map_or_else(|| format!("connection {connection}"), shown);
    match what {
        What::Decision(decision) => decided(decision),
        What::Failed(failed) => {
            (Role::Waiting, "failed", format!("{}, {}", unknown(failed.connection), shown(&failed.reason)))
        }
        What::Closed(closed) => (Role::Dim, "closed", ended(closed, &unknown(closed.connection))),
        What::Held(held) => {
            let asked = format!("{} {}", shown(&held.method), shown(&place(&held.host, held.port)));
            (Role::Waiting, "held", format!("{asked}, from port {}", held.from))
        }
        What::Gap(gap) => (Role::Bad, "gap", lost(gap.first, gap.last, &gap.epoch)),
        What::Diagnostic(message) => (Role::Waiting, "notice", shown(message)),
        What::Approval(approval) => answered(approval, offset),
        What::HostCommand(command) => ran(command),
        What::Plan(Plan { digest, folder }) => (Role::Dim, "plan", format!("{} for {}", shown(digest), shown(folder))),
        What::Policy(policy) => (Role::Strong, "policy", changed(policy)),
        What::Control(control) => own(control),
        What::Sandbox(SandboxChange::Started) => (Role::Strong, "started", "the sandbox runs".to_owned()),
        What::Sandbox(SandboxChange::Stopped) => (Role::Strong, "stopped", "the sandbox runs no more".to_owned()),
        What::Log(beginning) => (Role::Dim, "log", begun(beginning)),
    }
}

fn decided(decision: &Decision) -> (Role, &'static str, String) {
    let asked = format!("{} {}", shown(&decision.method), shown(&place(&decision.host, decision.port)));
    let reason = match (decision.allowed, decision.rule.is_empty()) {
        (true, true) => String::new(),
        (true, false) => format!(", rule {}", shown(&decision.rule)),
        (false, true) => format!(", {}", shown(&decision.reason)),
        (false, false) => format!(", {}, rule {}", shown(&decision.reason), shown(&decision.rule)),
    };
    let approval = decision.approval.iter().map(|id| format!(", decision {}", shown(id)));
    let text = std::iter::once(asked + &reason).chain(approval).collect();
    if decision.allowed { (Role::Good, "allowed", text) } else { (Role::Bad, "refused", text) }
}

fn ended(closed: &Closed, place: &str) -> String {
    let address = closed.address.map(|address| format!(" at {address}")).unwrap_or_default();
    let (sent, received) = (size(closed.sent), size(closed.received));
    format!("{place}{address}, {sent} sent, {received} received, {}", seconds(closed.milliseconds))
}

fn seconds(milliseconds: u64) -> String {
    format!("{}.{} s", milliseconds / 1000, milliseconds % 1000 / 100)
}

fn lost(first: u64, last: Option<u64>, epoch: &str) -> String {
    let which = match last {
        Some(last) if last == first => format!("event {first}"),
        Some(last) => format!("events {first} to {last}"),
        None => format!("whatever events there were from {first} on"),
    };
    format!("{which} of guardian {} lost", shown(epoch))
}

fn answered(approval: &Approval, offset: UtcOffset) -> (Role, &'static str, String) {
    let kind = match approval.kind {
        Card::Host => "host",
        Card::HostCommand => "host command",
        Card::Repository => "repository",
    };
    let what = approval.what.iter().map(|text| visible(text)).collect::<Vec<_>>().join(", ");
    let what = format!("{kind} {}", cut(&what, TEXT));
    match &approval.outcome {
        Outcome::Asked => (Role::Waiting, "asked", what),
        Outcome::Allowed(answer) => (Role::Good, "approved", format!("{what}, {}", answer_of(answer, offset))),
        Outcome::Denied(answer) => (Role::Bad, "denied", format!("{what}, {}", answer_of(answer, offset))),
        Outcome::Expired => (Role::Waiting, "expired", format!("{what}, nobody answered")),
        Outcome::Unasked(why) => (Role::Bad, "unasked", format!("{what}, {}", shown(why))),
        Outcome::Ended { decision, by } => {
            let by = by.map_or_else(|| "by itself".to_owned(), who);
            (Role::Strong, "ended", format!("{what}, decision {}, {by}", shown(decision)))
        }
    }
}

fn answer_of(answer: &Answer, offset: UtcOffset) -> String {
    let until = answer.until.map(|until| format!(" until {}", moment::shown(until, offset))).unwrap_or_default();
    let decision = answer.decision.iter().map(|id| format!(", decision {}", shown(id))).collect::<String>();
    format!("{}{until}, {}{decision}", shown(&answer.term), who(answer.by))
}

fn who(who: Who) -> String {
    match who {
        Who::Page => "on the page",
        Who::Terminal => "in a terminal",
        Who::Rule => "by a rule",
    }
    .to_owned()
}

fn ran(command: &HostCommand) -> (Role, &'static str, String) {
    let words: Vec<String> = command.argv.iter().map(|word| quoted(&visible(word))).collect();
    let words = cut(&words.join(" "), TEXT);
    let folder = command.folder.iter().map(|folder| format!(" in {}", shown(folder))).collect::<String>();
    let what = format!("host command {words}{folder}");
    match &command.phase {
        Phase::Asked => (Role::Waiting, "asked", what),
        Phase::Refused(why) => (Role::Bad, "refused", format!("{what}, {}", shown(why))),
        Phase::Started => (Role::Good, "runs", what),
        Phase::Ended { code, signal, reason, stdout, stderr, milliseconds } => {
            let how = [
                code.map(|code| format!("exit code {code}")),
                signal.map(|signal| format!("signal {signal}")),
                reason.as_deref().map(shown),
                Some(format!("{} written", size(stdout.saturating_add(*stderr)))),
                Some(seconds(*milliseconds)),
            ];
            (Role::Dim, "ended", format!("{what}, {}", how.into_iter().flatten().collect::<Vec<_>>().join(", ")))
        }
    }
}

fn changed(Policy { digest, from, added, removed }: &Policy) -> String {
    let rules = added.iter().map(|rule| format!("+{rule}")).chain(removed.iter().map(|rule| format!("-{rule}")));
    let rules = rules.map(|rule| visible(&rule)).collect::<Vec<_>>().join(" ");
    let rules = if rules.is_empty() { "no rule changed".to_owned() } else { cut(&rules, TEXT) };
    format!("{rules}, from {}, now {}", shown(from), shown(digest))
}

fn own(control: &Control) -> (Role, &'static str, String) {
    let (role, text) = match control {
        Control::Started { process, version } => {
            (Role::Dim, format!("control plane {} runs as process {process}", shown(version)))
        }
        Control::Stopped => (Role::Dim, "control plane ended".to_owned()),
        Control::GuardianAttached { epoch } => (Role::Dim, format!("guardian {} answers", shown(epoch))),
        Control::GuardianLost { epoch } => (Role::Waiting, format!("guardian {} answers no more", shown(epoch))),
        Control::GuardianReplaced { before, epoch } => {
            (Role::Waiting, format!("guardian {} in place of {}", shown(epoch), shown(before)))
        }
        Control::Repaired { bytes } => {
            (Role::Waiting, format!("{bytes} bytes of a line that was never whole were cut off the log"))
        }
        Control::Missing(lost) => (
            Role::Bad,
            format!("entries {} to {} are missing in the log; see `cloister audit verify`", lost.first, lost.last),
        ),
        Control::EndUnknown => (Role::Bad, "nothing says whether the log's end before this is missing".to_owned()),
    };
    (role, "control", text)
}

fn begun(beginning: &Beginning) -> String {
    let removed = match (beginning.removed.first(), beginning.removed.last()) {
        (Some(first), Some(last)) => format!(
            "; {} with entries {} to {} removed",
            count(beginning.removed.len(), "file"),
            first.first,
            last.last
        ),
        _ => String::new(),
    };
    format!("file {} begins{removed}", beginning.file)
}

#[cfg(test)]
mod tests;

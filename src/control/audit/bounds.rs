//! Text that came from anywhere, as the log keeps it: bytes that are not UTF-8 can be told back, and what is long is cut
//! and marked as cut, with the digest of the whole.
//!
//! Invariant: pure. What was cut stays as it is when it is cut again.

use super::event::{Answer, Approval, Control, Entry, HostCommand, Outcome, Phase, Policy, What};
use crate::ident::sha256_hex;

/// Most bytes of one text.
pub const TEXT_LIMIT: usize = 4096;
/// Most bytes of all texts of one list together.
pub const LIST_LIMIT: usize = 64 << 10;
/// Bytes that the mark of a cut takes at most.
const MARK_LIMIT: usize = 128;

/// Returns bytes as text that can be turned back: `\` is written as `\\`, a byte that is not UTF-8 as `\xff`.
pub fn lossless(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(&chunk.valid().replace('\\', "\\\\"));
        text.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    text
}

/// Cuts every text of an entry that is longer than [`TEXT_LIMIT`], and every list that is longer than [`LIST_LIMIT`].
pub(super) fn bound(entry: &mut Entry) {
    let Entry { time: _, sandbox, origin, what } = entry;
    for text in sandbox.iter_mut().flat_map(|sandbox| [&mut sandbox.id, &mut sandbox.name]) {
        cut(text);
    }
    origin.iter_mut().for_each(|origin| cut(&mut origin.epoch));
    bound_what(what);
}

fn bound_what(what: &mut What) {
    match what {
        What::Decision(decision) => {
            let approval = decision.approval.as_mut();
            let texts = [&mut decision.method, &mut decision.host, &mut decision.reason, &mut decision.rule];
            texts.into_iter().chain(approval).for_each(cut);
        }
        What::Failed(failed) => cut(&mut failed.reason),
        What::Held(held) => [&mut held.method, &mut held.host].into_iter().for_each(cut),
        What::Gap(gap) => cut(&mut gap.epoch),
        What::Diagnostic(message) => cut(message),
        What::Approval(approval) => bound_approval(approval),
        What::HostCommand(command) => bound_command(command),
        What::Plan(plan) => [&mut plan.digest, &mut plan.folder].into_iter().for_each(cut),
        What::Policy(Policy { digest, from, added, removed }) => {
            [digest, from].into_iter().for_each(cut);
            [added, removed].into_iter().for_each(cut_list);
        }
        What::Control(control) => bound_control(control),
        // Nothing in these is text of anybody else's.
        What::Closed(_) | What::Sandbox(_) | What::Log(_) => {}
    }
}

fn bound_approval(approval: &mut Approval) {
    let Approval { card: _, kind: _, what, digest, outcome } = approval;
    cut_list(what);
    digest.iter_mut().for_each(cut);
    match outcome {
        Outcome::Allowed(answer) | Outcome::Denied(answer) => {
            let Answer { term, until: _, by: _, decision } = answer;
            std::iter::once(term).chain(decision).for_each(cut);
        }
        Outcome::Unasked(text) | Outcome::Ended { decision: text, by: _ } => cut(text),
        Outcome::Asked | Outcome::Expired => {}
    }
}

fn bound_command(command: &mut HostCommand) {
    let HostCommand { request, argv, folder, executable, phase } = command;
    cut_list(argv);
    std::iter::once(request).chain(folder).for_each(cut);
    executable.iter_mut().flat_map(|program| [&mut program.path, &mut program.sha256]).for_each(cut);
    match phase {
        Phase::Refused(reason) => cut(reason),
        Phase::Ended { reason, .. } => reason.iter_mut().for_each(cut),
        Phase::Asked | Phase::Started => {}
    }
}

fn bound_control(control: &mut Control) {
    match control {
        Control::Started { version: text, .. }
        | Control::GuardianAttached { epoch: text }
        | Control::GuardianLost { epoch: text } => cut(text),
        Control::GuardianReplaced { before, epoch } => [before, epoch].into_iter().for_each(cut),
        Control::Stopped | Control::Repaired { .. } | Control::Missing(_) | Control::EndUnknown => {}
    }
}

fn cut(text: &mut String) {
    if text.len() > TEXT_LIMIT {
        let mark = format!("…(cut: {} bytes, sha256 {})", text.len(), sha256_hex(text.as_bytes()));
        text.truncate(text.floor_char_boundary(TEXT_LIMIT - MARK_LIMIT));
        text.push_str(&mark);
    }
}

fn cut_list(list: &mut Vec<String>) {
    let whole: usize = list.iter().map(|text| text.len() + 1).sum();
    if whole > LIST_LIMIT {
        let digest = sha256_hex(list.join("\0").as_bytes());
        let count = list.len();
        let mut used = MARK_LIMIT;
        list.iter_mut().for_each(cut);
        let fitting = list.iter().take_while(|text| {
            used += text.len() + 1;
            used <= LIST_LIMIT
        });
        let kept = fitting.count();
        list.truncate(kept);
        list.push(format!("…(cut: {kept} of {count} kept, sha256 {digest})"));
    } else {
        list.iter_mut().for_each(cut);
    }
}

#[cfg(test)]
mod tests;

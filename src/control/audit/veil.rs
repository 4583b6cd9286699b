//! What an entry must not tell whoever reads the log later: secrets in texts that somebody else wrote (SEC-68). What they are
//! of stays.
//!
//! Invariant: pure. Done before anything is cut, which could leave half of a secret.

use std::borrow::Cow;

use super::event::{Decision, Entry, Held, What};
use crate::redact::{self, redacted};

/// What a sandbox's token is called in its place.
const TOKEN: &str = "token of the sandbox";

/// Takes secrets out of an entry, and these tokens of sandboxes.
pub fn draw<'a>(entry: &mut Entry, tokens: impl IntoIterator<Item = &'a str> + Clone) {
    if let What::HostCommand(command) = &mut entry.what {
        redact::words(&mut command.argv);
    }
    for text in texts(&mut entry.what) {
        for token in tokens.clone() {
            redact::known(text, token, TOKEN);
        }
        if let Cow::Owned(shown) = redacted(text) {
            *text = shown;
        }
    }
}

/// Returns every text of an entry that others have a hand in.
fn texts(what: &mut What) -> Vec<&mut String> {
    match what {
        What::Decision(Decision { method, host, .. }) | What::Held(Held { method, host, .. }) => vec![method, host],
        What::Diagnostic(message) => vec![message],
        What::Approval(approval) => approval.what.iter_mut().collect(),
        What::HostCommand(command) => {
            let program = command.executable.iter_mut().map(|program| &mut program.path);
            command.argv.iter_mut().chain(&mut command.folder).chain(program).collect()
        }
        What::Failed(_)
        | What::Closed(_)
        | What::Gap(_)
        | What::Plan(_)
        | What::Policy(_)
        | What::Control(_)
        | What::Sandbox(_)
        | What::Log(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests;

//! A command as the audit log has it, in each of its phases. Pure.

use super::HostCommand;
use super::run::How;
use crate::control::audit::event::{Executable, HostCommand as Noted, Phase};
use crate::sandbox::hostexec::protocol::Reason;

/// What the audit log says of a command in every phase.
#[derive(Debug, Clone)]
pub struct Note(Noted);

impl Note {
    /// Returns what is said of a command.
    pub fn of(command: &HostCommand) -> Self {
        let executable = Executable { path: command.program.path.clone(), sha256: command.program.sha256.clone() };
        Self(Noted {
            request: command.digest(),
            argv: command.argv.clone(),
            folder: Some(command.folder.outside.clone()),
            executable: Some(executable),
            phase: Phase::Asked,
        })
    }

    /// Returns it for a phase.
    pub fn at(&self, phase: Phase) -> Noted {
        Noted { phase, ..self.0.clone() }
    }

    /// Returns it for the end of a command, with the bytes of its two streams.
    pub fn ended(&self, how: &How, [stdout, stderr]: [u64; 2], milliseconds: u64) -> Noted {
        let (code, signal, reason) = match how {
            How::Exited(code) => (Some(*code), None, None),
            How::Signal(number) => (None, Some(*number), None),
            How::Cancelled => (None, None, Some("cancelled".to_owned())),
            How::Refused(refusal) => (None, None, Some(word(refusal.reason))),
        };
        self.at(Phase::Ended { code, signal, reason, stdout, stderr, milliseconds })
    }
}

/// Returns the word that stands for a reason in the log.
pub fn word(reason: Reason) -> String {
    serde_json::to_value(reason).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}

//! What people read when a command fails: what was wanted, what got in the way, and what to do next.

use std::error::Error;
use std::fmt;
use std::io::Write;

use super::exit;
use crate::engine::session::SessionError;
use crate::ui::causes;
use crate::ui::style::Role;
use crate::ui::text::visible;

/// An error that can say more than its message.
pub trait Explained: Error + 'static {
    /// Returns what to do next.
    fn hint(&self) -> Option<String>;

    /// Returns what stands below the message, one a line.
    fn lines(&self) -> Vec<String>;
}

impl Explained for SessionError {
    fn hint(&self) -> Option<String> {
        Self::hint(self)
    }

    fn lines(&self) -> Vec<String> {
        Self::lines(self)
    }
}

/// The end of a command that could not do its work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    chain: Vec<String>,
    lines: Vec<String>,
    hints: Vec<String>,
    details: String,
    code: u8,
}

impl Failure {
    /// Returns the failure for an error, with everything that caused it.
    #[must_use]
    pub fn new(error: &(dyn Error + 'static)) -> Self {
        let chain = causes::each(error).collect();
        Self { chain, lines: Vec::new(), hints: Vec::new(), details: String::new(), code: exit::FAILURE }
    }

    /// Returns the failure for an error, with all that it can say.
    #[must_use]
    pub fn explained(error: &impl Explained) -> Self {
        Self { lines: error.lines(), ..Self::new(error).hint(error.hint()) }
    }

    /// Returns a failure that has no error behind it.
    #[must_use]
    pub fn message(text: impl Into<String>) -> Self {
        Self {
            chain: vec![text.into()],
            lines: Vec::new(),
            hints: Vec::new(),
            details: String::new(),
            code: exit::FAILURE,
        }
    }

    /// Adds what to do next; takes one hint, none, or several.
    #[must_use]
    pub fn hint<Hint: Into<String>>(mut self, hints: impl IntoIterator<Item = Hint>) -> Self {
        self.hints.extend(hints.into_iter().map(Into::into));
        self
    }

    /// Puts rendered diagnostics before the message.
    #[must_use]
    pub fn details(self, details: String) -> Self {
        Self { details, ..self }
    }

    /// Sets the exit code.
    #[must_use]
    pub fn code(self, code: u8) -> Self {
        Self { code, ..self }
    }

    /// Returns the text, in colour or not.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        let chain: Vec<_> = self.chain.iter().map(|part| visible(part)).collect();
        let hints = self.hints.iter().map(|hint| format!("{} {}\n", Role::Good.paint("hint:", color), visible(hint)));
        let lines: String = self.lines.iter().map(|line| format!("  {}\n", visible(line))).collect();
        let gap = if self.hints.is_empty() { "" } else { "\n" };
        let details = &self.details;
        format!(
            "{details}{} {}{}\n{lines}{gap}{}",
            Role::Bad.paint("cloister:", color),
            chain.join(": "),
            if self.lines.is_empty() { "" } else { ":" },
            hints.collect::<String>()
        )
    }

    /// Prints it on standard error, and returns the exit code.
    #[must_use]
    pub fn print(&self) -> u8 {
        // There is nobody left to tell when standard error is gone.
        let _ = anstream::stderr().lock().write_all(self.render(true).as_bytes());
        self.code
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.render(false))
    }
}

#[cfg(test)]
mod tests;

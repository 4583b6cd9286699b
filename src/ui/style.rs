//! The one table of colours. Colour repeats what the words say and never says it alone.

use anstyle::{AnsiColor, Style};

use crate::plan::Severity;

/// What a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Names and answers.
    Strong,
    /// What only completes.
    Dim,
    /// All is well.
    Good,
    /// Something waits.
    Waiting,
    /// Something is wrong.
    Bad,
    /// Line numbers and the rule beside them.
    Gutter,
    /// The end of the sandbox.
    Critical,
    /// Opens the sandbox to something that matters.
    High,
    /// Weakens it.
    Medium,
    /// A convenience.
    Low,
    /// Worth knowing.
    Info,
}

impl Role {
    const ALL: [(&str, Self); 11] = [
        ("strong", Self::Strong),
        ("dim", Self::Dim),
        ("good", Self::Good),
        ("waiting", Self::Waiting),
        ("bad", Self::Bad),
        ("gutter", Self::Gutter),
        ("critical", Self::Critical),
        ("high", Self::High),
        ("medium", Self::Medium),
        ("low", Self::Low),
        ("info", Self::Info),
    ];

    /// Returns the role with this name, as templates write it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, role)| *role)
    }

    /// Returns its style.
    #[must_use]
    pub fn style(self) -> Style {
        match self {
            Self::Strong => Style::new().bold(),
            Self::Dim | Self::Info => Style::new().dimmed(),
            Self::Good => AnsiColor::Green.on_default().bold(),
            Self::Waiting => AnsiColor::Yellow.on_default().bold(),
            Self::Bad | Self::Critical => AnsiColor::Red.on_default().bold(),
            Self::Gutter => AnsiColor::Blue.on_default(),
            Self::High => AnsiColor::Red.on_default(),
            Self::Medium => AnsiColor::Yellow.on_default(),
            Self::Low => AnsiColor::Cyan.on_default(),
        }
    }

    /// Returns the text in this role's style; unchanged without colour, and when it is empty.
    #[must_use]
    pub fn paint(self, text: &str, color: bool) -> String {
        if !color || text.is_empty() {
            return text.to_owned();
        }
        let style = self.style();
        format!("{style}{text}{style:#}")
    }
}

/// Returns the word for a severity, which is also the name of its role.
#[must_use]
pub fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::High => "high",
        Severity::Medium => "medium",
        Severity::Low => "low",
        Severity::Info => "info",
    }
}

//! One word of a rule: exactly a text, or any word of a kind.

use std::fmt;

/// Most digits of a number: it fits into 64 bits.
const MOST_DIGITS: usize = 18;
/// Most bytes of a word that stands for a template.
const MOST_BYTES: usize = 255;

/// What a word of a command has to be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Word {
    /// This text, byte for byte.
    Exact(String),
    /// Any word of a kind: `<name:kind>`.
    Any {
        /// What the user calls it.
        name: String,
        /// Its kind.
        kind: Kind,
    },
}

/// Kinds of words. None of them begins with a hyphen, so that none can be an option (SEC-66).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A name of a branch or a tag, as git-check-ref-format(1) wants it, of letters that no shell and no refspec knows.
    Branch,
    /// A path without `..` that does not begin at the root.
    Path,
    /// Digits.
    Number,
    /// One of these texts.
    OneOf(Vec<String>),
}

/// Why a text is no word of a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WordError {
    /// It is empty.
    #[error("a word has at least one letter")]
    Empty,
    /// It looks like a pattern.
    #[error(
        "there are no wildcards and no prefixes: whatever an agent appends would be allowed with it; name every word, or write <name:branch>, <name:path>, <name:number> or <name:one|two>"
    )]
    Pattern,
    /// It has a form that only templates have, and is none.
    #[error("a template is <name:branch>, <name:path>, <name:number> or <name:one|two>")]
    Template,
    /// No command can take it.
    #[error("no command takes a NUL")]
    Nul,
    /// The program is a template, or several words.
    #[error("the first word names one program, such as git or ./deploy.sh; each further word stands for itself")]
    Program,
}

impl Word {
    /// Reads a word of a rule.
    ///
    /// # Errors
    /// It is empty, a pattern, or a template of no known kind.
    pub fn parse(text: &str) -> Result<Self, WordError> {
        if text.is_empty() {
            return Err(WordError::Empty);
        }
        if text.contains('\0') {
            return Err(WordError::Nul);
        }
        if text.contains(['*', '?']) || text.ends_with("...") || text.ends_with('…') {
            return Err(WordError::Pattern);
        }
        match text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')) {
            Some(inner) => template(inner).ok_or(WordError::Template),
            None => Ok(Self::Exact(text.to_owned())),
        }
    }

    /// Reads the first word of a rule, which names a program.
    ///
    /// # Errors
    /// As [`Word::parse`], or it is not one program.
    pub fn parse_program(text: &str) -> Result<Self, WordError> {
        match Self::parse(text)? {
            Self::Exact(name) if !name.contains(char::is_whitespace) => Ok(Self::Exact(name)),
            _ => Err(WordError::Program),
        }
    }

    /// Tells whether a word of a command is what this one says.
    pub fn takes(&self, given: &str) -> bool {
        match self {
            Self::Exact(text) => text == given,
            Self::Any { kind, .. } => given.len() <= MOST_BYTES && kind.takes(given),
        }
    }

    /// Tells whether it stands for a path of the workspace.
    pub fn is_path(&self) -> bool {
        matches!(self, Self::Any { kind: Kind::Path, .. })
    }
}

fn template(inner: &str) -> Option<Word> {
    let (name, kind) = inner.split_once(':')?;
    let plain = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let kind = match kind {
        "branch" => Kind::Branch,
        "path" => Kind::Path,
        "number" => Kind::Number,
        _ => Kind::OneOf(choices(kind)?),
    };
    plain(name).then(|| Word::Any { name: name.to_owned(), kind })
}

/// At least two, or a mistyped kind would be taken for a text.
fn choices(text: &str) -> Option<Vec<String>> {
    let choices: Vec<String> = text.split('|').map(str::to_owned).collect();
    let usable = |choice: &String| !choice.is_empty() && !choice.starts_with('-') && !choice.contains(['<', '>']);
    (choices.len() > 1 && choices.iter().all(usable)).then_some(choices)
}

impl Kind {
    fn takes(&self, given: &str) -> bool {
        match self {
            Self::Branch => is_branch(given),
            Self::Path => is_path(given),
            Self::Number => (1..=MOST_DIGITS).contains(&given.len()) && given.bytes().all(|byte| byte.is_ascii_digit()),
            Self::OneOf(choices) => choices.iter().any(|choice| choice == given),
        }
    }
}

fn is_branch(given: &str) -> bool {
    let letters = given.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte));
    let parts =
        given.split('/').all(|part| !part.is_empty() && !part.starts_with(['.', '-']) && !part.ends_with(".lock"));
    // HEAD and its like are not names of branches, but what they stand for is the agent's choice as well.
    letters && parts && !given.contains("..") && !given.ends_with('.')
}

/// By its letters alone; where it leads is looked at when it is about to run.
fn is_path(given: &str) -> bool {
    let visible = given.chars().all(|letter| !letter.is_control() && letter != '\\' && letter != ':');
    visible && !given.starts_with('-') && given.split('/').all(|part| !part.is_empty() && part != "..")
}

impl fmt::Display for Word {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(text) => formatter.write_str(text),
            Self::Any { name, kind } => write!(formatter, "<{name}:{kind}>"),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Branch => formatter.write_str("branch"),
            Self::Path => formatter.write_str("path"),
            Self::Number => formatter.write_str("number"),
            Self::OneOf(choices) => formatter.write_str(&choices.join("|")),
        }
    }
}

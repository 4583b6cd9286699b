//! One destination that a policy allows or denies: `HOST[:PORT[/raw]]`.

/// A rule in its canonical form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rule(Box<str>);

impl Rule {
    /// Returns the canonical text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

//! `--ulimit NAME=SOFT[:HARD]`.

/// Names that Docker knows (setrlimit(2) without `RLIMIT_AS`).
pub const NAMES: [&str; 15] = [
    "core",
    "cpu",
    "data",
    "fsize",
    "locks",
    "memlock",
    "msgqueue",
    "nice",
    "nofile",
    "nproc",
    "rss",
    "rtprio",
    "rttime",
    "sigpending",
    "stack",
];

/// One resource limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ulimit {
    /// One of [`NAMES`].
    pub name: &'static str,
    /// What is in force.
    pub soft: Limit,
    /// How far a process may raise it.
    pub hard: Limit,
}

/// A bound; ordered, with no bound as the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limit {
    /// In the resource's own unit.
    At(u64),
    /// `-1`.
    Unlimited,
}

/// Why a text is not a resource limit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UlimitError {
    /// No `=`, or too many colons.
    #[error("it is not of the form NAME=SOFT[:HARD]")]
    Syntax,
    /// A name that is none of [`NAMES`].
    #[error("there is no resource limit of this name")]
    UnknownName,
    /// Neither a count nor -1.
    #[error("{0:?} is neither a number nor -1")]
    Number(String),
    /// A soft limit above the hard one.
    #[error("the soft limit is above the hard one")]
    SoftAboveHard,
}

/// Reads a resource limit; a single number is both.
pub fn parse(text: &str) -> Result<Ulimit, UlimitError> {
    let (name, values) = text.split_once('=').ok_or(UlimitError::Syntax)?;
    let name = NAMES.into_iter().find(|known| *known == name).ok_or(UlimitError::UnknownName)?;
    let (soft, hard) = values.split_once(':').unwrap_or((values, values));
    if hard.contains(':') {
        return Err(UlimitError::Syntax);
    }
    let (soft, hard) = (limit(soft)?, limit(hard)?);
    if soft > hard { Err(UlimitError::SoftAboveHard) } else { Ok(Ulimit { name, soft, hard }) }
}

fn limit(text: &str) -> Result<Limit, UlimitError> {
    match text.parse::<i64>() {
        Ok(-1) => Ok(Limit::Unlimited),
        Ok(number) if number >= 0 => Ok(Limit::At(number.unsigned_abs())),
        _ => Err(UlimitError::Number(text.to_owned())),
    }
}

#[cfg(test)]
mod tests;

//! Absolute paths inside a container, in one canonical form.

/// Longest path that Linux takes, with its terminating NUL (`PATH_MAX`).
const LONGEST: usize = 4096;

/// Why a text is not a path inside a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It does not begin at the root.
    #[error("it is not an absolute path")]
    Relative,
    /// A control character, NUL included.
    #[error("it contains a control character")]
    ControlCharacter,
    /// Longer than Linux takes.
    #[error("it is too long for a path")]
    TooLong,
}

/// Returns the path without `//`, `.`, `..` and a slash at the end. Nothing climbs above the root, as in the kernel.
pub fn normalise(text: &str) -> Result<String, PathError> {
    if text.chars().any(char::is_control) {
        return Err(PathError::ControlCharacter);
    }
    if text.len() >= LONGEST {
        return Err(PathError::TooLong);
    }
    let relative = text.strip_prefix('/').ok_or(PathError::Relative)?;
    let mut parts = Vec::new();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    Ok(format!("/{}", parts.join("/")))
}

/// Returns whether a normalised path is another one or lies below it.
pub fn is_within(path: &str, folder: &str) -> bool {
    let below = path.strip_prefix(folder).unwrap_or("-");
    folder == "/" || below.is_empty() || below.starts_with('/')
}

#[cfg(test)]
mod tests;

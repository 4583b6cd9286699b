//! Names of environment variables, and `NAME[=VALUE]` as `docker run -e` takes it.

/// A name that can stand in an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Letters, digits and underscores, not beginning with a digit (POSIX 8.1): every shell can use it.
    Portable,
    /// Possible, but out of reach for shells.
    Odd,
}

/// Why a variable cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnvError {
    /// No name.
    #[error("the name of the variable is empty")]
    EmptyName,
    /// `=` ends a name.
    #[error("the name of the variable contains =")]
    EqualsInName,
    /// A control character in the name, line break and NUL included.
    #[error("the name of the variable contains a control character")]
    ControlInName,
    /// NUL ends a value.
    #[error("the value contains a NUL")]
    NulInValue,
}

/// Checks a name.
pub fn name(text: &str) -> Result<Form, EnvError> {
    if text.is_empty() {
        return Err(EnvError::EmptyName);
    }
    if text.contains('=') {
        return Err(EnvError::EqualsInName);
    }
    if text.chars().any(char::is_control) {
        return Err(EnvError::ControlInName);
    }
    let word = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let digit = text.as_bytes()[0].is_ascii_digit();
    Ok(if word && !digit { Form::Portable } else { Form::Odd })
}

/// Checks a value.
pub fn value(text: &str) -> Result<(), EnvError> {
    if text.contains('\0') { Err(EnvError::NulInValue) } else { Ok(()) }
}

/// Splits `NAME=VALUE`. Without `=` the value is `None`: Docker then takes it from the caller's own environment.
pub fn assignment(text: &str) -> Result<(&str, Option<&str>), EnvError> {
    let (variable, given) = match text.split_once('=') {
        Some((variable, given)) => (variable, Some(given)),
        None => (text, None),
    };
    name(variable)?;
    given.map_or(Ok(()), value)?;
    Ok((variable, given))
}

#[cfg(test)]
mod tests;

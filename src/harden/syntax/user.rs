//! `USER[:GROUP]`, each a name or a number, as the engine reads it.

/// Greatest user and group number that the engine takes.
const GREATEST: u32 = (1 << 31) - 1;

/// A user with an optional group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The account.
    pub account: Id,
    /// The group; `None` leaves it to the account.
    pub group: Option<Id>,
}

/// A name or a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Id {
    /// Numeric.
    Number(u32),
    /// To be looked up inside.
    Name(String),
}

impl User {
    /// Returns whether this is root by number or by name. Another name can still turn out to be number 0.
    pub fn is_root(&self) -> bool {
        match &self.account {
            Id::Number(number) => *number == 0,
            Id::Name(name) => name == "root",
        }
    }
}

/// Why a text is not a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UserError {
    /// Nothing where an account or a group should be; the engine would take root.
    #[error("a name or number is missing")]
    Empty,
    /// It would be taken for an option.
    #[error("it begins with a hyphen")]
    LeadingHyphen,
    /// It would climb where a name becomes part of a path.
    #[error("it begins with a dot")]
    LeadingDot,
    /// A character that is in no account's name.
    #[error("{0:?} cannot be part of a user's name")]
    Character(char),
    /// A number that no account can have.
    #[error("the number is too large")]
    TooLarge,
    /// More than one colon.
    #[error("there is more than one colon")]
    Colons,
}

/// Reads a user. Like in the engine, `00` and `+0` are the number 0.
pub fn parse(text: &str) -> Result<User, UserError> {
    let (account, group) = match text.split_once(':') {
        Some((account, group)) => (account, Some(group)),
        None => (text, None),
    };
    if group.is_some_and(|group| group.contains(':')) {
        return Err(UserError::Colons);
    }
    Ok(User { account: id(account)?, group: group.map(id).transpose()? })
}

fn id(text: &str) -> Result<Id, UserError> {
    let first = text.chars().next().ok_or(UserError::Empty)?;
    if first == '-' {
        return Err(UserError::LeadingHyphen);
    }
    if first == '.' {
        return Err(UserError::LeadingDot);
    }
    let digits = text.strip_prefix('+').unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let number = digits.parse().ok().filter(|number| *number <= GREATEST);
        return number.map(Id::Number).ok_or(UserError::TooLarge);
    }
    match text.chars().find(|character| !is_part(*character)) {
        Some(character) => Err(UserError::Character(character)),
        None if first == '+' => Err(UserError::Character(first)),
        None => Ok(Id::Name(text.to_owned())),
    }
}

fn is_part(character: char) -> bool {
    character.is_ascii_alphanumeric() || "_.-+@$".contains(character)
}

#[cfg(test)]
mod tests;

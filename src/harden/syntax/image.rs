//! References of images: `[DOMAIN/]PATH[:TAG][@DIGEST]`, the grammar of the distribution project.

mod grammar;

use std::fmt;

/// The domain that a reference without one means.
const DEFAULT_DOMAIN: &str = "docker.io";
/// The path in that domain that a single word lies in.
const OFFICIAL: &str = "library/";
/// Longest domain and path together.
const LONGEST: usize = 255;

/// A reference in its canonical form; equal references name the same image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Host of the registry, with its port.
    pub domain: String,
    /// Path in the registry, official images below `library/`.
    pub path: String,
    /// The tag, `latest` where the reference has neither tag nor digest.
    pub tag: Option<String>,
    /// `algorithm:hex`.
    pub digest: Option<String>,
}

/// Why a text is not a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// Nothing at all.
    #[error("it is empty")]
    Empty,
    /// It would be taken for an option.
    #[error("it begins with a hyphen")]
    LeadingHyphen,
    /// Space, or a character that does not show.
    #[error("it contains white space or a control character")]
    WhiteSpace,
    /// An upper-case letter in the path.
    #[error("the name of the repository must be in lower case")]
    UpperCase,
    /// The host of the registry is none.
    #[error("the host of the registry is not a host")]
    Domain,
    /// The path does not follow the grammar.
    #[error("the name of the repository is not one")]
    Path,
    /// The tag does not follow the grammar.
    #[error("the tag is not one")]
    Tag,
    /// The digest does not follow the grammar.
    #[error("the digest is not one")]
    Digest,
    /// 64 hexadecimal digits, which Docker takes for the identifier of an image.
    #[error("it is the identifier of an image, not its name")]
    Identifier,
    /// A name longer than registries take.
    #[error("the name is longer than 255 characters")]
    TooLong,
}

/// Reads a reference.
pub fn parse(text: &str) -> Result<Image, ImageError> {
    match text.chars().next() {
        None => return Err(ImageError::Empty),
        Some('-') => return Err(ImageError::LeadingHyphen),
        Some(_) if text.chars().any(|character| character.is_whitespace() || character.is_control()) => {
            return Err(ImageError::WhiteSpace);
        }
        Some(_) if grammar::is_identifier(text) => return Err(ImageError::Identifier),
        Some(_) => {}
    }
    let (rest, digest) = cut(text, '@');
    let (domain, rest) = split_domain(rest);
    let (path, tag) = cut(rest, ':');
    let path =
        if domain == DEFAULT_DOMAIN && !path.contains('/') { format!("{OFFICIAL}{path}") } else { path.to_owned() };
    grammar::check(domain, &path, tag, digest)?;
    if domain.len() + 1 + path.len() > LONGEST {
        return Err(ImageError::TooLong);
    }
    let tag = tag.or_else(|| digest.is_none().then_some("latest")).map(str::to_owned);
    Ok(Image { domain: domain.to_owned(), path, tag, digest: digest.map(str::to_owned) })
}

impl Image {
    /// Returns whether the reference can only ever mean one content.
    pub fn is_pinned(&self) -> bool {
        self.digest.is_some()
    }

    /// Returns the shortest reference that means the same, as people write it.
    pub fn familiar(&self) -> String {
        let full = self.to_string();
        let path = full.strip_prefix(DEFAULT_DOMAIN).and_then(|rest| rest.strip_prefix('/'));
        let word = path.and_then(|path| path.strip_prefix(OFFICIAL));
        let same = |short: &&str| parse(short).as_ref() == Ok(self);
        [word, path].into_iter().flatten().find(same).unwrap_or(&full).to_owned()
    }
}

impl fmt::Display for Image {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.domain, self.path)?;
        self.tag.iter().try_for_each(|tag| write!(formatter, ":{tag}"))?;
        self.digest.iter().try_for_each(|digest| write!(formatter, "@{digest}"))
    }
}

fn cut(text: &str, separator: char) -> (&str, Option<&str>) {
    match text.split_once(separator) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

/// The first part is a host if it looks like one: a dot, a port, `localhost`, or upper case.
fn split_domain(text: &str) -> (&str, &str) {
    match text.split_once('/') {
        Some(("index.docker.io", rest)) => (DEFAULT_DOMAIN, rest),
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" || first.to_lowercase() != first => {
            (first, rest)
        }
        _ => (DEFAULT_DOMAIN, text),
    }
}

#[cfg(test)]
mod tests;

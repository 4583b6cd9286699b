//! `/etc/profile` of an image, for login shells that keep `PATH`.
//!
//! Agents run their commands in login shells (`bash -lc`), and the profile of common images replaces the `PATH` that
//! the image, the configuration and cloister set. The reference changes the file in the same way.

/// Where it lies.
pub const PROFILE: &str = "/etc/profile";

/// Returns the text in which a `PATH` that is set already stays; `None` where nothing has to change, or where it is
/// no text.
pub fn that_keeps_path(profile: &str) -> Option<String> {
    if profile.contains([char::REPLACEMENT_CHARACTER, '\0']) {
        return None;
    }
    let lines = profile.split('\n').map(|line| assigned(line).unwrap_or_else(|| line.to_owned()));
    let kept = lines.collect::<Vec<_>>().join("\n");
    (kept != profile).then_some(kept)
}

/// Changes a line that gives `PATH` a value of its own; one that builds on another variable stays as it is.
fn assigned(line: &str) -> Option<String> {
    let mut names = line.match_indices("PATH=").map(|(start, name)| (start, start + name.len()));
    let (_, end) = names.find(|(start, end)| {
        let is_word = *start == 0 || line[..*start].ends_with(char::is_whitespace);
        is_word && !line[*end..].contains('$')
    })?;
    let (name, value) = line.split_at(end);
    Some(format!("{name}${{PATH:-{value}}}"))
}

#[cfg(test)]
mod tests;

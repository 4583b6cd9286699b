//! `-v [SOURCE:]TARGET[:OPTIONS]`, as the Docker command line splits it.

use super::mount::{MountError, MountSpec, MountType, is_volume_name};

/// Reads a volume. A source that is no name of a volume is a path of the host, be it relative.
pub fn parse(text: &str) -> Result<MountSpec, MountError> {
    if text.chars().any(char::is_control) {
        return Err(MountError::ControlCharacter);
    }
    let parts: Vec<&str> = text.split(':').collect();
    if is_windows(&parts) {
        return Err(MountError::WindowsPath);
    }
    if parts.iter().any(|part| part.is_empty()) {
        return Err(if text.is_empty() { MountError::MissingTarget } else { MountError::Colons });
    }
    match parts.as_slice() {
        [target] => Ok(MountSpec { target: (*target).to_owned(), ..MountSpec::default() }),
        [source, target] => Ok(with_source(source, target)),
        [source, target, options] => {
            let mut spec = with_source(source, target);
            options.split(',').for_each(|option| set(&mut spec, option));
            Ok(spec)
        }
        _ => Err(MountError::Colons),
    }
}

fn with_source(source: &str, target: &str) -> MountSpec {
    let kind = if is_volume_name(source) { MountType::Volume } else { MountType::Bind };
    MountSpec { kind, source: Some(source.to_owned()), target: target.to_owned(), ..MountSpec::default() }
}

/// The client takes one letter before a colon and a slash for a drive, on Linux too.
fn is_windows(parts: &[&str]) -> bool {
    let letter = |part: &str| part.len() == 1 && part.bytes().all(|byte| byte.is_ascii_alphabetic());
    parts.windows(2).any(|pair| letter(pair[0]) && pair[1].starts_with(['/', '\\']))
}

fn set(spec: &mut MountSpec, option: &str) {
    match option {
        "ro" | "readonly" => spec.readonly = true,
        "rw" => spec.readonly = false,
        "z" | "Z" => spec.relabel = true,
        "nocopy" => spec.volume_nocopy = true,
        "consistent" | "cached" | "delegated" => spec.consistency = Some(option.to_owned()),
        "shared" | "rshared" | "slave" | "rslave" | "private" | "rprivate" => {
            spec.propagation = Some(option.to_owned());
        }
        unknown => spec.unknown.push((unknown.to_owned(), String::new())),
    }
}

#[cfg(test)]
mod tests;

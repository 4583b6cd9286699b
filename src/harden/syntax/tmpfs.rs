//! `--tmpfs TARGET[:OPTIONS]`, options as mount(8) has them.

use super::mount::{MountError, MountSpec, MountType, mode};
use super::size;

/// Reads a mount of memory.
pub fn parse(text: &str) -> Result<MountSpec, MountError> {
    if text.chars().any(char::is_control) {
        return Err(MountError::ControlCharacter);
    }
    let (target, options) = text.split_once(':').unwrap_or((text, ""));
    if target.is_empty() {
        return Err(MountError::MissingTarget);
    }
    let mut spec = MountSpec { kind: MountType::Tmpfs, target: target.to_owned(), ..MountSpec::default() };
    for option in options.split(',').filter(|option| !option.is_empty()) {
        set(&mut spec, option)?;
    }
    Ok(spec)
}

fn set(spec: &mut MountSpec, option: &str) -> Result<(), MountError> {
    let bad = |key: &str, value: &str| MountError::BadValue { key: key.to_owned(), value: value.to_owned() };
    match option.split_once('=') {
        Some((key @ "size", value)) => spec.tmpfs_size = Some(size::bytes(value).map_err(|_| bad(key, value))?),
        Some((key @ "mode", value)) => spec.tmpfs_mode = Some(mode(value).ok_or_else(|| bad(key, value))?),
        Some(("uid" | "gid" | "nr_inodes" | "nr_blocks" | "mpol", _)) => spec.tmpfs_options.push(option.to_owned()),
        Some((key, value)) => spec.unknown.push((key.to_owned(), value.to_owned())),
        None => flag(spec, option),
    }
    Ok(())
}

fn flag(spec: &mut MountSpec, option: &str) {
    match option {
        "ro" => spec.readonly = true,
        "rw" => spec.readonly = false,
        "exec" | "noexec" | "suid" | "nosuid" | "dev" | "nodev" | "defaults" | "sync" | "async" | "dirsync"
        | "atime" | "noatime" | "diratime" | "nodiratime" | "relatime" | "norelatime" | "strictatime"
        | "nostrictatime" => {
            spec.tmpfs_options.push(option.to_owned());
        }
        "shared" | "rshared" | "slave" | "rslave" | "private" | "rprivate" => {
            spec.propagation = Some(option.to_owned());
        }
        unknown => spec.unknown.push((unknown.to_owned(), String::new())),
    }
}

#[cfg(test)]
mod tests;

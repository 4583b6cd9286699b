//! `${devcontainerId}`: a stable name computed from the labels that identify a container.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

/// Digits of base 32 as JavaScript's `BigInt.toString(32)` writes them.
const DIGITS: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
/// Digits that 256 bits need.
const LENGTH: usize = 52;

/// Returns the id of a configuration file in a folder, as the reference computes it from its two labels.
pub fn devcontainer_id(local_folder: &str, config_file: &str) -> String {
    from_labels(&BTreeMap::from([
        ("devcontainer.local_folder", local_folder),
        ("devcontainer.config_file", config_file),
    ]))
}

/// Returns the id for a set of labels: SHA-256 of their JSON with sorted keys, in base 32, padded with zeros.
pub fn from_labels(labels: &BTreeMap<&str, &str>) -> String {
    let text = serde_json::to_string(labels).expect("a map of strings is always JSON");
    base32(&Sha256::digest(text))
}

/// Writes 256 bits as one big number: its lowest digit holds the lowest five bits.
fn base32(bytes: &[u8]) -> String {
    let bit = |index: usize| bytes.len().checked_sub(1 + index / 8).map_or(0, |byte| bytes[byte] >> (index % 8) & 1);
    let digit = |position: usize| (0..5).map(|offset| bit(position * 5 + offset) << offset).sum::<u8>();
    (0..LENGTH).rev().map(|position| char::from(DIGITS[usize::from(digit(position))])).collect()
}

#[cfg(test)]
mod tests;

//! `approvals`: how a person is asked.

use super::checker::Checker;
use crate::config::jsonc::{Data, Node};

/// Keys of `approvals`.
pub(super) const KEYS: &[&str] = &["hold"];
/// Longest hold in seconds: clients give up long before.
const LONGEST: u32 = 600;
const TAKES: &str = "a time such as \"60s\" or \"2m\", at most 10m, or 0 to hold nothing";

/// Returns for how many seconds what nobody listed is held.
pub(super) fn hold(checker: &mut Checker<'_>, root: &Node) -> Option<u32> {
    let section = checker.section(root, "", "approvals", KEYS)?;
    let node = &section.member("hold")?.node;
    let seconds = match &node.data {
        Data::Number(number) if number.as_f64() == Some(0.0) => Some(0),
        Data::Text(text) => seconds(text),
        _ => None,
    };
    seconds.filter(|seconds| *seconds <= LONGEST).or_else(|| checker.takes("/approvals/hold", node, TAKES))
}

fn seconds(text: &str) -> Option<u32> {
    if text == "0" {
        return Some(0);
    }
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number: u32 = plain.then(|| digits.parse().ok()).flatten()?;
    match unit {
        "s" => Some(number),
        "m" => number.checked_mul(60),
        _ => None,
    }
}

//! `limits`: defaults and caps in one. A value above the cap is replaced by it.

use serde_json::Number;

use super::super::layer::Limits;
use super::super::model::LimitCaps;
use super::checker::Checker;
use crate::config::jsonc::{Data, Node, pointer};
use crate::harden::syntax::size;

/// Keys of `limits`.
pub(super) const KEYS: &[&str] = &["pids", "memory", "cpus", "nofile", "shm", "freeSpace"];
/// Least memory that an engine takes.
const LEAST_MEMORY: u64 = 6 << 20;
/// Least of what is counted in no less: a bare number means bytes, and nobody means so few.
const LEAST_SIZE: u64 = 1 << 20;
const PATH: &str = "/limits";

/// Returns the limits that the file names, none above the caps.
pub(super) fn read(checker: &mut Checker<'_>, root: &Node) -> Limits {
    let Some(section) = checker.section(root, "", "limits", KEYS) else { return Limits::default() };
    let caps = LimitCaps::default();
    Limits {
        pids: count(checker, section, "pids", caps.pids),
        memory: bytes(checker, section, "memory", (LEAST_MEMORY, "a size of at least 6m, such as \"2g\""), caps.memory),
        cpus: cpus(checker, section, caps.cpus),
        nofile: count(checker, section, "nofile", caps.nofile),
        shm: bytes(checker, section, "shm", (LEAST_SIZE, "a size of at least 1m, such as \"512m\""), caps.shm),
        free_space: free_space(checker, section),
    }
}

fn count(checker: &mut Checker<'_>, section: &Node, key: &str, cap: u64) -> Option<u64> {
    let node = &section.member(key)?.node;
    let number = match &node.data {
        Data::Number(number) => number.as_u64().filter(|count| *count > 0),
        _ => None,
    };
    Some(capped(checker, node, key, number, cap, "a whole number above zero", &cap.to_string()))
}

fn bytes(checker: &mut Checker<'_>, section: &Node, key: &str, (least, takes): (u64, &str), cap: u64) -> Option<u64> {
    let node = &section.member(key)?.node;
    let bytes = size_of(node).filter(|bytes| *bytes >= least);
    Some(capped(checker, node, key, bytes, cap, takes, &format!("{}g", cap >> 30)))
}

/// What stays free has no cap: the more, the stricter.
fn free_space(checker: &mut Checker<'_>, section: &Node) -> Option<u64> {
    let node = &section.member("freeSpace")?.node;
    let bytes = size_of(node).filter(|bytes| *bytes == 0 || *bytes >= LEAST_SIZE);
    let takes = "a size of at least 1m, such as \"5GiB\", or 0 to watch nothing";
    bytes.or_else(|| checker.takes(&pointer(PATH, "freeSpace"), node, takes))
}

/// Returns the bytes that a value stands for.
fn size_of(node: &Node) -> Option<u64> {
    match &node.data {
        Data::Number(number) => number.as_u64(),
        Data::Text(text) => size::bytes(text).ok(),
        _ => None,
    }
}

fn cpus(checker: &mut Checker<'_>, section: &Node, cap: f64) -> Option<f64> {
    let node = &section.member("cpus")?.node;
    let number = match &node.data {
        Data::Number(number) => number.as_f64().filter(|count| *count >= 0.01),
        _ => None,
    };
    Some(capped(checker, node, "cpus", number, cap, "a number of CPUs such as 2 or 0.5", &number_text(cap)))
}

fn number_text(number: f64) -> String {
    Number::from_f64(number).map_or_else(String::new, |number| number.to_string())
}

fn capped<T: PartialOrd + Copy>(
    checker: &mut Checker<'_>,
    node: &Node,
    key: &str,
    value: Option<T>,
    cap: T,
    takes: &str,
    shown_cap: &str,
) -> T {
    let here = pointer(PATH, key);
    match value {
        None => checker.takes(&here, node, takes).unwrap_or(cap),
        Some(value) if value > cap => {
            let message = format!("is above the cap; {shown_cap} is used");
            checker.warns(&here, node, &message, "no configuration file goes above the caps");
            cap
        }
        Some(value) => value,
    }
}

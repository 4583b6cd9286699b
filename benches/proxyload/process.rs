//! What a process and its descendants have used, from `/proc`.

use std::collections::BTreeMap;
use std::fs;

/// A moment of a process tree.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sample {
    /// Nanoseconds on a processor, of every thread.
    pub(crate) processor: u64,
    /// Resident memory in KiB.
    pub(crate) resident: u64,
}

/// Reads what the tree below `root` has used; nothing where there is no process to look at.
pub(crate) fn sample(root: Option<u32>) -> Sample {
    let Some(root) = root else { return Sample::default() };
    let parents = parents();
    let members = parents.keys().filter(|pid| is_within(**pid, root, &parents));
    members.fold(Sample::default(), |sum, pid| Sample {
        processor: sum.processor + processor(*pid),
        resident: sum.resident + resident(*pid),
    })
}

fn numbers(folder: &str) -> impl Iterator<Item = u32> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn parents() -> BTreeMap<u32, u32> {
    let parent = |pid: u32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        stat.get(stat.rfind(')')? + 2..)?.split(' ').nth(1)?.parse().ok()
    };
    numbers("/proc").filter_map(|pid| Some((pid, parent(pid)?))).collect()
}

fn is_within(pid: u32, root: u32, parents: &BTreeMap<u32, u32>) -> bool {
    std::iter::successors(Some(pid), |pid| parents.get(pid).copied()).take(64).any(|ancestor| ancestor == root)
}

/// `schedstat` counts nanoseconds of threads that live; `stat` counts hundredths of a second, of those that ended as well.
fn processor(pid: u32) -> u64 {
    const TICK: u64 = 10_000_000;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let behind_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = behind_name.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok());
    living(pid).max(ticks.sum::<u64>() * TICK)
}

fn living(pid: u32) -> u64 {
    let of_thread = |thread: u32| {
        let text = fs::read_to_string(format!("/proc/{pid}/task/{thread}/schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    };
    numbers(&format!("/proc/{pid}/task")).filter_map(of_thread).sum()
}

fn resident(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let field = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    field.and_then(|value| value.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

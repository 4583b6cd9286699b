//! Flags that limit: a limit below the cap is kept, one above it becomes the cap, and none is ever lifted (SEC-19).

use super::Asked;
use crate::harden::draft::{Context, Draft};
use crate::harden::run_args::Name;
use crate::harden::syntax::{size, ulimit};
use crate::plan::finding::Severity::{Info, Low, Medium};

pub(super) fn take(draft: &mut Draft, context: &Context<'_>, flag: &Asked<'_>, name: Name, text: &str) {
    let caps = context.policy.limits;
    match name {
        Name::Memory => {
            let bytes = size::bytes(text).ok();
            draft.limits.memory_bytes = bounded(draft, flag, bytes, caps.memory, shown_bytes);
        }
        Name::ShmSize => {
            let bytes = size::bytes(text).ok();
            draft.limits.shm_bytes = bounded(draft, flag, bytes, caps.shm, shown_bytes);
        }
        Name::PidsLimit => {
            let count = text.parse().ok();
            draft.limits.pids = bounded(draft, flag, count, caps.pids, |count| count.to_string());
        }
        Name::Cpus => cpus(draft, flag, text, caps.cpus),
        Name::Ulimit => resource_limit(draft, flag, text, caps.nofile),
        Name::MemorySwap | Name::MemorySwappiness | Name::KernelMemory => {
            flag.replaced(draft, Low, "no swap beyond the memory limit", "memory with swap is limited as one");
        }
        Name::OomScoreAdj => {
            flag.replaced(draft, Medium, "the engine's own", "would make the machine's programs die first");
        }
        _ => flag.removed(draft, Info, "cloister limits memory, CPUs, processes and files"),
    }
}

/// Returns the limit in force; zero and below mean "none" to Docker, which is above every cap.
fn bounded(draft: &mut Draft, flag: &Asked<'_>, asked: Option<u64>, cap: u64, show: impl Fn(u64) -> String) -> u64 {
    match asked {
        Some(value) if value > 0 && value <= cap => {
            flag.kept(draft, "within the limit");
            value
        }
        Some(_) => {
            flag.replaced(draft, Medium, show(cap), "above the limit of limits in config.json5");
            cap
        }
        None => {
            flag.replaced(draft, Medium, show(cap), "lifts the limit, or is none");
            cap
        }
    }
}

fn cpus(draft: &mut Draft, flag: &Asked<'_>, text: &str, cap: f64) {
    let asked = text.parse::<f64>().ok().filter(|count| count.is_finite() && *count >= 0.01);
    match asked {
        Some(count) if count <= cap => {
            draft.limits.cpus = count;
            flag.kept(draft, "within the limit");
        }
        _ => {
            draft.limits.cpus = cap;
            flag.replaced(draft, Medium, cap.to_string(), "above the limit of limits in config.json5, or none");
        }
    }
}

fn resource_limit(draft: &mut Draft, flag: &Asked<'_>, text: &str, nofile_cap: u64) {
    let limit = match ulimit::parse(text) {
        Ok(limit) => limit,
        Err(error) => return flag.removed(draft, Low, error.to_string()),
    };
    let (ulimit::Limit::At(soft), ulimit::Limit::At(hard)) = (limit.soft, limit.hard) else {
        let dangerous = matches!(limit.name, "nproc" | "nofile" | "core" | "memlock");
        let severity = if dangerous { Medium } else { Low };
        return flag.replaced(draft, severity, "cloister's own limit", "would lift a limit");
    };
    match limit.name {
        "nofile" if hard <= nofile_cap && hard > 0 => {
            draft.limits.nofile = hard;
            flag.kept(draft, "within the limit");
        }
        "nofile" => {
            draft.limits.nofile = nofile_cap;
            flag.replaced(draft, Medium, nofile_cap.to_string(), "above the limit of limits in config.json5");
        }
        "core" => flag.replaced(draft, Low, "0", "a core file would hold every secret of the process"),
        "rtprio" | "nice" | "rttime" | "memlock" => {
            flag.removed(draft, Low, "raises what a process may take from the machine");
        }
        name => {
            draft.limits.ulimits.insert(name.to_owned(), [soft, hard]);
            flag.kept(draft, "a limit only tightens");
        }
    }
}

fn shown_bytes(bytes: u64) -> String {
    const GIBIBYTE: u64 = 1 << 30;
    if bytes.is_multiple_of(GIBIBYTE) { format!("{} GiB", bytes / GIBIBYTE) } else { format!("{} MiB", bytes >> 20) }
}

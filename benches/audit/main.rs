#![expect(clippy::disallowed_methods, reason = "a load generator: files and the clock")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "one line of JSON is what it is for")]
//! `audit --folder FOLDER --rate EVENTS --seconds SECONDS`: the audit log under a load. Prints one line of JSON: events per
//! second, processor time per event, how much later than due the last group was taken, and what a sync took.
//!
//! `scripts/bench audit` starts it. The figure that holds on a busy machine is the processor time.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use cloister::control::audit::event::{Closed, Decision, Entry, Origin, Sandbox, What};
use cloister::control::audit::{Log, LogError};

/// Events that come together.
const GROUP: u64 = 50;

/// The audit log under a load
#[derive(Debug, Parser)]
struct Arguments {
    /// Where the log is made
    #[arg(long)]
    folder: PathBuf,
    /// Events for each second
    #[arg(long, default_value_t = 10_000)]
    rate: u64,
    /// For how long
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("audit: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<serde_json::Value, LogError> {
    let log = Log::open(&arguments.folder)?;
    let processor = processor();
    let begun = Instant::now();
    let groups = arguments.rate * arguments.seconds / GROUP;
    let mut late = Duration::ZERO;
    for group in 0..groups {
        let due = Duration::from_micros(group * GROUP * 1_000_000 / arguments.rate);
        std::thread::sleep(due.saturating_sub(begun.elapsed()));
        late = late.max(begun.elapsed().saturating_sub(due));
        log.append((group * GROUP + 1..=(group + 1) * GROUP).map(event).collect())?;
    }
    let taken = begun.elapsed();
    drop(log);
    let ended = begun.elapsed();
    let events = groups * GROUP;
    let spent = self::processor().saturating_sub(processor);
    Ok(serde_json::json!({
        "events": events,
        "eventsPerSecond": per(events, taken),
        "processorMicrosecondsPerEvent": micros(spent) / count(events),
        "latestMilliseconds": micros(late) / 1000.0,
        "lastSyncMilliseconds": micros(ended.saturating_sub(taken)) / 1000.0,
    }))
}

/// Half of what comes is a decision, half the end of its connection.
fn event(number: u64) -> Entry {
    let connection = number.div_ceil(2);
    let what = if number.is_multiple_of(2) {
        What::Closed(Closed { connection, address: None, sent: 517, received: 15_360, milliseconds: 120 })
    } else {
        What::Decision(Decision {
            connection,
            method: "CONNECT".into(),
            host: format!("h{}.packages.example.org", connection % 200),
            port: 443,
            allowed: true,
            reason: "allowed".into(),
            rule: "*.packages.example.org".into(),
            approval: None,
            address: None,
        })
    };
    let sandbox = Some(Sandbox { id: "0123456789ab".into(), name: "web".into() });
    let origin = Some(Origin { epoch: "0123456789abcdef".into(), event: number });
    Entry { time: 1_790_000_000_000 + number / 10, sandbox, origin, what }
}

/// Processor time of this process and its threads that ended, in steps of 10 ms.
fn processor() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = behind_name.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok());
    Duration::from_millis(ticks.sum::<u64>() * 10)
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000_000.0
}

fn count(events: u64) -> f64 {
    f64::from(u32::try_from(events).unwrap_or(u32::MAX))
}

fn per(events: u64, duration: Duration) -> f64 {
    count(events) / duration.as_secs_f64()
}

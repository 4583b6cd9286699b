//! Latencies and failures of a run, and its line of JSON.

use std::time::Duration;

use serde_json::{Value, json};

use crate::process::Sample;

/// What was measured of single operations.
#[derive(Debug, Default)]
pub(crate) struct Statistics {
    latencies: Vec<Duration>,
    errors: Vec<String>,
}

impl Statistics {
    pub(crate) fn record(&mut self, latency: Duration, outcome: Result<(), String>) {
        match outcome {
            Ok(()) => self.latencies.push(latency),
            Err(error) => self.errors.push(error),
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
        self.errors.extend(other.errors);
    }

    pub(crate) fn line(mut self, measured: Duration, before: Sample, after: Sample) -> Value {
        self.latencies.sort_unstable();
        let operations = self.latencies.len();
        let nanoseconds = after.processor - before.processor;
        json!({
            "operations": operations,
            "perSecond": rounded(operations as f64 / measured.as_secs_f64()),
            "processorMicroseconds": rounded(nanoseconds as f64 / 1e3 / operations.max(1) as f64),
            "p50Milliseconds": self.quantile(500),
            "p99Milliseconds": self.quantile(990),
            "longestMilliseconds": self.quantile(1000),
            "residentKib": after.resident,
            "errors": self.errors.len(),
            "firstError": self.errors.first(),
        })
    }

    fn quantile(&self, thousandths: usize) -> f64 {
        let index = self.latencies.len().saturating_sub(1) * thousandths / 1000;
        self.latencies.get(index).map_or(0.0, |latency| rounded(latency.as_secs_f64() * 1e3))
    }
}

/// Returns a number with three digits behind the point.
pub(crate) fn rounded(number: f64) -> f64 {
    (number * 1e3).round() / 1e3
}

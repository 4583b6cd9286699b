//! Events of a guardian as entries of the log.
//!
//! Invariant: pure. Each event becomes one entry that carries its epoch and number, whatever it is, so that none is kept
//! twice and none is missed.

use super::event::{Closed, Decision, Entry, Failed, Gap, Held, Origin, Sandbox, What};
use crate::guardian::protocol::{Event, Happening};

/// Returns the entry of an event of a life of a guardian. `name` tells the name of a sandbox, `approval` the id of the
/// person's decision that a rule came from.
pub fn entry(
    epoch: &str,
    event: Event,
    name: impl Fn(&str) -> Option<String>,
    approval: impl Fn(&str, &str) -> Option<String>,
) -> Entry {
    let Event { number, time, sandbox: id, what } = event;
    let what = match what {
        Happening::Gap { lost } => What::Gap(Gap {
            epoch: epoch.to_owned(),
            first: number.saturating_sub(lost).max(1),
            last: Some(number.saturating_sub(1)),
        }),
        Happening::Decision { connection, method, host, port, allowed, reason, rule, address } => {
            let approval = approval(&id, &rule);
            What::Decision(Decision { connection, method, host, port, allowed, reason, rule, approval, address })
        }
        Happening::Held(held) => What::Held(Held {
            connection: held.connection,
            method: held.method,
            host: held.host,
            port: held.port,
            from: held.from,
        }),
        Happening::Failed { connection, reason } => What::Failed(Failed { connection, reason }),
        Happening::Closed { connection, address, sent, received, milliseconds } => {
            What::Closed(Closed { connection, address, sent, received, milliseconds })
        }
        Happening::Diagnostic { message } => What::Diagnostic(message),
    };
    let sandbox = (!id.is_empty()).then(|| Sandbox { name: name(&id).unwrap_or_default(), id });
    Entry { time, sandbox, origin: Some(Origin { epoch: epoch.to_owned(), event: number }), what }
}

#[cfg(test)]
mod tests;

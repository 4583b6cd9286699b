//! A decision of a guardian's, as the audit log has it.

use cloister::control::audit::event::{Decision, What};

/// Returns what is written down of a tunnel to a host that is listed, or is not.
pub(crate) fn decided(connection: u64, host: &str, allowed: bool) -> What {
    What::Decision(Decision {
        connection,
        method: "CONNECT".into(),
        host: host.into(),
        port: 443,
        allowed,
        reason: if allowed { "allowed" } else { "not-allowed" }.into(),
        rule: if allowed { host.into() } else { String::new() },
        approval: None,
        address: None,
    })
}

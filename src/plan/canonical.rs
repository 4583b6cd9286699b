//! The one JSON form of a plan, and its digest: equal plans give equal bytes.
//!
//! Invariant: the digest covers everything but itself and `facts`, so that knowing more of the machine without
//! planning anything else keeps the digest.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Plan;

/// The JSON Schema of a plan (draft 2020-12), as published in `schemas/`.
pub const SCHEMA: &str = include_str!("../../schemas/plan.schema.json");

/// Top-level members that the digest leaves out.
const OUTSIDE_DIGEST: [&str; 2] = ["digest", "facts"];

/// Returns the plan as JSON: members in the order of the model, keys of maps sorted.
#[must_use]
pub fn to_json(plan: &Plan) -> Value {
    serde_json::to_value(plan).expect("a plan has text keys only and nothing else makes JSON fail")
}

/// Returns the form for people and files: indented by two spaces, with a newline at the end.
#[must_use]
pub fn pretty(plan: &Plan) -> String {
    format!("{:#}\n", to_json(plan))
}

/// Returns the form that is hashed and stored: no white space.
#[must_use]
pub fn compact(plan: &Plan) -> Vec<u8> {
    to_json(plan).to_string().into_bytes()
}

/// Returns `sha256:…` of the compact form without `digest` and `facts`.
#[must_use]
pub fn digest(plan: &Plan) -> String {
    let mut json = to_json(plan);
    if let Value::Object(members) = &mut json {
        for name in OUTSIDE_DIGEST {
            members.shift_remove(name);
        }
    }
    let hash = Sha256::digest(json.to_string().as_bytes());
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// Returns the plan with its digest filled in.
#[must_use]
pub fn seal(plan: Plan) -> Plan {
    let digest = digest(&plan);
    Plan { digest, ..plan }
}

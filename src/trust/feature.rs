//! A Feature whose reference can lead to something else tomorrow.

use serde_json::{Value, json};

use super::{Kind, Request};

impl Request {
    /// Returns the request to build a Feature, with its options.
    pub fn feature(reference: &str, options: &Value) -> Self {
        let canonical = json!({ "kind": Kind::Feature, "reference": reference, "options": options });
        let content = format!("{reference}\noptions: {options:#}");
        Self::new(Kind::Feature, format!("features/{reference}"), content, &canonical)
    }
}

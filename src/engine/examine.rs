//! What an engine says of itself, for `cloister doctor`: whole, as it says it. What it does not answer is null.

use serde_json::Value;

use super::connect::Engine;
use super::hijack;
use crate::doctor::Answers;

/// Asks it everything.
pub async fn answers(engine: &Engine) -> Answers {
    let ask = async |path| hijack::get(&engine.endpoint, path).await.ok();
    let json = async |path| {
        let answer = ask(path).await;
        answer.and_then(|answer| serde_json::from_slice(&answer.text).ok()).unwrap_or(Value::Null)
    };
    let (ping, info, components) = tokio::join!(ask("/_ping"), json("/info"), json("/version"));
    let builder = ping.and_then(|answer| Some(answer.fields.get("builder-version")?.to_str().ok()?.to_owned()));
    Answers { endpoint: engine.endpoint.to_string(), version: engine.version.clone(), info, components, builder }
}

//! The sandboxes that there are.

use serde::Serialize;

use super::super::names;
use super::super::receipt::Receipt;
use super::{Context, SessionError, clean};

/// One sandbox, as scripts read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Listed {
    /// Name.
    pub name: String,
    /// Id.
    pub id: String,
    /// The folder that it works on.
    pub workspace: String,
    /// `running`, `starting` or `stopped`.
    pub state: &'static str,
    /// Name of its container in the engine; `null` when there is none.
    pub container: Option<String>,
    /// Name of its network in the engine; `null` when there is none.
    pub network: Option<String>,
    /// Digest of its plan.
    pub plan_digest: String,
}

/// Returns the sandboxes by name, after cleaning up; those that were stopped as well.
///
/// # Errors
/// The engine does not answer, or a receipt cannot be read.
pub async fn list(context: &Context) -> Result<Vec<Listed>, SessionError> {
    clean::sweep(context, clean::Look::Each).await?;
    let mut listed: Vec<Listed> = context.state.receipts()?.into_iter().map(row).collect();
    listed.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(listed)
}

fn row(receipt: Receipt) -> Listed {
    let engine_name = names::container(&receipt.id);
    Listed {
        state: receipt.state.as_str(),
        container: receipt.container.is_some().then(|| engine_name.clone()),
        network: receipt.subnet.is_some().then_some(engine_name),
        name: receipt.name,
        id: receipt.id,
        workspace: receipt.workspace,
        plan_digest: receipt.plan_digest,
    }
}

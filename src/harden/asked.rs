//! What a repository asks for that the user can approve, and the answer.

use super::draft::Draft;
use crate::plan::finding::Action;
use crate::policy::Policy;
use crate::trust::Request;

/// What the user has said about one exact content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// Yes.
    Approved,
    /// No.
    Denied,
    /// Nothing yet.
    Waits,
}

impl Answer {
    /// Returns what is done about it.
    pub(super) fn action(self) -> Action {
        match self {
            Self::Approved => Action::Kept,
            Self::Denied => Action::Removed,
            Self::Waits => Action::NeedsApproval,
        }
    }
}

impl Draft {
    /// Notes a request, and returns what the user has said about it.
    pub(super) fn ask(&mut self, policy: &Policy, request: Request) -> Answer {
        let approvals = &policy.approvals;
        let answer = match (approvals.contains(&request.digest), approvals.is_denied(&request.digest)) {
            (true, _) => Answer::Approved,
            (false, true) => Answer::Denied,
            (false, false) => Answer::Waits,
        };
        self.requests.push(request);
        answer
    }
}

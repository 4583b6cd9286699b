//! May this sandbox reach that target? Names and ports only; the addresses behind a name are [`super::address`]'s work.
//!
//! Invariant: pure. Deny wins, and what no rule names is refused.

use super::policy::SandboxPolicy;
use super::protocol::CONTROL_HOST;
use super::reason::Reason;
use super::target::{Name, Target};
use crate::policy::rule::{Rule, is_machine_name};
use crate::policy::rules::{Match, Place};

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It may, because of this rule.
    Allowed {
        /// The rule.
        rule: Rule,
    },
    /// It may not.
    Refused {
        /// Why.
        reason: Reason,
        /// The rule that decided, where one did.
        rule: Option<Rule>,
    },
}

impl Decision {
    /// Returns whether somebody who is asked could let the target through: a name that no rule is about, or not with this
    /// port. A deny, a name of the machine, numbers and addresses are no question.
    pub fn is_a_question(&self, target: &Target) -> bool {
        let open = matches!(self, Self::Refused { reason: Reason::NotListed | Reason::Port, .. });
        open && matches!(&target.name, Name::Host(host) if host.as_str() != CONTROL_HOST)
    }
}

/// Decides about a target.
pub fn decide(target: &Target, policy: &SandboxPolicy) -> Decision {
    let place = match &target.name {
        Name::Number(_) => return refused(Reason::AddressLiteral, None),
        Name::Host(host) if is_machine_name(host) => return refused(Reason::LocalName, None),
        Name::Host(host) => Place::Name(host.clone()),
        Name::Address(address) => Place::Address(*address),
    };
    match (policy.rules.find(&place, target.port, target.usage), place) {
        (Match::Allowed(rule), _) => Decision::Allowed { rule },
        (Match::Denied(rule), _) => refused(Reason::Denied, Some(rule)),
        (Match::OtherPort(rule), _) => refused(Reason::Port, Some(rule)),
        (Match::Nothing, Place::Address(_)) => refused(Reason::AddressLiteral, None),
        (Match::Nothing, Place::Name(_)) => refused(Reason::NotListed, None),
    }
}

fn refused(reason: Reason, rule: Option<Rule>) -> Decision {
    Decision::Refused { reason, rule }
}

#[cfg(test)]
mod tests;

//! From a request to a connection to the outside: may it, does somebody let it, is that kept, which addresses, and which of
//! them answers.

use std::io;
use std::net::IpAddr;

use rustix::io::Errno;
use tokio::time::timeout;

use super::connection::{Client, Connection, Opened};
use super::hold::{Outcome, hold};
use super::listener::Seat;
use crate::guardian::address::{Vetting, closed, vet};
use crate::guardian::decide::{Decision, decide};
use crate::guardian::reason::Reason;
use crate::guardian::refusal::Refusal;
use crate::guardian::target::{Name, Target};
use crate::guardian::world::dial;
use crate::policy::rule::Rule;

/// Leave to reach a target: by a rule, or once because somebody said so.
pub(super) struct Leave {
    reason: Reason,
    rule: Option<Rule>,
}

impl Connection {
    /// Decides about a target; what nobody listed is held where somebody can be asked. A refusal becomes an event.
    pub(super) async fn leave(&self, client: &mut Client, method: &str, target: &Target) -> Result<Leave, Refusal> {
        let mut once = false;
        let refusal = loop {
            let Seat { sandbox, shared } = &self.seat;
            // before the decision, so that a change of policy finds it
            sandbox.track(self.number, target, once, &self.cut);
            let decision = decide(target, &sandbox.policy());
            let question = decision.is_a_question(target);
            let refusal = match self.refusal(decision, target) {
                Ok(rule) => return Ok(Leave { reason: Reason::Listed, rule: Some(rule) }),
                Err(_) if question && once => return Ok(Leave { reason: Reason::Once, rule: None }),
                Err(refusal) => refusal,
            };
            sandbox.untrack(self.number);
            let Some(present) = shared.records.present().filter(|_| question) else { break refusal };
            let seconds = sandbox.hold();
            if seconds == 0 {
                break refusal.askable(None);
            }
            // what was held before has used some
            if !self.reserve() {
                break Refusal::audit();
            }
            match Box::pin(hold(client, self, method, target, seconds, &present.lost)).await {
                Outcome::Decided => once = false,
                Outcome::Word(true) => once = true,
                Outcome::Word(false) => break Refusal::declined(target, &sandbox.name),
                Outcome::Unanswered => break refusal.askable(Some(seconds)),
                Outcome::Full => break Refusal::too_many_held(target, shared.limits.held),
                Outcome::NotKept => break Refusal::audit(),
                Outcome::Gone => break refusal,
                Outcome::Lost => break refusal,
            }
        };
        self.note_refusal(method, Some(target), &refusal);
        Err(refusal)
    }

    /// Returns the rule that allows a target.
    fn refusal(&self, decision: Decision, target: &Target) -> Result<Rule, Refusal> {
        let Seat { sandbox, shared } = &self.seat;
        match decision {
            Decision::Allowed { rule } => Ok(rule),
            refused @ Decision::Refused { .. } => {
                let closed = match target.name {
                    Name::Address(address) => closed(address, &shared.networks()),
                    Name::Host(_) | Name::Number(_) => None,
                };
                let refusal = Refusal::decided(refused, target, &sandbox.name, closed);
                Err(refusal.expect("a refused decision is a refusal"))
            }
        }
    }

    /// Resolves, vets and dials a target once the leave for it is kept.
    pub(super) async fn open(&self, method: &str, target: &Target, leave: &Leave) -> Result<Opened, Refusal> {
        self.keep(method, target, leave, None).await?;
        let opened = self.reach(target).await;
        match &opened {
            Ok(_) => self.count(Some(target), leave.reason),
            Err(refusal) => self.note_failure(target, refusal.reason()),
        }
        opened
    }

    /// Goes on over a connection to a target that is there already, once the leave for it is kept.
    pub(super) async fn reuse(
        &self,
        method: &str,
        target: &Target,
        leave: &Leave,
        address: IpAddr,
    ) -> Result<(), Refusal> {
        self.lead_to(address);
        self.keep(method, target, leave, Some(address)).await?;
        self.count(Some(target), leave.reason);
        Ok(())
    }

    /// Makes a leave an event, and waits until it is kept where somebody keeps events.
    async fn keep(&self, method: &str, target: &Target, leave: &Leave, address: Option<IpAddr>) -> Result<(), Refusal> {
        let what = self.decision(method, Some(target), leave.reason, leave.rule.as_ref(), address);
        if self.seat.shared.records.kept(self.announce(what)).await {
            return Ok(());
        }
        self.note_failure(target, Reason::Audit);
        Err(Refusal::audit())
    }

    /// Returns whether the tunnel may carry something other than TLS, by the policy of this moment.
    pub(super) fn carries_anything(&self, target: &Target) -> bool {
        self.seat.sandbox.carries_anything(self.number, target)
    }

    async fn reach(&self, target: &Target) -> Result<Opened, Refusal> {
        let Seat { sandbox, shared } = &self.seat;
        let addresses = self.addresses(target).await?;
        // resolving took a while: the policy may be another one by now
        let (policy, sandboxes) = (sandbox.policy(), shared.networks());
        let vetting =
            Vetting { permitted: &policy.permit_addresses, host: &policy.host_addresses, sandboxes: &sandboxes };
        let permit = vet(&addresses, target.port, vetting).map_err(|forbidden| Refusal::address(forbidden, target))?;
        sandbox.track_addresses(self.number, permit.addresses().map(|address| address.get().ip()).collect());
        let dialled = dial(&*shared.world, &permit, shared.limits.connect).await;
        let (stream, address) = dialled.map_err(|error| match error.raw_os_error().map(Errno::from_raw_os_error) {
            Some(Errno::MFILE | Errno::NFILE) => Refusal::too_many_connections(),
            _ => Refusal::unreachable(target, error.kind() == io::ErrorKind::TimedOut),
        })?;
        self.lead_to(address);
        Ok(Opened { stream, address })
    }

    async fn addresses(&self, target: &Target) -> Result<Vec<IpAddr>, Refusal> {
        let shared = &self.seat.shared;
        let host = match &target.name {
            Name::Host(host) => host,
            Name::Address(address) => return Ok(vec![*address]),
            Name::Number(_) => return Ok(Vec::new()),
        };
        if let Some(address) = self.seat.sandbox.policy().hosts.get(host) {
            return Ok(vec![*address]);
        }
        match timeout(shared.limits.resolve, shared.world.resolve(host)).await {
            Ok(Ok(addresses)) if !addresses.is_empty() => Ok(addresses),
            _ => Err(Refusal::not_found(target)),
        }
    }
}

//! What agents ask: by connections that are held, ahead of them, and for other things.

use std::collections::{BTreeMap, BTreeSet};

use super::super::card::{Asked, Card, CardId, Connection, HostAsk, OtherAsk, OtherKind, Ticket};
use super::super::effect::{Answer, Effect, Entry};
use super::super::flood::Unasked;
use super::{Desk, EXPIRY, PORTS, PROGRAMS, TEXT, TICKETS, found};
use crate::policy::decision::Subject;
use crate::policy::effective::Effective;
use crate::policy::host::Host;
use crate::policy::rule::Rule;
use crate::policy::rules::Match;
use crate::ui::text::cut;

/// What somebody wants to reach.
#[derive(Debug, Clone, Copy)]
struct Wanted<'a> {
    subject: &'a Subject,
    host: &'a str,
    port: u16,
}

/// Who waits for the answer.
#[derive(Debug, Clone, Copy)]
enum Waiter {
    Connection(u64),
    Ticket(Ticket),
    /// It was refused for now, and may come again.
    Nobody,
}

impl Desk {
    /// The guardian holds a connection. `policy` is that of the sandbox.
    pub fn held(
        &mut self,
        subject: &Subject,
        host: &str,
        port: u16,
        connection: u64,
        policy: &Effective,
        now: u64,
    ) -> Vec<Effect> {
        let wanted = Wanted { subject, host, port };
        self.want(wanted, Waiter::Connection(connection), None, policy, now)
    }

    /// The guardian holds no more of the sandbox's connections, and refused this one for now.
    pub fn turned_away(
        &mut self,
        subject: &Subject,
        host: &str,
        port: u16,
        policy: &Effective,
        now: u64,
    ) -> Vec<Effect> {
        self.want(Wanted { subject, host, port }, Waiter::Nobody, None, policy, now)
    }

    /// An agent asks ahead, and waits for the answer.
    #[expect(clippy::too_many_arguments, reason = "each is another kind of thing, and all come from different places")]
    pub fn ask_ahead(
        &mut self,
        subject: &Subject,
        host: &str,
        port: u16,
        reason: Option<&str>,
        ticket: Ticket,
        policy: &Effective,
        now: u64,
    ) -> Vec<Effect> {
        let wanted = Wanted { subject, host, port };
        self.want(wanted, Waiter::Ticket(ticket), reason, policy, now)
    }

    /// An agent, or the repository, asks for something else. A card with the same digest is asked once.
    pub fn ask_other(&mut self, subject: &Subject, ask: OtherAsk, now: u64) -> Vec<Effect> {
        let same = |card: &&Card| {
            let is_same = |other: &OtherAsk| other.kind == ask.kind && other.digest == ask.digest;
            card.subject == *subject && matches!(&card.what, Asked::Other(other) if is_same(other))
        };
        let same = self.cards.of(&subject.sandbox).find(same).map(|card| card.id);
        if let Some(card) = same.and_then(|id| self.cards.change(id))
            && let Asked::Other(other) = &mut card.what
        {
            if other.tickets.len() + ask.tickets.len() > TICKETS {
                self.flood.count_flooded(&subject.sandbox);
                return answers(&ask.tickets, Answer::TooMany);
            }
            (card.last, card.count) = (now, card.count + 1);
            other.tickets.extend(ask.tickets);
            return Vec::new();
        }
        let (key, title, tickets) = (other_key(&ask), ask.title.clone(), ask.tickets.clone());
        match self.admit(subject, &key, now) {
            Ok(()) => self.new_card(subject, Asked::Other(ask), now),
            Err(answer) => {
                let mut effects = self.unasked(subject, title, 0, answer);
                effects.extend(answers(&tickets, answer));
                effects
            }
        }
    }

    /// What repositories ask for now, by who opened them. What is not among it any more goes; what is stays as it is, however
    /// long nobody answers.
    pub fn ask_repositories(&mut self, wanted: BTreeMap<Subject, Vec<OtherAsk>>, now: u64) -> Vec<Effect> {
        let is_wanted = |card: &Card| match &card.what {
            Asked::Other(ask) if ask.kind == OtherKind::Repository => {
                wanted.get(&card.subject).is_some_and(|asks| asks.contains(ask))
            }
            _ => true,
        };
        let gone: Vec<CardId> = self.cards.iter().filter(|card| !is_wanted(card)).map(|card| card.id).collect();
        let mut effects: Vec<Effect> = gone.into_iter().flat_map(|id| self.expire(id)).collect();
        for (subject, asks) in wanted {
            for ask in asks {
                let same = |card: &&Card| {
                    card.subject == subject && matches!(&card.what, Asked::Other(other) if *other == ask)
                };
                let known = self.cards.of(&subject.sandbox).find(same).map(|card| card.id);
                match known.and_then(|id| self.cards.change(id)) {
                    Some(card) => card.expires = now + EXPIRY,
                    None => effects.extend(self.ask_other(&subject, ask, now)),
                }
            }
        }
        effects
    }

    /// Whether somebody should look which program asks for a host: ever more rarely, the more often it is asked for.
    pub fn wants_program(&self, sandbox: &str, host: &Host) -> bool {
        self.cards.about(sandbox, host).is_some_and(|card| match &card.what {
            Asked::Host(ask) => card.count.is_power_of_two() && ask.programs.len() < PROGRAMS,
            Asked::Other(_) => false,
        })
    }

    /// A program in the sandbox was seen asking for a host.
    pub fn seen(&mut self, sandbox: &str, host: &Host, program: &str) {
        let about = self.cards.about(sandbox, host).map(|card| card.id);
        if let Some(card) = about.and_then(|id| self.cards.change(id))
            && let Asked::Host(ask) = &mut card.what
            && ask.programs.len() < PROGRAMS
        {
            ask.programs.insert(cut(program, TEXT));
        }
    }

    fn want(
        &mut self,
        wanted: Wanted<'_>,
        waiter: Waiter,
        reason: Option<&str>,
        policy: &Effective,
        now: u64,
    ) -> Vec<Effect> {
        let Wanted { subject, host, port } = wanted;
        let known = Host::parse(host).ok().filter(|_| port != 0);
        let Some(known) = known.filter(|known| Rule::parse(&format!("{known}:{port}")).is_ok()) else {
            return self.refuse(wanted, waiter, Answer::Never);
        };
        match found(policy, &known, port) {
            Match::Denied(_) => return self.refuse(wanted, waiter, Answer::Never),
            Match::Allowed(_) => return tell(wanted, waiter, Answer::Listed),
            Match::OtherPort(_) | Match::Nothing => {}
        }
        if let Waiter::Connection(_) = waiter
            && self.passes.remove(&(subject.clone(), known.clone(), port)).is_some_and(|until| now < until)
        {
            return tell(wanted, waiter, Answer::Listed);
        }
        let mut effects = self.drop_foreign(subject, &known);
        match self.cards.about(&subject.sandbox, &known).map(|card| card.id) {
            Some(id) => effects.extend(self.join(id, wanted, waiter, reason, now)),
            None => match self.admit(subject, &host_key(&known), now) {
                Ok(()) => effects.extend(self.new_card(subject, new_ask(known, port, waiter, reason), now)),
                Err(answer) => effects.extend(self.refuse(wanted, waiter, answer)),
            },
        }
        effects
    }

    /// A card of an earlier life of the sandbox goes: an answer to it would be for that one.
    fn drop_foreign(&mut self, subject: &Subject, host: &Host) -> Vec<Effect> {
        let foreign = self.cards.about(&subject.sandbox, host).filter(|card| card.subject != *subject);
        foreign.map(|card| card.id).map(|id| self.expire(id)).unwrap_or_default()
    }

    fn join(&mut self, id: CardId, wanted: Wanted<'_>, waiter: Waiter, reason: Option<&str>, now: u64) -> Vec<Effect> {
        let Some(card) = self.cards.change(id) else { return Vec::new() };
        let Asked::Host(ask) = &mut card.what else { return Vec::new() };
        let is_known = |number| ask.waiting.contains(&Connection { number, port: wanted.port });
        if matches!(waiter, Waiter::Connection(number) if is_known(number)) {
            // A control plane that takes over hears of it twice.
            return Vec::new();
        }
        let has_room = ask.ports.contains(&wanted.port) || ask.ports.len() < PORTS;
        let may_wait = !matches!(waiter, Waiter::Ticket(_)) || ask.tickets.len() < TICKETS;
        if !has_room || !may_wait {
            self.flood.count_flooded(&wanted.subject.sandbox);
            return tell(wanted, waiter, Answer::TooMany);
        }
        ask.ports.insert(wanted.port);
        if ask.reason.is_none() {
            ask.reason = reason.map(|reason| cut(reason, TEXT));
        }
        if let Waiter::Ticket(ticket) = waiter {
            ask.tickets.insert(ticket);
        }
        (card.last, card.count, card.expires) = (now, card.count + 1, now + EXPIRY);
        if let Waiter::Connection(number) = waiter {
            self.cards.wait(id, Connection { number, port: wanted.port });
        }
        Vec::new()
    }

    fn admit(&mut self, subject: &Subject, key: &str, now: u64) -> Result<(), Answer> {
        let waiting = [self.cards.count_of(&subject.sandbox), self.cards.len()];
        self.flood.admit(&subject.sandbox, key, waiting, now).map_err(|unasked| match unasked {
            Unasked::CoolDown(until) => Answer::CoolDown { until },
            Unasked::TooMany => Answer::TooMany,
        })
    }

    fn new_card(&mut self, subject: &Subject, what: Asked, now: u64) -> Vec<Effect> {
        self.last += 1;
        let id = CardId(self.last);
        let card = Card { id, subject: subject.clone(), what, first: now, last: now, count: 1, expires: now + EXPIRY };
        self.cards.add(card.clone());
        vec![Effect::Log(Entry::Asked(card)), Effect::Notify(id)]
    }

    fn refuse(&self, wanted: Wanted<'_>, waiter: Waiter, answer: Answer) -> Vec<Effect> {
        let mut effects = self.unasked(wanted.subject, wanted.host.to_owned(), wanted.port, answer);
        effects.extend(tell(wanted, waiter, answer));
        effects
    }

    /// Logs what was refused without asking, ever more rarely, so that a flood of requests is none of lines.
    fn unasked(&self, subject: &Subject, what: String, port: u16, answer: Answer) -> Vec<Effect> {
        let counts = self.flood.counts(&subject.sandbox);
        let is_due = match answer {
            Answer::CoolDown { .. } => counts.cooled.is_power_of_two(),
            Answer::TooMany => counts.flooded.is_power_of_two(),
            _ => false,
        };
        let entry = Entry::Unasked { subject: subject.clone(), what: cut(&what, TEXT), port, answer };
        is_due.then_some(Effect::Log(entry)).into_iter().collect()
    }
}

/// What is remembered of a host that was refused.
pub(super) fn host_key(host: &Host) -> String {
    format!("host {host}")
}

/// What is remembered of something else that was refused.
pub(super) fn other_key(ask: &OtherAsk) -> String {
    format!("other {}", ask.digest)
}

fn new_ask(host: Host, port: u16, waiter: Waiter, reason: Option<&str>) -> Asked {
    let (mut waiting, mut tickets) = (BTreeSet::new(), BTreeSet::new());
    match waiter {
        Waiter::Connection(number) => _ = waiting.insert(Connection { number, port }),
        Waiter::Ticket(ticket) => _ = tickets.insert(ticket),
        Waiter::Nobody => {}
    }
    let reason = reason.map(|reason| cut(reason, TEXT));
    Asked::Host(HostAsk { host, ports: BTreeSet::from([port]), reason, waiting, tickets, programs: BTreeSet::new() })
}

/// Tells whoever waits, without a card.
fn tell(wanted: Wanted<'_>, waiter: Waiter, answer: Answer) -> Vec<Effect> {
    let Wanted { subject, host, port } = wanted;
    match waiter {
        Waiter::Ticket(ticket) => vec![Effect::Answer { ticket, answer }],
        Waiter::Connection(_) => {
            let (sandbox, host) = (subject.sandbox.clone(), host.to_owned());
            vec![Effect::Settle { sandbox, host, port, allow: answer == Answer::Listed }]
        }
        Waiter::Nobody => Vec::new(),
    }
}

fn answers(tickets: &BTreeSet<Ticket>, answer: Answer) -> Vec<Effect> {
    tickets.iter().map(|ticket| Effect::Answer { ticket: *ticket, answer }).collect()
}

//! The list that lives: each request as it comes, and a question about it.
//!
//! Invariant: what was typed before a card could be read answers nothing (SEC-51): the question comes half a second after the
//! card, and what is there by then is thrown away.

mod news;

use std::collections::BTreeSet;
use std::io::{ErrorKind, Write, stderr};
use std::time::Duration;

use tokio::sync::mpsc;

use self::news::{Heard, News};
use super::super::exit;
use super::super::output::say;
use super::{ApproveError, decide, inbox, text};
use crate::control::approvals::choice::Reach;
use crate::control::client::{Connection, ControlError};
use crate::control::protocol::{CardView, ChoiceView};
use crate::host::{stdin, terminal};
use crate::pipeline::unix_milliseconds;
use crate::policy::decision::Verdict;
use crate::ui::text::visible;

/// How long a card stands there before it can be answered, as on the page.
const READING: Duration = Duration::from_millis(500);

/// How long a question about a host is not shown yet, in milliseconds.
const MATURE: u64 = 500;

/// What became of a question.
enum Asked {
    /// The card is not asked about again as it is.
    Over,
    /// It is another one by now.
    Again,
    /// Nothing runs any more.
    Ended,
}

/// What came while a question stood there.
enum Typed {
    Line(String),
    Asked(Asked),
}

/// Asks about each request, the oldest first, until somebody says that it is enough or nothing runs any more. `watching` is a
/// conversation of its own, for the news.
pub(super) async fn run(connection: &mut Connection, watching: Connection) -> Result<u8, ApproveError> {
    say("what sandboxes wait for is shown as it comes; Ctrl-C ends the list, not what waits\n\n");
    let mut live = Live { connection, news: News::of(watching), lines: stdin::lines() };
    let mut passed = BTreeSet::new();
    loop {
        // One that changed is another question.
        let is_new = |card: &&CardView| !passed.contains(&(card.id, card.digest.clone()));
        let Some(card) = live.news.inbox.cards.iter().find(is_new).cloned() else {
            if !live.news.came().await {
                return Ok(exit::OK);
            }
            continue;
        };
        // Who asks is found out a moment after the question came.
        let age = unix_milliseconds().saturating_sub(card.first);
        if card.kind == "host" && age < MATURE {
            tokio::time::sleep(Duration::from_millis(MATURE - age)).await;
            match inbox(live.connection, 0).await {
                Ok(inbox) => live.news.inbox = inbox,
                Err(ControlError::Ended | ControlError::Stream(_)) => return Ok(exit::OK),
                Err(error) => return Err(error.into()),
            }
            continue;
        }
        say(&text::card(&card));
        match live.ask(&card).await? {
            Asked::Over => _ = passed.insert((card.id, card.digest)),
            Asked::Again => {}
            Asked::Ended => return Ok(exit::OK),
        }
    }
}

struct Live<'a> {
    connection: &'a mut Connection,
    news: News,
    lines: mpsc::Receiver<String>,
}

impl Live<'_> {
    async fn ask(&mut self, card: &CardView) -> Result<Asked, ApproveError> {
        let least = |verdict| card.least(verdict, &Reach::Exact).filter(|one| one.confirm.is_none());
        let (allow, deny) = (least(Verdict::Allow), least(Verdict::Deny));
        for (key, choice) in [("a", allow), ("d", deny)] {
            if let Some(choice) = choice {
                say(&format!("    {key}  {}\n", visible(&choice.text)));
            }
        }
        say("    m  more answers\n    s  not now\n");
        tokio::time::sleep(READING).await;
        terminal::forget_typed();
        while self.lines.try_recv().is_ok() {}
        self.news.begin(card);
        if let Heard::Said(said) = self.news.look_at(card) {
            say(&format!("    {said}\n"));
        }
        loop {
            let line = match self.prompt(card, "    answer: ").await? {
                Typed::Line(line) => line,
                Typed::Asked(asked) => return Ok(asked),
            };
            let chosen = match (line.trim(), allow, deny) {
                ("a", Some(chosen), _) | ("d", _, Some(chosen)) => chosen,
                ("m", ..) => match self.more(card).await? {
                    Ok(chosen) => chosen,
                    Err(asked) => return Ok(asked),
                },
                ("s", ..) => return Ok(Asked::Over),
                _ => {
                    say(&format!("    {}\n", possible(allow.is_some(), deny.is_some())));
                    continue;
                }
            };
            if let Some(asked) = self.answer(card, chosen).await? {
                return Ok(asked);
            }
        }
    }

    /// Answers, and says what came of it; `None` where it has to be asked for again.
    async fn answer(&mut self, card: &CardView, chosen: &ChoiceView) -> Result<Option<Asked>, ApproveError> {
        let mut typed = String::new();
        if let Some(word) = &chosen.confirm {
            typed = match self.prompt(card, &format!("    type {} to confirm: ", visible(word))).await? {
                Typed::Line(line) => line.trim().to_owned(),
                Typed::Asked(asked) => return Ok(Some(asked)),
            };
        }
        let asked = match decide(self.connection, card, chosen, &typed).await {
            Ok(decision) => {
                say(&format!("    {}\n", text::done(chosen, decision.as_ref())));
                Asked::Over
            }
            Err(ApproveError::Unconfirmed { word }) => {
                say(&format!("    that is not {}: nothing was answered\n", visible(&word)));
                return Ok(None);
            }
            Err(ApproveError::Control(ControlError::Refused { reason })) => {
                say(&format!("    {}\n\n", visible(&reason)));
                Asked::Again
            }
            Err(ApproveError::Control(ControlError::Ended | ControlError::Stream(_))) => return Ok(Some(Asked::Ended)),
            Err(error) => return Err(error),
        };
        // What was heard before the answer is old.
        self.news.inbox = inbox(self.connection, 0).await?;
        // A card that is as it was and took no answer is not asked about for ever.
        let is_same = self.news.inbox.cards.iter().any(|one| one.id == card.id && one.digest == card.digest);
        Ok(Some(if is_same { Asked::Over } else { asked }))
    }

    async fn more<'a>(&mut self, card: &'a CardView) -> Result<Result<&'a ChoiceView, Asked>, ApproveError> {
        for (number, choice) in card.choices.iter().enumerate() {
            say(&format!("    {:>2}  {}: {}\n", number + 1, choice.choice.verdict.as_str(), visible(&choice.text)));
        }
        loop {
            let line = match self.prompt(card, "    number: ").await? {
                Typed::Line(line) => line,
                Typed::Asked(asked) => return Ok(Err(asked)),
            };
            let number = line.trim().parse::<usize>().ok().and_then(|number| number.checked_sub(1));
            match number.and_then(|number| card.choices.get(number)) {
                Some(choice) => return Ok(Ok(choice)),
                None => say(&format!("    a number from 1 to {}\n", card.choices.len())),
            }
        }
    }

    /// Asks for a line, and says meanwhile what happens to the card.
    async fn prompt(&mut self, card: &CardView, question: &str) -> Result<Typed, ApproveError> {
        show(question)?;
        loop {
            tokio::select! {
                line = self.lines.recv() => {
                    // Without an end of line the terminal is gone, which is no answer.
                    let line = line.ok_or_else(|| ApproveError::Terminal(ErrorKind::UnexpectedEof.into()))?;
                    return Ok(if self.news.has_changed(card) { Typed::Asked(Asked::Again) } else { Typed::Line(line) });
                }
                came = self.news.came() => match self.news.look_at(card) {
                    _ if !came => return Ok(Typed::Asked(Asked::Ended)),
                    Heard::Nothing => {}
                    Heard::Said(said) => {
                        say(&format!("\n    {said}\n"));
                        show(question)?;
                    }
                    Heard::Gone(said) => {
                        say(&format!("\n    {said}\n\n"));
                        return Ok(Typed::Asked(Asked::Over));
                    }
                },
            }
        }
    }
}

fn possible(allow: bool, deny: bool) -> String {
    let keys: Vec<&str> =
        [(allow, "a"), (deny, "d"), (true, "m")].into_iter().filter_map(|(is, key)| is.then_some(key)).collect();
    format!("{} or s", keys.join(", "))
}

/// Somebody has to see the question: it goes to the terminal that is read from.
fn show(question: &str) -> Result<(), ApproveError> {
    let mut stderr = stderr();
    stderr.write_all(question.as_bytes()).and_then(|()| stderr.flush()).map_err(ApproveError::Terminal)
}

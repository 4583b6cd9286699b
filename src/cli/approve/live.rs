//! The list that lives: each request as it comes, and a question about it.

use std::collections::BTreeSet;
use std::io::{ErrorKind, Write, stderr};
use std::time::Duration;

use tokio::time::sleep;

use super::super::exit;
use super::super::output::say;
use super::{ApproveError, decide, inbox, text};
use crate::control::client::{Connection, ControlError};
use crate::control::protocol::{CardView, ChoiceView};
use crate::host::stdin;
use crate::pipeline::unix_milliseconds;
use crate::policy::decision::Verdict;
use crate::ui::text::visible;

/// How long a question about a host is not shown yet, in milliseconds: no answer counts so soon (SEC-51).
const MATURE: u64 = 500;

/// Asks about each request, the oldest first, until somebody says that it is enough or nothing runs any more.
pub(super) async fn run(connection: &mut Connection) -> Result<u8, ApproveError> {
    let (mut seen, mut passed) = (0, BTreeSet::new());
    say("what sandboxes wait for is shown as it comes; Ctrl-C ends the list, not what waits\n\n");
    loop {
        let inbox = match inbox(connection, seen).await {
            Ok(inbox) => inbox,
            Err(ControlError::Ended | ControlError::Stream(_)) => return Ok(exit::OK),
            Err(error) => return Err(error.into()),
        };
        seen = inbox.version;
        // One that changed is another question.
        let Some(card) = inbox.cards.iter().find(|card| !passed.contains(&(card.id, card.digest.clone()))) else {
            continue;
        };
        // Who asks is found out a moment after the question came.
        let age = unix_milliseconds().saturating_sub(card.first);
        if card.kind == "host" && age < MATURE {
            sleep(Duration::from_millis(MATURE - age)).await;
            seen = 0;
            continue;
        }
        // What was asked meanwhile is looked at before anything is waited for again.
        seen = 0;
        passed.insert((card.id, card.digest.clone()));
        say(&text::card(card));
        match ask(connection, card).await {
            Err(ApproveError::Control(ControlError::Refused { reason })) => {
                say(&format!("    {}\n\n", visible(&reason)));
            }
            asked => asked?,
        }
    }
}

async fn ask(connection: &mut Connection, card: &CardView) -> Result<(), ApproveError> {
    let least = |verdict| card.choices.iter().find(move |one| one.choice.verdict == verdict && one.confirm.is_none());
    let (allow, deny) = (least(Verdict::Allow), least(Verdict::Deny));
    for (key, choice) in [("a", allow), ("d", deny)] {
        if let Some(choice) = choice {
            say(&format!("    {key}  {}\n", visible(&choice.text)));
        }
    }
    say("    m  more answers\n    s  not now\n");
    loop {
        let chosen = match prompt("    answer: ").await?.trim() {
            "a" => allow,
            "d" => deny,
            "m" => more(card).await?,
            "s" => return Ok(()),
            _ => None,
        };
        if let Some(chosen) = chosen {
            let word = match &chosen.confirm {
                Some(word) => prompt(&format!("    type {} to confirm: ", visible(word))).await?.trim().to_owned(),
                None => String::new(),
            };
            decide(connection, card, chosen, &word).await?;
            say("    done\n\n");
            return Ok(());
        }
    }
}

async fn more(card: &CardView) -> Result<Option<&ChoiceView>, ApproveError> {
    for (number, choice) in card.choices.iter().enumerate() {
        say(&format!("    {:>2}  {}: {}\n", number + 1, choice.choice.verdict.as_str(), visible(&choice.text)));
    }
    let chosen = prompt("    number: ").await?.trim().parse::<usize>().ok();
    Ok(chosen.and_then(|number| card.choices.get(number.checked_sub(1)?)))
}

/// Asks for a line. Somebody has to see the question: it goes to the terminal that is read from.
async fn prompt(question: &str) -> Result<String, ApproveError> {
    let shown = || -> std::io::Result<()> {
        stderr().write_all(question.as_bytes())?;
        stderr().flush()
    };
    shown().map_err(ApproveError::Terminal)?;
    let line = tokio::task::spawn_blocking(stdin::line).await;
    let line = line.map_err(|error| ApproveError::Terminal(error.into()))?;
    // Without an end of line the terminal is gone, which is no answer.
    if line.ends_with('\n') { Ok(line) } else { Err(ApproveError::Terminal(ErrorKind::UnexpectedEof.into())) }
}

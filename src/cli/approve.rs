//! `cloister approve` and `cloister deny`: what waits for a person, answered in a terminal.
//!
//! Invariant: an answer names the digest of what was shown. A card that became another one meanwhile is not answered, but
//! shown again.

mod live;
mod text;

use super::exit;
use super::failure::{Explained, Failure};
use super::list::Format;
use super::output::{Output, say};
use super::runtime;
use crate::control::approvals::card::CardId;
use crate::control::approvals::choice::{Choice, Reach, Term};
use crate::control::client::{Connection, ControlError};
use crate::control::protocol::{Ask, CardView, ChoiceView, Inbox, Mistake, Reply};
use crate::host::identity::{Identity, IdentityError};
use crate::host::paths::Paths;
use crate::host::terminal;
use crate::policy::decision::{By, DecisionId, Verdict};
use crate::ui::text::visible;

const EXAMPLES: &str = "\
Examples:
  cloister approve                      shows what waits as it comes, and asks
  cloister approve --format json        what waits now, for scripts
  cloister approve 3 --for 1h           one of them, for an hour
  cloister approve 3 --for project --wildcard '*.example.com' --confirm example.com
  cloister deny 3                       the other answer";

/// Answer what sandboxes wait for
///
/// A sandbox that asks for a host that nobody listed waits for a while. Without a number, a terminal shows each request as it
/// comes and asks; elsewhere those that wait now are printed. Decisions are undone with `cloister decisions undo`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Number of what waits
    pub card: Option<u64>,
    /// For how long, and for whom: once, session, 15m, 1h, 1d, project, global; without it, session for a host, once for a
    /// command
    #[arg(long = "for", value_name = "TERM", value_parser = term)]
    pub term: Option<Term>,
    /// For every host below a name, in place of the one host: a pattern that the request offers
    #[arg(long, value_name = "PATTERN")]
    pub wildcard: Option<String>,
    /// The word that a wide answer has to be confirmed with
    #[arg(long, value_name = "WORD", default_value = "")]
    pub confirm: String,
    /// Form of the list
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

fn term(word: &str) -> Result<Term, String> {
    Term::parse(word).ok_or_else(|| "it is one of once, session, 15m, 1h, 1d, project, global".to_owned())
}

/// Why nothing was answered.
#[derive(Debug, thiserror::Error)]
enum ApproveError {
    /// Nobody knows who runs this.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The control plane cannot be asked.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// There is none.
    #[error("no sandbox runs, so nothing waits")]
    Nothing,
    /// Nothing that waits has that number.
    #[error("nothing waits under the number {card}: it was answered or has expired already, or was never there")]
    Unknown {
        /// The number.
        card: u64,
    },
    /// It cannot be answered so.
    #[error("this is no answer to {card}")]
    NoChoice {
        /// The number.
        card: u64,
        /// What is.
        offered: Vec<String>,
    },
    /// It has to be confirmed.
    #[error("an answer as wide as this has to be confirmed")]
    Unconfirmed {
        /// The word.
        word: String,
    },
    /// The terminal cannot be read.
    #[error("could not read the answer")]
    Terminal(#[source] std::io::Error),
}

impl Explained for ApproveError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Identity(error) => error.hint(),
            Self::Control(error) => error.hint(),
            Self::Nothing => Some("start one: `cloister start`".to_owned()),
            Self::Unknown { .. } => Some("`cloister approve` lists what waits".to_owned()),
            Self::NoChoice { .. } => Some("what can be answered stands above".to_owned()),
            Self::Unconfirmed { word } => Some(format!("add: --confirm {}", crate::ui::text::quoted(word))),
            Self::Terminal(_) => None,
        }
    }

    fn lines(&self) -> Vec<String> {
        if let Self::NoChoice { offered, .. } = self { offered.clone() } else { Vec::new() }
    }
}

/// Shows what waits, or answers one request.
///
/// # Errors
/// No control plane lives, nothing has the number, or the answer is none.
pub fn run(args: &Args, verdict: Verdict) -> Result<u8, Failure> {
    let mut output = Output::default();
    let code = runtime::finish(async {
        let paths = Paths::of(&Identity::current()?.home);
        let mut connection = Connection::open(&paths.state).await?.ok_or(ApproveError::Nothing)?;
        match args.card {
            Some(card) => answer(&mut connection, args, card, verdict).await,
            None if terminal::is_interactive() && args.format == Format::Text => {
                let watching = Connection::open(&paths.state).await?.ok_or(ApproveError::Nothing)?;
                live::run(&mut connection, watching).await
            }
            None => {
                let inbox = inbox(&mut connection, 0).await?;
                say(&mistakes(&inbox.mistakes));
                if inbox.cards.is_empty() {
                    say("nothing waits for an answer\n");
                }
                output.stderr = inbox.cards.first().map(text::how_to_answer).unwrap_or_default();
                output.stdout = match args.format {
                    Format::Json => serde_json::to_string_pretty(&inbox.cards).expect("the keys are texts") + "\n",
                    Format::Text => inbox.cards.iter().map(text::card).collect(),
                };
                Ok(exit::OK)
            }
        }
    })?;
    output.write()?;
    Ok(code)
}

/// Returns a line for each of the user's files that is not in force as it is.
pub(super) fn mistakes(mistakes: &[Mistake]) -> String {
    let line = |Mistake { place, message, since }: &Mistake| {
        let counts = if since.is_some() { "the policy stays as it was" } else { "nothing is allowed" };
        let place = if place.is_empty() { String::new() } else { format!("{}: ", visible(place)) };
        format!("cloister: {place}{}, so {counts}\n", visible(message))
    };
    mistakes.iter().map(line).collect()
}

async fn inbox(connection: &mut Connection, since: u64) -> Result<Inbox, ControlError> {
    match connection.ask(&Ask::Inbox { since }).await? {
        Reply::Inbox(inbox) => Ok(inbox),
        _ => Err(ControlError::Unexpected),
    }
}

async fn answer(connection: &mut Connection, args: &Args, card: u64, verdict: Verdict) -> Result<u8, ApproveError> {
    let inbox = inbox(connection, 0).await?;
    let shown = inbox.cards.iter().find(|one| one.id == CardId(card)).ok_or(ApproveError::Unknown { card })?;
    let reach = args.wildcard.clone().map_or(Reach::Exact, Reach::Wildcard);
    let named = |term| {
        let is_named = |one: &&ChoiceView| one.choice == Choice { verdict, term, reach: reach.clone() };
        shown.choices.iter().find(is_named)
    };
    let offered = args
        .term
        .map_or_else(|| shown.least(verdict, &reach), named)
        .ok_or_else(|| ApproveError::NoChoice { card, offered: shown.choices.iter().map(text::choice).collect() })?;
    let decision = decide(connection, shown, offered, &args.confirm).await?;
    say(&text::done(offered, decision.as_ref()));
    Ok(exit::OK)
}

/// Answers a card as it was shown, and returns the decision that this left.
async fn decide(
    connection: &mut Connection,
    card: &CardView,
    offered: &ChoiceView,
    confirmed: &str,
) -> Result<Option<DecisionId>, ApproveError> {
    if let Some(word) = offered.confirm.as_ref().filter(|word| *word != confirmed) {
        return Err(ApproveError::Unconfirmed { word: word.clone() });
    }
    let ask = Ask::Decide {
        card: card.id,
        digest: card.digest.clone(),
        choice: offered.choice.clone(),
        typed: offered.confirm.clone(),
        by: By::Terminal,
    };
    match connection.ask(&ask).await? {
        Reply::Decided(decision) => Ok(decision),
        _ => Err(ControlError::Unexpected.into()),
    }
}

//! What the command line and the page say to the control plane. Over the socket in the state folder it is newline-delimited
//! JSON; the page's server, which is a part of the same process, hands the same values over. Each question has one answer,
//! in the order of the questions.
//!
//! Invariant: every text that a sandbox had a hand in is as it came; whoever shows it makes it visible.

use std::collections::{BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use super::approvals::card::CardId;
use super::approvals::choice::{Choice, Reach};
use super::audit::event::{HostCommand, Sandbox};
use super::hostexec::Variables;
use super::tally::Traffic;
use crate::guardian::protocol::{Answer, Command};
use crate::policy::decision::{By, DecisionId, Scope, Subject, Verdict};

/// Version of the protocol; a control plane of another version is replaced.
pub const VERSION: u32 = 1;
/// Longest line in bytes that either side reads: an inbox that is as full as agents can make it.
pub const LINE_LIMIT: usize = 64 << 20;

/// What somebody of the user's wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Ask {
    /// Opens the conversation.
    Hello,
    /// Has a guardian told several things, one after the other.
    Guardian {
        /// Engine's id or name of its container, which runs.
        container: String,
        /// What it is told.
        commands: Vec<Command>,
    },
    /// Reads every file of the user's policy again, at once.
    Reload,
    /// What waits for a person, once it is newer than that.
    Inbox {
        /// [`Inbox::version`] of what is known; 0 for an answer at once. After some seconds it is answered without news.
        since: u64,
    },
    /// Answers a card.
    Decide {
        /// Its number.
        card: CardId,
        /// Digest of what was shown.
        digest: String,
        /// The answer.
        choice: Choice,
        /// What the person typed to confirm it, where the choice says that this is needed.
        typed: Option<String>,
        /// Where.
        by: By,
    },
    /// Has something about a command of the user's written down; it is, when this is answered with `Done`.
    Note {
        /// The sandbox that is about to be started.
        sandbox: Sandbox,
        /// What.
        command: HostCommand,
    },
    /// Values of variables that rules for commands of the host name, of whoever asks: the latest count.
    Variables(Variables),
    /// Every decision that counts.
    Decisions,
    /// Undoes decisions.
    Undo {
        /// Which.
        ids: Vec<DecisionId>,
        /// Where.
        by: By,
    },
    /// Every sandbox that runs.
    Sandboxes,
    /// The rules that are in force for a sandbox.
    Rules {
        /// Id of the sandbox.
        sandbox: String,
    },
    /// A link that logs one browser in.
    Invite,
    /// What is counted, as Prometheus reads it.
    Metrics,
    /// Where that is scraped.
    Scrape,
    /// Asks it to end; sandboxes and guardian stay.
    End,
}

/// The answer to a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// To `Decide`: the decision that the answer left, which can be undone; `None` where it left none.
    Decided(Option<DecisionId>),
    /// To `Hello`.
    Welcome {
        /// [`VERSION`].
        version: u32,
        /// The program that it runs, as [`super::client::stamp`] tells it.
        stamp: String,
        /// Its process.
        process: u32,
        /// Variables that rules name, whose values it wants to know.
        #[serde(default)]
        wants: BTreeSet<String>,
    },
    /// To `Guardian`: one for each command.
    Answers(Vec<Answer>),
    /// To `Reload`: the names of the sandboxes whose policy is in force.
    Reloaded(Vec<String>),
    /// To `Inbox`.
    Inbox(Inbox),
    /// To `Decisions`.
    Decisions(Vec<DecisionView>),
    /// To `Sandboxes`.
    Sandboxes(Vec<SandboxView>),
    /// To `Rules`, in the order of their text.
    Rules(Vec<RuleView>),
    /// To `Invite`.
    Link(String),
    /// To `Metrics`: text format, version 0.0.4.
    Metrics(String),
    /// To `Scrape`.
    Scrape {
        /// Address on this machine.
        address: String,
        /// File with the token that has to be borne.
        token_file: String,
    },
    /// It is done, or will be.
    Done,
    /// It could not be done.
    Failed {
        /// Lower-case fragment: why, and what to do.
        reason: String,
    },
}

/// What waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Inbox {
    /// Grows with every change of what is shown.
    pub version: u64,
    /// Cards, in the order of their numbers.
    pub cards: Vec<CardView>,
    /// How those that went lately went, the latest last; not all that ever were.
    pub ended: VecDeque<(CardId, Ended)>,
    /// What is wrong with the user's own files, so that they are not in force.
    pub mistakes: Vec<Mistake>,
}

/// Why a card waits no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// A person answered it.
    Answered,
    /// Nobody answered in time, or whoever asked is gone.
    Expired,
    /// A rule answers it now.
    Overtaken,
}

/// A file of the user's policy that is not in force as it is: what was read well last is, or nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mistake {
    /// Where: `config.json5:3:14`, or the file alone.
    pub place: String,
    /// Lower-case fragment: what is wrong.
    pub message: String,
    /// When the policy in force was read, in milliseconds since the Unix epoch; `None` where nothing is allowed because no file
    /// was ever read well.
    pub since: Option<u64>,
}

/// A card as a person sees it. Times are milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CardView {
    /// Its number.
    pub id: CardId,
    /// Digest of what is shown, which an answer names.
    pub digest: String,
    /// Who asks, as cloister knows it.
    pub subject: Subject,
    /// What is asked, in one line: `api.example.com:443`, or the words of a command.
    pub title: String,
    /// `host`, `host-command` or `repository`.
    pub kind: String,
    /// Everything else that is to be known before answering, label and text.
    pub facts: Vec<(String, String)>,
    /// What is dangerous about it, one sentence each; the gravest first.
    pub warnings: Vec<String>,
    /// When it was asked first.
    pub first: u64,
    /// When it was asked last.
    pub last: u64,
    /// How often.
    pub count: u64,
    /// Connections and agents that wait for the answer now.
    pub waiting: u64,
    /// Until when the last of them waits, in milliseconds since the Unix epoch; `None` where nothing does.
    pub until: Option<u64>,
    /// What can be answered.
    pub choices: Vec<ChoiceView>,
}

impl CardView {
    /// Returns the answer that is meant where no term is named, in a terminal and on the page: the least that lets an agent go on
    /// ([`Choice::least`]) where that is offered, as it is for hosts; else the narrowest.
    pub fn least(&self, verdict: Verdict, reach: &Reach) -> Option<&ChoiceView> {
        let own = self.choices.iter().filter(|one| one.choice.verdict == verdict && one.choice.reach == *reach);
        own.min_by_key(|one| one.choice.term != Choice::least(verdict).term)
    }
}

/// Something that can be answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChoiceView {
    /// The answer.
    pub choice: Choice,
    /// What it will do, in one line.
    pub text: String,
    /// What has to be typed before it counts; `None` where a click is enough.
    pub confirm: Option<String>,
}

/// A decision as a person sees it. Times are milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DecisionView {
    /// Its name.
    pub id: DecisionId,
    /// Whether it opens or closes.
    pub verdict: Verdict,
    /// Its rules, as text.
    pub rules: Vec<String>,
    /// For whom.
    pub scope: Scope,
    /// When it was made.
    pub made: u64,
    /// When it ends, where it ends by itself.
    pub until: Option<u64>,
    /// Where it was made.
    pub by: By,
    /// Name of the sandbox that asked.
    pub asked_by: String,
}

/// A sandbox as a person sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SandboxView {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The folder that was opened.
    pub folder: String,
    /// How far it is: `starting` or `running`.
    pub state: String,
    /// Digest of the plan.
    pub plan_digest: String,
    /// The plan, as `cloister plan --format json` prints it; `null` where it cannot be read.
    pub plan: serde_json::Value,
    /// What was refused and what failed lately: destination, reason, how often, when last.
    pub refusals: Vec<(String, String, u64, u64)>,
    /// What it sent and received since the control plane began.
    pub traffic: Traffic,
}

/// A rule that is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleView {
    /// The rule.
    pub rule: String,
    /// Whether it opens or closes.
    pub verdict: Verdict,
    /// Where it comes from, in words: `preset ai`, `config.json5:12`, `decision 0123456789, for this session`.
    pub origin: String,
    /// The decision that it belongs to, which can be undone.
    pub decision: Option<DecisionId>,
}

//! Commands of the host, run for real: what is shown is what runs, within its bounds, and nothing of it stays.
#![expect(clippy::disallowed_methods, reason = "adapter: makes workspaces, and looks at processes")]

mod bounds;
mod contents;
mod places;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use cloister::control::hostexec::run::How;
use cloister::control::hostexec::{Account, Ended, Input, Keeper, Output, Place, Prepared, prepare, run};
use cloister::policy::hostexec::{Effect, Hostexec, Rule, Word};
use cloister::sandbox::hostexec::protocol::{Reason, Refusal, Run};
use tokio::sync::mpsc;

/// A workspace, and who may do what in it.
struct Host {
    folder: tempfile::TempDir,
    hostexec: Hostexec,
    account: Account,
    agents_write: bool,
}

/// The workspace as the sandbox calls it.
const TARGET: &str = "/workspaces/web";
/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

impl Host {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("web")).unwrap();
        let account = Account::with([("HOME".to_owned(), "/home/u".to_owned()), ("USER".to_owned(), "u".to_owned())]);
        Self { folder, hostexec: Hostexec::default(), account, agents_write: true }
    }

    /// The workspace on the host.
    fn web(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join("web")
    }

    fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.web().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    fn rule(&mut self, effect: Effect, argv: &[&str]) -> &mut Rule {
        let argv = argv.iter().map(|word| Word::parse(word).unwrap()).collect();
        self.hostexec.rules.push(Rule::new(argv, effect));
        self.hostexec.rules.last_mut().unwrap()
    }

    fn place(&self) -> Place {
        Place { target: TARGET.to_owned(), source: self.web(), agents_write: self.agents_write }
    }

    fn ask(&self, asked: &Run) -> Result<Prepared, Refusal> {
        prepare(asked, &self.place(), &self.hostexec, &self.account)
    }

    fn prepare(&self, argv: &[&str]) -> Prepared {
        self.ask(&asked(argv)).unwrap_or_else(|refusal| panic!("{argv:?}: {}", refusal.text))
    }

    fn refused(&self, argv: &[&str]) -> Reason {
        self.ask(&asked(argv)).map(|prepared| prepared.command).unwrap_err().reason
    }
}

fn asked(argv: &[&str]) -> Run {
    Run { argv: argv.iter().map(|word| (*word).to_owned()).collect(), cwd: TARGET.to_owned(), stdin: false }
}

fn keeper() -> Keeper {
    Keeper::of(env!("CARGO_BIN_EXE_cloister"))
}

/// A command that was run to its end.
#[derive(Debug)]
struct Done {
    ended: Ended,
    started: bool,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Done {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    fn reason(&self) -> Option<Reason> {
        match &self.ended.how {
            How::Refused(refusal) => Some(refusal.reason),
            _ => None,
        }
    }
}

/// Runs a command; `input` is what the agent does meanwhile, with what it hears.
async fn run_with<F>(prepared: Prepared, agent: impl FnOnce(mpsc::Sender<Input>, mpsc::Receiver<Output>) -> F) -> Ended
where
    F: Future<Output = ()>,
{
    let (to_command, input) = mpsc::channel(4);
    let (output, from_command) = mpsc::channel(4);
    let keeper = keeper();
    let running = run(prepared, &keeper, input, output);
    let both = async { tokio::join!(running, agent(to_command, from_command)).0 };
    tokio::time::timeout(PATIENCE, both).await.expect("it ends")
}

/// Runs a command that gets `input`, piece by piece.
async fn run_fed(prepared: Prepared, input: &[&[u8]]) -> Done {
    let (mut stdout, mut stderr, mut started) = (Vec::new(), Vec::new(), false);
    let mut pieces: Vec<Input> = input.iter().map(|piece| Input::Data(piece.to_vec())).collect();
    pieces.push(Input::End);
    let mut pieces = pieces.into_iter().peekable();
    let ended = run_with(prepared, async |to_command, mut from_command| {
        while let Some(output) = from_command.recv().await {
            let may_go_on = matches!(output, Output::Started | Output::Taken);
            match output {
                Output::Started => started = true,
                Output::Stdout(bytes) => stdout.extend(bytes),
                Output::Stderr(bytes) => stderr.extend(bytes),
                Output::Taken => {}
            }
            if let Some(piece) = pieces.next_if(|_| may_go_on) {
                // It may have ended by itself.
                let _ = to_command.send(piece).await;
            }
        }
    })
    .await;
    Done { ended, started, stdout, stderr }
}

/// Runs a command that gets no input.
async fn run_alone(prepared: Prepared) -> Done {
    run_fed(prepared, &[]).await
}

/// The numbers of the processes whose command line holds a text.
fn processes(text: &str) -> Vec<String> {
    let found = fs::read_dir("/proc").unwrap().flatten().filter(|entry| {
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(text)
    });
    found.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// Waits until no process has a text in its command line.
async fn gone(text: &str) {
    let all_gone = async {
        while !processes(text).is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), all_gone).await.unwrap_or_else(|_| panic!("{text} still runs"));
}

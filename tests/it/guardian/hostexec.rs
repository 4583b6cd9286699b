//! The client of a sandbox, through a guardian, to what runs commands: all of them the real ones.
#![expect(clippy::disallowed_methods, reason = "adapter: starts the client")]

use std::process::Output as Finished;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloister::control::hostexec::run::How;
use cloister::control::hostexec::{Account, Input, Keeper as Kept, Place, prepare, run};
use cloister::guardian::protocol::{PIECE_LIMIT, PROXY_USER, Piece};
use cloister::policy::hostexec::Hostexec;
use cloister::sandbox::hostexec::protocol::{Ask, Lines, Reason, Tell, decode, line};
use tokio::process::Command;
use tokio::sync::mpsc;

use super::keeper::Keeper;
use super::world::{Stage, TOKEN, allow, echo};

/// What the control plane does for one question.
async fn serve(keeper: &mut Keeper) -> Ask {
    let mut lines = Lines::default();
    let (ask, stream) = loop {
        let (stream, _, piece) = keeper.next().await;
        if let Piece::Data(data) = piece {
            lines.push(&STANDARD.decode(data).unwrap());
        }
        if let Some(ask) = lines.take::<Ask>().unwrap() {
            break (ask, stream);
        }
    };
    match &ask {
        Ask::Run(asked) => {
            let folder = std::env::temp_dir().canonicalize().unwrap();
            let place = Place { target: asked.cwd.clone(), source: folder, agents_write: true };
            tell(keeper, stream, &Tell::Pending { why: "for\u{1b}[2J somebody".to_owned() }).await;
            match prepare(asked, &place, &Hostexec::default(), &Account::with([])) {
                Err(refusal) => tell(keeper, stream, &Tell::Refused(refusal)).await,
                Ok(prepared) => {
                    let (to_command, input) = mpsc::channel(4);
                    let (output, mut from_command) = mpsc::channel(4);
                    let kept = Kept::of(env!("CARGO_BIN_EXE_cloister"));
                    let running = tokio::spawn(async move { run(prepared, &kept, input, output).await });
                    loop {
                        tokio::select! {
                            said = from_command.recv() => match said {
                                Some(said) => tell(keeper, stream, &said.tell()).await,
                                None => break,
                            },
                            (_, _, piece) = keeper.next() => match piece {
                                Piece::Data(data) => {
                                    lines.push(&STANDARD.decode(data).unwrap());
                                    while let Some(ask) = lines.take::<Ask>().unwrap() {
                                        let _ = to_command.send(match ask {
                                            Ask::Stdin(piece) => Input::Data(decode(&piece).unwrap()),
                                            Ask::End => Input::End,
                                            _ => Input::Cancel,
                                        }).await;
                                    }
                                }
                                Piece::End | Piece::Reset => _ = to_command.send(Input::Cancel).await,
                                Piece::Taken(_) => {}
                            },
                        }
                    }
                    let ended = running.await.unwrap();
                    if ended.how != How::Cancelled {
                        tell(keeper, stream, &ended.tell().unwrap()).await;
                    }
                }
            }
        }
        _ => tell(keeper, stream, &Tell::Domain { allowed: false, text: "not\u{7} today".to_owned() }).await,
    }
    keeper.say(stream, Piece::End).await;
    ask
}

async fn tell(keeper: &Keeper, stream: u64, told: &Tell) {
    for piece in line(told).chunks(PIECE_LIMIT) {
        keeper.say(stream, Piece::Data(STANDARD.encode(piece))).await;
    }
}

fn client(stage: &Stage, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cloister-hostexec"));
    command.args(words).env_clear().env("HTTPS_PROXY", format!("http://{PROXY_USER}:{TOKEN}@{}", stage.address));
    command.current_dir("/").kill_on_drop(true).stdin(std::process::Stdio::null());
    command
}

async fn stage() -> (Stage, Keeper) {
    let stage = Stage::new(allow(&[]), echo).await;
    let keeper = Keeper::new(&stage).await;
    (stage, keeper)
}

async fn answered(words: &[&str]) -> (Ask, Finished) {
    let (stage, mut keeper) = stage().await;
    let mut client = client(&stage, words);
    let (ask, finished) = tokio::join!(serve(&mut keeper), client.output());
    (ask, finished.unwrap())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
async fn an_agent_gets_output_and_exit_code() {
    let (ask, done) = answered(&["sh", "-c", r"printf '\377\000'; echo err >&2; exit 7", "-x"]).await;
    let Ask::Run(asked) = ask else { panic!("{ask:?}") };
    assert_eq!((asked.argv.len(), asked.cwd.as_str(), asked.stdin), (4, "/", false));
    assert_eq!((done.status.code(), &done.stdout[..]), (Some(7), &b"\xff\0"[..]));
    assert_eq!(text(&done.stderr), "hostexec: waiting for\\u{1b}[2J somebody\nerr\n");
    let (_, done) = answered(&["--", "sh", "-c", "kill -9 $$"]).await;
    assert_eq!(done.status.code(), Some(128 + 9));
}

#[tokio::test]
async fn what_is_refused_is_said() {
    let (_, done) = answered(&["no-such-program"]).await;
    assert_eq!(done.status.code(), Some(3));
    assert!(text(&done.stderr).ends_with("hostexec: there is no such program on the host, or it cannot be run\n"));
    let (ask, done) = answered(&["request-domain", "example.com", "--reason", "docs"]).await;
    let Ask::RequestDomain(asked) = ask else { panic!("{ask:?}") };
    assert_eq!((asked.host.as_str(), asked.reason.as_deref()), ("example.com", Some("docs")));
    assert_eq!((done.status.code(), text(&done.stderr)), (Some(3), "hostexec: not\\u{7} today\n".to_owned()));
}

#[tokio::test]
async fn where_nobody_can_be_asked_it_says_what_to_do() {
    let stage = Stage::new(allow(&[]), echo).await;
    let done = client(&stage, &["true"]).output().await.unwrap();
    assert_eq!(done.status.code(), Some(1));
    assert!(text(&done.stderr).contains("control plane does not run\nhint: "), "{}", text(&done.stderr));
    let done = client(&stage, &["true"]).env_remove("HTTPS_PROXY").output().await.unwrap();
    assert!(text(&done.stderr).contains("not a sandbox of cloister"), "{}", text(&done.stderr));
    // HX-006: said before anybody is asked.
    let long = "x".repeat(70_000);
    let done = client(&stage, &["echo", &long, &long]).output().await.unwrap();
    assert_eq!((done.status.code(), text(&done.stderr).contains("at most")), (Some(3), true));
    assert_eq!(Reason::TooLarge.status(), 413);
}

#[tokio::test]
async fn a_signal_to_the_client_ends_the_command() {
    let (stage, mut keeper) = stage().await;
    let mut command = client(&stage, &["sh", "-c", "echo ready; sleep 98771"]);
    let mut child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let interrupt = async {
        let mut ready = [0; 6];
        tokio::io::AsyncReadExt::read_exact(&mut stdout, &mut ready).await.unwrap();
        let pid = rustix::process::Pid::from_raw(child.id().unwrap().try_into().unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
        child.wait().await.unwrap()
    };
    let (_, status) = tokio::join!(serve(&mut keeper), interrupt);
    assert_eq!(status.code(), Some(130));
}

//! Bounds, and the end of everything that a command started.

use super::*;

#[tokio::test]
async fn output_is_byte_exact_and_so_is_the_end() {
    let host = Host::new();
    let done = run_alone(host.prepare(&["printf", r"\000\377\r\n\033[2J"])).await;
    assert_eq!(done.stdout, b"\0\xff\r\n\x1b[2J");
    assert_eq!(done.ended, Ended { how: How::Exited(0), written: 8 });
    let done = run_alone(host.prepare(&["sh", "-c", "echo out; echo err >&2; exit 7"])).await;
    assert_eq!((done.stdout, done.stderr, done.ended.how), (b"out\n".to_vec(), b"err\n".to_vec(), How::Exited(7)));
    let done = run_alone(host.prepare(&["sh", "-c", "kill -SEGV $$"])).await;
    assert_eq!(done.ended.how, How::Signal(11));
}

/// HX-029: only who asked for it gets input, byte-exact, with its end.
#[tokio::test]
async fn input_is_the_agents_where_it_was_asked_for() {
    let host = Host::new();
    let with = Run { stdin: true, ..asked(&["cat"]) };
    let (all, first) = ((0..=255).collect::<Vec<u8>>(), vec![7; 16 << 10]);
    let done = run_fed(host.ask(&with).unwrap(), &[&first, &all, &first]).await;
    assert_eq!(done.stdout, [first.clone(), all, first].concat());
    assert_eq!(done.ended.how, How::Exited(0));
    let done = run_fed(host.prepare(&["cat"]), &[b"agent bytes"]).await;
    assert_eq!((done.text(), done.ended.how), (String::new(), How::Exited(0)));
}

#[tokio::test]
async fn input_that_nobody_takes_is_no_reason_to_stay() {
    let host = Host::new();
    let with = |argv: &[&str]| host.ask(&Run { stdin: true, ..asked(argv) }).unwrap();
    let done = run_fed(with(&["true"]), &[&[1; 16 << 10][..]; 20]).await;
    assert_eq!(done.ended.how, How::Exited(0));
    // Data ahead of its turn is refused rather than held.
    let ended = run_with(with(&["sleep", "98761"]), async |to_command, mut from_command| {
        assert_eq!(from_command.recv().await, Some(Output::Started));
        while to_command.send(Input::Data(vec![1; 16 << 10])).await.is_ok() {}
        while from_command.recv().await.is_some() {}
    })
    .await;
    let How::Refused(refusal) = ended.how else { panic!("{ended:?}") };
    assert_eq!(refusal.reason, Reason::BadRequest);
    gone("98761").await;
}

/// HX-026.
#[tokio::test]
async fn a_flood_ends_at_its_bound() {
    let mut host = Host::new();
    host.rule(Effect::Ask, &["yes", "98762"]).output = 1 << 20;
    let done = run_alone(host.prepare(&["yes", "98762"])).await;
    assert_eq!(done.reason(), Some(Reason::OutputLimit));
    assert_eq!((done.stdout.len(), done.ended.written), (1 << 20, 1 << 20));
    gone("98762").await;
}

/// HX-027: and with it, whatever it started, in whatever session.
#[tokio::test]
async fn what_takes_too_long_ends_with_its_grandchildren() {
    let mut host = Host::new();
    let text =
        "sleep 98763 & (setsid sh -c 'trap : TERM HUP; sleep 98763; sleep 98763' &) ; nohup sleep 98763 & sleep 98763";
    host.rule(Effect::Ask, &["sh", "-c", text]).timeout = 1;
    let done = run_alone(host.prepare(&["sh", "-c", text])).await;
    assert_eq!(done.reason(), Some(Reason::TimedOut));
    gone("98763").await;
}

#[tokio::test]
async fn what_goes_into_the_background_ends_with_the_command() {
    let host = Host::new();
    let text = "setsid sleep 98764 > /dev/null 2>&1 < /dev/null & echo done";
    let done = run_alone(host.prepare(&["sh", "-c", text])).await;
    assert_eq!((done.text(), done.ended.how), ("done\n".to_owned(), How::Exited(0)));
    gone("98764").await;
}

#[tokio::test]
async fn who_only_forks_is_ended_too() {
    let mut host = Host::new();
    let text = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); setsid sleep 98765 & done";
    host.rule(Effect::Ask, &["sh", "-c", text]).timeout = 1;
    let done = run_alone(host.prepare(&["sh", "-c", text])).await;
    assert_eq!(done.reason(), Some(Reason::TimedOut));
    gone("98765").await;
}

#[tokio::test]
async fn an_agent_that_cancels_or_goes_away_ends_it() {
    for says_so in [true, false] {
        let host = Host::new();
        let prepared = host.prepare(&["sh", "-c", "sleep 98766 & sleep 98766"]);
        let ended = run_with(prepared, async |to_command, mut from_command| {
            assert_eq!(from_command.recv().await, Some(Output::Started));
            if says_so {
                to_command.send(Input::Cancel).await.unwrap();
                while from_command.recv().await.is_some() {}
            }
        })
        .await;
        assert_eq!(ended.how, How::Cancelled, "{says_so}");
        gone("98766").await;
    }
}

#[tokio::test]
async fn a_command_may_tidy_up_when_it_is_cancelled() {
    let host = Host::new();
    let prepared = host.prepare(&["sh", "-c", "trap 'rm lock; exit' TERM; touch lock; sleep 98767 & wait"]);
    let lock = host.web().join("lock");
    let ended = run_with(prepared, async |to_command, mut from_command| {
        assert_eq!(from_command.recv().await, Some(Output::Started));
        while !lock.is_file() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        to_command.send(Input::Cancel).await.unwrap();
    })
    .await;
    assert_eq!(ended.how, How::Cancelled);
    assert!(!lock.is_file());
    gone("98767").await;
}

/// Whoever reads slowly slows the command down, and nobody's memory grows.
#[tokio::test]
async fn output_waits_for_whoever_takes_it() {
    let host = Host::new();
    let prepared = host.prepare(&["sh", "-c", "head -c 4000000 /dev/zero; touch written"]);
    let mut taken = 0;
    let written = host.web().join("written");
    let ended = run_with(prepared, async |_to_command, mut from_command| {
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(!written.is_file(), "nobody took it");
        while let Some(output) = from_command.recv().await {
            taken += if let Output::Stdout(bytes) = output { bytes.len() } else { 0 };
        }
    })
    .await;
    assert_eq!((ended.how, taken), (How::Exited(0), 4_000_000));
}

/// The end of the control plane is the end of the other half of the pair: here, of the whole future.
#[tokio::test]
async fn where_nobody_waits_for_it_any_more_it_ends() {
    let host = Host::new();
    let prepared = host.prepare(&["sh", "-c", "sleep 98768 & sleep 98768"]);
    let (_to_command, input) = mpsc::channel(4);
    let (output, mut from_command) = mpsc::channel(4);
    let keeper = keeper();
    let running = tokio::spawn(async move { run(prepared, &keeper, input, output).await });
    assert_eq!(from_command.recv().await, Some(Output::Started));
    running.abort();
    gone("98768").await;
}

/// And where its keeper is killed, too.
#[tokio::test]
async fn a_killed_keeper_takes_the_command_with_it() {
    let host = Host::new();
    let prepared = host.prepare(&["sh", "-c", "echo $PPID; setsid sleep 98769"]);
    let mut text = Vec::new();
    let ended = run_with(prepared, async |_to_command, mut from_command| {
        while let Some(output) = from_command.recv().await {
            if let Output::Stdout(bytes) = output {
                text.extend(bytes);
                let keeper = String::from_utf8_lossy(&text).trim().parse().unwrap();
                let keeper = rustix::process::Pid::from_raw(keeper).unwrap();
                rustix::process::kill_process(keeper, rustix::process::Signal::KILL).unwrap();
            }
        }
    })
    .await;
    let How::Refused(refusal) = ended.how else { panic!("{ended:?}") };
    assert_eq!(refusal.reason, Reason::Unavailable);
    gone("98769").await;
}

#[test]
fn a_keeper_is_not_for_people() {
    use std::os::unix::process::CommandExt;
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_cloister"));
    let output = command.arg0("cloister-keeper").stdin(std::process::Stdio::null()).output().unwrap();
    assert!(!output.status.success() && output.stdout.is_empty());
}

//! The control plane and the guardian are killed again and again, alone and together, while a sandbox asks for all it can.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::approvals::{audit, begin, plane, until};
use super::soak::Dice;
use super::sockets::Inside;
use super::{User, guardian, inspect};

const CONFIG: &str = r#"{ "image": "debian:bookworm" }"#;
/// The host on the engine's default bridge: a real destination that the guardian can reach.
const BRIDGE: &str = "172.17.0.1";
const ROUNDS: u32 = 50;
/// Connections at a time that the policy allows, and that it denies.
const AT_ONCE: usize = 4;

/// Sends back the line that it hears, and counts those that nobody may send.
fn server() -> (u16, Arc<AtomicU64>) {
    let listener = TcpListener::bind((BRIDGE, 0)).unwrap();
    let (port, denied) = (listener.local_addr().unwrap().port(), Arc::new(AtomicU64::new(0)));
    let counted = Arc::clone(&denied);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let counted = Arc::clone(&counted);
            std::thread::spawn(move || answer(stream, &counted));
        }
    });
    (port, denied)
}

fn answer(mut stream: TcpStream, denied: &AtomicU64) {
    let mut line = String::new();
    // Who is cut off says nothing.
    let _ = BufReader::new(stream.try_clone().unwrap()).read_line(&mut line);
    denied.fetch_add(u64::from(line == "denied\n"), Ordering::SeqCst);
    let _ = stream.write_all(line.as_bytes());
}

/// What came of the connections.
#[derive(Default)]
struct Came {
    through: AtomicU64,
    refused: AtomicU64,
    opened: AtomicU64,
}

/// Asks without an end: for what is allowed, for what a rule denies, and for what nobody listed.
async fn ask(inside: Inside, port: u16, came: Arc<Came>, over: CancellationToken) {
    let hosts = ["allowed.example.org", "denied.example.org", "unlisted.example.org"];
    for host in hosts.into_iter().cycle().take(AT_ONCE * hosts.len()) {
        let (inside, came) = (inside.clone(), Arc::clone(&came));
        tokio::spawn(async move {
            loop {
                // Whoever is killed meanwhile answers nothing.
                let asked = tokio::time::timeout(Duration::from_secs(8), one(&inside, host, port, &came)).await;
                if !matches!(asked, Ok(Ok(()))) {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        });
    }
    over.cancelled().await;
}

async fn one(inside: &Inside, host: &str, port: u16, came: &Came) -> std::io::Result<()> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let (status, mut stream) = inside.tunnel(&format!("{host}:{port}")).await?;
    if status != 200 {
        came.refused.fetch_add(1, Ordering::SeqCst);
        return Ok(());
    }
    let may = host.starts_with("allowed");
    came.opened.fetch_add(u64::from(!may), Ordering::SeqCst);
    stream.write_all(if may { b"allowed\n" } else { b"denied\n" }).await?;
    let mut answer = [0; 8];
    stream.read_exact(&mut answer).await?;
    came.through.fetch_add(1, Ordering::SeqCst);
    Ok(())
}

fn kill(process: i64) {
    // It may be gone, or not be there yet.
    let process = i32::try_from(process).ok().filter(|process| *process > 1).and_then(Pid::from_raw);
    let _ = process.map(|process| kill_process(process, Signal::KILL));
}

fn guardian_process(user: &User) -> i64 {
    inspect("container", &guardian(user)).map_or(0, |found| found["State"]["Pid"].as_i64().unwrap_or_default())
}

/// Processes of this machine that have this word among their own.
fn running(word: &str) -> Vec<(i64, String)> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let processes = processes.filter_map(|entry| {
        let number = entry.file_name().to_str()?.parse().ok()?;
        let words = String::from_utf8(std::fs::read(entry.path().join("cmdline")).ok()?).ok()?;
        words.split('\0').any(|own| own == word).then_some((number, words))
    });
    // What asks for it inside the sandbox has the word as well.
    processes.filter(|(_, words)| !words.contains("hostexec")).collect()
}

/// A command of the host that nobody has to approve, and an agent that wants it again and again.
fn commanding(user: &User, seconds: &str) -> Child {
    begin(user, &format!("while :; do hostexec sleep {seconds}; sleep 0.1; done"))
}

fn user(port: u16, seconds: &str) -> User {
    let user = User::with(CONFIG);
    user.allow(&json!({
        "presets": [],
        "allow": [format!("allowed.example.org:{port}/raw")],
        "deny": ["denied.example.org"],
        "approvals": { "hold": "1s" },
        "hostexec": { "rules": [{ "argv": ["sleep", seconds], "effect": "auto" }] },
        "network": {
            "hosts": {
                "allowed.example.org": BRIDGE, "denied.example.org": BRIDGE, "unlisted.example.org": BRIDGE,
            },
            "permitAddresses": [format!("{BRIDGE}/32")],
        },
    }));
    user.start();
    user
}

/// Every number of a life of a guardian is in the log once, or in a gap that the log declares.
fn nothing_is_lost_or_doubled(entries: &[Value]) {
    let mut lives: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
    for entry in entries {
        if let Some(epoch) = entry["origin"]["epoch"].as_str() {
            let event = entry["origin"]["event"].as_u64().unwrap();
            assert!(lives.entry(epoch).or_default().insert(event), "{event} of {epoch} is there twice");
        }
    }
    let gaps: Vec<&Value> = entries.iter().map(|entry| &entry["what"]["gap"]).filter(|gap| gap.is_object()).collect();
    for (epoch, events) in &lives {
        let own = gaps.iter().filter(|gap| gap["epoch"] == **epoch);
        let declared: BTreeSet<u64> =
            own.filter_map(|gap| Some(gap["first"].as_u64()?..=gap["last"].as_u64()?)).flatten().collect();
        let missing: Vec<u64> = (1..=*events.last().unwrap())
            .filter(|event| !events.contains(event) && !declared.contains(event))
            .collect();
        assert!(missing.is_empty(), "{missing:?} of {epoch} are missing, and no gap says so");
    }
    // What a life that was killed had not told is declared too, however little that is.
    let replaced = entries.iter().filter_map(|entry| entry["what"]["control"]["guardian-replaced"]["before"].as_str());
    for before in replaced {
        let last = lives.get(before).and_then(|events| events.last().copied()).unwrap_or_default();
        let is_told = |gap: &&&Value| gap["epoch"] == before && gap["last"].is_null() && gap["first"] == last + 1;
        assert_eq!(gaps.iter().filter(is_told).count(), 1, "the end of {before}, after {last}: {gaps:?}");
    }
    assert!(lives.len() > 3, "{} lives", lives.len());
}

#[test]
fn whoever_is_killed_under_load_loses_nothing_that_is_not_declared_and_opens_nothing() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seed = number("FAULT_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    println!("FAULT_SEED={seed}");
    let mut dice = Dice(seed);
    let (port, denied) = server();
    let seconds = (80_000 + std::process::id() % 10_000).to_string();
    let user = user(port, &seconds);
    let (came, over) = (Arc::<Came>::default(), CancellationToken::new());
    let (told, ending) = (Arc::clone(&came), over.clone());
    let load = Inside::of(&user, &user.project).run(move |inside| ask(inside, port, told, ending));
    let mut commanding = commanding(&user, &seconds);
    until("the load is on", || {
        (came.through.load(Ordering::SeqCst) > 10 && !running(&seconds).is_empty()).then_some(())
    });
    for _ in 0..ROUNDS {
        std::thread::sleep(Duration::from_millis(dice.below(400)));
        let which = dice.below(3);
        let processes = [plane(&user).map_or(0, i64::from), guardian_process(&user)];
        if which != 1 {
            kill(processes[0]);
        }
        if which != 0 {
            kill(processes[1]);
        }
        // Whoever uses the sandbox has another control plane begin.
        let mut used = user.command(&["exec", "--", "true"]);
        used.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    }
    let before = came.through.load(Ordering::SeqCst);
    until("all goes on", || (came.through.load(Ordering::SeqCst) > before + 10).then_some(()));
    over.cancel();
    load.join().unwrap();
    let _ = commanding.kill();
    let _ = commanding.wait();
    let (opened, reached) = (came.opened.load(Ordering::SeqCst), denied.load(Ordering::SeqCst));
    assert_eq!((opened, reached), (0, 0), "what the policy denies was opened");
    assert!(came.refused.load(Ordering::SeqCst) > 100 && before > 100, "there was a load");
    user.run(&["stop"]).expect(0);
    until("no command is left", || running(&seconds).is_empty().then_some(()));
    user.run(&["audit", "verify"]).expect(0);
    nothing_is_lost_or_doubled(&audit(&user));
}

/// Neither of those that could end it is left.
#[test]
fn a_command_of_the_host_ends_when_control_plane_and_keeper_are_killed_at_once() {
    let seconds = (90_000 + std::process::id() % 10_000).to_string();
    let user = user(1, &seconds);
    let script = format!("hostexec sleep {seconds}");
    let mut asked = begin(&user, &script);
    let found = until("it runs", || running(&seconds).into_iter().next());
    let status = std::fs::read_to_string(format!("/proc/{}/status", found.0)).unwrap();
    let keeper = status.lines().find_map(|line| line.strip_prefix("PPid:")).unwrap().trim().parse().unwrap();
    let name = std::fs::read_to_string(format!("/proc/{keeper}/cmdline")).unwrap();
    assert!(name.starts_with("cloister-keeper"), "{name:?}");
    kill(plane(&user).unwrap().into());
    kill(keeper);
    let killed = Instant::now();
    until("nothing runs any more", || running(&seconds).is_empty().then_some(()));
    println!("{:?}", killed.elapsed());
    let _ = asked.kill();
    let _ = asked.wait();
}

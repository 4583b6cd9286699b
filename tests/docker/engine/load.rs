//! A sandbox that asks for as much as it can: what that costs, and whom.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::approvals::{cards, plane, until};
use super::sockets::Inside;
use super::{Ran, User, guardian, inspect};

const CONFIG: &str = r#"{ "image": "debian:bookworm" }"#;
/// Connections of a flood, and the hosts that they ask for.
const CONNECTIONS: usize = 2000;
const HOSTS: usize = 200;
/// Most of one sandbox that are held, and that are open (docs/guardian.md).
const HELD: usize = 64;
const OPEN: u64 = 256;

/// Connections that all ask at once, and stay until they are told to go.
struct Flood {
    /// How often each status was answered.
    answers: Arc<Mutex<BTreeMap<u16, usize>>>,
    end: CancellationToken,
    thread: JoinHandle<()>,
}

impl Flood {
    fn begin(inside: &Inside) -> Self {
        let (answers, end) = (Arc::<Mutex<BTreeMap<u16, usize>>>::default(), CancellationToken::new());
        let (counted, ended) = (Arc::clone(&answers), end.clone());
        let thread = inside.run(move |inside| async move {
            for number in 0..CONNECTIONS {
                let (inside, counted) = (inside.clone(), Arc::clone(&counted));
                tokio::spawn(async move {
                    let host = format!("h{}.example.org:443", number % HOSTS);
                    // The queue of the kernel is shorter than the flood: it may reset one that the guardian never saw.
                    let status = loop {
                        if let Ok((status, _stream)) = inside.tunnel(&host).await {
                            break status;
                        }
                    };
                    *counted.lock().unwrap().entry(status).or_default() += 1;
                });
            }
            ended.cancelled().await;
        });
        Self { answers, end, thread }
    }

    fn answered(&self) -> usize {
        self.answers.lock().unwrap().values().sum()
    }

    /// Returns how often each status was answered; what was not has waited until now.
    fn end(self) -> BTreeMap<u16, usize> {
        self.end.cancel();
        self.thread.join().unwrap();
        self.answers.lock().unwrap().clone()
    }
}

/// What a process holds.
#[derive(Debug, Clone, Copy)]
struct Holds {
    resident_kib: u64,
    descriptors: usize,
}

impl Holds {
    fn of(process: i64) -> Self {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        let resident_kib = resident.trim().trim_end_matches(" kB").parse().unwrap();
        Self { resident_kib, descriptors: std::fs::read_dir(format!("/proc/{process}/fd")).unwrap().count() }
    }
}

fn status(user: &User) -> Value {
    let status: Value = serde_json::from_str(&user.run(&["guardian", "status", "--format", "json"]).expect(0)).unwrap();
    status["status"].clone()
}

fn asked(user: &User) -> Vec<(String, u64)> {
    let flooded = cards(user).into_iter().filter(|card| card["title"].as_str().unwrap().starts_with('h'));
    flooded.map(|card| (card["title"].as_str().unwrap().to_owned(), card["count"].as_u64().unwrap())).collect()
}

/// Waits until each host was asked for so often in all, and looks meanwhile at what the limits are for.
fn until_asked(user: &User, times: u64, flood: &Flood) {
    for _ in 0..200 {
        let status = status(user);
        assert!(status["held"].as_array().unwrap().len() <= HELD + 1, "one sandbox holds more than its share");
        assert!(status["connections"].as_u64().unwrap() <= OPEN + 1, "{}", status["connections"]);
        let asked = asked(user);
        assert!(asked.len() <= HOSTS && asked.iter().all(|(_, count)| *count <= times), "{asked:?}");
        if asked.len() == HOSTS && asked.iter().all(|(_, count)| *count == times) {
            return;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    panic!("not everything was asked for: {:?}, {:?}", flood.answers, asked(user));
}

#[test]
fn two_thousand_connections_to_two_hundred_hosts_are_two_hundred_cards_and_in_nobodys_way() {
    let user = User::with(CONFIG);
    user.allow(&json!({ "presets": [], "approvals": { "hold": "10m" } }));
    user.start();
    let other = user.another("other");
    Ran(user.command(&["start", "--detach"]).current_dir(&other).output().unwrap()).expect(0);
    let (inside, beside) = (Inside::of(&user, &user.project), Inside::of(&user, &other));
    let processes = || {
        let guardian = inspect("container", &guardian(&user)).unwrap()["State"]["Pid"].as_i64().unwrap();
        [guardian, plane(&user).unwrap().into()]
    };
    let before = processes();
    let [guardian_before, plane_before] = before.map(Holds::of);
    let mut after = Vec::new();
    for times in [10, 20] {
        let flood = Flood::begin(&inside);
        until("the flood is on", || (asked(&user).len() > HELD / 2).then_some(()));
        // Another sandbox is asked about, and answered, while everything that the first one wants is not.
        let title = format!("beside{times}.example.org:443");
        let wanted = title.clone();
        let beside = beside.run(move |inside| async move { inside.tunnel(&wanted).await.unwrap().0 });
        let card = until("it is asked about", || cards(&user).into_iter().find(|card| card["title"] == title.as_str()));
        user.run(&["deny", &card["id"].to_string(), "--for", "once"]).expect(0);
        assert_eq!(beside.join().unwrap(), 403, "it heard the answer");
        let sum: u64 = asked(&user).iter().map(|(_, count)| count).sum();
        assert!(sum < times * HOSTS as u64, "the flood was over before");
        until_asked(&user, times, &flood);
        let peak = before.map(Holds::of);
        until("the last of them are told", || (flood.answered() >= CONNECTIONS - HELD).then_some(()));
        let answers = flood.end();
        assert_eq!(answers, BTreeMap::from([(429, CONNECTIONS - HELD)]), "nobody else was refused");
        until("nothing is open any more", || {
            let status = status(&user);
            (status["connections"] == 0 && status["held"] == json!([])).then_some(())
        });
        assert_eq!(processes(), before, "neither was killed and came back");
        after.push((peak, before.map(Holds::of)));
    }
    println!("before {guardian_before:?} {plane_before:?}, after {after:?}");
    let [(peaks, _), (again, [guardian, plane])] = after[..] else { unreachable!() };
    // As much again takes no more, and nothing is left open.
    for (first, second) in peaks.iter().zip(again) {
        assert!(second.resident_kib <= first.resident_kib * 5 / 4, "{after:?}");
    }
    assert!(peaks[0].resident_kib <= guardian_before.resident_kib + 64 * OPEN, "{after:?}");
    assert!(guardian.descriptors <= guardian_before.descriptors + 2, "{after:?}");
    assert!(plane.descriptors <= plane_before.descriptors + 2, "{after:?}");
    assert!(cards(&user).iter().all(|card| card["waiting"] == 0), "whoever left does not wait");
    user.run(&["audit", "verify"]).expect(0);
}

//! What others do to a sandbox with the engine's own commands, and sandboxes that would meet in one folder.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use super::{User, exists, guardian, inspect, text};
use crate::client::docker;

const CONFIG: &str = r#"{ "image": "debian:bookworm" }"#;

#[test]
fn a_container_that_was_started_again_is_not_joined() {
    let user = User::with(CONFIG);
    let listed = user.start();
    let name = text(&listed["container"]);
    docker(&["restart", "-t", "0", name]);
    let refused = user.run(&["exec", "--", "true"]);
    refused.expect(1);
    assert!(refused.stderr().contains("`project` does not run"), "{}", refused.stderr());
    assert_eq!(user.listed(), Vec::<serde_json::Value>::new());
    assert!(inspect("container", name).is_none());
    user.run(&["start", "--", "true"]).expect(0);
}

#[test]
fn a_paused_or_disconnected_sandbox_says_so() {
    let user = User::with(CONFIG);
    let listed = user.start();
    let name = text(&listed["container"]);
    docker(&["pause", name]);
    for words in [&["exec", "--", "true"][..], &["start", "--", "true"]] {
        let refused = user.run(words);
        refused.expect(1);
        let stderr = refused.stderr();
        assert!(stderr.contains("is paused") && stderr.contains(&format!("docker unpause {name}")), "{stderr}");
    }
    docker(&["unpause", name]);
    user.run(&["exec", "--", "true"]).expect(0);
    docker(&["network", "disconnect", "-f", name, name]);
    for words in [&["exec", "--", "true"][..], &["start", "--", "true"]] {
        let refused = user.run(words);
        refused.expect(1);
        let stderr = refused.stderr();
        assert!(stderr.contains("taken off its network") && stderr.contains("start --rebuild"), "{stderr}");
    }
    docker(&["pause", name]);
    user.run(&["start", "--rebuild", "--", "true"]).expect(0);
}

#[test]
fn a_sandbox_on_another_network_is_not_joined() {
    let user = User::with(CONFIG);
    let listed = user.start();
    let name = text(&listed["container"]);
    docker(&["network", "connect", "bridge", name]);
    for words in [&["exec", "--", "true"][..], &["start", "--", "true"]] {
        let refused = user.run(words);
        refused.expect(1);
        let stderr = refused.stderr();
        assert!(stderr.contains("`project` to another network") && stderr.contains("start --rebuild"), "{stderr}");
    }
    user.run(&["start", "--rebuild", "--", "true"]).expect(0);
}

/// Writes down which processes have the word in what everybody inside may read of them, over and over.
const WATCH: &str = "cd; (while :; do grep -alE '[C]ANARY' /proc/[0-9]*/cmdline /proc/[0-9]*/environ; done >seen 2>/dev/null) \
                     >/dev/null 2>&1 & sleep 0.3";
/// Whether anything was written down, and whether somebody still waits to be told what to run.
const LOOK: &str = "cd; grep -c . seen; : >seen; grep -al '[c]loister-init.run' /proc/[0-9]*/cmdline | wc -l";

/// The engine prepares a process while it is found out whether it may run: nothing of it is inside before.
#[test]
fn a_command_is_not_in_a_sandbox_that_may_not_be_used() {
    let user = User::with(CONFIG);
    let listed = user.start();
    let (name, account) = (text(&listed["container"]), "1000:1000");
    user.shell(WATCH).expect(0);
    let look = || {
        let script = ["exec", "-u", account, name, "sh", "-c", LOOK];
        let ran = Command::new("docker").args(script).output().unwrap();
        String::from_utf8(ran.stdout)
            .unwrap()
            .split_whitespace()
            .map(|word| word.parse().unwrap())
            .collect::<Vec<u32>>()
    };
    user.run(&["exec", "--", "sh", "-c", "sleep 1; : CANARY"]).expect(0);
    let [seen, _] = look()[..] else { panic!("two numbers") };
    assert!(seen > 0, "whoever looks sees a command that runs");
    docker(&["network", "connect", "bridge", name]);
    for _ in 0..5 {
        let refused = user.run(&["exec", "--", "sh", "-c", "sleep 1; : CANARY"]);
        refused.expect(1);
        assert!(refused.stderr().contains("to another network"), "{}", refused.stderr());
    }
    // The engine may still be about to start what nobody waits for any more.
    for _ in 0..100 {
        let [seen, waiting] = look()[..] else { panic!("two numbers") };
        assert_eq!(seen, 0, "times that a command was seen");
        if waiting == 0 {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("somebody still waits to be told what to run");
}

/// What a sandbox is answered for a host that nobody allowed.
const ASK: &str = "curl -s -o /dev/null -w '%{http_code}' --max-time 5 http://www.example.org/";

/// Another container, gone with the value.
struct Stranger(String);

impl Stranger {
    fn on(network: &str) -> Self {
        let name = format!("cloister-test-stranger-{}", std::process::id());
        docker(&["run", "-d", "--name", &name, "--network", network, "debian:bookworm", "sleep", "600"]);
        Self(name)
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        let _ = Command::new("docker").args(["rm", "-f", &self.0]).output();
    }
}

/// Gives this machine the gateway's address as soon as a network is there, but lets nobody ask for it: to the probe, that
/// is an answer that is too late.
fn take_the_gateway(network: &str) {
    for _ in 0..3000 {
        let found = inspect("network", network).filter(|network| !network["IPAM"]["Config"][0]["Gateway"].is_null());
        if let Some(network) = found {
            let bridge = format!("br-{}", &text(&network["Id"])[..12]);
            std::fs::write(format!("/proc/sys/net/ipv4/conf/{bridge}/arp_ignore"), "8").unwrap();
            let address = format!("{}/28", text(&network["IPAM"]["Config"][0]["Gateway"]));
            let added = Command::new("ip").args(["address", "add", &address, "dev", &bridge]).status().unwrap();
            assert!(added.success(), "this test changes the machine's addresses, and needs root");
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("no network `{network}`");
}

/// As an engine that knows no better does, and network managers that find a bridge without an address.
#[test]
fn a_machine_with_an_address_on_the_network_starts_nothing() {
    let user = User::with(r#"{ "build": { "dockerfile": "Dockerfile" } }"#);
    let uid = rustix::process::geteuid().as_raw();
    let id = cloister::ident::SandboxId::derive(uid, &user.project);
    let dockerfile = |text: String| std::fs::write(user.project.join(".devcontainer/Dockerfile"), text).unwrap();
    let names = [cloister::engine::names::build(id.as_str()), cloister::engine::names::container(id.as_str())];
    for (name, step) in names.into_iter().zip([format!("RUN echo {}", std::process::id()), String::new()]) {
        dockerfile(format!("FROM debian:bookworm\n{step}\n"));
        let machine = std::thread::spawn({
            let name = name.clone();
            move || take_the_gateway(&name)
        });
        let refused = user.run(&["start", "--", "true"]);
        machine.join().unwrap();
        refused.expect(1);
        let stderr = refused.stderr();
        assert!(
            stderr.contains("not sealed: host-address (") && stderr.contains("this machine has"),
            "{name}: {stderr}"
        );
        assert!(inspect("network", &name).is_none() && inspect("container", &name).is_none(), "{name}");
    }
    let trial = cloister::engine::names::trial(&cloister::engine::names::instance(uid, &user.state()));
    let machine = std::thread::spawn(move || take_the_gateway(&trial));
    let report = user.run(&["doctor", "--format", "json"]).expect(1);
    machine.join().unwrap();
    assert!(report.contains("this machine has the address"), "{report}");
    user.run(&["start", "--", "true"]).expect(0);
    user.run(&["stop"]).expect(0);
    user.run(&["gc", "--yes", "project"]).expect(0);
}

fn refused(user: &User, reason: &str) {
    for words in [&["exec", "--", "true"][..], &["start", "--", "true"]] {
        let refused = user.run(words);
        refused.expect(1);
        let stderr = refused.stderr();
        assert!(stderr.contains(reason) && stderr.contains("cloister start --rebuild"), "{words:?}: {stderr}");
    }
}

/// Taken off and put back, the sandbox would be on a network that nobody measured.
#[test]
fn a_network_that_was_replaced_is_not_used() {
    let user = User::with(CONFIG);
    let listed = user.start();
    let name = text(&listed["container"]);
    docker(&["network", "disconnect", name, name]);
    docker(&["network", "connect", name, name]);
    refused(&user, "was taken off its network");
    docker(&["network", "disconnect", name, name]);
    docker(&["network", "disconnect", name, &guardian(&user)]);
    docker(&["network", "rm", name]);
    refused(&user, "was taken off its network");
    let network = Stray(name.to_owned());
    docker(&["network", "create", name]);
    docker(&["network", "connect", name, name]);
    refused(&user, "was taken off its network");
    let foreign = user.run(&["start", "--rebuild", "--", "true"]);
    foreign.expect(1);
    assert!(foreign.stderr().contains(&format!("docker network rm {name}")), "{}", foreign.stderr());
    user.run(&["stop"]).expect(0);
    assert!(inspect("container", name).is_none());
    drop(network);
    user.run(&["start", "--", "true"]).expect(0);
    let made = inspect("network", name).unwrap();
    assert_eq!((&made["Internal"], &made["Labels"]["cloister.sandbox"]), (&true.into(), &listed["id"]));
    assert_eq!(user.shell(ASK).expect(0), "403");
}

/// A network of somebody's own; it is fine if it is gone by then.
struct Stray(String);

impl Drop for Stray {
    fn drop(&mut self) {
        let _ = Command::new("docker").args(["network", "rm", &self.0]).output();
    }
}

#[test]
fn a_stranger_on_the_network_keeps_everybody_out() {
    let user = User::with(CONFIG);
    let listed = user.start();
    let name = text(&listed["container"]);
    let stranger = Stranger::on(name);
    refused(&user, &format!("somebody connected `{}` to the network of `project`", stranger.0));
    user.run(&["start", "--rebuild", "--", "true"]).expect(0);
    assert!(inspect("container", &stranger.0).is_some(), "it is somebody else's");
    assert_eq!(user.shell(ASK).expect(0), "403");
}

/// Whatever is done to the guardian while a sandbox runs, the next command brings it back, and it knows the sandbox.
#[test]
fn a_guardian_that_somebody_touched_is_brought_back() {
    let user = User::with(CONFIG);
    let listed = user.start();
    let (name, guardian) = (text(&listed["container"]), guardian(&user));
    let egress = guardian.replace("guardian", "egress");
    let image = inspect("container", &guardian).unwrap()["Config"]["Image"].as_str().unwrap().to_owned();
    let deeds: [(&str, &[&[&str]]); 6] = [
        ("killed", &[&["kill", &guardian]]),
        ("removed", &[&["rm", "-f", &guardian]]),
        ("taken off the sandbox's network", &[&["network", "disconnect", name, &guardian]]),
        ("taken off its own network", &[&["network", "disconnect", &egress, &guardian]]),
        ("without its own network", &[&["network", "disconnect", &egress, &guardian], &["network", "rm", &egress]]),
        ("without its image", &[&["rm", "-f", &guardian], &["rmi", "-f", &image]]),
    ];
    for (what, deed) in deeds {
        for words in deed {
            docker(words);
        }
        assert_eq!(user.shell(ASK).expect(0), "403", "{what}");
        let networks = &inspect("container", &guardian).unwrap()["NetworkSettings"]["Networks"];
        let networks: BTreeSet<_> = networks.as_object().unwrap().keys().cloned().collect();
        assert_eq!(networks, [name.to_owned(), egress.clone()].into(), "{what}");
        assert_eq!(user.listed()[0]["container"].as_str(), Some(name), "{what}");
    }
    // The same with a sandbox that does not run.
    for (what, deed) in deeds.into_iter().filter(|(what, _)| !what.contains("sandbox")) {
        user.run(&["stop"]).expect(0);
        for words in deed {
            docker(words);
        }
        let status = user.run(&["guardian", "status"]);
        status.expect(0);
        user.run(&["start", "--detach"]).expect(0);
        assert_eq!(user.shell(ASK).expect(0), "403", "{what}");
    }
}

#[test]
fn a_folder_inside_or_around_a_sandboxs_own_waits() {
    let user = User::with(CONFIG);
    user.start();
    let inner = user.project.join("inner");
    user.shell("mkdir -p inner/.devcontainer && cp .devcontainer/devcontainer.json inner/.devcontainer").expect(0);
    let refused = user.run(&["start", "inner", "-d"]);
    refused.expect(1);
    let stderr = refused.stderr();
    assert!(stderr.contains("the sandbox `project` of ") && stderr.contains("cloister stop project"), "{stderr}");
    user.run(&["stop"]).expect(0);
    user.run(&["start", "inner", "-d"]).expect(0);
    let refused = user.run(&["start", "-d"]);
    refused.expect(1);
    assert!(refused.stderr().contains("the sandbox `inner` of "), "{}", refused.stderr());
    assert!(exists(&inner));
}

#[test]
fn shutdown_takes_a_sandbox_whose_receipt_is_broken() {
    let user = User::with(CONFIG);
    let listed = user.start();
    let (id, name) = (text(&listed["id"]), text(&listed["container"]));
    let receipt = user.state().join("sandboxes").join(id).join("receipt.json");
    std::fs::write(&receipt, "{").unwrap();
    let refused = user.run(&["start", "-d"]);
    refused.expect(1);
    assert!(refused.stderr().contains("cloister shutdown"), "{}", refused.stderr());
    let ended = user.run(&["shutdown"]);
    ended.expect(0);
    assert!(ended.stderr().contains(&format!("`{id}` stopped")), "{}", ended.stderr());
    assert!(inspect("container", name).is_none() && inspect("network", name).is_none());
}

#[test]
fn cloisters_own_programs_are_found_by_name() {
    let user = User::with(CONFIG);
    user.start();
    assert_eq!(user.shell("command -v cloister-hostexec").expect(0), "/run/cloister/bin/cloister-hostexec\n");
    assert_eq!(user.shell("command -v sh").expect(0), "/usr/bin/sh\n");
}

//! Secrets of the host and of the sandbox, and who finds them where: `tests/golden/credentials/*.json`.
//!
//! `{MARK}` is in every secret that the host has, `{TOKEN}` is the sandbox's own, which scripts also get as standard input.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use serde::Deserialize;
use serde_json::json;

use super::attempts::cases;
use super::{User, text};

const MARK: &str = "secret-of-the-host";
/// Where programs keep keys and logins.
const FILES: [&str; 10] = [
    ".aws/credentials",
    ".config/gh/hosts.yml",
    ".docker/config.json",
    ".git-credentials",
    ".gitconfig",
    ".gnupg/private-keys-v1.d/key",
    ".kube/config",
    ".netrc",
    ".npmrc",
    ".ssh/id_ed25519",
];
const VARIABLES: [&str; 9] = [
    "ANTHROPIC_API_KEY",
    "AWS_SECRET_ACCESS_KEY",
    "DOCKER_AUTH_CONFIG",
    "GH_TOKEN",
    "GPG_AGENT_INFO",
    "MY_PASSWORD",
    "NPM_TOKEN",
    "SSH_AUTH_SOCK",
    "token",
];
/// A step that says what it finds.
const STEP: &str = "RUN env | grep -c 'secret-of-the[-]host' > /asked; find /run/secrets /run/buildkit -type f -o -type s >> /asked 2> /dev/null; true";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    id: String,
    why: String,
    who: Who,
    /// For bash.
    run: String,
    /// All of standard output.
    prints: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Who {
    /// The agent.
    Sandbox,
    /// Another user of this machine.
    Other,
    /// Root of this machine.
    Root,
}

/// Runs cloister as somebody does who has all of this.
fn with_secrets(user: &User, words: &[&str]) -> Command {
    let mut command = user.command(words);
    let socket = user.root.path().join(format!("{MARK}.sock"));
    VARIABLES.iter().for_each(|name| _ = command.env(name, MARK));
    command.env("SSH_AUTH_SOCK", socket);
    command
}

fn on_host(script: &str, token: &str, uid: Option<u32>) -> String {
    let mut bash = Command::new("bash");
    bash.args(["-c", script]).current_dir("/").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    uid.into_iter().for_each(|id| _ = bash.uid(id).gid(id));
    let mut bash = bash.spawn().unwrap();
    // Scripts that do not read it may have ended by now.
    let _gone = bash.stdin.take().unwrap().write_all(token.as_bytes());
    String::from_utf8_lossy(&bash.wait_with_output().unwrap().stdout).into_owned()
}

#[test]
fn every_secret_stays_where_it_belongs() {
    let user = User::with(r#"{ "build": { "dockerfile": "Dockerfile" } }"#);
    std::fs::write(user.project.join(".devcontainer/Dockerfile"), format!("FROM debian:bookworm\n{STEP}\n")).unwrap();
    let home = user.root.path();
    // Others get as far as the folders that are cloister's own.
    std::fs::set_permissions(home, std::fs::Permissions::from_mode(0o755)).unwrap();
    for file in FILES.map(|file| home.join(file)) {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, MARK).unwrap();
    }
    let login = json!({ "auths": { "registry.example.com": { "auth": MARK } } });
    std::fs::write(home.join(".docker/config.json"), login.to_string()).unwrap();
    std::fs::write(home.join(".gitconfig"), format!("[credential]\n\thelper = \"!echo password={MARK}\"\n")).unwrap();
    let _agent = UnixListener::bind(home.join(format!("{MARK}.sock"))).unwrap();
    let started = with_secrets(&user, &["start", "--detach"]).output().unwrap();
    assert!(started.status.success(), "{}", String::from_utf8_lossy(&started.stderr));
    let shell = |script: &str| {
        let ran = with_secrets(&user, &["exec", "--", "bash", "-c", script]).output().unwrap();
        String::from_utf8_lossy(&ran.stdout).into_owned()
    };
    let listed = user.listed();
    let token = shell("printenv HTTPS_PROXY");
    let token = token.split(['@', ':']).nth(2).unwrap();
    let image = cloister::engine::names::build(text(&listed[0]["id"]));
    let fill = |text: &str| {
        let values = [("{MARK}", MARK), ("{TOKEN}", token), ("{IMAGE}", &image), ("{ROOT}", &home.to_string_lossy())];
        let text = text.replace("{CONTAINER}", listed[0]["container"].as_str().unwrap());
        values.into_iter().fold(text, |text, (name, value)| text.replace(name, value))
    };
    // Somebody works in it meanwhile.
    let mut busy = with_secrets(&user, &["exec", "--", "sleep", "600"]).spawn().unwrap();
    let mut found = Vec::new();
    for Case { id, why, who, run, prints } in cases("credentials") {
        let run = fill(&run);
        let printed = match who {
            Who::Sandbox => shell(&run),
            Who::Other => on_host(&run, token, Some(65534)),
            Who::Root => on_host(&run, token, None),
        };
        if printed != fill(&prints) {
            found.push(format!("{id}, because {why}:\n{printed}"));
        }
    }
    busy.kill().unwrap();
    busy.wait().unwrap();
    user.run(&["stop"]).expect(0);
    user.run(&["gc", "--yes", "project"]).expect(0);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

//! The engine goes away while something runs, and comes back without what it ran.

use std::io::Read;
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use cloister::engine::endpoint::DEFAULT_SOCKET;

use super::{Ran, User, guardian, inspect, text};

const CONFIG: &str = r#"{ "image": "debian:bookworm" }"#;

/// A way to the engine that can be cut.
struct Way {
    socket: PathBuf,
    open: Arc<Mutex<Vec<UnixStream>>>,
}

impl Way {
    fn at(socket: &Path) -> Self {
        let listener = UnixListener::bind(socket).unwrap();
        let open: Arc<Mutex<Vec<UnixStream>>> = Arc::default();
        let streams = Arc::clone(&open);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let engine = UnixStream::connect(DEFAULT_SOCKET).unwrap();
                pass_on(&client, &engine);
                pass_on(&engine, &client);
                streams.lock().unwrap().extend([client, engine]);
            }
        });
        Self { socket: socket.to_owned(), open }
    }

    fn cut(self) {
        std::fs::remove_file(&self.socket).unwrap();
        self.open.lock().unwrap().iter().for_each(|stream| drop(stream.shutdown(Shutdown::Both)));
    }
}

fn pass_on(from: &UnixStream, to: &UnixStream) {
    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
}

#[test]
fn an_engine_that_goes_away_is_said_with_what_to_do() {
    let user = User::with(CONFIG);
    let way = Way::at(&user.root.path().join("engine.sock"));
    let address = format!("unix://{}", way.socket.display());
    user.start();
    let mut command = user.command(&["exec", "--", "sh", "-c", "echo ready; sleep 600"]);
    let command = command.env("DOCKER_HOST", &address).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdout.as_mut().unwrap().read_exact(&mut [0; 6]).unwrap();
    way.cut();
    let ended = Ran(child.wait_with_output().unwrap());
    ended.expect(1);
    assert!(ended.stderr().contains("hint: the engine went away"), "{}", ended.stderr());
    let absent = Ran(user.command(&["exec", "--", "true"]).env("DOCKER_HOST", &address).output().unwrap());
    absent.expect(1);
    assert!(absent.stderr().contains("no container engine answers"), "{}", absent.stderr());
}

/// An engine that was restarted has the containers of before, ended.
#[test]
fn after_a_restart_of_the_engine_a_start_makes_everything_anew() {
    let user = User::with(CONFIG);
    let listed = user.start();
    let (name, guardian) = (text(&listed["container"]), guardian(&user));
    let started = |name: &str| inspect("container", name).unwrap()["State"]["StartedAt"].clone();
    let before = [started(name), started(&guardian)];
    let killed = Command::new("docker").args(["kill", name, &guardian]).output().unwrap();
    assert!(killed.status.success());
    assert!(user.run(&["guardian", "status"]).expect(0).starts_with("the guardian does not run"));
    let refused = user.run(&["exec", "--", "true"]);
    refused.expect(1);
    assert!(refused.stderr().contains("`project` does not run"), "{}", refused.stderr());
    user.run(&["start", "--detach"]).expect(0);
    assert!([started(name), started(&guardian)].iter().zip(&before).all(|(now, before)| now != before));
    let ask = "curl -s -o /dev/null -w '%{http_code}' --max-time 5 http://www.example.org/";
    assert_eq!(user.shell(ask).expect(0), "403");
}

//! Bytes that no client sends: nothing panics, nothing is dialled that is not listed.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::io::AsyncWriteExt;

use super::client::{RawClient, basic};
use super::world::{PUBLIC, Stage, TOKEN, allow, ok};

/// Requests as an attacker would bend them, and plain noise.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let target = prop_oneof![
        "(http://)?[a-z0-9.@:%#\\[\\]/\\\\-]{0,40}",
        "(example\\.com|evil\\.test|127\\.0\\.0\\.1|0x7f\\.1|\\[::1\\])(:[0-9]{1,6})?(/.{0,10})?",
        "(example\\.com|localhost)[\\PC]{0,4}(:443)?",
    ];
    let field = prop_oneof![
        Just(format!("Proxy-Authorization: {}\r\n", basic(TOKEN))),
        Just("Transfer-Encoding: chunked\r\n".to_owned()),
        "Content-Length: [0-9+, -]{0,6}\r\n",
        "[A-Za-z-]{1,12} ?: ?[ -~]{0,20}\r?\n",
        "\\PC{0,20}\r\n",
    ];
    let request = (
        "(CONNECT|GET|POST|connect|OPTIONS)[ \t]{1,2}",
        target,
        " {1,2}HTTP/1\\.[0-2]\r\n",
        prop::collection::vec(field, 0..5),
        "\\PC{0,30}",
    )
        .prop_map(|(method, target, version, fields, body)| {
            format!("{method}{target}{version}{}\r\n{body}", fields.concat()).into_bytes()
        });
    prop_oneof![3 => request, 1 => prop::collection::vec(any::<u8>(), 0..300)]
}

#[test]
fn nothing_unlisted_is_ever_dialled() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stage = runtime.block_on(Stage::new(allow(&["example.com"]), ok));
    let mut runner = TestRunner::new(Config { cases: 512, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&bytes(), |bytes| {
        runtime.block_on(async {
            let mut client = RawClient::new(stage.address).await;
            client.send(&bytes).await;
            drop(client.stream.shutdown().await);
            let answer = client.rest().await;
            prop_assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 "), "{answer}");
            let listed = [format!("{PUBLIC}:443"), format!("{PUBLIC}:80")];
            let dials = stage.dials();
            prop_assert!(dials.iter().all(|dial| listed.contains(dial)), "{dials:?}");
            prop_assert!(stage.world.asked.lock().unwrap().iter().all(|name| name == "example.com"));
            Ok(())
        })
    });
    outcome.unwrap();
}

//! Who may do what, and what happens when that changes.

use cloister::guardian::limits::Limits;
use cloister::guardian::protocol::{Admission, WirePolicy};
use cloister::guardian::sandbox::AdmitError;
use tokio::net::TcpStream;

use super::client::{RawClient, basic, connect, get};
use super::tunnel::wait_for;
use super::world::{OTHER_TOKEN, SLOW, Stage, TOKEN, allow, echo, neighbour, ok, shop};

#[tokio::test]
async fn refusals_say_what_to_do() {
    let stage = Stage::new(allow(&["example.com"]), echo).await;
    let mut client = RawClient::new(stage.address).await;
    client.send(connect("example.org:443")).await;
    let all = client.rest().await;
    assert!(all.starts_with("HTTP/1.1 403 Blocked by cloister: example.org is not on the allowlist\r\n"), "{all}");
    assert!(all.ends_with("cloister: example.org:443 is not on the allowlist of sandbox \"shop\"; to allow it, add \"example.org\" to allow in ~/.config/cloister/config.json5 and run: cloister guardian reload\n"), "{all}");
    let mut client = RawClient::new(stage.address).await;
    client.send(get("http://example.org/", "Accept: application/json\r\nConnection: close\r\n")).await;
    let all = client.rest().await;
    let (head, body) = all.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("Content-Type: application/json"), "{head}");
    assert_eq!(serde_json::from_str::<serde_json::Value>(body).unwrap()["reason"], "not-listed");
}

#[tokio::test]
async fn an_empty_policy_reaches_nothing() {
    let stage = Stage::new(WirePolicy::default(), echo).await;
    let mut client = RawClient::new(stage.address).await;
    client.send(connect("example.com:443")).await;
    assert!(client.head().await.starts_with("HTTP/1.1 403 "));
    assert!(stage.dials().is_empty() && stage.world.asked.lock().unwrap().is_empty(), "not even the name is looked up");
}

#[tokio::test]
async fn names_are_looked_up_only_when_they_are_allowed() {
    let stage = Stage::new(allow(&["example.com"]), echo).await;
    let mut client = RawClient::new(stage.address).await;
    client.send(connect("secret-data.evil.test:443")).await;
    assert!(client.head().await.starts_with("HTTP/1.1 403 "));
    RawClient::tunnel(stage.address, "example.com:443").await;
    assert_eq!(*stage.world.asked.lock().unwrap(), ["example.com"], "once, and nothing else");
}

/// Matched, resolved, dialled, sent on, shown and remembered: one name, however it was written.
#[tokio::test]
async fn one_canonical_host_is_used_for_everything() {
    let stage = Stage::new(allow(&["example.com", "example.com:443/raw"]), ok).await;
    RawClient::tunnel(stage.address, "EXAMPLE.Com.:443").await;
    let mut client = RawClient::new(stage.address).await;
    client.send(get("http://eXample.COM./", "Connection: close\r\n")).await;
    assert!(client.rest().await.ends_with("ok"));
    assert_eq!(*stage.world.asked.lock().unwrap(), ["example.com", "example.com"]);
    assert!(stage.heard().to_ascii_lowercase().contains("\r\nhost: example.com\r\n"), "{}", stage.heard());
    let mut client = RawClient::new(stage.address).await;
    client.send(connect("EVIL.Test.:443")).await;
    let refusal = client.rest().await;
    assert!(refusal.contains("evil.test:443") && !refusal.contains("EVIL"), "{refusal}");
    assert_eq!(stage.proxy.status().refusals[0].refused[0].host, "evil.test");
}

#[tokio::test]
async fn a_new_policy_keeps_what_stays_allowed_and_cuts_the_rest() {
    let stage = Stage::new(allow(&["keep.test:443/raw", "cut.test"]), echo).await;
    let mut keep = RawClient::tunnel(stage.address, "keep.test:443").await;
    let mut cut = RawClient::tunnel(stage.address, "cut.test:443").await;
    let address = stage.proxy.admit(&shop(allow(&["keep.test:443/raw", "new.test"]))).await.unwrap();
    assert_eq!(address, stage.address, "the listener stays");
    assert_eq!(cut.rest().await, "");
    keep.send("alive").await;
    assert_eq!(keep.text(5).await, "alive");
    RawClient::tunnel(stage.address, "new.test:443").await;
    let mut client = RawClient::new(stage.address).await;
    client.send(connect("cut.test:443")).await;
    assert!(client.head().await.starts_with("HTTP/1.1 403 "));
}

/// What a sandbox may reach is decided, then its name is looked up, then it is dialled: a policy may come in between.
#[tokio::test]
async fn a_policy_that_comes_while_a_name_is_looked_up_counts() {
    let private = |networks: &[&str]| WirePolicy {
        permit_addresses: networks.iter().map(|network| network.parse().unwrap()).collect(),
        ..allow(&[SLOW])
    };
    let denied = WirePolicy { deny: vec![SLOW.to_owned()], ..private(&["10.0.0.0/8"]) };
    let cases: &[(&str, WirePolicy, &str, usize)] = &[
        ("nothing changes", private(&["10.0.0.0/8"]), "HTTP/1.1 200 ", 1),
        (
            "another rule comes",
            WirePolicy { allow: vec!["*.example.com".to_owned()], ..private(&["10.0.0.0/8"]) },
            "HTTP/1.1 200 ",
            1,
        ),
        ("its rule goes", WirePolicy { allow: vec!["else.test".to_owned()], ..private(&["10.0.0.0/8"]) }, "", 0),
        ("it is denied", denied, "", 0),
        ("everything goes", WirePolicy::default(), "", 0),
        ("its network is not permitted any more", private(&[]), "HTTP/1.1 403 ", 0),
    ];
    for (what, next, expected, dials) in cases {
        for request in [connect(&format!("{SLOW}:443")), get(&format!("http://{SLOW}/"), "Connection: close\r\n")] {
            let names: &[(&str, &[&str])] = &[(SLOW, &["10.0.0.7"])];
            let stage = Stage::with(private(&["10.0.0.0/8"]), ok, Limits::default(), names).await;
            let mut client = RawClient::new(stage.address).await;
            client.send(&request).await;
            wait_for(|| !stage.world.asked.lock().unwrap().is_empty()).await;
            stage.proxy.admit(&shop(next.clone())).await.unwrap();
            stage.world.late.add_permits(1);
            let head = client.head().await;
            assert!(head.starts_with(expected) && head.is_empty() == expected.is_empty(), "{what}: {request}{head}");
            assert_eq!(stage.dials().len(), *dials, "{what}: {request}");
        }
    }
}

#[tokio::test]
async fn a_sandbox_that_goes_while_a_name_is_looked_up_dials_nothing() {
    let stage = Stage::new(allow(&[SLOW]), ok).await;
    let mut client = RawClient::new(stage.address).await;
    client.send(connect(&format!("{SLOW}:443"))).await;
    wait_for(|| !stage.world.asked.lock().unwrap().is_empty()).await;
    stage.proxy.withdraw("5h0p5h0p5h0p");
    stage.world.late.add_permits(1);
    assert_eq!((client.rest().await.as_str(), stage.dials().len()), ("", 0));
}

#[tokio::test]
async fn a_kept_plain_connection_is_judged_again() {
    let stage = Stage::new(allow(&["example.com"]), ok).await;
    let mut client = RawClient::new(stage.address).await;
    client.send(get("http://example.com/", "")).await;
    assert!(client.head().await.starts_with("HTTP/1.1 200 "));
    client.exactly(2).await;
    stage.proxy.admit(&shop(WirePolicy::default())).await.unwrap();
    client.send(get("http://example.com/", "")).await;
    assert_eq!(client.rest().await, "", "cut");
}

#[tokio::test]
async fn a_policy_that_is_not_understood_changes_nothing() {
    let stage = Stage::new(allow(&["example.com"]), echo).await;
    let error = stage.proxy.admit(&shop(allow(&["example.com", "evil.test", "*.com"]))).await.unwrap_err();
    assert!(matches!(error, AdmitError::Policy { .. }));
    RawClient::tunnel(stage.address, "example.com:443").await;
    let mut client = RawClient::new(stage.address).await;
    client.send(connect("evil.test:443")).await;
    assert!(client.head().await.starts_with("HTTP/1.1 403 "));
}

#[tokio::test]
async fn a_withdrawn_sandbox_has_no_way_out() {
    let stage = Stage::new(allow(&["example.com"]), echo).await;
    let mut client = RawClient::tunnel(stage.address, "example.com:443").await;
    assert!(stage.proxy.withdraw("5h0p5h0p5h0p"));
    assert_eq!(client.rest().await, "");
    for _ in 0..500 {
        if TcpStream::connect(stage.address).await.is_err() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("it still listens");
}

#[tokio::test]
async fn a_new_token_ends_the_old_life() {
    let stage = Stage::new(allow(&["example.com"]), echo).await;
    let mut old = RawClient::tunnel(stage.address, "example.com:443").await;
    let next = Admission { token: OTHER_TOKEN.to_owned(), ..shop(allow(&["example.com"])) };
    let address = stage.proxy.admit(&next).await.unwrap();
    assert_eq!(old.rest().await, "");
    let mut client = RawClient::new(address).await;
    client.send(connect("example.com:443")).await;
    assert!(client.head().await.starts_with("HTTP/1.1 407 "), "the old token is worth nothing");
}

#[tokio::test]
async fn a_token_is_worth_nothing_on_another_network() {
    let stage = Stage::new(allow(&["example.com"]), echo).await;
    let address = stage.proxy.admit(&neighbour(1, allow(&["example.com"]))).await.unwrap();
    for (token, status) in [(TOKEN, "407"), (OTHER_TOKEN, "200")] {
        let mut client = RawClient::of_neighbour(1, address).await;
        client.send(format!("CONNECT example.com:443 HTTP/1.1\r\nProxy-Authorization: {}\r\n\r\n", basic(token))).await;
        assert!(client.head().await.starts_with(&format!("HTTP/1.1 {status} ")));
    }
    // the right token, but from the network of another sandbox
    let mut client = RawClient::new(address).await;
    client
        .send(format!("CONNECT example.com:443 HTTP/1.1\r\nProxy-Authorization: {}\r\n\r\n", basic(OTHER_TOKEN)))
        .await;
    assert_eq!(client.rest().await, "");
}

#[tokio::test]
async fn networks_never_overlap() {
    let stage = Stage::new(allow(&[]), echo).await;
    let other =
        Admission { sandbox: "07he207he207".to_owned(), listen: "127.0.0.5".parse().unwrap(), ..shop(allow(&[])) };
    assert!(matches!(stage.proxy.admit(&other).await, Err(AdmitError::Overlap { .. })));
}

#[tokio::test]
async fn sandboxes_are_never_dialled_even_when_their_network_is_permitted() {
    let policy = WirePolicy {
        permit_addresses: vec!["127.0.0.0/8".parse().unwrap()],
        hosts: [("neighbour.test".to_owned(), "127.0.0.3".parse().unwrap())].into(),
        ..allow(&["neighbour.test"])
    };
    let stage = Stage::new(policy, echo).await;
    let mut client = RawClient::new(stage.address).await;
    client.send(connect("neighbour.test:443")).await;
    let all = client.rest().await;
    assert!(all.starts_with("HTTP/1.1 403 ") && all.contains("leads to a network of sandboxes"), "{all}");
    assert!(stage.dials().is_empty());
}

#[tokio::test]
async fn counters_count() {
    let stage = Stage::new(allow(&["example.com"]), echo).await;
    let client = RawClient::tunnel(stage.address, "example.com:443").await;
    let mut refused = RawClient::new(stage.address).await;
    refused.send(connect("evil.test:443")).await;
    refused.rest().await;
    let status = stage.proxy.status();
    assert_eq!((status.allowed, status.refused), (1, 1));
    drop(client);
    drop(refused);
    wait_for(|| stage.proxy.status().connections == 0).await;
    assert_eq!(stage.proxy.status().last_event, 3, "two decisions and one end");
}

#[tokio::test]
async fn what_was_refused_is_remembered_in_its_canonical_form() {
    let stage = Stage::with(allow(&["example.com"]), ok, Limits::default(), &[("example.com", &["10.0.0.1"])]).await;
    for target in ["EVIL.test.:443", "evil.test:443", "127.1:443", "example.com:443"] {
        let mut client = RawClient::new(stage.address).await;
        client.send(connect(target)).await;
        client.rest().await;
    }
    for garbage in ["CONNECT e\u{1b}[2J.test:443 HTTP/1.1\r\n\r\n", "CONNECT evil.test:443 HTTP/1.1\r\n\r\n"] {
        let mut client = RawClient::new(stage.address).await;
        client.send(garbage).await;
        client.rest().await;
    }
    let status = stage.proxy.status();
    assert_eq!((status.refused, status.refusals.len()), (6, 1));
    let refusals = &status.refusals[0];
    assert_eq!((refusals.sandbox.as_str(), refusals.name.as_str()), ("5h0p5h0p5h0p", "shop"));
    let mut shown: Vec<String> =
        refusals.refused.iter().map(|one| format!("{}:{} {} {}", one.host, one.port, one.reason, one.count)).collect();
    shown.sort();
    let expected = ["127.1:443 address-literal 1", "evil.test:443 not-listed 2", "example.com:443 address 1"];
    assert_eq!(shown, expected, "neither what is malformed nor who has no token is a destination");
    stage.proxy.admit(&shop(allow(&["evil.test"]))).await.unwrap();
    assert_eq!(stage.proxy.status().refusals.len(), 1, "a new policy forgets nothing");
    stage.proxy.withdraw("5h0p5h0p5h0p");
    assert!(stage.proxy.status().refusals.is_empty());
}

//! What nobody listed waits for somebody to decide, and for nobody else.

use std::time::Duration;

use cloister::guardian::limits::Limits;
use cloister::guardian::protocol::{Admission, Held, WirePolicy};
use tokio::io::AsyncWriteExt;

use super::client::{RawClient, basic, client_hello, connect, get};
use super::keeper::Keeper;
use super::tunnel::wait_for;
use super::world::{OTHER_TOKEN, Serve, Stage, TOKEN, allow, echo, neighbour, ok, shop};

const SHOP: &str = "5h0p5h0p5h0p";

fn admission(policy: WirePolicy, hold: u32) -> Admission {
    Admission { hold, ..shop(policy) }
}

fn denying(rule: &str) -> WirePolicy {
    WirePolicy { deny: vec![rule.to_owned()], ..WirePolicy::default() }
}

/// A guardian that holds for a minute, and a controller.
async fn stage(serve: Serve, limits: Limits) -> (Stage, Keeper) {
    let names: &[(&str, &[&str])] = &[("inside.test", &["10.0.0.1"])];
    let stage = Stage::with(allow(&["listed.test"]), serve, limits, names).await;
    stage.proxy.admit(&admission(allow(&["listed.test"]), 60)).await.unwrap();
    let keeper = Keeper::new(&stage).await;
    (stage, keeper)
}

async fn ask(stage: &Stage, request: String) -> RawClient {
    let mut client = RawClient::new(stage.address).await;
    client.send(request).await;
    client
}

/// A client that is held for `new.test:443`.
async fn held(stage: &Stage) -> RawClient {
    let client = ask(stage, connect("new.test:443")).await;
    wait_for(|| stage.proxy.status().held.len() == 1).await;
    client
}

#[tokio::test]
async fn a_word_lets_it_through_once() {
    let (stage, keeper) = stage(echo, Limits::default()).await;
    let mut client = held(&stage).await;
    let from = client.stream.local_addr().unwrap().port();
    let expected = Held {
        sandbox: SHOP.to_owned(),
        connection: 1,
        method: "CONNECT".to_owned(),
        host: "new.test".to_owned(),
        port: 443,
        from,
    };
    assert_eq!(stage.proxy.status().held, [expected]);
    assert!(stage.world.asked.lock().unwrap().is_empty(), "nothing is resolved meanwhile");
    for (sandbox, host, port) in [("another", "new.test", 443), (SHOP, "other.test", 443), (SHOP, "new.test", 80)] {
        keeper.settle(sandbox, host, port, true).await;
    }
    keeper.settle(SHOP, "new.test", 443, true).await;
    keeper.settle(SHOP, "new.test", 443, false).await;
    assert!(client.head().await.starts_with("HTTP/1.1 200 "));
    let hello = client_hello(Some("new.test"), &[]);
    client.send(&hello).await;
    assert_eq!(client.exactly(hello.len()).await, hello);
    keeper.hears(&["held new.test", "yes once"]).await;
    let _again = held(&stage).await;
}

#[tokio::test]
async fn every_answer_ends_the_wait() {
    for (how, status, reason, text) in [
        ("a word", "403", "denied", "and whoever was asked said no"),
        ("a rule allows it", "200", "", ""),
        ("a rule denies it", "403", "denied", "by the rule \"new.test\""),
        ("the controller leaves", "403", "not-listed", "to allow it, add"),
        ("one that keeps nothing", "403", "not-listed", "to allow it, add"),
        ("time", "403", "not-listed", "nobody answered in 1 second; to ask for it and wait"),
        ("withdrawn", "", "", ""),
    ] {
        let (stage, keeper) = stage(echo, Limits::default()).await;
        if how == "time" {
            stage.proxy.admit(&admission(allow(&[]), 1)).await.unwrap();
        }
        let mut client = held(&stage).await;
        match how {
            "a word" => keeper.settle(SHOP, "new.test", 443, false).await,
            "a rule allows it" => {
                // another policy that is not about it changes nothing
                stage.proxy.admit(&admission(allow(&["third.test"]), 60)).await.unwrap();
                assert_eq!(stage.proxy.status().held.len(), 1);
                stage.proxy.admit(&admission(allow(&["new.test"]), 60)).await.map(drop).unwrap();
            }
            "a rule denies it" => stage.proxy.admit(&admission(denying("new.test"), 60)).await.map(drop).unwrap(),
            "the controller leaves" => keeper.leave().await,
            "one that keeps nothing" => keeper.hello(false).await,
            "withdrawn" => drop(stage.proxy.withdraw(SHOP)),
            _ => {}
        }
        let head = client.head().await;
        assert!(status.is_empty() == head.is_empty() && head.contains(status), "{how}: {head}");
        assert!(head.contains(reason), "{how}: {head}");
        if status == "403" {
            let body = client.rest().await;
            assert!(body.contains(text), "{how}: {body}");
        }
        wait_for(|| stage.proxy.status().held.is_empty()).await;
        assert_eq!(stage.dials().len(), usize::from(status == "200"), "{how}");
    }
}

#[tokio::test]
async fn a_client_that_leaves_is_held_no_more() {
    let (stage, keeper) = stage(echo, Limits::default()).await;
    for early in ["", "some bytes that came ahead"] {
        let mut client = held(&stage).await;
        client.send(early).await;
        drop(client);
        wait_for(|| stage.proxy.status().held.is_empty()).await;
    }
    keeper.hears(&["held new.test", "no not-listed", "held new.test", "no not-listed"]).await;
}

/// Neither does what it sends ahead hide that it is gone, nor does it take memory.
#[tokio::test]
async fn a_flood_of_bytes_ahead_is_not_taken() {
    let (stage, keeper) = stage(echo, Limits::default()).await;
    let mut client = held(&stage).await;
    let flood = vec![b'x'; 64 << 20];
    let sent = tokio::time::timeout(Duration::from_millis(500), client.stream.write_all(&flood)).await;
    assert!(sent.is_err(), "it took 64 MiB");
    keeper.settle(SHOP, "new.test", 443, true).await;
    client.head().await;
    wait_for(|| stage.proxy.status().held.is_empty()).await;
    drop(client);
    keeper.hears(&["held new.test", "yes once", "no not-tls", "closed"]).await;
    assert_eq!(stage.heard(), "", "and it must be TLS as everywhere");
    let mut gone = held(&stage).await;
    drop(tokio::time::timeout(Duration::from_millis(300), gone.stream.write_all(&flood)).await);
    gone.stream.set_zero_linger().unwrap();
    drop(gone);
    wait_for(|| stage.proxy.status().held.is_empty()).await;
}

#[tokio::test]
async fn bytes_ahead_stay_where_they_are() {
    let (stage, keeper) = stage(echo, Limits::default()).await;
    let hello = client_hello(Some("new.test"), &[]);
    let mut client = RawClient::new(stage.address).await;
    client.send([connect("new.test:443").as_bytes(), &hello].concat()).await;
    wait_for(|| stage.proxy.status().held.len() == 1).await;
    client.send(b"more").await;
    keeper.settle(SHOP, "new.test", 443, true).await;
    client.head().await;
    assert_eq!(client.exactly(hello.len() + 4).await, [&hello[..], b"more"].concat());
}

#[tokio::test]
async fn each_plain_request_is_asked_for() {
    let (stage, keeper) = stage(ok, Limits::default()).await;
    let mut client = ask(&stage, get("http://new.test/first", "")).await;
    for next in [
        "GET http://new.test/second HTTP/1.1\r\n\r\n",
        "POST http://new.test/ HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello",
    ] {
        wait_for(|| stage.proxy.status().held.len() == 1).await;
        keeper.settle(SHOP, "new.test", 80, true).await;
        client.until("ok").await;
        client.send(next.replacen("\r\n", &format!("\r\nProxy-Authorization: {}\r\n", basic(TOKEN)), 1)).await;
    }
    wait_for(|| stage.proxy.status().held.len() == 1).await;
    keeper.settle(SHOP, "new.test", 80, true).await;
    client.until("ok").await;
    assert!(stage.heard().contains("/second") && stage.heard().ends_with("hello"), "{}", stage.heard());
    assert_eq!(stage.dials().len(), 1, "over one connection");
}

/// An answer to a question is no way around anything else.
#[tokio::test]
async fn a_word_opens_no_address() {
    let (stage, keeper) = stage(echo, Limits::default()).await;
    let mut client = ask(&stage, connect("inside.test:443")).await;
    wait_for(|| stage.proxy.status().held.len() == 1).await;
    keeper.settle(SHOP, "inside.test", 443, true).await;
    let answer = client.rest().await;
    assert!(answer.starts_with("HTTP/1.1 403 ") && answer.contains("X-Cloister-Reason: address"), "{answer}");
    assert!(stage.dials().is_empty());
    keeper.hears(&["held inside.test", "yes once", "failed address"]).await;
}

#[tokio::test]
async fn what_was_let_through_once_lasts_until_a_rule_denies_it() {
    let (stage, keeper) = stage(echo, Limits::default()).await;
    let mut client = held(&stage).await;
    keeper.settle(SHOP, "new.test", 443, true).await;
    client.head().await;
    let hello = client_hello(Some("new.test"), &[]);
    client.send(&hello).await;
    client.exactly(hello.len()).await;
    stage.proxy.admit(&admission(allow(&["third.test"]), 60)).await.unwrap();
    client.send("alive").await;
    assert_eq!(client.text(5).await, "alive");
    stage.proxy.admit(&admission(denying("new.test"), 60)).await.unwrap();
    assert_eq!(client.rest().await, "");
}

/// A control plane that was killed and comes back costs no agent its request: it sees what is held, and answers.
#[tokio::test]
async fn another_controller_takes_over_what_is_held() {
    let (stage, keeper) = stage(echo, Limits::default()).await;
    let mut client = held(&stage).await;
    keeper.hears(&["held new.test"]).await;
    for _ in 0..3 {
        keeper.hello(true).await;
    }
    let next = Keeper::new(&stage).await;
    assert_eq!(stage.proxy.status().held.len(), 1, "and is told of it as what is held");
    next.settle(SHOP, "new.test", 443, true).await;
    assert!(client.head().await.starts_with("HTTP/1.1 200 "));
    // an earlier one that ends now is none any more
    keeper.leave().await;
    let mut other = ask(&stage, connect("other.test:443")).await;
    wait_for(|| stage.proxy.status().held.len() == 1).await;
    next.leave().await;
    assert!(other.head().await.contains("403"), "with the last one the wait is over");
}

/// Where no answer could help there is no question.
#[tokio::test]
async fn what_no_list_opens_is_not_held() {
    let (stage, keeper) = stage(echo, Limits::default()).await;
    let policy = WirePolicy { deny: vec!["denied.test".to_owned()], ..allow(&["listed.test", "203.0.113.7:443"]) };
    stage.proxy.admit(&admission(policy, 60)).await.unwrap();
    let plain = |address: &str| get(address, "Connection: close\r\nAccept: application/json\r\n");
    for request in [
        plain("http://localhost/"),
        plain("http://metadata.google.internal/"),
        plain("http://127.0.0.1/"),
        plain("http://0x7f.1/"),
        plain("http://203.0.113.7/"),
        plain("http://denied.test/"),
        plain("http://cloister-control.invalid/"),
    ] {
        let answer = ask(&stage, request.clone()).await.rest().await;
        assert!(answer.starts_with("HTTP/1.1 403 "), "{request}: {answer}");
        assert!(answer.contains("\"ask\":{\"possible\":false,\"command\":[]}"), "{request}: {answer}");
    }
    assert!(keeper.story().iter().all(|story| !story.starts_with("held")));
    stage.proxy.admit(&admission(allow(&[]), 0)).await.unwrap();
    let answer = ask(&stage, plain("http://new.test:81/")).await.rest().await;
    let command = "\"ask\":{\"possible\":true,\"command\":[\"cloister-hostexec\",\"request-domain\",\"new.test:81\"]}";
    assert!(answer.contains(command), "it can be asked for without being held: {answer}");
    keeper.leave().await;
    let answer = ask(&stage, plain("http://new.test:81/")).await.rest().await;
    assert!(answer.contains("\"possible\":false"), "nobody is there: {answer}");
}

#[tokio::test]
async fn one_too_many_is_told_and_listed_hosts_go_on() {
    let limits = Limits { held: 2, ..Limits::default() };
    let (stage, keeper) = stage(echo, limits).await;
    let _waiting = [ask(&stage, connect("a.test:443")).await, ask(&stage, connect("b.test:443")).await];
    wait_for(|| stage.proxy.status().held.len() == 2).await;
    let answer = ask(&stage, connect("c.test:443")).await.rest().await;
    assert!(answer.starts_with("HTTP/1.1 429 ") && answer.contains("2 requests of this sandbox wait"), "{answer}");
    keeper.hears(&["held a.test", "held b.test", "no held-limit"]).await;
    drop(RawClient::tunnel(stage.address, "listed.test:443").await);
    keeper.settle(SHOP, "a.test", 443, false).await;
    wait_for(|| stage.proxy.status().held.len() == 1).await;
}

/// A controller that lives and does not keep that something is held.
#[tokio::test]
async fn what_cannot_be_kept_is_not_held() {
    let limits = Limits { acknowledge: Duration::from_millis(300), ..Limits::default() };
    let (stage, keeper) = stage(echo, limits).await;
    keeper.stop_acknowledging();
    let mut client = held(&stage).await;
    let living = async {
        loop {
            keeper.settle(SHOP, "nothing.test", 1, true).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let answer = tokio::select! { () = living => unreachable!(), answer = client.rest() => answer };
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("X-Cloister-Reason: audit"), "{answer}");
}

/// As many as the limits of each let in, from several sandboxes; whoever asks for something listed does not wait.
#[tokio::test]
async fn many_that_are_held_are_in_nobodys_way() {
    let (stage, keeper) = stage(ok, Limits::default()).await;
    let mut clients = Vec::new();
    for number in 21..26 {
        let admission = Admission { hold: 60, ..neighbour(number, allow(&["listed.test"])) };
        let address = stage.proxy.admit(&admission).await.unwrap();
        for count in 0..100 {
            let mut client = RawClient::of_neighbour(number, address).await;
            let request = get(&format!("http://host{}.test/", count % 20), "");
            client.send(request.replace(&basic(TOKEN), &basic(OTHER_TOKEN))).await;
            clients.push((number, address, client));
        }
    }
    wait_for(|| stage.proxy.status().held.len() == 5 * Limits::SHIPPED.held).await;
    let mut times = Vec::new();
    for (number, address, _) in clients.iter().step_by(10) {
        let began = std::time::Instant::now();
        let mut client = RawClient::of_neighbour(*number, *address).await;
        let request = get("http://listed.test/", "Connection: close\r\n");
        client.send(request.replace(&basic(TOKEN), &basic(OTHER_TOKEN))).await;
        assert!(client.rest().await.ends_with("ok"));
        times.push(began.elapsed());
    }
    times.sort();
    assert!(times[times.len() / 2] < Duration::from_millis(50), "{times:?}");
    for number in 21..26 {
        for host in 0..20 {
            keeper.settle(&format!("07he207he2{number}"), &format!("host{host}.test"), 80, true).await;
        }
    }
    wait_for(|| stage.proxy.status().held.is_empty()).await;
    let mut through = 0;
    for (_, _, client) in &mut clients {
        through += usize::from(client.head().await.starts_with("HTTP/1.1 200 "));
    }
    assert!(through >= 100, "{through}");
    assert_eq!(stage.proxy.status().lost_events, 0);
}

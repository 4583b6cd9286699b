use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ipnet::Ipv4Net;
use tokio_util::sync::CancellationToken;

use super::{AdmitError, Sandbox};
use crate::guardian::protocol::{Admission, WirePolicy};
use crate::guardian::target::Target;

const TOKEN: &str = "0123456789012345678901234567890123456789012";

fn admission(allow: &[&str], permit: &[&str]) -> Admission {
    Admission {
        sandbox: "0123456789ab".to_owned(),
        name: "shop-api".to_owned(),
        subnet: "10.222.0.0/28".parse().expect("a network"),
        listen: "10.222.0.2".parse().expect("an address"),
        token: TOKEN.to_owned(),
        policy: WirePolicy {
            allow: allow.iter().map(|&text| text.to_owned()).collect(),
            permit_addresses: permit.iter().map(|text| text.parse().expect("a network")).collect(),
            ..WirePolicy::default()
        },
        hold: 0,
    }
}

#[test]
fn only_the_token_authenticates() {
    let sandbox = Sandbox::new(&admission(&[], &[])).expect("a sandbox");
    let basic = |scheme: &str, pair: &str| format!("{scheme}{}", STANDARD.encode(pair)).into_bytes();
    for (value, expected) in [
        (Some(basic("Basic ", &format!("cloister:{TOKEN}"))), true),
        (Some(basic("basic  ", &format!("cloister:{TOKEN}"))), true),
        (Some(basic("Bearer ", &format!("cloister:{TOKEN}"))), false),
        (Some(basic("Basic", &format!("cloister:{TOKEN}"))), false),
        (Some(basic("Basic ", &format!("root:{TOKEN}"))), false),
        (Some(basic("Basic ", &format!("cloister:{TOKEN}x"))), false),
        (Some(basic("Basic ", "cloister:")), false),
        (Some(format!("Basic {TOKEN}").into_bytes()), false),
        (Some(b"Basic ".to_vec()), false),
        (Some(Vec::new()), false),
        (None, false),
    ] {
        assert_eq!(sandbox.authenticates(value.as_deref()), expected, "{value:?}");
    }
}

#[test]
fn impossible_admissions_are_refused() {
    let short = Admission { token: "short".to_owned(), ..admission(&[], &[]) };
    assert!(matches!(Sandbox::new(&short), Err(AdmitError::Token { .. })));
    let elsewhere = Admission { listen: "10.222.0.18".parse().expect("an address"), ..admission(&[], &[]) };
    assert!(matches!(Sandbox::new(&elsewhere), Err(AdmitError::Address { .. })));
    assert!(matches!(Sandbox::new(&admission(&["*.com"], &[])), Err(AdmitError::Policy { .. })));
}

#[test]
fn a_new_policy_cuts_what_it_does_not_allow() {
    let sandbox = Sandbox::new(&admission(&["a.test", "b.test", "c.test"], &["10.0.0.0/8"])).expect("a sandbox");
    let cuts: Vec<CancellationToken> = ["a.test:443", "b.test:443", "c.test:443"]
        .iter()
        .zip(1..)
        .map(|(text, number)| {
            let cut = CancellationToken::new();
            sandbox.track(number, &Target::tunnel(text).expect(text), false, &cut);
            cut
        })
        .collect();
    sandbox.track_addresses(1, vec!["93.184.216.34".parse().expect("an address")]);
    sandbox.track_addresses(2, vec!["10.0.0.1".parse().expect("an address")]);
    sandbox.adopt(&Sandbox::new(&admission(&["a.test", "b.test"], &[])).expect("a sandbox"), &[] as &[Ipv4Net]);
    let cut: Vec<bool> = cuts.iter().map(CancellationToken::is_cancelled).collect();
    assert_eq!(
        cut,
        [false, true, true],
        "b leads to an address that is not permitted any more, c is not listed any more"
    );
}

#[test]
fn places_come_back() {
    let sandbox = Arc::new(Sandbox::new(&admission(&[], &[])).expect("a sandbox"));
    let first = sandbox.tunnels.take(1).expect("a place");
    assert!(sandbox.tunnels.take(1).is_none());
    drop(first);
    assert!(sandbox.tunnels.take(1).is_some());
}

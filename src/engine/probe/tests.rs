use super::*;

fn attempt(id: &str, closed: bool) -> Attempt {
    Attempt { id: id.to_owned(), target: "192.0.2.1:80".to_owned(), closed, seen: "the canary\u{1b}[2J".to_owned() }
}

fn report(sealed: bool, attempts: Vec<Attempt>) -> ProbeReport {
    ProbeReport { kind: KIND.to_owned(), sealed, attempts, microseconds: 1 }
}

#[test]
fn only_a_report_that_agrees_with_itself_counts() {
    let cases = [
        (report(true, vec![attempt("gateway", true)]), true),
        (report(false, vec![attempt("gateway", true)]), false),
        (report(true, vec![attempt("gateway", true), attempt("internet", false)]), false),
        (report(true, Vec::new()), false),
    ];
    for (report, sealed) in cases {
        assert_eq!(judge(report.clone()).is_ok(), sealed, "{report:?}");
    }
}

#[test]
fn a_leak_is_named_without_control_characters() {
    let error = judge(report(false, vec![attempt("gateway", true), attempt("host-address", false)])).unwrap_err();
    assert_eq!(error.to_string(), "the sandbox is not sealed: host-address (192.0.2.1:80): the canary\\u{1b}[2J");
    assert!(error.hint().is_some());
}

#[test]
fn the_report_is_one_whole_line_among_others() {
    let line = serde_json::to_string(&report(true, vec![attempt("gateway", true)])).unwrap();
    let cases = [
        (format!("noise\n{line}\n"), true),
        (format!("{line}\nmore"), true),
        (line.clone(), false),
        (line.replace(KIND, "other") + "\n", false),
    ];
    for (stdout, found) in cases {
        let heard = Heard { stdout: stdout.clone().into_bytes(), stderr: Vec::new() };
        assert_eq!(heard.report().is_some(), found, "{stdout}");
    }
}

#[test]
fn everything_but_the_guardian_is_forbidden() {
    let own: IpAddr = "192.0.2.2".parse().unwrap();
    let others = [Ipv4Addr::new(10, 222, 0, 19)];
    let expected: Vec<IpAddr> = ["192.0.2.2", "10.222.0.19", "10.222.0.1"].map(|text| text.parse().unwrap()).into();
    assert_eq!(forbidden([own], Ipv4Addr::new(10, 222, 0, 1), &others), expected);
}

#[test]
fn this_machine_has_no_address_on_a_sandboxs_network() {
    let network = "10.222.0.16/28".parse().unwrap();
    let addresses = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<IpAddr>>();
    assert!(apart(addresses(&["192.0.2.1", "10.222.0.15", "10.222.0.32", "fe80::1"]), network).is_ok());
    for own in ["10.222.0.17", "10.222.0.30"] {
        let error = apart(addresses(&["192.0.2.1", own]), network).unwrap_err();
        let expected = format!("the sandbox is not sealed: host-address ({own}): this machine has the address");
        assert_eq!(error.to_string(), expected);
    }
}

#[tokio::test]
async fn the_canary_says_its_word_to_everybody() {
    let canary = Canary::put_up().await.unwrap();
    for _ in 0..2 {
        let mut peer = tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, canary.port)).await.unwrap();
        let mut word = String::new();
        peer.read_to_string(&mut word).await.unwrap();
        assert_eq!(word, canary.nonce);
    }
}

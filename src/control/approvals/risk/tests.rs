use super::*;

fn told(host: &str, ports: &[u16]) -> Vec<String> {
    let listed = [Rule::parse("*.examplecorp.com").expect("a rule")];
    let risks = risks(&Host::parse(host).expect(host), ports.iter().copied(), &listed);
    risks.iter().map(|risk| format!("{:?}: {}", risk.level, risk.sentence)).collect()
}

const ANY: &str = "Usual: whoever runs this host receives what is sent to it: any host can take data";

#[test]
fn every_host_has_a_sentence_and_some_have_a_graver_one() {
    let cases = [
        ("example.com", ANY),
        ("pastebin.com", "High: pastebin.com publishes texts that anybody sends: data can leave through it"),
        ("notpastebin.com", ANY),
        ("x.ngrok.io", "High: x.ngrok.io leads to a computer of whoever opened the tunnel: data can leave through it"),
        (
            "bucket.s3.amazonaws.com",
            "High: bucket.s3.amazonaws.com is storage that anybody can rent, and takes uploads of whoever has a key for it: \
             data can leave through it",
        ),
        (
            "webhook.site",
            "High: webhook.site records every request for whoever made the address: data can leave through it",
        ),
        ("gist.github.com", "High: gist.github.com publishes texts that anybody sends: data can leave through it"),
    ];
    for (host, expected) in cases {
        assert_eq!(told(host, &[443]), [expected], "{host}");
    }
}

#[test]
fn names_that_pretend_to_be_others_are_named() {
    let cases = [
        // with a dotless i, and with a Cyrillic one
        ("xn--gthub-n4a.com", "the name is not plain ASCII: it can be shown as `gıthub.com`"),
        (
            "xn--gthub-n2e.com",
            "the name is not plain ASCII, with letters of several scripts in one word: it can be shown as `gіthub.com`",
        ),
        ("xn--bcher-kva.example", "the name is not plain ASCII: it can be shown as `bücher.example`"),
        ("gith0b.com", "it is one letter beside github.com, and is not it"),
        ("githup.com", "it is one letter beside github.com, and is not it"),
        ("g1thub.com", "it looks like github.com, and is not"),
        ("goog1e.com", "it looks like google.com, and is not"),
        ("examp1ecorp.com", "it looks like examplecorp.com, and is not"),
        ("examplecorps.com", "it is one letter beside examplecorp.com, and is not it"),
        ("rnicrosoft.com", "it looks like microsoft.com, and is not"),
        ("github.com.evil.example", "it begins like github.com, and belongs to whoever has evil.example"),
        ("github.com-login.example", "it begins like github.com, and belongs to whoever has com-login.example"),
        ("api.github.com", ""),
        ("docs.examplecorp.com", ""),
        ("10.0.0.1.nip.io", "the name holds the address 10.0.0.1: such names lead wherever they say"),
        (
            "app-169-254-169-254.example.com",
            "the name holds the address 169.254.169.254: such names lead wherever they say",
        ),
    ];
    for (host, expected) in cases {
        let deceptive: Vec<String> =
            told(host, &[443]).into_iter().filter(|line| line.starts_with("Deceptive")).collect();
        let expected: Vec<String> =
            (!expected.is_empty()).then(|| format!("Deceptive: {expected}")).into_iter().collect();
        assert_eq!(deceptive.iter().take(1).cloned().collect::<Vec<_>>(), expected, "{host}");
    }
    let both = told("xn--gthub-n4a.com", &[443]);
    assert_eq!(both[1], "Deceptive: it looks like github.com, and is not");
}

#[test]
fn a_port_that_tls_does_not_use_is_said() {
    let expected = "Usual: port 22 is for ssh, and only TLS goes through: to open it, write `example.com:22/raw` under `allow` yourself";
    assert_eq!(told("example.com", &[22, 443]), [ANY, expected]);
}

proptest::proptest! {
    #[test]
    fn no_name_makes_it_panic_or_shows_a_hidden_character(label in "(xn--)?[a-z0-9-]{1,50}", rest in "[a-z]{2,8}") {
        if let Ok(host) = Host::parse(&format!("{label}.{rest}")) {
            for risk in risks(&host, [443], []) {
                let shown = crate::ui::text::visible(&risk.sentence);
                proptest::prop_assert_eq!(shown, risk.sentence);
            }
        }
    }

    #[test]
    fn every_host_has_a_sentence(host in "[a-z]{1,10}\\.[a-z]{1,10}") {
        let host = Host::parse(&host).expect("a host");
        proptest::prop_assert!(!risks(&host, [443], []).is_empty());
    }
}

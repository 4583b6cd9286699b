use proptest::prelude::*;

use super::*;

/// Put together here, so that no tool that looks for secrets finds this file.
fn secret(begins: &str, length: usize) -> String {
    begins.to_owned() + &"0a1B2c3D4e5F6g7H8i9J".repeat(20)[..length]
}

#[test]
fn what_is_a_secret_is_named_and_the_rest_stays() {
    let cases = [
        ("", ""),
        ("git push origin main", "git push origin main"),
        (&*format!("a {} b", secret("ghp_", 36)), "a [redacted: GitHub token] b"),
        (&format!("https://x:{}@github.com/a", secret("github_pat_", 82)), "https://x:[redacted: login]@github.com/a"),
        (&format!("\"{}\"", secret("sk-ant-api03-", 90)), "\"[redacted: Anthropic key]\""),
        (&secret("glpat-", 20), "[redacted: GitLab token]"),
        (&secret("npm_", 36), "[redacted: npm token]"),
        (&secret("xoxb-", 40), "[redacted: Slack token]"),
        (&secret("AKIA", 16), "[redacted: AWS access key]"),
        (&format!("({}.{}.{})", secret("eyJ", 20), secret("", 40), secret("", 43)), "([redacted: JSON web token])"),
        ("Authorization: Bearer abc def\nnext", "Authorization: [redacted: by its name]\nnext"),
        ("-H \"proxy-authorization: Basic YTpi\" x", "-H \"proxy-authorization: [redacted: by its name]\" x"),
        ("GH_TOKEN=abcdefgh make", "GH_TOKEN=[redacted: by its name] make"),
        ("?a=b&access_token=abcdefgh&c=d", "?a=b&access_token=[redacted: by its name]&c=d"),
        ("{\"password\": \"hunter22\"}", "{\"password\": \"[redacted: by its name]\"}"),
        ("\"curl\" \"--token\" \"abcdefgh\"", "\"curl\" \"--token\" \"[redacted: by its name]\""),
        ("ssh://git@example.com/x", "ssh://[redacted: login]@example.com/x"),
        ("https://example.com/@scope", "https://example.com/@scope"),
        ("--max-tokens=4096 token x", "--max-tokens=4096 token x"),
        ("token=short", "token=short"),
        ("xghp_0123456789012345678901234567", "xghp_0123456789012345678901234567"),
    ];
    for (text, shown) in cases {
        assert_eq!(redacted(text), shown, "{text}");
    }
}

#[test]
fn a_private_key_goes_to_its_end_or_to_that_of_the_text() {
    let begins = format!("-----BEGIN OPENSSH {}-----\nb3BlbnNza\n", "PRIVATE KEY");
    let whole = format!("a {begins}-----END OPENSSH {}-----\nb", "PRIVATE KEY");
    assert_eq!(redacted(&whole), "a [redacted: private key]\nb");
    assert_eq!(redacted(&format!("a {begins}bbb")), "a [redacted: private key]");
    assert_eq!(redacted("-----BEGIN CERTIFICATE-----\nMII"), "-----BEGIN CERTIFICATE-----\nMII");
}

#[test]
fn a_word_behind_the_name_of_a_secret_is_one() {
    let mut argv = ["login", "--password", "hunter2", "--token", "--verbose", "--name", "me"].map(str::to_owned);
    words(&mut argv);
    assert_eq!(argv, ["login", "--password", "[redacted: by its name]", "--token", "--verbose", "--name", "me"]);
}

#[test]
fn a_known_secret_goes_wherever_it_stands() {
    let mut text = "xs3cretx s3cret".to_owned();
    known(&mut text, "s3cret", "token of the sandbox");
    assert_eq!(text, "x[redacted: token of the sandbox]x [redacted: token of the sandbox]");
    known(&mut text, "", "nothing");
    assert!(!text.contains("nothing"));
}

/// What somebody writes on purpose takes no longer than what is just as long: with steps as many as the square of its
/// length, this would not end.
#[test]
fn what_is_written_on_purpose_is_read_once() {
    let pieces = [
        "eyJ",
        "eyJa.",
        "eyJaaaa-",
        "sk-",
        "sk-ant-",
        "://",
        "://a",
        "a@",
        "://:",
        "-----BEGIN ",
        "-----BEGIN PRIVATE KEY",
        "token",
        "token=",
        "token: ",
        "--token ",
        "\"",
        "authorization:",
        "-",
        "a-",
        "é",
        "-----BEGIN PRIVATE KEY-----",
    ];
    for piece in pieces {
        let text = piece.repeat(400_000 / piece.len());
        assert!(redacted(&text).len() <= text.len() * 8, "{piece}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever stands around it.
    #[test]
    fn no_token_is_left(before in ".{0,40}", after in ".{0,40}", form in 0_usize..4) {
        let token = [secret("ghp_", 36), secret("sk-ant-", 40), secret("glpat-", 20), secret("AKIA", 16)][form].clone();
        let text = format!("{before} {token} {after}");
        prop_assert!(!redacted(&text).contains(&token), "{}", redacted(&text));
    }

    #[test]
    fn nothing_makes_it_panic_or_grow_without_bounds(text in "(eyJ|sk-|ghp_|://|@|:|=|token|password|cookie|-----BEGIN |PRIVATE KEY|-----END |[a-f0-9]{3}|\\PC|\n| |\"|-){0,60}") {
        let shown = redacted(&text);
        prop_assert!(shown.len() <= text.len() * 8 + 64);
        let mut argv: Vec<String> = text.split(' ').map(str::to_owned).collect();
        words(&mut argv);
    }
}

use super::*;

fn host(name: &str) -> Host {
    Host::parse(name).unwrap()
}

fn asking(port: u16, program: &str, argv: &[&str]) -> Asking {
    Asking { port, program: program.to_owned(), argv: argv.iter().map(|word| (*word).to_owned()).collect() }
}

#[test]
fn one_look_at_a_time_is_for_everything_that_came_meanwhile() {
    let mut looks = Looks::default();
    looks.want("a", 1, host("a.example.com"));
    assert_eq!(looks.begin("a"), [1]);
    looks.want("a", 2, host("b.example.com"));
    looks.want("a", 3, host("c.example.com"));
    looks.want("b", 4, host("d.example.com"));
    assert!(looks.begin("a").is_empty(), "one is under way");
    assert_eq!(looks.begin("b"), [4], "another sandbox waits for nobody");
    assert_eq!(looks.end("a", vec![asking(1, "/usr/bin/curl", &["curl", "-s"])]).len(), 1);
    assert_eq!(looks.begin("a"), [2, 3]);
    looks.end("a", Vec::new());
    assert!(looks.begin("a").is_empty() && looks.end("c", Vec::new()).is_empty());
}

/// The sandbox says what it likes: of ports that nobody asked about it says nothing.
#[test]
fn what_the_sandbox_says_is_bounded_and_about_what_was_asked() {
    let mut looks = Looks::default();
    (0..2000).for_each(|port| looks.want("a", port, host("a.example.com")));
    assert_eq!(looks.begin("a").len(), PORTS);
    let secret = format!("--token=ghp_{}", "0a1B2c3D4e".repeat(4));
    let long = "x".repeat(100_000);
    let found =
        vec![asking(1, "/usr/bin/gh", &["gh", &secret, "a b"]), asking(2, &long, &[&long]), asking(9999, "x", &[])];
    let said = looks.end("a", found);
    assert_eq!(said[0].1, "/usr/bin/gh: gh '--token=[redacted: by its name]' 'a b'");
    assert!(said.len() == 2 && said[1].1.chars().count() <= PROGRAM, "{said:?}");
}

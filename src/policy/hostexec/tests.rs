use proptest::prelude::*;

use super::*;

fn words(argv: &[&str]) -> Vec<String> {
    argv.iter().map(|word| (*word).to_owned()).collect()
}

fn rule(effect: Effect, argv: &[&str]) -> Rule {
    let argv = argv.iter().map(|word| Word::parse(word).expect("a word"));
    Rule::new(argv.collect(), effect)
}

#[test]
fn words_are_exact_or_of_a_kind() {
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("push", &["push"], &["Push", "push ", "--push", "pushx", ""]),
        (
            "<to:branch>",
            &["main", "feature/a-1", "v1.2.3", "a_b"],
            &[
                "",
                "-f",
                "+main",
                "main:other",
                "a..b",
                "a/",
                "/a",
                "a//b",
                ".a",
                "a/.b",
                "a/-b",
                "a.lock",
                "a.",
                "a b",
                "a@{1}",
                "ä",
                "a\nb",
            ],
        ),
        (
            "<file:path>",
            &["a", "src/main.rs", "a b", "ä", "./a"],
            &["", "/etc/passwd", "../a", "a/../b", "-rf", "a//b", "a/", "a\nb", "C:x", "host:file", "a\\b"],
        ),
        ("<n:number>", &["0", "007", "123456789012345678"], &["", "-1", "1.5", "1e3", "1234567890123456789", "١"]),
        ("<where:staging|production>", &["staging", "production"], &["", "stagin", "staging|production", "Staging"]),
    ];
    for (word, takes, refuses) in cases {
        let parsed = Word::parse(word).expect(word);
        assert_eq!(parsed.to_string(), *word);
        takes.iter().for_each(|given| assert!(parsed.takes(given), "{word} takes {given:?}"));
        refuses.iter().for_each(|given| assert!(!parsed.takes(given), "{word} refuses {given:?}"));
    }
}

/// HX-034.
#[test]
fn patterns_are_no_words() {
    let cases = [
        ("", WordError::Empty),
        ("*", WordError::Pattern),
        ("git *", WordError::Pattern),
        ("--branch=*", WordError::Pattern),
        ("a?", WordError::Pattern),
        ("...", WordError::Pattern),
        ("…", WordError::Pattern),
        ("a\0", WordError::Nul),
        ("<branch>", WordError::Template),
        ("<:branch>", WordError::Template),
        ("<to:brnch>", WordError::Template),
        ("<to:any>", WordError::Template),
        ("<to:>", WordError::Template),
        ("<to:a|>", WordError::Template),
        ("<to:-a|b>", WordError::Template),
    ];
    for (text, error) in cases {
        assert_eq!(Word::parse(text), Err(error), "{text}");
    }
    for text in ["<tool:git|gh>", "git push", "<a:path>"] {
        assert_eq!(Word::parse_program(text), Err(WordError::Program), "{text}");
    }
}

/// HX-035, and deny before auto before ask, whatever the order of the file.
#[test]
fn the_first_that_denies_then_the_first_that_lets_it_run_else_somebody_is_asked() {
    let rules = vec![
        rule(Effect::Ask, &["git", "push"]),
        rule(Effect::Auto, &["git", "push"]),
        rule(Effect::Auto, &["git", "push", "origin", "<to:branch>"]),
        rule(Effect::Deny, &["git", "push", "origin", "main"]),
        Rule { allow_workspace_code: true, ..rule(Effect::Auto, &["make", "docs"]) },
        rule(Effect::Ask, &["gh", "pr", "create"]),
    ];
    let hostexec = Hostexec { rules, ..Hostexec::default() };
    type Case = (&'static [&'static str], bool, Effect, Option<usize>, bool);
    let cases: &[Case] = &[
        (&["git", "push"], false, Effect::Auto, Some(1), false),
        (&["git", "push"], true, Effect::Ask, Some(1), true),
        (&["git", "push", "origin", "topic"], false, Effect::Auto, Some(2), false),
        (&["git", "push", "origin", "main"], false, Effect::Deny, Some(3), false),
        (&["git", "push", "origin", "main"], true, Effect::Deny, Some(3), false),
        (&["make", "docs"], true, Effect::Auto, Some(4), false),
        (&["gh", "pr", "create"], false, Effect::Ask, Some(5), false),
        (&["git", "push", "origin"], false, Effect::Ask, None, false),
        (&["git", "push", "origin", "topic", "--force"], false, Effect::Ask, None, false),
        (&["git", "push", "--force"], false, Effect::Ask, None, false),
        (&["/tmp/git", "push"], false, Effect::Ask, None, false),
    ];
    for (argv, agent_code, effect, number, held_back) in cases {
        let decision = hostexec.decide(&words(argv), *agent_code);
        let found = (decision.effect, decision.rule.map(|(number, _)| number), decision.held_back);
        assert_eq!(found, (*effect, *number, *held_back), "{argv:?} {agent_code}");
    }
}

proptest! {
    /// What a template takes is one word: nothing that is split, joined or appended slips through.
    #[test]
    fn a_template_never_matches_across_positions(
        argv in proptest::collection::vec("[a-z/. -]{0,6}", 0..6),
        kind in prop_oneof![Just("branch"), Just("path"), Just("number"), Just("a|b")],
    ) {
        let rule = rule(Effect::Auto, &["git", "push", &format!("<to:{kind}>")]);
        let argv: Vec<String> = [words(&["git", "push"]), argv].concat();
        if rule.matches(&argv) {
            prop_assert_eq!(argv.len(), 3);
            prop_assert!(!argv[2].is_empty() && !argv[2].starts_with('-'));
        }
    }

    #[test]
    fn no_kind_takes_an_option(word in "-.{0,20}", kind in prop_oneof![Just("branch"), Just("path"), Just("number")]) {
        let template = Word::parse(&format!("<x:{kind}>")).unwrap();
        prop_assert!(!template.takes(&word));
    }
}

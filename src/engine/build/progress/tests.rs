use super::*;

fn heard(pieces: &[&str]) -> (Vec<Told>, Account) {
    let mut account = Account::default();
    let mut told: Vec<_> = pieces.iter().flat_map(|piece| account.hear(piece.as_bytes())).collect();
    told.extend(account.end());
    (told, account)
}

#[test]
fn steps_and_their_output_are_told_and_the_engines_remarks_are_not() {
    let (told, account) = heard(&[
        "{\"stream\":\"Step 1/3 : FROM a\"}\r\n{\"stream\":\"\\n\"}\r\n{\"stream\":\" ---\\u003e 76e4\\n\"}\r\n",
        "{\"stream\":\"Step 2/3 : LABEL cloister.sandbox=1 cloister.user=0\\n\"}\r\n{\"str",
        "eam\":\"Step 3/3 : RUN x\\n ---> Running in 0\\n\"}\r\n{\"stream\":\"\\u001b[91mo\\u001b[0m\\u001b[32mne\\ntw\"}\n{\"stream\":\"o\\r\\n\"}\n",
        "not json\n{\"aux\":{\"ID\":\"sha256:0\"}}\n{\"stream\":\"Successfully built 0\\n\"}\n{\"stream\":\"last\"}",
    ]);
    let step = |text: &str| Told::Step(text.to_owned());
    let output = |text: &str| Told::Output(text.to_owned());
    let expected =
        [step("step 1: FROM a"), step("step 2: RUN x"), output("o\u{1b}[32mne"), output("two"), output("last")];
    assert_eq!(told, expected);
    assert!(account.done && account.error.is_none());
    assert_eq!(shown("o\u{1b}[32mne"), "o\\u{1b}[32mne");
}

#[test]
fn a_failing_step_is_known_with_the_end_of_its_output() {
    let lines: String = (0..50).map(|line| format!("{{\"stream\":\"{line}\\n\"}}\n")).collect();
    let (_, account) = heard(&[
        "{\"stream\":\"Step 2/2 : RUN make\\n\"}\n",
        &lines,
        "{\"errorDetail\":{\"code\":2,\"message\":\"returned 2\"},\"error\":\"returned 2\"}\n",
    ]);
    assert_eq!((account.step.as_str(), account.error.as_deref()), ("step 2, `RUN make`", Some("returned 2")));
    assert_eq!((account.output.len(), account.output.back().map(String::as_str)), (OUTPUT_LINES, Some("49")));
    assert!(!account.done);
}

#[test]
fn a_flood_without_a_line_break_is_not_kept() {
    let flood = "x".repeat(LINE_LIMIT);
    let (told, account) = heard(&[&flood, &flood, &flood]);
    assert!(told.is_empty() && account.bytes.is_empty());
}

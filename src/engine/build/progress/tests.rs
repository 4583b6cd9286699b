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
        "eam\":\"Step 3/3 : RUN   x\\n ---> Running in 0\\n\"}\r\n{\"stream\":\"\\u001b[91mo\\u001b[0m\\u001b[32mne\\ntw\"}\n{\"stream\":\"o\\r\\n\"}\n",
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

/// A field of a message that has a length.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    [&[number << 3 | 2, u8::try_from(bytes.len()).unwrap()], bytes].concat()
}

fn message(fields: &[(u8, &str)]) -> Vec<u8> {
    fields.iter().flat_map(|(number, text)| field(*number, text.as_bytes())).collect()
}

/// A line of the engine's account with messages of BuildKit's: 1 is a step, 3 is output.
fn traced(messages: &[(u8, &[(u8, &str)])]) -> String {
    let status: Vec<u8> = messages.iter().flat_map(|(number, fields)| field(*number, &message(fields))).collect();
    format!("{{\"id\":\"{TRACE}\",\"aux\":\"{}\"}}\n", STANDARD.encode(status))
}

#[test]
fn buildkits_steps_are_told_apart_although_they_run_at_once() {
    let (told, account) = heard(&[
        &traced(&[(1, &[(1, "i"), (3, "[internal] load"), (5, "")]), (1, &[(1, "x"), (3, "exporting"), (5, "")])]),
        &traced(&[(1, &[(1, "a"), (3, "[a 1/2] RUN a")]), (1, &[(1, "b"), (3, "[b 1/2] RUN   b"), (5, "")])]),
        &traced(&[(1, &[(1, "c"), (3, "[b 1/2] RUN b"), (5, "")])]),
        &traced(&[(1, &[(1, "a"), (3, "[a 1/2] RUN a"), (5, "")]), (3, &[(1, "a"), (4, "from a\r\nhalf")])]),
        &traced(&[(3, &[(1, "b"), (4, "from b\n")]), (3, &[(1, "i"), (4, "nobody's\n")])]),
        &traced(&[(1, &[(1, "b"), (3, "[b 1/2] RUN b"), (5, ""), (7, "context canceled")])]),
        &traced(&[(1, &[(1, "a"), (3, "[a 1/2] RUN a"), (5, ""), (7, "exit code: 2")])]),
        "{\"error\":\"failed to solve: exit code: 2\"}\n",
    ]);
    let step = |text: &str| Told::Step(text.to_owned());
    let output = |text: &str| Told::Output(text.to_owned());
    let expected = [step("step [b 1/2] RUN b"), step("step [a 1/2] RUN a"), output("from a"), output("from b")];
    assert_eq!(told, expected);
    assert_eq!(
        (account.step.as_str(), account.error.as_deref()),
        ("`[a 1/2] RUN a`", Some("failed to solve: exit code: 2"))
    );
    assert_eq!(account.output, ["from a", "half"]);
    let (_, account) = heard(&["{\"id\":\"moby.image.id\",\"aux\":{\"ID\":\"sha256:0\"}}\n"]);
    assert!(account.done);
}

#[test]
fn no_message_makes_it_panic() {
    let whole = message(&[(1, "a"), (3, "b"), (9, "c")]);
    let other: [&[u8]; 6] =
        [b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", b"\x0a\x7f", b"\x08\xff", b"\x0b", b"\x09\0", b"\xff"];
    for bytes in (0..whole.len()).map(|end| &whole[..end]).chain(other) {
        let _ = Status::read(bytes);
        let line = format!("{{\"id\":\"{TRACE}\",\"aux\":\"{}\"}}\n", STANDARD.encode(field(1, bytes)));
        let (told, account) = heard(&[&line]);
        assert!(told.is_empty() && !account.done);
    }
}

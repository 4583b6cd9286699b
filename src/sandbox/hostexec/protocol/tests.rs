use proptest::prelude::*;
use serde_json::json;

use super::*;

fn run(argv: &[&str]) -> Run {
    Run { argv: argv.iter().map(|word| (*word).to_owned()).collect(), cwd: "/workspaces/web".to_owned(), stdin: false }
}

#[test]
fn lines_look_as_documented() {
    let asks = [
        (
            Ask::Run(run(&["git", "push"])),
            json!({"run": {"argv": ["git", "push"], "cwd": "/workspaces/web", "stdin": false}}),
        ),
        (Ask::Stdin(encode(b"hi\n")), json!({"stdin": "aGkK"})),
        (Ask::End, json!("end")),
        (Ask::Cancel, json!("cancel")),
        (
            Ask::RequestDomain(RequestDomain { host: "example.com".to_owned(), reason: None }),
            json!({"request-domain": {"host": "example.com"}}),
        ),
    ];
    for (ask, expected) in asks {
        assert_eq!(serde_json::to_value(&ask).unwrap(), expected);
    }
    let tells = [
        (Tell::Started, json!("started")),
        (Tell::Stdout(encode(b"\xff")), json!({"stdout": "/w=="})),
        (Tell::Signal { number: 9 }, json!({"signal": {"number": 9}})),
        (
            Tell::Refused(Reason::TooLarge.because("too much")),
            json!({"refused": {"status": 413, "reason": "too-large", "text": "too much"}}),
        ),
    ];
    for (tell, expected) in tells {
        assert_eq!(serde_json::to_value(&tell).unwrap(), expected);
    }
}

/// HX-023.
#[test]
fn an_environment_cannot_even_be_said() {
    let mut lines = Lines::default();
    lines.push(b"{\"run\":{\"argv\":[\"git\"],\"cwd\":\"/\",\"stdin\":false,\"env\":{\"PATH\":\".\"}}}\n");
    assert_eq!(lines.take::<Ask>().unwrap_err().reason, Reason::BadRequest);
}

/// HX-006.
#[test]
fn a_question_has_bounds() {
    let cases = [
        (run(&["true"]), Ok(())),
        (run(&[&"x".repeat(ARGV_LIMIT - 1)]), Ok(())),
        (run(&[&"x".repeat(200_000)]), Err((413, Reason::TooLarge))),
        (run(&vec!["x"; WORDS_LIMIT + 1]), Err((413, Reason::TooLarge))),
        (Run { cwd: "x".repeat(FOLDER_LIMIT + 1), ..run(&["true"]) }, Err((413, Reason::TooLarge))),
        (run(&[]), Err((400, Reason::BadRequest))),
        (run(&[""]), Err((400, Reason::BadRequest))),
        (run(&["a\0b"]), Err((400, Reason::BadRequest))),
        (Run { cwd: "/\0".to_owned(), ..run(&["true"]) }, Err((400, Reason::BadRequest))),
    ];
    for (run, expected) in cases {
        assert_eq!(run.check().map_err(|refusal| (refusal.status, refusal.reason)), expected);
    }
}

#[test]
fn the_largest_question_fits_in_a_line() {
    let largest = Run { cwd: "\u{1}".repeat(FOLDER_LIMIT), ..run(&[&"\u{1}".repeat(ARGV_LIMIT - 1)]) };
    assert_eq!(largest.check(), Ok(()));
    assert!(line(&Ask::Run(largest)).len() <= LINE_LIMIT);
}

#[test]
fn a_flood_without_an_end_of_line_is_refused() {
    let mut lines = Lines::default();
    lines.push(&vec![b' '; LINE_LIMIT]);
    assert_eq!(lines.take::<Ask>(), Ok(None));
    lines.push(b" ");
    assert_eq!(lines.take::<Ask>().unwrap_err().reason, Reason::TooLarge);
}

#[test]
fn a_piece_has_bounds() {
    assert_eq!(decode(&encode(&[7; PIECE_LIMIT])), Ok(vec![7; PIECE_LIMIT]));
    assert_eq!(decode(&encode(&[7; PIECE_LIMIT + 1])).unwrap_err().reason, Reason::TooLarge);
    assert_eq!(decode("no base64").unwrap_err().reason, Reason::BadRequest);
}

proptest! {
    #[test]
    fn however_it_arrives_the_same_was_said(
        words in proptest::collection::vec("[^\0]{1,20}", 1..5),
        bytes in proptest::collection::vec(any::<u8>(), 0..100),
        step in 1_usize..40,
    ) {
        let said = [Ask::Run(Run { argv: words, cwd: "/".to_owned(), stdin: true }), Ask::Stdin(encode(&bytes)), Ask::End];
        let sent: Vec<u8> = said.iter().flat_map(line).collect();
        let (mut lines, mut heard) = (Lines::default(), Vec::new());
        for piece in sent.chunks(step) {
            lines.push(piece);
            while let Some(ask) = lines.take::<Ask>().unwrap() {
                heard.push(ask);
            }
        }
        prop_assert_eq!(&heard[..], &said[..]);
        let Ask::Stdin(piece) = &heard[1] else { unreachable!() };
        prop_assert_eq!(decode(piece), Ok(bytes));
    }
}

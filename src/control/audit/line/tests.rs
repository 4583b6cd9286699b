use super::*;
use crate::control::audit::event::{Chain, Record, What};
use crate::control::audit::samples::every_kind;

fn record(number: u64, what: What) -> Record {
    Record { number, time: 1, sandbox: None, origin: None, what }
}

fn written(record: &Record, previous: &Chain) -> Vec<u8> {
    let mut line = Vec::new();
    write(record, previous, &mut line);
    line
}

#[test]
fn a_line_is_compact_json_that_ends_in_the_chain_value() {
    let line = written(&record(1, What::Diagnostic("it is \"late\"".into())), &Chain::start());
    insta::assert_snapshot!(String::from_utf8(line).unwrap(), @r#"{"number":1,"time":1,"what":{"diagnostic":"it is \"late\""},"chain":"a1c0367bbd253f9104a398a8918f9395499ea332d923aab3888a427fc3a6366b"}"#);
}

/// As the documentation says, so that anybody can check a log with `sha256sum`.
#[test]
fn the_chain_value_is_the_digest_of_the_value_before_and_the_line_without_it() {
    let line = written(&record(1, What::Diagnostic("x".into())), &Chain::start());
    let body = r#"{"number":1,"time":1,"what":{"diagnostic":"x"}}"#;
    let digest = crate::ident::sha256_hex(format!("{}{body}", "0".repeat(64)).as_bytes());
    assert_eq!(String::from_utf8(line).unwrap(), format!("{},\"chain\":\"{digest}\"}}\n", &body[..body.len() - 1]));
}

#[test]
fn what_was_written_is_read_again() {
    let mut chain = Chain::start();
    for (number, entry) in (1..).zip(every_kind()) {
        let record = Record { sandbox: entry.sandbox, origin: entry.origin, ..record(number, entry.what) };
        let mut line = Vec::new();
        let next = write(&record, &chain, &mut line);
        let read = Line::parse(line.strip_suffix(b"\n").unwrap()).expect("a line");
        assert_eq!((&read.record, &read.chain), (&record, &next));
        assert!(read.follows(&chain));
        assert!(!read.follows(&next));
        chain = next;
    }
}

#[test]
fn no_text_leaves_its_line_or_is_more_than_ascii() {
    let texts = [
        "a\nb\r\n",
        "\u{1b}[31m\u{9b}31m\u{7f}",
        "\u{202e}\u{200b}\u{feff}\u{2028}",
        "名前 🦀",
        "\0",
        "\",\"chain\":\"",
        "\\",
    ];
    for text in texts {
        let record = record(1, What::Diagnostic(text.into()));
        let line = written(&record, &Chain::start());
        let (newline, line) = line.split_last().unwrap();
        assert_eq!(*newline, b'\n');
        assert!(line.iter().all(|byte| matches!(byte, b' '..=b'~')), "{text:?}");
        assert_eq!(Line::parse(line).expect("a line").record, record);
    }
}

#[test]
fn what_is_no_line_is_none() {
    let whole = written(&record(1, What::Diagnostic("x".into())), &Chain::start());
    let whole = String::from_utf8(whole).unwrap().trim_end().to_owned();
    let upper = whole.replace("chain\":\"4", "chain\":\"A");
    let lines = ["", "{}", "\"}", &whole[1..], &whole[..whole.len() - 1], &whole.replace("number", "numb"), &upper];
    for line in lines.iter().filter(|line| **line != whole) {
        assert_eq!(Line::parse(line.as_bytes()), None, "{line}");
    }
    assert_eq!(Line::parse(whole.replace("\"time\":1", "\"time\":1,\"more\":1").as_bytes()), None);
}

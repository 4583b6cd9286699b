use std::io::{Cursor, Read};

use super::RunRequest;

fn request() -> RunRequest {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let env = [("NAME".to_owned(), "ä\n".to_owned())].into();
    RunRequest { folders: words(&["/workspaces/shop"]), command: words(&["cat", "-"]), env }
}

#[test]
fn what_follows_a_request_is_the_commands_own() {
    let mut input = Cursor::new([&request().to_bytes()[..], b"bytes"].concat());
    assert_eq!(RunRequest::read(&mut input).unwrap(), Some(request()));
    let mut rest = String::new();
    input.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "bytes");
}

#[test]
fn who_went_away_asked_for_nothing() {
    let bytes = request().to_bytes();
    for length in 0..bytes.len() {
        let read = RunRequest::read(&bytes[..length]);
        match length {
            0..4 => assert!(matches!(read, Ok(None)), "{length}"),
            _ => assert!(read.is_err(), "{length}"),
        }
    }
}

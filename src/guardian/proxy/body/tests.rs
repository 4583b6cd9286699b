use bytes::BytesMut;
use proptest::prelude::*;

use super::{Decoder, Step};
use crate::guardian::request::Framing;

/// Decodes pieces as they would arrive; returns the body and what is left, `None` if it is not a body.
fn decode(framing: Framing, pieces: &[&[u8]]) -> Option<(Vec<u8>, Vec<u8>, bool)> {
    let (mut decoder, mut buffer, mut body) = (Decoder::new(framing), BytesMut::new(), Vec::new());
    let mut pieces = pieces.iter();
    loop {
        match decoder.step(&mut buffer)? {
            Step::Data(data) => body.extend_from_slice(&data),
            Step::End => {
                pieces.for_each(|piece| buffer.extend_from_slice(piece));
                return Some((body, buffer.to_vec(), true));
            }
            Step::More => match pieces.next() {
                Some(piece) => buffer.extend_from_slice(piece),
                None => return Some((body, buffer.to_vec(), false)),
            },
        }
    }
}

#[test]
fn bodies_end_where_they_say() {
    for (framing, text, body, rest) in [
        (Framing::Empty, "next", "", "next"),
        (Framing::Length(5), "hellonext", "hello", "next"),
        (Framing::Chunked, "5\r\nhello\r\n0\r\n\r\nnext", "hello", "next"),
        (Framing::Chunked, "5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nX: y\r\n\r\nnext", "hello!", "next"),
        (Framing::Chunked, "A\r\n0123456789\r\n00\r\n\r\n", "0123456789", ""),
    ] {
        let expected = Some((body.as_bytes().to_vec(), rest.as_bytes().to_vec(), true));
        assert_eq!(decode(framing, &[text.as_bytes()]), expected, "{text:?}");
        let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
        let (piecewise, _, ended) = decode(framing, &bytes).expect(text);
        assert_eq!((piecewise.as_slice(), ended), (body.as_bytes(), true), "{text:?}, byte by byte");
    }
}

#[test]
fn what_is_not_chunked_is_refused() {
    let long = format!("1;{}\r\na\r\n", "x".repeat(2000));
    let trailers = format!("0\r\n{}\r\n", "X: y\r\n".repeat(2000));
    for text in [
        "0x5\r\nhello\r\n",
        "+5\r\nhello\r\n",
        "-1\r\n",
        " 5\r\nhello\r\n",
        "\r\n",
        "5 \r\nhello\r\n",
        "g\r\n",
        "5\nhello\n",
        "5\r\nhello0\r\n\r\n",
        "5\r\nhello\n0\n\n",
        "11111111111111111\r\n",
        "0\r\nX: a\n\r\n",
        "0\r\nX\0: a\r\n\r\n",
        "5;\rx\r\nhello\r\n",
        long.as_str(),
        trailers.as_str(),
    ] {
        assert_eq!(decode(Framing::Chunked, &[text.as_bytes()]), None, "{text:.60?}");
    }
}

#[test]
fn half_a_body_does_not_end() {
    for text in ["5\r\nhel", "5\r\nhello", "5\r\nhello\r\n", "5\r\nhello\r\n0\r\n", "5"] {
        assert!(!decode(Framing::Chunked, &[text.as_bytes()]).expect(text).2, "{text:?}");
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        drop(decode(Framing::Chunked, &[&bytes]));
    }
}

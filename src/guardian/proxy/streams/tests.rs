use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Inward, Streams};
use crate::guardian::protocol::{PIECE_LIMIT, Piece, STREAM_WINDOW};

fn data(count: usize) -> Piece {
    Piece::Data(STANDARD.encode(vec![b'x'; count]))
}

/// As many whole pieces as the window holds.
const PIECES: usize = STREAM_WINDOW as usize / PIECE_LIMIT;

#[test]
fn a_controller_that_breaks_the_rules_ends_the_stream() {
    let window = || vec![data(PIECE_LIMIT); PIECES];
    for (what, pieces, over) in [
        ("a whole window", window(), false),
        ("one byte more", [window(), vec![data(1)]].concat(), true),
        ("a piece that is too large", vec![data(PIECE_LIMIT + 1)], true),
        ("no base64", vec![Piece::Data("%".to_owned())], true),
        ("nothing at all", vec![data(0); 10_000], false),
        ("bytes behind the end", vec![Piece::End, data(1)], true),
        ("two ends", vec![Piece::End, Piece::End], false),
        ("more taken than sent", vec![Piece::Taken(11)], true),
        ("all taken", vec![Piece::Taken(10)], false),
        ("taken twice", vec![Piece::Taken(10), Piece::Taken(1)], true),
        ("a reset", vec![data(1), Piece::Reset], true),
    ] {
        let streams = Streams::default();
        let (number, line) = streams.open();
        line.sent(10);
        for piece in pieces {
            streams.hear(number, piece);
        }
        assert_eq!(line.over.is_cancelled(), over, "{what}");
    }
}

#[test]
fn what_is_delivered_makes_room() {
    let streams = Streams::default();
    let (number, line) = streams.open();
    for _ in 0..3 * PIECES {
        streams.hear(number, data(PIECE_LIMIT));
        assert!(matches!(line.next(), Inward::Bytes(bytes) if bytes.len() == PIECE_LIMIT));
        line.delivered(u32::try_from(PIECE_LIMIT).expect("small"));
    }
    streams.hear(number, Piece::End);
    assert!(!line.over.is_cancelled() && line.next() == Inward::End);
}

#[test]
fn nothing_reaches_a_stream_that_is_closed_or_another_one() {
    let streams = Streams::default();
    let ((first, old), (second, other)) = (streams.open(), streams.open());
    streams.close(first);
    streams.hear(first, Piece::Reset);
    streams.hear(99, Piece::Reset);
    streams.hear(second, data(1));
    assert!(!old.over.is_cancelled() && old.next() == Inward::Nothing);
    assert!(matches!(other.next(), Inward::Bytes(_)));
    assert!(streams.open().0 > second, "numbers are not used again");
}

use std::time::Duration;

use super::*;

fn data(text: &str) -> Piece {
    Piece::Data(STANDARD.encode(text))
}

/// Opens a stream; what is said to the sandbox is kept.
fn open(streams: &mut Streams, number: u64, first: Piece) -> (Option<DuplexStream>, mpsc::UnboundedReceiver<Piece>) {
    let (send, said) = mpsc::unbounded_channel();
    let near = streams.take(number, first, move |piece| drop(send.send(piece)));
    (near, said)
}

async fn heard(near: &mut DuplexStream, length: usize) -> String {
    let mut bytes = vec![0; length];
    near.read_exact(&mut bytes).await.expect("it was said");
    String::from_utf8(bytes).expect("text")
}

/// Waits until somebody else had a turn that changes this.
async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap_or_else(|_| panic!("{what}"));
}

/// Whoever opens streams as fast as it can silences nobody who opened one before.
#[tokio::test]
async fn who_speaks_later_than_others_is_heard() {
    let mut streams = Streams::default();
    let mut near = Vec::new();
    for number in [3, 1, 40, 2, 39] {
        let (opened, said) = open(&mut streams, number, data("hello"));
        near.push((opened.unwrap_or_else(|| panic!("{number} is not heard")), said));
    }
    for (near, _) in &mut near {
        assert_eq!(heard(near, 5).await, "hello");
    }
    assert!(open(&mut streams, 38, Piece::Reset).0.is_none(), "one that ends before it says anything asks nothing");
    assert!(open(&mut streams, 38, data("x")).0.is_none(), "and is over");
}

#[tokio::test]
async fn what_comes_for_one_that_is_over_opens_nothing() {
    let mut streams = Streams::default();
    let (near, _said) = open(&mut streams, 1, data("x"));
    assert!(near.is_some());
    assert!(open(&mut streams, 1, Piece::Reset).0.is_none());
    for piece in [data("x"), Piece::Taken(1), Piece::End, Piece::Reset] {
        assert!(open(&mut streams, 1, piece).0.is_none());
    }
}

/// However one ends, nothing of it is left: an agent opens as many as it likes, one after the other.
#[tokio::test]
async fn one_that_ended_leaves_nothing() {
    for last in [Piece::End, Piece::Reset] {
        let mut streams = Streams::default();
        let (near, mut said) = open(&mut streams, 1, data("ask"));
        let mut near = near.expect("it is new");
        assert_eq!(heard(&mut near, 3).await, "ask");
        assert!(streams.take(1, last.clone(), |_| ()).is_none());
        near.write_all(b"answer").await.expect("it is taken");
        drop(near);
        if last == Piece::End {
            assert_eq!(said.recv().await, Some(Piece::Taken(3)));
            assert_eq!(said.recv().await, Some(data("answer")));
            assert_eq!(said.recv().await, Some(Piece::End));
        }
        until("what carried it is gone", || said.is_closed()).await;
        assert!(open(&mut streams, 2, data("x")).0.is_some());
        assert_eq!(streams.open.len(), 1, "{last:?}");
    }
}

/// Who said all that it has to say goes on to take what is said to it.
#[tokio::test]
async fn a_long_answer_reaches_who_said_everything() {
    let mut streams = Streams::default();
    let (near, mut said) = open(&mut streams, 1, data("x"));
    let mut near = near.expect("it is new");
    assert!(streams.take(1, Piece::End, |_| ()).is_none());
    let length = 4 * STREAM_WINDOW as usize;
    let answer = tokio::spawn(async move { near.write_all(&vec![7; length]).await });
    let mut taken = 0;
    loop {
        match said.recv().await.expect("it goes on") {
            Piece::Data(text) => {
                let count = STANDARD.decode(text).expect("base64").len();
                taken += count;
                streams.take(1, Piece::Taken(u32::try_from(count).expect("a piece is short")), |_| ());
            }
            Piece::End => break,
            Piece::Taken(_) => {}
            Piece::Reset => panic!("it broke"),
        }
    }
    assert_eq!(taken, length);
    answer.await.expect("it ran").expect("it was taken");
}

/// A guardian that makes numbers up costs no memory.
#[tokio::test]
async fn numbers_that_jump_are_no_burden() {
    let mut streams = Streams::default();
    for number in [u64::MAX / 2, u64::MAX - 1] {
        assert!(open(&mut streams, number, data("x")).0.is_some());
        assert!(streams.unseen.len() as u64 <= OVERTAKEN);
    }
}

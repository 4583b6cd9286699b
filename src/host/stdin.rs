#![expect(clippy::disallowed_methods, reason = "adapter: a thread that reads standard input")]
//! Standard input: an answer, or a stream of chunks.
//!
//! The stream is not tokio's: its reader sits in a blocking task, and the runtime waits for that task when it ends, so
//! that a command that is done would go on until somebody presses a key.

use std::io::{BufRead, Read};

use tokio::sync::mpsc::{Receiver, channel};

/// Bytes that are read at once.
const CHUNK: usize = 32 << 10;
/// Chunks that are read ahead.
const AHEAD: usize = 4;

/// Lines that are read ahead.
const LINES: usize = 64;
/// Most bytes of an answer.
const LINE: u64 = 4096;

/// Reads one line; nothing where there is none.
pub fn line() -> String {
    let mut line = String::new();
    // What cannot be read is no answer.
    let _ = std::io::stdin().lock().take(LINE).read_line(&mut line);
    line
}

/// Starts reading lines; the channel closes where no whole line comes any more.
pub fn lines() -> Receiver<String> {
    let (sender, receiver) = channel(LINES);
    std::thread::spawn(move || {
        loop {
            let line = line();
            if !line.ends_with('\n') || sender.blocking_send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

/// Starts reading standard input; the channel closes at its end.
pub fn chunks() -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel(AHEAD);
    std::thread::spawn(move || {
        let mut input = std::io::stdin().lock();
        let mut buffer = vec![0; CHUNK];
        while let Ok(length) = input.read(&mut buffer) {
            if length == 0 || sender.blocking_send(buffer[..length].to_vec()).is_err() {
                break;
            }
        }
    });
    receiver
}

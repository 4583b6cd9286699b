use proptest::prelude::*;

use super::*;

fn frame(stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&[stream, 0, 0, 0], &length[..], payload].concat()
}

fn read(input: &[u8], chunk: usize) -> Result<(Vec<u8>, Vec<u8>), FrameError> {
    let mut demultiplexer = Demultiplexer::default();
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    for mut piece in input.chunks(chunk) {
        while let Some((output, bytes)) = demultiplexer.next(&mut piece)? {
            match output {
                Output::Stdout => stdout.extend_from_slice(bytes),
                Output::Stderr => stderr.extend_from_slice(bytes),
            }
        }
    }
    Ok((stdout, stderr))
}

#[test]
fn streams_are_told_apart_however_they_arrive() {
    let input = [frame(1, b"out"), frame(2, b"err"), frame(1, b""), frame(1, b"\x01\x00\x00"), frame(3, b"!")].concat();
    for chunk in 1..=input.len() {
        let expected = (b"out\x01\x00\x00".to_vec(), b"err!".to_vec());
        assert_eq!(read(&input, chunk).unwrap(), expected, "{chunk}");
    }
}

#[test]
fn what_is_no_frame_is_an_error() {
    for input in [b"OCI runtime exec failed".as_slice(), &[4, 0, 0, 0, 0, 0, 0, 0], &[1, 1, 0, 0, 0, 0, 0, 0]] {
        assert_eq!(read(input, 3), Err(FrameError), "{input:?}");
    }
}

proptest! {
    #[test]
    fn no_input_panics(input: Vec<u8>, chunk in 1_usize..64) {
        let _ = read(&input, chunk);
    }
}

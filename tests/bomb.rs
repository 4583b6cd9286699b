//! A pack of a few bytes that takes git as long as a test needs: every object in it is a difference from a large one.

use std::io::Write;
use std::process::{Command, Stdio};

/// Bytes of the one object that is there in full.
const SMALL: usize = 60_000;
/// How often it is repeated in the large one.
const REPEATED: usize = 200;
/// Types of objects in a pack (gitformat-pack(5)).
const BLOB: u8 = 3;
const OFFSET_DELTA: u8 = 6;

/// Returns a pack with that many objects of 12 MB each.
pub(crate) fn pack(objects: u32) -> Vec<u8> {
    let mut pack = [&b"PACK"[..], &2_u32.to_be_bytes(), &(objects + 2).to_be_bytes()].concat();
    let first = pack.len();
    entry(&mut pack, BLOB, None, &[0; SMALL]);
    let large = pack.len();
    let copies = copy(0, SMALL).repeat(REPEATED);
    entry(&mut pack, OFFSET_DELTA, Some(large - first), &delta(SMALL, SMALL * REPEATED, &copies));
    for number in 0..objects {
        let own = number.to_be_bytes();
        let insert = [&[4][..], &own, &copy(0, SMALL * REPEATED)].concat();
        let distance = pack.len() - large;
        entry(&mut pack, OFFSET_DELTA, Some(distance), &delta(SMALL * REPEATED, SMALL * REPEATED + 4, &insert));
    }
    let digest = sha1(&pack);
    pack.extend(digest);
    pack
}

fn entry(pack: &mut Vec<u8>, kind: u8, base: Option<usize>, contents: &[u8]) {
    let mut rest = contents.len() >> 4;
    pack.push(kind << 4 | low(contents.len(), 4) | if rest > 0 { 0x80 } else { 0 });
    while rest > 0 {
        let byte = low(rest, 7);
        rest >>= 7;
        pack.push(byte | if rest > 0 { 0x80 } else { 0 });
    }
    if let Some(mut distance) = base {
        let mut bytes = vec![low(distance, 7)];
        while distance >> 7 > 0 {
            distance = (distance >> 7) - 1;
            bytes.push(0x80 | low(distance, 7));
        }
        pack.extend(bytes.iter().rev());
    }
    pack.extend(stored(contents));
}

/// Instructions for an object, behind the sizes of both (gitformat-pack(5), "Deltified representation").
fn delta(from: usize, to: usize, instructions: &[u8]) -> Vec<u8> {
    let size = |mut size: usize| {
        let mut bytes = Vec::new();
        loop {
            let byte = low(size, 7);
            size >>= 7;
            bytes.push(byte | if size > 0 { 0x80 } else { 0 });
            if size == 0 {
                return bytes;
            }
        }
    };
    [size(from), size(to), instructions.to_vec()].concat()
}

fn copy(from: u32, size: usize) -> Vec<u8> {
    let size = u32::try_from(size).unwrap().to_le_bytes();
    [&[0xff][..], &from.to_le_bytes(), &size[..3]].concat()
}

/// What zlib writes for bytes that it does not compress (RFC 1950, RFC 1951 3.2.4).
fn stored(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap();
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in bytes {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    let head = [&[0x78, 0x01, 0x01][..], &length.to_le_bytes(), &(!length).to_le_bytes()].concat();
    [&head, bytes, &(b << 16 | a).to_be_bytes()].concat()
}

fn low(number: usize, bits: u32) -> u8 {
    u8::try_from(number & ((1 << bits) - 1)).unwrap()
}

fn sha1(bytes: &[u8]) -> Vec<u8> {
    let mut sum = Command::new("sha1sum").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    sum.stdin.take().unwrap().write_all(bytes).unwrap();
    let told = sum.wait_with_output().unwrap().stdout;
    let digit = |at: usize| u8::from_str_radix(std::str::from_utf8(&told[at..at + 2]).unwrap(), 16).unwrap();
    (0..40).step_by(2).map(digit).collect()
}

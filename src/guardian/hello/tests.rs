use proptest::prelude::*;

use super::{HELLO_BYTES, Hello, NotHello, Reader};
use crate::guardian::reason::Reason;
use crate::guardian::target::Target;
use crate::policy::host::Host;

/// What OpenSSL 3.0 sends to `example.com`.
const OPENSSL: &[u8] = include_bytes!("openssl.bin");
const ECH: u16 = 0xfe0d;

fn vector(length_bytes: usize, content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u64).to_be_bytes();
    [&length[8 - length_bytes..], content].concat()
}

fn extension(kind: u16, content: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &vector(2, content)].concat()
}

fn server_name(name: &[u8]) -> Vec<u8> {
    extension(0, &vector(2, &[&[0], &vector(2, name)[..]].concat()))
}

fn body(extensions: &[Vec<u8>]) -> Vec<u8> {
    let start = [&[3, 3][..], &[7; 32], &vector(1, &[9; 32]), &vector(2, &[0x13, 1]), &vector(1, &[0])].concat();
    [start, vector(2, &extensions.concat())].concat()
}

fn message(body: &[u8]) -> Vec<u8> {
    [&[1][..], &vector(3, body)].concat()
}

/// Cuts a message into records of this size.
fn records(message: &[u8], size: usize) -> Vec<u8> {
    message.chunks(size).flat_map(|fragment| [&[22, 3, 1][..], &vector(2, fragment)].concat()).collect()
}

fn hello(extensions: &[Vec<u8>]) -> Vec<u8> {
    records(&message(&body(extensions)), 16 << 10)
}

fn read(bytes: &[u8]) -> Result<Option<Hello>, NotHello> {
    Reader::default().read(bytes)
}

fn named(name: &str) -> Hello {
    Hello { server_name: Some(Host::parse(name).expect("a host")), encrypted: false }
}

#[test]
fn the_name_of_the_server_is_found() {
    let other = extension(10, &[0, 2, 0, 29]);
    let none = Hello { server_name: None, encrypted: false };
    for (bytes, expected) in [
        (OPENSSL.to_vec(), named("example.com")),
        (hello(&[server_name(b"example.com")]), named("example.com")),
        (hello(&[other.clone(), server_name(b"WWW.Example.Com."), other.clone()]), named("www.example.com")),
        (hello(std::slice::from_ref(&other)), none.clone()),
        (hello(&[]), none.clone()),
        (records(&message(&body(&[])[..body(&[]).len() - 2]), 100), none.clone()),
        (
            hello(&[server_name(b"example.com"), extension(ECH, &[0])]),
            Hello { encrypted: true, ..named("example.com") },
        ),
        (hello(&[extension(0xffce, b"esni")]), Hello { encrypted: true, ..none }),
        (
            [hello(&[server_name(b"example.com")]), b"\x14\x03\x03\x00\x01\x01\x17early".to_vec()].concat(),
            named("example.com"),
        ),
    ] {
        assert_eq!(read(&bytes), Ok(Some(expected)), "{bytes:02x?}");
    }
}

#[test]
fn a_hello_may_be_cut_anywhere() {
    let whole = message(&body(&[server_name(b"example.com")]));
    for size in [1, 2, 3, 5, 64, whole.len() - 1] {
        let bytes = records(&whole, size);
        let mut reader = Reader::default();
        for length in 0..bytes.len() {
            assert_eq!(reader.read(&bytes[..length]), Ok(None), "{length} bytes of records of {size}");
        }
        assert_eq!(reader.read(&bytes), Ok(Some(named("example.com"))), "records of {size}");
    }
}

#[test]
fn what_is_no_hello_is_refused() {
    let name = server_name(b"example.com");
    let good = message(&body(std::slice::from_ref(&name)));
    let two_names =
        [vector(2, b"example.com"), vector(2, b"evil.test")].map(|name| [&[0][..], &name].concat()).concat();
    let patched = |position: usize, byte: u8| {
        let mut message = good.clone();
        message[position] = byte;
        records(&message, 16 << 10)
    };
    let long_session = [&[3, 3][..], &[7; 32], &vector(1, &[9; 33]), &vector(2, &[0x13, 1]), &vector(1, &[0])].concat();
    let large = extension(21, &vec![0; HELLO_BYTES]);
    for (bytes, error) in [
        (b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(), NotHello::NotTls),
        (b"GET / HTTP/1.1\r\n\r\n".to_vec(), NotHello::NotTls),
        (b"\x80\x2e\x01\x00\x02".to_vec(), NotHello::NotTls),
        (b"\x15\x03\x01\x00\x02\x02\x28".to_vec(), NotHello::NotTls),
        (b"\x16\x02".to_vec(), NotHello::NotTls),
        (records(&[2, 0, 0, 0], 4), NotHello::NotTls),
        ([records(&good[..9], 9), b"\x15\x03\x01\x00\x02\x01\x00".to_vec()].concat(), NotHello::NotTls),
        (b"\x16\x03\x01\x00\x00".to_vec(), NotHello::Malformed),
        (b"\x16\x03\x01\x40\x01".to_vec(), NotHello::Malformed),
        (records(&[&good[..], b"x"].concat(), 16 << 10), NotHello::Malformed),
        (records(&[&good[..], &good].concat(), 16 << 10), NotHello::Malformed),
        ([&[22, 3, 1][..], &vector(2, &[&good[..], b"x"].concat())[..2 + good.len()]].concat(), NotHello::Malformed),
        (patched(4, 2), NotHello::Malformed),
        (patched(good.len() - 12, 200), NotHello::Malformed),
        (records(&message(&long_session), 1000), NotHello::Malformed),
        (records(&message(&[]), 1000), NotHello::Malformed),
        (records(&message(&[body(&[]), b"x".to_vec()].concat()), 1000), NotHello::Malformed),
        (hello(&[name.clone(), name.clone()]), NotHello::Malformed),
        (hello(&[extension(0, &vector(2, &two_names))]), NotHello::Malformed),
        (hello(&[extension(0, &[])]), NotHello::Malformed),
        (hello(&[extension(0, &vector(2, &[]))]), NotHello::Malformed),
        (hello(&[extension(0, &vector(2, &[&[1], &vector(2, b"example.com")[..]].concat()))]), NotHello::Malformed),
        (hello(&[server_name(b"")]), NotHello::Name),
        (hello(&[server_name(b"127.0.0.1")]), NotHello::Name),
        (hello(&[server_name(b"example.com\0.evil.test")]), NotHello::Name),
        (hello(&[server_name("ex\u{e4}mple.com".as_bytes())]), NotHello::Name),
        (hello(&[server_name(b"\xff")]), NotHello::Name),
        (records(&[1, 0xff, 0xff, 0xff], 4), NotHello::TooLarge),
        (records(&message(&body(&[large])), 16 << 10), NotHello::TooLarge),
        (records(&[&[1, 0, 0x3f, 0xff][..], &[0; 4000]].concat(), 1), NotHello::TooLarge),
    ] {
        assert_eq!(read(&bytes), Err(error), "{:02x?}", &bytes[..bytes.len().min(200)]);
    }
}

#[test]
fn the_name_must_be_the_one_that_was_asked_for() {
    let nothing = Hello { server_name: None, encrypted: false };
    for (target, hello, expected) in [
        ("example.com:443", named("example.com"), Ok(())),
        ("EXAMPLE.com.:8443", named("example.com"), Ok(())),
        ("example.com:443", named("www.example.com"), Err(Reason::ServerName)),
        ("example.com:443", named("evil.test"), Err(Reason::ServerName)),
        ("example.com:443", nothing.clone(), Err(Reason::ServerName)),
        ("example.com:443", Hello { encrypted: true, ..named("example.com") }, Err(Reason::EncryptedHello)),
        ("192.0.2.1:443", nothing.clone(), Ok(())),
        ("192.0.2.1:443", named("example.com"), Err(Reason::ServerName)),
        ("[2001:db8::1]:443", Hello { encrypted: true, ..nothing }, Err(Reason::EncryptedHello)),
    ] {
        assert_eq!(hello.check(&Target::tunnel(target).expect(target)), expected, "{target} {hello:?}");
    }
}

/// Bytes near a hello, and noise.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let bent = (any::<prop::sample::Index>(), any::<u8>(), 1..600_usize).prop_map(|(position, byte, size)| {
        let mut whole =
            message(&body(&[extension(10, &[0, 2, 0, 29]), server_name(b"example.com"), extension(43, &[2, 3, 4])]));
        let position = position.index(whole.len());
        whole[position] = byte;
        records(&whole, size)
    });
    let noise = prop::collection::vec(any::<u8>(), 0..300);
    prop_oneof![bent, noise.clone().prop_map(|noise| records(&message(&noise), 100)), noise]
}

proptest! {
    /// However the bytes arrive, the answer is the same, and more is never kept than arrived.
    #[test]
    fn pieces_make_no_difference(bytes in bytes(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8)) {
        let at_once = read(&bytes);
        let mut lengths: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        lengths.sort_unstable();
        lengths.push(bytes.len());
        let mut reader = Reader::default();
        let mut answer = Ok(None);
        for length in lengths {
            if answer == Ok(None) {
                answer = reader.read(&bytes[..length]);
            }
            prop_assert!(reader.message.len() <= length);
        }
        prop_assert_eq!(answer, at_once);
    }

    /// A name that is found stands in the bytes.
    #[test]
    fn names_are_never_made_up(bytes in bytes()) {
        if let Ok(Some(Hello { server_name: Some(name), .. })) = read(&bytes) {
            let text: Vec<u8> = bytes.iter().map(u8::to_ascii_lowercase).collect();
            let letters: Vec<u8> = name.as_str().bytes().collect();
            let mut found = text.iter();
            prop_assert!(letters.iter().all(|letter| found.any(|byte| byte == letter)));
        }
    }
}

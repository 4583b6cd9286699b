use proptest::prelude::*;

use super::*;

fn through(secrets: &[&str], pieces: &[&[u8]]) -> String {
    let mut veil = Veil::new(secrets.iter().map(|secret| secret.as_bytes().to_vec()));
    let mut passed: Vec<u8> = pieces.iter().flat_map(|piece| veil.push(piece.to_vec())).collect();
    passed.extend(veil.end());
    String::from_utf8(passed).unwrap()
}

#[test]
fn a_secret_goes_however_it_is_cut() {
    let text = b"a hunter22-longer b hunter22 c hunter2";
    let shown = "a [redacted] b [redacted] c hunter2";
    for size in 1..=text.len() {
        let pieces: Vec<&[u8]> = text.chunks(size).collect();
        assert_eq!(through(&["hunter22", "hunter22-longer"], &pieces), shown, "{size}");
    }
    assert_eq!(through(&["short"], &[b"a short one"]), "a short one");
    assert_eq!(through(&["aaaaaaab"], &[b"aaaaaaaaab"]), "aa[redacted]");
}

#[test]
fn what_waits_is_what_may_be_one_and_no_more() {
    let mut veil = Veil::new([b"hunter22".to_vec()]);
    assert_eq!(veil.push(b"all of it\n".to_vec()), b"all of it\n");
    assert_eq!(veil.push(b"a hunt".to_vec()), b"a ");
    assert_eq!(veil.push(b"ing".to_vec()), b"hunting");
    assert!(veil.end().is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Without a secret in it, every byte stays.
    #[test]
    fn everything_else_stays(pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..20)) {
        let mut veil = Veil::new([b"\xff\x00secret\xfe".to_vec(), b"another one".to_vec()]);
        let whole = pieces.concat();
        prop_assume!(!whole.windows(9).any(|bytes| bytes == b"\xff\x00secret\xfe"));
        let mut passed: Vec<u8> = pieces.into_iter().flat_map(|piece| veil.push(piece)).collect();
        passed.extend(veil.end());
        prop_assert_eq!(passed, whole);
    }
}

use super::{Answer, answer, question};

#[test]
fn a_question_is_well_formed() {
    let packet = question("Ab-9");
    assert_eq!(&packet[..12], [0xc1, 0x01, 0x01, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    assert_eq!(&packet[12..], b"\x03Ab9\x0ecloister-probe\x04test\0\0\x01\0\x01");
}

#[test]
fn a_hostile_nonce_cannot_break_the_packet() {
    for nonce in ["", "...", "\0\u{ff}", &"x".repeat(500)] {
        assert!(question(nonce).len() < 100, "{nonce:?}");
    }
}

#[test]
fn an_answer_is_judged_by_its_code() {
    let cases: [(&[u8], Answer); 7] = [
        (&[0xc1, 0x01, 0x81, 0x80], Answer::Resolved),
        (&[0xc1, 0x01, 0x81, 0x83], Answer::Resolved),
        (&[0xc1, 0x01, 0x81, 0x82], Answer::Failed(2)),
        (&[0xc1, 0x01, 0x81, 0x85], Answer::Failed(5)),
        (&[0xc1, 0x01, 0x01, 0x00], Answer::Foreign),
        (&[0xff, 0x01, 0x81, 0x80], Answer::Foreign),
        (&[0xc1], Answer::Foreign),
    ];
    for (packet, expected) in cases {
        assert_eq!(answer(packet), expected, "{packet:x?}");
    }
}

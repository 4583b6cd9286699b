use super::*;

const FROM: &str = "127.0.0.1:40000";
const TO: &str = "127.0.0.1:8080";
const HEAD: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

fn end(text: &str) -> SocketAddrV4 {
    text.parse().expect("an address")
}

/// Returns a line of a table, with addresses as the kernel of this machine writes them.
fn line(local: &str, remote: &str, state: &str, uid: u32) -> String {
    let said = |text: &str| format!("{}:{:04X}", written(end(text)), end(text).port());
    format!("   0: {} {} {state} 00000000:00000000 00:00000000 00000000 {uid:5} 0 1 1\n", said(local), said(remote))
}

#[test]
fn the_open_socket_at_the_other_end_says_whose_it_is() {
    let cases = [
        (line(FROM, TO, "01", 1000), Some(1000)),
        (line(TO, FROM, "01", 0) + &line(FROM, TO, "01", 1001), Some(1001)),
        // Our own end.
        (line(TO, FROM, "01", 1000), None),
        // Of what was closed or waits to be, nobody is told.
        (line(FROM, TO, "06", 0), None),
        (line(FROM, TO, "05", 0), None),
        (line(FROM, TO, "08", 1000), None),
        // Others.
        (line("127.0.0.1:40001", TO, "01", 1000), None),
        (line("127.0.0.2:40000", TO, "01", 1000), None),
        (line(FROM, "127.0.0.1:8081", "01", 1000), None),
        ("   0: x y 01 z\n".to_owned(), None),
        (String::new(), None),
    ];
    for (lines, uid) in cases {
        assert_eq!(owner(&format!("{HEAD}{lines}"), end(FROM), end(TO)), uid, "{lines}");
    }
}

#[test]
fn a_socket_of_version_6_is_found_too() {
    let line =
        line(FROM, TO, "01", 1000).replace(&format!(" {}:", written(end(FROM))), &format!(" {}:", mapped(end(FROM))));
    assert_eq!(owner(&line, end(FROM), end(TO)), Some(1000));
    if cfg!(target_endian = "little") {
        assert_eq!((written(end(TO)), mapped(end(TO))), ("0100007F".into(), "0000000000000000FFFF00000100007F".into()));
    }
}

#[test]
fn root_by_sudo_is_whoever_called_it() {
    let cases = [
        (1000, 1000, None, true),
        (1000, 1001, None, false),
        (0, 1000, None, false),
        (0, 0, None, true),
        (1000, 0, None, false),
        (1000, 0, Some(1000), true),
        (1001, 0, Some(1000), false),
        (1001, 1000, Some(1001), false),
    ];
    for (uid, own, caller, may) in cases {
        assert_eq!(is_of(uid, own, caller), may, "{uid} at {own}'s, {caller:?}");
    }
}

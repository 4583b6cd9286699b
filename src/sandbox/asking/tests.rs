use std::net::{TcpListener, TcpStream};

use super::*;

#[test]
fn a_line_of_the_table_is_an_open_connection_to_the_proxy_or_nothing() {
    let line = |remote: &str, state: &str| {
        format!(
            "   1: 020011AC:A0B2 {remote} {state} 00000000:00000000 00:00000000 00000000  1000        0 48213 1 0000000000000000 20 4 30 10 -1"
        )
    };
    assert_eq!(connection(&line("010011AC:0C38", "01")), Some((48213, 0xa0b2)));
    assert_eq!(connection(&line("0000000000000000FFFF0000010011AC:0C38", "01")), Some((48213, 0xa0b2)));
    assert_eq!(connection(&line("010011AC:01BB", "01")), None, "to elsewhere");
    assert_eq!(connection(&line("010011AC:0C38", "0A")), None, "not open");
    for broken in ["", "sl local_address rem_address st", "1: x y 01", "1: a:b c:0C38 01 0 0 0 0 0 inode"] {
        assert_eq!(connection(broken), None, "{broken}");
    }
    assert_eq!(socket("socket:[48213]"), Some(48213));
    assert_eq!(socket("pipe:[48213]"), None);
}

/// This process itself has a connection to a port that is the proxy's elsewhere.
#[test]
fn the_process_of_a_connection_is_found_by_its_port() {
    let Ok(listener) = TcpListener::bind(("127.0.0.1", PROXY_PORT)) else {
        // Something else of this machine listens there: it does as well.
        return assert!(find(&[1]).is_empty());
    };
    let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let port = stream.local_addr().unwrap().port();
    let found = find(&[port, 1]);
    let [asking] = &found[..] else { panic!("{found:?}") };
    let own = std::env::current_exe().unwrap();
    assert_eq!((asking.port, asking.program.as_str()), (port, own.to_str().unwrap()));
    assert!(asking.argv[0].contains("cloister"), "{asking:?}");
    assert!(find(&[]).is_empty());
}

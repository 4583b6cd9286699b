use rustix::io::Errno;

use super::{Outcome, Rule, Tried, judge};

const RESOLVED: [u8; 4] = [0xc1, 0x01, 0x81, 0x83];
const SERVFAIL: [u8; 4] = [0xc1, 0x01, 0x81, 0x82];

#[test]
fn each_outcome_under_each_rule() {
    use Outcome::{Absent, Answered, Established, Failed, Pending, Spoke};
    let cases = [
        (Rule::Silent, Pending, true, "no answer"),
        (Rule::Silent, Absent, true, "nobody has the address"),
        (Rule::Silent, Failed(Errno::NETUNREACH), true, "unreachable"),
        (Rule::Silent, Failed(Errno::HOSTUNREACH), true, "unreachable"),
        (Rule::Silent, Failed(Errno::ACCESS), true, "permission denied"),
        (Rule::Silent, Failed(Errno::CONNREFUSED), false, "tcp 1 refused, which means that the address was reached"),
        (
            Rule::Silent,
            Failed(Errno::CONNRESET),
            false,
            "tcp 1 could not be tried or was reached: connection reset by peer",
        ),
        (Rule::Silent, Failed(Errno::MFILE), false, "tcp 1 could not be tried or was reached: too many open files"),
        (
            Rule::Unresolving,
            Failed(Errno::MFILE),
            false,
            "tcp 1 could not be tried or was reached: too many open files",
        ),
        (Rule::Silent, Established, false, "tcp 1 accepted a connection"),
        (Rule::Silent, Spoke(b"SSH-2.0".to_vec()), false, "tcp 1 accepted a connection and spoke"),
        (Rule::Silent, Spoke(b"canary s3cret\n".to_vec()), false, "tcp 1 reached the canary on the host"),
        (Rule::Silent, Answered(RESOLVED.to_vec()), false, "tcp 1 resolved a name"),
        (Rule::Silent, Answered(SERVFAIL.to_vec()), false, "tcp 1 answered"),
        (Rule::Silent, Answered(b"x".to_vec()), false, "tcp 1 answered"),
        (Rule::Unresolving, Answered(RESOLVED.to_vec()), false, "tcp 1 resolved a name"),
        (Rule::Unresolving, Answered(SERVFAIL.to_vec()), true, "resolves nothing"),
        (Rule::Unresolving, Failed(Errno::CONNREFUSED), true, "nothing listens"),
        (Rule::Unresolving, Pending, true, "no answer"),
        (Rule::Unroutable, Pending, false, "tcp 1 has a route"),
        (Rule::Unroutable, Absent, false, "tcp 1 has a route"),
        (Rule::Unroutable, Failed(Errno::ADDRNOTAVAIL), true, "no source address"),
        (Rule::Unroutable, Failed(Errno::NETUNREACH), true, "unreachable"),
        (Rule::Reachable, Established, true, "accepts connections"),
        (Rule::Reachable, Failed(Errno::CONNREFUSED), false, "does not accept connections: nothing listens"),
        (Rule::Reachable, Pending, false, "does not answer"),
        (Rule::Reachable, Absent, false, "does not answer"),
    ];
    for (rule, outcome, closed, seen) in cases {
        let tried = [Tried { what: "tcp 1".to_owned(), outcome: outcome.clone() }];
        assert_eq!(judge(rule, "s3cret", &tried), (closed, seen.to_owned()), "{rule:?} {outcome:?}");
    }
}

#[test]
fn one_open_port_among_many_is_open() {
    let tried = |what: &str, outcome| Tried { what: what.to_owned(), outcome };
    let list =
        [tried("tcp 22", Outcome::Pending), tried("tcp 80", Outcome::Established), tried("udp 53", Outcome::Pending)];
    assert_eq!(judge(Rule::Silent, "", &list), (false, "tcp 80 accepted a connection".to_owned()));
    let list = [tried("tcp 22", Outcome::Failed(Errno::NETUNREACH)), tried("udp 53", Outcome::Pending)];
    assert_eq!(judge(Rule::Silent, "", &list), (true, "unreachable, no answer".to_owned()));
}

#[test]
fn a_guardian_that_was_never_tried_is_not_reachable() {
    assert_eq!(judge(Rule::Reachable, "", &[]), (false, "does not answer".to_owned()));
}

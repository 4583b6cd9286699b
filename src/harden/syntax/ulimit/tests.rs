use super::Limit::{At, Unlimited};
use super::{Ulimit, UlimitError, parse};

#[test]
fn limits_are_read() {
    for (text, name, soft, hard) in [
        ("nofile=1024", "nofile", At(1024), At(1024)),
        ("nofile=1024:2048", "nofile", At(1024), At(2048)),
        ("nproc=-1", "nproc", Unlimited, Unlimited),
        ("memlock=5:-1", "memlock", At(5), Unlimited),
        ("core=0", "core", At(0), At(0)),
        ("nofile=+5", "nofile", At(5), At(5)),
        ("stack=9223372036854775807", "stack", At(i64::MAX.unsigned_abs()), At(i64::MAX.unsigned_abs())),
    ] {
        assert_eq!(parse(text), Ok(Ulimit { name, soft, hard }), "{text:?}");
    }
}

#[test]
fn everything_else_is_refused() {
    let number = |text: &str| UlimitError::Number(text.to_owned());
    for (text, error) in [
        ("nofile", UlimitError::Syntax),
        ("nofile=1:2:3", UlimitError::Syntax),
        ("bogus=5", UlimitError::UnknownName),
        ("as=5", UlimitError::UnknownName),
        ("NOFILE=5", UlimitError::UnknownName),
        (" nofile=5", UlimitError::UnknownName),
        ("nofile=", number("")),
        ("nofile=5:", number("")),
        ("nofile=1k", number("1k")),
        ("nofile=5=6", number("5=6")),
        ("nofile= 5", number(" 5")),
        ("nofile=-2", number("-2")),
        ("nofile=5:-2", number("-2")),
        ("nofile=9223372036854775808", number("9223372036854775808")),
        ("nofile=2048:1024", UlimitError::SoftAboveHard),
        ("nofile=-1:5", UlimitError::SoftAboveHard),
    ] {
        assert_eq!(parse(text), Err(error), "{text:?}");
    }
}

use super::SizeError::{Syntax, TooLarge};
use super::bytes;

#[test]
fn sizes_are_read_as_docker_reads_them() {
    for (text, size) in [
        ("0", 0),
        ("1048576", 1 << 20),
        ("1b", 1),
        ("1k", 1 << 10),
        ("1kib", 1 << 10),
        ("512m", 512 << 20),
        ("64MB", 64 << 20),
        ("2g", 2 << 30),
        ("1GiB", 1 << 30),
        ("1 g", 1 << 30),
        ("1 ", 1),
        ("1.5gb", 3 << 29),
        (".5g", 1 << 29),
        ("1.", 1),
        ("1.9", 1),
        ("0.1k", 102),
        ("3t", 3 << 40),
        ("1p", 1 << 50),
        ("9223372036854775807", i64::MAX.unsigned_abs()),
        ("0.9999999999999999999999999999999999999999k", 1023),
    ] {
        assert_eq!(bytes(text), Ok(size), "{text:?}");
    }
}

#[test]
fn everything_else_is_refused() {
    for text in [
        "", " ", ".", "m", "-1", "-0", "+64m", " 64m", "64  m", "64m ", "64mi", "64kk", "64e", "1e9", "0x10", "6_4m",
        "1.2.3", "inf", "nan", "50%", "1,000m", "64m\n", "٣m", "64bb",
    ] {
        assert_eq!(bytes(text), Err(Syntax), "{text:?}");
    }
}

#[test]
fn nothing_overflows() {
    for text in [
        "9223372036854775808",
        "9223372036854775807k",
        "1000000000000t",
        "100000p",
        "99999999999999999999999999999999999999999999999999",
        "340282366920938463463374607431768211455p",
    ] {
        assert_eq!(bytes(text), Err(TooLarge), "{text:?}");
    }
}

use super::EnvError::{ControlInName, EmptyName, EqualsInName, NulInValue};
use super::Form::{Odd, Portable};
use super::{assignment, name, value};

#[test]
fn names_are_portable_odd_or_impossible() {
    for (text, form) in [
        ("PATH", Ok(Portable)),
        ("_", Ok(Portable)),
        ("http_proxy", Ok(Portable)),
        ("A1", Ok(Portable)),
        ("1A", Ok(Odd)),
        ("A-B", Ok(Odd)),
        ("A B", Ok(Odd)),
        ("npm_config_//example.com/:_auth", Ok(Odd)),
        ("é", Ok(Odd)),
        ("-", Ok(Odd)),
        ("", Err(EmptyName)),
        ("A=B", Err(EqualsInName)),
        ("=", Err(EqualsInName)),
        ("A\nB", Err(ControlInName)),
        ("A\0", Err(ControlInName)),
        ("A\u{85}", Err(ControlInName)),
    ] {
        assert_eq!(name(text), form, "{text:?}");
    }
}

#[test]
fn a_value_is_anything_but_nul() {
    for (text, result) in [("", Ok(())), ("two\nlines", Ok(())), ("a\0b", Err(NulInValue))] {
        assert_eq!(value(text), result, "{text:?}");
    }
}

#[test]
fn assignments_are_split_at_the_first_equals_sign() {
    for (text, result) in [
        ("A=b", Ok(("A", Some("b")))),
        ("A=", Ok(("A", Some("")))),
        ("A=b=c", Ok(("A", Some("b=c")))),
        ("A", Ok(("A", None))),
        ("", Err(EmptyName)),
        ("=b", Err(EmptyName)),
        ("A\nB=c", Err(ControlInName)),
        ("A=b\0", Err(NulInValue)),
    ] {
        assert_eq!(assignment(text), result, "{text:?}");
    }
}

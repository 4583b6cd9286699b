use super::CsvError::{BareQuote, ControlCharacter, OpenQuote};
use super::record;

#[test]
fn fields_are_split_as_go_splits_them() {
    for (text, fields) in [
        ("", vec![]),
        ("a", vec!["a"]),
        ("a,b", vec!["a", "b"]),
        ("a,", vec!["a", ""]),
        (",", vec!["", ""]),
        (" a, b", vec![" a", " b"]),
        (r#""a","b""#, vec!["a", "b"]),
        (r#"a,"b,c""#, vec!["a", "b,c"]),
        (r#""a""b""#, vec![r#"a"b"#]),
        (r#""""#, vec![""]),
        (r#""",a"#, vec!["", "a"]),
    ] {
        assert_eq!(record(text), Ok(fields.into_iter().map(str::to_owned).collect()), "{text:?}");
    }
}

#[test]
fn what_go_refuses_is_refused_and_so_are_control_characters() {
    for (text, error) in [
        (r#"target="/x""#, BareQuote),
        (r#"a,b"c"#, BareQuote),
        (r#""a"#, OpenQuote),
        (r#""a"b"#, OpenQuote),
        (r#"""""#, OpenQuote),
        ("a\nb", ControlCharacter),
        ("\na", ControlCharacter),
        ("\"a\nb\"", ControlCharacter),
        ("a\0", ControlCharacter),
    ] {
        assert_eq!(record(text), Err(error), "{text:?}");
    }
}

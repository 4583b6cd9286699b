use super::*;
use crate::diagnostic::Kind;

const PLAIN: Options = Options { width: 80, color: false };

fn diagnostic(source: &Source, needle: &str, message: &str, label: &str, help: Option<&str>) -> Diagnostic {
    let start = source.text.find(needle).unwrap();
    Diagnostic {
        level: Level::Error,
        kind: Kind::TypeError,
        pointer: "/init".into(),
        message: message.into(),
        label: label.into(),
        location: source.locate(start..start + needle.len()),
        help: help.map(str::to_owned),
    }
}

fn rendered(text: &str, needle: &str, message: &str, label: &str, help: Option<&str>) -> String {
    let source = Source::new(".devcontainer/devcontainer.json", text);
    render(&[diagnostic(&source, needle, message, label, help)], &[source], PLAIN)
}

#[test]
fn it_reads_like_rustc() {
    let shown = rendered("{\n  \"init\": 3\n}", "3", "`init` takes true or false", "a number", Some("write `true`"));
    let expected = "\
error[type-error]: `init` takes true or false
 --> .devcontainer/devcontainer.json:2:11
  |
2 |   \"init\": 3
  |           ^ a number
  |
  = help: write `true`

";
    assert_eq!(shown, expected);
}

#[test]
fn hidden_characters_are_shown_everywhere() {
    let shown =
        rendered("{ \"a\u{202e}\u{1b}[31m\": 3 }", "3", "bad \u{1b}[2J", "seen\u{7}\nhere", Some("remove \u{200b}"));
    assert!(!shown.contains(['\u{1b}', '\u{202e}', '\u{7}', '\u{200b}']), "{shown}");
    assert!(shown.contains("\\u{202e}\\u{1b}[31m"), "{shown}");
}

#[test]
fn a_very_long_line_is_cut_around_its_mark() {
    let text = format!("{{ \"pad\": \"{}\", \"init\": 3, \"more\": \"{}\" }}", "x".repeat(5000), "y".repeat(5000));
    let shown = rendered(&text, "3", "wrong type", "a number", None);
    assert!(shown.lines().all(|line| text::width(line) <= 80), "{shown}");
    assert!(shown.contains(":1:5022"), "the column is that of the file: {shown}");
}

#[test]
fn a_source_that_is_not_at_hand_still_gives_the_place() {
    let source = Source::new("a.json", "{ 3 }");
    let shown = render(&[diagnostic(&source, "3", "wrong", "", None)], &[], PLAIN);
    assert!(shown.contains("a.json:1:3"), "{shown}");
}

#[test]
fn colour_only_when_asked() {
    let source = Source::new("a.json", "{ 3 }");
    let diagnostics = [diagnostic(&source, "3", "wrong", "here", None)];
    let styled = render(&diagnostics, std::slice::from_ref(&source), Options { width: 80, color: true });
    assert!(styled.contains('\u{1b}'));
    assert_eq!(anstream::adapter::strip_str(&styled).to_string(), render(&diagnostics, &[source], PLAIN));
}

#[test]
fn a_flood_is_counted() {
    let source = Source::new("a.json", "{ 3 }");
    let shown = render(&vec![diagnostic(&source, "3", "wrong", "here", None); 1000], &[source], PLAIN);
    assert_eq!(shown.matches("error[type-error]").count(), 50);
    assert!(shown.ends_with("\n\n… and 950 more mistakes\n\n"), "{shown}");
}

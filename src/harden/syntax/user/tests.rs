use super::Id::{Name, Number};
use super::UserError::{Character, Colons, Empty, LeadingDot, LeadingHyphen, TooLarge};
use super::parse;

#[test]
fn users_are_read_as_the_engine_reads_them() {
    let name = |text: &str| Name(text.to_owned());
    for (text, account, group, root) in [
        ("node", name("node"), None, false),
        ("root", name("root"), None, true),
        ("root:root", name("root"), Some(name("root")), true),
        ("0", Number(0), None, true),
        ("00", Number(0), None, true),
        ("+0", Number(0), None, true),
        ("0:5", Number(0), Some(Number(5)), true),
        ("1000", Number(1000), None, false),
        ("1000:1000", Number(1000), Some(Number(1000)), false),
        ("1000:0", Number(1000), Some(Number(0)), false),
        ("01000:staff", Number(1000), Some(name("staff")), false),
        ("2147483647", Number(i32::MAX.unsigned_abs()), None, false),
        ("0x0", name("0x0"), None, false),
        ("ROOT", name("ROOT"), None, false),
        ("first.last@corp", name("first.last@corp"), None, false),
        ("machine$", name("machine$"), None, false),
    ] {
        let user = parse(text).expect(text);
        assert_eq!((&user.account, &user.group, user.is_root()), (&account, &group, root), "{text:?}");
    }
}

#[test]
fn everything_else_is_refused() {
    for (text, error) in [
        ("", Empty),
        (":", Empty),
        (":0", Empty),
        ("1000:", Empty),
        ("1000:1000:1", Colons),
        ("-x", LeadingHyphen),
        ("-1", LeadingHyphen),
        ("--privileged", LeadingHyphen),
        ("1000:-1", LeadingHyphen),
        ("..", LeadingDot),
        (".hidden", LeadingDot),
        ("+", Character('+')),
        ("+x", Character('+')),
        (" root", Character(' ')),
        ("root ", Character(' ')),
        ("root\n", Character('\n')),
        ("a b", Character(' ')),
        ("root\0", Character('\0')),
        ("a/b", Character('/')),
        ("rооt", Character('о')),
        ("$(id)", Character('(')),
        ("2147483648", TooLarge),
        ("4294967296", TooLarge),
        ("99999999999999999999", TooLarge),
    ] {
        assert_eq!(parse(text), Err(error), "{text:?}");
    }
}

use super::*;
use crate::control::audit::samples::every_kind;

/// Whatever kind of entry a secret is in, and wherever: texts that cloister alone writes have none.
#[test]
fn no_text_of_others_keeps_a_secret() {
    let github = format!("ghp_{}", "0a1B2c3D4e5F6g7H8i9J".repeat(2));
    let own = "0123456789abcdef0123456789abcdef";
    for mut entry in every_kind() {
        let before = texts(&mut entry.what).len();
        for text in texts(&mut entry.what) {
            *text = format!("curl -H 'Authorization: Bearer abcdef' x{own}x {github}");
        }
        draw(&mut entry, [own]);
        let written = format!("{:?}", entry.what);
        assert!(!written.contains(own) && !written.contains(&github) && !written.contains("abcdef"), "{written}");
        assert_eq!(written.matches(TOKEN).count(), before, "{written}");
    }
}

#[test]
fn the_word_behind_the_name_of_a_secret_is_one() {
    let argv = ["gh", "auth", "--token", "x"].map(str::to_owned).to_vec();
    let what = every_kind().into_iter().find_map(|entry| match entry.what {
        What::HostCommand(command) => Some(command),
        _ => None,
    });
    let what = What::HostCommand(crate::control::audit::event::HostCommand { argv, ..what.unwrap() });
    let mut entry = Entry { time: 0, sandbox: None, origin: None, what };
    draw(&mut entry, []);
    let What::HostCommand(command) = entry.what else { unreachable!() };
    assert_eq!(command.argv, ["gh", "auth", "--token", "[redacted: by its name]"]);
}

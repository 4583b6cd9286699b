#![expect(clippy::disallowed_methods, reason = "adapter: tests make files")]

use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

#[test]
fn files_are_numbered_by_their_names() {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "00000002.jsonl",
        "00000010.jsonl",
        "100000000.jsonl",
        "1.jsonl",
        "000000002.jsonl",
        "head",
        "lock",
        "x.jsonl",
        "+0000001.jsonl",
    ] {
        std::fs::write(folder.path().join(name), "").unwrap();
    }
    assert_eq!(numbers(folder.path()).unwrap(), [2, 10, 100_000_000]);
    assert_eq!(numbers(&folder.path().join("absent")).unwrap(), Vec::<u64>::new());
}

#[test]
fn only_a_regular_file_of_this_user_alone_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let at = |number| path(folder.path(), number);
    create(&at(1)).unwrap();
    assert_eq!(std::fs::metadata(at(1)).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(matches!(create(&at(1)), Err(FolderError::Open { .. })), "it is there");
    symlink(at(1), at(2)).unwrap();
    std::fs::create_dir(at(3)).unwrap();
    std::fs::write(at(4), "").unwrap();
    std::fs::set_permissions(at(4), std::fs::Permissions::from_mode(0o640)).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, at(5), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    assert!(open(&at(1)).is_ok());
    let hint = |number| open(&at(number)).unwrap_err().hint();
    assert_eq!(hint(2), Some(format!("move `{}` away, then try again", at(2).display())));
    assert_eq!(hint(3), Some(format!("move `{}` away, then try again", at(3).display())));
    assert_eq!(hint(4), Some(format!("run `chmod 600 '{}'`", at(4).display())));
    assert_eq!(hint(5), Some(format!("move `{}` away, then try again", at(5).display())));
    assert!(open(&at(6)).unwrap_err().is_absent());
}

#[test]
fn a_head_has_one_text() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(head(folder.path()).unwrap(), HeadFile::Absent);
    let whole = Head { number: 7, chain: Chain::start() };
    write_head(folder.path(), &whole).unwrap();
    assert_eq!(head(folder.path()).unwrap(), HeadFile::Whole(whole.clone()));
    let text = whole.text();
    for broken in
        ["", "{}", &text.replace(':', ": "), text.trim_end(), &text.replace('7', "07"), &text.replacen('0', "A", 1)]
    {
        std::fs::write(folder.path().join("head"), broken).unwrap();
        assert_eq!(head(folder.path()).unwrap(), HeadFile::Broken, "{broken}");
    }
}

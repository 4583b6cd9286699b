use super::*;

/// Returns an ELF header with one program header of the given type.
fn elf(kind: u8) -> Vec<u8> {
    let mut bytes = vec![0; 64 + 56];
    bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
    (bytes[32], bytes[54], bytes[56], bytes[64]) = (64, 56, 1, kind);
    bytes
}

#[test]
fn static_programs_name_no_loader() {
    let mut truncated = elf(1);
    truncated.truncate(64);
    let cases: [(&str, &[u8], bool); 5] = [
        ("static", &elf(1), true),
        ("dynamic", &elf(3), false),
        ("truncated", &truncated, false),
        ("script", b"#!/bin/sh\n", false),
        ("empty", b"", false),
    ];
    for (name, bytes, expected) in cases {
        assert_eq!(is_static(bytes), expected, "{name}");
    }
}

#[test]
fn a_missing_program_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let error = Programs::in_folder(folder.path()).load("cloister-init").unwrap_err();
    assert!(matches!(error, ProgramsError::Missing { .. }));
    assert!(error.hint().unwrap().contains("cargo install"));
}

#[test]
fn programs_are_copied_once_for_each_state_of_their_files() {
    let (from, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for name in ["cloister-init", "cloister-hostexec"] {
        file::write(&from.path().join(name), &elf(1), 0o755).unwrap();
    }
    let programs = Programs::in_folder(from.path());
    let first = programs.install(data.path()).unwrap();
    assert_eq!(programs.install(data.path()).unwrap(), first);
    let mut names: Vec<_> = std::fs::read_dir(&first).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["cloister-hostexec", "cloister-init", "hostexec"]);
    std::fs::remove_file(first.join("hostexec")).unwrap();
    programs.install(data.path()).unwrap();
    assert_eq!(std::fs::read(first.join("hostexec")).unwrap(), elf(1), "what is missing is copied again");
    file::write(&from.path().join("cloister-init"), &elf(2), 0o755).unwrap();
    assert_ne!(programs.install(data.path()).unwrap(), first);
}

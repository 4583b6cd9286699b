use super::*;
use crate::control::audit::Wrong;
use crate::control::audit::event::Lost;

fn said(found: &Verification) -> String {
    let Output { stdout, stderr, code } = report(found, Path::new("/state/audit"));
    format!("{code}\n{stdout}{stderr}")
}

#[test]
fn a_whole_log_says_from_where_to_where_it_goes() {
    let whole = Verification { files: 1, span: Some((1, 42)), ..Verification::default() };
    assert_eq!(said(&whole), "0\nentries 1 to 42 in 1 file whole\n");
    let later = Verification { files: 64, span: Some((1000, 2000)), torn: 17, ..Verification::default() };
    assert_eq!(
        said(&later),
        "0\nentries 1000 to 2000 in 64 files whole; entries before 1000 were removed, as the log says itself; \
         17 bytes at the end are a line that is not whole, which nobody was told is kept\n"
    );
    assert_eq!(said(&Verification::default()), "0\nthere is no audit log yet\n");
}

#[test]
fn each_fault_has_its_file_its_line_and_what_is_wrong() {
    let fault = |name: &str, line, wrong| Fault { path: Path::new("/state/audit").join(name), line, wrong };
    let found = Verification {
        files: 2,
        span: Some((1, 9)),
        faults: vec![
            fault("00000001.jsonl", Some(3), Wrong::Changed { number: 3 }),
            fault("00000002.jsonl", None, Wrong::CutOff(Lost { first: 10, last: 12 })),
        ],
        more: 5,
        ..Verification::default()
    };
    insta::assert_snapshot!(said(&found), @r#"
    1
    entries 1 to 9 in 2 files read
    cloister: the audit log in `/state/audit` is not what was written, 7 faults:
      00000001.jsonl, line 3: entry 3, or what stands before it, was changed
      00000002.jsonl: entries 10 to 12 are missing at the end
      and 5 more

    hint: keep a copy of the folder for whoever looks into it; once it is moved away, `cloister start` begins a new log
    "#);
}

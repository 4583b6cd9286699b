use super::*;

fn request(text: &str) -> Request {
    Request::root_setup("postCreate", "", &["/bin/sh".to_owned(), "-c".to_owned(), text.to_owned()])
}

fn approved(texts: &[&str]) -> Approvals {
    let mut approvals = Approvals::default();
    texts.iter().for_each(|text| approvals.add(request(text)));
    approvals
}

#[test]
fn a_request_that_changed_by_one_byte_is_asked_again() {
    let approvals = approved(&["sudo a"]);
    let (same, changed, other) =
        (request("sudo a"), request("sudo b"), Request::root_setup("onCreate", "", &["sudo".to_owned()]));
    assert_eq!(approvals.state(&same, std::slice::from_ref(&same)), State::Approved);
    let State::Changed { was } = approvals.state(&changed, std::slice::from_ref(&changed)) else {
        panic!("it changed")
    };
    assert_eq!(was.content, "sudo a");
    assert_eq!(approvals.state(&changed, &[same.clone(), changed.clone()]), State::Pending, "the other one is used");
    assert_eq!(approvals.state(&other, std::slice::from_ref(&other)), State::Pending);
    assert_eq!(approvals.unused(&[same]).count(), 0);
    assert_eq!(approvals.unused(&[changed]).count(), 1);
}

#[test]
fn what_was_approved_is_read_as_it_was_written() {
    let mut approvals = approved(&["sudo a", "sudo \u{202e}b\n"]);
    let text = approvals.to_json("/home/dev/shop");
    assert_eq!(Approvals::from_json(text.as_bytes(), "/home/dev/shop").unwrap(), approvals);
    assert!(approvals.remove(&request("sudo a").digest) && !approvals.remove(&request("sudo a").digest));
    assert!(!approvals.contains(&request("sudo a").digest));
}

#[test]
fn a_file_that_is_not_ours_approves_nothing() {
    let good = approved(&["sudo a"]).to_json("/w");
    let digest = request("sudo a").digest;
    let cases = [
        (good.replace("\"version\": 1", "\"version\": 2"), "version 2"),
        (good.replace("\"/w\"", "\"/other\""), "/other"),
        (good.replace(&digest, "sha256:*"), "no digest"),
        (good.replace(&digest, &digest.to_uppercase()), "no digest"),
        (good.replace("\"kind\"", "\"more\": 1, \"kind\""), "as cloister wrote it"),
        (good.replace("root-setup", "everything"), "as cloister wrote it"),
        (String::new(), "as cloister wrote it"),
        ("{}".to_owned(), "as cloister wrote it"),
    ];
    for (text, said) in cases {
        let error = Approvals::from_json(text.as_bytes(), "/w").unwrap_err();
        assert!(error.to_string().contains(said), "{error}: {text}");
    }
}

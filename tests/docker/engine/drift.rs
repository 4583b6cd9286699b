//! What a plan names and does not hold: when its content changes under a sandbox that runs, the next start says so.

use std::process::Command;

use serde_json::json;

use super::{User, inspect};

const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n";

/// A name of an image, moved from one to another.
struct Tag(String);

impl Tag {
    fn of(image: &str) -> Self {
        let tag = Self(format!("cloister-test:moved-{}", std::process::id()));
        tag.points_to(image);
        tag
    }

    fn points_to(&self, image: &str) {
        assert!(Command::new("docker").args(["tag", image, &self.0]).status().unwrap().success());
    }
}

impl Drop for Tag {
    fn drop(&mut self) {
        let _gone = Command::new("docker").args(["rmi", "-f", &self.0]).output();
    }
}

#[test]
fn a_name_that_leads_to_another_image_is_said_and_taken_with_a_rebuild() {
    let tag = Tag::of("debian:bookworm");
    let user = User::with(&json!({ "image": tag.0 }).to_string());
    let container = user.start()["container"].as_str().unwrap().to_owned();
    let image = || inspect("container", &container).unwrap()["Image"].clone();
    let (before, said) = (image(), format!("the image `{}` changed since it was started", tag.0));
    let quiet = user.run(&["start", "--detach"]);
    assert!(!quiet.stderr().contains("changed since"), "{}", quiet.stderr());
    tag.points_to("cloister-test:bookworm");
    let told = user.run(&["start", "--detach"]);
    told.expect(0);
    assert!(told.stderr().contains(&said) && told.stderr().contains("--rebuild"), "{}", told.stderr());
    assert_eq!(image(), before, "what runs goes on");
    let rebuilt = user.run(&["start", "--detach", "--rebuild"]);
    rebuilt.expect(0);
    assert!(!rebuilt.stderr().contains(&said), "{}", rebuilt.stderr());
    assert_ne!(image(), before);
}

#[test]
fn certificates_with_other_content_are_said() {
    let user = User::with(r#"{ "image": "debian:bookworm" }"#);
    let bundle = user.root.path().join("own.pem");
    std::fs::write(&bundle, CERTIFICATE).unwrap();
    user.allow(&json!({ "network": { "caBundle": bundle } }));
    user.start();
    let quiet = user.run(&["start", "--detach"]);
    assert!(!quiet.stderr().contains("changed since"), "{}", quiet.stderr());
    std::fs::write(&bundle, CERTIFICATE.repeat(2)).unwrap();
    let told = user.run(&["start", "--detach"]);
    told.expect(0);
    assert!(told.stderr().contains("(network.caBundle) changed since it was started"), "{}", told.stderr());
    std::fs::remove_file(&bundle).unwrap();
    let refused = user.run(&["start", "--detach"]);
    refused.expect(3);
    assert!(
        refused.stderr().contains("hint: put a PEM file there, or correct network.caBundle"),
        "{}",
        refused.stderr()
    );
    user.run(&["exec", "--", "true"]).expect(0);
}

/// The receipt tells whoever watches where the engine writes.
#[test]
fn the_receipt_knows_where_the_engine_writes() {
    let user = User::with(r#"{ "image": "debian:bookworm" }"#);
    let id = user.start()["id"].as_str().unwrap().to_owned();
    let text = std::fs::read_to_string(user.state().join("sandboxes").join(id).join("receipt.json")).unwrap();
    let receipt: serde_json::Value = serde_json::from_str(&text).unwrap();
    let root = Command::new("docker").args(["info", "--format", "{{.DockerRootDir}}"]).output().unwrap();
    assert_eq!(receipt["engineRoot"].as_str().unwrap(), String::from_utf8_lossy(&root.stdout).trim());
}

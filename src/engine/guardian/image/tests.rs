use std::io::Read;

use super::*;

#[test]
fn the_images_of_others_are_left_alone() {
    let cases = [
        ("cloister-guardian:0123456789abcdef-1000", true),
        ("cloister-guardian:0123456789abcdef-1001", false),
        ("cloister-guardian:0123456789abcdef-11000", false),
        ("cloister-guardian:0123456789abcdef", false),
        ("cloister-guardian:latest-1000", false),
        ("cloister-guardian-x:0123456789abcdef-1000", false),
    ];
    for (reference, ours) in cases {
        assert_eq!(is_ours(reference, 1000), ours, "{reference}");
    }
}

#[test]
fn the_archive_holds_one_program_and_is_the_same_every_time() {
    let program = Program { bytes: b"program".to_vec(), digest: "0123456789abcdef".to_owned() };
    let archive = pack(&program, "cloister-guardian:0123456789abcdef", "amd64").unwrap();
    assert_eq!(archive, pack(&program, "cloister-guardian:0123456789abcdef", "amd64").unwrap());
    let mut files = std::collections::BTreeMap::new();
    for entry in tar::Archive::new(archive.as_slice()).entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_string_lossy().into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        files.insert(name, bytes);
    }
    let manifest: serde_json::Value = serde_json::from_slice(&files["manifest.json"]).unwrap();
    let config: serde_json::Value = serde_json::from_slice(&files[manifest[0]["Config"].as_str().unwrap()]).unwrap();
    assert_eq!(config["config"]["User"], "65534:65534");
    assert_eq!(config["rootfs"]["diff_ids"][0], format!("sha256:{}", sha256_hex(&files["layer.tar"])));
    let mut layer = tar::Archive::new(files["layer.tar"].as_slice());
    let names: Vec<_> = layer.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().into_owned()).collect();
    assert_eq!(names, [std::path::Path::new("cloister-guardian")]);
}

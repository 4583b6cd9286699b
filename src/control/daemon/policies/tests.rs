#![expect(clippy::disallowed_methods, reason = "writes the files that are looked at")]

use std::fs;

use super::*;

struct Stage {
    folder: tempfile::TempDir,
    policies: Policies,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths {
            config: folder.path().join("config"),
            state: folder.path().join("state"),
            data: folder.path().join("data"),
            cache: folder.path().join("cache"),
            runtime: None,
        };
        fs::create_dir_all(&paths.config).unwrap();
        let policies = Policies::of_files(&paths, 1000);
        Self { folder, policies }
    }

    fn write(&self, text: &str) {
        fs::write(self.folder.path().join("config/config.json5"), text).unwrap();
    }

    fn look(&mut self, folder: &str, now: u64) -> bool {
        self.policies.look(Path::new(folder), now).is_ok()
    }
}

#[test]
fn a_mistake_is_told_with_its_place_until_it_is_mended() {
    let mut stage = Stage::new();
    stage.write("{ allow: [] }");
    assert!(stage.look("/a", 1) && stage.look("/b", 2));
    assert_eq!(stage.policies.mistakes(["/a", "/b"].into_iter()), []);
    stage.write("{\n  allow: [,\n");
    assert!(!stage.look("/a", 3) && !stage.look("/b", 4));
    assert!(stage.look("/a", 5), "it is told once for each change");
    let told = stage.policies.mistakes(["/a", "/b"].into_iter());
    assert_eq!(told.len(), 1, "one file, one mistake: {told:?}");
    assert!(told[0].place.contains("config.json5:2:"), "{told:?}");
    assert_eq!(told[0].since, Some(1), "of the oldest policy that is in force");
    assert_eq!(stage.policies.mistakes(std::iter::empty()), [], "where no sandbox works, nothing is in force");
    stage.write("{ allow: [ ] }");
    assert!(stage.look("/a", 6) && stage.look("/b", 7));
    assert_eq!(stage.policies.mistakes(["/a", "/b"].into_iter()), []);
}

#[test]
fn where_no_file_was_ever_read_well_nothing_is_in_force() {
    let mut stage = Stage::new();
    stage.write("{");
    assert!(!stage.look("/a", 3));
    assert_eq!(stage.policies.mistakes(["/a"].into_iter()).iter().map(|one| one.since).collect::<Vec<_>>(), [None]);
}

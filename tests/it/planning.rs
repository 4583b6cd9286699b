//! A folder of texts becomes a plan, on a machine that is always the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cloister::config::model::Kind;
use cloister::facts::{Entry, Facts, HostFacts, ImageFacts, Lacks, PathFact};
use cloister::pipeline::assemble::{self, ConfigText, Inputs};
use cloister::plan::Plan;
use cloister::policy::Policy;
use cloister::source::Source;
use cloister::trust::Request;

/// The folder that every test plan is made for.
pub(crate) const FOLDER: &str = "/home/dev/shop-api";

/// A machine without an engine.
pub(crate) fn facts() -> Facts {
    Facts {
        host: HostFacts {
            uid: 1000,
            home: PathBuf::from("/home/dev"),
            runtime_dir: Some(PathBuf::from("/run/user/1000")),
            folder: PathBuf::from(FOLDER),
            mount_root: PathBuf::from(FOLDER),
            owner: (1000, 1000),
            has_config_above: false,
            lacks: Lacks::default(),
            paths: [("/home/dev/datasets", Entry::Folder), ("/home/dev/.ssh", Entry::Folder)]
                .map(|(path, entry)| {
                    let fact = PathFact { canonical: Some(path.into()), through_link: false, entry: Some(entry) };
                    (path.to_owned(), fact)
                })
                .into(),
            scripts: BTreeMap::new(),
            own: Vec::new(),
            entries: repository(),
        },
        image: None,
        engine: None,
    }
}

/// What a clone has where host tools look.
fn repository() -> BTreeMap<PathBuf, Entry> {
    let entries = [(".git", Entry::Folder), (".git/config", Entry::File), (".git/hooks", Entry::Folder)];
    entries.map(|(name, entry)| (Path::new(FOLDER).join(name), entry)).into()
}

/// An image like those that Dev Containers come with: an account of its own, uid 1000.
pub(crate) fn image(metadata: Option<String>) -> ImageFacts {
    ImageFacts {
        id: format!("sha256:{}", "a".repeat(64)),
        user: "vscode".into(),
        env: BTreeMap::from([("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into())]),
        entrypoint: vec!["/usr/local/bin/entry".into()],
        command: vec!["serve".into()],
        metadata,
        passwd: "root:x:0:0:root:/root:/bin/bash\nvscode:x:1000:1000::/home/vscode:/bin/bash\n".into(),
        group: "root:x:0:\nvscode:x:1000:\n".into(),
        profile: String::new(),
        homes: BTreeMap::from([("/home/vscode".into(), 1000), ("/root".into(), 0)]),
        volumes: BTreeSet::new(),
    }
}

/// What was planned, with the texts that it was planned from.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) plan: Plan,
    pub(crate) sources: Vec<Source>,
    pub(crate) requests: Vec<Request>,
}

/// Plans the files of a folder, by their relative paths.
pub(crate) fn plan(files: &BTreeMap<String, String>, policy: &Policy, facts: &Facts) -> Planned {
    let names = [".devcontainer/devcontainer.json", ".devcontainer.json"];
    let config = names.into_iter().find_map(|name| {
        files.get(name).map(|text| ConfigText {
            source: Source::new(name, text.as_str()),
            relative: name.to_owned(),
            absolute: format!("{FOLDER}/{name}"),
        })
    });
    let environment = [("TERM", "xterm"), ("AWS_SECRET_ACCESS_KEY", "hunter2"), ("CUSTOMER", "example")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let mut inputs = Inputs { config: config.as_ref(), dockerfile: None, policy, facts, environment: &environment };
    let dockerfile = dockerfile(&inputs, files);
    inputs.dockerfile = dockerfile.as_ref();
    let plan = assemble::plan(&inputs, assemble::read(&inputs));
    let requests = assemble::requests(&inputs, assemble::read(&inputs));
    let sources = config.iter().map(|config| config.source.clone()).chain(dockerfile.clone()).collect();
    Planned { plan, sources, requests }
}

fn dockerfile(inputs: &Inputs<'_>, files: &BTreeMap<String, String>) -> Option<Source> {
    let Some(Kind::Dockerfile(build)) = assemble::read(inputs).config.map(|config| config.kind) else { return None };
    let folder = Path::new(inputs.config?.relative.as_str()).parent()?;
    let path = folder.join(&build.dockerfile.value.value).display().to_string();
    files.get(&path).map(|text| Source::new(path.as_str(), text.as_str()))
}

/// Reads every file below a folder, by its relative path.
pub(crate) fn read_tree(root: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut pending = vec![root.to_path_buf()];
    while let Some(folder) = pending.pop() {
        for entry in std::fs::read_dir(&folder).expect("a golden folder can be listed") {
            let path = entry.expect("a golden folder can be listed").path();
            if path.is_dir() {
                pending.push(path);
            } else if let Ok(text) = std::fs::read_to_string(&path) {
                let relative = path.strip_prefix(root).expect("below the root").display().to_string();
                files.insert(relative, text);
            }
        }
    }
    files
}

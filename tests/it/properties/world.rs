//! The other inputs of hardening: machines, images that mean harm, and policies.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use cloister::facts::{Entry, Facts, HostFacts, ImageFacts, Lacks};
use cloister::policy::Policy;
use cloister::policy::model::LimitCaps;
use cloister::policy::rule::Rule;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

/// A machine with its image.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) facts: Facts,
    pub(super) environment: BTreeMap<String, String>,
}

impl World {
    /// Takes away what the image itself asks for.
    pub(super) fn without_metadata(&mut self) {
        if let Some(image) = &mut self.facts.image {
            image.metadata = None;
        }
    }
}

/// Any folder, owner and image.
pub(super) fn any() -> impl Strategy<Value = World> {
    let names = &["app", "guardian", "localhost", "cloister", "My Project (2)", "日本", "a,b", "-x", "a:b", "a\"b"][..];
    let owners = &[(1000, 1000), (1000, 0), (501, 20), (0, 0), (4_294_967_294, 1)][..];
    (select(names), select(&["", "sub", "sub/two"][..]), select(owners), option::of(image())).prop_map(
        |(name, below, owner, image)| {
            let mount_root = PathBuf::from(format!("/home/me/{name}"));
            let folder = if below.is_empty() { mount_root.clone() } else { mount_root.join(below) };
            let home = PathBuf::from("/home/me");
            let paths = BTreeMap::new();
            let entries = [("", Entry::Folder), ("/config", Entry::File), ("/hooks", Entry::Folder)];
            let below = |name: &str| mount_root.join(format!(".git{name}"));
            let entries = entries.map(|(name, entry)| (below(name), entry)).into();
            let host = HostFacts {
                uid: 1000,
                home,
                runtime_dir: None,
                folder,
                mount_root,
                owner,
                has_config_above: false,
                lacks: Lacks::default(),
                paths,
                scripts: BTreeMap::new(),
                own: Vec::new(),
                entries,
            };
            let environment =
                BTreeMap::from([("HOME".to_owned(), "/home/me".to_owned()), ("TERM".to_owned(), "xterm".to_owned())]);
            World { facts: Facts { host, image, engine: None }, environment }
        },
    )
}

/// Entry points and commands of images.
const COMMANDS: &[&[&str]] = &[&[], &["/entrypoint.sh"], &["--", "x"], &[""]];

fn image() -> impl Strategy<Value = ImageFacts> {
    let homes = &[
        "/home/node",
        "/",
        "/root",
        "/proc/1",
        "/run/cloister/bin",
        "/etc/",
        "//dev",
        "/a/../proc",
        "relative",
        "",
        "/a:b",
        "/tmp",
        "/workspaces/app",
    ][..];
    let users = &["", "node", "root", "1000", "1000:1000", "-x", "a b", "0:5"][..];
    let metadata = &[
        r#"[{"remoteUser":"node","containerEnv":{"A":"b"}}]"#,
        r#"{"privileged":true,"mounts":["source=/,target=/h,type=bind"],"capAdd":["SYS_ADMIN"]}"#,
        r#"[{"containerEnv":{"LD_PRELOAD":"/x.so","HTTP_PROXY":""},"postCreateCommand":"sudo x"}]"#,
        r#"[{"initializeCommand":"x","remoteUser":"--privileged"}]"#,
        "not json",
        "[1,null,\"x\"]",
    ][..];
    let names = &["node", "node", "..", "a/b", "a b", "-x", "${CLOISTER_HOME}"][..];
    (select(names), select(homes), select(users), option::of(select(metadata)), select(COMMANDS), select(COMMANDS))
        .prop_map(|(name, home, user, metadata, entrypoint, command)| ImageFacts {
            id: format!("sha256:{}", "0".repeat(64)),
            user: user.to_owned(),
            entrypoint: entrypoint.iter().map(|word| (*word).to_owned()).collect(),
            command: command.iter().map(|word| (*word).to_owned()).collect(),
            metadata: metadata.map(str::to_owned),
            passwd: format!("root:x:0:0:root:/root:/bin/sh\n{name}:x:1000:1000::{home}:/bin/sh\n:x\nbroken\n"),
            homes: BTreeMap::from([(home.to_owned(), 1000)]),
            ..ImageFacts::default()
        })
}

const RULES: &[&str] = &[
    "a.example.com",
    "b.example.com:8443",
    "*.example.org",
    "**.example.net",
    "192.0.2.1:443",
    "c.example.com:22/raw",
];

/// Any policy of a user.
pub(super) fn policy() -> impl Strategy<Value = Policy> {
    policies().prop_map(|(policy, _)| policy)
}

/// A policy, and one that is as tight or tighter in every respect.
pub(super) fn policies() -> impl Strategy<Value = (Policy, Policy)> {
    let rules = || subsequence(RULES, 0..=RULES.len());
    let names = subsequence(&["API_KEY", "TOKEN"][..], 0..=2);
    (rules(), rules(), rules(), rules(), names, (proptest::bool::ANY, proptest::bool::ANY), (1..=8_u32, 1..=8_u32))
        .prop_map(|(allow, kept, deny, denied_too, pass, (root, clone), (scale, less))| {
            let parse = |text: &&str| Rule::parse(text).expect("the rules above are rules");
            let mut wide = Policy::builtin();
            wide.egress.allow.extend(allow.iter().map(parse));
            wide.egress.deny.extend(deny.iter().map(parse));
            wide.env.pass = pass.iter().map(|name| (*name).to_owned()).collect();
            wide.allow_root_workspace = root;
            wide.works_on_clone = clone;
            wide.limits = limits(scale);
            let mut tight = wide.clone();
            let kept: BTreeSet<Rule> = kept.iter().map(parse).collect();
            tight.egress.allow.retain(|rule| kept.contains(rule));
            tight.egress.presets.clear();
            tight.egress.deny.extend(denied_too.iter().map(parse));
            tight.env.pass.pop_first();
            tight.limits = limits(scale.min(less));
            (wide, tight)
        })
}

fn limits(scale: u32) -> LimitCaps {
    let whole = u64::from(scale);
    LimitCaps {
        pids: 512 * whole,
        memory: whole << 30,
        cpus: 0.5 * f64::from(scale),
        nofile: 2048 * whole,
        shm: whole << 27,
        free_space: whole << 30,
    }
}

//! What is to be said of the machine and of cloister's own part of it.

use std::net::IpAddr;

use super::version::Version;
use super::{Check, Engine, Folder, FolderState, Seal, Status, Trouble};
use crate::space::{Short, Space, size};
use crate::ui::text::visible;

/// First engines that do not carry questions of an internal network to the machine's own loopback (CVE-2024-29018).
const REPAIRED: [Version; 3] = [Version::new(23, 0, 11), Version::new(25, 0, 5), Version::new(26, 0, 0).candidate(3)];

/// The resolver of the machine: on its loopback it is reached through engines with CVE-2024-29018.
pub(super) fn resolver(resolvers: &[IpAddr], engine: &Engine) -> Check {
    let id = "resolver";
    let references: &[&str] = &["CVE-2024-29018"];
    let listed = resolvers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let seen = if resolvers.is_empty() { "none".to_owned() } else { listed };
    if !resolvers.iter().any(IpAddr::is_loopback) {
        return Check::new(id, Status::Ok, seen, "sandboxes resolve no names; the guardian does, for what is allowed")
            .cites(references);
    }
    let version = match engine {
        Engine::Answers(answers) => Version::parse(&answers.version),
        Engine::Away(_) => None,
    };
    if version.is_some_and(|version| !is_repaired(version)) {
        let consequence = "this engine hands questions of internal networks to a resolver on the machine's loopback; \
                           sandboxes have none that it could hand on, which each start measures";
        return Check::new(id, Status::Note, seen, consequence)
            .hint("update the engine for the containers that are not cloister's")
            .cites(references);
    }
    let consequence = "on the machine's loopback, where sandboxes have no way to; each start measures it";
    Check::new(id, Status::Ok, seen, consequence).cites(references)
}

fn is_repaired(engine: Version) -> bool {
    let [old, middle, new] = REPAIRED;
    match () {
        () if engine.is_of(23, 0) => engine >= old,
        () if engine.is_of(25, 0) => engine >= middle,
        () => engine >= new,
    }
}

/// The effect of the bridge's options, measured.
pub(super) fn seal(seal: &Seal) -> Check {
    let id = "seal";
    let references: &[&str] = &["CIS 2.2", "CIS 5.30"];
    let check = match seal {
        Seal::Closed { attempts } => Check::new(
            id,
            Status::Ok,
            format!("{attempts} attempts from inside, none got out"),
            "a network like those of sandboxes reaches neither this machine nor the world",
        ),
        Seal::Open { leaks } => Check::new(
            id,
            Status::Failure,
            leaks.iter().map(|leak| visible(leak)).collect::<Vec<_>>().join("; "),
            "the engine does not isolate as it should: no sandbox starts",
        )
        .hint("compare the engine's version and the machine's firewall rules with docs/threat-model.md"),
        Seal::Failed(trouble) => {
            Check::failed(id, trouble, "what cannot be measured is not trusted: no sandbox starts")
        }
        Seal::Untried => Check::new(id, Status::Note, "not tried", "something before it is missing"),
    };
    check.cites(references)
}

/// Room where sandboxes write.
pub(super) fn space(space: &Space, wanted: u64) -> Check {
    let id = "space";
    let seen = format!("{} free for {} ({})", size(space.free), space.what.as_str(), visible(&space.path));
    let floor = size(space.floor(wanted));
    if space.is_short(wanted) {
        let hint = Short { space: space.clone(), wanted }.hint();
        let few = format!("only {} more files fit, and {} must", space.files_free, space.files_floor());
        let little = format!("less than the {floor} that must stay free");
        let consequence = if space.free < space.floor(wanted) { little } else { few } + ": no sandbox starts";
        return Check::new(id, Status::Failure, seen, consequence).hint(hint);
    }
    if wanted == 0 {
        return Check::new(id, Status::Note, seen, "a sandbox may fill all of it, and nothing watches that")
            .hint("leave `limits.freeSpace` out of config.json5");
    }
    let consequence = format!(
        "a sandbox may fill all of it; below {floor} none is started, and commands are ended with their sandbox"
    );
    Check::new(id, Status::Ok, seen, consequence)
}

/// One of cloister's own folders.
pub(super) fn folder(folder: &Folder) -> Check {
    let (id, path) = ("folder", visible(&folder.path));
    match &folder.state {
        FolderState::Private => Check::new(id, Status::Ok, path, "nobody else can enter it"),
        FolderState::Absent => Check::new(id, Status::Ok, format!("{path}: not there"), "made when it is needed"),
        FolderState::Unusable(trouble) => {
            Check::failed(id, trouble, "who can write it could change what cloister runs: nothing starts")
        }
    }
}

/// cloister's own programs.
pub(super) fn programs(trouble: Option<&Trouble>) -> Check {
    match trouble {
        Some(trouble) => Check::failed("programs", trouble, "a sandbox has no process 1 without them: nothing starts"),
        None => Check::new("programs", Status::Ok, "all there, and static", "they run in every image"),
    }
}

/// The user's own configuration.
pub(super) fn configuration(trouble: Option<&Trouble>) -> Check {
    match trouble {
        Some(trouble) => {
            Check::failed("configuration", trouble, "a policy that was read in part could be wider: nothing starts")
        }
        None => Check::new("configuration", Status::Ok, "read", "what it allows is in every plan"),
    }
}

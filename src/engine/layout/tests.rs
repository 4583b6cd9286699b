use super::*;
use crate::engine::fixture;
use crate::plan::model::Mount;

fn image(volumes: &[&str]) -> ImageFacts {
    ImageFacts { volumes: volumes.iter().map(|volume| (*volume).to_owned()).collect(), ..ImageFacts::default() }
}

fn workspace() -> Workspace {
    let (source, folder) = (Some("/home/a/web".to_owned()), "/workspaces/web/app".to_owned());
    Workspace { source, target: "/workspaces/web".to_owned(), folder, clone: None }
}

#[test]
fn volumes_of_an_image_stay_out_of_what_is_not_theirs() {
    let container = fixture::container();
    let cases: [(&str, Option<&str>); 22] = [
        ("/var/lib/mysql", None),
        ("/var/lib/mysql/", None),
        ("/run", None),
        ("/workspaces", None),
        ("/runner/cloister", None),
        // The plan mounts something there, and the engine leaves the volume out.
        ("/workspaces/web", None),
        ("/workspaces/./web//", None),
        ("/home/agent", None),
        ("/workspaces/web/node_modules", Some("/workspaces/web")),
        ("/home/agent/.cache", Some("/home/agent")),
        ("/x/../home/agent/.cache", Some("/home/agent")),
        ("/cache/deep", Some("/cache")),
        ("/scratch/deep", Some("/scratch")),
        ("/run/cloister", Some("/run/cloister")),
        ("/run/cloister/bin", Some("/run/cloister")),
        ("/run//cloister/other", Some("/run/cloister")),
        ("/etc/passwd", Some("/etc/passwd")),
        ("/etc/resolv.conf", Some("/etc/resolv.conf")),
        ("/proc", Some("/proc")),
        ("/dev/shm", Some("/dev")),
        ("relative", Some("")),
        ("/", Some("")),
    ];
    for (volume, expected) in cases {
        let place = match volumes(&image(&[volume]), &container) {
            Ok(_) => None,
            Err(LayoutError::Volume { place, .. }) => Some(place),
            Err(_) => Some(String::new()),
        };
        assert_eq!(place.as_deref(), expected, "{volume}");
    }
    assert_eq!(volumes(&image(&["/a//b/", "/home/agent"]), &container), Ok(BTreeSet::from(["/a/b".to_owned()])));
}

#[test]
fn every_path_on_the_way_is_looked_at() {
    let volumes = BTreeSet::from(["/a/b/c".to_owned()]);
    let needed = needed(&fixture::container(), &workspace(), &volumes).unwrap();
    let folders = ["/a", "/a/b", "/a/b/c", "/run", "/run/cloister", "/run/cloister/bin", "/workspaces/web/app", "/etc"];
    for path in folders.into_iter().chain(["/home", "/home/agent", "/cache", "/scratch", "/proc", "/dev"]) {
        assert_eq!(needed.get(path), Some(&Kind::Folder), "{path}");
    }
    for path in ["/etc/passwd", "/etc/group", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf"] {
        assert_eq!(needed.get(path), Some(&Kind::File), "{path}");
    }
}

#[test]
fn only_nothing_or_the_right_thing_is_fine() {
    let needed = BTreeMap::from([("/a".to_owned(), Kind::Folder), ("/b".to_owned(), Kind::File)]);
    let fine = [(Kind::Folder, Kind::File), (Kind::Absent, Kind::Absent), (Kind::Folder, Kind::Absent)];
    let kinds = [Kind::Absent, Kind::Folder, Kind::File, Kind::Link, Kind::Other];
    for a in kinds {
        for b in kinds {
            let found = BTreeMap::from([("/a".to_owned(), a), ("/b".to_owned(), b)]);
            let expected = fine.contains(&(a, b)) || (a, b) == (Kind::Absent, Kind::File);
            assert_eq!(check(&needed, &found).is_ok(), expected, "{a:?} {b:?}");
        }
    }
    assert!(check(&needed, &BTreeMap::new()).is_err(), "what nobody looked at");
}

#[test]
fn nothing_is_mounted_in_a_volume_that_an_agent_could_fill_with_links() {
    let mut container = fixture::container();
    let inner = Mount { target: "/cache/a/b".to_owned(), ..container.mounts[2].clone() };
    container.mounts.push(inner);
    let (target, volume) = ("/cache/a/b".to_owned(), "/cache".to_owned());
    assert_eq!(needed(&container, &workspace(), &BTreeSet::new()), Err(LayoutError::Nested { target, volume }));
}

use std::path::Path;

use super::*;
use crate::engine::fixture::container;

fn values() -> Values<'static> {
    Values {
        guardian: Ipv4Addr::new(10, 222, 0, 2),
        token: "secret",
        programs: Path::new("/data/programs/0"),
        files: Path::new("/state/files"),
        home: Path::new("/data/homes/0"),
        probe: r#"{"probe":true}"#,
    }
}

fn place() -> Place<'static> {
    Place {
        image: "sha256:0",
        values: values(),
        network: "cloister-0123456789ab",
        dns: &[],
        address: Ipv4Addr::new(10, 222, 0, 3),
        folder: "/workspaces/web",
        digest: "sha256:1",
        instance: "89abcdef",
        processors: 2,
        ipv6: true,
    }
}

#[test]
fn the_engine_is_told_exactly_the_plan() {
    let body = body(&container(), &place()).unwrap();
    let host = body.host_config.unwrap();
    assert_eq!(body.image.as_deref(), Some("sha256:0"), "the image that was looked at, not what its name means now");
    assert_eq!(body.cmd.unwrap(), ["init", r#"{"probe":true}"#]);
    assert!(body.env.unwrap().contains(&"HTTP_PROXY=http://cloister:secret@10.222.0.2:3128".to_owned()));
    let labels = body.labels.unwrap();
    assert_eq!([&labels["cloister.digest"], &labels["cloister.instance"]], ["sha256:1", "89abcdef"]);
    assert_eq!(body.healthcheck.unwrap().test.unwrap(), ["NONE"]);
    assert_eq!(host.binds, None);
    assert_eq!(host.tmpfs.unwrap()["/scratch"], "rw,exec,nosuid,nodev,mode=1777,uid=1000,gid=1000,size=1048576");
    assert_eq!((host.memory, host.memory_swap), (Some(1 << 30), Some(1 << 30)));
    assert_eq!(host.nano_cpus, Some(2_000_000_000), "no more than there are");
    assert!(host.security_opt.unwrap()[1].starts_with("seccomp={"));
    let names: Vec<_> = host.ulimits.unwrap().into_iter().filter_map(|limit| limit.name).collect();
    assert_eq!(names, ["core", "nofile", "nproc"]);
}

#[test]
fn mounts_never_create_their_source_and_never_travel() {
    let mounts = body(&container(), &place()).unwrap().host_config.unwrap().mounts.unwrap();
    let sources: Vec<_> = mounts.iter().map(|mount| mount.source.clone().unwrap_or_default()).collect();
    let expected = ["/data/homes/0", "/home/a/web", "cloister-0123456789ab-cache", "/data/programs/0", "/state/files"];
    assert_eq!(sources, expected);
    for options in mounts.iter().filter_map(|mount| mount.bind_options.as_ref()) {
        assert_eq!(options.propagation, Some(MountBindOptionsPropagationEnum::RPRIVATE));
        assert_eq!(options.create_mountpoint, None);
    }
}

#[test]
fn what_no_sandbox_gets_is_refused_here_as_well() {
    type Change = fn(&mut Container);
    let changes: [(&str, Change); 13] = [
        ("privileged", |container| container.privileged = true),
        ("init", |container| container.init = true),
        ("cap add", |container| container.cap_add.push("NET_RAW".to_owned())),
        ("cap add", |container| container.cap_add = SETUP_CAPABILITIES.map(str::to_owned).into()),
        ("cap drop", |container| container.cap_drop.clear()),
        ("ports", |container| container.ports.push("80:80".to_owned())),
        ("devices", |container| container.devices.push("/dev/kvm".to_owned())),
        ("log driver", |container| container.log_driver = "syslog".to_owned()),
        ("restart", |container| container.restart = "always".to_owned()),
        ("pid", |container| container.namespaces.pid = "host".to_owned()),
        ("user", |container| container.namespaces.user = "host".to_owned()),
        ("placeholder", |container| container.mounts[0].source = "${CLOISTER_HOME}/../..".to_owned()),
        ("memory", |container| container.limits.memory_bytes = u64::MAX),
    ];
    for (name, change) in changes {
        let mut container = container();
        change(&mut container);
        assert!(body(&container, &place()).is_err(), "{name}");
    }
    for cpus in [f64::NAN, 0.0, -1.0] {
        let mut container = container();
        container.limits.cpus = cpus;
        let asked = body(&container, &place()).map(|body| body.host_config.unwrap().nano_cpus);
        assert!(matches!(asked, Err(_) | Ok(Some(2_000_000_000))), "{cpus}: {asked:?}");
    }
}

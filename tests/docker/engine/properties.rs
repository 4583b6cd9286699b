use super::{User, guardian, inspect, text};

const CONFIG: &str = r#"{ "image": "debian:bookworm" }"#;

#[test]
fn a_sandbox_network_is_sealed_and_small() {
    let user = User::with(CONFIG);
    let listed = user.start();
    let network = inspect("network", text(&listed["network"])).unwrap();
    assert_eq!(network["Internal"], true);
    assert_eq!(network["EnableIPv6"], false);
    assert_eq!(network["Options"]["com.docker.network.bridge.inhibit_ipv4"], "true");
    assert!(text(&network["IPAM"]["Config"][0]["Subnet"]).ends_with("/28"), "{network}");
    assert_eq!(network["Labels"]["cloister.sandbox"], listed["id"]);
    assert_eq!(network["Labels"]["cloister.digest"], listed["planDigest"]);
    let members = network["Containers"].as_object().unwrap();
    let mut names: Vec<_> = members.values().map(|member| text(&member["Name"]).to_owned()).collect();
    names.sort();
    let mut expected = [text(&listed["container"]).to_owned(), guardian(&user)];
    expected.sort();
    assert_eq!(names, expected, "the guardian is the only peer");
}

#[test]
fn a_sandbox_container_is_what_the_plan_says() {
    let user = User::with(CONFIG);
    let listed = user.start();
    let container = inspect("container", text(&listed["container"])).unwrap();
    let host = &container["HostConfig"];
    assert_eq!(host["CapDrop"], serde_json::json!(["ALL"]));
    assert_eq!((&host["Privileged"], &host["Init"]), (&false.into(), &false.into()));
    assert_eq!(host["IpcMode"], "private");
    assert_eq!(host["LogConfig"]["Type"], "json-file");
    assert_eq!(host["RestartPolicy"]["Name"], "no");
    assert_eq!(host["Dns"], serde_json::json!(["127.0.0.1"]));
    assert_eq!(host["Memory"], host["MemorySwap"]);
    assert_eq!(container["Config"]["Labels"]["cloister.digest"], listed["planDigest"]);
    assert_eq!(container["Path"], "/run/cloister/bin/cloister-init");
    for mount in container["Mounts"].as_array().unwrap() {
        assert_eq!(mount["Propagation"], "rprivate", "{mount}");
    }
    let status = user.shell("grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status").expect(0);
    let facts: Vec<&str> = status.split_whitespace().collect();
    assert_eq!(
        facts,
        ["CapEff:", "0000000000000000", "CapBnd:", "0000000000000000", "NoNewPrivs:", "1", "Seccomp:", "2"]
    );
    assert_eq!(user.shell("ulimit -c; cat /proc/sys/net/ipv6/conf/all/disable_ipv6").expect(0), "0\n1\n");
}

#[test]
fn the_guardian_is_jailed() {
    let user = User::with(CONFIG);
    user.run(&["guardian", "start"]).expect(0);
    let container = inspect("container", &guardian(&user)).unwrap();
    let host = &container["HostConfig"];
    assert_eq!(container["Config"]["User"], "65534:65534");
    assert_eq!((&container["Config"]["Tty"], &container["Config"]["StdinOnce"]), (&false.into(), &false.into()));
    assert_eq!(host["CapDrop"], serde_json::json!(["ALL"]));
    assert_eq!((&host["ReadonlyRootfs"], &host["Privileged"]), (&true.into(), &false.into()));
    assert_eq!(host["Sysctls"]["net.ipv4.ip_forward"], "0");
    assert_eq!(host["LogConfig"]["Type"], "none");
    assert_eq!((&host["Memory"], &host["PidsLimit"]), (&(256 << 20).into(), &64.into()));
    assert_eq!(container["Mounts"], serde_json::json!([]));
    let status: serde_json::Value =
        serde_json::from_str(&user.run(&["guardian", "status", "--format", "json"]).expect(0)).unwrap();
    assert_eq!(status["running"], true);
}

#[test]
fn the_workspace_belongs_to_its_owner_and_home_is_kept() {
    let user = User::with(CONFIG);
    user.start();
    user.shell("touch made-inside && echo kept > ~/note").expect(0);
    let made = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(user.project.join("made-inside")).unwrap());
    let owner = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(&user.project).unwrap());
    assert_eq!(made, owner);
    user.run(&["stop"]).expect(0);
    user.start();
    assert_eq!(user.shell("cat ~/note; id -un; id -G").expect(0), format!("kept\nagent\n{owner}\n"));
}

#[test]
fn an_account_that_the_image_lacks_is_made_and_said() {
    let user = User::with("{ \"image\": \"debian:bookworm\",\n  \"remoteUser\": \"ghost\" }");
    let started = user.run(&["start", "--", "sh", "-c", "id -un; echo $HOME"]);
    assert_eq!(started.expect(0), "ghost\n/home/ghost\n");
    let said = "no account `ghost`, which remoteUser in .devcontainer/devcontainer.json:2 names";
    assert!(started.stderr().contains(said), "{}", started.stderr());
}

#[test]
fn a_start_below_a_repository_says_whose_configuration_does_not_count() {
    let user = User::with(CONFIG);
    for name in [".git/objects", ".git/refs", "below"] {
        std::fs::create_dir_all(user.project.join(name)).unwrap();
    }
    std::fs::write(user.project.join(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
    let owned = std::process::Command::new("chown").args(["-R", "1000:1000"]).arg(&user.project).status().unwrap();
    assert!(owned.success());
    let started = user.run(&["start", "below", "--detach"]);
    started.expect(0);
    let said = format!("is not used here; with it: cloister start {}\n", user.project.display());
    assert!(started.stderr().contains(&said), "{}", started.stderr());
    let above = user.run(&["start", "--detach", "--rebuild"]);
    assert!(!above.stderr().contains("is not used here"), "{}", above.stderr());
}

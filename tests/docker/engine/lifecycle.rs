use std::process::Command;

use super::User;

#[test]
fn commands_run_once_in_order_and_attach_every_time() {
    let user = User::with(
        r#"{
            "image": "debian:bookworm",
            "initializeCommand": "touch on-the-host",
            "onCreateCommand": "echo onCreate >> log",
            "updateContentCommand": ["sh", "-c", "echo updateContent >> log"],
            "postCreateCommand": { "a": "echo a:out; echo object >> log", "b": "sleep 0.2; echo object >> log" },
            "postStartCommand": "echo postStart >> log",
            "postAttachCommand": "echo postAttach >> log"
        }"#,
    );
    let started = user.run(&["start", "--detach"]);
    started.expect(0);
    assert!(started.stderr().contains("[a] a:out\n"), "{}", started.stderr());
    assert!(
        started.stderr().contains("cloister: project: 1 needs approval; see: cloister plan\n"),
        "{}",
        started.stderr()
    );
    let joined = user.run(&["start", "--", "true"]);
    joined.expect(0);
    assert!(!joined.stderr().contains("approval"), "{}", joined.stderr());
    let log = std::fs::read_to_string(user.project.join("log")).unwrap();
    let expected = ["onCreate", "updateContent", "object", "object", "postStart", "postAttach", "postAttach"];
    assert_eq!(log.lines().collect::<Vec<_>>(), expected);
    assert!(!super::exists(&user.project.join("on-the-host")));
    assert!(!user.shell("test -e on-the-host").0.status.success());
}

#[test]
fn a_command_that_fails_holds_the_later_ones_back_until_it_works() {
    let user = User::with(
        r#"{ "image": "debian:bookworm", "privileged": true, "onCreateCommand": "echo first >> log", "postCreateCommand": "test -e allowed", "postStartCommand": "echo last >> log" }"#,
    );
    let log = || std::fs::read_to_string(user.project.join("log")).unwrap();
    let failed = user.run(&["start", "--", "true"]);
    failed.expect(1);
    assert!(failed.stderr().contains("postCreateCommand ended with exit code 1"), "{}", failed.stderr());
    assert!(failed.stderr().contains("project: 1 setting was not taken over"), "{}", failed.stderr());
    assert_eq!(log(), "first\n");
    user.shell("touch allowed").expect(0);
    user.run(&["start", "--", "true"]).expect(0);
    assert_eq!(log(), "first\nlast\n");
}

#[test]
fn another_plan_needs_a_word() {
    let user = User::with(r#"{ "image": "debian:bookworm" }"#);
    let before = user.start();
    user.configure(r#"{ "image": "debian:bookworm", "containerEnv": { "A": "1" } }"#);
    let refused = user.run(&["start", "--", "true"]);
    refused.expect(1);
    assert!(refused.stderr().contains("--rebuild"), "{}", refused.stderr());
    assert!(refused.stderr().contains("env, A: 1") && !refused.stderr().contains("\\n"), "{}", refused.stderr());
    assert_eq!(user.run(&["start", "--rebuild", "--", "printenv", "A"]).expect(0), "1\n");
    assert_ne!(user.listed()[0]["planDigest"], before["planDigest"]);
}

#[test]
fn a_changed_policy_is_in_force_at_once() {
    let user = User::with(r#"{ "image": "debian:bookworm" }"#);
    let before = user.start();
    let folder = user.root.path().join("CONFIG/cloister");
    std::fs::create_dir_all(&folder).unwrap();
    let ask = "curl -s -o /dev/null -w '%{http_code}' http://www.example.org/";
    assert_eq!(user.shell(ask).expect(0), "403");
    std::fs::write(folder.join("config.json5"), r#"{ allow: ["www.example.org"] }"#).unwrap();
    let reloaded = user.run(&["guardian", "reload"]);
    reloaded.expect(0);
    assert!(reloaded.stderr().contains("project"), "{}", reloaded.stderr());
    assert_ne!(user.shell(ask).expect(0), "403");
    std::fs::write(folder.join("config.json5"), "{}").unwrap();
    assert_eq!(user.shell(ask).expect(0), "403", "exec hands the policy over as well");
    user.run(&["start", "--", "true"]).expect(0);
    assert_eq!(user.listed()[0]["container"], before["container"], "a policy needs no new container");
    std::fs::write(folder.join("config.json5"), "{ allow: [").unwrap();
    user.run(&["exec", "--", "true"]).expect(3);
    user.run(&["guardian", "reload"]).expect(3);
    std::fs::write(folder.join("config.json5"), "{}").unwrap();
}

#[test]
fn a_broken_receipt_does_not_keep_the_others_from_stopping() {
    let user = User::with(r#"{ "image": "debian:bookworm" }"#);
    user.start();
    let broken = user.state().join("sandboxes/000000000000");
    std::fs::create_dir(&broken).unwrap();
    std::fs::write(broken.join("receipt.json"), "{").unwrap();
    std::fs::write(user.state().join("sandboxes/stray"), "").unwrap();
    assert_eq!(user.listed().len(), 1);
    user.run(&["exec", "--", "true"]).expect(0);
    let stopped = user.run(&["shutdown"]);
    stopped.expect(0);
    assert!(stopped.stderr().contains("000000000000"), "{}", stopped.stderr());
    assert!(user.listed().is_empty());
}

#[test]
fn volumes_belong_to_the_agent_and_leave_nothing_of_root_behind() {
    let user = User::with(
        r#"{
            "image": "debian:bookworm",
            "mounts": [
                "source=modules,target=${containerWorkspaceFolder}/node_modules,type=volume",
                "source=cache,target=/var/cache/mine,type=volume",
                "type=tmpfs,target=/scratch",
                "type=tmpfs,target=/srv"
            ],
            "postCreateCommand": "touch node_modules/x /var/cache/mine/x /scratch/x /srv/x"
        }"#,
    );
    user.start();
    use std::os::unix::fs::MetadataExt;
    let made = std::fs::metadata(user.project.join("node_modules")).unwrap();
    assert_eq!(made.uid(), std::fs::metadata(&user.project).unwrap().uid());
    assert!(!super::exists(&user.project.join("node_modules/x")), "the volume is not the folder");
    let id = user.listed()[0]["id"].as_str().unwrap().to_owned();
    let format = "{{index .Labels \"cloister.sandbox\"}}";
    let volume = format!("cloister-{id}-cache");
    let labels = Command::new("docker").args(["volume", "inspect", "--format", format, &volume]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&labels.stdout).trim(), id, "a volume says whose it is");
    user.run(&["stop"]).expect(0);
    assert_eq!(user.run(&["start", "--", "ls", "/var/cache/mine"]).expect(0), "x\n", "volumes are kept");
}

#[test]
fn a_home_folder_that_was_closed_is_open_at_the_next_start() {
    let user = User::with(r#"{ "image": "debian:bookworm" }"#);
    user.start();
    user.shell("echo kept > ~/note; chmod 000 ~").expect(0);
    user.run(&["stop"]).expect(0);
    assert_eq!(user.run(&["start", "--", "sh", "-c", "cat ~/note; stat -c %a ~"]).expect(0), "kept\n700\n");
}

#[test]
fn of_two_starts_at_once_one_makes_and_one_attaches() {
    let user = User::with(r#"{ "image": "debian:bookworm", "onCreateCommand": "echo made >> log; sleep 0.3" }"#);
    let mut first = user.command(&["start", "--", "true"]).spawn().unwrap();
    let mut second = user.command(&["start", "--", "true"]).spawn().unwrap();
    assert!(first.wait().unwrap().success() && second.wait().unwrap().success());
    assert_eq!(std::fs::read_to_string(user.project.join("log")).unwrap(), "made\n");
}

#[test]
fn a_guardian_that_was_replaced_knows_every_sandbox_again() {
    let user = User::with(r#"{ "image": "debian:bookworm" }"#);
    user.start();
    let ask = "guardian=${HTTP_PROXY##*@}; guardian=${guardian%:*}; exec 3<>/dev/tcp/$guardian/3128; \
               printf 'GET http://example.org/ HTTP/1.1\\r\\nHost: example.org\\r\\n\\r\\n' >&3; head -c 8 <&3";
    let answers = || user.run(&["exec", "--", "timeout", "5", "bash", "-c", ask]).expect(0);
    assert_eq!(answers(), "HTTP/1.1");
    user.run(&["guardian", "reload"]).expect(0);
    assert_eq!(answers(), "HTTP/1.1");
    user.run(&["guardian", "stop"]).expect(0);
    let container = user.listed()[0]["container"].as_str().unwrap().to_owned();
    let closed = Command::new("docker").args(["exec", &container, "timeout", "2", "bash", "-c", ask]).output().unwrap();
    assert_ne!(closed.status.code(), Some(0), "without a guardian nothing answers");
    user.run(&["start", "--", "true"]).expect(0);
    assert_eq!(answers(), "HTTP/1.1");
}

#[test]
fn a_guardian_that_is_paused_is_replaced() {
    let user = User::with(r#"{ "image": "debian:bookworm" }"#);
    let idle = user.run(&["guardian", "stop"]);
    idle.expect(0);
    assert_eq!(idle.stderr(), "the guardian is not running\n");
    let started = user.start();
    let ask = "curl -s -o /dev/null -w '%{http_code}' --max-time 2 http://www.example.org/";
    let pause = || {
        let paused = Command::new("docker").args(["pause", &super::guardian(&user)]).output().unwrap();
        assert!(paused.status.success(), "{}", String::from_utf8_lossy(&paused.stderr));
    };
    pause();
    let container = started["container"].as_str().unwrap();
    let closed = Command::new("docker").args(["exec", container, "sh", "-c", ask]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&closed.stdout), "000", "nothing leaves meanwhile");
    assert!(user.run(&["guardian", "status"]).expect(0).starts_with("the guardian is paused"));
    assert_eq!(user.shell(ask).expect(0), "403", "exec makes it anew, and it knows the sandbox");
    assert_eq!(user.listed()[0]["container"].as_str(), Some(container), "the sandbox is the same");
    pause();
    user.run(&["stop"]).expect(0);
    assert!(super::inspect("container", &super::guardian(&user)).is_none(), "it would have remembered the sandbox");
    user.start();
    pause();
    let stopped = user.run(&["guardian", "stop"]);
    stopped.expect(0);
    assert_eq!(stopped.stderr(), "the guardian stopped\n");
}

#[test]
fn what_stopped_sandboxes_left_can_be_removed_for_good() {
    let user =
        User::with(r#"{ "image": "debian:bookworm", "mounts": ["source=cache,target=/var/cache/mine,type=volume"] }"#);
    let docker = |words: &[&str]| Command::new("docker").args(words).output().unwrap().status.success();
    let id = user.start()["id"].as_str().unwrap().to_owned();
    let image = format!("cloister-guardian:{:016x}-{}", std::process::id(), rustix::process::geteuid().as_raw());
    assert!(docker(&["tag", "debian:bookworm", &image]));
    user.shell("mkdir -p ~/closed/in && chmod 500 ~/closed && echo kept > ~/note && echo kept > mine").expect(0);
    let volume = format!("cloister-{id}-cache");
    let places = [user.state().join("sandboxes").join(&id), user.root.path().join("DATA/cloister/homes").join(&id)];
    let is_whole = || places.iter().all(|place| super::exists(place)) && docker(&["volume", "inspect", &volume]);

    let runs = user.run(&["gc", "project", "--yes"]);
    runs.expect(1);
    assert!(runs.stderr().contains("hint: stop it first: `cloister stop project`"), "{}", runs.stderr());
    let lock_only = user.state().join("sandboxes/0123456789ab");
    std::fs::create_dir(&lock_only).unwrap();
    std::fs::write(lock_only.join("lock"), "").unwrap();
    let older = user.run(&["gc", "--yes"]);
    older.expect(0);
    assert!(older.stderr().ends_with(&format!("image {image} removed\n")), "{}", older.stderr());
    assert!(!super::exists(&lock_only), "a lock alone is nothing to keep");
    assert!(is_whole(), "what runs is not touched");
    assert!(!docker(&["image", "inspect", &image]), "the image of an older guardian");
    user.shell("cat ~/note").expect(0);

    user.run(&["stop"]).expect(0);
    let asked = user.run(&["gc"]);
    asked.expect(1);
    assert!(asked.stderr().contains("project: home folder and state, 1 volume;"), "{}", asked.stderr());
    assert!(asked.stderr().contains("hint: `cloister gc --yes`") && is_whole(), "{}", asked.stderr());
    let removed = user.run(&["gc", "project", "--yes"]);
    removed.expect(0);
    assert!(removed.stderr().contains("`project` removed"), "{}", removed.stderr());
    assert!(places.iter().all(|place| !super::exists(place)) && !docker(&["volume", "inspect", &volume]));
    assert_eq!(user.run(&["list", "--all", "--format", "json"]).expect(0).trim(), "[]");
    assert_eq!(std::fs::read_to_string(user.project.join("mine")).unwrap(), "kept\n", "the workspace stays");
    assert_eq!(user.run(&["start", "--", "sh", "-c", "ls ~ /var/cache/mine"]).0.status.code(), Some(0));
    user.run(&["stop"]).expect(0);
    user.run(&["gc", "project", "--yes"]).expect(0);
}

/// One agent built folders in each other whose paths are longer than any that the kernel takes; another sandbox cannot be
/// locked.
#[test]
fn what_cannot_be_removed_is_said_and_keeps_nothing_else() {
    let user = User::with(r#"{ "image": "debian:bookworm" }"#);
    let inner = user.project.join("inner");
    let id = user.start()["id"].as_str().unwrap().to_owned();
    let dig = r"perl -e 'for (1 .. 5000) { mkdir q(d) x 200 or die; chdir q(d) x 200 or die }'";
    user.shell(&format!("cd ~ && {dig}")).expect(0);
    user.shell("mkdir -p inner/.devcontainer && cp .devcontainer/*.json inner/.devcontainer").expect(0);
    user.run(&["stop"]).expect(0);
    user.run(&["start", "inner", "-d"]).expect(0);
    user.run(&["stop", "inner"]).expect(0);
    let sandboxes = user.state().join("sandboxes");
    let mut ids = std::fs::read_dir(&sandboxes).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let other = ids.find(|one| *one != id).unwrap();
    let lock = sandboxes.join(&other).join("lock");
    std::fs::remove_file(&lock).unwrap();
    std::fs::create_dir(&lock).unwrap();
    let ran = user.run(&["gc", "--yes"]);
    ran.expect(1);
    assert!(ran.stderr().contains("`project` removed") && ran.stderr().contains("could not lock"), "{}", ran.stderr());
    assert!(!super::exists(&user.root.path().join("DATA/cloister/homes").join(&id)) && super::exists(&inner));
    std::fs::remove_dir(&lock).unwrap();
}

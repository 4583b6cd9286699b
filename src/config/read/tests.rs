use super::*;

fn reading(text: &str) -> Reading {
    let variables = Variables {
        local_workspace_folder: "/home/me/shop".into(),
        container_workspace_folder: "/workspaces/shop".into(),
        ..Variables::default()
    };
    read(&Source::new("devcontainer.json", text), &variables)
}

fn told(one: &Diagnostic) -> String {
    let help = one.help.as_deref().unwrap_or_default();
    format!("{}:{} {} [{help}]", one.location.line, one.location.column, one.message)
}

#[test]
fn mistakes_are_told_at_their_line_with_what_to_do() {
    let cases = [
        ("{\n  \"privileged\": \"true\"\n}", "2:17 `privileged` takes true or false, not a string [remove the quotes]"),
        (
            "{\n  \"runArgs\": \"--init\" }",
            "2:14 `runArgs` takes a list of strings, not a string [put it into brackets: `[ … ]`]",
        ),
        (
            "{\"containerEnv\": {\"A\": 1}}",
            "1:24 `containerEnv.A` takes a string, not a number [put it into double quotes]",
        ),
        ("{\"mounts\": [\n{\"type\": \"bind\"}]}", "2:1 `mounts[0]` has no `target` [add `\"target\": …`]"),
        (
            "{\"image\": null}",
            "1:11 `image` takes a string, not null [the devcontainer CLI does not check types; cloister does not guess]",
        ),
        (
            "{\"name\": \"${localEnv}\"}",
            "1:10 a variable of the environment has no name [write `${localEnv:NAME}` or `${containerEnv:NAME}`]",
        ),
        (
            "{\"image\": }",
            "1:11 this is not JSON [the devcontainer CLI ignores this and silently uses what it could read; cloister never uses half a file]",
        ),
    ];
    for (text, expected) in cases {
        let reading = reading(text);
        assert_eq!(reading.diagnostics.iter().map(told).collect::<Vec<_>>(), [expected], "{text}");
        assert_eq!(reading.config, None, "{text}");
    }
}

#[test]
fn warnings_leave_the_configuration_in_use() {
    let cases = [
        (
            "{\"image\": \"a\", \"priviledged\": true}",
            "1:16 `priviledged` is not a property of the specification; it has no effect [did you mean `privileged`?]",
        ),
        (
            "{\"image\": \"a\",\n\"extends\": \"x\"}",
            "2:1 `extends` is not a property of the specification; it has no effect []",
        ),
        (
            "{\"image\": \"a\", \"build\": {\"dockerfile\": \"D\"}}",
            "1:2 `image` is not used: the container is made from build.dockerfile [a Dockerfile comes before an image, an image before a Compose project; keep one]",
        ),
    ];
    for (text, expected) in cases {
        let reading = reading(text);
        assert_eq!(reading.diagnostics.iter().map(told).collect::<Vec<_>>(), [expected], "{text}");
        assert!(reading.config.is_some(), "{text}");
    }
}

#[test]
fn an_error_anywhere_means_no_configuration() {
    let unknown: String = (0..200).map(|index| format!("\"unknown{index}\": 1,")).collect();
    let reading = reading(&format!("{{{unknown} \"privileged\": 1}}"));
    assert_eq!(reading.config, None);
    assert!(has_error(&reading.diagnostics));
}

#[test]
fn the_containers_folder_follows_the_file() {
    let cases = [
        ("{\"image\": \"a\", \"name\": \"${containerWorkspaceFolder}\"}", "/workspaces/shop"),
        (
            "{\"workspaceFolder\": \"/w/${localWorkspaceFolderBasename}\", \"name\": \"${containerWorkspaceFolder}\"}",
            "/w/shop",
        ),
        ("{\"dockerComposeFile\": \"a.yml\", \"name\": \"${containerWorkspaceFolder}\"}", "/"),
        (
            "{\"dockerComposeFile\": \"a.yml\", \"workspaceFolder\": \"/w\", \"name\": \"${containerWorkspaceFolder}\"}",
            "/w",
        ),
        (
            "{\"workspaceFolder\": \"${containerWorkspaceFolder}/x\", \"name\": \"${containerWorkspaceFolder}\"}",
            "${containerWorkspaceFolder}/x/x",
        ),
    ];
    for (text, expected) in cases {
        let config = reading(text).config.expect(text);
        assert_eq!(config.name.expect(text).value.value, expected, "{text}");
    }
}

#[test]
fn a_folder_that_would_multiply_is_refused() {
    let text = format!("{{\"workspaceFolder\": \"/{}\"}}", "x".repeat(PATH_LIMIT));
    assert!(reading(&text).config.is_none());
}

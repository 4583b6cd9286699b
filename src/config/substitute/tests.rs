use super::*;

fn variables() -> Variables {
    let environment =
        [("LANG", "C.UTF-8"), ("LC_ALL", ""), ("TZ", "${localEnv:LANG}"), ("EDITOR", "vi"), ("HOME", "/home/me")];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Variables {
        local_workspace_folder: "/home/me/shop".into(),
        container_workspace_folder: "/workspaces/shop".into(),
        devcontainer_id: Some("0abc".into()),
        ..Variables::default()
    }
    .with_local_env(&BTreeSet::from(["EDITOR".to_owned(), "PAGER".to_owned()]), environment)
}

#[test]
fn every_form_gives_what_the_reference_gives() {
    let cases = [
        ("plain", "plain"),
        ("${localWorkspaceFolder}/x", "/home/me/shop/x"),
        ("${localWorkspaceFolderBasename}", "shop"),
        ("${localWorkspaceFolder:ignored}", "/home/me/shop"),
        ("${containerWorkspaceFolder}:${containerWorkspaceFolderBasename}", "/workspaces/shop:shop"),
        ("v-${devcontainerId}", "v-0abc"),
        ("${localEnv:LANG}", "C.UTF-8"),
        ("${env:LANG}", "C.UTF-8"),
        ("${localEnv:LC_ALL:default}", ""),
        ("${localEnv:LC_TIME:default}", "default"),
        ("${localEnv:LC_TIME}", ""),
        ("${localEnv:LC_TIME:a:b}", "a"),
        ("${localEnv:EDITOR}", "vi"),
        ("${localEnv:PAGER:less}", "less"),
        ("${localEnv:TZ}", "${localEnv:LANG}"),
        ("$${localEnv:LANG}", "$C.UTF-8"),
        ("${localEnv:${localEnv:LANG}}", "LANG}"),
        ("${localEnv:LANG", "${localEnv:LANG"),
        ("${a\n${localEnv:LANG}", "${a\nC.UTF-8"),
        ("${", "${"),
        ("${}", "${}"),
        ("${ localEnv:LANG }", "${ localEnv:LANG }"),
        ("${LOCALENV:LANG}", "${LOCALENV:LANG}"),
        ("${workspaceFolder}", "${workspaceFolder}"),
        ("${containerEnv:PATH}", "${containerEnv:PATH}"),
        ("é${localEnv:LANG}é", "éC.UTF-8é"),
    ];
    for (text, expected) in cases {
        assert_eq!(substitute(text, &variables()).value, expected, "{text}");
    }
}

#[test]
fn the_host_does_not_answer_for_other_names() {
    let cases = [
        ("${localEnv:HOME}", "", "HOME", false),
        ("${env:HOME}", "", "HOME", false),
        ("${localEnv:HOME:none}", "none", "HOME", true),
        ("${localEnv:AWS_SECRET_ACCESS_KEY}", "", "AWS_SECRET_ACCESS_KEY", false),
        ("${localEnv:lang}", "", "lang", false),
        ("${localEnv: LANG}", "", " LANG", false),
        ("${localEnv:}", "", "", false),
    ];
    for (text, value, name, had_default) in cases {
        let outcome = substitute(text, &variables());
        assert_eq!(outcome.value, value, "{text}");
        assert_eq!(outcome.denied, [(name.to_owned(), had_default)], "{text}");
    }
}

#[test]
fn values_that_are_not_allowed_are_not_even_held() {
    assert_eq!(variables().local_env.keys().collect::<Vec<_>>(), ["EDITOR", "LANG", "LC_ALL", "TZ"]);
}

#[test]
fn a_variable_without_a_name_is_reported() {
    for text in ["${localEnv}", "${env}", "${containerEnv}"] {
        let outcome = substitute(text, &variables());
        assert!(outcome.nameless, "{text}");
        assert_eq!(outcome.value, text);
    }
}

#[test]
fn container_variables_come_from_the_image_alone() {
    let environment =
        BTreeMap::from([("PATH".to_owned(), "/bin:${containerEnv:X}".to_owned()), ("E".to_owned(), String::new())]);
    let cases = [
        ("${containerEnv:PATH}:/x", "/bin:${containerEnv:X}:/x"),
        ("${containerEnv:NONE:/d}", "/d"),
        ("${containerEnv:E:/d}", ""),
        ("${containerEnv:NONE}", ""),
        ("${localEnv:LANG}", "${localEnv:LANG}"),
        ("${containerEnv}", "${containerEnv}"),
    ];
    for (text, expected) in cases {
        assert_eq!(substitute_container_env(text, &environment), expected, "{text}");
    }
}

#[test]
fn the_default_folder_follows_the_mounted_one() {
    let cases = [
        ("/a/shop", "/a/shop", "/workspaces/shop"),
        ("/a/shop", "/a/shop/sub/x", "/workspaces/shop/sub/x"),
        ("/a/shop", "/a/shop-two", "/workspaces/shop"),
    ];
    for (root, folder, expected) in cases {
        assert_eq!(default_container_folder(root, folder), expected, "{root} {folder}");
    }
}

//! git in a user's repository: what comes of honest commits, and what hostile ones and hostile repositories do not get.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use cloister::host::leash::Leash;
use cloister::host::lock::Lock;
use cloister::host::repository::{Changed, Head, Repository, RepositoryError, Terms};

use crate::bomb;

/// Who commits, and nothing of the user's own configuration.
const SELF: &str = "export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.com \
                    GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.com; set -e; ";
/// The user's repository, and what an agent has made of a clone.
const SCENE: &str = "git init -q -b main user; cd user; echo one > file; git add .; git commit -qm one; cd ..
    git clone -q user agent; cd agent; git switch -qc topic; echo two >> file; git commit -qam two; cd ..
    git init -q -b main private; git -C private commit -q --allow-empty -m private";

struct Scene(tempfile::TempDir);

impl Scene {
    fn new() -> Self {
        let scene = Self(tempfile::tempdir().unwrap());
        scene.shell(SCENE);
        scene
    }

    fn shell(&self, script: &str) -> String {
        let mut command = std::process::Command::new("sh");
        let ran = command.args(["-c", &format!("{SELF}{script}")]).current_dir(self.0.path()).output().unwrap();
        assert!(ran.status.success(), "{script}: {}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8_lossy(&ran.stdout).trim().to_owned()
    }

    fn path(&self) -> PathBuf {
        self.0.path().canonicalize().unwrap().join("user")
    }

    async fn open(&self) -> Result<Repository, RepositoryError> {
        self.open_under(terms()).await
    }

    async fn open_under(&self, terms: Terms) -> Result<Repository, RepositoryError> {
        let data = self.path().metadata().unwrap();
        Repository::open(&self.path(), (data.uid(), data.gid()), terms).await
    }

    /// Takes the pack that a script prints, and sets a reference to the id that another one prints.
    async fn take(&self, pack: &str, tip: &str) -> Result<(), RepositoryError> {
        self.shell(&format!("cd agent; {{ {pack}; }} > ../pack"));
        let tip = self.shell(&format!("cd agent; {tip}"));
        let repository = self.open().await?;
        let pack = File::open(self.0.path().join("pack")).unwrap();
        let incoming = repository.take(pack, 1 << 20, &[("topic".to_owned(), tip.clone())]).await?;
        incoming.repository().changed(&tip).await?;
        incoming.admit(&[("refs/cloister/x/topic".to_owned(), tip, None)]).await
    }

    /// Writes trees with names that no tree has.
    fn trees(&self) {
        let blob = self.shell("cd agent; git rev-parse main:file");
        let id: Vec<u8> = (0..40).step_by(2).map(|at| u8::from_str_radix(&blob[at..at + 2], 16).unwrap()).collect();
        for (place, name) in [".git", ".GIT", "..", "a/b"].iter().enumerate() {
            let tree = [b"100644 ", name.as_bytes(), b"\0", &id].concat();
            std::fs::write(self.0.path().join(format!("tree-{place}")), tree).unwrap();
        }
    }

    fn refs(&self) -> String {
        self.shell("cd user; git for-each-ref")
    }
}

fn terms() -> Terms {
    Terms { leash: Leash::held_by(env!("CARGO_BIN_EXE_cloister")), ..Terms::default() }
}

const PACK: &str = "git rev-list --objects topic ^main | git pack-objects -q --stdout";
const TIP: &str = "git rev-parse topic";

#[tokio::test]
async fn commits_come_and_are_told() {
    let scene = Scene::new();
    scene.take(PACK, TIP).await.unwrap();
    let repository = scene.open().await.unwrap();
    let tip = scene.shell("cd agent; git rev-parse topic");
    let main = scene.shell("cd user; git rev-parse main");
    assert_eq!(
        repository.refs(&["refs/cloister/x/"]).await.unwrap(),
        [("refs/cloister/x/topic".into(), tip.clone())].into()
    );
    assert_eq!(repository.count(&tip, &[]).await.unwrap(), 1);
    assert_eq!(repository.count(&tip, &[&tip]).await.unwrap(), 0);
    assert_eq!(repository.head().await.unwrap(), Head { branch: Some("main".into()), commit: main.clone() });
    assert!(repository.is_behind(&main, &tip).await.unwrap() && !repository.is_behind(&tip, &main).await.unwrap());
    let ids = [main.clone(), tip.clone(), "1".repeat(40)].into();
    assert_eq!(repository.having(&ids).await.unwrap(), [main, tip.clone()].into());
    let changed = Changed { path: "file".into(), old: 0o100_644, new: 0o100_644 };
    assert_eq!(repository.changed(&tip).await.unwrap(), [changed]);
    scene.shell("cd user; git fsck --strict; test -z \"$(git status --porcelain)\"");
}

/// What an agent in a folder of the user's could have left for git to follow.
#[tokio::test]
async fn a_repository_that_leads_elsewhere_is_not_read() {
    let cases = [
        ("echo $(cd ../private && pwd)/.git/objects > .git/objects/info/alternates", "borrows objects"),
        ("mv .git ../g; ln -s ../g .git", "could not open"),
        ("mv .git ../g; echo gitdir: ../g > .git", "could not open"),
        ("rm -r .git", "could not open"),
        ("echo ../../private/.git > .git/commondir", "shares another one's objects"),
        ("ln -s ../../private/.git .git/commondir", "shares another one's objects"),
        ("rm -r .git/objects/pack; ln -s ../../../private/.git/objects/pack .git/objects/pack", "is a link"),
        ("ln -s ../../../../private/.git/refs/heads/main .git/refs/heads/stolen", "is a link"),
        ("ln -s ../../private/.git/packed-refs .git/packed-refs", "is a link"),
        ("mkfifo .git/refs/heads/pipe", "is a link, or no file"),
        ("git rev-parse HEAD > .git/shallow", "has a part of its history alone"),
        ("git config remote.x.promisor true", "is a partial clone"),
        (
            "git config extensions.worktreeConfig true; git config --worktree remote.x.promisor true",
            "is a partial clone",
        ),
        ("git config include.path ../../private/.git/config", "includes configuration"),
        ("git config IncludeIf.gitdir:/.path /dev/zero", "includes configuration"),
        ("mkfifo .git/hooks/x; printf '[ include ]\\npath = hooks/x\\n' >> .git/config", "includes configuration"),
        ("printf '[core]\\n[include] path=x\\n' > .git/config.worktree", "includes configuration"),
        ("printf '[hook \"x\"]\\nevent = reference-transaction\\n' >> .git/config", "has hooks"),
        ("printf '[HOOK.x]\\ncommand = evil\\n' >> .git/config", "has hooks"),
        ("rm .git/config; mkfifo .git/config", "has no plain configuration"),
        ("git config core.repositoryformatversion 1; git config extensions.partialClone x", "is a partial clone"),
    ];
    for (script, expected) in cases {
        let scene = Scene::new();
        scene.shell(&format!("cd user; {script}"));
        let error = scene.open().await.map(drop).unwrap_err();
        assert!(error.to_string().contains(expected), "{script}: {error}");
        assert!(error.hint().is_some(), "{script}");
    }
    let scene = Scene::new();
    scene.shell("cd user; rm -r .git/hooks; ln -s /etc .git/hooks; printf '.\\n' > .git/commondir");
    scene.shell("cd user; git config hooks.mailinglist x; git config hook-x.y z");
    scene.open().await.expect("git has no part in that");
}

#[tokio::test]
async fn what_is_not_committed_is_counted() {
    let cases = [
        ("true", Some(0)),
        ("echo 1 >> file", Some(1)),
        ("echo 2 > file; git add file", Some(1)),
        ("rm file", Some(1)),
        ("mkdir new; touch new/a new/b alone", Some(2)),
        ("git mv file other", Some(2)),
        ("printf 'a\\nb\\n' > .gitignore; git add .; git commit -qm i; touch a b", Some(0)),
        ("mkdir -p .git/info; echo a > .git/info/exclude; touch a", Some(0)),
        ("chmod +x file", Some(0)),
        ("git switch -qc topic; git commit -q --allow-empty -m x; echo 1 >> file", Some(1)),
        ("git pack-refs --all; git gc -q", Some(0)),
        (
            "git -c protocol.file.allow=always submodule --quiet add ../private; git commit -qm s; touch private/x",
            Some(0),
        ),
        ("git init -q nested; git -C nested config core.fsmonitor 'touch ../../pwn'; touch nested/x", Some(1)),
        ("mkfifo pipe; ln -s / link", Some(1)),
        ("echo nothing > .git/index", None),
    ];
    for (script, expected) in cases {
        let scene = Scene::new();
        scene.shell(&format!("cd user; {script}"));
        let before = scene.shell("cd user; find . -printf '%p %T@ %i\\n' | sort");
        let repository = scene.open().await.unwrap();
        let head = repository.head().await.unwrap();
        assert_eq!(repository.uncommitted(&head).await, expected, "{script}");
        assert_eq!(scene.shell("cd user; find . -printf '%p %T@ %i\\n' | sort"), before, "{script}");
        assert!(!scene.0.path().join("pwn").exists(), "{script}");
    }
}

#[tokio::test]
async fn nothing_of_a_repository_is_run() {
    let scene = Scene::new();
    let pwn = scene.0.path().join("pwn");
    scene.shell(&format!(
        "cd user; evil='touch {}'
        for hook in reference-transaction post-index-change pre-auto-gc post-update update pre-receive post-checkout; do
            printf '#!/bin/sh\\n%s\\n' \"$evil\" > .git/hooks/$hook; chmod +x .git/hooks/$hook
        done
        git config core.hooksPath .git/hooks
        git config core.fsmonitor \"$evil\"; git config core.alternateRefsCommand \"$evil\"; git config core.pager \"$evil\"
        git config core.sshCommand \"$evil\"; git config core.editor \"$evil\"; git config gc.recentObjectsHook \"$evil\"
        git config credential.helper \"!$evil\"; git config gc.auto 1; git config diff.external \"$evil\"
        git config uploadpack.packObjectsHook \"$evil\"; git config remote.origin.uploadpack \"$evil\"
        git config remote.origin.url \"ext::$evil\"; git config remote.origin.vcs evil; git config protocol.allow always
        git config protocol.ext.allow always; git config url.ext::evil.insteadOf /
        git config alias.bundle \"!$evil\"; git config alias.rev-list \"!$evil\"; git config log.showSignature true
        git config gpg.program \"$evil\"; git config diff.x.textconv \"$evil\"; git config diff.x.command \"$evil\"
        git config filter.x.clean \"$evil\"; git config filter.x.process \"$evil\"; git config merge.x.driver \"$evil\"
        git config trace2.eventTarget {0}; git config core.worktree /etc
        mkdir -p .git/info; echo '* diff=x filter=x merge=x' > .git/info/attributes
        echo '* diff=x filter=x' > .gitattributes; echo two > file",
        pwn.display()
    ));
    scene.take(PACK, TIP).await.unwrap();
    let repository = scene.open().await.unwrap();
    let tip = scene.shell("cd agent; git rev-parse topic");
    repository.head().await.unwrap();
    repository.commits().await.unwrap();
    repository.changed(&tip).await.unwrap();
    repository.count(&tip, &[]).await.unwrap();
    let head = repository.head().await.unwrap();
    assert_eq!(repository.uncommitted(&head).await, Some(2));
    assert!(repository.origin().await.unwrap().unwrap().starts_with("ext::"));
    let bundle = tempfile::tempfile().unwrap();
    repository.bundle(bundle.try_clone().unwrap(), true).await.unwrap();
    assert!(bundle.metadata().unwrap().len() > 100);
    assert!(!pwn.exists(), "something ran");
}

#[tokio::test]
async fn what_is_wrong_with_what_comes_is_told_and_names_nothing() {
    let all = "git rev-list --objects $(cat ../tip) | git pack-objects -q --stdout";
    let tree = |place: usize| {
        format!(
            "git commit-tree -m x $(git hash-object --literally -t tree -w ../tree-{place}) > ../tip; \
             {{ cat ../tip; git hash-object --literally -t tree ../tree-{place}; }} | git pack-objects -q --stdout"
        )
    };
    let modules = |text: &str| {
        format!(
            "printf '[submodule \"x\"]\\n\\tpath = x\\n\\t{text}\\n' > .gitmodules; git add .gitmodules; git commit -qm m; \
             git rev-parse HEAD > ../tip; {all}"
        )
    };
    let tip = "cat ../tip";
    let cases = [
        (tree(0), tip, "hasDotgit"),
        (tree(1), tip, "hasDotgit"),
        (tree(2), tip, "hasDotdot"),
        (tree(3), tip, "fullPathname"),
        (modules("url = -u./evil"), tip, "gitmodulesUrl"),
        (modules("update = !evil"), tip, "gitmodulesUpdate"),
        (
            format!(
                "b=$(printf /etc/passwd | git hash-object -w --stdin); t=$(printf '120000 blob %s\\t.gitmodules\\n' $b | git mktree); git commit-tree -m x $t > ../tip; {all}"
            ),
            tip,
            "gitmodules",
        ),
        ("echo nothing".to_owned(), TIP, "could not take"),
        (format!("{PACK} | head -c 100"), TIP, "could not take"),
        (format!("{PACK} | sed 's/x/y/;$s/.$/z/'; printf x"), TIP, "could not"),
        ("git rev-parse topic | git pack-objects -q --stdout".to_owned(), TIP, "could not"),
        (PACK.to_owned(), "echo 1234567890123456789012345678901234567890", "something else than a commit"),
        (PACK.to_owned(), "git rev-parse topic:file", "something else than a commit"),
        (format!("head -c 3000000 /dev/urandom > big; git add big; git commit -qm big; {PACK}"), TIP, "could not take"),
    ];
    for (pack, tip, expected) in cases {
        let scene = Scene::new();
        scene.trees();
        let before = scene.shell("cd user; git for-each-ref; find .git/objects | sort");
        let error = scene.take(&pack, tip).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{pack}: {error}");
        assert_eq!(scene.shell("cd user; git for-each-ref; find .git/objects | sort"), before, "{pack}");
    }
}

#[tokio::test]
async fn references_are_set_together_or_not_at_all() {
    let scene = Scene::new();
    scene.take(PACK, TIP).await.unwrap();
    let repository = scene.open().await.unwrap();
    let (tip, main) = (scene.shell("cd agent; git rev-parse topic"), scene.shell("cd user; git rev-parse main"));
    let before = scene.refs();
    let set = |name: &str, old: Option<&String>| (format!("refs/cloister/x/{name}"), main.clone(), old.cloned());
    let cases = [
        [set("new", None), set("topic", None)],
        [set("new", None), set("topic", Some(&main))],
        [set("new", None), set("topic/below", None)],
    ];
    for case in cases {
        assert!(repository.update(&case).await.is_err(), "{case:?}");
        assert_eq!(scene.refs(), before);
    }
    repository.update(&[set("new", None), set("topic", Some(&tip))]).await.unwrap();
    assert_eq!(repository.refs(&["refs/cloister/"]).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_repository_without_a_commit_is_no_ground() {
    let scene = Scene::new();
    scene.shell("rm -rf user; git init -q user");
    let error = scene.open().await.unwrap().head().await.unwrap_err();
    assert!(matches!(error, RepositoryError::Empty { .. }), "{error}");
}

#[tokio::test]
async fn what_a_killed_pull_left_goes_with_the_next_and_what_another_one_needs_stays() {
    let scene = Scene::new();
    scene.shell(
        "cd user/.git/objects; mkdir -p tmp_objdir-cloister-left/pack tmp_objdir-cloister-busy tmp_objdir-incoming-x
        echo half > tmp_objdir-cloister-left/pack/tmp_pack_x; ln -s ../../.. tmp_objdir-cloister-left/pack/link",
    );
    let busy = Lock::try_take_folder(&scene.path().join(".git/objects/tmp_objdir-cloister-busy")).unwrap();
    scene.shell("rm user/.git/objects/tmp_objdir-cloister-left/pack/link");
    scene.take(PACK, TIP).await.unwrap();
    let left = || scene.shell("cd user/.git/objects; ls -d tmp_objdir-* || true");
    assert_eq!(left(), "tmp_objdir-cloister-busy\ntmp_objdir-incoming-x");
    drop(busy);
    scene.shell("cd user; git prune --expire=now");
    assert_eq!(left(), "", "git knows the name as well");
}

/// A few kilobytes that git would unpack for minutes.
#[tokio::test]
async fn a_pack_that_takes_a_processor_forever_is_ended() {
    let scene = Scene::new();
    let before = scene.shell("cd user; git for-each-ref; find .git/objects | sort");
    let pack = bomb::pack(5_000);
    assert!(pack.len() < 400 << 10, "{} bytes", pack.len());
    std::fs::write(scene.0.path().join("pack"), pack).unwrap();
    let repository = scene.open_under(Terms { processor: 1, ..terms() }).await.unwrap();
    let (pack, tip) = (File::open(scene.0.path().join("pack")).unwrap(), scene.shell("cd user; git rev-parse main"));
    let begin = Instant::now();
    let error = repository.take(pack, 1 << 20, &[("topic".to_owned(), tip)]).await.unwrap_err();
    assert!(matches!(error, RepositoryError::Killed { .. }), "{error}");
    assert!(error.to_string().contains("more of the processor"), "{error}");
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    assert_eq!(scene.shell("cd user; git for-each-ref; find .git/objects | sort"), before);
}

#[tokio::test]
async fn git_that_cannot_be_held_is_not_run() {
    let scene = Scene::new();
    let leash = Leash::held_by(scene.0.path().join("absent"));
    let error = scene.open_under(Terms { leash, ..terms() }).await.unwrap_err();
    assert!(matches!(error, RepositoryError::Run(_)), "{error}");
}

/// git takes the names of packs from this file as they are.
#[tokio::test]
async fn an_index_of_packs_does_not_lead_to_those_of_another_repository() {
    let scene = Scene::new();
    scene.shell(
        "cd private; echo secret > s; git add s; git commit -qm s; git repack -adq; cd ..
        mkdir p; name=$(basename private/.git/objects/pack/*.idx .idx); short=$(printf %031d 0)
        cp private/.git/objects/pack/$name.pack p/$short.pack; cp private/.git/objects/pack/$name.idx p/$short.idx
        cp private/.git/objects/pack/$name.* user/.git/objects/pack/
        cd user; git multi-pack-index write; rm .git/objects/pack/$name.*
        sed -i \"s|$name.idx|../../../../p/$short.idx|\" .git/objects/pack/multi-pack-index",
    );
    let secret = scene.shell("cd private; git rev-parse HEAD");
    scene.shell(&format!("cd user; git cat-file -e {secret}"));
    assert!(scene.open().await.unwrap().having(&[secret].into()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_few_bytes_that_stand_for_endless_files_are_refused() {
    let scene = Scene::new();
    let before = scene.shell("cd user; git for-each-ref; find .git/objects | sort");
    let bomb = "b=$(echo x | git hash-object -w --stdin)
        t=$(for i in 0 1 2 3 4 5 6 7 8 9; do printf '100644 blob %s\\tf%s\\n' $b $i; done | git mktree)
        for l in 1 2 3 4 5 6 7 8 9; do
            t=$(for i in 0 1 2 3 4 5 6 7 8 9; do printf '040000 tree %s\\td%s\\n' $t $i; done | git mktree)
        done
        git commit-tree -p main -m bomb $t > ../tip
        git rev-list --objects $(cat ../tip) ^main | git pack-objects -q --stdout";
    let error = scene.take(bomb, "cat ../tip").await.unwrap_err().to_string();
    assert!(error.contains("could not compare"), "{error}");
    assert_eq!(scene.shell("cd user; git for-each-ref; find .git/objects | sort"), before);
}

#[tokio::test]
async fn what_cannot_be_named_leaves_nothing() {
    let scene = Scene::new();
    scene.take(PACK, TIP).await.unwrap();
    scene.shell("cd agent; git checkout -q topic; git commit -q --allow-empty -m more");
    let before = scene.shell("cd user; git for-each-ref; find .git/objects | sort");
    let pack = "git rev-list --objects topic ^main | git pack-objects -q --stdout > ../pack";
    scene.shell(&format!("cd agent; {pack}"));
    let tip = scene.shell("cd agent; git rev-parse topic");
    let pack = File::open(scene.0.path().join("pack")).unwrap();
    let repository = scene.open().await.unwrap();
    let incoming = repository.take(pack, 1 << 20, &[("topic".to_owned(), tip.clone())]).await.unwrap();
    incoming.admit(&[("refs/cloister/x/topic/below".to_owned(), tip, None)]).await.unwrap_err();
    assert_eq!(scene.shell("cd user; git for-each-ref; find .git/objects | sort"), before);
}

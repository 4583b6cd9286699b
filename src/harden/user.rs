//! `containerUser`, `remoteUser`, `updateRemoteUserUID`: every process runs as the owner of the workspace.
//!
//! The name and home of the account come from the image; its numbers come from the folder, so that files written inside
//! belong to the user outside. The identity files of [`crate::plan::model::FILES`] make that true without a rebuild.

use super::draft::{Account, Context, Draft};
use super::mounts;
use super::syntax::path::normalise;
use super::syntax::user::{self, Id, User};
use crate::config::model::Text;
use crate::facts::ImageFacts;
use crate::plan::finding::{Action, Code, Finding, Severity};
use crate::plan::model::AUTO;
use crate::source::{Origin, Spanned};

/// Name of the account where neither file nor image names one.
const DEFAULT_NAME: &str = "agent";
/// Numbers of the account that a plan assumes while the workspace belongs to root and that is not allowed.
const ASSUMED: (u32, u32) = (1000, 1000);

/// Decides who the agent is.
pub(super) fn decide(
    draft: &mut Draft,
    context: &Context<'_>,
    container_user: Option<&Spanned<Text>>,
    remote_user: Option<&Spanned<Text>>,
    update_uid: Option<&Spanned<bool>>,
) -> Account {
    let named: Vec<Option<User>> = [container_user, remote_user]
        .into_iter()
        .map(|asked| asked.and_then(|asked| check(draft, Code::RootUser, &asked.origin, &asked.value.value)))
        .collect();
    if let Some(update) = update_uid.filter(|update| !update.value) {
        draft.findings.push(
            Finding::new(
                Code::NotYet,
                Severity::Info,
                Action::Replaced,
                &update.origin,
                "updateRemoteUserUID: false",
                "files written inside would belong to nobody outside",
            )
            .effective("the account has the numbers of the workspace's owner"),
        );
    }
    let (uid, gid) = numbers(draft, context);
    let user = format!("{uid}:{gid}");
    if uid == 0 {
        return Account { user, name: "root".into(), home: "/root".into(), brings_home: false };
    }
    let asked =
        named.into_iter().zip([container_user, remote_user]).rev().find_map(|(user, asked)| Some((user?, asked?)));
    let image = context.facts.image.as_ref();
    if let (Some((name, origin)), Some(image)) =
        (asked.as_ref().and_then(|(user, at)| Some((name_of(user)?, &at.origin))), image)
    {
        report_unknown(draft, &name, origin, image);
    }
    account(user, uid, asked.map(|(user, _)| user), image)
}

/// Tells of an account that the image does not have: what it prepared for another one is not found in this one's home.
fn report_unknown(draft: &mut Draft, name: &str, origin: &Origin, image: &ImageFacts) {
    // An image without accounts has prepared nothing for any.
    if image.passwd.is_empty() || Passwd(&image.passwd).home_of(name).is_some() {
        return;
    }
    draft.findings.push(
        Finding::new(
            Code::UserSyntax,
            Severity::Info,
            Action::Added,
            origin,
            name,
            "the image has no account of this name: it is made, with an empty home folder",
        )
        .effective(name)
        .help("name one that the image has, or leave it out"),
    );
}

/// Returns the user if it is one and not root; reports it otherwise.
pub(super) fn check(draft: &mut Draft, root_code: Code, origin: &Origin, text: &str) -> Option<User> {
    match user::parse(text) {
        Err(error) => {
            draft.note(Code::UserSyntax, Severity::High, Action::Refused, origin, text, error.to_string());
            None
        }
        Ok(spec) if spec.is_root() => {
            draft.findings.push(
                Finding::new(
                    root_code,
                    Severity::High,
                    Action::Replaced,
                    origin,
                    text,
                    "root inside can leave a setuid program in the workspace that makes anyone root outside",
                )
                .effective("the owner of the workspace, without capabilities"),
            );
            None
        }
        Ok(spec) => Some(spec),
    }
}

fn numbers(draft: &mut Draft, context: &Context<'_>) -> (u32, u32) {
    let (uid, gid) = context.facts.host.owner;
    if uid != 0 {
        return (uid, gid);
    }
    let origin = Origin::default();
    if context.policy.allow_root_workspace {
        draft.findings.push(
            Finding::new(
                Code::RootUser,
                Severity::Critical,
                Action::Kept,
                &origin,
                "the workspace belongs to root",
                "you allowed it: root without capabilities, which can still leave setuid programs in the workspace",
            )
            .effective("0:0"),
        );
        return (0, 0);
    }
    draft.findings.push(
        Finding::new(
            Code::RootUser,
            Severity::Info,
            Action::NeedsApproval,
            &origin,
            "the workspace belongs to root",
            "nobody but root could write it, and root has no place in a sandbox: cloister start refuses this folder",
        )
        .effective(format!("{}:{} in this plan", ASSUMED.0, ASSUMED.1))
        .help("give the folder to a user (chown -R), or accept root without capabilities: --root-workspace"),
    );
    ASSUMED
}

fn account(user: String, uid: u32, asked: Option<User>, image: Option<&ImageFacts>) -> Account {
    let asked_name = asked.as_ref().and_then(name_of);
    let Some(image) = image else {
        let name = asked_name.unwrap_or_else(|| AUTO.to_owned());
        return Account { user, name, home: AUTO.to_owned(), brings_home: true };
    };
    let passwd = Passwd(&image.passwd);
    let image_user = user::parse(&image.user).ok().filter(|spec| !spec.is_root());
    let name = asked_name
        .or_else(|| asked.as_ref().and_then(number_of).and_then(|uid| passwd.name_of(uid)))
        .or_else(|| image_user.as_ref().and_then(name_of))
        .or_else(|| passwd.name_of(uid))
        .unwrap_or_else(|| DEFAULT_NAME.to_owned());
    let home = passwd.home_of(&name).and_then(|home| usable_home(&home)).unwrap_or_else(|| format!("/home/{name}"));
    let brings_home = image.homes.get(&home) != Some(&uid);
    Account { user, name, home, brings_home }
}

/// An account that is called `auto` cannot be told from one that is not known yet.
fn name_of(user: &User) -> Option<String> {
    match &user.account {
        Id::Name(name) if name != AUTO => Some(name.clone()),
        Id::Name(_) | Id::Number(_) => None,
    }
}

fn number_of(user: &User) -> Option<u32> {
    match user.account {
        Id::Number(number) => Some(number),
        Id::Name(_) => None,
    }
}

/// Returns the home folder in its one form, unless it is none that an agent's files can live in.
fn usable_home(path: &str) -> Option<String> {
    const UNUSABLE: &[&str] = &[
        "/root",
        "/nonexistent",
        "/etc",
        "/run",
        "/var/run",
        "/bin",
        "/sbin",
        "/usr",
        "/usr/bin",
        "/usr/sbin",
        "/lib",
        "/tmp",
    ];
    let home = normalise(path).ok()?;
    let usable = !UNUSABLE.contains(&home.as_str()) && !mounts::is_reserved(&home) && !home.contains(':');
    usable.then_some(home)
}

/// The text of an image's `/etc/passwd`.
struct Passwd<'a>(&'a str);

impl Passwd<'_> {
    fn name_of(&self, uid: u32) -> Option<String> {
        let entry = self.entries().find(|(_, entry_uid, _)| *entry_uid == Some(uid));
        // The image wrote this: a name becomes part of a path and of the identity files.
        entry.and_then(|(name, ..)| name_of(&user::parse(name).ok()?))
    }

    fn home_of(&self, name: &str) -> Option<String> {
        self.entries().find(|(entry, ..)| *entry == name).map(|(.., home)| home.to_owned())
    }

    fn entries(&self) -> impl Iterator<Item = (&str, Option<u32>, &str)> {
        self.0.lines().filter_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next().filter(|name| !name.is_empty())?;
            let uid = fields.nth(1)?.parse().ok();
            let home = fields.nth(2)?;
            Some((name, uid, home))
        })
    }
}

//! `/etc/passwd` and `/etc/group` of a sandbox: the image's, in which the agent's account has the workspace owner's
//! numbers. Pure.

/// The agent's account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account<'a> {
    /// Name.
    pub name: &'a str,
    /// `uid:gid`.
    pub user: &'a str,
    /// Home folder.
    pub home: &'a str,
}

/// The account cannot stand in these files.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the account `{0}` cannot be written into a passwd file")]
pub struct AccountError(String);

/// Returns the two files for a sandbox.
///
/// # Errors
/// A field holds what would become another field or line.
pub fn files(passwd: &str, group: &str, account: &Account<'_>) -> Result<(String, String), AccountError> {
    let error = || AccountError(account.name.escape_default().to_string());
    let (uid, gid) = account.user.split_once(':').ok_or_else(error)?;
    let numeric = |text: &str| text.parse::<u32>().is_ok();
    let plain = |text: &str| !text.is_empty() && !text.contains([':', '\n', '\0', ',']);
    if !(numeric(uid) && numeric(gid) && plain(account.name) && plain(account.home)) {
        return Err(error());
    }
    let shell = shell_of(passwd, account.name, uid);
    let own = format!("{}:x:{uid}:{gid}:{}:{}:{shell}\n", account.name, account.name, account.home);
    let own_group = format!("{}:x:{gid}:\n", account.name);
    Ok((replace(passwd, account.name, uid, &own), replace(group, account.name, gid, &own_group)))
}

/// The shell that the image gives the account, by name first; none for one that the image does not know: then the best
/// that the image has is taken inside, and passwd(5) means `/bin/sh`.
fn shell_of<'a>(passwd: &'a str, name: &str, uid: &str) -> &'a str {
    let by = |index: usize, value: &str| {
        let fields = passwd.lines().map(|line| line.split(':').collect::<Vec<_>>());
        fields.into_iter().find(|fields| fields.get(index) == Some(&value)).and_then(|fields| fields.get(6).copied())
    };
    let usable = |shell: &&str| shell.starts_with('/') && !shell.ends_with("/nologin") && !shell.ends_with("/false");
    by(0, name).or_else(|| by(2, uid)).filter(usable).unwrap_or_default()
}

/// Both files begin with a name and have the number in the third field; the first line that matches counts.
fn replace(text: &str, name: &str, number: &str, own: &str) -> String {
    let mut result = own.to_owned();
    for line in text.lines() {
        let mut fields = line.split(':');
        if fields.next() != Some(name) && fields.nth(1) != Some(number) {
            result.push_str(line);
            result.push('\n');
        }
    }
    result
}

#[cfg(test)]
mod tests;

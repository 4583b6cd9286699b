//! What `/proc/self/status` says about privileges (proc_pid_status(5)).

use super::attempt;
use crate::sandbox::protocol::Attempt;

const CAPABILITY_SETS: [&str; 5] = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"];
/// `SECCOMP_MODE_FILTER`.
const FILTER: &str = "2";

/// Judges the text of the file; `user` is `uid:gid`, `granted` the bits of the capabilities that it has.
pub(super) fn attempts(status: &str, user: &str, granted: u64) -> Vec<Attempt> {
    vec![
        capabilities(status, granted),
        no_new_privileges(status),
        seccomp(status),
        identity(status, user),
        groups(status, user),
    ]
}

/// The words behind a field's name; none when the kernel does not report the field.
pub(super) fn field<'a>(status: &'a str, name: &str) -> Option<Vec<&'a str>> {
    let value = |line: &'a str| line.strip_prefix(name)?.strip_prefix(':');
    status.lines().find_map(value).map(|value| value.split_whitespace().collect())
}

fn capabilities(status: &str, granted: u64) -> Attempt {
    let beyond = |bits: &str| u64::from_str_radix(bits, 16).map_or(u64::MAX, |bits| bits & !granted) != 0;
    let held: Vec<String> = CAPABILITY_SETS
        .into_iter()
        .filter_map(|set| match field(status, set).as_deref() {
            Some([bits]) if !beyond(bits) => None,
            Some(bits) => Some(format!("{set} {}", bits.join(" "))),
            None => Some(format!("{set} not reported")),
        })
        .collect();
    let seen = if held.is_empty() {
        if granted == 0 { "none in any set" } else { "those of the set-up phase" }.to_owned()
    } else {
        held.join(", ")
    };
    attempt("capabilities", "capability sets of this process", held.is_empty(), seen)
}

fn no_new_privileges(status: &str) -> Attempt {
    let set = field(status, "NoNewPrivs").as_deref() == Some(&["1"]);
    attempt("no-new-privileges", "the no-new-privileges bit", set, if set { "set" } else { "not set" })
}

fn seccomp(status: &str) -> Attempt {
    let filtered = field(status, "Seccomp").as_deref() == Some(&[FILTER]);
    attempt("seccomp", "the system call filter", filtered, if filtered { "in force" } else { "not in force" })
}

fn identity(status: &str, user: &str) -> Attempt {
    let all = |name: &str, id: &str| {
        field(status, name).is_some_and(|ids| ids.len() == 4 && ids.iter().all(|one| *one == id))
    };
    let as_planned = user.split_once(':').is_some_and(|(uid, gid)| all("Uid", uid) && all("Gid", gid));
    let words = |name: &str| field(status, name).map(|ids| ids.join(" ")).unwrap_or_default();
    let seen = if as_planned { user.to_owned() } else { format!("uid {}, gid {}", words("Uid"), words("Gid")) };
    attempt("user", format!("every id is {user}"), as_planned, seen)
}

fn groups(status: &str, user: &str) -> Attempt {
    let own = user.split_once(':').map_or("", |(_, gid)| gid);
    let groups = field(status, "Groups");
    let extra: Vec<&str> = groups.iter().flatten().copied().filter(|group| *group != own).collect();
    let seen = match (&groups, extra.is_empty()) {
        (None, _) => "not reported".to_owned(),
        (Some(_), true) => "none".to_owned(),
        (Some(_), false) => extra.join(" "),
    };
    attempt("groups", "supplementary groups", groups.is_some() && extra.is_empty(), seen)
}

#[cfg(test)]
mod tests;

//! The address that a clone fetches from: the origin's of the user's repository, without passwords and tokens. Pure.

/// Protocols of addresses on the network.
const NETWORK: [&str; 4] = ["https", "http", "ssh", "git"];

/// Returns the address without what is secret in it; `None` for a path of this machine, and for what a program would
/// be run for.
pub fn public(url: &str) -> Option<String> {
    if url.chars().any(|character| character.is_control() || character == ' ') || url.starts_with('-') {
        return None;
    }
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let scheme = NETWORK.into_iter().find(|known| scheme.eq_ignore_ascii_case(known))?;
            let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
            let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
            // Over ssh the user is part of where it is; over http it can be a token.
            let name = user.split(':').next().filter(|name| scheme == "ssh" && !name.is_empty());
            let user = name.map(|name| format!("{name}@")).unwrap_or_default();
            let path = path.split(['?', '#']).next().unwrap_or_default();
            (!host.is_empty() && !host.starts_with('-')).then(|| format!("{scheme}://{user}{host}/{path}"))
        }
        // `user@host:path`, as scp has it.
        None => {
            let (place, path) = url.split_once(':')?;
            let host = place.rsplit_once('@').map_or(place, |(_, host)| host);
            let plain = !place.contains('/') && !host.is_empty() && !host.starts_with('-') && !path.starts_with(':');
            plain.then(|| url.to_owned())
        }
    }
}

#[cfg(test)]
mod tests;

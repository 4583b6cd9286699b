//! The system call filter of every sandbox, shipped with cloister so that it is the same on every engine (SEC-18).
//!
//! It is derived from the default profile of Moby (<https://github.com/moby/profiles>, seccomp/default.json, Apache
//! License 2.0; see NOTICE) and differs from it by exactly this:
//!
//! - Rules that depend on a capability which the container holds are resolved to "not held": a sandbox holds none. So
//!   `mount`, `setns`, `unshare`, `bpf`, `perf_event_open` and the like are refused whatever else goes wrong.
//! - `io_uring_*`, `AF_ALG` (38) and `AF_VSOCK` (40) are refused. Moby's current default refuses them as well; those of
//!   engines in use allow them.
//! - `socketcall` is answered with `ENOSYS` on x86. A 32-bit program opens any address family with it, and no filter
//!   can see its arguments: with Moby's default an `AF_VSOCK` socket opens that way. Leaving it out is not enough,
//!   libseccomp adds it again for `socket`. The price: 32-bit programs that do not use `socket` itself have no network.
//! - No file gets a setuid or setgid bit (`chmod` and its kin, `mknod`, `open` with `O_CREAT` or `O_TMPFILE`): on the host,
//!   a program that an agent left in the workspace would run as the workspace's owner. `openat2`, whose mode no filter can
//!   see, is answered with `ENOSYS`, so that programs fall back to `openat`.
//!
//! Kept as it is: `clone3` is answered with `ENOSYS`, so that programs fall back to `clone`, whose flags are filtered.

/// The profile, as JSON in the form that `seccomp=<json>` takes in the engine's API.
pub const PROFILE: &str = include_str!("seccomp.json");
/// The name that plans show for it. A change of the profile is a new name.
pub const NAME: &str = "cloister/2";

#[cfg(test)]
mod tests;

//! The engine's own client.

use std::process::Command;

/// Runs the engine's client, which must succeed; its standard output.
pub(crate) fn docker(arguments: &[&str]) -> String {
    String::from_utf8_lossy(&docker_bytes(arguments)).into_owned()
}

/// The same for what is no text.
pub(crate) fn docker_bytes(arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("docker").args(arguments).output().expect("the docker client is installed");
    assert!(output.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

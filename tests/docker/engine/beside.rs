//! A server in a network of its own that a guardian can reach, under an address that policies can name.

use std::process::Command;

use crate::client::docker;

/// The server; it goes with its network when this is dropped.
pub(crate) struct Beside {
    name: String,
    pub(crate) address: String,
}

impl Beside {
    /// Runs a command of an image beside a guardian.
    pub(crate) fn run(guardian: &str, what: &str, image: &str, command: &[&str]) -> Self {
        let name = format!("cloister-test-{what}-{}", std::process::id());
        let mut beside = Self { name: name.clone(), address: String::new() };
        docker(&["network", "create", &name]);
        docker(&[&["run", "-d", "--name", &name, "--network", &name, image], command].concat());
        docker(&["network", "connect", &name, guardian]);
        let format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
        beside.address = docker(&["inspect", "--format", format, &name]).trim().to_owned();
        beside
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        let name = &self.name;
        let format = "{{range .Containers}}{{.Name}} {{end}}";
        let inside = Command::new("docker").args(["network", "inspect", "--format", format, name]).output().unwrap();
        for container in String::from_utf8_lossy(&inside.stdout).split_whitespace() {
            let _ = Command::new("docker").args(["network", "disconnect", "-f", name, container]).output();
        }
        let _ = Command::new("docker").args(["rm", "-f", name]).output();
        let _ = Command::new("docker").args(["network", "rm", name]).output();
    }
}

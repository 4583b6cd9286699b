#![expect(clippy::disallowed_methods, reason = "adapter: the desktop's notifications")]
//! A word on the desktop that something waits, where there is a desktop.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::redact::redacted;
use crate::ui::text::{cut, visible};

/// Most characters of a line.
const LINE: usize = 120;

/// Between two of them: a flood of questions is none of processes.
const PACE: Duration = Duration::from_secs(2);

/// The desktop.
#[derive(Debug, Default)]
pub(super) struct Desktop {
    told: Option<Instant>,
}

impl Desktop {
    /// Says that a sandbox asks for something, unless something was said a moment ago. Whether anybody sees it is nobody's
    /// business here.
    pub(super) fn tell(&mut self, sandbox: &str, title: &str) {
        let has_desktop = std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some();
        if has_desktop && self.told.is_none_or(|told| told.elapsed() >= PACE) {
            self.told = Some(Instant::now());
            notify(sandbox, title);
        }
    }
}

fn notify(sandbox: &str, title: &str) {
    let body =
        format!("{} asks for {}; answer: cloister approve", visible(sandbox), cut(&visible(&redacted(title)), LINE));
    let mut command = Command::new("notify-send");
    command.args(["--app-name=cloister", "--", "cloister", &escaped(&body)]);
    let started = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    if let Ok(mut child) = started {
        // It ends by itself; somebody has to take note of that.
        std::thread::spawn(move || child.wait());
    }
}

/// A body is read as markup.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

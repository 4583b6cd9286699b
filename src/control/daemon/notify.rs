#![expect(clippy::disallowed_methods, reason = "adapter: the desktop's notifications")]
//! A word on the desktop that something waits, where there is a desktop.

use std::process::{Command, Stdio};

use crate::ui::text::{cut, visible};

/// Most characters of a line.
const LINE: usize = 120;

/// Says that a sandbox asks for something. Whether anybody sees it is nobody's business here.
pub(super) fn tell(sandbox: &str, title: &str) {
    if std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_none() {
        return;
    }
    let body = format!("{} asks for {}; answer: cloister approve", visible(sandbox), cut(&visible(title), LINE));
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

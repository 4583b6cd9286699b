#![expect(clippy::disallowed_methods, reason = "adapter: TERM")]
//! The terminal that a person sits at.

use std::io::{self, IsTerminal, Stdin};
use std::os::fd::AsFd;

use rustix::termios::{OptionalActions, QueueSelector, Termios, tcflush, tcgetattr, tcgetwinsize, tcsetattr};

/// Tells whether a person can type and read: standard input and standard output are terminals.
pub fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Tells whether standard input is a terminal.
pub fn stdin_is_terminal() -> bool {
    io::stdin().is_terminal()
}

/// Tells whether standard error is a terminal.
pub fn stderr_is_terminal() -> bool {
    io::stderr().is_terminal()
}

/// Tells whether standard error is a terminal whose lines can be drawn again: one without a name cannot be known to.
pub fn stderr_can_be_redrawn() -> bool {
    let name = std::env::var("TERM").unwrap_or_default();
    stderr_is_terminal() && !matches!(name.as_str(), "" | "dumb")
}

/// Forgets what was typed and not read yet. Where there is no terminal, nothing was typed.
pub fn forget_typed() {
    let _ = tcflush(io::stdin(), QueueSelector::IFlush);
}

/// Returns rows and columns of the terminal on standard output, where there is one.
pub fn size() -> Option<(u16, u16)> {
    let size = tcgetwinsize(io::stdout()).ok()?;
    (size.ws_row > 0 && size.ws_col > 0).then_some((size.ws_row, size.ws_col))
}

/// Returns what the terminal is called in `TERM`; `xterm` where nothing says so.
pub fn kind() -> String {
    let name = std::env::var("TERM").unwrap_or_default();
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_+.".contains(&byte));
    if plain && !name.is_empty() { name } else { "xterm".to_owned() }
}

/// Raw mode of a terminal; dropped, in a panic as well, the terminal is as it was before.
#[derive(Debug)]
pub struct RawMode<Device: AsFd> {
    device: Device,
    before: Termios,
}

impl RawMode<Stdin> {
    /// Puts the terminal on standard input into raw mode.
    ///
    /// # Errors
    /// Standard input is no terminal.
    pub fn enter() -> io::Result<Self> {
        Self::on(io::stdin())
    }
}

impl<Device: AsFd> RawMode<Device> {
    fn on(device: Device) -> io::Result<Self> {
        let before = tcgetattr(&device)?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(&device, OptionalActions::Drain, &raw)?;
        Ok(Self { device, before })
    }
}

impl<Device: AsFd> Drop for RawMode<Device> {
    fn drop(&mut self) {
        // A terminal that is gone needs no restoring.
        let _ = tcsetattr(&self.device, OptionalActions::Drain, &self.before);
    }
}

#[cfg(test)]
mod tests;

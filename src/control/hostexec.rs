//! Commands of the host that a sandbox asks for: what exactly would run, what is dangerous about it, and running it.
//!
//! Invariant: what is shown is what runs (SEC-62, SEC-63). A question becomes a [`HostCommand`], which holds everything that
//! an approval is bound to; what runs is that value, and where the machine does not hold it any more, nothing runs.

pub mod command;
pub mod noted;
pub mod prepare;
pub mod risk;
pub mod run;
pub mod script;
pub mod shown;
pub mod variables;

pub use self::command::HostCommand;
pub use self::noted::Note;
pub use self::prepare::{Account, Place, Prepared, prepare};
pub use self::run::{Ended, Input, Keeper, Output, Slots, run};
pub use self::variables::Variables;

//! Standard input and output as the channel has them: pipes of the engine's, which the kernel says are ready. Read and written
//! as files are, each line would be a round through another thread.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::unix::pipe::{Receiver, Sender};

/// What is read.
pub type Input = Box<dyn AsyncRead + Send + Unpin>;
/// What is written.
pub type Output = Box<dyn AsyncWrite + Send + Unpin>;

/// Returns both, within a runtime. What is no pipe, such as a terminal or a file, is read and written in a thread.
pub fn streams() -> (Input, Output) {
    let file = |copy: io::Result<OwnedFd>| copy.map(File::from);
    let input = file(rustix::stdio::stdin().try_clone_to_owned()).and_then(Receiver::from_file);
    let output = file(rustix::stdio::stdout().try_clone_to_owned()).and_then(Sender::from_file);
    (
        input.map_or_else(|_| Box::new(tokio::io::stdin()) as Input, |pipe| Box::new(pipe)),
        output.map_or_else(|_| Box::new(tokio::io::stdout()) as Output, |pipe| Box::new(pipe)),
    )
}

//! The engine's way to send two streams over one connection: frames of eight bytes of header and a payload
//! (Docker Engine API, "Stream format"). Pure; a payload is handed on in the pieces that arrive and never collected.

/// Which stream a piece belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// The bytes are no frame: they came from something else than the engine's multiplexer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the engine's stream is broken")]
pub struct FrameError;

/// Takes frames apart.
#[derive(Debug, Clone)]
pub struct Demultiplexer {
    header: [u8; 8],
    filled: usize,
    left: usize,
    output: Output,
}

impl Default for Demultiplexer {
    fn default() -> Self {
        Self { header: [0; 8], filled: 0, left: 0, output: Output::Stdout }
    }
}

impl Demultiplexer {
    /// Returns the next piece of `input` and shortens `input` by what was used; `None` when more is needed.
    ///
    /// # Errors
    /// A header names no stream.
    pub fn next<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<(Output, &'a [u8])>, FrameError> {
        while self.left == 0 {
            let Some((first, rest)) = input.split_first() else { return Ok(None) };
            *input = rest;
            self.header[self.filled] = *first;
            self.filled += 1;
            if self.filled == self.header.len() {
                self.filled = 0;
                self.begin()?;
            }
        }
        if input.is_empty() {
            return Ok(None);
        }
        let (piece, rest) = input.split_at(self.left.min(input.len()));
        *input = rest;
        self.left -= piece.len();
        Ok(Some((self.output, piece)))
    }

    fn begin(&mut self) -> Result<(), FrameError> {
        let [stream, 0, 0, 0, length @ ..] = self.header else { return Err(FrameError) };
        self.output = match stream {
            0 | 1 => Output::Stdout,
            // 3 carries the engine's own errors.
            2 | 3 => Output::Stderr,
            _ => return Err(FrameError),
        };
        self.left = u32::from_be_bytes(length) as usize;
        Ok(())
    }
}

#[cfg(test)]
mod tests;

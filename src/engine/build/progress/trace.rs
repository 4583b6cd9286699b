//! What BuildKit says while it builds: `StatusResponse` of its control API (`api/services/control/control.proto`), of
//! which steps, their ends and their output are read. Whatever else a message holds is passed over.

/// A step: one of the Dockerfile, or of BuildKit's own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Vertex {
    pub(super) digest: String,
    /// `[2/3] RUN make`.
    pub(super) name: String,
    pub(super) started: bool,
    pub(super) error: String,
}

/// A piece of a step's output.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Log {
    pub(super) vertex: String,
    pub(super) text: String,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Status {
    pub(super) vertexes: Vec<Vertex>,
    pub(super) logs: Vec<Log>,
}

impl Status {
    /// Reads a message as far as it is one.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let mut status = Self::default();
        for (number, bytes) in Fields(bytes) {
            match number {
                1 => status.vertexes.push(vertex(bytes)),
                3 => status.logs.push(log(bytes)),
                _ => {}
            }
        }
        status
    }
}

fn vertex(bytes: &[u8]) -> Vertex {
    let mut vertex = Vertex::default();
    for (number, bytes) in Fields(bytes) {
        match number {
            1 => vertex.digest = text(bytes),
            3 => vertex.name = text(bytes),
            5 => vertex.started = true,
            7 => vertex.error = text(bytes),
            _ => {}
        }
    }
    vertex
}

fn log(bytes: &[u8]) -> Log {
    let mut log = Log::default();
    for (number, bytes) in Fields(bytes) {
        match number {
            1 => log.vertex = text(bytes),
            4 => log.text = text(bytes),
            _ => {}
        }
    }
    log
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The fields of a message that have a length: texts and messages (Protocol Buffers, "Encoding").
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = (u64, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let tag = self.number()?;
            match tag & 7 {
                0 => _ = self.number()?,
                1 => _ = self.take(8)?,
                2 => {
                    let length = self.number()?;
                    return Some((tag >> 3, self.take(usize::try_from(length).ok()?)?));
                }
                5 => _ = self.take(4)?,
                _ => return None,
            }
        }
    }
}

impl<'a> Fields<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    /// Seven bits a byte, the lowest first.
    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = *self.take(1)?.first()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }
}

//! Secrets that are known, taken out of what comes piece by piece.

/// What is written in their place.
const MARK: &[u8] = b"[redacted]";
/// Shortest that is taken out: what is shorter would be found in what has nothing to do with it.
const SHORTEST: usize = 8;

/// Takes secrets out of a stream of bytes. Everything else stays as it is, byte for byte.
pub struct Veil {
    /// The longest first: one may begin with another.
    secrets: Vec<Vec<u8>>,
    /// What may be the beginning of one.
    held: Vec<u8>,
}

/// It holds secrets.
impl std::fmt::Debug for Veil {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Veil({} secrets)", self.secrets.len())
    }
}

impl Veil {
    /// Returns one for these secrets.
    pub fn new(secrets: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let mut secrets: Vec<_> = secrets.into_iter().filter(|secret| secret.len() >= SHORTEST).collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self { secrets, held: Vec::new() }
    }

    /// Takes what came, and returns what may go on; the rest waits for what comes next.
    pub fn push(&mut self, bytes: Vec<u8>) -> Vec<u8> {
        if self.secrets.is_empty() {
            return bytes;
        }
        self.held.extend(bytes);
        self.pass(false)
    }

    /// Nothing more comes: returns what waited.
    pub fn end(&mut self) -> Vec<u8> {
        self.pass(true)
    }

    fn pass(&mut self, is_end: bool) -> Vec<u8> {
        let held = std::mem::take(&mut self.held);
        let (mut passed, mut at) = (Vec::with_capacity(held.len()), 0);
        while at < held.len() {
            let rest = &held[at..];
            // The longer one that may still come counts before a shorter one that is there.
            if !is_end && self.secrets.iter().any(|secret| rest.len() < secret.len() && secret.starts_with(rest)) {
                self.held = rest.to_vec();
                break;
            }
            match self.secrets.iter().find(|secret| rest.starts_with(secret)) {
                Some(secret) => {
                    passed.extend_from_slice(MARK);
                    at += secret.len();
                }
                None => {
                    passed.push(rest[0]);
                    at += 1;
                }
            }
        }
        passed
    }
}

#[cfg(test)]
mod tests;

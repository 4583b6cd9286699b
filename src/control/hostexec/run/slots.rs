//! How many commands of one sandbox run at once. Pure.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Who runs how many.
#[derive(Debug, Clone, Default)]
pub struct Slots(Arc<Mutex<BTreeMap<String, usize>>>);

/// One command that may run; it counts until it is dropped.
#[derive(Debug)]
pub struct Slot {
    slots: Slots,
    sandbox: String,
}

impl Slots {
    /// Returns a place for one more command of a sandbox; `None` where as many as may run already.
    pub fn enter(&self, sandbox: &str, most: usize) -> Option<Slot> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = running.entry(sandbox.to_owned()).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Slot { slots: self.clone(), sandbox: sandbox.to_owned() })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut running = self.slots.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = running.get_mut(&self.sandbox) {
            *count -= 1;
            if *count == 0 {
                running.remove(&self.sandbox);
            }
        }
    }
}

#[cfg(test)]
mod tests;

//! Variables of the user's that rules name, as the command line of a later login hands them over. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::policy::hostexec::is_fixed;

/// Most bytes of all values together; what comes beyond is not taken.
const LIMIT: usize = 1 << 20;

/// Variables and their values, which may be secrets.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Variables(BTreeMap<String, String>);

/// Values are never written anywhere.
impl std::fmt::Debug for Variables {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

impl Variables {
    /// Returns those of an environment that are wanted.
    pub fn wanted(environment: impl IntoIterator<Item = (String, String)>, names: &BTreeSet<String>) -> Self {
        Self(environment.into_iter().filter(|(name, _)| names.contains(name) && !is_fixed(name)).collect())
    }

    /// Takes newer values of those that are wanted. What a later login does not have stays as it was.
    pub fn adopt(&mut self, newer: Self, names: &BTreeSet<String>) {
        for (name, value) in Self::wanted(newer.0, names).0 {
            let others: usize = self.0.iter().filter(|(other, _)| **other != name).map(|(_, value)| value.len()).sum();
            if others + value.len() <= LIMIT {
                self.0.insert(name, value);
            }
        }
    }

    /// Tells whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns names and values.
    pub fn into_pairs(self) -> impl Iterator<Item = (String, String)> {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests;
